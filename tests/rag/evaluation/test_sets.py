"""Question sets in every form, with the corpus they bring, and the index of it that is kept."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from support.question_sets import CORPUS, SQUAD, beir, lines

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError, QuestionSetError
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Document, Skipped, Span
from citeqa.rag.evaluation.corpora import DONE, indexed
from citeqa.rag.evaluation.sets import QuestionSet, read


def test_a_beir_folder_has_its_judged_queries_with_their_grades(tmp_path: Path) -> None:
    given = read(beir(tmp_path / "owls"))
    assert given.name == "owls"
    assert [question.id for question in given.questions] == ["q1", "q2"]
    first, second = given.questions
    assert (first.question, first.answers, first.split) == ("When does the ferry leave?", (), "test")
    assert (set(first.documents), first.relevant) == ({"d1"}, {"d1": 1})
    assert (set(second.documents), second.relevant) == ({"d1", "d2"}, {"d1": 1, "d2": 2})
    assert not given.has_answers


def test_a_beir_corpus_names_what_is_empty_and_gives_the_rest(tmp_path: Path) -> None:
    corpus = read(beir(tmp_path / "owls")).corpus
    assert corpus
    first, second, third = corpus.documents()
    assert isinstance(first, Document)
    assert (first.id, first.title, first.text) == ("d1", "Ferries", "The ferry leaves at noon.")
    assert isinstance(second, Document)
    assert (second.id, second.text) == ("d2", CORPUS[1]["text"])
    assert third == Skipped("corpus.jsonl, line 3", "it is empty")
    assert corpus.count == 3


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("queries.jsonl", '{"_id": 1, "text": "What?"}\n', "line 1"),
        ("queries.jsonl", "no json\n", "queries.jsonl cannot be read"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\tmuch\n", "not a list of judgements"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 d1 1\n", "not a list of judgements"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq4\td1\t0\n", "none of its queries"),
        ("queries.jsonl", '{"_id": "q1", "text": "A?"}\n{"_id": "q1", "text": "B?"}\n', "the same _id"),
    ],
)
def test_a_fault_in_a_beir_folder_is_named(tmp_path: Path, name: str, content: str, told: str) -> None:
    folder = beir(tmp_path / "owls")
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(QuestionSetError, match=told):
        read(folder)


@pytest.mark.parametrize("packed", [False, True])
def test_a_squad_file_has_questions_in_the_coordinates_of_whole_articles(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("dev.json.xz" if packed else "dev.json")
    data = json.dumps(SQUAD).encode()
    path.write_bytes(lzma.compress(data) if packed else data)
    given = read(path)
    assert given.corpus
    (document,) = given.corpus.documents()
    assert isinstance(document, Document)
    assert document.text == "The owl wakes at dusk.\n\nAn owl eats mice."
    who, nothing, what = given.questions
    assert (who.question, who.answers, who.answerable) == ("Who wakes at dusk?", ("The owl", "owl"), True)
    assert [document.quote(span) for _, span in who.spans] == ["The owl", "owl"]
    assert (nothing.answers, nothing.documents, nothing.answerable) == ((), frozenset(), False)
    assert what.spans == (("Night_birds", Span(36, 40)),)
    assert what.written_for == ("Night_birds", Span(24, 41))


def test_a_folder_of_our_own_form_and_a_file_alone(tmp_path: Path) -> None:
    row = {"id": "1", "question": "When?", "answers": ["noon"], "documents": ["d1"], "answerable": True}
    lines(tmp_path / "questions.jsonl", [row])
    assert read(tmp_path / "questions.jsonl").corpus is None
    with pytest.raises(QuestionSetError, match=r"needs questions\.jsonl and corpus\.jsonl"):
        read(tmp_path)
    lines(tmp_path / "corpus.jsonl", [{"id": "d1", "text": "The ferry leaves at noon."}])
    given = read(tmp_path)
    assert given.corpus
    assert [document.id for document in given.corpus.documents() if isinstance(document, Document)] == ["d1"]
    assert given.has_answers


@pytest.mark.parametrize("content", ["[]", "{}", '{"data": [{"title": "x"}]}', "no json", '{"data": []}'])
def test_a_file_that_is_not_in_squads_form_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev.json").write_text(content, encoding="utf-8")
    with pytest.raises(CiteqaError, match=r"dev\.json"):
        read(tmp_path / "dev.json")


def corpus_of(given: QuestionSet, folder: Path, embedder: Embedder, told: list[int]) -> Path:
    assert given.corpus
    return indexed(
        given.corpus, folder, embedder, ChunkerSettings(), lambda documents, _: told.append(documents)
    ).folder


def test_a_corpus_is_indexed_once_for_its_content_and_settings(tmp_path: Path, embedder: Embedder) -> None:
    folder, told = beir(tmp_path / "owls"), list[int]()
    first = corpus_of(read(folder), tmp_path / "data", embedder, told)
    assert sum(told) == 3
    assert first.parent == tmp_path / "data" / "evaluations"
    assert [item.id for item in Index(first).summaries(10)[0]] == ["d1", "d2"]
    told.clear()
    again = read(folder)
    assert again.corpus
    found = indexed(again.corpus, tmp_path / "data", embedder, ChunkerSettings(), lambda *done: told.append(1))
    assert (found.folder, told) == (first, [])
    assert found.skipped == ("corpus.jsonl, line 3: it is empty",)
    lines(folder / "corpus.jsonl", CORPUS[:1])
    assert corpus_of(read(folder), tmp_path / "data", embedder, told) != first
    other = indexed(again.corpus, tmp_path / "data", embedder, ChunkerSettings(passage_tokens=32))
    assert other.folder != first


def test_an_index_that_was_not_finished_is_gone_on_with(tmp_path: Path, embedder: Embedder) -> None:
    given = read(beir(tmp_path / "owls"))
    folder = corpus_of(given, tmp_path / "data", embedder, [])
    (folder / DONE).unlink()
    assert corpus_of(given, tmp_path / "data", embedder, []) == folder
    assert Index(folder).document_count == 2
