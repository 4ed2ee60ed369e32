"""A browser, a server, and the page opened in one and served by the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.browsing import PAIRS, build, chromium, open_context, watched
from support.servers import Server

from citeqa.index.embedding.embedder import Embedder

HERE = Path(__file__).parent

expect.set_options(timeout=30_000)  # milliseconds that a slow machine may take for what is waited for


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in this folder needs a browser. What is seen in several views is slow in all but one of them."""
    seen: dict[tuple[object, ...], object] = {}
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker("browser")
        if isinstance(item, pytest.Function) and "view" in getattr(getattr(item, "callspec", None), "params", {}):
            others = {name: value for name, value in item.callspec.params.items() if name != "view"}
            seen.setdefault((item.path, item.originalname, repr(others)), item.callspec.params["view"])
            if seen[item.path, item.originalname, repr(others)] != item.callspec.params["view"]:
                item.add_marker("slow")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Server]:
    """One server for all tests of the page. It may write; a test that does takes back what it wrote."""
    server = Server(build(tmp_path_factory.mktemp("page"), embedder), 0, "--writing")
    yield server
    server.stop()


@pytest.fixture(params=PAIRS)
def view(request: pytest.FixtureRequest) -> str:
    """The name of one of VIEWS; a test names others with `@seen("desktop light")`."""
    return str(request.param)


@pytest.fixture
def context(browser: Browser, server: Server, view: str) -> Iterator[BrowserContext]:
    context = open_context(browser, view)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page, opened; the test fails if the browser complained about anything meanwhile."""
    page = context.new_page()
    complaints = watched(page, server.url)
    page.goto(server.url)
    page.locator("#suggestions li").first.wait_for()  # what the page asks by itself has been answered
    yield page
    assert complaints == []
