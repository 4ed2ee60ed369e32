"""BM25 against the formula written out, and the analyzer row by row.

The library keeps a passage's length in one byte (`quantised` below, the code of Lucene's SmallFloat): lengths up to 40
terms are exact, longer ones are rounded down by less than an eighth. With the rounded length the formula agrees to
single precision; with the true one, no score is off by more than an eighth.
"""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import MEMORY

from citeqa.index.ranking.lexical import LexicalEntry, LexicalIndex

K1, B = 1.2, 0.75
WORDS = ["zebra", "lion", "otter", "panda", "koala", "lemur"]  # one term each, none of them stemmed

passages = st.lists(st.lists(st.sampled_from(WORDS), max_size=30), min_size=1, max_size=12)
long_passages = st.lists(
    st.builds(lambda words, filler: words + ["gnu"] * filler, st.lists(st.sampled_from(WORDS)), st.integers(0, 400)),
    min_size=1,
    max_size=6,
)
queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)


def quantised(length: int) -> int:
    """Below 40 as it is; above, 24 plus the excess cut to its four leading bits."""
    excess = length - 24
    if excess < 16:
        return length
    shift = excess.bit_length() - 4
    return 24 + (excess >> shift << shift)


def bm25(rows: list[list[str]], query: list[str], *, exact_lengths: bool) -> dict[int, float]:
    """Robertson & Zaragoza (2009), formula 3.15, with the idf of the docstring; ids count from 1."""
    average = sum(len(row) for row in rows) / len(rows)
    scores: dict[int, float] = {}
    for number, row in enumerate(rows, 1):
        length = len(row) if exact_lengths else quantised(len(row))
        for term in set(query) & set(row):
            holding = sum(term in other for other in rows)
            idf = math.log(1 + (len(rows) - holding + 0.5) / (holding + 0.5))
            frequency = Counter(row)[term]
            weight = frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / average))
            scores[number] = scores.get(number, 0.0) + idf * weight
    return scores


def _build(folder: Path | str, texts: list[str], document_ids: list[str] | None = None) -> LexicalIndex:
    documents = document_ids or [f"d{number}" for number in range(1, len(texts) + 1)]
    rows = [
        LexicalEntry(number, document, text)
        for number, (document, text) in enumerate(zip(documents, texts, strict=True), 1)
    ]
    LexicalIndex.write(Path(folder), rows)
    return LexicalIndex.open(Path(folder))


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    texts = [
        "The zebra runs. A zebra is striped.",
        "A lion chases the zebra!",
        "Lions sleep all day.",
        "An otter AND a panda; NOT a lion.",
        "Café Zürich serves naïve guests.",
    ]
    return _build(tmp_path_factory.mktemp("animals"), texts, ["a", "a", "b", "c", "e/f:1"])


@settings(max_examples=40)
@given(passages, queries)
def test_scores_are_the_formula_for_lengths_that_are_kept_exactly(rows: list[list[str]], query: list[str]) -> None:
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as folder:
        found = _build(folder, [" ".join(row) for row in rows]).search(" ".join(query), len(rows))
    assert {entry.id: entry.score for entry in found} == pytest.approx(bm25(rows, query, exact_lengths=True), rel=1e-5)
    assert [entry.score for entry in found] == sorted((entry.score for entry in found), reverse=True)


@settings(max_examples=40)
@given(long_passages, queries)
def test_scores_of_long_passages_are_the_formula_with_rounded_lengths(rows: list[list[str]], query: list[str]) -> None:
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as folder:
        found = _build(folder, [" ".join(row) for row in rows]).search(" ".join(query), len(rows))
    scores = {entry.id: entry.score for entry in found}
    assert scores == pytest.approx(bm25(rows, query, exact_lengths=False), rel=1e-5)
    assert scores == pytest.approx(bm25(rows, query, exact_lengths=True), rel=1 / 8)


def test_an_idf_is_the_formula_over_the_passages(animals: LexicalIndex) -> None:
    assert len(animals) == 5
    assert animals.idf("zebra") == pytest.approx(math.log(1 + (5 - 2 + 0.5) / (2 + 0.5)))
    assert animals.idf("lion") == pytest.approx(math.log(1 + (5 - 3 + 0.5) / (3 + 0.5)))
    assert animals.idf("unheard") == pytest.approx(math.log(1 + (5 + 0.5) / 0.5))


def test_a_word_asked_twice_counts_once(animals: LexicalIndex) -> None:
    assert animals.search("zebra Zebras zebra", 5) == animals.search("zebra", 5)


@pytest.mark.parametrize("document_ids", [["a"], ["b", "c"], ["e/f:1"], ["a", "b", "c", "e/f:1"], ["nowhere"], []])
def test_a_filtered_search_has_the_scores_of_the_unfiltered_one(animals: LexicalIndex, document_ids: list[str]) -> None:
    inside = {"a": {1, 2}, "b": {3}, "c": {4}, "e/f:1": {5}}
    allowed = {i for document_id in document_ids for i in inside.get(document_id, set())}
    for query in ("zebra lion cafe", "panda", "unheard"):
        everything = [entry for entry in animals.search(query, 5) if entry.id in allowed]
        assert animals.search(query, 5, document_ids) == everything
        best = [entry for entry in everything if entry.score == everything[0].score]
        assert animals.search(query, 1, document_ids) == best


def test_a_document_id_of_512_bytes_is_filtered_by_all_of_it(tmp_path: Path) -> None:
    index = _build(tmp_path, ["zebra", "zebra"], ["x" * 511 + "1", "x" * 511 + "2"])
    assert [entry.id for entry in index.search("zebra", 5, ["x" * 511 + "2"])] == [2]


