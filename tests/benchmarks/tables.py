"""Questions about single cells of tables: is the right table opened, and the right cell cited?

`table_questions` says where they are from, and `tables.json` lists them. Each table is a document, every other one in
HTML, the others in Markdown. "Right cell": the answer lies in the cell that answers the question; "right table": in its
document. Every question is answered, however unsure; how many would have been refused is told beside.

    PYTHONPATH=build/links:tests python tests/benchmarks/tables.py ../shared/data/reader_extra
"""

from __future__ import annotations

import hashlib
import html
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from benchmarks.table_questions import LISTED, Asked, asked, file_of

from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.api.tasks import embedder_for
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.stores import open_store
from citeqa.index.types import Document, Span
from citeqa.rag import confidence
from citeqa.rag.options import AskOptions
from citeqa.rag.types import Response

FORCED = AskOptions(min_confidence=0.0)
NEAR = 200  # code points behind a cell within which the next one begins; where it reads otherwise, it is passed over


def cells_of(document: Document, lines: Iterable[list[str]]) -> dict[tuple[int, int], Span]:
    """Where the cells of lines stand in a document, one after another."""
    found, at = {}, 0
    for number, cells in enumerate(lines):
        for column, cell in enumerate(cells):
            words = " ".join(html.unescape(cell).split())
            until = at + NEAR + len(cell)
            start = next((place for text in (words, cell) if (place := document.text.find(text, at, until)) >= 0), -1)
            if words and start >= 0:
                at = start + len(words)
                found[number, column] = Span(start, at)
    return found


def main() -> None:
    listed = set(json.loads(LISTED.read_text(encoding="utf-8")))
    questions = [one for one in asked(Path(sys.argv[1])) if one.id in listed]
    contexts = sorted({one.context for one in questions}, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    with tempfile.TemporaryDirectory() as work:
        measure(questions, contexts, Path(work))


def measure(questions: list[Asked], contexts: list[str], work: Path) -> None:
    folder, lines = work / "docs", {}
    folder.mkdir()
    for number, context in enumerate(contexts):
        markdown = number % 2 == 1
        text, lines[context] = file_of(context, markdown=markdown)
        (folder / f"{number:03}.{'md' if markdown else 'html'}").write_text(text, encoding="utf-8")
    settings = Settings(index=work / "index")
    embedder = embedder_for(settings)
    add_paths(open_store(settings.index), [folder], embedder, ChunkerSettings())
    print(f"{len(questions)} questions, {len(contexts)} tables")
    with closing(Service.open(settings.index, settings.exported)) as service:
        ids = {context: f"{number:03}" for number, context in enumerate(contexts)}
        documents = [service.index.document(i) for i in ids.values()]
        given = {d.id: service.answerer.over(InMemoryIndex([d], embedder, ChunkerSettings())) for d in documents}
        rows = []
        threshold = confidence.load(confidence.FITTED)[0].threshold
        start = time.perf_counter()
        over_all = [service.answerer.ask(one.question, FORCED) for one in questions]
        spent = time.perf_counter() - start
        for one, answered in zip(questions, over_all, strict=True):
            document = service.index.document(ids[one.context])
            cell = cells_of(document, lines[one.context]).get((one.row, one.column))
            cell = cell or only(document, lines[one.context][one.row][one.column])
            alone = given[document.id].ask(one.question, FORCED)
            unsure = answered.answer is None or answered.answer.confidence < threshold
            row = (
                table_is(answered, document),
                cell_is(answered, document, cell),
                cell_is(alone, document, cell),
                unsure,
            )
            rows.append((document.id, row))
            show(one, document, cell, answered, alone, row)
    for name, chosen in (("all", "01"), ("html", "0"), ("markdown", "1")):
        these = [row for i, row in rows if str(int(i) % 2) in chosen]
        shares = [sum(column) / len(these) for column in zip(*these, strict=True)]
        print(name, len(these), "table {:.3f} cell {:.3f} alone {:.3f} refused {:.3f}".format(*shares))
    print(f"{1000 * spent / len(questions):.1f} ms a question")


def only(document: Document, cell: str) -> Span:
    """Where the words of a cell stand in a document that has them once; they were passed over in their order."""
    words = " ".join(html.unescape(cell).split())
    if document.text.count(words) != 1:
        raise ValueError(f"{words!r} stands {document.text.count(words)} times in {document.id}")
    start = document.text.index(words)
    return Span(start, start + len(words))


def table_is(answered: Response, document: Document) -> bool:
    answer = answered.answer
    return answer is not None and answer.citation.source.document_id == document.id


def cell_is(answered: Response, document: Document, cell: Span) -> bool:
    answer = answered.answer
    return answer is not None and table_is(answered, document) and cell.contains(answer.citation.quote.span)


def show(
    one: Asked, document: Document, cell: Span, answered: Response, alone: Response, row: tuple[bool, ...]
) -> None:
    marks = "".join("+" if right else "-" for right in row[:3])
    texts = [found.answer.text if found.answer else None for found in (answered, alone)]
    print(f"{marks} {document.id} {one.question} => {document.quote(cell)!r}: {texts}")


if __name__ == "__main__":
    main()
