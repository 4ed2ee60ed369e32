"""Finding one's way in an open document: headings, ticks, words looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect
from support.browsing import ANSWERED, ask, seen, unmarked
from support.servers import Server

LINES = "".join(f"Line {number} 🦜 of the text.\n" for number in range(400))
TEXT = f"{LINES}The second part\n{LINES}A needle lies here.\n{LINES}Another Needle."
PLACE = "#document=zoo%2Fhostile&start={}&end={}"


def structured(route: Route) -> None:
    """The document with a long text that has two headings, whose offsets count code points."""
    response = route.fetch()
    second = TEXT.index("The second part")
    headings = [
        {"start": 0, "end": len("Line 0 🦜 of the text."), "level": 1},
        {"start": second, "end": second + len("The second part"), "level": 2},
    ]
    parts: dict[str, list[object]] = {name: [] for name in ("tables", "lists", "turns", "quotes")}
    route.fulfill(response=response, json=response.json() | {"text": TEXT, "structure": parts | {"headings": headings}})


@seen("desktop light", "phone dark")
def test_headings_are_gone_to_marks_have_ticks_and_words_are_found(page: Page, server: Server) -> None:
    page.route("**/api/documents/zoo/hostile", structured)
    start = TEXT.index("needle")
    page.goto(server.url + PLACE.format(start, start + 6))
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    assert unmarked(page) == TEXT
    tick = page.locator("#source-ticks span")
    expect(tick).to_have_count(1)
    part = float(str(tick.evaluate("tick => parseFloat(tick.style.top)")))
    assert abs(part - 100 * start / len(TEXT)) < 1
    page.get_by_role("button", name="Contents").click()
    page.locator("#outline").get_by_role("button", name="The second part").click()
    expect(page.get_by_role("heading", name="The second part")).to_be_in_viewport()
    expect(page.locator("#source mark.current")).not_to_be_in_viewport()
    find = page.get_by_role("searchbox", name="Find in the document")
    page.locator("#source-text").focus()
    page.keyboard.press("Control+f")
    expect(find).to_be_focused()
    page.keyboard.type("NEEDLE")
    expect(page.locator("#source-found")).to_have_text("2 found")
    page.keyboard.press("Enter")
    expect(page.locator("#source-found")).to_have_text("1 of 2")
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#source-found")).to_have_text("2 of 2")
    expect(page.locator("#source mark.current")).not_to_be_in_viewport()
    assert unmarked(page) == TEXT


@seen("phone light", "desktop light")
def test_all_tools_of_a_document_are_inside_the_window(page: Page) -> None:
    def headed(route: Route) -> None:
        response = route.fetch()
        parts: dict[str, list[object]] = {name: [] for name in ("tables", "lists", "turns", "quotes")}
        headings = [{"start": 0, "end": 9, "level": 1}, {"start": 20, "end": 29, "level": 1}]
        route.fulfill(response=response, json=response.json() | {"structure": parts | {"headings": headings}})

    page.route("**/api/documents/002*", headed)
    ask(page, ANSWERED)
    ask(page, "Who called for constructive dialogue between Cuba and the United States?")
    page.locator(".answer").first.get_by_role("link", name="Open in document").first.click()
    expect(page.locator("#source mark.current").first).to_be_in_viewport()
    expect(page.get_by_role("button", name="Contents")).to_be_visible()
    page.get_by_role("searchbox", name="Find in the document").fill("the")
    expect(page.locator("#source-found")).to_contain_text("found")
    boxes = [tool.bounding_box() for tool in page.locator("#source-tools > *").filter(visible=True).all()]
    assert len(boxes) >= 7
    source = page.locator("#source").bounding_box()
    assert source
    right = source["x"] + source["width"]
    assert [box for box in boxes if box and not source["x"] <= box["x"] <= box["x"] + box["width"] <= right] == []
    ticks, text = page.locator("#source-ticks").bounding_box(), page.locator("#source-text").bounding_box()
    assert ticks
    assert text
    assert text["y"] <= ticks["y"] <= text["y"] + 10  # the marks' ticks span the text, however many lines are above it


TABLE = "Costs 🦜 of it.\nCrew\tPlan\tYearly\nTwo\tsmall\t24 euros\n\t\t30 euros\nThe end."
CELLS = [("Crew", 0, 0), ("Plan", 0, 1), ("Yearly", 0, 2), ("Two", 1, 0), ("small", 1, 1), ("24 euros", 1, 2)]


@seen("desktop light")
def test_tables_are_drawn_as_tables_and_hold_the_text_to_the_character(page: Page, server: Server) -> None:
    def with_table(route: Route) -> None:
        response = route.fetch()
        cells = [
            {"start": TABLE.index(words), "end": TABLE.index(words) + len(words), "row": row, "column": column}
            | {"rows": 2 if words == "Two" else 1, "columns": 1}
            for words, row, column in [*CELLS, ("30 euros", 2, 2)]
        ]
        whole = {"start": cells[0]["start"], "end": cells[-1]["end"], "cells": cells, "caption": None}
        parts: dict[str, list[object]] = {name: [] for name in ("headings", "lists", "turns", "quotes")}
        structure = parts | {"tables": [whole | {"header_rows": 1, "header_columns": 1}]}
        route.fulfill(response=response, json=response.json() | {"text": TABLE, "structure": structure})

    page.route("**/api/documents/zoo/hostile", with_table)
    start = TABLE.index("24 euros")
    page.goto(server.url + PLACE.format(start, start + 8))
    expect(page.locator("#source td mark.current")).to_have_text("24 euros")
    assert unmarked(page) == TABLE
    rows = page.locator("#source tr")
    shown = [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows.all()]
    assert shown == [["Crew", "Plan", "Yearly"], ["Two", "small", "24 euros"], ["", "30 euros"]]
    expect(page.locator("#source th")).to_have_text(["Crew", "Plan", "Yearly", "Two"])


def saying(told: dict[str, Any]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=told)


@seen("desktop light", "phone dark")
def test_pages_have_their_numbers_and_lead_to_the_file_without_adding_text(page: Page, server: Server) -> None:
    pages = [0, TEXT.index("The second part"), TEXT.index("A needle")]

    told: dict[str, Any] = {"text": TEXT, "pages": pages, "structure": None}

    def paged(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | told)

    ready = page.request.get(f"{server.url}api/ready").json()
    page.route("**/api/documents/zoo/hostile", paged)
    start = TEXT.index("needle")
    for originals, original in ((False, True), (True, False), (True, True)):
        allowed, told["original"] = originals and original, original
        page.route("**/api/ready", saying(ready | {"originals": originals}))
        page.goto(server.url)
        expect(page.locator("#suggestions li").first).to_be_visible()
        page.goto(server.url + PLACE.format(start, start + 6))
        expect(page.locator("#source mark.current")).to_be_in_viewport()
        assert unmarked(page) == TEXT
        breaks = page.locator("#source .page")
        expect(breaks).to_have_count(3)
        assert [mark.get_attribute("data-page") for mark in breaks.all()] == ["Page 1", "Page 2", "Page 3"]
        above = breaks.nth(2).evaluate("mark => mark.nextSibling.textContent")
        assert above.startswith("A ")
        hrefs = [mark.get_attribute("href") for mark in breaks.all()]
        file = "api/originals/zoo/hostile"
        assert hrefs == ([f"{file}#page={number}" for number in (1, 2, 3)] if allowed else [None] * 3)
        link = page.locator("#source-about").get_by_role("link", name="File")
        expect(link).to_have_count(int(allowed))
        page.reload()
