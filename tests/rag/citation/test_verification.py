"""Citations that hold, moved, changed or are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from support.embedders import WordLengths
from support.paths import MEMORY

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import writing
from citeqa.index.types import Document, Span
from citeqa.rag.citation.verification import Claim, Verdict, verify
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


def test_words_whose_place_cannot_be_told_are_not_moved() -> None:
    later = "Ferries leave at nine. Trains leave at nine."
    found = judged(claim(_document("The bus must leave at nine."), "leave at nine"), _document(later))
    assert (found.status, found.citation) == ("changed", None)


def test_a_renamed_document_is_found_by_its_digest() -> None:
    found = judged(claim(_document(TEXT), "nine"), _document(TEXT, "renamed/b"))
    assert found.status == "moved"
    assert found.citation
    assert (found.citation.source.document_id, found.citation.quote.text) == ("renamed/b", "nine")


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
