"""The list of documents: paging, searching, opening, adding and deleting where the service allows it."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, Route, expect
from support.browsing import allow_writing, ask, expect_held, seen
from support.servers import Server

ROWS = "#documents-list > li:not([hidden])"


def ids(server: Server) -> list[str]:
    with urllib.request.urlopen(f"{server.url}api/documents") as reply:
        return [found["id"] for found in json.load(reply)["documents"]]


def take_away(server: Server, document_id: str) -> None:
    request = urllib.request.Request(f"{server.url}api/documents/{document_id}", method="DELETE")
    with urllib.request.urlopen(request) as reply:
        assert reply.status == 204


def put(server: Server, document_id: str, text: str) -> None:
    body = json.dumps({"id": document_id, "text": text}).encode()
    request = urllib.request.Request(f"{server.url}api/documents", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        assert reply.status in (200, 201)


def go(page: Page) -> None:
    page.get_by_role("link", name="Documents").click()
    expect(page.locator(ROWS).first).to_be_visible()


def file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def test_the_list_is_narrowed_and_the_question_too(page: Page) -> None:
    go(page)
    folder = page.locator("#by-folder")
    expect(folder.locator("option")).to_contain_text(["All folders", "ferry (2)", "scripts (1)", "zoo (1)"])
    folder.select_option("ferry")
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator("#documents-count")).to_have_text("2 documents")
    page.locator("#by-year").select_option("2025")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("City Audit Office")
    page.locator("#by-source").select_option("Harbour Gazette")
    expect(page.locator("#documents-list")).to_contain_text("No document is of all that.")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(ROWS)).to_have_count(9)
    page.locator("#documents-sort").select_option("date")
    expect(page.locator(ROWS).first).to_contain_text("2026")
    folder.select_option("ferry")
    with page.expect_request("**/api/ask") as sent:
        page.get_by_role("button", name="Ask only these").click()
        chips = page.locator("#chips")
        expect(chips).to_contain_text("Folder: ferry")
        ask(page, "How much did it cost to build?")
    asked: Any = sent.value.post_data_json
    assert asked["filters"] == {"folders": ["ferry"]}
    expect(page.locator(".scope")).to_have_text("Searching only ferry")
    chips.get_by_role("button", name="Folder: ferry. Remove").click()
    expect(chips).not_to_contain_text("ferry")


@seen("desktop light", "phone dark")
def test_what_no_title_says_is_looked_for_inside_the_documents(page: Page) -> None:
    go(page)
    search = page.get_by_role("searchbox", name="Search the documents")
    search.fill("how long had the residents waited")
    expect(page.locator("#documents-list")).to_have_text("No title, author or source has these words.")
    expect(page.locator("#inside .passage").first).to_contain_text("Residents had waited for eleven years")
    search.fill("ferry")
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator("#inside")).to_be_hidden()
    page.get_by_role("button", name="Search inside the documents").click()
    expect(page.locator("#inside .passage").first).to_be_visible()
    page.locator("#inside").get_by_role("link", name="Open in document").first.click()
    expect(page.locator("#source mark.current").first).to_be_visible()


def without_documents(page: Page) -> None:
    nothing: dict[str, Any] = {"documents": [], "next_cursor": None, "total": 0}
    page.route(re.compile(r"/api/documents\?"), lambda route: route.fulfill(json=nothing))
    page.route("**/api/facets", lambda route: route.fulfill(json={"folders": [], "sources": [], "years": []}))


def test_the_first_view_without_documents_says_what_to_do_next(page: Page) -> None:
    without_documents(page)
    welcome = page.locator("#welcome")
    allow_writing(page, writing=False)
    expect(welcome).to_contain_text("There are no documents yet")
    expect(welcome.locator("code")).to_have_text(["citeqa index FOLDER", "citeqa serve --writing"])
    expect(welcome.get_by_role("link")).to_have_count(0)
    expect(welcome).not_to_contain_text("0 documents")
    assert Axe().run(page).response["violations"] == []
    allow_writing(page)
    expect(welcome.locator("code")).to_have_count(0)
    welcome.get_by_role("link", name="Add files").click()
    expect(page.locator("#choose-files")).to_be_visible()
    page.unroute(re.compile(r"/api/documents\?"))  # now there are some
    page.get_by_role("link", name="Conversation").click()
    expect(welcome).to_contain_text("Questions to try")
    expect(welcome.get_by_role("button").first).to_be_visible()


@seen("desktop light")
def test_an_empty_list_says_what_to_do_next(page: Page) -> None:
    without_documents(page)
    for writing, told in ((True, "Drop files above."), (False, "citeqa index FOLDER")):
        allow_writing(page, writing=writing)
        page.goto(f"{page.url.partition('#')[0]}#documents")
        expect(page.locator("#documents-list")).to_contain_text(
            f"There are no documents yet. {told if writing else ''}"
        )
        expect(page.locator("#documents-list")).to_contain_text(told)


def test_all_documents_are_listed_searched_and_opened(page: Page) -> None:
    go(page)
    expect(page.locator(ROWS)).to_have_count(9)
    expect(page.locator("#documents-count")).to_have_text("9 documents")
    expect(page.get_by_role("heading", name="Documents")).to_be_focused()
    search = page.get_by_role("searchbox", name="Search the documents")
    search.fill("gazette")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#documents-count")).to_have_text("1 document found")
    link = page.locator(ROWS).get_by_role("link", name="New ferry terminal opens after long delay")
    expect(page.locator(ROWS)).to_contain_text("14 June 2023")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#source .source")).to_contain_text("It cost 40 million euros")
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    expect(page).to_have_url(re.compile("#documents$"))
    search.fill("nothing of the kind")
    expect(page.locator("#documents-count")).to_have_text("0 documents found")
    page.get_by_role("link", name="Back to the conversation").click()
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()


@seen("desktop light")
def test_a_search_given_up_while_its_answer_arrives_leaves_no_trace(page: Page) -> None:
    """Nor does the list that comes take the focus from whoever is on one of its rows."""
    page.add_init_script(
        "const json = Response.prototype.json; window.late = [];"
        "const hold = (arrive) => document.body.setAttribute('late', late.push(arrive));"
        "Response.prototype.json = function () {"
        " return this.url.includes('ferry') ? new Promise(hold).then(() => json.call(this)) : json.call(this); };"
    )
    page.reload()
    go(page)
    search = page.get_by_role("searchbox", name="Search the documents")
    search.fill("ferry")
    expect(page.locator("body")).to_have_attribute("late", "1")
    search.fill("audit")
    expect(page.locator("#documents-count")).to_have_text("1 document found")
    page.evaluate("late[0]()")
    page.wait_for_timeout(100)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(ROWS)).to_have_count(1)
    link = page.locator(ROWS).get_by_role("link", name="Auditors count")
    link.focus()
    link.evaluate("link => link.setAttribute('late', '')")
    page.evaluate("document.querySelector('#documents-search').dispatchEvent(new Event('input'))")
    expect(link).not_to_have_attribute("late", "")
    expect(link).to_be_focused()


def test_the_list_comes_page_by_page(page: Page) -> None:
    page.route(
        re.compile(r"/api/documents\?limit=50"),
        lambda route: route.continue_(url=route.request.url.replace("limit=50", "limit=4")),
    )
    go(page)
    rows, more = page.locator(ROWS), page.get_by_role("button", name="Show more")
    expect(rows).to_have_count(4)
    more.click()
    expect(rows).to_have_count(8)
    expect(rows.nth(4).get_by_role("link")).to_be_focused()
    more.click()
    expect(rows).to_have_count(9)
    expect(more).to_be_hidden()
    titles = rows.get_by_role("link").all_text_contents()
    assert len(set(titles)) == 9


def test_nothing_can_be_changed_where_the_service_does_not_allow_it(page: Page) -> None:
    allow_writing(page, writing=False)
    go(page)
    expect(page.locator("#adding")).to_be_hidden()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_files_are_added_and_found_by_the_next_question(page: Page, server: Server) -> None:
    allow_writing(page)
    go(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose files").click()
    chooser.value.set_files([
        file("lighthouse.txt", "The lighthouse of Porto Azul was lit for the first time in 1903."),
        file("empty.txt", ""),
    ])  # fmt: skip
    uploads = page.locator("#uploads li")
    expect(uploads.nth(0)).to_contain_text("lighthouse.txt")
    expect(uploads.nth(0)).to_contain_text("added")
    expect(uploads.nth(1)).to_contain_text("empty")
    expect(uploads.nth(1).locator(".problem")).to_be_visible()
    expect(page.locator("progress")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("lighthouse of Porto Azul"))).to_be_visible()
    assert "lighthouse" in ids(server)
    page.get_by_role("button", name="Clear what is done").click()
    expect(uploads).to_have_count(0)
    expect(page.get_by_role("button", name="choose files")).to_be_focused()
    take_away(server, "lighthouse")


@seen("desktop light", "phone dark")
def test_files_are_dropped(page: Page, server: Server) -> None:
    allow_writing(page)
    go(page)
    expect(page.locator("#adding")).to_be_visible()
    transfer = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['A bridge was built.'], 'bridge.txt'));"
        " return data; }"
    )
    page.dispatch_event("#documents", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#documents")).to_have_class("dropping")
    page.dispatch_event("#documents", "drop", {"dataTransfer": transfer})
    expect(page.locator("#documents")).not_to_have_class("dropping")
    expect(page.locator("#uploads li")).to_contain_text("added")
    assert "bridge" in ids(server)
    take_away(server, "bridge")


@seen("desktop light")
def test_what_is_sent_shows_how_far_it_is(page: Page, server: Server) -> None:
    held: list[Route] = []
    allow_writing(page)
    page.route("**/api/documents", lambda route: held.append(route))
    go(page)
    page.locator("#files").set_input_files([file("slow.txt", "A slow text.")])
    expect(page.get_by_role("progressbar", name="Sending slow.txt")).to_be_visible()
    expect(page.locator("#uploads li")).to_contain_text(re.compile("sending|being read"))
    expect_held(page, held)
    held[0].abort()
    expect(page.locator("#uploads li")).to_contain_text("cannot be reached")
    assert "slow" not in ids(server)


def test_deleting_can_be_undone_and_happens_when_it_is_not(page: Page, server: Server) -> None:
    put(server, "short/lived", "A note that will be deleted.")
    allow_writing(page)
    page.clock.install()
    go(page)
    expect(page.locator(ROWS)).to_have_count(10)
    delete = page.get_by_role("button", name="Delete A note that will be deleted.")
    delete.focus()
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(9)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(10)
    assert "short/lived" in ids(server)
    expect(page.get_by_role("link", name="A note that will be deleted.")).to_be_focused()
    delete.click()
    with page.expect_response(lambda response: response.request.method == "DELETE") as deleted:
        page.clock.fast_forward(9_000)
    assert deleted.value.status == 204
    expect(page.locator("#documents-list > li")).to_have_count(9)
    assert "short/lived" not in ids(server)


@seen("desktop light")
def test_what_is_deleted_is_deleted_when_the_page_is_left(page: Page, server: Server) -> None:
    put(server, "left/behind", "A note that is left behind.")
    allow_writing(page)
    go(page)
    page.get_by_role("button", name="Delete A note that is left behind.").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.reload()
    for _ in range(200):
        if "left/behind" not in ids(server):
            return
        page.wait_for_timeout(50)
    assert "left/behind" not in ids(server)


@seen("phone dark")
def test_what_cannot_be_deleted_is_shown_again(page: Page) -> None:
    problem = {"title": "Service Unavailable", "status": 503, "detail": "Another process is writing to the index."}
    allow_writing(page)
    page.route(
        "**/api/documents/ferry/audit",
        lambda route: route.fulfill(status=503, json=problem, content_type="application/problem+json"),
    )
    page.clock.install()
    go(page)
    page.get_by_role("button", name="Delete Auditors count").click()
    expect(page.locator(ROWS)).to_have_count(8)
    page.clock.fast_forward(9_000)
    expect(page.locator(ROWS)).to_have_count(9)
    expect(page.locator("#toast")).to_contain_text("Another process is writing to the index.")


@seen("desktop light")
def test_a_list_that_cannot_be_had_says_why_and_can_be_tried_again(page: Page) -> None:
    listing = re.compile(r"/api/documents\?limit=50")
    detail = "Something went wrong inside the service."
    problem = {"title": "Internal Server Error", "status": 500, "detail": detail}
    page.route(listing, lambda route: route.fulfill(status=500, json=problem))
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#documents-list").get_by_role("alert")).to_have_text(detail)
    page.unroute(listing)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(ROWS)).to_have_count(9)


@seen("desktop light")
def test_an_upload_tells_how_many_passages_are_done(page: Page, server: Server) -> None:
    allow_writing(page)
    go(page)
    told = page.locator("#uploads li")
    page.evaluate(
        "() => { window.told = []; new MutationObserver(() => window.told.push(document.querySelector('#uploads')"
        ".innerText)).observe(document.querySelector('#uploads'), { subtree: true, childList: true }); }"
    )
    text = "".join(
        f"The keeper of lighthouse {n} wrote {n * 7} letters to the harbour of Vila Torta.\n\n" for n in range(900)
    )
    page.locator("#files").set_input_files([file("letters.txt", text)])
    try:
        expect(told).to_contain_text("added", timeout=60_000)
        assert any(re.search(r"[1-9]\d* passages done", each) for each in page.evaluate("told"))
    finally:
        take_away(server, "letters")
