"""Copies of a passage: told by their shingles, and how they share one place."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import SEEDS

from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Passage, Span
from citeqa.rag import confidence
from citeqa.rag.answerer import READ, Answerer
from citeqa.rag.options import AskOptions
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.retrieval.copies import AMONG, CONTAINED, SAMPLED, WIDTH, containment, merge_copies
from citeqa.rag.types import Evidence

TEXTS = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
STORY = TEXTS[2][1200:2600]
OTHER = TEXTS[3][:1400]


def folded(text: str) -> str:
    """What is left of an ASCII text without case, blanks and punctuation."""
    return "".join(c.lower() for c in text if c.isalnum() and c.isascii())


def shingles(text: str) -> set[str]:
    plain = folded(text)
    return {plain[start : start + WIDTH] for start in range(len(plain) - WIDTH + 1)}


def evidence(*texts: str) -> list[Evidence]:
    """Pieces of evidence of documents a, b, c, ..., best first."""
    return [
        Evidence(Passage(chr(ord("a") + n), Span(0, len(text)), text), 1 - n / 100, {}) for n, text in enumerate(texts)
    ]


def places(found: list[Evidence]) -> list[tuple[str, list[str]]]:
    return [(item.passage.document_id, [copy.document_id for copy in item.copies]) for item in found]


def test_containment_is_that_of_all_shingles_but_for_the_sample() -> None:
    """Against sets of strings: a sample of one in eight of about 1,000 shingles is off by a few hundredths."""
    texts = [STORY, STORY[400:], STORY[:700] + OTHER, OTHER]
    texts = [text.encode("ascii", "ignore").decode() for text in texts]
    sets = [shingles(text) for text in texts]
    exact = np.array([[len(one & other) / len(one) if one is not other else 0 for other in sets] for one in sets])
    assert np.abs(containment(texts) - exact).max() < 0.1


def test_case_blanks_and_punctuation_do_not_count() -> None:
    retyped = "  ".join(STORY.upper().replace(",", " ;").split())
    inside = containment([STORY, retyped])
    assert inside[0, 1] == inside[1, 0] > 0.9


def test_a_text_too_short_to_say_anything_is_no_copy() -> None:
    assert not containment(["It is closed.", "It is closed."]).any()
    assert containment([]).shape == (0, 0)
    assert not containment(["", ""]).any()


@given(st.lists(st.text(max_size=400), max_size=8))
def test_shares_are_between_0_and_1_whatever_the_texts(texts: list[str]) -> None:
    inside = containment(texts)
    assert inside.shape == (len(texts), len(texts))
    assert (inside >= 0).all()
    assert (inside <= 1).all()
    assert not np.diag(inside).any()


@given(st.permutations([STORY, STORY[300:], OTHER, STORY.upper()]))
def test_a_pair_has_its_share_whatever_stands_beside_it(texts: list[str]) -> None:
    inside = containment(texts)
    for i, one in enumerate(texts):
        for j, other in enumerate(texts):
            if i != j:
                assert inside[i, j] == containment([one, other])[0, 1]


def test_copies_share_the_place_of_the_best_and_the_rest_keeps_its_order() -> None:
    lightly = STORY.replace("humanitarian", "charitable").replace(" said", " stated")
    found = merge_copies(evidence(STORY, OTHER, lightly, STORY[200:], TEXTS[0][:1200]))
    assert places(found) == [("a", ["c", "d"]), ("b", []), ("e", [])]
    assert [item.score for item in found] == [1.0, 0.99, 0.96]


def test_a_passage_that_contains_more_than_the_better_one_is_no_copy() -> None:
    assert places(merge_copies(evidence(STORY[:500], STORY))) == [("a", []), ("b", [])]
    assert places(merge_copies(evidence(STORY, STORY[:500]))) == [("a", ["b"])]


def test_an_update_with_another_number_is_no_copy() -> None:
    report = "Rescuers said that 12 people were found below the old harbour wall after the storm had passed. " + OTHER
    assert places(merge_copies(evidence(report, report.replace("12", "14")))) == [("a", []), ("b", [])]
    assert places(merge_copies(evidence(report, report.replace("12 people", "twelve people")))) == [
        ("a", []),
        ("b", []),
    ]
    assert places(merge_copies(evidence(report, report.replace("old", "former")))) == [("a", ["b"])]


def test_overlapping_passages_of_one_document_are_no_copies() -> None:
    one, two = evidence(STORY, STORY[100:])
    same = Evidence(Passage("a", Span(5000, 5000 + len(two.passage.text)), two.passage.text), 0.5, {})
    assert merge_copies([one, same]) == [one, same]


def test_only_the_first_are_compared() -> None:
    chance = random.Random(0)
    texts = ["".join(chance.choice("abcdefghij ") for _ in range(300)) for _ in range(AMONG)]
    found = evidence(*texts, texts[0])
    assert merge_copies(found) == found
    assert len(merge_copies(found[1:])) == AMONG
    assert len(merge_copies([found[0], *found[2:]])) == AMONG - 1


def test_shingles_of_two_texts_are_never_joined() -> None:
    """A run over the border of two texts is no shingle of either."""
    halves = [STORY[:300], STORY[300:600], STORY[:600]]
    inside = containment(halves)
    border = (WIDTH - 1) / (len(folded(halves[2])) / SAMPLED)
    assert inside[0, 1] == inside[1, 0] == 0
    assert inside[2, 0] + inside[2, 1] <= 1
    assert inside[2, 0] + inside[2, 1] > 1 - border - 0.1


TITLES = ["Harbour reopens", "Port is open again", "Ships return", "Wire: harbour", "Evening news: harbour open"]
WIRE = (
    "The harbour of Port Ellis was opened again on Friday after the storm. Governor Mary Quist cut the ribbon at noon "
    "and thanked the crews who had cleared the channel of sand and wrecks. Fishing boats left for the banks at once. "
    "The company that runs the ferry said that tickets would be sold from Sunday, at the old price. Schools stay "
    "closed until the bridge over the river has been examined by engineers of the county."
)
ALONE = (
    "The harbour of Port Ellis was opened by Governor Paul Strand in another year, an old chronicle of the town says."
)


@pytest.fixture(scope="module")
def syndicated(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, reader: OnnxReader) -> Iterator[Service]:
    """A wire story in five papers, and a chronicle."""
    folder = tmp_path_factory.mktemp("syndicated")
    edits = [WIRE, WIRE.replace("at once", "right away"), WIRE.upper().title(), WIRE, "AP. " + WIRE]
    rows = [
        {"id": f"paper{n}", "title": title, "text": text}
        for n, (title, text) in enumerate(zip(TITLES, edits, strict=True))
    ]
    rows.append({"id": "chronicle", "title": "Chronicle", "text": ALONE})
    (folder / "wire.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    update(folder / "index", [folder / "wire.jsonl"], embedder)
    index = Index(folder / "index")
    yield Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    index.close()


def test_five_copies_do_not_crowd_out_the_rest(syndicated: Service) -> None:
    response = syndicated.answerer.ask("Who opened the harbour of Port Ellis?", AskOptions(k=2, min_confidence=0))
    kept = {item.source.document_id: [copy.document_id for copy in item.evidence.copies] for item in response.evidence}
    assert len(kept) == 2
    assert kept.pop("chronicle") == []
    ((paper, copied),) = kept.items()
    assert sorted([paper, *copied]) == [f"paper{n}" for n in range(5)]


def test_the_answer_is_cited_in_the_copies_exactly_where_it_stands(syndicated: Service) -> None:
    response = syndicated.answerer.ask("Who cut the ribbon at the harbour of Port Ellis?", AskOptions(min_confidence=0))
    assert response.answer
    assert "Mary Quist" in response.answer.text
    cited = [response.answer.citation, *response.answer.also_in]
    assert len({citation.source.document_id for citation in cited}) == len(cited) >= 3
    for citation in cited:
        text = syndicated.index.document(citation.source.document_id).text
        assert text[citation.quote.span.start : citation.quote.span.end] == citation.quote.text
        assert "mary quist" in citation.quote.text.lower()


def test_how_much_evidence_is_asked_for_changes_no_copies(syndicated: Service) -> None:
    question = "Who opened the harbour of Port Ellis?"
    few, many = (syndicated.answerer.ask(question, AskOptions(k=k, min_confidence=0)) for k in (1, READ + 5))
    assert few.answer == many.answer
    assert few.evidence == many.evidence[:1]


def test_the_seed_articles_are_no_copies_of_each_other(seeds_index: Path) -> None:
    inside = containment(TEXTS)
    assert inside.max() < CONTAINED / 2
