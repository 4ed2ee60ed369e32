"""What a follow-up question takes over from the turn before it: found by the service, taken away by a person."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, Route, expect
from support.browsing import ANSWERED, UNANSWERED, ask, asked, expect_held, seen, send

COST = "How much did the ferry terminal cost to build?"
OPENED = "When did it open?"
CHIPS = ["40 million euros", "ferry terminal cost", "build"]


def carried(page: Page) -> list[str]:
    return page.locator(".turn").last.get_by_role("group", name="Following up").get_by_role("button").all_inner_texts()


def take_away(page: Page, words: str) -> None:
    page.get_by_role("button", name=f"Following up: {words}. Remove", exact=True).click()


def test_a_follow_up_says_what_it_takes_over_and_each_word_of_it_can_be_taken_away(page: Page) -> None:
    bodies = asked(page)
    ask(page, COST)
    ask(page, OPENED)
    turn = page.locator(".turn").last
    expect(turn.get_by_role("group", name="Following up")).to_have_text(f"Following up:{''.join(CHIPS)}")
    for left in (CHIPS[::2], CHIPS[:1], []):
        with page.expect_response("**/api/ask"):
            take_away(page, next(words for words in carried(page) if words not in left))
        expect(turn.locator(".answer")).to_be_visible()
        assert carried(page) == left
    expect(turn.locator("h2")).to_have_text(OPENED)
    expect(turn).not_to_contain_text("Following up")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    assert [body.get("context") for body in bodies] == [None, None, "40 million euros build", "40 million euros", None]
    assert [body["previous"]["question"] for body in bodies if "previous" in body] == [COST]
    assert [body["question"] for body in bodies] == [COST] + [OPENED] * 4


def test_a_complete_question_and_one_after_no_answer_take_nothing_over(page: Page) -> None:
    bodies = asked(page)
    ask(page, COST)
    ask(page, UNANSWERED)
    ask(page, OPENED)  # "it" would be what was not answered
    ask(page, ANSWERED)
    expect(page.get_by_role("group", name="Following up")).to_have_count(0)
    assert [body.get("context") for body in bodies] == [None] * 4
    assert ["previous" in body for body in bodies] == [False, True, False, True]


def test_what_was_taken_over_is_kept_and_saved_and_can_be_taken_away_later(page: Page) -> None:
    ask(page, COST)
    ask(page, OPENED)
    page.reload()
    expect(page.get_by_role("group", name="Following up")).to_be_visible()
    assert carried(page) == CHIPS
    with page.expect_response("**/api/ask"):
        take_away(page, "build")
    expect(page.locator(".answer")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("group", name="Following up")).to_be_visible()
    assert carried(page) == CHIPS[:2]
    expect(page.locator(".turn")).to_have_count(2)
    for label in ("Save as JSON", "Save as Markdown"):
        page.get_by_role("button", name="Conversation", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        if label == "Save as JSON":
            assert [turn["chips"] for turn in json.loads(text)["turns"]] == [[], CHIPS[:2]]
        else:
            assert re.search(r"\*Asked \S+, following up “40 million euros” “ferry terminal cost”\.\*", text)


@seen("phone dark")
def test_a_follow_up_that_was_stopped_takes_the_same_over_when_tried_again(page: Page) -> None:
    held: list[Route] = []
    bodies = asked(page)
    ask(page, COST)
    page.route("**/api/ask", lambda route: route.fallback() if held else held.append(route))
    send(page, OPENED)
    expect_held(page, held)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_have_text("Stopped.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_have_count(2)
    assert carried(page) == CHIPS
    assert [body["question"] for body in bodies] == [COST, OPENED, OPENED]
    page.unroute_all(behavior="ignoreErrors")


@seen("desktop light")
def test_a_second_word_taken_away_before_the_reply_leaves_one_reply(page: Page) -> None:
    ask(page, COST)
    ask(page, OPENED)
    held: list[Route] = []
    page.route("**/api/ask", lambda route: route.fallback() if held else held.append(route))
    take_away(page, "build")
    expect_held(page, held)
    take_away(page, "ferry terminal cost")
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.get_by_role("alert").filter(has_text="Stopped")).to_have_count(0)
    assert carried(page) == CHIPS[:1]
    page.unroute_all(behavior="ignoreErrors")
