"""Reads SQuAD files as documents and questions, in the coordinates of those documents (Rajpurkar et al. 2016, 2018).

train-v2.0.json is published at https://rajpurkar.github.io/SQuAD-explorer/ (CC BY-SA 4.0).
"""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.types import Document, Span

_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question and the paragraph it was written for; `answers` is empty if that paragraph does not answer it."""

    id: str
    question: str
    document_id: str
    paragraph: Span
    answers: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """An article: a document of its paragraphs, joined by blank lines, and the questions about it."""

    document: Document
    asked: tuple[SquadQuestion, ...]


def load(path: Path) -> list[Article]:
    """Read a file in SQuAD's JSON format, plain or compressed by xz.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it has another format, or an answer is not where the file says.
    """
    packed = path.read_bytes()
    try:
        data = json.loads(lzma.decompress(packed) if path.suffix == ".xz" else packed)["data"]
        return [_article(entry) for entry in data]
    except (KeyError, TypeError, AttributeError, lzma.LZMAError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not in SQuAD's format: {error!r}") from error


def _article(entry: dict[str, object]) -> Article:
    paragraphs = entry["paragraphs"]
    if not isinstance(paragraphs, list):
        raise TypeError("'paragraphs' is not a list")
    title = str(entry["title"])
    text = _SEPARATOR.join(paragraph["context"] for paragraph in paragraphs)
    asked, start = [], 0
    for paragraph in paragraphs:
        context = paragraph["context"]
        place = Span(start, start + len(context))
        asked += [_asked(qa, title, context, place) for qa in paragraph["qas"]]
        start = place.end + len(_SEPARATOR)
    digest = hashlib.sha256(text.encode()).hexdigest()
    document = Document(title, title.replace("_", " "), text, None, None, None, None, digest, digest)
    return Article(document, tuple(asked))


def _asked(qa: dict[str, object], document_id: str, context: str, place: Span) -> SquadQuestion:
    spans = []
    answers = [] if qa.get("is_impossible") else qa["answers"]
    if not isinstance(answers, list):
        raise TypeError("'answers' is not a list")
    for answer in answers:
        start, text = answer["answer_start"], answer["text"]
        if context[start : start + len(text)] != text:
            raise ValueError(f"question {qa['id']!r}: the answer {text!r} is not at {start}")
        spans.append(Span(place.start + start, place.start + start + len(text)))
    return SquadQuestion(str(qa["id"]), str(qa["question"]).strip(), document_id, place, tuple(dict.fromkeys(spans)))
