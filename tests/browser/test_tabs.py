"""What is kept of a conversation: in several tabs, after a reload, after a failure."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from support.browsing import ANSWERED, UNANSWERED, ask, expect_held, seen, send, watched
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
TURNS = ".turn > h2"


def another_tab(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    watched(page, server.url)
    page.goto(server.url)
    return page


@seen("desktop light")
def test_two_tabs_never_write_over_each_others_turns(page: Page, context: BrowserContext, server: Server) -> None:
    ask(page, COST)
    other = another_tab(context, server)
    expect(other.locator(TURNS)).to_have_text([COST])
    ask(page, UNANSWERED)
    ask(other, ANSWERED)
    for tab in (page, other):
        expect(tab.locator(TURNS)).to_have_text([COST, UNANSWERED, ANSWERED])
        expect(tab.locator(".answer")).to_have_count(2)
        tab.reload()
        expect(tab.locator(TURNS)).to_have_text([COST, UNANSWERED, ANSWERED])
    other.close()


@seen("desktop light")
@pytest.mark.slow
def test_a_conversation_that_is_deleted_in_one_tab_goes_in_the_other_and_another_stays(
    page: Page, context: BrowserContext, server: Server
) -> None:
    ask(page, COST)
    other = another_tab(context, server)
    other.get_by_role("button", name="Conversation", exact=True).click()
    other.get_by_role("button", name="New conversation").click()
    ask(other, UNANSWERED)
    expect(page.locator(TURNS)).to_have_text([COST])
    page.get_by_role("button", name="Conversation", exact=True).click()
    page.get_by_role("button", name="Delete this one").click()
    expect(page.locator(TURNS)).to_have_count(0)
    expect(other.locator(TURNS)).to_have_text([UNANSWERED])
    other.reload()
    expect(other.locator(TURNS)).to_have_text([UNANSWERED])
    other.close()


def test_stopped_failed_and_interrupted_questions_survive_a_reload(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route))
    for number, question in enumerate((COST, ANSWERED, UNANSWERED)):
        send(page, question)
        expect_held(page, held, number + 1)
        if number == 0:
            page.get_by_role("button", name="Stop").click()
        elif number == 1:
            held[1].fulfill(status=500, body="")
        expect(page.get_by_role("alert")).to_have_count(min(number + 1, 2))
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    said = ["Stopped.", "The service answered with status 500.", "No answer came before the page was left."]
    expect(page.locator(TURNS)).to_have_text([COST, ANSWERED, UNANSWERED])
    expect(page.get_by_role("alert")).to_have_text(said)
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator(".answer > figure mark")).to_have_text("40 million euros")
    page.reload()
    expect(page.locator(TURNS)).to_have_text([COST, ANSWERED, UNANSWERED])
    expect(page.get_by_role("alert")).to_have_text(said[1:])


# Another writer, who holds the stores for 0.4 seconds.
BUSY = """() => {
  const request = indexedDB.open("citeqa");
  request.onsuccess = () => {
    const turns = request.result.transaction(["conversations", "turns"], "readwrite").objectStore("turns");
    const until = performance.now() + 400;
    const hold = () => { if (performance.now() < until) turns.count().onsuccess = hold; };
    hold();
  };
}"""


@seen("desktop light")
def test_what_the_service_was_asked_survives_a_reload_though_the_store_is_slow(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route))
    page.evaluate(BUSY)
    send(page, COST)
    expect_held(page, held)
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.locator(TURNS)).to_have_text([COST])
    expect(page.get_by_role("alert")).to_have_text("No answer came before the page was left.")


@seen("desktop light")
def test_verdicts_come_back_pressed(page: Page) -> None:
    ask(page, COST)
    row = page.get_by_role("group", name="Was this right?")
    with page.expect_response("**/api/feedback"):
        row.get_by_role("button", name="Wrong").click()
    expect(row).to_contain_text("Thank you.")
    page.reload()
    expect(row.get_by_role("button", pressed=True)).to_have_text(["Wrong"])
    ask(page, COST)
    expect(row.last.get_by_role("button", pressed=True)).to_have_count(0)


def test_the_tabs_title_says_the_last_question(page: Page) -> None:
    assert page.title() == "citeqa"
    question = "متى افتتحت حديقة الحيوان؟ (Giza)"
    ask(page, question)
    expect(page).to_have_title(f"\u2068{question}\u2069 · citeqa")
    page.reload()
    expect(page).to_have_title(f"\u2068{question}\u2069 · citeqa")
