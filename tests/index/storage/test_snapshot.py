"""The index as the rest of the program sees it: search, filters, ties, pages, and snapshots that stay as they are."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from support.embedders import INFO, WordLengths
from support.indexes import results, write_documents
from support.paths import public_data

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.errors import IndexDamagedError, IndexNotFoundError, UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.in_memory import passes
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.selection import SelectedPassages
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.texts import Texts
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Filters, Hit, Order, Ranked

QUESTION = "What did Rubio say about Cuba?"
ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": "The fox runs.", "date": "2024-01-01", "source": "KUNA"},
    {"id": "b:1", "text": "The fox runs away.", "date": "2024-02-01", "source": "Reuters"},
    {"id": "c/é", "text": "A fox sleeps.", "source": "KUNA"},
    {"id": "d", "text": "No animal at all.", "date": "2024-03-01"},
]


@pytest.fixture(scope="module")
def foxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("foxes")
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    update(folder / "index", [folder / "rows.jsonl"], WordLengths())
    with closing(Index(folder / "index")) as index:
        yield index


def _ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.document_id for hit in hits]


# --- searching


def test_every_passage_found_is_an_untouched_slice_of_its_document(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    hits = seeds.search_dense(embedder.embed_query(QUESTION), 1000)
    assert len(hits) == seeds.passage_count > 20
    for hit in hits:
        assert seeds.document(hit.passage.document_id).quote(hit.passage.span) == hit.passage.text


def test_both_rankings_find_the_article_that_is_asked_about(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    question = "How much humanitarian assistance did the U.S. pledge to Cubans?"
    for hits in (seeds.search_dense(embedder.embed_query(question), 3), seeds.search_lexical(question, 3)):
        assert "$9 million" in hits[0].passage.text
        assert len(hits) == 3
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_reopened_index_answers_exactly_the_same(
    seeds_index: Path, seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    with closing(Index(seeds_index)) as again:
        assert again.manifest == seeds.manifest
        assert again.summaries(10) == seeds.summaries(10)
        for query in (QUESTION, "Who is Mia Mottley?", "Miami"):
            vector = embedder.embed_query(query)
            assert again.search_dense(vector, 10) == seeds.search_dense(vector, 10)
            assert again.search_lexical(query, 10) == seeds.search_lexical(query, 10)


def test_stored_vectors_are_those_of_the_model_in_half_precision(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    hit = seeds.search_lexical("Miami", 1)[0]
    held = seeds.document(hit.passage.document_id)
    text = f"{held.title} {held.date}\n{hit.passage.text}"
    vector = embedder.embed_passages([text])[0]
    best = seeds.search_dense(vector, 1)[0]
    assert best.passage == hit.passage
    assert best.score == pytest.approx(1, abs=1e-3)


def test_ties_are_in_order_of_document_id_and_start_wherever_they_are_cut(tmp_path: Path) -> None:
    # No two passages differ but in their places; documents are written in an order that is not that of their ids.
    sentence = "The fox runs on and on. "
    rows = [{"id": i, "title": "Same", "text": sentence * 60} for i in ("b", "c", "a", "B", "é")]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    update(tmp_path / "index", [tmp_path / "rows.jsonl"], WordLengths())
    with closing(Index(tmp_path / "index")) as index:
        vector = WordLengths().embed_query(sentence)
        searches: list[Callable[[int], list[Hit]]] = [
            lambda k: index.search_dense(vector, k),
            lambda k: index.search_lexical("fox", k),
        ]
        for search in searches:
            everything = search(100)
            keys = [(-hit.score, hit.passage.document_id, hit.passage.span) for hit in everything]
            assert keys == sorted(keys)
            assert len({hit.score for hit in everything}) < len(everything) == index.passage_count
            for k in range(1, len(everything)):
                assert search(k) == everything[:k]


def test_of_thousands_of_equal_passages_only_those_that_are_given_become_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = random.Random(3).sample(range(3000), 3000)  # not in the order of their ids
    rows = [{"id": f"d{number:04}", "title": "Same", "text": "The fox runs."} for number in numbers]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    update(tmp_path / "index", [tmp_path / "rows.jsonl"], WordLengths())
    with writing(tmp_path / "index", WordLengths, ChunkerSettings(), "testing") as writer:
        for removed in ("d0000", "d0002", "d2999"):
            writer.remove(removed)
        writer.commit()
    made, looked_up, ordered = Counter[str](), [0], Catalog.in_order

    def counted(*values: Any) -> Ranked:
        made["entries"] += 1
        return Ranked(*values)

    monkeypatch.setattr("citeqa.index.ranking.ties.Ranked", counted)

    def spans_of(catalog: Catalog, ids: Sequence[int]) -> dict[int, Any]:
        looked_up.append(len(ids))
        return {}

    monkeypatch.setattr(Catalog, "spans_of", spans_of)
    monkeypatch.setattr(Catalog, "in_order", lambda self: made.update(orders=1) or ordered(self))
    with closing(Index(tmp_path / "index")) as index:
        vector = WordLengths().embed_query("The fox runs.")
        for hits in (index.search_dense(vector, 5), index.search_lexical("fox", 5), index.search_lexical("fox", 5)):
            assert _ids(hits) == ["d0001", "d0003", "d0004", "d0005", "d0006"]
        chosen = index.select(Filters(document_ids=frozenset(f"d{number:04}" for number in range(1500, 2900))))
        assert _ids(index.search_dense(vector, 2, chosen)) == ["d1500", "d1501"]
    assert made == {"entries": 17, "orders": 1}
    assert sum(looked_up) == 0


def test_a_hit_scores_the_cosine_with_the_question(foxes: Index) -> None:
    model = WordLengths()
    vector = model.embed_query("The fox runs")
    for hit in foxes.search_dense(vector, 10):
        document = foxes.document(hit.passage.document_id)
        heading = " ".join([document.title, str(document.date or "")]).strip()
        expected = model.embed_query(f"{heading}\n{hit.passage.text}").astype(np.float16).astype(np.float64) @ vector
        assert hit.score == pytest.approx(expected, abs=1e-6)


def test_title_and_date_can_be_searched_lexically_but_are_not_in_the_passage(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(
        json.dumps({"id": "a", "title": "Harbour lights", "date": "2024-02-01", "text": "All quiet."})
    )
    update(tmp_path / "index", [tmp_path / "rows.jsonl"], WordLengths())
    with closing(Index(tmp_path / "index")) as index:
        for query in ("harbour", "2024", "quiet"):
            assert [hit.passage.text for hit in index.search_lexical(query, 3)] == ["All quiet."]


def test_terms_and_idf_are_those_of_the_lexical_index(foxes: Index) -> None:
    assert foxes.terms("The foxes, running") == ["fox", "run"]
    assert foxes.idf("fox") < foxes.idf("anim") < foxes.idf("unheard")


def test_threads_search_like_one(seeds: Index, embedder: SentenceTransformerEmbedder) -> None:
    vector = embedder.embed_query(QUESTION)

    def work(number: int) -> Any:
        only = Filters(date_from=date(2025, 1, 1)) if number % 2 else Filters()
        selection = seeds.select(only)
        return (
            seeds.search_dense(vector, 5, selection),
            seeds.search_lexical(QUESTION, 5, selection),
            seeds.document("001_6fe46eaa118b1c1d").sha256,
            seeds.summaries(3),
        )

    alone = [work(0), work(1)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(80))) == alone * 40


# --- filters


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (Filters(document_ids=frozenset({"a", "c/é"})), ["a", "c/é"]),
        (Filters(document_ids=frozenset()), []),
        (Filters(source="KUNA"), ["a", "c/é"]),
        (Filters(source="kuna"), []),
        (Filters(source="%"), []),
        (Filters(date_from=date(2024, 2, 1)), ["b:1", "d"]),
        (Filters(date_to=date(2024, 2, 1)), ["a", "b:1"]),
        (Filters(date_from=date(2024, 1, 2), date_to=date(2024, 2, 28)), ["b:1"]),
        (Filters(date_from=date(1, 1, 1)), ["a", "b:1", "d"]),
        (Filters(source="KUNA", date_to=date(2024, 12, 31)), ["a"]),
        (Filters(document_ids=frozenset({"c/é"}), date_to=date(2024, 12, 31)), []),
    ],
)
def test_filters_leave_what_fulfils_every_condition_with_unchanged_scores(
    foxes: Index, filters: Filters, ids: list[str]
) -> None:
    selection = foxes.select(filters)
    assert selection is not None
    assert isinstance(selection, SelectedPassages)
    assert selection.document_ids == ids
    vector = WordLengths().embed_query("The fox runs")
    dense = [hit for hit in foxes.search_dense(vector, 10) if hit.passage.document_id in ids]
    lexical = [hit for hit in foxes.search_lexical("fox runs", 10) if hit.passage.document_id in ids]
    assert foxes.search_dense(vector, 10, selection) == dense
    assert foxes.search_lexical("fox runs", 10, selection) == lexical
    for k in (1, 2):  # a filter works inside the search: the best are never crowded out by what it leaves out
        assert foxes.search_dense(vector, k, selection) == dense[:k]
        assert foxes.search_lexical("fox runs", k, selection) == lexical[:k]
    assert len(dense) == len(ids)


def test_no_filters_select_everything(foxes: Index) -> None:
    assert foxes.select(Filters()) is None


def test_unknown_ids_in_a_filter_are_named(foxes: Index) -> None:
    with pytest.raises(UnknownDocumentError, match="no such document: 'nope', 'zzz'") as caught:
        foxes.select(Filters(document_ids=frozenset({"zzz", "a", "nope"})))
    assert caught.value.ids == ["nope", "zzz"]


def test_an_unknown_document_is_named(foxes: Index) -> None:
    with pytest.raises(UnknownDocumentError, match="'A'"):
        foxes.document("A")


def test_pages_of_documents_come_with_how_many_there_are_in_all(foxes: Index) -> None:
    page, total = foxes.summaries(2)
    assert ([summary.id for summary in page], total) == (["a", "b:1"], 4)
    page, total = foxes.summaries(2, after="b:1")
    assert ([summary.id for summary in page], total) == (["c/é", "d"], 4)
    page, total = foxes.summaries(1, contains="kuNA")
    assert ([summary.id for summary in page], total) == (["a"], 2)
    assert foxes.summaries(5, after="zzz") == ([], 4)


# --- opening


def test_a_folder_without_an_index_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match=f"no index in {tmp_path}; make one with: citeqa index"):
        Index(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"damaged" * 1000])
def test_a_damaged_database_is_an_error_that_says_how_to_mend_it(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "index"
    update(folder, [write_documents(tmp_path / "docs", a="The fox.")], WordLengths())
    (folder / "catalog.sqlite3").write_bytes(content)
    with pytest.raises(IndexDamagedError, match=r"cannot be used: .*move it away and index the documents again"):
        Index(folder)
    assert (folder / "catalog.sqlite3").read_bytes() == content


def test_what_an_index_counts_and_names(foxes: Index) -> None:
    assert (foxes.document_count, foxes.passage_count, foxes.embedder_name) == (4, 4, "word-lengths")
    foxes.check(INFO)
    foxes.check(replace(INFO))


# --- snapshots


def test_an_open_index_stays_as_it_is_while_the_folder_changes(tmp_path: Path) -> None:
    folder, docs = tmp_path / "index", write_documents(tmp_path / "docs", a="The old fox.", b="A dog.")
    update(folder, [docs], WordLengths())
    vector = WordLengths().embed_query("The old fox.")
    with closing(Index(folder)) as old:
        before = (
            old.search_dense(vector, 5),
            old.search_lexical("fox dog new", 5),
            old.summaries(5),
            old.document("a"),
        )
        for number in range(3):  # several generations come and go
            write_documents(docs, a=f"A new fox, number {number}.", c="One more.")
            update(folder, [docs], WordLengths())
            now = (
                old.search_dense(vector, 5),
                old.search_lexical("fox dog new", 5),
                old.summaries(5),
                old.document("a"),
            )
            assert now == before
            assert (old.document_count, old.passage_count) == (2, 2)
            with pytest.raises(UnknownDocumentError):
                old.document("c")
        with closing(Index(folder)) as new:
            assert new.document("a").text == "A new fox, number 2."
            assert _ids(new.search_lexical("new", 5)) == ["a"]
            assert new.document_count == 3


def test_an_index_can_be_opened_while_another_process_holds_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    update(folder, [write_documents(tmp_path / "docs", a="The fox.")], WordLengths())
    before = results(folder)
    with writer_lock(folder, "testing"):
        assert results(folder) == before


def _during(folder: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], set[str]]]:
    """The ids listed and the ids found by indexes that are opened after each commit of an update."""
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 1)
    seen = []

    def look(documents: int, _: int) -> None:
        if documents:
            with closing(Index(folder)) as index:
                listed = {summary.id for summary in index.summaries(10)[0]}
                seen.append((listed, set(_ids(index.search_lexical("fox", 10)))))

    update(folder, [docs], WordLengths(), progress=look)
    return seen


def test_an_index_opened_during_an_update_finds_what_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, docs = tmp_path / "index", write_documents(tmp_path / "docs", a="The fox.", b="A fox.")
    update(folder, [docs], WordLengths())
    write_documents(docs, c="Another fox.", d="One more fox.")
    seen = _during(folder, docs, monkeypatch)
    assert len(seen) >= 2
    assert all({"a", "b"} <= found for _, found in seen)


def test_an_index_opened_during_an_update_finds_every_document_it_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, docs = tmp_path / "index", write_documents(tmp_path / "docs", a="The fox.", b="A fox.")
    update(folder, [docs], WordLengths())
    write_documents(docs, a="The old fox.", c="Another fox.")
    seen = _during(folder, docs, monkeypatch)
    assert all(found == listed for listed, found in seen)


def test_a_first_index_can_be_opened_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _during(tmp_path / "index", write_documents(tmp_path / "docs", a="The fox.", b="A fox."), monkeypatch)
    assert all(found == listed for listed, found in seen)
    assert results(tmp_path / "index")["counts"] == (2, 2, 2)


# --- a real corpus


def _found_first(folder: Path) -> tuple[int, int]:
    """How many passages their own words find first, and how many there are."""
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog, closing(Index(folder)) as index:
        passages = list(Texts(catalog).passages(range(1, index.passage_count + 1)).values())
        assert len(passages) == index.passage_count
        return sum(index.search_lexical(passage.text, 1)[0].passage == passage for passage in passages), len(passages)


def test_a_passages_own_words_asked_lexically_find_it_first(seeds_index: Path) -> None:
    first, count = _found_first(seeds_index)
    assert first == count > 25


@pytest.mark.data
def test_a_passages_own_words_find_it_first_among_thousands(
    tmp_path: Path, embedder: SentenceTransformerEmbedder
) -> None:
    class RealTokens(WordLengths):
        count_tokens = staticmethod(embedder.count_tokens)

    report = update(tmp_path, [public_data("wikinews", "corpus.jsonl")], RealTokens())
    assert (report.documents, report.skipped) == (295, ())
    first, count = _found_first(tmp_path)
    assert count > 3000
    assert first >= 0.99 * count


@pytest.mark.slow
def test_a_filter_that_leaves_three_of_ten_thousand_passages_finds_those_three(tmp_path: Path) -> None:
    """However far down they stand: both searches rank the three alone, with the scores they have among all."""
    words = ["fox", "harbour", "quiet", "lights", "dog", "river", "sky", "morning"]
    with (tmp_path / "rows.jsonl").open("w") as file:
        for i in range(10_000):
            text = " ".join([*(words[(i * 7 + j * 3) % 8] for j in range(5)), *(["fox"] * (i % 4)), f"n{i}"])
            row = {"id": f"d{i:05}", "text": text, "source": "Few" if i % 3333 == 1 else "Many"}
            file.write(json.dumps(row) + "\n")
    update(tmp_path / "index", [tmp_path / "rows.jsonl"], WordLengths())
    with closing(Index(tmp_path / "index")) as index:
        assert index.passage_count == 10_000
        few = index.select(Filters(source="Few"))
        assert few is not None
        assert isinstance(few, SelectedPassages)
        assert few.document_ids == ["d00001", "d03334", "d06667"]
        vector = WordLengths().embed_query("fox harbour")
        for filtered, everything in (
            (index.search_dense(vector, 50, few), index.search_dense(vector, 10_000)),
            (index.search_lexical("fox harbour", 50, few), index.search_lexical("fox harbour", 10_000)),
        ):
            assert {hit.passage.document_id for hit in filtered} == set(few.document_ids)
            assert filtered == [hit for hit in everything if hit.passage.document_id in few.document_ids]
            assert everything.index(filtered[0]) > 50


def test_lists_are_narrowed_as_questions_are(seeds: Index) -> None:
    everything, total = seeds.summaries(100)
    documents = [seeds.document(one.id) for one in everything]
    days = sorted({one.date for one in documents if one.date})
    sources = sorted({one.source for one in documents if one.source})
    assert len(days) > 1
    for filters in (
        Filters(),
        *(Filters(source=source) for source in [*sources, "nobody"]),
        *(Filters(date_from=day) for day in days),
        *(Filters(date_to=day) for day in days),
        Filters(date_from=days[0], date_to=days[0], source=next(iter(sources), None)),
        Filters(frozenset({documents[0].id, documents[-1].id})),
        Filters(folders=frozenset({"nowhere"})),
    ):
        expected = {one.id for one in documents if passes(one, filters)}
        found, count = seeds.summaries(100, filters=filters)
        assert ({one.id for one in found}, count) == (expected, len(expected))
        for order in get_args(Order):
            ordered, count = seeds.sorted_summaries(order, 100, filters=filters)
            assert ({one.id for _, one in ordered}, count) == (expected, len(expected))
    assert total == len(documents)
