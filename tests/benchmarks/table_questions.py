"""Chooses questions about single cells of tables, and writes their tables as files.

The tables and questions are those of WikiTableQuestions (Pasupat and Liang 2015) and TAT-QA (Zhu et al. 2021) that the
reader is not trained on (`rag/training/aside.json`), in the common form of `../shared/data/reader_extra`. `tables.json`
beside this file lists the questions by id; `choose` made it before anything was tuned, and it is not made again.
"""

from __future__ import annotations

import hashlib
import html
import json
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from citeqa.rag.training.sources import ASIDE, digest
from citeqa.rag.training.tables import columns

LISTED = Path(__file__).with_name("tables.json")
SETS = ("wikitablequestions", "tatqa")
TABLES, QUESTIONS = 100, 150
NAMED = 6  # most words of a name
COMPARING = re.compile(
    r"\b(?:most|least|more|less|fewer|fewest|many|number of|count|total number|first|last|next|previous|prior|before|"
    r"after|above|below|between|difference|differ\w*|increase\w*|decrease\w*|change\w*|average|ratio|best|worst|top|"
    r"bottom|latest|older|younger|higher|lower|larger|smaller|longer|shorter|greater|better|worse|same|other|another|"
    r"consecutive\w*|final|second|third|fourth|than|at least|exceed\w*|sum|\w{2,}est|respective\w*|both|each|"
    r"besides|taller|heavier|faster|follow\w*|preced\w*|compar\w*)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")


@dataclass(frozen=True)
class Asked:
    """A question with the cell that answers it, by the words in it and the line and place in the line it stands at."""

    id: str
    question: str
    context: str
    row: int
    column: int


def asked(data: Path) -> Iterator[Asked]:
    """The questions about single cells that compare, count and order nothing, in the order of the files."""
    listed = {name: set(digests) for name, digests in json.loads(ASIDE.read_text(encoding="utf-8")).items()}
    for name in SETS:
        with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
            for line in file:
                row: dict[str, Any] = json.loads(line)
                group = columns(row["context"]) if name == "wikitablequestions" else row["context"]
                places = {place for answer in row["answers"] if (place := cell_at(row["context"], **answer))}
                if digest(group) not in listed[name] or len(places) != 1:
                    continue
                one = Asked(f"{name} {row['id']}", row["question"].strip(), row["context"], *places.pop())
                if not compares(one):
                    yield one


def compares(one: Asked) -> bool:
    """Whether a question compares, counts or orders: with words for it that do not stand in the answer's table. "How
    many" looks a cell up where the question names what stands in the cell's row."""
    rows = rows_of(one.context)
    table = " ".join(cell for row in rows if len(row) > 1 for _, cell in row).casefold()
    found = {word.group().casefold() for word in COMPARING.finditer(one.question)}
    found = {word for word in found if not re.search(rf"\b{re.escape(word)}\b", table)}
    beside = {name for at, (_, cell) in enumerate(rows[one.row]) if at != one.column for name in names(cell)}
    return bool(found - {"many"}) or ("many" in found and not any(len(n) > 4 for n in names(one.question) & beside))


def cell_at(context: str, start: int, text: str) -> tuple[int, int] | None:
    """Line and column of the cell that is this text; None if no cell is."""
    for number, cells in enumerate(rows_of(context)):
        for column, (at, cell) in enumerate(cells):
            if at <= start < at + max(1, len(cell)):
                return (number, column) if cell.strip(" .") == text.strip(" .") and len(cells) > 1 else None
    return None


