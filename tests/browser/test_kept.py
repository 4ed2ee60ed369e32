"""Several conversations, and clippings over all of them: found again, renamed, saved, verified."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browsing import ANSWERED, UNANSWERED, ask, seen
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
TURNS = ".turn > h2"
NOTED = 'async () => (await (await import("/static/store.js")).all("clippings")).some(({ note }) => note)'
TEXT = "The glass bridge of Vila Torta was opened by Rosa Lima. It is forty metres long."


def menu(page: Page, label: str) -> None:
    page.get_by_role("button", name="Conversation", exact=True).click()
    page.locator("#conversation-menu").get_by_role("button", name=label).click()


def test_conversations_are_begun_gone_back_to_renamed_and_deleted(page: Page) -> None:
    ask(page, COST)
    menu(page, "New conversation")
    expect(page.locator(TURNS)).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    page.reload()
    expect(page.locator("#welcome")).to_be_visible()
    ask(page, UNANSWERED)
    menu(page, "Rename this one")
    page.get_by_label("The conversation’s title").fill("Medicine")
    page.keyboard.press("Enter")
    menu(page, COST)
    expect(page.locator(TURNS)).to_have_text([COST])
    menu(page, "Medicine")
    expect(page.locator(TURNS)).to_have_text([UNANSWERED])
    menu(page, "Delete this one")
    expect(page.locator(TURNS)).to_have_count(0)
    expect(page.locator("#toast-text")).to_contain_text("Medicine")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(TURNS)).to_have_text([UNANSWERED])
    page.get_by_role("button", name="Conversation", exact=True).click()
    expect(page.locator("#earlier button")).to_have_text([COST])


@pytest.fixture
def bridge(server: Server) -> Iterator[str]:
    put(server, TEXT)
    yield "bridge"
    request = urllib.request.Request(f"{server.url}api/documents/bridge", method="DELETE")
    urllib.request.urlopen(request).close()


def put(server: Server, text: str) -> None:
    body, kind = json.dumps({"id": "bridge", "text": text}).encode(), {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{server.url}api/documents", body, kind)).close()


def keep(page: Page) -> None:
    page.locator(".answer > figure").last.get_by_role("button", name="Keep the quote").click()
    expect(page.locator("#toast-text")).to_contain_text("among the clippings")


def saved(page: Page, label: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_quotes_are_kept_with_notes_over_conversations_and_saved(page: Page) -> None:
    ask(page, COST)
    keep(page)
    keep(page)  # once more makes no second one
    menu(page, "New conversation")
    ask(page, ANSWERED)
    keep(page)
    page.get_by_role("link", name="Clippings").click()
    rows = page.locator("#clippings-list > li")
    expect(rows).to_have_count(2)
    expect(page.locator("#clippings-count")).to_have_text("2 clippings")
    expect(rows.last.locator("mark")).to_have_text("40 million euros")
    expect(rows.last).to_contain_text(COST)
    rows.last.get_by_label("Note").fill("For the {third} chapter")
    page.keyboard.press("Tab")
    page.wait_for_function(NOTED)
    page.reload()
    expect(rows.last.get_by_label("Note")).to_have_value("For the {third} chapter")
    markdown, bibtex = saved(page, "Markdown"), saved(page, "BibTeX")
    assert "> It cost 40 million euros to build." in markdown
    assert "For the {third} chapter" in markdown
    assert bibtex.count("@misc{") == 2
    assert "annote = {For the \\{third\\} chapter}" in bibtex
    whole = json.loads(saved(page, "JSON"))["clippings"]
    assert [one["citation"]["quote"] for one in whole][1] == "40 million euros"
    rows.first.get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)


@seen("desktop light")
def test_clippings_are_verified_again_in_one_go(page: Page, server: Server, bridge: str) -> None:
    ask(page, "Who opened the glass bridge of Vila Torta?")
    keep(page)
    ask(page, COST)
    keep(page)
    page.get_by_role("link", name="Clippings").click()
    verify = page.get_by_role("button", name="Verify all")
    told, states = page.locator("#verified"), page.locator("#clippings-list .state")
    verify.click()
    expect(told).to_have_text("2 still stand")
    put(server, f"A word before it. {TEXT}")
    verify.click()
    expect(told).to_have_text("1 still stands, 1 has moved")
    expect(states).to_have_text(["Still stands", "Has moved"])
    page.get_by_role("button", name="Take over the new place").click()
    put(server, "All else. " * 20)
    verify.click()
    expect(states).to_have_text(["Still stands", "Has changed"])


def test_marked_words_are_kept(page: Page) -> None:
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current")).to_be_visible()
    page.locator("#source mark.current").evaluate("mark => getSelection().selectAllChildren(mark)")
    page.locator("#source-marking").get_by_role("button", name="Keep the quote").click()
    page.goto(f"{page.url.partition('#')[0]}#clippings")
    expect(page.locator("#clippings-list mark")).to_have_text("40 million euros")
    page.get_by_role("button", name="Verify all").click()
    expect(page.locator("#verified")).to_have_text("1 still stands")


@seen("desktop light")
def test_keys_reach_the_question_recall_it_step_and_are_told(page: Page) -> None:
    last = "Who called for constructive dialogue between Cuba and the United States?"
    ask(page, ANSWERED)
    ask(page, last)
    box = page.get_by_role("textbox", name="Your question")
    page.keyboard.press("ArrowUp")
    expect(box).to_have_value(last)
    box.fill("")
    page.locator(".answer > figure").last.get_by_role("link", name="Open in document").focus()
    before = page.locator("#source-position").text_content() or ""
    assert " of " in before
    page.keyboard.press("n")
    expect(page.locator("#source-position")).not_to_have_text(before)
    page.keyboard.press("p")
    expect(page.locator("#source-position")).to_have_text(before)
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("n?/")
    expect(box).to_have_value("n?/")
    page.locator("h1 a").focus()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("to the question")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


@seen("desktop light")
def test_the_first_thing_to_reach_skips_to_the_question(page: Page) -> None:
    page.locator("h1 a").focus()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Skip to the question")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
