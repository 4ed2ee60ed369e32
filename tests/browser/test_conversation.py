"""The conversation: kept in the browser, cleared, saved with its citations; what is copied; what is searched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from support.browsing import ANSWERED, DOCUMENTS, SEVERAL, UNANSWERED, allow_writing, ask, asked, seen, send
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
GIVEN = re.compile("40 million euros")


def saved(page: Page, label: str) -> str:
    page.get_by_role("button", name="Conversation", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def copied(page: Page, label: str) -> str:
    page.locator(".answer > figure").get_by_role("button", name="Copy the quote").click()
    page.get_by_role("button", name=label).click()
    expect(page.locator("#toast-text")).to_have_text("Copied")
    return str(page.evaluate("navigator.clipboard.readText()")).replace("\r\n", "\n")


def test_the_conversation_survives_a_reload_and_is_cleared_by_a_button(page: Page) -> None:
    ask(page, COST)
    ask(page, UNANSWERED)
    page.reload()
    expect(page.locator(".turn > h2")).to_have_text([COST, UNANSWERED])
    expect(page.locator(".answer > figure mark")).to_have_text(GIVEN)
    expect(page.locator("#welcome")).to_be_hidden()
    page.get_by_role("button", name="Conversation", exact=True).click()
    page.get_by_role("button", name="Delete this one").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn > h2")).to_have_text([COST, UNANSWERED])
    page.get_by_role("button", name="Conversation", exact=True).click()
    page.get_by_role("button", name="Delete this one").click()
    expect(page.locator(".turn")).to_have_count(0)  # it is gone for good
    page.reload()
    expect(page.locator("#suggestions li").first).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_role("button", name="Conversation", exact=True)).to_be_hidden()


def test_each_turn_begins_at_the_top_of_the_view(page: Page) -> None:
    for question in (COST, UNANSWERED, ANSWERED):
        ask(page, question)
        turn, header = page.locator(".turn").last.bounding_box(), page.locator("#top").bounding_box()
        assert turn
        assert header
        assert abs(turn["y"] - header["height"]) < 20


@seen("desktop light")
def test_a_turn_that_another_version_kept_is_left_out_if_it_cannot_be_shown(page: Page) -> None:
    ask(page, COST)
    page.evaluate(
        """async () => {
            const { put, all } = await import("/static/store.js");
            const [turn] = await all("turns");
            const bad = { index: {}, answered: true, answer: {} };
            const odd = [{ response: {} }, { question: 7 }, { response: bad }, { fault: null }];
            for (const [number, each] of odd.entries()) {
                await put("turns", { ...turn, response: null, id: `odd ${number}`, ...each });
            }
        }"""
    )
    page.reload()
    expect(page.locator(".turn > h2")).to_have_text([COST])
    expect(page.locator(".answer > figure mark")).to_have_text(GIVEN)


@seen("phone dark")
def test_without_a_database_the_page_works_and_forgets(page: Page) -> None:
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page.reload()
    ask(page, COST)
    assert json.loads(saved(page, "Save as JSON"))["turns"][0]["question"] == COST
    page.reload()
    expect(page.locator("#suggestions li").first).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)


def test_it_is_saved_as_json_and_markdown_with_whole_citations(page: Page, server: Server) -> None:
    ask(page, COST)
    ask(page, UNANSWERED)
    whole = json.loads(saved(page, "Save as JSON"))
    first, second = whole["turns"]
    citation = first["response"]["answer"]["citation"]
    assert (first["question"], citation["quote"]) == (COST, "40 million euros")
    assert citation["document_sha256"]
    assert second["response"]["answered"] is False
    text = saved(page, "Save as Markdown")
    assert f"## {COST}\n" in text
    assert "> It cost 40 million euros to build.\n" in text
    assert "Ines Duarte, Harbour Gazette, 14 June 2023" in text
    assert citation["document_sha256"] in text
    assert "A newer document says otherwise:\n\n> It cost 57 million euros to build, the auditors found." in text
    assert "**Not in these documents.**" in text


def test_the_quote_is_copied_with_its_citation_in_three_forms(page: Page, server: Server) -> None:
    ask(page, COST)
    link = copied(page, "Link to the passage")
    assert link.startswith(f"{server.url}#document=ferry%2Fopening&start=")
    assert copied(page, "As plain text") == (
        "“It cost 40 million euros to build.”\n"
        "— Ines Duarte, “New ferry terminal opens after long delay”, Harbour Gazette, 14 June 2023\n"
        f"https://gazette.example/ferry?a=1&b=2\n{link}"
    )
    assert copied(page, "As Markdown") == (
        "> It cost 40 million euros to build.\n>\n> — [New ferry terminal opens after long delay]"
        "(<https://gazette.example/ferry?a=1&b=2>), Ines Duarte, Harbour Gazette, 14 June 2023 "
        f"([passage](<{link}>))"
    )
    assert copied(page, "As BibTeX") == (
        "@misc{Duarte2023New,\n  author = {{Ines Duarte}},\n"
        "  title = {{New ferry terminal opens after long delay}},\n  howpublished = {Harbour Gazette},\n"
        "  year = {2023},\n  month = jun,\n  day = {14},\n  url = {https://gazette.example/ferry?a=1&b=2},\n"
        "  note = {Quoted: It cost 40 million euros to build.}\n}"
    )
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#source mark.current")).to_have_text("40 million euros")


def test_copying_works_by_keyboard_and_where_the_clipboard_is_refused(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    ask(page, COST)
    opener = page.locator(".answer > figure").get_by_role("button", name="Copy the quote")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="As plain text")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="As Markdown")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#toast-text")).to_have_text("Copied")
    expect(opener).to_be_focused()


def test_filters_stand_as_chips_and_decide_what_is_searched(page: Page) -> None:
    bodies = asked(page)
    page.get_by_role("button", name="+ Filter").click()
    panel = page.locator("#filter-panel")
    expect(panel.get_by_role("checkbox")).to_have_count(9)
    expect(page.locator("#sources option")).to_have_count(4)
    panel.get_by_label("Source").fill("City Audit Office")
    panel.get_by_label("From", exact=True).fill("2025-01-01")
    panel.get_by_label("To", exact=True).fill("2025-12-31")
    panel.get_by_label("Documents", exact=True).fill("auditors")
    expect(panel.get_by_role("checkbox")).to_have_count(1)
    panel.get_by_role("checkbox").check()
    panel.get_by_role("button", name="Done").click()
    chips = page.locator(".chip.on")
    expect(chips).to_have_text(
        ["Source: City Audit Office", "From: 1 January 2025", "To: 31 December 2025", re.compile("^Document: Auditors")]
    )
    ask(page, COST)
    expect(page.locator(".answer > figure mark")).to_have_text("57 million euros")
    expect(page.locator(".turn .scope")).to_contain_text("City Audit Office, from 1 January 2025, to 31 December 2025")
    while chips.count():
        chips.first.click()
    expect(page.get_by_role("button", name="+ Filter")).to_be_focused()
    ask(page, ANSWERED)
    dates = {"date_from": "2025-01-01", "date_to": "2025-12-31"}
    whole = {"source": "City Audit Office", **dates, "document_ids": ["ferry/audit"]}
    assert [body.get("filters") for body in bodies] == [whole, None]


def test_filters_that_leave_nothing_are_told_and_reversed_days_are_not_asked_with(page: Page) -> None:
    page.get_by_role("button", name="+ Filter").focus()
    page.keyboard.press("Enter")
    panel = page.locator("#filter-panel")
    panel.get_by_label("From", exact=True).fill("2025-02-01")
    panel.get_by_label("To", exact=True).fill("2025-01-01")
    expect(panel.get_by_role("alert")).to_have_text("The first day is after the last.")
    bodies = asked(page)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    for suggested in (False, True):
        if suggested:
            page.locator("#suggestions button").first.click()
        else:
            send(page, COST)
        expect(panel.get_by_role("alert")).to_be_in_viewport()
        expect(panel.get_by_label("To", exact=True)).to_be_focused()
        page.keyboard.press("Escape")
    assert bodies == []
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="+ Filter").focus()
    page.keyboard.press("Enter")
    panel.get_by_label("To", exact=True).fill("2025-02-02")
    expect(panel.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="+ Filter")).to_be_focused()
    ask(page, COST)
    expect(page.locator(".searched")).to_contain_text("only from 1 February 2025, to 2 February 2025.")


def judged(page: Page, within: Locator, label: str) -> dict[str, Any]:
    """What the service was told, which it has accepted."""
    with page.expect_response("**/api/feedback") as said:
        within.get_by_role("button", name=label).click()
    assert said.value.status == 204
    expect(within.get_by_role("button", name=label)).to_have_attribute("aria-pressed", "true")
    expect(within).to_contain_text("Thank you.")
    body: dict[str, Any] = json.loads(said.value.request.post_data or "")
    return body


def test_answers_are_judged_with_their_words(page: Page) -> None:
    ask(page, COST)
    row = page.locator(".answer").get_by_role("group", name="Was this right?")
    for label in ("Wrong", "Right"):
        said = judged(page, row, label)
        citation = said.pop("citation")
        assert said == {"question": COST, "verdict": label.lower()}
        assert set(citation) == {"document_id", "document_sha256", "start", "end", "quote"}
        assert citation["quote"] == "40 million euros"
    expect(row.get_by_role("button", pressed=True)).to_have_text("Right")


def test_another_possible_answer_is_said_to_be_the_one_that_should_have_been_found(page: Page) -> None:
    ask(page, SEVERAL)
    page.get_by_text("Other possible answers").click()
    other = page.locator(".answer details figure", has=page.get_by_role("button", name="Should have been found")).first
    said = judged(page, other, "Should have been found")
    assert (said["question"], said["verdict"]) == (SEVERAL, "missing")
    assert said["citation"]["quote"] == other.locator("mark").text_content()


def mark(page: Page, words: str) -> None:
    """Select these words in the open document, as the mouse does."""
    page.locator("#source .source").evaluate(
        """(source, words) => {
            const places = document.createTreeWalker(source, NodeFilter.SHOW_TEXT);
            while (places.nextNode()) {
                const at = places.currentNode.data.indexOf(words);
                const node = places.currentNode;
                if (at >= 0) getSelection().setBaseAndExtent(node, at, node, at + words.length);
            }
        }""",
        words,
    )


def test_words_marked_in_a_document_are_said_to_be_what_should_have_been_found(page: Page) -> None:
    ask(page, UNANSWERED)
    page.get_by_role("link", name="Documents").click()
    page.locator("#documents-list").get_by_role("link", name="Зоопарк").click()
    expect(page.locator("#source .source")).to_contain_text("🐼 熊猫馆很受欢迎")
    offer = page.locator("#source-marking")
    expect(offer).to_be_empty()
    mark(page, "🐼 熊猫馆很受欢迎。\n\n")
    expect(offer).to_contain_text(f"The marked words, for “{UNANSWERED}”")
    said = judged(page, offer, "Should have been found")
    text = next(str(row["text"]) for row in DOCUMENTS if row["id"] == "scripts/many")
    start = text.index("🐼")
    place = {"start": start, "end": start + len("🐼 熊猫馆很受欢迎。"), "quote": "🐼 熊猫馆很受欢迎。"}
    assert said["verdict"] == "missing"
    assert said["citation"].items() >= (place | {"document_id": "scripts/many"}).items()
    mark(page, "\n\n")
    expect(offer).to_be_empty()


def test_that_nothing_answers_is_confirmed_or_denied(page: Page) -> None:
    ask(page, UNANSWERED)
    row = page.locator(".abstention").get_by_role("group", name="Was this right?")
    nowhere = {"question": UNANSWERED, "citation": None}
    assert judged(page, row, "Wrong") == nowhere | {"verdict": "wrong"}
    assert judged(page, row, "Right") == nowhere | {"verdict": "missing"}


@seen("desktop light")
def test_answers_are_not_judged_where_writing_is_not_allowed(page: Page) -> None:
    allow_writing(page, writing=False)
    ask(page, COST)
    expect(page.locator(".verdicts").filter(visible=True)).to_have_count(0)
