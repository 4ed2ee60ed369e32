"""Documents that mean harm or are merely large, and every script there is: shown as they stand, doing nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from support.browsing import HOSTILE, HOSTILE_TITLE, ask, expect_words, fetched, seen, unmarked
from support.servers import Server

LINES = {"lines": "Words 🦜 of a text.\n", "one line": "Words 🦜 of a text. ", "no blank": "Words🦜ofatext."}
MADE = "img, svg, iframe, script, b, [onerror], [onload], [onclick], a[href^='javascript']"
SCRIPTS = {
    "Когда был открыт московский зоопарк?": "Московский зоопарк был открыт в 1864 году на Пресне.",
    "متى افتتحت حديقة الحيوان بالجيزة؟": "افتتحت حديقة الحيوان بالجيزة في عام 1891 أمام الزوار.",
    "北京动物园建成?": "北京动物园于1906年建成。",
    "How many goats 🐐 were fed?": "The keepers fed 👩‍👩‍👧 visitors' carrots to 12 goats 🐐.",
}


def test_a_hostile_document_does_nothing(page: Page, server: Server) -> None:
    """The `page` fixture fails on any dialog, request elsewhere, error or broken policy."""
    ask(page, "When did the parrot house open?")
    shown = page.locator(".answer > figure")
    expect(shown.locator("blockquote")).to_contain_text("opened on 3 May 1987")
    expect(shown.locator("cite")).to_have_text(HOSTILE_TITLE)
    expect(shown.get_by_role("link", name="Original")).to_have_count(0)
    for summary in page.locator(".answer summary").all():
        summary.click()
    shown.get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current")).to_be_visible()
    assert unmarked(page) == HOSTILE.replace("\u202e", "\ufffd")  # no letter is turned around
    assert page.locator("#source").get_by_role("link", name="Original").count() == 0
    page.goto(f"{server.url}#documents")
    expect(page.locator("#documents-list").get_by_role("link", name=HOSTILE_TITLE)).to_be_visible()
    page.goto(f"{server.url}#document=zoo%2Fhostile")
    page.get_by_role("button", name="Ask only this document").click()
    expect(page.locator(".chip.on")).to_contain_text("<script>")
    assert page.locator("#talk, #source, #documents, #chips").locator(MADE).count() == 0
    assert page.title() == "\u2068When did the parrot house open?\u2069 · citeqa"


@seen("desktop light")
def test_what_is_copied_of_a_hostile_document_is_harmless_elsewhere_too(page: Page) -> None:
    ask(page, "When did the parrot house open?")
    copied = {}
    for label in ("As Markdown", "As BibTeX"):
        page.locator(".answer > figure").get_by_role("button", name="Copy the quote").click()
        page.get_by_role("button", name=label).click()
        copied[label] = str(page.evaluate("navigator.clipboard.readText()"))
    markdown, bibtex = copied.values()
    assert "\\<script\\>" in markdown
    assert not re.search(r"(?<!\\)<(?!http://127)", markdown)
    assert "javascript:" not in markdown + bibtex
    plain = re.sub(r"\\[{}]", "", bibtex)
    assert plain.count("{") == plain.count("}")


def test_words_that_turn_the_direction_do_not_turn_what_stands_around_them(page: Page) -> None:
    def turned(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        found["answer"]["citation"] |= {"author": "\u202eevil \u202dtwice", "source": "\u2067left"}
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", turned)
    ask(page, "How much did the ferry terminal cost to build?")
    told = page.locator(".answer > figure .byline bdi")
    boxes = [box for box in (item.bounding_box() for item in told.all()) if box]
    assert len(boxes) == 3
    expect(told.last).to_have_text("\ufffdevil \ufffdtwice")
    assert boxes[0]["x"] < boxes[1]["x"]


@pytest.mark.parametrize("question", SCRIPTS)
@pytest.mark.slow
def test_every_script_is_asked_quoted_and_marked(page: Page, question: str) -> None:
    def found_there(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        answered = fetched(
            route, post_data={**body, "filters": {"document_ids": ["scripts/many"]}, "min_confidence": 0}
        )
        document = route.request.frame.page.request.get(page.url.partition("#")[0] + "api/documents/scripts/many")
        text = document.json()["text"]
        response = answered.json()
        response["answer"] = cited(response["answer"], text, SCRIPTS[body["question"]])
        route.fulfill(response=answered, json=response)

    page.route("**/api/ask", found_there)
    ask(page, question)
    expect(page.locator(".turn > h2")).to_have_text(question)
    quote = page.locator(".answer > figure blockquote")
    expect(quote).to_have_text(SCRIPTS[question])
    words = page.locator(".answer > figure mark").text_content()
    assert words == SCRIPTS[question][4:-1]
    direction = "rtl" if "؟" in question else "ltr"
    assert quote.evaluate("element => getComputedStyle(element).direction") == direction
    assert page.locator(".turn > h2").evaluate("element => getComputedStyle(element).direction") == direction
    page.locator(".answer > figure").get_by_role("link", name="Open in document").last.click()
    marks = page.locator("#source mark.current")  # in pieces where other citations begin and end
    expect(marks.first).to_be_in_viewport()
    expect_words(marks, words)


def cited(answer: dict[str, Any], text: str, sentence: str) -> dict[str, Any]:
    """An answer that cites the sentence without its first four and its last character."""
    start = text.index(sentence)
    words = Slice(text, start + 4, start + len(sentence) - 1)
    whole = Slice(text, start, start + len(sentence))
    citation = answer["citation"] | words.fields() | {"quote": words.text}
    citation["sentence"] = whole.fields() | {"text": sentence}
    return answer | {"text": words.text, "citation": citation, "also_in": []}


class Slice:
    """A slice of a text with both pairs of offsets, counted anew."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text[start:end], start, end
        self._before = len(text[:start].encode("utf-16-le")) // 2

    def fields(self) -> dict[str, int]:
        units = len(self.text.encode("utf-16-le")) // 2
        span = {"start_utf16": self._before, "end_utf16": self._before + units}
        return {"start": self.start, "end": self.end, **span}


@seen("phone light", "desktop dark")
@pytest.mark.parametrize("kind", LINES)
@pytest.mark.slow
def test_a_megabyte_opens_at_its_mark_with_few_elements(page: Page, server: Server, kind: str) -> None:
    half = LINES[kind] * (700_000 // len(LINES[kind]))
    text = f"{half}HERE 🦜 IT IS{half}"
    start, end = len(half), len(half) + 12

    def large(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"text": text})

    page.route("**/api/documents/zoo/hostile", large)
    page.goto(f"{server.url}#document=zoo%2Fhostile&start={start}&end={end}")
    mark = page.locator("#source mark.current")
    expect(mark).to_have_text("HERE 🦜 IT IS")
    expect(mark).to_be_in_viewport()
    assert page.locator("#source *").count() < 400
    assert unmarked(page) == text
    width = "element => element.scrollWidth - element.clientWidth"
    assert page.locator("#source-text").evaluate(width) <= 0
