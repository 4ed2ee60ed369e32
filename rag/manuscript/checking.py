"""Looks the quotations of a manuscript up in the documents: exact, altered or absent.

What one quotation costs is bounded, however many documents there are: one search of the lexical index, a few passages
with what stands around them, and at most `ALIGNED` alignments.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from citeqa.index.protocols import SearchIndex, Selection
from citeqa.index.types import DocumentView, Filters, Passage, Span
from citeqa.rag.citation.verification import Likeness
from citeqa.rag.manuscript.alignment import MOST_OMITTED, Alignment, align
from citeqa.rag.manuscript.attribution import Attribution, beside, fits_date, fits_name, speaker
from citeqa.rag.manuscript.differences import Changed, Difference, changed, differences
from citeqa.rag.manuscript.quotations import Pattern, Quotation, pattern_of, quotations_in
from citeqa.rag.manuscript.words import Words, words_of
from citeqa.rag.types import Citation

QuotationStatus = Literal["exact", "altered", "absent", "unchecked"]

MOST_WORDS = 1500  # of a quotation; a longer one is not compared
QUERY = 24  # words of a quotation that are searched for, the rarest ones
PASSAGES = 8  # that are looked at for one quotation
PASSAGES_OF_SHORT = 30  # the same for one of few words, which stand in many
SHORT = 4  # words
ALIGNED = 2  # places that are aligned, where none is exact
ALSO_IN = 10
KEPT = 100  # documents that are kept while a manuscript is checked
WIDEST = 40_000  # code points of a source around a passage
ALIKE = 0.7  # likeness from which on a quotation is altered, not absent; see tests/benchmarks/quotations.py
LEAST_ALTERED = 3  # words; a shorter quotation is exact or absent


class Place(NamedTuple):
    """Where a quotation stands in a document, and how it lies beside the words there."""

    document: DocumentView
    words: Words
    alignment: Alignment

    @property
    def span(self) -> Span:
        held = [step.source for step in self.alignment.steps if step.source[0] < step.source[1]]
        return Span(self.words.spans[held[0][0]][0], self.words.spans[held[-1][1] - 1][1])


@dataclass(frozen=True, slots=True)
class CheckedQuotation:
    """A quotation of a manuscript and what the documents say.

    Args:
        text: its words with their marks, as they stand in the manuscript at `quotation.span`.
        status: "exact", also with declared omissions and insertions; "altered"; "absent"; or "unchecked" where its
            words are too many, or so common that no index lists them.
        citation: the place in the documents; None unless exact or altered.
        speaker: who says the words there, if that can be told.
        attribution: what stands beside it in the manuscript.
        name_fits: whether that name is found with the source; None without a name or without a place.
        date_fits: whether that time is the source's; None without a time, or if the source has no date.
        omissions: how many marks of omission it has.
        insertions: how many brackets it has that put words in.
        changed: the kinds of change, if it is altered.
        differences: the quotation beside its source, run by run, if it is altered or declares a gap.
        also_in: ids of other documents that have the same words.
    """

    quotation: Quotation
    text: str
    status: QuotationStatus
    attribution: Attribution
    citation: Citation | None = None
    speaker: str | None = None
    name_fits: bool | None = None
    date_fits: bool | None = None
    omissions: int = 0
    insertions: int = 0
    changed: tuple[Changed, ...] = ()
    differences: tuple[Difference, ...] = ()
    also_in: tuple[str, ...] = ()


@dataclass(slots=True)
class Checker:
    """Checks quotations against one index. Not to be shared between threads."""

    index: SearchIndex
    filters: Filters = field(default_factory=Filters)
    _selection: Selection | None = None
    _documents: OrderedDict[str, DocumentView] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Raises UnknownDocumentError if the filters name documents that do not exist."""
        self._selection = self.index.select(self.filters)

    def check(self, text: str, blocks: Sequence[Span] = ()) -> Iterator[CheckedQuotation]:
        """Every quotation of a text, in order; `blocks` and the rules are those of `quotations_in`."""
        return (self.checked(text, quotation) for quotation in quotations_in(text, blocks))

    def checked(self, text: str, quotation: Quotation) -> CheckedQuotation:
        """What the documents say of one quotation of a text."""
        block = quotation.inner if quotation.kind == "block" else None
        ascribed = beside(text, quotation.span, block)
        pattern = pattern_of(text, quotation)
        shown = text[quotation.span.start : quotation.span.end]
        bare = CheckedQuotation(
            quotation, shown, "absent", ascribed, omissions=pattern.omissions, insertions=pattern.insertions
        )
        query = self._query(pattern)
        if not query or len(pattern.words.plain) > MOST_WORDS:
            return replace(bare, status="unchecked")
        places = self._places(pattern, query)
        exact = [place for place in places if place.alignment.exact]
        best = max(exact or places, key=lambda place: self._fit(place, ascribed), default=None)
        if best is None:
            return bare
        return self._found(bare, text, pattern, best, exact)

    def _found(
        self, bare: CheckedQuotation, text: str, pattern: Pattern, place: Place, exact: Sequence[Place]
    ) -> CheckedQuotation:
        document, span, ascribed = place.document, place.span, bare.attribution
        kinds = changed(place.alignment, pattern, place.words)
        said_by = speaker(document, span)
        others = [one.document.id for one in exact if one.document.id != document.id]
        told = kinds or pattern.omissions or pattern.insertions
        runs = differences(place.alignment, pattern, text, place.words, document.text) if told else ()
        return replace(
            bare,
            status="altered" if kinds else "exact",
            citation=Citation.of(document, span),
            speaker=said_by,
            name_fits=fits_name(ascribed.name, document, span, said_by) if ascribed.name else None,
            date_fits=fits_date(ascribed, document),
            changed=kinds,
            differences=runs,
            also_in=tuple(dict.fromkeys(others))[:ALSO_IN],
        )

    def _query(self, pattern: Pattern) -> str:
        """The rarest words of a quotation; empty if the lexical index lists none of them."""
        rarity = {}
        for word in dict.fromkeys(pattern.words.plain[:MOST_WORDS]):
            if terms := self.index.terms(word):
                rarity[word] = max(self.index.idf(term) for term in terms)
        return " ".join(sorted(rarity, key=lambda word: (-rarity[word], word))[:QUERY])

    def _places(self, pattern: Pattern, query: str) -> list[Place]:
        """Where the quotation stands; else the most similar place, if there is one that is similar enough."""
        count = len(pattern.words.plain)
        most = PASSAGES_OF_SHORT if count <= SHORT else PASSAGES
        ranked = self.index.rank_lexical(query, most, self._selection)
        passages = self.index.fetch([one.id for one in ranked])
        windows = self._windows(pattern, [passages[one.id] for one in ranked])
        exact: list[Place] = []
        others: list[tuple[DocumentView, Words]] = []
        for document, words in windows:
            found = align(pattern, words.plain) if self._may_be_exact(pattern, words) else None
            if found and found.exact:
                exact.append(Place(document, words, found))
            else:
                others.append((document, words))
        if exact or count < LEAST_ALTERED:
            return exact
        return self._similar(pattern, others)

    @staticmethod
    def _may_be_exact(pattern: Pattern, words: Words) -> bool:
        """Whether the words hold each part of the quotation in one piece."""
        joined = f" {' '.join(words.plain)} "
        cuts = [0, *sorted(pattern.gaps), len(pattern.words.plain)]
        parts = (" ".join(pattern.words.plain[start:end]) for start, end in pairwise(cuts))
        return all(f" {part} " in joined for part in parts)

    @staticmethod
    def _similar(pattern: Pattern, windows: Sequence[tuple[DocumentView, Words]]) -> list[Place]:
        likeness = Likeness(" ".join(pattern.words.plain))
        shares = [likeness.common(words.plain) for _, words in windows]
        order = sorted(range(len(windows)), key=lambda number: -shares[number])[:ALIGNED]
        found: list[Place] = []
        for number in order:
            document, words = windows[number]
            alignment = align(pattern, words.plain)
            if alignment and alignment.likeness >= ALIKE:
                found.append(Place(document, words, alignment))
        best = max((place.alignment.likeness for place in found), default=0.0)
        return [place for place in found if place.alignment.likeness == best]

    def _windows(self, pattern: Pattern, passages: Sequence[Passage]) -> Iterator[tuple[DocumentView, Words]]:
        """The words around the passages, in their order; what an earlier window holds is not looked at again."""
        spans = pattern.words.spans
        length = spans[-1][1] - spans[0][0]
        gaps = len(pattern.gaps)
        around = min(WIDEST, length + 200 + 6 * MOST_OMITTED * gaps)
        seen: dict[str, list[Span]] = {}
        for passage in passages:
            before = seen.setdefault(passage.document_id, [])
            if any(span.contains(passage.span) for span in before):
                continue
            document = self._document(passage.document_id)
            start = max(0, passage.span.start - around)
            window = Span(start, min(len(document.text), passage.span.end + around))
            before.append(window)
            yield document, words_of(document.text[window.start : window.end]).shifted(window.start)

    def _document(self, document_id: str) -> DocumentView:
        """A document; of those fetched, the latest are kept."""
        if document_id in self._documents:
            self._documents.move_to_end(document_id)
            return self._documents[document_id]
        found = self._documents[document_id] = self.index.document_view(document_id)
        if len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        return found

    @staticmethod
    def _fit(place: Place, ascribed: Attribution) -> int:
        """How well a place fits what stands beside the quotation; of equally good ones the first found is taken."""
        score = 2 if fits_date(ascribed, place.document) else 0
        if ascribed.name and fits_name(ascribed.name, place.document, place.span, None):
            score += 1
        return score
