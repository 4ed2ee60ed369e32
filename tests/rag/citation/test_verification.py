"""Citations that hold, moved, changed or are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.embedders import WordLengths
from support.paths import MEMORY

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.formats import registry
from citeqa.index.formats import text as text_format
from citeqa.index.formats.extracted import Extracted
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import writing
from citeqa.index.types import Document, Span
from citeqa.rag.citation.verification import Claim, Likeness, Verdict, _only_place, verify
from citeqa.rag.types import Citation

TEXT = (
    "Prologue 🦊 first. The ferry leaves at nine. It costs twelve florin. The last ferry leaves at ten. Nobody waits."
)


def _document(text: str, document_id: str = "a") -> Document:
    return document(document_id, text, file_sha256="0")


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


def claim(item: Document, quote: str) -> Claim:
    start = item.text.index(quote)
    cited = Citation.of(item, Span(start, start + len(quote)))
    sentence = cited.sentence
    return Claim(item.id, item.sha256, start, start + len(quote), quote, sentence.text, sentence.span.start)


def judged(given_out: Claim, *now: Document) -> Verdict:
    with holding(*now) as index:
        return verify(index, given_out)


def test_the_same_text_holds_the_same_citation() -> None:
    found = judged(claim(_document(TEXT), "nine"), _document(TEXT))
    assert (found.status, found.nearest) == ("valid", None)
    assert found.citation
    assert found.citation.quote.text == "nine"
    assert found.citation.quote.span.start == TEXT.index("nine")


def test_words_that_stand_twice_are_told_apart_by_their_sentence() -> None:
    given_out = claim(_document(TEXT), "leaves at ten")
    later = "A new beginning. " + TEXT.replace("leaves at nine", "leaves at ten")
    found = judged(given_out, _document(later))
    assert found.status == "moved"
    assert found.citation
    assert found.citation.quote.span.start == later.rindex("leaves at ten")
    assert found.citation.sentence.text == "The last ferry leaves at ten."


def test_words_that_stand_once_are_found_in_a_changed_sentence() -> None:
    found = judged(claim(_document(TEXT), "twelve florin"), _document(TEXT.replace("It costs", "One pays")))
    assert found.status == "moved"
    assert found.citation
    assert found.citation.sentence.text == "One pays twelve florin."


def test_words_are_found_when_the_same_file_is_read_with_other_white_space() -> None:
    """As after an upgrade that joins the lines of a format's paragraphs, or no longer does."""
    wrapped = TEXT.replace("The last ferry leaves at ten", "The last\nferry  leaves\nat ten")
    for before, after in ((TEXT, "A heading\n\n" + wrapped), (wrapped, TEXT)):
        words = "leaves\nat ten" if before == wrapped else "leaves at ten"
        found = judged(claim(_document(before), words), _document(after))
        assert found.status == "moved"
        assert found.citation
        assert found.citation.quote.text.split() == ["leaves", "at", "ten"]
        span = found.citation.quote.span
        assert after[span.start : span.end] == found.citation.quote.text
    twice = judged(claim(_document("Ferries leave at nine."), "at nine"), _document("Now at\nnine. Or at  nine!"))
    assert (twice.status, twice.citation) == ("changed", None)  # which of them cannot be told


def test_words_that_stand_twice_in_a_sentence_are_told_apart_with_other_white_space_too() -> None:
    before = "It costs ten\nflorin, and at ten the\ncounter closes. Ten at last."
    item = _document(before)
    start = before.index("ten the")
    cited = Citation.of(item, Span(start, start + 3))
    given_out = Claim("a", item.sha256, start, start + 3, "ten", cited.sentence.text, cited.sentence.span.start)
    later = "Prices\n\n" + before.replace("\n", " ")
    found = judged(given_out, _document(later))
    assert found.status == "moved"
    assert found.citation
    assert found.citation.quote.span == Span(later.index("ten the"), later.index("ten the") + 3)


