"""A phone that is touched: all targets are large enough for a finger, and the keyboard leaves room for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import ANSWERED, SEVERAL, allow_writing, ask, open_context, seen
from support.servers import Server

COST = "How much did the ferry terminal cost to build?"
FINGER = 44  # pixels
# What can be touched and is smaller: a link in the middle of a sentence may be, and of a box its label is touched.
SMALL = """finger => [...document.querySelectorAll("a, button, summary, select, input, textarea")]
  .filter(it => it.checkVisibility({ visibilityProperty: true }) && !it.matches(".unseen, p > a, p > button, #skip"))
  .filter(it => !document.querySelector("dialog:modal") || it.closest("dialog"))
  .map(it => it.type === "checkbox" ? it.closest("label") : it)
  .map(it => [it, it.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.round(height) < finger || Math.round(width) < finger)
  .map(([it, { width, height }]) => `${Math.round(width)} x ${Math.round(height)}: ${it.outerHTML.slice(0, 90)}`)"""


@pytest.fixture
def phone(browser: Browser, server: Server, view: str) -> Iterator[Page]:
    context = open_context(browser, view, touch=True)
    page = context.new_page()
    page.goto(server.url)
    page.locator("#suggestions li").first.wait_for()
    yield page
    context.close()


def answered(page: Page) -> None:
    ask(page, COST)
    for summary in page.locator("summary").all():
        summary.tap()


def opened(page: Page) -> None:
    ask(page, ANSWERED)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").tap()
    expect(page.locator("#source mark.current")).to_be_visible()


def documents(page: Page) -> None:
    allow_writing(page)
    page.get_by_role("link", name="Documents").tap()
    expect(page.locator("#documents-list > li").first).to_be_visible()
    expect(page.locator("#adding")).to_be_visible()


def filtering(page: Page) -> None:
    page.get_by_role("button", name="+ Filter").tap()
    expect(page.locator("#filter-panel").get_by_role("checkbox").first).to_be_visible()


def clippings(page: Page) -> None:
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("button", name="Keep the quote").tap()
    page.get_by_role("link", name="Clippings").tap()
    expect(page.locator("#clippings-list mark")).to_be_visible()


def menu(page: Page) -> None:
    ask(page, COST)
    page.get_by_role("button", name="Conversation", exact=True).tap()
    page.get_by_role("button", name="Rename this one").tap()
    expect(page.get_by_label("The conversation’s title")).to_be_visible()


def manuscript(page: Page) -> None:
    page.goto(f"{page.url}#manuscript")
    page.get_by_role("textbox", name="The manuscript").fill("“It cost 41 million euros to build.”")
    page.get_by_role("button", name="Check", exact=True).tap()
    expect(page.locator("#quotations > li")).to_be_visible()


@seen("phone light")
@pytest.mark.parametrize(
    "state",
    [answered, opened, documents, filtering, clippings, menu, manuscript],
    ids=lambda state: str(state.__name__),
)
def test_what_is_touched_is_large_enough(phone: Page, state: Callable[[Page], None]) -> None:
    state(phone)
    assert phone.evaluate(SMALL, FINGER) == []


@seen("phone light")
def test_what_is_large_to_touch_reads_as_elsewhere(phone: Page) -> None:
    ask(phone, SEVERAL)
    line = phone.locator(".others summary")
    assert "\n" not in line.inner_text()
    assert line.inner_text().startswith("Other possible answers: ")
    documents(phone)
    for title in phone.locator("#documents-list a").all():
        assert int(title.evaluate("title => title.clientHeight")) <= 52  # two lines: of a third one nothing shows


@seen("phone light")
def test_the_keyboard_leaves_room_for_the_answer(phone: Page) -> None:
    ask(phone, ANSWERED)
    expect(phone.get_by_role("textbox", name="Your question")).not_to_be_focused()
    expect(phone.locator(".turn > h2")).to_be_in_viewport()