def rows_of(context: str) -> list[list[tuple[int, str]]]:
    """The lines of a context, each as its cells with where they begin; a line of prose is one cell.

    Tables have bars, or stand in rows of "label: value; label: value".
    """
    rows, start = [], 0
    bars = any(" | " in line for line in context.split("\n"))
    for line in context.split("\n"):
        pieces = line.split("|") if bars and " | " in f"{line} " else [line] if bars else re.split("(?<=;) ", line)
        at, cells = start, []
        for piece in pieces:
            inner = piece.strip().rstrip(";") if not bars else piece.strip()
            label = re.match(r"[^:;]+: ", inner) if not bars else None
            lead = label.end() if label else 0
            cells.append((at + len(piece) - len(piece.lstrip()) + lead, inner[lead:]))
            at += len(piece) + 1
        rows.append(cells)
        start += len(line) + 1
    return rows


def names(text: str) -> set[str]:
    """The runs of up to NAMED words in a text that begin and end with a word of three characters or more."""
    found = [word.casefold() for word in _WORD.findall(text)]
    runs = (found[a:b] for a in range(len(found)) for b in range(a + 1, min(a + NAMED, len(found)) + 1))
    return {" ".join(run) for run in runs if len(run[0]) > 2 and len(run[-1]) > 2}


def choose(data: Path) -> list[str]:
    """The ids of the questions, each naming something that stands in a cell of its table, and in none of the others.
    Tables about which the fewest such questions are asked are left out, one after another, until TABLES are left."""
    by_table: dict[str, list[Asked]] = {}
    for one in asked(data):
        by_table.setdefault(one.context, []).append(one)
    named = {
        context: {name for row in rows_of(context) for _, cell in row for name in names(cell)} for context in by_table
    }
    while True:
        seen = Counter(name for context in by_table for name in named[context])
        kept = {
            context: [one for one in found if any(seen[name] == 1 for name in names(one.question) & named[context])]
            for context, found in by_table.items()
        }
        if len(by_table) == TABLES:
            return sorted(one.id for found in kept.values() for one in found)[:QUESTIONS]
        by_table.pop(min(kept, key=lambda context: (len(kept[context]), hashlib.sha256(context.encode()).hexdigest())))


def file_of(context: str, *, markdown: bool) -> tuple[str, list[list[str]]]:
    """The file that holds a context, as Markdown or HTML, and the words of its lines, cell by cell, in their order.

    The rows at the top that name columns are one row in Markdown, which has no more; in HTML they are the head.
    """
    lines = [[cell for _, cell in row] for row in rows_of(context)]
    bars = any(" | " in line for line in context.split("\n"))
    parts: list[str] = []
    for is_table, group in groupby(enumerate(lines), key=lambda one: len(one[1]) > 1):
        rows = [cells for _, cells in group]
        if not is_table:
            parts += [_paragraph(cells[0], markdown=markdown) for cells in rows]
            continue
        if not bars:
            labels = re.findall(r"(?:^|; )([^:;]+): ", context.split("\n")[0])
            rows = [labels, *rows]
        top = 1
        while not rows[0][0] and top < len(rows) and not rows[top][0]:
            top += 1
        parts.append((_markdown if markdown else _html)(rows, top))
    return "\n\n".join(parts) + "\n", lines


def _paragraph(text: str, *, markdown: bool) -> str:
    return text if markdown else f"<p>{html.escape(text)}</p>"


def _markdown(rows: list[list[str]], top: int) -> str:
    width = max(map(len, rows))
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    labels = [" ".join(filter(None, names)) for names in zip(*filled[:top], strict=True)]
    table = [labels, ["---"] * width, *filled[top:]]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table)


def _html(rows: list[list[str]], top: int) -> str:
    def row(cells: list[str], name: str) -> str:
        return "<tr>" + "".join(f"<{name}>{html.escape(cell)}</{name}>" for cell in cells) + "</tr>"

    head = "".join(row(cells, "th") for cells in rows[:top])
    return (
        f"<table>\n<thead>{head}</thead>\n<tbody>" + "\n".join(row(c, "td") for c in rows[top:]) + "</tbody>\n</table>"
    )


if __name__ == "__main__":
    LISTED.write_text(json.dumps(choose(Path(sys.argv[1])), indent=0) + "\n", encoding="utf-8")
