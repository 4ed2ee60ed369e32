"""Items: the question, the passage that answers it, and passages that do not."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.training_sets import PEOPLE, training_files

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.types import Document
from citeqa.rag.evaluation.squad import SquadQuestion
from citeqa.rag.matching import normalized
from citeqa.rag.training import items as module
from citeqa.rag.training.items import ALONE, Item, Maker, Pool, drawn, mixture
from citeqa.rag.training.sources import SQUAD, Source, choose_aside, divided, sources

NEWS = Document("news", "Baker news", "A baker sold a house in Graz for nine crowns.", None, None, None, None, "", "")


@pytest.fixture(scope="module")
def chunker(embedder: Embedder) -> Chunker:
    return Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    return sources(*training_files(tmp_path_factory.mktemp("sets")))


@pytest.fixture(scope="module")
def pool(chunker: Chunker, found: list[Source]) -> Pool:
    return Pool(chunker, found, [NEWS])


def asked(found: list[Source]) -> list[tuple[Source, SquadQuestion]]:
    return [(source, question) for source in found for question in source.article.asked]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_marked_is_an_accepted_answer_and_a_wrong_passage_holds_none(
    pool: Pool, found: list[Source], seed: int
) -> None:
    kinds: Counter[str] = Counter()
    for source, question in asked(found):
        item = Maker(pool, seed).item(source, question)
        document = source.article.document
        accepted = {document.quote(span) for span in question.answers}
        assert (item.id, item.set) == (question.id, source.set)
        for passage in item.seen:
            marked = {passage.text[span.start : span.end] for span in passage.answers}
            assert marked <= accepted
            if not marked:
                words = f" {normalized(passage.text)} "
                assert not any(f" {normalized(answer)} " in words for answer in accepted)
        assert len({(passage.heading, passage.text) for passage in item.seen}) == len(item.seen)
        withheld = bool(question.answers) and not item.answerable
        assert item.answerable <= bool(question.answers)
        assert item.seen
        kinds["withheld"] += withheld
        kinds["with wrong ones"] += any(not passage.answers for passage in item.seen) and item.answerable
    assert kinds["with wrong ones"] > len(found) / 3
    assert kinds["withheld"] < len(asked(found)) / 2


def test_wrong_passages_come_from_other_documents_and_unasked_ones_too(pool: Pool, found: list[Source]) -> None:
    maker = Maker(pool, 1, plain=True)
    items = [maker.item(*pair) for pair in asked(found) if pair[0].set == SQUAD]
    wrong = {p.heading.removesuffix(" Novák") for item in items for p in item.seen if not p.answers}
    assert len(wrong & set(PEOPLE)) > 3
    assert any("Baker news" in heading for heading in wrong)


def test_headings_do_not_tell_right_from_wrong(pool: Pool, found: list[Source]) -> None:
    """Either all passages of an item have a title or none has, and the same for dates."""
    dated = 0
    for seed in range(5):
        for source, question in asked(found):
            headings = [passage.heading for passage in Maker(pool, seed).item(source, question).seen]
            dates = [heading[-10:].count("-") == 2 for heading in headings]
            titles = [bool(heading[: -10 if date else None]) for heading, date in zip(headings, dates, strict=True)]
            assert set(titles) == {bool(source.article.document.title)}
            assert len(set(dates)) == 1
            dated += dates[0]
    assert 0 < dated < 5 * len(asked(found)) / 2


def test_a_plain_item_has_the_question_as_written_and_always_its_answer(pool: Pool, found: list[Source]) -> None:
    maker = Maker(pool, 3, plain=True)
    for source, question in asked(found):
        item = maker.item(source, question)
        assert item.question == question.question
        assert item.answerable == bool(question.answers)


def test_questions_that_name_no_document_get_no_passage_of_another(pool: Pool, found: list[Source]) -> None:
    (alone,) = ALONE
    for source, question in asked(found):
        item = Maker(pool, 1).item(replace(source, set=alone), question)
        assert len(item.seen) == 1
        assert item.answerable == bool(question.answers)


def test_every_passage_with_an_annotated_answer_that_is_found_counts_as_right(
    chunker: Chunker, found: list[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WITHHELD", 0)
    monkeypatch.setattr(module, "WHOLE", 0)
    several = 0
    small = Chunker(chunker._count, chunker._max_tokens, ChunkerSettings(passage_tokens=40, overlap_sentences=2))
    pool = Pool(small, found, [])
    for source, question in asked(found):
        if not question.answers:
            continue
        item: Item = Maker(pool, 1).item(source, question)
        right = [passage for passage in item.seen if passage.answers]
        assert 1 <= len(right) <= 2
        several += len(right) > 1
    assert several


def test_the_mixture_by_hand(found: list[Source]) -> None:
    """Forty questions of SQuAD, four of stories, two of tables."""
    shares = mixture(found, 0.4, {})
    assert shares == pytest.approx({SQUAD: 0.4, "fairytaleqa": 0.6 * 2 / (2 + 2**0.5),
                                    "wikitablequestions": 0.6 * 2**0.5 / (2 + 2**0.5)})  # fmt: skip
    assert mixture(found, 0.4, {"fairytaleqa": 2})["fairytaleqa"] == pytest.approx(0.3)


def test_questions_are_drawn_once_by_their_shares(found: list[Source]) -> None:
    pairs = list(drawn(found, {SQUAD: 0.5, "fairytaleqa": 0.1}, 20, seed=1))
    assert Counter(source.set for source, _ in pairs) == {SQUAD: 10, "fairytaleqa": 2}
    assert len({question.id for _, question in pairs}) == 12
    assert pairs == list(drawn(found, {SQUAD: 0.5, "fairytaleqa": 0.1}, 20, seed=1))
    assert pairs != list(drawn(found, {SQUAD: 0.5, "fairytaleqa": 0.1}, 20, seed=2))


def test_no_item_is_made_of_what_is_kept_aside(chunker: Chunker, found: list[Source], tmp_path: Path) -> None:
    path = tmp_path / "aside.json"
    path.write_text(json.dumps(choose_aside(found)))
    learned, aside = divided(found, path)
    maker = Maker(Pool(chunker, learned, [NEWS]), 1)
    people = {person for source in aside for person in PEOPLE if person in source.article.document.title}
    seen = [passage for pair in asked(learned) for passage in maker.item(*pair).seen]
    assert len(people) == 2
    assert seen
    assert not any(person in passage.heading or person in passage.text for passage in seen for person in people)