def test_words_whose_sentence_stands_where_it_stood_are_moved_however_often_it_stands() -> None:
    log = "Monday. The keeper lit the lamp at nine. Tuesday. The keeper lit the lamp at nine. Boats: {}."
    before, later = _document(log.format("3¹/₂")), _document(log.format("3 1/2"))
    start = before.text.rindex("nine")
    cited = Citation.of(before, Span(start, start + 4))
    found = judged(Claim.of(cited), later)
    assert (found.status, found.citation and found.citation.quote.span) == ("moved", Span(start, start + 4))
    assert found.citation
    assert found.citation.source.sha256 == later.sha256


@pytest.mark.parametrize(
    ("quote", "now"), [("3¹/₂ inch", "3 1/2 inch"), ("¹/₂", "1/2"), ("two pipes", "two pipes"), ("bar", "bar")]
)
def test_words_are_found_where_fractions_are_written_otherwise_now(quote: str, now: str) -> None:
    before = "It has two pipes of 3¹/₂ inch at one bar. Behind a bar lie 4¹/₂ of ¹/₂ inch, no pipes."
    later = "A heading\n\n" + before.replace("3¹/₂", "3 1/2").replace("4¹/₂", "4 1/2").replace("¹/₂", "1/2")
    found = judged(claim(_document(before), quote), _document(later))
    assert found.status == "moved"
    assert found.citation
    assert found.citation.quote.span == Span(later.index(now), later.index(now) + len(now))


def test_words_whose_place_cannot_be_told_are_not_moved() -> None:
    later = "Ferries leave at nine. Trains leave at nine."
    found = judged(claim(_document("The bus must leave at nine."), "leave at nine"), _document(later))
    assert (found.status, found.citation) == ("changed", None)


