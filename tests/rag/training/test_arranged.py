"""What is kept aside, arranged as corpora: who is answered there, and from what."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.training_sets import training_files

from citeqa.index.documents.corpus import load as load_documents
from citeqa.index.types import Document
from citeqa.rag.evaluation.questions import load
from citeqa.rag.training.arranged import LEFT_OUT, arranged, corpora, write
from citeqa.rag.training.sources import SQUAD, Source, sources


@pytest.fixture
def found(tmp_path: Path) -> list[Source]:
    return sources(*training_files(tmp_path))


def test_every_answer_stands_in_its_document_and_what_is_left_out_is_answered_nowhere(found: list[Source]) -> None:
    squad = [source for source in found if source.set == SQUAD]
    corpus = arranged(squad, 30)
    texts = {document.id: document.text for document in corpus.documents}
    assert len(texts) == round(len(squad) * (1 - LEFT_OUT))
    asked = {one.id: one for source in squad for one in source.article.asked}
    kept = 0
    for row in corpus.questions:
        one = asked[row["id"]]
        here = one.document_id in texts and bool(one.answers)
        kept += here
        assert row["answerable"] == here == bool(row["answers"]) == bool(row["documents"])
        assert all(answer in texts[name] for name in row["documents"] for answer in row["answers"])
    assert 0 < kept < len(corpus.questions) == 30


def test_questions_come_evenly_from_the_documents(found: list[Source]) -> None:
    squad = [source for source in found if source.set == SQUAD]
    by_id = {one.id: one.document_id for source in squad for one in source.article.asked}
    few = [by_id[row["id"]] for row in arranged(squad, len(squad)).questions]
    asked = [row for seed in range(40) for row in arranged(squad, 2, seed).questions]
    assert sum(row["answerable"] for row in asked) / len(asked) > 0.3, "those left out are not asked about first"
    assert sorted(few) == sorted({source.article.document.id for source in squad})


def test_what_is_written_can_be_indexed_and_evaluated(found: list[Source], tmp_path: Path) -> None:
    other = Document("unasked", "Unasked", "Nobody asked about this.", None, None, None, None, "0", "0")
    named = dict(corpora(found, [other], 20))
    assert {SQUAD, "mixed"} <= named.keys()
    assert "wikitablequestions" not in named
    for name, corpus in named.items():
        write(tmp_path / name, corpus)
        questions = load(tmp_path / name / "questions.jsonl")
        assert {question.split for question in questions} == {"fit"}
        documents = [item for item in load_documents([tmp_path / name / "corpus.jsonl"]) if isinstance(item, Document)]
        assert {document.id: document.text for document in documents} == {d.id: d.text for d in corpus.documents}
    assert "unasked" in {document.id for document in named["mixed"].documents}
