"""The blocks of Markdown as markdown-it-py reads them, with one token for a pipe table, however many cells it has. The
library's own rule makes three tokens of each cell, which takes gigabytes for a file of a few megabytes."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """A parser of blocks: what stands inside the lines is no structure. A table is a token of the type `pipe_table`,
    whose `meta["rows"]` are the lines of its rows as they stand, without the rule below the first."""
    made = MarkdownIt("commonmark").enable("table").disable("reference")
    made.block.ruler.at("table", _pipe_table, {"alt": ["paragraph", "reference"]})
    made.core.ruler.enableOnly(["normalize", "block"])
    return made


def _pipe_table(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """A table where the library's rule sees one, up to the line that ends it (GitHub Flavored Markdown, 4.10)."""
    if not table(state, first, end, True):
        return False
    if silent:
        return True
    around, state.parentType = state.parentType, "table"
    enders, line = state.md.block.ruler.getRules("blockquote"), first + 2
    while line < end and state.sCount[line] >= state.blkIndent:
        ends = any(rule(state, line, end, True) for rule in enders)
        if ends or state.isEmpty(line) or state.is_code_block(line):
            break
        line += 1
    state.parentType = around
    token = state.push("pipe_table", "table", 0)
    token.map = [first, line]
    numbers = [first, *range(first + 2, line)]
    token.meta = {"rows": [state.src[state.bMarks[n] + state.tShift[n] : state.eMarks[n]] for n in numbers]}
    state.line = line
    return True