def test_what_was_cited_before_a_file_was_read_again_is_found_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: the same bytes, read as another text by a newer version of their format."""
    (tmp_path / "docs").mkdir()
    log = "The keeper lit the lamp at nine.\n" * 3
    (tmp_path / "docs/pipes.txt").write_text(f"Notes\n\n{log}It has two pipes of 3 1/2 inch.\n{log}Two at a time.\n")

    def sync_now() -> int:
        with writing(tmp_path / "index", WordLengths, ChunkerSettings(), "testing") as writer:
            planned = plan(writer.records, tmp_path / "docs")
            return sync(writer, planned).replaced

    with monkeypatch.context() as earlier:
        older = lambda data: Extracted(data.decode().replace("3 1/2", "3¹/₂").replace("Notes\n\n", "Notes\n"))  # noqa: E731
        earlier.setattr(text_format, "extract", older)
        earlier.setattr(registry, "FORMATS", [replace(one, version=1) for one in registry.FORMATS])
        sync_now()
    with closing(Index(tmp_path / "index")) as index:
        text = index.document("pipes").text
        words = ["two pipes", "3¹/₂ inch", "It has two pipes of 3¹/₂ inch.", "Two at a time"]
        claims = [claim(index.document("pipes"), quote) for quote in words]
        assert "¹" in text
    assert sync_now() == 1
    with closing(Index(tmp_path / "index")) as index:
        found = [verify(index, one) for one in claims]
        assert [one.status for one in found] == ["moved"] * len(words)
        assert [one.citation and one.citation.quote.text for one in found] == [
            "two pipes", "3 1/2 inch", "It has two pipes of 3 1/2 inch.", "Two at a time",
        ]  # fmt: skip


def test_a_renamed_document_is_found_by_its_digest() -> None:
    found = judged(claim(_document(TEXT), "nine"), _document(TEXT, "renamed/b"))
    assert found.status == "moved"
    assert found.citation
    assert (found.citation.source.document_id, found.citation.quote.text) == ("renamed/b", "nine")


def test_a_document_read_anew_is_found_under_its_id_with_an_ending() -> None:
    """As when a file of the same name is read too since, `a.docx` beside `a.xlsx`, and both are read anew."""
    given_out = claim(_document(TEXT), "leaves at ten")
    beside = _document("Notes. The first ferry leaves at ten.", "a.docx")
    found = judged(given_out, beside, _document("Read anew.\n" + TEXT, "a.pdf"), _document(TEXT[1:], "a.b"))
    assert found.status == "moved"
    assert found.citation
    assert (found.citation.source.document_id, found.citation.quote.text) == ("a.pdf", "leaves at ten")
    assert judged(given_out, beside, _document(TEXT[1:], "a/a.pdf")) == Verdict("gone")  # words alone may be others'


def test_changed_words_show_the_nearest_sentence_and_unlike_ones_none() -> None:
    found = judged(claim(_document(TEXT), "twelve florin"), _document(TEXT.replace("twelve florin", "nine florin")))
    assert (found.status, found.citation) == ("changed", None)
    assert found.nearest
    assert found.nearest.quote.text == "It costs nine florin."
    assert judged(claim(_document(TEXT), "nine"), _document("Nothing alike stands here.")).nearest is None


def test_a_document_that_is_no_more_is_gone() -> None:
    assert judged(claim(_document(TEXT), "nine"), _document("Other words.", "b")) == Verdict("gone")


def test_forged_words_with_the_right_digest_are_not_valid() -> None:
    honest = claim(_document(TEXT), "nine")
    forged = Claim(honest.document_id, honest.document_sha256, honest.start, honest.end, "four", "", 0)
    assert judged(forged, _document(TEXT)).status == "changed"


@settings(max_examples=40)
@given(st.text("ab .é🦊\n", max_size=30), st.data())
@pytest.mark.slow
def test_words_in_front_of_a_sentence_move_exactly_its_citations(before: str, data: st.DataObject) -> None:
    item = _document(TEXT)
    start = data.draw(st.integers(0, len(TEXT) - 1))
    end = data.draw(st.integers(start + 1, len(TEXT)))
    cited = Citation.of(item, Span(start, end))
    given_out = Claim("a", item.sha256, start, end, TEXT[start:end], cited.sentence.text, cited.sentence.span.start)
    assert judged(given_out, item).status == "valid"
    later = _document(before + TEXT)
    found = judged(given_out, later)
    if found.citation:
        assert later.quote(found.citation.quote.span) == found.citation.quote.text == TEXT[start:end]
    if later.text.count(cited.sentence.text) == 1:
        assert found.status == ("moved" if before else "valid")
        assert found.citation
        assert found.citation.quote.span == Span(start + len(before), end + len(before))


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 9), st.integers(0, len(TEXT) - 1), st.integers(1, 9), st.data())
@pytest.mark.slow
def test_a_sentence_that_does_not_hold_its_quote_counts_as_none(
    at: int, length: int, place: int, size: int, data: st.DataObject
) -> None:
    """Also where it begins so far behind the quote that its distance, counted from the end, meets the quote again."""
    quote, sentence = TEXT[at : at + length], TEXT[place : place + size]
    start = data.draw(st.sampled_from([0, at, at + 1, at - (at - len(TEXT) - TEXT.index(sentence)), 10**30]))
    odd = Claim("a", "0" * 64, at, at + len(quote), quote, sentence, start)
    if start <= at and sentence[at - start : at - start + len(quote)] == quote:
        return
    found, wanted = judged(odd, _document(TEXT)), judged(replace(odd, sentence=""), _document(TEXT))
    assert (found.status, found.citation) == (wanted.status, wanted.citation)


WORDS = st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join)


@given(WORDS, WORDS)
def test_likeness_is_the_longest_common_subsequence_of_words(one: str, other: str) -> None:
    ours, theirs = one.split(), other.split()
    longest = max(
        len(few) for size in range(len(ours) + 1) for few in combinations(ours, size) if _in_order(few, theirs)
    )
    expected = 2 * longest / (len(ours) + len(theirs)) if longest else 0.0
    assert Likeness(one).to(other) == pytest.approx(expected)


def _in_order(few: tuple[str, ...], words: list[str]) -> bool:
    left = iter(words)
    return all(word in left for word in few)


class Counted(str):
    """A text that counts how often it is searched."""

    searches = 0

    def find(self, *given: Any) -> int:
        Counted.searches += 1
        return super().find(*given)


def test_words_that_stand_everywhere_are_looked_for_twice_at_most() -> None:
    text = Counted("a" * 5000)
    assert _only_place(text, "a" * 2500) is None
    assert Counted.searches == 2
