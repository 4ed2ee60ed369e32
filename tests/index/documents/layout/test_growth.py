"""Finding the structure of a text is work that grows with the text, whatever the text looks like: each character that
a step is handed is counted, for shapes that are bad for it, at two sizes. And it is bounded."""

from __future__ import annotations

import re
from typing import Any

import pytest

from citeqa.index.documents.layout import finding, headings, lines, lists, markdown, tables, turns
from citeqa.index.structure import MAX_CELLS, MAX_PARTS

SHAPES = [
    "|", "| ", "\t", "a\t", "a\tb\n", "a|b\n", "|a|b|\n", "|-|-|\n", "| a | b |\n|---|---|\n", "+--+--+\n", "- ",
    "- a\n", "-\n", "1. ", "1. a\n", "1.\n", "> ", ">", "> a\n", "> > a\n", "# ", "#", "# a\n", "===\n", "a\n===\n",
    "A: ", "A: b\n", "AB: c\nDE: f\n", "**", "*a* ", "`", "```\n", "[", "[a](b)", "\\|", "\n", "\r", "\r\n", " \n",
    "    a\n", "A\n\n", "You need:\n- a\n\n", "  - a\n    - b\n", "---\n", "ABC\n", "2.1 A\n\n", "\u2028", "a",
]  # fmt: skip
SIZE, TIMES, POWER = 1500, 6, 1.2
MODULES = (finding, headings, lines, lists, markdown, tables, turns)


class Counting:
    """A pattern that counts the characters it is given to look at."""

    work = 0

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pattern, name)

        if name == "split":
            return self._split

        def counted(text: str, start: int = 0, end: int | None = None, *more: Any) -> Any:
            matched = found(text, start, len(text) if end is None else end, *more)
            looked_at = matched.end() if isinstance(matched, re.Match) else len(text[:end])
            Counting.work += 1 + (looked_at - start if matched or name in ("search", "finditer") else 0)
            return matched

        return counted

    def _split(self, text: str, maxsplit: int = 0) -> Any:
        Counting.work += 1 + len(text)
        return self._pattern.split(text, maxsplit)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
def test_the_work_grows_with_the_text(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counting(value))
    trim = lines.trimmed

    def trimmed(text: str, start: int, end: int) -> Any:
        span = trim(text, start, end)
        Counting.work += 1 + end - start - (len(span) if span else 0)
        return span

    for module in MODULES:
        monkeypatch.setattr(module, "trimmed", trimmed, raising=False)

    def work(size: int) -> int:
        Counting.work = 0
        text = "x " + (shape * (1 + size // len(shape)))[:size] + " y."
        finding.lines_structure(text)
        markdown.markdown_structure("# T\n\n" + text)
        return Counting.work

    small, large = work(SIZE), work(SIZE * TIMES)
    assert large <= max(small, SIZE) * TIMES**POWER, (small, large)


@pytest.mark.slow
def test_cells_items_and_lines_beyond_the_bounds_are_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "a\tb\tc\td\te\n" * (MAX_CELLS // 4)
    (table,) = finding.text_structure(rows).tables
    assert MAX_CELLS - 5 <= len(table.cells) <= MAX_CELLS
    piped = "# T\n\n| a | b |\n|---|---|\n" + "| c | d |\n" * (MAX_CELLS * 3 // 4)
    assert MAX_CELLS - 2 <= sum(len(table.cells) for table in finding.text_structure(piped).tables) <= MAX_CELLS
    items = finding.text_structure("- a\n" * (MAX_PARTS + 5)).lists
    assert sum(len(found.items) for found in items) <= MAX_PARTS
    monkeypatch.setattr(lines, "MAX_LINES", 10)
    assert len(lines.lines_of("a\n" * 100, most=lines.MAX_LINES)) == 10


@pytest.mark.slow
def test_one_line_of_bars_is_no_table_and_two_have_no_more_cells_than_the_bound() -> None:
    bars = "|" + "a|" * 100_000
    assert not finding.text_structure(bars).tables
    assert sum(len(table.cells) for table in finding.text_structure(f"{bars}\n{bars}").tables) <= MAX_CELLS
