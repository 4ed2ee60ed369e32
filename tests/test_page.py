"""The chat page in a real browser, against a real server process."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from servers import Server

from index.builder import update
from index.embedder import Embedder

ANSWERED = "How much humanitarian aid has the U.S. pledged to the Cubans?"
UNANSWERED = "Who discovered penicillin?"
QUOTE = "9 million"
SENTENCE = (
    "The U.S. has separately pledged to provide $9 million of humanitarian assistance to Cubans "
    "that is being delivered by the Catholic Church."
)
# No background traffic: the tests' machine may have no network, and needs none.
FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
WIDTHS = {"phone": (390, 800), "desktop": (1200, 900)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        message = "no Chromium found; on Debian: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, "--disable-sync"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(seeds_index: Path) -> Iterator[Server]:
    server = Server(seeds_index)
    yield server
    server.stop()


@pytest.fixture(params=WIDTHS)
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    width, height = WIDTHS[request.param]
    scheme = "dark" if request.param == "phone" else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    context.route("**/api/ask", answering)
    yield context
    context.close()


def answering(route: Route) -> None:
    """Has every question answered but the one that has no answer, however sure the service is: the page is tested."""
    body = json.loads(route.request.post_data or "{}")
    if body["question"] != UNANSWERED:
        body["min_confidence"] = 0
    route.continue_(post_data=json.dumps(body))


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(server.url)
    yield page
    assert complaints == [], "the browser's console holds errors"


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")


def test_the_answer_is_marked_and_its_document_opens_at_the_same_words(page: Page) -> None:
    ask(page, ANSWERED)
    answer = page.locator(".answer > figure")
    expect(answer.locator("mark")).to_contain_text(QUOTE)
    expect(answer).to_contain_text(SENTENCE)
    expect(answer.locator("figcaption")).to_contain_text("Simon Lewis")
    expect(answer.locator("figcaption")).to_contain_text("2026-02-26")
    expect(page.get_by_role("status")).to_contain_text(QUOTE)
    answer.get_by_role("button", name="Show in document").click()
    shown = page.locator("dialog mark")
    expect(shown).to_have_text(answer.locator("mark").text_content() or "")
    expect(shown).to_contain_text(QUOTE)
    expect(shown).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_contain_text("Simon Lewis")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_document_is_shown_to_the_character(page: Page, server: Server) -> None:
    ask(page, ANSWERED)
    page.get_by_role("button", name="Show in document").first.click()
    with urllib.request.urlopen(f"{server.url}api/documents/002_73ec0a3e5fd5a0e3") as reply:
        text = json.load(reply)["text"]
    expect(page.locator("dialog .source mark")).to_be_visible()
    assert page.locator("dialog .source").evaluate("element => element.textContent") == text


def test_the_question_box_has_the_focus_and_keeps_it(page: Page) -> None:
    box = page.get_by_role("textbox", name="Your question")
    expect(box).to_be_focused()
    ask(page, ANSWERED)
    expect(page.locator(".answer")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("")


def test_a_suggestion_can_be_asked_with_the_keyboard_alone(page: Page) -> None:
    first = page.locator("#suggestions button").first
    expect(first).to_be_visible()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_documents_that_say_otherwise_are_shown_beside_the_answer(page: Page) -> None:
    def contradicted(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}") | {"min_confidence": 0}
        response = route.fetch(post_data=json.dumps(body))
        found = response.json()
        found["conflicts"] = found["alternatives"][:1]
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", contradicted)
    ask(page, ANSWERED)
    conflicts = page.locator(".answer .conflicts")
    expect(conflicts.get_by_role("heading")).to_have_text("Other documents say otherwise")
    expect(conflicts.locator("figure")).to_have_count(1)
    expect(conflicts.get_by_role("button", name="Show in document")).to_be_visible()


def test_the_evidence_is_folded_away_and_unfolds(page: Page) -> None:
    ask(page, ANSWERED)
    passages = page.locator(".passage")
    expect(passages.first).to_be_hidden()
    page.get_by_text("Evidence: 5 passages").click()
    expect(passages).to_have_count(5)
    expect(passages.first).to_be_visible()


def test_what_the_documents_do_not_answer_is_said_and_the_nearest_passages_shown(page: Page) -> None:
    ask(page, UNANSWERED)
    expect(page.locator(".verdict")).to_have_text("Not in these documents")
    expect(page.locator(".passage").first).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Not in these documents.")
    expect(page.locator(".abstention mark")).to_have_count(0)


def test_the_conversation_stays_above(page: Page) -> None:
    ask(page, ANSWERED)
    expect(page.locator(".answer")).to_be_visible()
    ask(page, UNANSWERED)
    expect(page.locator(".abstention")).to_be_visible()
    expect(page.locator("#conversation > li > h2")).to_have_text([ANSWERED, UNANSWERED])


def test_a_blank_question_asks_nothing(page: Page) -> None:
    ask(page, "   ")
    expect(page.locator("#conversation > li")).to_have_count(0)


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    ask(page, ANSWERED)
    expect(page.locator(".answer")).to_be_visible()
    page.get_by_text("Evidence: 5 passages").click()
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) <= 0


def test_while_the_service_works_the_page_says_so(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route))
    ask(page, ANSWERED)
    expect(page.locator(".working")).to_have_text("Searching the documents …")
    held[0].fallback()
    expect(page.locator(".answer")).to_be_visible()


def test_a_late_reply_never_lands_under_another_question(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route) if not held else route.continue_())
    ask(page, ANSWERED)
    expect(page.locator(".working")).to_be_visible()
    ask(page, UNANSWERED)
    turns = page.locator("#conversation > li")
    expect(turns.nth(1).locator(".abstention")).to_be_visible()
    expect(turns.nth(0)).to_contain_text("another question was asked")
    expect(turns.nth(0).locator(".answer")).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_only_this_server_is_ever_asked(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url)
    ask(page, ANSWERED)
    expect(page.locator(".answer")).to_be_visible()
    page.goto(f"{server.url}docs")
    expect(page.get_by_text("/api/ask", exact=True)).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((server.url, "data:"))]
    assert elsewhere == []


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_a_lost_server_is_said_and_the_question_can_be_asked_again(context: BrowserContext, seeds_index: Path) -> None:
    server = Server(seeds_index)
    page = context.new_page()
    page.goto(server.url)
    expect(page.locator("#suggestions li").first).to_be_visible()
    server.stop()
    ask(page, ANSWERED)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    again = Server(seeds_index, server.port)
    try:
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".answer > figure mark")).to_contain_text(QUOTE)
    finally:
        again.stop()


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_markup_and_emoji_in_a_document_are_shown_as_they_stand(
    context: BrowserContext, tmp_path: Path, embedder: Embedder
) -> None:
    hostile = '<img src=x onerror="document.title=\'owned\'"> <script>document.title="owned"</script>'
    house = f"The 🦜🦜 parrot house opened on 3 May {hostile} with 40 birds."
    (tmp_path / "zoo.txt").write_text(f"Zoo news 🦜\n\nÜbrigens. 🦜 {house} It was full.\n", encoding="utf-8")
    update(tmp_path / "index", [tmp_path / "zoo.txt"], embedder)
    server = Server(tmp_path / "index")
    try:
        page = context.new_page()
        page.goto(server.url)
        ask(page, "When did the parrot house open?")
        page.get_by_role("button", name="Show in document").first.click()
        marked = page.locator("dialog mark")
        expect(marked).to_be_visible()
        expect(page.locator(".answer > figure").first).to_contain_text(f"parrot house opened on 3 May {hostile}")
        assert marked.evaluate("element => element.textContent") == page.locator(".answer mark").first.evaluate(
            "element => element.textContent"
        )
        assert page.locator("dialog img, dialog script, .answer img, .answer script").count() == 0
        assert page.title() == "citeqa"
    finally:
        server.stop()
