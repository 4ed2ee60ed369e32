"""Quotations looked up in documents: exact, altered and how, or absent; with work that does not grow with the index."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.embedders import WordLengths
from support.paths import MEMORY

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import writing
from citeqa.index.structure import Structure, Turn
from citeqa.index.types import Document, Filters, Span
from citeqa.rag.manuscript import checking
from citeqa.rag.manuscript.alignment import align
from citeqa.rag.manuscript.checking import CheckedQuotation, Checker
from citeqa.rag.manuscript.quotations import pattern_of, quotations_in
from citeqa.rag.manuscript.words import words_of

HARBOUR = (
    "Ingrid Solheim spoke first. “The harbour will not close before 12 May, and nobody has to leave the old town,” she "
    "said. The ferry carries 1,200 people a day – more than ever. Officials of the U.S. Navy watched from the pier."
)
LAKE = "The lake froze early this winter, and the ferry carries people no more. Children skated until dusk fell."


@contextmanager
def holding(*documents: Document) -> Iterator[Index]:
    with TemporaryDirectory(dir=MEMORY) as folder:
        with writing(Path(folder), WordLengths, ChunkerSettings(), "testing") as writer:
            for item in documents:
                writer.put(item)
            writer.commit()
        index = Index(Path(folder))
        yield index
        index.close()


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    harbour = document("harbour", HARBOUR, file_sha256="0", published=date(2019, 5, 4), author="Jon Ek")
    with holding(harbour, document("lake", LAKE, file_sha256="0")) as opened:
        yield opened


def check(index: Index, text: str) -> CheckedQuotation:
    (one,) = Checker(index).check(text)
    return one


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('"The harbour will not close before 12 May"', "The harbour will not close before 12 May"),
        ("‘the harbour will\n  not close before 12 May,’", "The harbour will not close before 12 May"),
        ("“the ferry carries 1200 people a day”", "The ferry carries 1,200 people a day"),
        ("“Officials of the US Navy watched”", "Officials of the U.S. Navy watched"),
        ("“the old\u00ad town”", "the old town"),
        ("> nobody has to leave\n> the old town", "nobody has to leave the old town"),
    ],
)  # fmt: skip
def test_what_stands_there_is_exact_whatever_marks_it_is_set_with(index: Index, text: str, quoted: str) -> None:
    found = check(index, text)
    assert (found.status, found.changed, found.differences) == ("exact", (), ())
    assert found.citation
    assert found.citation.quote.text == quoted == HARBOUR[slice(*_ends(found.citation.quote.span))]


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.end


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("“The harbour will not close before 13 May”", {"numbers"}),
        ("“The harbour will close before 12 May”", {"negation"}),
        ("“The harbour won't close before 12 May”", {"words"}),
        ("“The port will not close before 12 May”", {"words"}),
        ("“The harbour will not close, they say, before 12 May”", {"words"}),
        ("“The harbour will not close before twelve May”", {"words"}),
        ("“The port will close before 13 May, and nobody has to leave the old town”", {"words", "negation", "numbers"}),
        ("“Officials of the u.s. navy watched from the pier”", {"case"}),
        ("“will not the harbour close before 12 May”", {"words"}),
    ],
)
def test_what_was_altered_is_told_with_its_kind(index: Index, text: str, changed: set[str]) -> None:
    found = check(index, text)
    assert (found.status, set(found.changed)) == ("altered", changed)
    assert found.citation
    assert found.citation.source.document_id == "harbour"


def test_the_difference_is_shown_word_by_word(index: Index) -> None:
    found = check(index, "“The port will not close, before 13 May”")
    assert [(part.change, part.quoted, part.source) for part in found.differences] == [
        ("same", "The", "The"),
        ("replaced", "port", "harbour"),
        ("same", "will not close, before", "will not close before"),
        ("replaced", "13", "12"),
        ("same", "May", "May"),
    ]


@pytest.mark.parametrize(
    ("text", "quoted", "source"),
    [
        ("“The harbour will not close before 12 June”", "June", "May"),
        ("“Their harbour will not close before 12 May”", "Their", "The"),
        ("“The ferry carries 1,200 people every hour”", "every hour", "a day"),
        ("“Children skated until dusk came”", "came", "fell"),
        ("“Children skated until dusk fell upon them”", "upon them", ""),  # where the source ends
    ],
)
def test_first_and_last_words_stand_beside_those_of_the_source(
    index: Index, text: str, quoted: str, source: str
) -> None:
    found = check(index, text)
    assert [(one.quoted, one.source) for one in found.differences if one.change != "same"] == [(quoted, source)]


@pytest.mark.parametrize(
    ("text", "omissions", "insertions"),
    [
        ("“The harbour will not close [...] and nobody has to leave”", 1, 0),
        ("“[It] will not close before 12 May … nobody has to leave the old town”", 1, 1),
        ("“nobody has to leave [the city]”", 0, 1),
        ("“nobody [at all] has to leave”", 0, 1),
        ("“[N]obody has to leave the [old] town”", 0, 1),
        ("“[t]he ferry [sic] carries 1,200 people”", 0, 0),
    ],
)
def test_the_conventions_of_quoting_are_honoured(index: Index, text: str, omissions: int, insertions: int) -> None:
    found = check(index, text)
    assert (found.status, found.omissions, found.insertions) == ("exact", omissions, insertions)


def test_words_that_stand_before_the_others_are_no_omission(index: Index) -> None:
    found = check(index, "“nobody has to leave the old town [...] The harbour will not close before 12 May”")
    assert found.status != "exact"


@pytest.mark.parametrize(
    "text", ["“We shall build a tunnel under the bay”", "“tunnel”", "“the ferry sank near the old mill at noon today”"]
)
def test_what_does_not_stand_there_is_absent(index: Index, text: str) -> None:
    found = check(index, text)
    assert (found.status, found.citation) == ("absent", None)


def test_words_that_no_index_lists_are_not_checked(index: Index) -> None:
    assert check(index, "“not the same”").status == "unchecked"
    assert check(index, f"“{'harbour ' * (checking.MOST_WORDS + 1)}”").status == "unchecked"


def test_what_stands_beside_it_is_shown_next_to_the_source(index: Index) -> None:
    found = check(index, "“The harbour will not close before 12 May,” Ingrid Solheim said in 2019.")
    assert (found.attribution.name, found.speaker) == ("Ingrid Solheim", None)  # "she said": no name there
    assert (found.name_fits, found.date_fits) == (True, True)
    other = check(index, "“The harbour will not close before 12 May,” Ann Lee said in 2018.")
    assert (other.name_fits, other.date_fits) == (False, False)


def test_the_speaker_of_a_conversation_is_told() -> None:
    text = "SOLHEIM: The quay is safe for everyone now.\nEK: Since when exactly, may I ask?"
    turns = (Turn(Span(0, 43), Span(0, 8)), Turn(Span(44, len(text)), Span(44, 46)))
    talk = replace(document("talk", text, file_sha256="0"), structure=Structure(turns=turns))
    with holding(talk) as opened:
        assert check(opened, "“Since when exactly”").speaker == "EK"
        assert check(opened, "“The quay is safe”").speaker == "SOLHEIM"


def test_of_several_places_the_one_that_fits_is_cited_and_the_others_are_named() -> None:
    texts = {"a": "The bridge is safe again.", "b": "The bridge is safe again.", "c": "The bridge is closed."}
    dates = {"a": date(2018, 1, 1), "b": date(2020, 1, 1), "c": None}
    with holding(*(document(i, text, file_sha256="0", published=dates[i]) for i, text in texts.items())) as opened:
        found = check(opened, "In 2020 he said: “The bridge is safe again.”")
        assert found.citation
        assert (found.citation.source.document_id, found.also_in) == ("b", ("a",))
        (only,) = Checker(opened, Filters(frozenset({"c"}))).check("“The bridge is safe again.”")
        assert only.status != "exact"


WORDS = ["harbour", "lake", "ferry", "town", "pier", "boat", "no", "12"]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), st.lists(st.sampled_from(WORDS), max_size=12))
def test_an_alignment_has_the_least_distance(quoted: list[str], source: list[str]) -> None:
    text = f"“{' '.join(quoted)}”"
    found = align(pattern_of(text, quotations_in(text)[0]), source)
    if not set(quoted) & set(source):
        assert found is None
        return
    parts = [source[i:j] for i in range(len(source) + 1) for j in range(i, len(source) + 1)]
    least = min(_distance(tuple(quoted), tuple(part)) for part in parts)
    if found is None:  # the shared word costs more than leaving it out
        assert least == len(quoted)
        return
    cost = sum(
        max(one.quoted[1] - one.quoted[0], one.source[1] - one.source[0]) for one in found.steps if one.change != "same"
    )
    assert cost <= least
    assert [n for one in found.steps for n in range(*one.quoted)] == list(range(len(quoted)))


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    row = list(range(len(other) + 1))
    for i, word in enumerate(one):
        row, before = [i + 1], row
        for j, theirs in enumerate(other):
            row.append(min(before[j + 1] + 1, row[j] + 1, before[j] + (word != theirs)))
    return row[-1]


def test_a_quotation_costs_no_more_in_a_larger_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts the passages that are fetched, and the code points whose words are compared."""
    chance = random.Random(0)
    common = [f"word{n}" for n in range(300)]

    def made(n: int) -> Document:
        return document(f"d{n}", " ".join(chance.choices(common, k=120)) + ".", file_sha256="0")

    text = "\n\n".join(f"“{' '.join(chance.choices(common, k=12))}”" for _ in range(20))
    counts = []
    for size in (30, 300):
        with holding(*map(made, range(size))) as opened:
            done = _Counted(opened)
            monkeypatch.setattr(checking, "words_of", done.counting(words_of))
            assert len(list(Checker(done).check(text))) == 20
            monkeypatch.undo()
            counts.append((done.searches, done.fetched, done.compared))
    assert counts[1][0] == counts[0][0] == 20
    assert counts[1][1] <= 20 * checking.PASSAGES
    assert counts[1][2] <= 1.5 * counts[0][2]


class _Counted:
    """An index that counts what is asked of it."""

    def __init__(self, index: Index) -> None:
        self._index, self.searches, self.fetched, self.compared = index, 0, 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def rank_lexical(self, *given: Any) -> Any:
        self.searches += 1
        return self._index.rank_lexical(*given)

    def fetch(self, ids: Sequence[int]) -> Any:
        self.fetched += len(ids)
        return self._index.fetch(ids)

    def counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(text: str) -> Any:
            self.compared += len(text)
            return function(text)

        return counted
