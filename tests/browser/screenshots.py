"""`make screenshots`: the main states of the page, as the documentation shows them, written to tests/screenshots/."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect
from support.browsing import ANSWERED, UNANSWERED, VIEWS, allow_writing, ask, build, chromium, open_context
from support.paths import TESTS
from support.servers import Server

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL

OUT = TESTS / "screenshots"
MANUSCRIPT = """The minister promised “$8 million of humanitarian assistance to Cubans”.

The Harbour Gazette said in 2023: “The new ferry terminal opened on Wednesday.”"""
COLOURS = 128  # of a picture's palette


def answer(page: Page) -> None:
    ask(page, ANSWERED)


def document(page: Page) -> None:
    ask(page, ANSWERED)
    page.locator(".answer").get_by_role("link", name="Open in document").first.click()
    expect(page.locator("#source mark.current")).to_be_visible()


def disagreement(page: Page) -> None:
    ask(page, "How much did the ferry terminal cost to build?")


def abstention(page: Page) -> None:
    ask(page, UNANSWERED)


def documents(page: Page) -> None:
    allow_writing(page)
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#documents-list > li").first).to_be_visible()
    expect(page.locator("#adding")).to_be_visible()


def clippings(page: Page) -> None:
    for question in (ANSWERED, "How much did the ferry terminal cost to build?"):
        ask(page, question)
        page.locator(".answer > figure").last.get_by_role("button", name="Keep the quote").click()
        expect(page.locator("#toast-text")).to_be_visible()
    page.get_by_role("link", name="Clippings").click()
    page.get_by_role("button", name="Verify all").click()
    expect(page.locator("#clippings-list .state").first).to_be_visible()
    expect(page.locator("#toast")).to_be_hidden()


def manuscript(page: Page) -> None:
    page.goto(f"{page.url.partition('#')[0]}#manuscript")
    page.get_by_role("textbox", name="The manuscript").fill(MANUSCRIPT)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#quotations > li").first).to_be_visible()


STATES: list[Callable[[Page], None]] = [answer, document, disagreement, abstention, documents, clippings, manuscript]


def take(browser: Browser, url: str, view: str, state: Callable[[Page], None]) -> None:
    """One picture of one state, with few colours so that it is small."""
    context = open_context(browser, view, touch=view.startswith("phone"))
    context.unroute_all()  # what is shown is what the service says
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#suggestions li").first).to_be_visible()
    state(page)
    picture = Image.open(BytesIO(page.screenshot(caret="hide"))).convert("RGB")
    name = f"{state.__name__}-{view.replace(' ', '-')}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(OUT / name, optimize=True)
    context.close()


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="citeqa-") as temporary:
        models = Path(os.environ.get("CITEQA_MODELS", f"{temporary}/models"))
        server = Server(build(Path(temporary), load_embedder(DEFAULT_MODEL, models)), 0, "--writing")
        try:
            with chromium() as browser:
                for view in VIEWS:
                    for state in STATES:
                        take(browser, server.url, view, state)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
