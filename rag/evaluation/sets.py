"""Reads everything that can be evaluated on: a question set and, if it has one, its corpus.

QUESTIONS.jsonl                 our format (see `questions`), without a corpus
FOLDER/questions.jsonl, corpus.jsonl    our format, with a corpus
FOLDER/queries.jsonl, corpus.jsonl, qrels/*.tsv     the layout of BEIR (see `beir`)
FILE.json, FILE.json.xz         SQuAD 1.1 and 2.0 (see `squad`): the paragraphs of an article make one document
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.documents import corpus
from citeqa.index.documents.listing import list_files
from citeqa.index.errors import QuestionSetError
from citeqa.index.types import Document, Skipped
from citeqa.rag.evaluation import beir, squad
from citeqa.rag.evaluation.questions import Question, load


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents that a set asks about; `sha256` is the digest of the files they were read from."""

    documents: Callable[[], Iterable[Document | Skipped]]
    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, the digest of the files they were read from, and their corpus if the set has one."""

    name: str
    questions: tuple[Question, ...]
    sha256: str
    corpus: Corpus | None = None

    @property
    def has_answers(self) -> bool:
        """Whether the set has answers, and not only relevant documents."""
        return any(question.answers for question in self.questions)


def read(path: Path) -> QuestionSet:
    """The question set at a path, in any of the formats.

    Raises:
        QuestionSetError: if it has none of the formats, or a fault, which is named.
    """
    whole = path.resolve()
    name = f"{whole.parent.name}/{whole.name}"
    if path.is_dir():
        return _folder(path, whole.name)
    if path.name.endswith((".json", ".json.xz")):
        return _squad(path, name)
    return QuestionSet(name, tuple(load(path)), _digest([path]))


def corpus_of(folder: Path) -> Corpus:
    """The documents in a folder of files, read as `citeqa index` reads them."""
    files = [file.path for file in list_files(folder)[0]]
    return Corpus(lambda: corpus.load([folder]), corpus.count([folder]), _digest(files))


def _folder(path: Path, name: str) -> QuestionSet:
    documents = path / "corpus.jsonl"
    if beir.is_beir(path):
        judged = [path / "queries.jsonl", *sorted((path / "qrels").glob("*.tsv"))]
        own_corpus = Corpus(lambda: beir.documents(path), corpus.count([documents]), _digest([documents]))
        return QuestionSet(name, tuple(beir.questions(path)), _digest(judged), own_corpus)
    asked = path / "questions.jsonl"
    if not asked.exists() or not documents.exists():
        raise QuestionSetError(
            f"{path} is not a question set: a folder needs questions.jsonl and corpus.jsonl, or queries.jsonl, "
            "corpus.jsonl and qrels/ (BEIR)"
        )
    own_corpus = Corpus(lambda: corpus.load([documents]), corpus.count([documents]), _digest([documents]))
    return QuestionSet(name, tuple(load(asked)), _digest([asked]), own_corpus)


def _squad(path: Path, name: str) -> QuestionSet:
    try:
        articles = squad.load(path)
    except ValueError as error:
        raise QuestionSetError(str(error)) from None
    digest = _digest([path])
    texts = {article.document.id: article.document for article in articles}
    if len(texts) < len(articles):
        raise QuestionSetError(f"{path}: two articles have the same title")
    questions = [
        Question(
            id=asked.id,
            question=asked.question,
            answers=tuple(dict.fromkeys(texts[asked.document_id].quote(span) for span in asked.answers)),
            documents=frozenset({asked.document_id}) if asked.answers else frozenset(),
            answerable=bool(asked.answers),
            split="all",
            spans=tuple((asked.document_id, span) for span in asked.answers),
            written_for=(asked.document_id, asked.paragraph),
        )
        for article in articles
        for asked in article.asked
        if asked.question
    ]
    if not questions or len({question.id for question in questions}) < len(questions):
        raise QuestionSetError(f"{path} has no questions, or two with the same id")
    return QuestionSet(name, tuple(questions), digest, Corpus(texts.values, len(texts), digest))


def _digest(files: Sequence[Path]) -> str:
    """A digest of the files' names and contents."""
    total = hashlib.sha256()
    try:
        for path in files:
            with path.open("rb") as file:
                total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise QuestionSetError(f"{error.filename} cannot be read: {error.strerror}") from None
    return total.hexdigest()
