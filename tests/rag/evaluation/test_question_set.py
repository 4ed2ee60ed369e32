"""Checks of the frozen question set against the five seed articles.

Nothing here runs the service: the tests only make sure that the set itself is
sound (offsets, counts, splits), so that a score measured with it means something.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

from support.paths import QUESTIONS, SEEDS

KEYS = [
    "id",
    "question",
    "answers",
    "documents",
    "answerable",
    "kind",
    "near_miss",
    "split",
    "spans",
]
KINDS = {
    "who",
    "when",
    "where",
    "number",
    "which",
    "what",
    "why",
    "how",
    "said",
    "list",
}
SPLITS = {"fit", "report"}
LONG_ANSWER_WORDS = 7
# Parts of the files that are no article text: never (part of) an answer.
FURNITURE = [
    r"\A date [^\n]*\n",
    r"- Advertisement -",
    r"\(end\)",
    r"\(MENAFN[^)]*\(KUNA\)\) WASHINGTON, May 7 \(KUNA\) --",
    r"Roma, 21 Marzo 2024",
    r"Office of the Spokesperson",
    r"\[ https://[^\]]*\]",
]


@dataclass(frozen=True)
class Span:
    document_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Row:
    id: str
    question: str
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    answerable: bool
    kind: str
    near_miss: bool
    split: str
    spans: tuple[Span, ...]


def _lines() -> list[str]:
    with QUESTIONS.open(newline="", encoding="utf-8") as file:
        text = file.read()
    assert text.endswith("\n")
    assert "\r" not in text
    return text[:-1].split("\n")


@cache
def load_documents() -> dict[str, str]:
    documents: dict[str, str] = {}
    for path in sorted(SEEDS.glob("*.txt")):
        with path.open(newline="", encoding="utf-8") as file:
            documents[path.stem] = file.read()
    return documents


@cache
def load_rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for line in _lines():
        raw = json.loads(line)
        rows.append(
            Row(
                id=raw["id"],
                question=raw["question"],
                answers=tuple(raw["answers"]),
                documents=tuple(raw["documents"]),
                answerable=raw["answerable"],
                kind=raw["kind"],
                near_miss=raw["near_miss"],
                split=raw["split"],
                spans=tuple(Span(**span) for span in raw["spans"]),
            )
        )
    return tuple(rows)


def answerable_rows() -> list[Row]:
    return [row for row in load_rows() if row.answerable]


def unanswerable_rows() -> list[Row]:
    return [row for row in load_rows() if not row.answerable]


def overlap(left: Span, right: Span) -> bool:
    return left.document_id == right.document_id and left.start < right.end and right.start < left.end


def test_there_are_five_seed_articles() -> None:
    assert len(load_documents()) == 5


def test_lines_are_compact_utf8_objects_with_the_agreed_keys() -> None:
    for line in _lines():
        raw = json.loads(line)
        assert list(raw) == KEYS
        assert json.dumps(raw, ensure_ascii=False) == line
        for key in ("id", "question", "kind", "split"):
            assert isinstance(raw[key], str)
        for key in ("answerable", "near_miss"):
            assert isinstance(raw[key], bool)
        for span in raw["spans"]:
            assert list(span) == ["document_id", "start", "end", "text"]
            assert type(span["start"]) is int
            assert type(span["end"]) is int


def test_counts() -> None:
    assert len(answerable_rows()) >= 130
    assert len(unanswerable_rows()) >= 84


def test_ids_are_unique_consecutive_and_in_order() -> None:
    ids = [row.id for row in load_rows()]
    assert ids == [f"s{number:03d}" for number in range(1, len(ids) + 1)]


def test_questions_are_unique_and_tidy() -> None:
    seen = Counter(re.sub(r"\W+", " ", row.question).casefold().strip() for row in load_rows())
    assert [question for question, count in seen.items() if count > 1] == []
    for row in load_rows():
        assert row.question == row.question.strip()
        assert row.question


def test_kinds_and_splits_are_known_and_all_in_use() -> None:
    assert {row.split for row in load_rows()} == SPLITS
    assert {row.kind for row in answerable_rows()} == KINDS
    assert {row.kind for row in unanswerable_rows()} == KINDS


def test_spans_are_exact_slices_of_their_documents() -> None:
    documents = load_documents()
    for row in load_rows():
        for span in row.spans:
            text = documents[span.document_id]
            assert 0 <= span.start < span.end <= len(text), row.id
            assert text[span.start : span.end] == span.text, row.id


def test_spans_begin_and_end_at_whole_words() -> None:
    documents = load_documents()
    for row in load_rows():
        for span in row.spans:
            text = documents[span.document_id]
            assert span.text == span.text.strip(), row.id
            before = text[span.start - 1 : span.start] if span.start else ""
            after = text[span.end : span.end + 1]
            assert not before.isalnum(), (row.id, span)
            assert not after.isalnum(), (row.id, span)


def test_answers_documents_and_spans_of_a_row_agree() -> None:
    for row in answerable_rows():
        assert row.near_miss is False
        assert len(set(row.answers)) == len(row.answers) > 0, row.id
        assert {span.text for span in row.spans} == set(row.answers), row.id
        assert list(row.documents) == sorted({span.document_id for span in row.spans}), row.id
        places = [(span.document_id, span.start, span.end) for span in row.spans]
        assert places == sorted(set(places)), row.id


def test_unanswerable_rows_hold_no_answer() -> None:
    for row in unanswerable_rows():
        assert row.answers == ()
        assert row.documents == ()
        assert row.spans == ()


def test_at_least_half_of_the_unanswerable_rows_are_near_misses() -> None:
    rows = unanswerable_rows()
    near = sum(row.near_miss for row in rows)
    assert len(rows) <= 2 * near
    assert near < len(rows)


def test_every_place_of_a_long_answer_is_listed() -> None:
    # A long accepted answer says the same wherever it stands; whether a short
    # one ("Cuba", "Tuesday") answers depends on its surroundings, which only a
    # reader can tell.
    for row in answerable_rows():
        listed = {(span.document_id, span.start, span.end) for span in row.spans}
        for answer in row.answers:
            if len(answer.split()) < LONG_ANSWER_WORDS:
                continue
            for document_id, text in load_documents().items():
                for match in re.finditer(re.escape(answer), text):
                    assert (document_id, match.start(), match.end()) in listed, (
                        row.id,
                        answer,
                    )


def test_an_accepted_longer_answer_lends_its_place_to_the_shorter_one() -> None:
    # Where a listed span starts or ends with another accepted answer of the same
    # row, that shorter answer stands there too and must be listed there.
    for row in answerable_rows():
        listed = {(span.document_id, span.start, span.end) for span in row.spans}
        for span in row.spans:
            for answer in row.answers:
                if span.text.startswith(answer):
                    place = (span.document_id, span.start, span.start + len(answer))
                    assert place in listed, (row.id, answer)
                if span.text.endswith(answer):
                    place = (span.document_id, span.end - len(answer), span.end)
                    assert place in listed, (row.id, answer)


def test_no_answer_is_file_furniture() -> None:
    for document_id, text in load_documents().items():
        for pattern in FURNITURE:
            for match in re.finditer(pattern, text):
                zone = Span(document_id, match.start(), match.end(), match.group())
                for row in answerable_rows():
                    assert not any(overlap(span, zone) for span in row.spans), (
                        row.id,
                        zone,
                    )


def test_every_article_has_at_least_twenty_questions_over_its_whole_length() -> None:
    for document_id, text in load_documents().items():
        rows = [row for row in answerable_rows() if document_id in row.documents]
        assert len(rows) >= 20, document_id
        quarters = {
            4 * span.start // len(text) for row in rows for span in row.spans if span.document_id == document_id
        }
        assert quarters == {0, 1, 2, 3}, document_id


def test_splits_are_about_even_for_every_type() -> None:
    groups = {
        "answerable": answerable_rows(),
        "near miss": [row for row in unanswerable_rows() if row.near_miss],
        "other matter": [row for row in unanswerable_rows() if not row.near_miss],
    }
    for name, rows in groups.items():
        share = sum(row.split == "fit" for row in rows) / len(rows)
        assert 0.45 <= share <= 0.55, name
    for kind in KINDS:
        for rows in (answerable_rows(), unanswerable_rows()):
            sides = Counter(row.split for row in rows if row.kind == kind)
            assert abs(sides["fit"] - sides["report"]) <= 4, kind


def test_no_fact_is_in_both_splits() -> None:
    fit = [row for row in answerable_rows() if row.split == "fit"]
    report = [row for row in answerable_rows() if row.split == "report"]
    for left in fit:
        for right in report:
            shared = [(a, b) for a in left.spans for b in right.spans if overlap(a, b)]
            assert shared == [], (left.id, right.id)
