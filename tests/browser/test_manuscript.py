"""A manuscript checked on the page: pasted, chosen or dropped; each quotation told, with its source beside it."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page, Route, expect
from support.browsing import HOSTILE_TITLE, seen
from support.servers import Server

TEXT = """He wrote: “It cost 40 million euros to build.”

The Harbour Gazette said in 2023 that “the new ferry terminal opened on Thursday.”

According to Tom Aske in 2019, “It cost 57 million euros to build, the auditors found.”

Others claim: “Nothing was ever built there by anyone at all.”"""


def opened(page: Page) -> None:
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("#documents-list > li").first).to_be_visible()
    page.get_by_role("link", name=re.compile("^Check a")).locator("visible=true").first.click()
    expect(page.get_by_role("heading", name="Check a manuscript")).to_be_focused()


def check(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="The manuscript").fill(text)
    page.get_by_role("button", name="Check", exact=True).click()


def test_quotations_are_exact_altered_or_absent_with_the_source_beside(page: Page) -> None:
    opened(page)
    check(page, TEXT)
    expect(page.locator("#manuscript-told")).to_have_text("4 quotations: 2 exact, 1 altered, 1 not in the documents.")
    rows = page.locator("#quotations > li")
    told = ["Exact", "Altered: words", "Exact", "Not in the documents"]
    for row, words in zip(rows.all(), told, strict=True):
        expect(row.locator(".told")).to_contain_text(words)
    altered = rows.nth(1)
    expect(altered.locator("del")).to_have_text("Thursday")
    expect(altered.locator("ins")).to_have_text("Wednesday")
    expect(altered.locator("dl")).to_contain_text("Harbour Gazette, in 2023")
    expect(altered.locator("dl")).not_to_contain_text("not as the source")
    expect(rows.nth(2).locator("dl")).to_contain_text("in 2019 (not as the source)")
    expect(rows.nth(2).locator("dl")).to_contain_text("3 February 2025")
    expect(rows.nth(3)).to_contain_text("Nothing like it stands in the documents.")
    page.get_by_label("Without those that are exact").check()
    expect(rows.filter(visible=True)).to_have_count(2)
    altered.get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current").first).to_contain_text("ferry terminal opened on Wednesday")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("#manuscript$"))
    expect(rows.filter(visible=True)).to_have_count(2)


@seen("desktop light")
def test_a_file_is_chosen_or_dropped_and_what_is_wrong_is_said(page: Page) -> None:
    opened(page)
    plain: FilePayload = {
        "name": "draft.md",
        "mimeType": "text/markdown",
        "buffer": b"> It cost 40 million euros to build.\n",
    }
    page.locator("#manuscript input[type=file]").set_input_files([plain])
    expect(page.locator("#manuscript-told")).to_have_text("1 quotation: 1 exact.")
    transfer = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['No quotation.'], 'a.txt')); return data; }"
    )
    page.dispatch_event("#manuscript", "drop", {"dataTransfer": transfer})
    expect(page.locator("#manuscript-told")).to_contain_text("There is no quotation in it")
    empty: FilePayload = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    page.locator("#manuscript input[type=file]").set_input_files([empty])
    expect(page.locator("#manuscript-told.problem")).to_contain_text("empty")


@seen("desktop light")
def test_what_a_text_and_a_document_hold_is_shown_as_text(page: Page) -> None:
    opened(page)
    check(page, "“<img src=x onerror=alert(1)> opened on 3 May 1987 with 40 birds” and “The parrot house was closed”")
    expect(page.locator("#quotations > li")).to_have_count(2)
    expect(page.locator("#quotations img")).to_have_count(0)
    page.route("**/api/verify/quotes", lambda route: titled(route))
    check(page, "“It cost 40 million euros to build.”")
    expect(page.locator("#quotations cite")).to_have_text(HOSTILE_TITLE)


def titled(route: Route) -> None:
    response = route.fetch()
    found = response.json()
    found["quotations"][0]["citation"]["title"] = HOSTILE_TITLE
    route.fulfill(response=response, json=found)


@seen("phone dark")
def test_nothing_of_it_is_loaded_before_it_is_opened(page: Page, server: Server) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url.removeprefix(server.url)))
    page.reload()
    expect(page.locator("#suggestions li").first).to_be_visible()
    lazy = {f"static/{name}.js" for name in ("manuscript", "documents", "narrowing", "uploads", "clippings", "keys")}
    assert not lazy & set(loaded)
    opened(page)
    assert "static/manuscript.js" in loaded
