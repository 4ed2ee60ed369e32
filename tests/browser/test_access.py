"""For everyone: axe-core finds nothing in any state, and all can be reached by the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from support.browsing import ANSWERED, UNANSWERED, allow_writing, ask, send

COST = "How much did the ferry terminal cost to build?"


def welcome(page: Page) -> None:
    expect(page.locator("#suggestions li").first).to_be_visible()


def answered(page: Page) -> None:
    allow_writing(page)
    ask(page, COST)
    expect(page.locator(".answer > .verdicts")).to_be_visible()
    for summary in page.locator("summary").all():
        summary.click()


def followed(page: Page) -> None:
    ask(page, COST)
    ask(page, "What did it cost in 2023?")
    expect(page.locator(".terms")).to_have_count(2)
    page.get_by_role("button", name="“in 2023”").click()
    expect(page.get_by_role("button", name="Use them")).to_be_visible()


def abstained(page: Page) -> None:
    ask(page, UNANSWERED)
    page.locator(".abstention summary").click()


def source(page: Page) -> None:
    ask(page, ANSWERED)
    page.locator(".answer > figure").get_by_role("link", name="Open in document").click()
    expect(page.locator("#source mark.current")).to_be_visible()


def filtering(page: Page) -> None:
    page.get_by_role("button", name="+ Filter").click()
    page.locator("#filter-panel").get_by_label("Source").fill("Harbour Gazette")
    page.get_by_label("From", exact=True).fill("2024-01-02")
    page.get_by_label("To", exact=True).fill("2024-01-01")
    expect(page.locator("#filter-panel").get_by_role("checkbox").first).to_be_visible()


def copying(page: Page) -> None:
    ask(page, COST)
    page.get_by_role("button", name="Copy the quote").first.click()
    expect(page.locator("#copy-menu")).to_be_visible()


def documents(page: Page) -> None:
    allow_writing(page)
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#documents-list > li").first).to_be_visible()
    expect(page.locator("#adding")).to_be_visible()


def failed(page: Page) -> None:
    page.route("**/api/ask", lambda route: route.fulfill(status=500, body=""))
    send(page, ANSWERED)
    expect(page.get_by_role("alert")).to_be_visible()


def locked(page: Page) -> None:
    page.route("**/api/ask", lambda route: route.fulfill(status=401, body=""))
    send(page, ANSWERED)
    expect(page.get_by_role("dialog", name="This service asks for a key")).to_be_visible()


def conversations(page: Page) -> None:
    ask(page, COST)
    page.get_by_role("button", name="Conversation", exact=True).click()
    expect(page.locator("#conversation-menu")).to_be_visible()


def clippings(page: Page) -> None:
    ask(page, COST)
    page.locator(".answer > figure").get_by_role("button", name="Keep the quote").click()
    page.get_by_role("link", name="Clippings").click()
    expect(page.locator("#clippings-list mark")).to_be_visible()


def narrowed(page: Page) -> None:
    documents(page)
    page.locator("#by-folder").select_option("ferry")
    page.get_by_role("searchbox", name="Search the documents").fill("residents waited for years")
    expect(page.locator("#inside .passage").first).to_be_visible()


def manuscript(page: Page) -> None:
    page.goto(f"{page.url.partition('#')[0]}#manuscript")
    page.get_by_role("textbox", name="The manuscript").fill(
        "“It cost 41 million euros to build.” “No such words anywhere.”"
    )
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#quotations > li")).to_have_count(2)


def keys(page: Page) -> None:
    page.locator("h1 a").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


STATES = [conversations, clippings, keys, narrowed, manuscript]
STATES += [welcome, answered, followed, abstained, source, filtering, copying, documents, failed, locked]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.slow
def test_axe_finds_nothing(page: Page, state: Callable[[Page], None]) -> None:
    state(page)
    found = Axe().run(page).response["violations"]
    assert [(fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in found] == []


def reached(page: Page, most: int = 40) -> list[str]:
    """The names of what Tab comes to, from where the focus is, until it comes round."""
    names: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const it = document.activeElement; if (it === document.body) return '';"
            " const style = getComputedStyle(it.closest('.box') ?? it);"
            " if (style.outlineStyle === 'none' && style.boxShadow === 'none') return 'UNSEEN ' + it.outerHTML;"
            " return it.getAttribute('aria-label') ?? (it.textContent.trim() || it.id); }"
        )
        if not name or (names and name == names[0]):
            break
        names.append(name)
    return names


def test_the_tab_key_comes_to_everything_in_the_order_of_the_page(page: Page, view: str) -> None:
    ask(page, COST)
    page.locator("h1 a").focus()
    names = reached(page)
    assert not [name for name in names if name.startswith("UNSEEN")]
    expected = [
        "Conversation",
        *(["Check a text"] if view.startswith("desktop") else []),
        "Clippings",
        "Documents",
        "Original",
        "Open in document: New ferry terminal opens after long delay",
    ]
    expected += ["Copy the quote with its citation", "Keep the quote among the clippings"]
    assert names[: len(expected)] == expected
    assert names.index("+ Filter") > len(expected)
    assert names.index("question") == names.index("+ Filter") + 1
    if view.startswith("desktop"):  # the source stands beside, after all else
        assert names.index("Close") > names.index("question")
        assert "source-text" not in names[: names.index("Close")]


def test_a_whole_visit_by_keyboard_alone(page: Page, view: str) -> None:
    page.keyboard.type(COST)
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()
    page.locator("h1 a").focus()
    page.get_by_role("link", name="Documents", exact=True).focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#source-text")).to_be_focused()
    expect(page.locator("#source mark.current")).to_have_text("40 million euros")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Open in document").first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Documents")).to_be_focused()
    for _ in range(2 if view.startswith("phone") else 1):  # there the way to manuscripts stands here
        page.keyboard.press("Tab")
    page.keyboard.type("audit")
    expect(page.locator("#documents-list > li")).to_have_count(1)
    for _ in range(5):  # folder, source, year, order
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="choose files")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#source .source")).to_contain_text("57 million euros")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Auditors count")).to_be_focused()
