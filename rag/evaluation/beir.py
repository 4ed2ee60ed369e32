"""Folders in the layout of BEIR (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/*.tsv.

A document is a row `_id, title, text`, a query a row `_id, text`, and a judgement a tab-separated line `query-id,
corpus-id, score` below a header line. A document is relevant from a score of 1 up; higher scores are grades. Queries
have relevant documents but no accepted answers, so only retrieval can be measured.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from citeqa.index.documents.corpus import document
from citeqa.index.errors import DocumentError, QuestionSetError
from citeqa.index.types import Document, Skipped
from citeqa.rag.evaluation.questions import Question

FILES = ("corpus.jsonl", "queries.jsonl", "qrels")


def is_beir(folder: Path) -> bool:
    """Whether a folder has every file of the BEIR layout."""
    return all((folder / name).exists() for name in FILES)


def questions(folder: Path) -> list[Question]:
    """The queries that have a relevant document, in order; `split` is the name of the file that judges them.

    Raises:
        QuestionSetError: naming the file, the line and the fault.
    """
    grades: dict[str, dict[str, int]] = {}
    splits: dict[str, str] = {}
    for path in sorted((folder / "qrels").glob("*.tsv")):
        for judged, relevant, grade in _judgements(path):
            if grade > 0:
                grades.setdefault(judged, {})[relevant] = grade
                splits.setdefault(judged, path.stem)
    found = []
    for number, row in _rows(folder / "queries.jsonl"):
        query, text = row.get("_id"), row.get("text")
        if not isinstance(query, str) or not isinstance(text, str) or not text.strip():
            raise QuestionSetError(f"{folder / 'queries.jsonl'}, line {number}: '_id' and 'text' must be strings")
        if query in grades:
            judged_documents = tuple(sorted(grades[query].items()))
            relevant_ids = frozenset(name for name, _ in judged_documents)
            found.append(Question(query, text, (), relevant_ids, True, splits[query], (), grades=judged_documents))
    if not found:
        raise QuestionSetError(f"{folder}: none of its queries has a relevant document in qrels/*.tsv")
    if len({question.id for question in found}) < len(found):
        raise QuestionSetError(f"{folder / 'queries.jsonl'}: two queries have the same _id")
    return found


def documents(folder: Path) -> Iterator[Document | Skipped]:
    """The documents of the corpus. A row that cannot become a document, such as an empty one, is skipped by name.

    Raises:
        QuestionSetError: naming a line that is not a row of a corpus.
    """
    path = folder / "corpus.jsonl"
    for number, row in _rows(path):
        name, title, text = row.get("_id"), row.get("title") or None, row.get("text")
        if not isinstance(name, str) or not isinstance(text, str) or not isinstance(title, str | None):
            raise QuestionSetError(f"{path}, line {number}: '_id', 'title' and 'text' must be strings")
        try:
            yield document(name, text, file_sha256=hashlib.sha256(text.encode()).hexdigest(), title=title)
        except (DocumentError, UnicodeEncodeError) as error:
            yield Skipped(f"{path.name}, line {number}", str(error))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise QuestionSetError(f"{path}, line {number}: not a JSON object")
                    yield number, row
    except (OSError, ValueError) as error:
        raise QuestionSetError(f"{path} cannot be read: {error}") from None


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, line in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
                if number > 1 and line:
                    query, relevant, grade = line
                    yield query, relevant, int(grade)
    except (OSError, ValueError) as error:
        raise QuestionSetError(f"{path} is not a list of judgements: {error}") from None
