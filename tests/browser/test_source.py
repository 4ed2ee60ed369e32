"""The source document beside the conversation, or over it: opened at the mark, stepped through, linked to."""

from __future__ import annotations

import json
import re
import urllib.request
from urllib.parse import quote

from playwright.sync_api import Page, Route, expect
from support.browsing import ANSWERED, UNANSWERED, ask, expect_held, fetched, seen, unmarked
from support.servers import Server

CITED = "002_73ec0a3e5fd5a0e3"
MANY = "scripts/many"
COST = "How much did the ferry terminal cost to build?"


def document(server: Server, document_id: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{server.url}api/documents/{document_id}") as reply:
        found: dict[str, str] = json.load(reply)
    return found


def link(document_id: str, start: int, end: int, sha256: str) -> str:
    return f"#document={quote(document_id, safe='')}&start={start}&end={end}&sha256={sha256}"


def open_first(page: Page) -> None:
    page.locator(".answer > figure").get_by_role("link", name="Open in document").last.click()
    expect(page.locator("#source mark.current").first).to_be_visible()


def test_the_document_opens_at_the_quoted_words_to_the_character(page: Page, server: Server) -> None:
    ask(page, ANSWERED)
    open_first(page)
    mark = page.locator("#source mark.current")
    expect(mark).to_have_text(page.locator(".answer > figure mark").text_content() or "")
    expect(mark).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_contain_text("Simon Lewis")
    assert unmarked(page) == document(server, CITED)["text"]


@seen("desktop light", "desktop dark")
def test_on_a_wide_window_the_source_stands_beside_the_answer_of_itself(page: Page) -> None:
    ask(page, ANSWERED)
    mark = page.locator("#source mark.current")
    expect(mark).to_be_in_viewport()
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    answer, source = page.locator(".answer").bounding_box(), page.locator("#source").bounding_box()
    assert answer
    assert source
    assert answer["x"] + answer["width"] <= source["x"]
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#source")).to_be_hidden()
    page.get_by_role("link", name="Back to the conversation").click()
    ask(page, COST)
    expect(mark).to_have_text("40 million euros")
    page.get_by_role("button", name="Close").click()
    ask(page, ANSWERED)
    expect(page.locator("#source")).to_be_hidden()


@seen("desktop light")
def test_after_no_answer_the_open_document_is_said_to_be_of_an_earlier_one(page: Page) -> None:
    earlier = page.get_by_text("From an earlier answer")
    ask(page, ANSWERED)
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    expect(earlier).to_be_hidden()
    ask(page, UNANSWERED)
    expect(earlier).to_be_visible()
    ask(page, COST)
    expect(page.locator("#source mark.current")).to_have_text("40 million euros")
    expect(earlier).to_be_hidden()


@seen("phone light", "phone dark")
def test_on_a_phone_the_source_covers_the_page_and_back_closes_it(page: Page) -> None:
    ask(page, ANSWERED)
    expect(page.locator("#source")).to_be_hidden()
    open_first(page)
    assert page.locator("#source").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    page.go_back()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".answer")).to_be_visible()


def test_the_conversations_other_citations_are_marked_lightly_and_stepped_through_by_keys(page: Page) -> None:
    ask(page, ANSWERED)
    ask(page, "Who called for constructive dialogue between Cuba and the United States?")
    page.locator(".answer").first.get_by_role("link", name="Open in document").first.click()
    text = page.locator("#source-text")
    expect(text).to_be_focused()
    current = page.locator("#source mark.current")
    first = current.first.text_content()
    assert page.locator("#source mark:not(.current)").count() >= 1
    position = page.locator("#source-position")
    before = position.text_content() or ""
    for forward, back in (("n", "p"), ("ArrowRight", "ArrowLeft")):
        page.keyboard.press(forward)
        expect(position).not_to_have_text(before)
        expect(current.first).to_be_in_viewport()
        page.keyboard.press(back)
        expect(position).to_have_text(before)
        expect(current.first).to_have_text(first or "")
    number, total = map(int, before.split(" of "))
    for _ in range(total - number + 1):
        page.keyboard.press("n")
    expect(position).to_have_text(f"1 of {total}")
    page.get_by_role("button", name="Previous citation").click()
    expect(position).to_have_text(f"{total} of {total}")


def test_escape_closes_the_source_and_gives_the_focus_back(page: Page) -> None:
    ask(page, ANSWERED)
    opener = page.locator(".answer > figure").get_by_role("link", name="Open in document")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#source-text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page).to_have_url(re.compile("^[^#]*$"))
    page.keyboard.press("Enter")
    expect(page.locator("#source mark.current")).to_be_visible()


