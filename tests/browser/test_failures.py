"""What goes wrong between the page and the service: late, stopped, busy, locked, gone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from support.browsing import ANSWERED, UNANSWERED, allow_writing, ask, expect_held, open_context, seen, send
from support.servers import Server

PROBLEM = "application/problem+json"


def problem(status: int, detail: str, **headers: str) -> dict[str, Any]:
    """What a route fulfils with: a problem as the service would answer it."""
    return {
        "status": status,
        "content_type": PROBLEM,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()} | {"Content-Type": PROBLEM},
        "body": json.dumps({"title": "A problem", "status": status, "detail": detail, "errors": []}),
    }


def test_while_the_service_works_the_page_says_so(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route))
    send(page, ANSWERED)
    expect(page.locator(".working")).to_have_text("Searching the documents …")
    expect(page.locator("#status")).to_have_text("Searching the documents")
    expect_held(page, held)
    held[0].fallback()
    expect(page.locator(".answer")).to_be_visible()


def test_a_late_reply_never_lands_under_another_question(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route) if not held else route.fallback())
    send(page, ANSWERED)
    expect_held(page, held)
    ask(page, UNANSWERED)
    turns = page.locator("#conversation > li")
    expect(turns.nth(0)).to_contain_text("another question was asked")
    expect(turns.nth(0).locator(".answer")).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")


def test_a_question_can_be_stopped_and_asked_again(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/ask", lambda route: held.append(route) if len(held) < 2 else route.fallback())
    send(page, ANSWERED)
    expect_held(page, held)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_have_text("Stopped.")
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    page.get_by_role("button", name="Try again").click()
    expect_held(page, held, 2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_a_busy_service_is_asked_again_when_it_said_so(page: Page) -> None:
    answers = [problem(503, "Too many questions wait.", Retry_After="2"), problem(429, "Slower.", Retry_After="3")]

    def busy(route: Route) -> None:
        if answers:
            route.fulfill(**answers.pop(0))
        else:
            route.fallback()

    page.clock.install()
    page.route("**/api/ask", busy)
    send(page, ANSWERED)
    expect(page.locator(".working")).to_have_text("The service is busy. Asking again in 2 seconds …")
    page.clock.run_for(1000)
    expect(page.locator(".working")).to_have_text("The service is busy. Asking again in 1 second …")
    page.clock.run_for(1000)
    expect(page.locator(".working")).to_have_text("The service is busy. Asking again in 3 seconds …")
    page.clock.run_for(3000)
    expect(page.locator(".answer")).to_be_visible()


@seen("phone dark")
def test_a_service_that_stays_busy_or_wants_too_long_a_pause_is_not_asked_for_ever(page: Page) -> None:
    asked: list[str] = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**problem(503, "Too many questions wait.", Retry_After="3600"))

    page.route("**/api/ask", busy)
    send(page, ANSWERED)
    expect(page.get_by_role("alert")).to_have_text("Too many questions wait.")
    assert len(asked) == 1


def test_a_problem_is_shown_in_the_services_own_words(page: Page) -> None:
    page.route("**/api/ask", lambda route: route.fulfill(**problem(422, "No.")))
    send(page, ANSWERED)
    expect(page.get_by_role("alert")).to_have_text("No.")
    page.unroute("**/api/ask")
    page.route("**/api/ask", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_text("The service answered with status 502.")
    page.unroute("**/api/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_be_visible()


def test_the_key_is_asked_for_once_and_kept_for_the_tab(page: Page) -> None:
    def locked(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer right-key":
            route.fallback()
        else:
            route.fulfill(**problem(401, "A key is needed."))

    page.route("**/api/**", locked)
    page.reload()
    dialog = page.get_by_role("dialog", name="This service asks for a key")
    expect(dialog.get_by_label("Key")).to_be_focused()
    page.keyboard.type("wrong-key")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("This key was not accepted.")
    page.keyboard.type("right-key")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#suggestions li").first).to_be_visible()
    ask(page, ANSWERED)
    page.reload()
    expect(page.locator(".answer")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert "right-key" not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
    assert page.evaluate("sessionStorage.getItem('citeqa.key')") == "right-key"


@seen("desktop light")
def test_without_a_key_the_page_says_what_is_missing_and_asks_again(page: Page) -> None:
    page.route("**/api/**", lambda route: route.fulfill(**problem(401, "A key is needed.")))
    send(page, ANSWERED)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".turn").get_by_role("alert")).to_contain_text("only to those who have its key")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog", name="This service asks for a key")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".turn").get_by_role("alert")).to_be_visible()


@seen("desktop light")
def test_uploads_carry_the_key_too(page: Page) -> None:
    sent: list[str | None] = []

    def locked(route: Route) -> None:
        sent.append(route.request.headers.get("authorization"))
        if sent[-1] is None:
            route.fulfill(**problem(401, "A key is needed."))
        else:
            route.fulfill(status=201, json={})

    allow_writing(page)
    page.route(re.compile("/api/documents$"), locked)
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#adding")).to_be_visible()
    page.locator("#files").set_input_files([FilePayload(name="a.txt", mimeType="text/plain", buffer=b"A.")])
    page.get_by_label("Key", exact=True).fill("some-key")
    page.keyboard.press("Enter")
    expect(page.locator("#uploads li")).to_contain_text("added")
    assert sent == [None, "Bearer some-key"]


@seen("desktop light")
@pytest.mark.slow
def test_a_lost_server_is_said_and_the_question_can_be_asked_again(
    browser: Browser, view: str, seeds_index: Path
) -> None:
    server = Server(seeds_index)
    context = open_context(browser, view)
    context.unroute_all()
    page = context.new_page()
    page.goto(server.url)
    expect(page.locator("#suggestions li").first).to_be_visible()
    server.stop()
    send(page, ANSWERED)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    again = Server(seeds_index, server.port)
    try:
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".answer, .abstention")).to_be_visible()
    finally:
        again.stop()
        context.close()
