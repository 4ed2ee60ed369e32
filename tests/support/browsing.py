"""The page in a real browser against a real server: the documents it is tested with, and the parts tests share.

Everything a browser complains about fails the test: errors in its console, broken content policies, dialogs, requests
to anywhere but the server."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    Locator,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from citeqa.api.settings import SEEDS
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update

ANSWERED = "How much humanitarian aid has the U.S. pledged to the Cubans?"
SEVERAL = "In which kinds of partnership with the Caribbean does Rubio want to go deeper?"  # has other possible answers
UNANSWERED = "Who discovered penicillin?"
EVENTS = "text/event-stream"
_answers: dict[str, str] = {}  # of the server to a question, by address and body
# No background traffic: the tests' machine may have no network, and needs none.
FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
# The first that is installed. Without a window to draw, pages open in half the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
VIEWS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {
    "phone light": (390, 844, "light"),
    "phone dark": (390, 844, "dark"),
    "desktop light": (1280, 800, "light"),
    "desktop dark": (1280, 800, "dark"),
}
# Each flow at both widths and in both schemes; what is told apart by neither runs in one of them.
PAIRS = ("desktop light", "phone dark")

HOSTILE_TITLE = "<img src=x onerror=\"alert('title')\">Zoo <script>alert('title')</script>"
HOSTILE = (
    "The parrot house <img src=x onerror=\"document.title='owned'\"> opened on 3 May 1987 "
    "<script>document.title='owned'</script> \u202egnirts desrever\u202c with 40 birds.\n\n"
    "<a href=\"javascript:alert('text')\">Read more</a> </div></article></dialog><iframe src='//evil.example'></iframe>"
    '<svg onload=alert(1)> ${alert(1)} {{constructor.constructor("alert(1)")()}} \u2066isolated\u2069 \u0007 \ufeff'
)
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "ferry/opening",
        "title": "New ferry terminal opens after long delay",
        "author": "Ines Duarte",
        "date": "2023-06-14",
        "source": "Harbour Gazette",
        "url": "https://gazette.example/ferry?a=1&b=2",
        "text": "The new ferry terminal opened on Wednesday. It cost 40 million euros to build.\n\n"
        "Residents had waited for eleven years. The terminal has six berths.",
    },
    {
        "id": "ferry/audit",
        "title": "Auditors count the cost of the ferry terminal",
        "author": "Tom Aske",
        "date": "2025-02-03",
        "source": "City Audit Office",
        "url": "https://audit.example/2025/ferry",
        "text": "The ferry terminal was built between 2012 and 2023. It cost 57 million euros to build, "
        "the auditors found.",
    },
    {
        "id": "scripts/many",
        "title": "Зоопарк · حديقة الحيوان · 动物园 🦜",
        "author": "Мария Иванова",
        "source": "صحيفة الصباح",
        "date": "2024-11-05",
        "text": "Notes 🦜🦜 from four keepers.\n\nМосковский зоопарк был открыт в 1864 году на Пресне.\n\n"
        "افتتحت حديقة الحيوان بالجيزة في عام 1891 أمام الزوار.\n\n"
        "北京动物园于1906年建成。🐼 熊猫馆很受欢迎。\n\nThe keepers fed 👩‍👩‍👧 visitors' carrots to 12 goats 🐐.",
    },
    {
        "id": "zoo/hostile",
        "title": HOSTILE_TITLE,
        "author": "<b onclick=alert(1)>Mallory</b>",
        "source": "\"><script>alert('source')</script>",
        "url": "javascript:alert('url')",
        "text": HOSTILE,
    },
]


def build(folder: Path, embedder: Embedder) -> Path:
    """An index of the seed articles and the documents above, in `folder`."""
    rows = folder / "documents.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in DOCUMENTS), encoding="utf-8")
    update(folder / "index", [SEEDS, rows], embedder)
    return folder / "index"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser; the test is skipped where there is none, and fails where there must be one."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        message = "no Chromium found; on Debian: apt install chromium-headless-shell"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, "--disable-sync"])
        yield browser
        browser.close()


def seen(*views: str) -> pytest.MarkDecorator:
    """Run a test in these views only."""
    return pytest.mark.parametrize("view", views, indirect=True)


def open_context(browser: Browser, view: str, *, touch: bool = False) -> BrowserContext:
    """A fresh browser of a width and a scheme, used with a mouse or by touch, in which every question is answered that
    can be."""
    width, height, scheme = VIEWS[view]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=touch,
        is_mobile=touch,
    )
    context.set_default_timeout(20_000)
    context.route("**/api/ask", answering)
    return context


def watched(page: Page, home: str) -> list[str]:
    """What goes wrong in the page from now on: console errors (a refused policy is one), dialogs, requests elsewhere.
    A status that a test has provoked is no error of the page."""
    complaints: list[str] = []

    def dialog(shown: Any) -> None:
        complaints.append(f"a dialog: {shown.message}")
        shown.dismiss()

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", dialog)
    page.on(
        "console", lambda message: complaints.append(message.text) if _is_fault(message.type, message.text) else None
    )
    page.on(
        "request",
        lambda request: None if request.url.startswith((home, "data:", "blob:")) else complaints.append(request.url),
    )
    return complaints


def _is_fault(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith("Failed to load resource")


def fetched(route: Route, **options: Any) -> APIResponse:
    """What the service says to a request of the page, as JSON even where the page asks for events."""
    return route.fetch(headers={**route.request.headers, "accept": "application/json"}, **options)


def answering(route: Route) -> None:
    """Has every question answered but the one that has no answer, however sure the service is: the page is tested.
    What the service said once is remembered for the tests after."""
    body = json.loads(route.request.post_data or "{}")
    if body["question"] != UNANSWERED:
        body["min_confidence"] = 0
    asked = f"{route.request.url} {json.dumps(body, sort_keys=True)}"
    if asked not in _answers:
        events = {**route.request.headers, "accept": EVENTS}
        response = route.fetch(headers=events, post_data=json.dumps(body))
        if response.status != 200:
            route.fulfill(response=response)
            return
        _answers[asked] = response.text()
    route.fulfill(body=_answers[asked], content_type=EVENTS)


def allow_writing(page: Page, writing: bool = True) -> None:
    """Let the service say whether it may write, and load the page again."""

    said = page.request.get(page.url.partition("#")[0] + "api/ready").json() | {"writing": writing}
    page.route("**/api/ready", lambda route: route.fulfill(json=said))
    page.reload()


def ask(page: Page, question: str) -> None:
    """Ask, and wait for what comes of it."""
    send(page, question)
    expect(page.locator("#conversation > li").last.locator(".answer, .abstention")).to_be_visible()


def send(page: Page, question: str) -> None:
    """Ask, without waiting."""
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")


def asked(page: Page) -> list[dict[str, Any]]:
    """The bodies of all questions from now on."""
    bodies: list[dict[str, Any]] = []

    def keep(request: Request) -> None:
        if request.url.endswith("/api/ask"):
            bodies.append(json.loads(request.post_data or ""))

    page.on("request", keep)
    return bodies


def expect_held(page: Page, held: list[Route], count: int = 1) -> None:
    """Wait until so many requests stand in `held`: the page shows that it asks before the request is seen here."""
    for _ in range(200):
        if len(held) >= count:
            return
        page.wait_for_timeout(50)
    assert len(held) >= count


def expect_words(marks: Locator, words: str) -> None:
    """Wait until the pieces of a mark hold these words: a document that is opened again is laid out again."""
    for _ in range(100):
        if "".join(marks.all_text_contents()) == words:
            return
        marks.page.wait_for_timeout(50)
    assert "".join(marks.all_text_contents()) == words


def unmarked(page: Page) -> str:
    """The text that the source pane shows, character by character."""
    return str(page.locator("#source .source").evaluate("element => element.textContent"))