@seen("desktop light")
def test_the_source_changes_its_place_with_the_windows_width(page: Page) -> None:
    ask(page, ANSWERED)
    expect(page.locator("#source:modal")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#source:modal")).to_have_count(1)
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#source:modal")).to_have_count(0)
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    expect(page.locator(".answer")).to_be_in_viewport()


def test_a_link_opens_the_passage_without_any_conversation(page: Page, server: Server) -> None:
    found = document(server, MANY)
    for words in ("в 1864 году", "في عام 1891", "1906年", "熊猫馆", "👩‍👩‍👧", "12 goats 🐐"):
        start = found["text"].index(words)
        page.goto(server.url + link(MANY, start, start + len(words), found["sha256"]))
        mark = page.locator("#source mark.current")
        expect(mark).to_have_text(words)
        expect(mark).to_be_in_viewport()
    assert unmarked(page) == found["text"]
    page.reload()
    expect(page.locator("#source mark.current")).to_have_text("12 goats 🐐")


def test_a_link_to_a_text_that_changed_says_so(page: Page, server: Server) -> None:
    page.goto(server.url + link(MANY, 3, 9, "0" * 64))
    expect(page.locator("#source-note")).to_contain_text("has changed since the link was made")
    expect(page.locator("#source .source")).to_be_visible()
    expect(page.locator("#source mark")).to_have_count(0)
    page.goto(server.url + link(MANY, 3, 99999, document(server, MANY)["sha256"]))
    expect(page.locator("#source-note")).to_contain_text("outside of this document")
    page.goto(server.url + link("nowhere", 3, 9, "0" * 64))
    expect(page.get_by_role("alert")).to_have_text("This document is not here any more.")


@seen("desktop dark", "phone light")
def test_words_that_moved_are_found_again_and_words_that_are_gone_are_told(page: Page, server: Server) -> None:
    def stale(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        citation = found["answer"]["citation"]
        citation |= {"document_sha256": "0" * 64, "start": citation["start"] + 7, "end": citation["end"] + 7}
        if "berths" in found["question"]:
            citation |= {"quote": "6 berths", "end": citation["start"] + 8}
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", stale)
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").last.click()
    expect(page.locator("#source-note")).to_have_text("This document has changed; the same words now stand here.")
    expect(page.locator("#source mark.current")).to_have_text("40 million euros")
    page.keyboard.press("Escape")
    ask(page, "How many berths does the ferry terminal have?")
    page.locator(".answer").last.get_by_role("link", name="Open in document").first.click()
    expect(page.locator("#source-note")).to_contain_text("no longer holds the quoted words")


@seen("desktop light")
def test_a_passage_whose_text_changed_is_not_marked(page: Page) -> None:
    def stale(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        found["evidence"][0]["text"] = "What it said before."
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", stale)
    ask(page, UNANSWERED)
    page.locator(".passage").first.get_by_role("link", name="Open in document").click()
    expect(page.locator("#source-note")).to_contain_text("has changed since, so the passage is not marked")
    expect(page.locator("#source mark")).to_have_count(0)


def test_a_document_that_cannot_be_fetched_can_be_tried_again(page: Page, server: Server) -> None:
    sha256 = document(server, CITED)["sha256"]
    page.route("**/api/documents/0*", lambda route: route.abort())
    page.goto(server.url + link(CITED, 0, 10, sha256))
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/api/documents/0*")
    page.locator("#source").get_by_role("button", name="Try again").click()
    expect(page.locator("#source mark.current")).to_be_visible()


@seen("desktop light")
def test_a_late_document_never_replaces_the_one_that_was_asked_for_after_it(page: Page, server: Server) -> None:
    held: list[Route] = []
    page.route("**/api/documents/ferry/opening", lambda route: held.append(route))
    page.goto(f"{server.url}#document=ferry%2Fopening")
    expect(page.locator("#source .working")).to_be_visible()
    expect_held(page, held)
    page.goto(f"{server.url}#document=ferry%2Faudit")
    expect(page.locator("#source .source")).to_contain_text("57 million")
    held[0].continue_()
    expect(page.locator("#source .source")).to_contain_text("57 million")
    expect(page.locator("#source-title")).to_have_text("Auditors count the cost of the ferry terminal")
    page.unroute_all(behavior="ignoreErrors")


def test_only_this_document_can_be_asked(page: Page, server: Server) -> None:
    page.goto(f"{server.url}#document=ferry%2Faudit")
    page.get_by_role("button", name="Ask only this document").click()
    expect(page.get_by_role("button", name="Document: Auditors count")).to_be_visible()
    ask(page, COST)
    expect(page.locator(".answer > figure mark")).to_have_text("57 million euros")
    expect(page.locator(".turn .scope")).to_have_text("Searching only Auditors count the cost of the ferry terminal")
    ask(page, UNANSWERED)
    expect(page.locator(".searched")).to_contain_text("only Auditors count the cost of the ferry terminal")
