"""Pipe tables are seen where markdown-it-py sees them, with the cells it sees, at the cost of their lines."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from citeqa.index.documents.layout import markdown
from citeqa.index.documents.layout.markdown import contents_of, markdown_structure
from citeqa.index.documents.layout.markdown_blocks import parser

MOST = 2000  # cells
LINES = st.sampled_from([
    "| a | b |", "|---|---|", "---|---", "a | b", "| a |", "|a|b|c|", "| \\| | `x|y` |", "\\\\|", "", "  ",
    "    | a | b |",
    "> | a | b |", "> |---|---|", "- | a | b |", "  |---|---|", "words", "# T", "---", "```", "|", "||", "\t| a",
    "é|😀",
    ":--|--:", "1. | a | b |", "   |:-:|---|", "<div>", "===",
])  # fmt: skip


def library_tables(text: str) -> list[tuple[list[int] | None, list[list[str]]]]:
    """The lines and the contents of tables as the library's own rule has them."""
    library = MarkdownIt("commonmark").enable("table").disable("reference")
    library.core.ruler.enableOnly(["normalize", "block"])
    found, tokens = list[tuple[list[int] | None, list[list[str]]]](), library.parse(text)
    for number, token in enumerate(tokens):
        if token.type == "table_open":
            found.append((token.map, []))
        elif token.type == "tr_open":
            found[-1][1].append(row_of(tokens[number + 1 :]))
    return found


def row_of(tokens: Sequence[Token]) -> list[str]:
    end = next(number for number, token in enumerate(tokens) if token.type == "tr_close")
    return [token.content for token in tokens[:end] if token.type == "inline"]


@given(st.lists(LINES, max_size=12).map("\n".join))
@example("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n\nwords")
@example("> | a | b |\n> |---|---|\n> | 1 | 2 |\n| 3 | 4 |")
def test_tables_are_those_of_the_library(text: str) -> None:
    ours = []
    for token in parser().parse(text):
        if token.type == "pipe_table":
            rows = [contents_of(row, 9) for row in token.meta["rows"]]
            width = len(rows[0])
            ours.append((token.map, [(row + [""] * width)[:width] for row in rows]))
    assert ours == library_tables(text)


@pytest.mark.parametrize("columns", [1, 10, 100])
def test_a_table_is_one_token_and_no_more_rows_are_taken_apart_than_its_cells_allow(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MAX_CELLS", MOST)
    rows = 2 * MOST // columns
    text = "\n".join(["# T", "", "|a" * columns + "|", "|-" * columns + "|", *["|b" * columns + "|"] * rows])
    assert sum(token.type == "pipe_table" for token in parser().parse(text)) == 1
    assert len(parser().parse(text)) < 10
    asked = list[str]()

    def noted(row: str, most: int) -> list[str]:
        asked.append(row)
        return contents_of(row, most)

    monkeypatch.setattr(markdown, "contents_of", noted)
    (table,) = markdown_structure(text).tables
    assert MOST - columns <= len(table.cells) <= MOST
    assert len(asked) <= MOST // columns + 1
