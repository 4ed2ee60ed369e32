"""The chat page: asking, and what is shown of an answer or of none."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from support.browsing import (
    ANSWERED,
    SEVERAL,
    UNANSWERED,
    ask,
    expect_words,
    fetched,
    open_context,
    seen,
    send,
    unmarked,
)
from support.servers import Server

QUOTE = "9 million"
SENTENCE = (
    "The U.S. has separately pledged to provide $9 million of humanitarian assistance to Cubans "
    "that is being delivered by the Catholic Church."
)
COST = "How much did the ferry terminal cost to build?"
FRAGMENT = "#:~:text=It%20cost%2040%20million%20euros%20to%20build."
SEARCHED = re.compile(r"^Searched: \d+ passages of \d+ documents\.$")


def test_the_answer_comes_first_with_the_words_marked_and_where_they_stand(page: Page) -> None:
    ask(page, ANSWERED)
    answer = page.locator(".answer > figure")
    expect(answer.locator("blockquote")).to_have_text(SENTENCE)
    expect(answer.locator("mark")).to_contain_text(QUOTE)
    expect(answer.locator(".byline")).to_contain_text("Simon Lewis")
    expect(answer.locator(".byline")).to_contain_text("26 February 2026")
    expect(page.locator("#status")).to_contain_text(QUOTE)


def test_publisher_date_author_and_page_are_given_and_the_original_is_linked(page: Page) -> None:
    def paged(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        found["answer"]["citation"]["page"] = 12
        route.fulfill(response=response, json=found | {"later": ["a field of a later version"]})

    page.route("**/api/ask", paged)
    ask(page, COST)
    byline = page.locator(".answer > figure .byline")
    expect(byline.locator("bdi")).to_have_text(["Harbour Gazette", "14 June 2023", "Ines Duarte", "page 12"])
    original = byline.get_by_role("link", name="Original")
    expect(original).to_have_attribute("href", f"https://gazette.example/ferry?a=1&b=2{FRAGMENT}")
    expect(original).to_have_attribute("rel", "noopener noreferrer")


@seen("desktop light")
def test_the_original_of_a_pdf_is_linked_at_its_page(page: Page) -> None:
    def printed(route: Route) -> None:
        response = fetched(route)
        found = response.json()
        found["answer"]["citation"] |= {"page": 12, "url": "https://gazette.example/ferry.PDF"}
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", printed)
    ask(page, COST)
    original = page.locator(".answer > figure").get_by_role("link", name="Original")
    expect(original).to_have_attribute("href", "https://gazette.example/ferry.PDF#page=12")


def test_a_document_that_disagrees_is_shown_once_with_its_date(page: Page) -> None:
    ask(page, COST)
    expect(page.locator(".answer > figure mark")).to_have_text("40 million euros")
    side = page.locator(".conflicts .side").filter(has_text="57 million euros")
    expect(side.locator("mark")).to_have_text("57 million euros")
    expect(side.locator("h4")).to_have_text("3 February 2025")
    expect(page.locator(".conflicts")).not_to_contain_text("40 million euros")


def test_confidence_is_in_words_and_its_number_on_demand(page: Page) -> None:
    ask(page, ANSWERED)
    confidence = page.locator(".answer > .confidence")
    number = confidence.get_by_text(re.compile(r"Confidence 0\.\d\d: the probability"))
    expect(number).to_be_hidden()
    summary = confidence.locator("summary")
    expect(summary).to_have_text(re.compile("right|Uncertain"))
    summary.focus()
    page.keyboard.press("Enter")
    expect(number).to_be_visible()


def test_other_places_and_answers_and_the_evidence_unfold(page: Page) -> None:
    def also(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}") | {"min_confidence": 0}
        response = fetched(route, post_data=json.dumps(body))
        found = response.json()
        found["answer"]["also_in"] = [found["alternatives"][0]["citation"]]
        route.fulfill(response=response, json=found)

    page.route("**/api/ask", also)
    ask(page, SEVERAL)
    for label, quotes in (("Also in 1 other place", 1), ("Evidence: 5 passages", 5)):
        folded = page.locator(".answer > details", has=page.get_by_text(label, exact=True))
        expect(folded.locator("figure").first).to_be_hidden()
        folded.locator("summary").click()
        expect(folded.locator("figure")).to_have_count(quotes)
        expect(folded.locator("figure").first).to_be_visible()


def test_other_answers_stand_in_a_line_and_unfold_in_their_sentences(page: Page) -> None:
    ask(page, SEVERAL)
    line = page.locator(".others summary")
    expect(line.locator(".other")).to_have_count(3)
    expect(line.locator(".other").first).to_be_visible()
    line.click()
    for short, whole in zip(line.locator(".other").all(), page.locator(".others figure mark").all(), strict=True):
        expect(whole).to_contain_text((short.text_content() or "").removesuffix(" …"))


def test_what_the_documents_do_not_answer_is_said_with_what_was_searched(page: Page) -> None:
    ask(page, UNANSWERED)
    expect(page.locator(".verdict")).to_have_text("Not in these documents")
    expect(page.locator(".abstention")).to_contain_text("they do not mention “penicillin”")
    expect(page.locator(".searched")).to_have_text(SEARCHED)
    expect(page.locator(".passage")).to_have_count(5)
    expect(page.locator(".passage").first).to_be_visible()
    expect(page.locator("#status")).to_have_text("Not in these documents.")
    expect(page.locator(".abstention mark")).to_have_count(0)
    page.locator(".abstention summary").click()
    expect(page.locator(".abstention .confidence")).to_contain_text(re.compile(r"of 0\.\d\d; an answer needs 0\.\d\d"))


def test_guesses_stand_apart_from_answers_and_open_in_their_document(page: Page, server: Server) -> None:
    page.route("**/api/ask", lambda route: route.continue_(post_data=unsure(route)))
    ask(page, ANSWERED)
    expect(page.locator(".verdict")).to_have_text("Not in these documents")
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator(".guesses h3")).to_have_text("No sure answer. Perhaps:")
    guess = page.locator(".guesses figure").first
    expect(guess.locator("mark")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(guess.locator("mark")).to_have_css("text-decoration-style", "dotted")
    expect(guess).to_contain_text(re.compile(r"Confidence 0\.\d\d"))
    expect(page.locator("#status")).to_have_text("Not in these documents.")
    words = guess.locator("mark").evaluate("element => element.textContent")
    guess.get_by_role("link", name="Open in document").click()
    expect_words(page.locator("#source mark.current"), words)


def unsure(route: Route) -> str:
    """The body of a request that needs more confidence than there can be."""
    return json.dumps(json.loads(route.request.post_data or "{}") | {"min_confidence": 1})


def test_a_passage_opens_in_its_document(page: Page) -> None:
    ask(page, UNANSWERED)
    passage = page.locator(".passage").first
    words = (passage.locator("blockquote").text_content() or "").strip(" …").split("\n")[0]
    passage.get_by_role("link", name="Open in document").click()
    marks = page.locator("#source mark.current")
    expect(marks.first).to_be_in_viewport()
    assert words in "".join(marks.all_text_contents())
    assert words in unmarked(page)


def test_the_question_box_has_the_focus_and_keeps_it(page: Page) -> None:
    box = page.get_by_role("textbox", name="Your question")
    expect(box).to_be_focused()
    ask(page, ANSWERED)
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type("One line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    expect(box).to_have_value("One line\nand another")


def test_a_suggestion_can_be_asked_with_the_keyboard_alone(page: Page) -> None:
    first = page.locator("#suggestions button").first
    expect(first).to_be_visible()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()


def test_the_conversation_stays_above_and_a_blank_question_asks_nothing(page: Page) -> None:
    ask(page, ANSWERED)
    send(page, "   ")
    ask(page, UNANSWERED)
    expect(page.locator(".turn > h2")).to_have_text([ANSWERED, UNANSWERED])


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    def wider() -> int:
        return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    ask(page, COST)
    ask(page, "When was it said in the news since March 2020 that it opened?")
    expect(page.locator(".terms")).to_have_count(2)
    ask(page, UNANSWERED)
    for summary in page.locator("summary").all():
        summary.click()
    assert wider() <= 0
    page.goto(page.url.partition("#")[0] + "#documents")
    expect(page.locator("#documents-list > li").first).to_be_visible()
    assert wider() <= 0


@seen("desktop light")
def test_the_first_question_can_be_typed_at_once_and_little_is_transferred(
    browser: Browser, server: Server, view: str
) -> None:
    context = open_context(browser, view)
    page = context.new_page()
    page.goto(server.url, wait_until="networkidle")
    timing = json.loads(page.evaluate("JSON.stringify(performance.getEntries())"))
    bodies = sum(entry.get("encodedBodySize", 0) for entry in timing)
    assert 20_000 < bodies <= 60_000
    page.keyboard.type("Now")
    expect(page.get_by_role("textbox", name="Your question")).to_have_value("Now")
    context.close()


@seen("desktop light")
def test_only_this_server_is_ever_asked_the_documentation_page_included(
    context: BrowserContext, server: Server
) -> None:
    page = context.new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(f"{server.url}docs")
    expect(page.get_by_text("/api/ask", exact=True)).to_be_visible()
    assert [url for url in urls if not url.startswith((server.url, "data:"))] == []
