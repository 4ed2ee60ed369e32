"""The second look: when it is taken, at which passages, and what both readers' margins become."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.readers import ScriptedReader

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Passage, Span
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.candidates import Candidate
from citeqa.rag.confidence import Confidence, Features
from citeqa.rag.look import FITTED, SecondLook, load_look, merged, passages_of
from citeqa.rag.options import AskOptions, Look
from citeqa.rag.reader.lazy import LazyReader
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import ReaderError, ReaderInfo
from citeqa.rag.types import Evidence, ScoredSpan

TEXTS = {
    "harbour": "The ferry leaves the harbour at noon.",
    "school": "The ferry of the school leaves at seven.",
    "market": "The market opens when the ferry leaves, at nine.",
}
QUESTION = "When does the ferry leave?"
MARGIN = Confidence(0.0, intercept=0.0, weights=Features(1, 0, 0, 0, 0, 0), threshold=0.5)
STRICT = replace(MARGIN, threshold=0.9)

spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 6), st.integers(1, 3))
margins = st.floats(-20, 20)
readings = st.dictionaries(spans, margins, max_size=6).map(
    lambda found: sorted((ScoredSpan(s, m) for s, m in found.items()), key=lambda one: (-one.score, one.span))
)


@given(readings, readings, st.floats(0, 1))
def test_the_merged_margin_is_the_weighted_mean_of_both(
    first: list[ScoredSpan], second: list[ScoredSpan], weight: float
) -> None:
    found = merged(first, second, weight)
    assert {one.span for one in found} == {one.span for one in [*first, *second]}
    assert found == sorted(found, key=lambda one: (-one.score, one.span))
    ours, theirs = ({one.span: one.score for one in some} for some in (first, second))
    for one in found if first and second else []:
        mine = ours.get(one.span, min(ours.values()))
        other = theirs.get(one.span, min(theirs.values()))
        assert one.score == pytest.approx((1 - weight) * mine + weight * other)


@given(readings, st.floats(0, 1))
def test_a_reader_that_finds_nothing_changes_nothing(first: list[ScoredSpan], weight: float) -> None:
    assert merged(first, [], weight) == merged([], first, weight) == first


def candidate(document_id: str, start: int, end: int) -> Candidate:
    return Candidate(document_id, Span(start, end), "x" * (end - start), 0.0, 0.5, 0.5, 0.0, True)


def evidence(*places: tuple[str, int, int]) -> list[Evidence]:
    return [Evidence(Passage(name, Span(start, end), "x" * (end - start)), 1.0, {}) for name, start, end in places]


def test_the_passages_of_the_best_candidates_are_read_again_each_once() -> None:
    passages = evidence(("a", 0, 50), ("b", 0, 50), ("a", 40, 90), ("c", 0, 50))
    best = [candidate("a", 60, 65), candidate("a", 42, 48), candidate("a", 61, 64), candidate("c", 3, 9)]
    assert passages_of(best, passages, 3) == [2, 3]  # the second one stands in a passage that is read already
    assert passages_of([*best, candidate("b", 1, 2)], passages, 3) == [2, 3, 1]
    assert passages_of(best, passages, 1) == [2]
    assert passages_of([], passages, 3) == []


class Counting(ScriptedReader):
    """Also remembers the texts that it has read."""

    def __init__(self, margins: dict[str, float]) -> None:
        super().__init__(margins)
        self.seen: list[str] = []

    def _read(self, text: str) -> list[ScoredSpan]:
        self.seen.append(text)
        return super()._read(text)


Ask = Callable[..., tuple[Answerer, Counting]]


@pytest.fixture
def twice(tmp_path: Path, embedder: Embedder) -> Ask:
    """Makes an answerer that looks twice, with what each reader finds."""
    (tmp_path / "texts").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "texts" / f"{name}.txt").write_text(text)
    update(tmp_path / "index", [tmp_path / "texts"], embedder)
    index = Index(tmp_path / "index")

    def build(
        first: dict[str, float], second: dict[str, float], below: float = 0.8, passages: int = 2, look: Look = "twice"
    ) -> tuple[Answerer, Counting]:
        again = Counting(second)
        looking = SecondLook(again, 0.5, passages, below, STRICT, {"first": {"sha256": "0" * 64}})
        return Answerer(index, embedder, ScriptedReader(first), MARGIN, looking, look), again

    return build


def answer(answerer: Answerer, **options: object) -> str | None:
    given = answerer.ask(QUESTION, AskOptions(**options)).answer  # type: ignore[arg-type]
    return given.text if given else None


def test_where_the_first_look_is_not_sure_both_readers_decide(twice: Ask) -> None:
    answerer, again = twice({"noon": 1.0, "seven": 0.9, "nine": 0.5}, {"noon": -1.0, "seven": 6.0, "nine": 9.0})
    assert answer(answerer) == "seven"  # (0.9 + 6) / 2; nine stands in the third passage, which is not read again
    assert again.seen == [TEXTS["harbour"], TEXTS["school"]]
    assert answerer.ask(QUESTION).answer.confidence == pytest.approx(  # type: ignore[union-attr]
        STRICT.probability(Features(3.45, 0, 0, 0, 0, 0))
    )


def test_where_the_first_look_is_sure_there_is_no_second(twice: Ask) -> None:
    answerer, again = twice({"noon": 3.0}, {"seven": 9.0})
    assert answer(answerer) == "noon"
    assert not again.seen


def test_the_threshold_is_that_of_the_look_that_was_taken(twice: Ask) -> None:
    answerer, _ = twice({"noon": 1.0}, {"noon": 1.0})
    response = answerer.ask(QUESTION)  # 0.73: enough for the first look, not for the second
    assert response.answer is None
    assert response.reason
    assert response.reason.threshold == STRICT.threshold
    assert answer(answerer, look="once") == "noon"


@pytest.mark.parametrize(("own", "asked", "taken"), [
    ("twice", None, True), ("twice", "once", False), ("once", None, False), ("once", "twice", True),
])  # fmt: skip
def test_a_question_may_say_how_often_to_look(twice: Ask, own: Look, asked: Look | None, taken: bool) -> None:
    answerer, again = twice({"noon": 0.1}, {"noon": 5.0}, look=own)
    assert answerer.look == own
    answerer.ask(QUESTION, AskOptions(look=asked))
    assert bool(again.seen) == taken


def test_without_a_second_reader_there_is_one_look(twice: Ask, embedder: Embedder) -> None:
    answerer, _ = twice({"noon": 0.1}, {})
    alone = Answerer(answerer._index, embedder, ScriptedReader({"noon": 0.1}), MARGIN)
    assert alone.look == "once"
    assert answer(alone, look="twice") == "noon"


def test_a_lazy_reader_opens_with_its_first_question(reader: OnnxReader, tmp_path: Path) -> None:
    lazy = LazyReader(SHIPPED)
    assert (lazy.info, lazy.is_open) == (reader.info, False)
    asked: tuple[str, Sequence[str], Sequence[str]] = (QUESTION, list(TEXTS.values()), [""] * len(TEXTS))
    assert lazy.read(*asked) == reader.read(*asked)
    assert lazy.is_open
    shutil.copytree(SHIPPED, tmp_path / "reader")
    (tmp_path / "reader" / "model.onnx").write_bytes(b"damaged")
    damaged = LazyReader(tmp_path / "reader")
    with pytest.raises(ReaderError, match="SHA-256"):
        damaged.read(*asked)
    with pytest.raises(ReaderError, match="cannot be read"):
        LazyReader(tmp_path / "missing")


def test_a_second_look_is_taken_after_the_reader_that_it_was_fitted_for(tmp_path: Path, reader: OnnxReader) -> None:
    folder = tmp_path / "second"
    assert load_look(reader.info, folder) is None
    shutil.copytree(SHIPPED, folder)
    numbers = {"weight": 0.5, "passages": 3, "below": 0.9, "values": confidence.load()[0].values()}
    stored = numbers | {"fitted_on": {"first": {"sha256": reader.info.sha256}}}
    (folder / FITTED).write_text(json.dumps(stored))
    found = load_look(reader.info, folder)
    assert found
    assert (found.weight, found.passages, found.below) == (0.5, 3, 0.9)
    assert found.confidence == confidence.load()[0]
    assert load_look(ReaderInfo("another", "1" * 64, "int8"), folder) is None
    (folder / FITTED).write_text(json.dumps(numbers))
    with pytest.raises(CiteqaError, match=r"look\.json cannot be used"):
        load_look(reader.info, folder)
