"""What stands where: nothing moves by itself, nothing covers words, the answer is what is printed."""

from __future__ import annotations

import json
import time
import urllib.request

import pypdfium2
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from support.browsing import ANSWERED, UNANSWERED, allow_writing, ask, fetched, seen
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
MOST = 0.02  # of layout shift, in every state
OBSERVE = (
    "window.shifted = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())"
    " window.shifted += entry.hadRecentInput ? 0 : entry.value; }).observe({ type: 'layout-shift', buffered: true });"
)


def shift(page: Page, after: int = 300) -> float:
    """How much the layout has shifted of itself since the last call, as CLS counts it: not right after a key. `after`:
    milliseconds to wait for what comes late."""
    page.wait_for_timeout(after)
    return float(page.evaluate("() => { const { shifted } = window; window.shifted = 0; return shifted; }"))


def late(route: Route) -> None:
    """What comes long after the key does not count as moved by it."""
    time.sleep(0.7)
    route.fallback()


def observed(context: BrowserContext, view: str) -> Page:
    page = context.new_page()
    if view.startswith("desktop"):
        page.set_viewport_size({"width": 1440, "height": 900})
    page.add_init_script(OBSERVE)
    return page


@pytest.mark.slow
@seen("phone dark", "desktop light")
def test_nothing_moves_by_itself_in_any_state(context: BrowserContext, server: Server, view: str) -> None:
    page = observed(context, view)
    page.route("**/api/ask", late)
    shifts: dict[str, float] = {}
    page.goto(server.url)
    expect(page.locator("#suggestions li").first).to_be_visible()
    shifts["welcome"] = shift(page)
    for name, question in (("answer", ANSWERED), ("disagreement", COST), ("abstention", UNANSWERED)):
        ask(page, question)
        if view.startswith("desktop") and name != "abstention":
            expect(page.locator("#source mark.current").first).to_be_visible()
        shifts[name] = shift(page)
    page.reload()
    expect(page.locator(".answer").first).to_be_visible()
    shifts["reload"] = shift(page)
    page.locator(".answer > figure").first.get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current").first).to_be_visible()
    shifts["document"] = shift(page)
    for path in ("facets", "documents?*", "search"):
        page.route(f"**/api/{path}", late)
    page.goto(f"{server.url}#documents")
    expect(page.locator("#documents-list > li").first).to_be_visible()
    shifts["documents"] = shift(page)
    page.locator("#by-folder").select_option("ferry")
    expect(page.locator("#documents-list > li")).to_have_count(2)
    shifts["narrowed"] = shift(page)
    page.get_by_role("searchbox", name="Search the documents").fill("residents waited")
    expect(page.locator("#inside .passage").first).to_be_visible()
    shifts["searched"] = shift(page)
    page.goto(f"{server.url}#manuscript")
    page.get_by_role("textbox", name="The manuscript").fill("“It cost 41 million euros to build.”")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#quotations > li")).to_be_visible()
    shifts["manuscript"] = shift(page)
    assert {name: value for name, value in shifts.items() if value > MOST} == {}


@seen("phone dark", "desktop light")
@pytest.mark.slow
def test_nothing_moves_when_a_slow_service_is_opened_again(context: BrowserContext, server: Server, view: str) -> None:
    page = observed(context, view)
    page.route("**/api/**", late)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    shifts: dict[str, float] = {}
    page.goto(server.url)
    for name, question in (("answer", ANSWERED), ("abstention", UNANSWERED)):
        ask(page, question)
        shifts[name] = shift(page, 1500)
    page.reload()
    expect(page.locator(".answer")).to_be_visible()
    shifts["reload"] = shift(page, 1500)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").click()
    page.reload()
    expect(page.locator("#source mark.current").first).to_be_visible()
    shifts["document"] = shift(page, 1500)
    assert {name: value for name, value in shifts.items() if value > MOST} == {}


@seen("desktop light", "phone dark")
def test_marking_words_in_the_open_document_does_not_move_them(page: Page) -> None:
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").click()
    mark = page.locator("#source mark.current")
    expect(mark).to_be_visible()
    before = None
    while before is None or before != mark.bounding_box():  # it is drawn once more when the link was followed
        before = mark.bounding_box()
        page.wait_for_timeout(100)
    mark.evaluate("mark => getSelection().selectAllChildren(mark)")
    expect(page.locator("#source-marking")).to_contain_text("The marked words")
    assert mark.bounding_box() == before


@seen("desktop light", "phone dark")
def test_the_answer_is_printed_with_the_document_open(page: Page) -> None:
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current")).to_be_visible()
    printed = "".join(sheet.get_textpage().get_text_bounded() for sheet in pypdfium2.PdfDocument(page.pdf()))
    assert "It cost 40 million euros to build." in printed
    assert "Ask only this document" not in printed


@seen("desktop light")
def test_with_forced_colours_no_text_shows_through_the_question(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    for bar in ("#ask", "#top"):
        colour = page.locator(bar).evaluate("element => getComputedStyle(element).backgroundColor")
        assert colour.startswith("rgb(")  # no transparency
    assert page.locator("#ask").evaluate("element => getComputedStyle(element).backgroundImage") in ("none", "")


@seen("desktop light")
def test_words_from_right_to_left_do_not_turn_the_sentence_around_them(page: Page) -> None:
    def told(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        found["reason"]["message"] = "None holds it: they do not mention “حديقة”, “الحيوان” and “zoo”."
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", told)
    ask(page, UNANSWERED)
    words = page.locator(".abstention > p bdi")
    expect(words).to_have_text(["حديقة", "الحيوان", "zoo"])
    places = [box["x"] for box in (word.bounding_box() for word in words.all()) if box]
    assert places == sorted(places)


@seen("desktop light")
def test_the_link_to_a_passage_of_a_replaced_text_says_so(page: Page, server: Server) -> None:
    text = "The glass bridge of Vila Torta was opened by the mayor. It is forty metres long."
    put(server, "bridge", text)
    try:
        ask(page, "Who was it that opened the glass bridge of Vila Torta?")
        link = page.locator(".passage").first.get_by_role("link", name="Open in document")
        assert "sha256=" in str(link.get_attribute("href"))
        put(server, "bridge", "Nothing of that kind. " * 10)
        page.goto(f"{server.url}{link.get_attribute('href')}")
        page.reload()  # as a link from elsewhere
        expect(page.locator("#source-note")).to_contain_text("has changed")
    finally:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}api/documents/bridge", method="DELETE")).close()


def put(server: Server, document_id: str, text: str) -> None:
    body = json.dumps({"id": document_id, "text": text}).encode()
    kind = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{server.url}api/documents", body, kind)).close()


@seen("desktop light")
def test_two_documents_deleted_one_after_the_other_come_back_together(page: Page, server: Server) -> None:
    allow_writing(page)
    page.get_by_role("link", name="Documents").click()
    rows = page.locator("#documents-list > li:not([hidden])")
    expect(rows).to_have_count(9)
    gone: list[str] = []
    page.on("request", lambda request: gone.append(request.url) if request.method == "DELETE" else None)
    for button in page.get_by_role("button", name="Delete ").all()[:2]:
        button.click()
    expect(rows).to_have_count(7)
    expect(page.locator("#toast-text")).to_have_text("Deleted 2 documents")
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(9)
    assert gone == []