def test_passages_that_hold_no_term_are_not_found(animals: LexicalIndex) -> None:
    assert {entry.id for entry in animals.search("otter", 5)} == {4}
    assert animals.search("unheard of words", 5) == []


@pytest.mark.parametrize("query", ["", " \n", "?!", "\0", "the of and", "who is it?", "“”", "😀"])
def test_a_query_without_terms_finds_nothing(animals: LexicalIndex, query: str) -> None:
    assert animals.search(query, 5) == []


TYPED = """
+zebra -lion
zebra AND lion
NOT zebra lion
"zebra lion"
text:zebra^9 lion
zebra lion~2
(zebra) OR [lion TO *]
zebra\\ lion
'zebra
/zebra/ lion*
id:1 zebra lion
{zebra} && || ! lion
""".strip().splitlines()


@pytest.mark.parametrize("query", TYPED)
def test_nothing_typed_is_a_query_language(animals: LexicalIndex, query: str) -> None:
    words = [term for term in animals.terms(query) if term in ("zebra", "lion")]
    expected = {entry.id: entry.score for entry in animals.search(" ".join(words), 5)}
    assert {entry.id: entry.score for entry in animals.search(query, 5)} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Prime Minister's dogs are running", ["prime", "minist", "dog", "run"]),
        ("It isn't theirs; I've said we'll go", ["said", "go"]),
        ("US officials told us", ["us", "offici", "told"]),
        ("Café naïve Zürich Straße ﬁne", ["cafe", "naiv", "zurich", "strass", "fine"]),
        ("co-hosted e-mail 3.5 $9", ["co", "host", "e", "mail", "3", "5", "9"]),
        ("run Running RUNS runs", ["run"]),
        ("Кремль 東京 2024", ["кремль", "東京", "2024"]),
        ("x" * 99 + " " + "y" * 101, ["x" * 99]),
        ("", []),
    ],
)
def test_terms_are_lower_case_folded_stemmed_and_without_stop_words(
    animals: LexicalIndex, text: str, terms: list[str]
) -> None:
    assert animals.terms(text) == terms


def test_a_decomposed_accent_is_folded_like_a_composed_one(animals: LexicalIndex) -> None:
    assert animals.terms("re\u0301sume\u0301") == animals.terms("r\u00e9sum\u00e9")


def test_an_accent_or_an_ending_does_not_hide_a_passage(animals: LexicalIndex) -> None:
    assert [entry.id for entry in animals.search("cafe", 5)] == [5]
    assert [entry.id for entry in animals.search("ZURICH guest", 5)] == [5]
    assert {entry.id for entry in animals.search("lion", 5)} == {2, 3, 4}


def test_all_that_tie_with_the_last_are_returned(tmp_path: Path) -> None:
    index = _build(tmp_path, ["zebra one"] * 30 + ["zebra zebra"])
    assert [entry.id for entry in index.search("zebra", 1)] == [31]
    assert {entry.id for entry in index.search("zebra", 2)} == set(range(1, 32))


def test_a_query_may_be_as_long_as_a_book(animals: LexicalIndex) -> None:
    long = "zebra " + " ".join(f"word{number}" for number in range(20_000))
    assert {entry.id for entry in animals.search(long, 5)} == {1, 2}


def test_a_reopened_index_answers_exactly_like_the_written_one(tmp_path: Path) -> None:
    written = _build(tmp_path, [f"zebra {'lion ' * (number % 7)} otter{number}" for number in range(200)])
    opened = LexicalIndex.open(tmp_path)
    assert len(opened) == len(written) == 200
    for query in ("zebra", "Lions otter17", "otter3 zebras", "nothing"):
        assert opened.search(query, 10) == written.search(query, 10)
        assert opened.idf(query) == written.idf(query)
        assert opened.terms(query) == written.terms(query)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = _build(tmp_path, [])
    assert (len(index), index.search("zebra", 3)) == (0, [])


def test_fewer_than_one_is_refused(animals: LexicalIndex) -> None:
    with pytest.raises(ValueError, match="k is 0; needed at least 1"):
        animals.search("zebra", 0)


def test_threads_search_like_one(animals: LexicalIndex) -> None:
    work = ["zebra lion", "otter", "cafe lions", "unheard"] * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: animals.search(query, 3), work)) == [animals.search(q, 3) for q in work]


HELD = [
    ("zebra", True, True),
    ("ZEBRAS", True, True),
    ("zebra lion", True, True),
    ("zebra otter", False, False),  # in two passages
    ("zebar", False, True),
    ("zbra", False, True),
    ("zebbra", False, True),
    ("zebba", False, True),
    ("zebbaa", False, False),
    ("otter pamda", False, True),
    ("Zurich", True, True),
    ("the", True, True),  # no term
]


@pytest.mark.parametrize(("words", "exactly", "nearly"), HELD)
def test_a_passage_holds_all_terms_of_the_words(
    animals: LexicalIndex, words: str, *, exactly: bool, nearly: bool
) -> None:
    assert (animals.holds(words), animals.holds(words, typo=True)) == (exactly, nearly)


def test_only_passages_of_these_documents_hold_words(animals: LexicalIndex) -> None:
    assert animals.holds("zebra", ["a", "b"])
    assert not animals.holds("zebra", ["b", "c"])
    assert not animals.holds("zebar", ["b"], typo=True)
    assert not animals.holds("zebra", [])


def test_a_deleted_passage_holds_nothing(tmp_path: Path) -> None:
    LexicalIndex.write(tmp_path, [LexicalEntry(1, "a", "zebra"), LexicalEntry(2, "b", "lion")])
    LexicalIndex.write(tmp_path, [], gone=["a"])
    assert [LexicalIndex.open(tmp_path).holds(word) for word in ("zebra", "lion")] == [False, True]
