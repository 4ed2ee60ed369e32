"""What the times in a question did, said in words and switched off and on; which document is newer; copies."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.browsing import DOCUMENTS, UNANSWERED, ask, asked, seen
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
SAID = {
    "What did the ferry terminal cost in 2023?": ["“in 2023”: prefers 1 Jan 2023 to 31 Dec 2023"],
    "What does the news from 14 June 2023 say of the ferry terminal?": [
        "“from 14 June 2023”: searches only 14 Jun 2023"
    ],
    "Did the latest audit since March 2020 count the ferry terminal?": [
        "“the latest”: prefers the newest",
        "“since March 2020”: prefers 1 Mar 2020 and later",
    ],
    "Which ferry terminal opened before 2024?": ["“before 2024”: prefers 31 Dec 2023 and earlier"],
}
UNUSED = "Times in the question are not used"


def times(page: Page) -> Locator:
    return page.locator(".turn").last.get_by_role("group", name="Times in the question")


@pytest.mark.parametrize("question", SAID)
@pytest.mark.slow
def test_what_each_time_did_is_said_in_words(page: Page, question: str) -> None:
    ask(page, question)
    expect(times(page).get_by_role("button")).to_have_text(SAID[question])


def test_times_are_switched_off_and_on_in_the_same_turn_and_kept_so(page: Page) -> None:
    question, [said] = next(iter(SAID.items()))
    bodies = asked(page)
    ask(page, question)
    times(page).get_by_role("button", name=f"{said}. Remove", exact=True).click()
    expect(times(page)).to_have_text(f"{UNUSED}Use them")
    expect(page.locator(".answer")).to_have_count(1)
    page.reload()
    expect(times(page)).to_have_text(f"{UNUSED}Use them")
    page.get_by_role("button", name="Conversation", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as Markdown").click()
    assert f", {UNUSED.lower()}.*" in Path(download.value.path()).read_text(encoding="utf-8")
    times(page).get_by_role("button", name="Use them").click()
    expect(times(page).get_by_role("button")).to_have_text(said)
    expect(page.locator(".turn")).to_have_count(1)
    assert [body.get("use_dates", True) for body in bodies] == [True, False, True]
    assert {body["question"] for body in bodies} == {question}


def test_a_question_without_times_says_nothing_of_them(page: Page) -> None:
    ask(page, COST)
    ask(page, UNANSWERED)
    expect(page.get_by_role("group", name="Times in the question")).to_have_count(0)


@seen("phone dark")
def test_days_of_the_filter_count_instead_of_the_questions(page: Page) -> None:
    page.get_by_role("button", name="+ Filter").click()
    page.locator("#filter-panel").get_by_label("From", exact=True).fill("2025-01-01")
    page.get_by_role("button", name="Done").click()
    ask(page, next(iter(SAID)))
    expect(times(page)).to_have_text(f"{UNUSED}, since the filters name days")


@seen("desktop light")
def test_last_week_counts_from_the_day_where_the_browser_is(browser: Browser, server: Server, view: str) -> None:
    context = browser.new_context(timezone_id="Pacific/Kiritimati")  # 14 hours ahead
    page = context.new_page()
    page.clock.set_fixed_time("2026-11-22T11:00:00Z")  # a Sunday, there already the Monday after
    page.goto(server.url)
    bodies = asked(page)
    ask(page, "What was reported last week about the ferry terminal?")
    assert bodies[0]["today"] == "2026-11-23"
    expect(times(page).get_by_role("button")).to_have_text("“last week”: searches only 16 Nov 2026 to 22 Nov 2026")
    context.close()


def test_a_document_that_disagrees_is_called_newer_where_it_is(page: Page) -> None:
    for question, other, label in (
        (COST, "57 million euros", "A newer document"),
        ("What did the auditors say the ferry terminal cost to build?", "40 million euros", "Another document"),
    ):
        ask(page, question)
        side = page.locator(".turn").last.locator(".conflicts .side", has=page.get_by_text(other, exact=True))
        expect(side.locator("> .hint")).to_have_text(label)


@pytest.fixture
def reprint(server: Server) -> Iterator[str]:
    """The id of a document that says what another one says."""
    document = {"id": "ferry/reprint", "title": "A reprint", "date": "2023-06-13", "text": DOCUMENTS[0]["text"]}
    address, kind = f"{server.url}api/documents", {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(document).encode(), kind)).close()
    yield "ferry/reprint"
    urllib.request.urlopen(urllib.request.Request(f"{address}/ferry/reprint", method="DELETE")).close()


def test_a_passage_says_in_which_documents_its_copies_are(page: Page, reprint: str, view: str) -> None:
    ask(page, f"How many berths does the new ferry terminal have, seen on a {view}?")
    page.get_by_text("Evidence: ", exact=False).click()
    copies = page.locator(".passage figcaption details")
    expect(copies).to_have_count(1)
    copies.get_by_text("Also in 1 other document", exact=True).click()
    link = copies.get_by_role("link")
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("#source .source")).to_contain_text("The terminal has six berths.")
