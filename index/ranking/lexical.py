"""Lexical ranking: BM25 over the terms of passages. Only this module and the analyzer import tantivy."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import tantivy

from citeqa.index.errors import StorageError
from citeqa.index.ranking.analyzer import ANALYZER, english
from citeqa.index.ranking.ties import with_ties
from citeqa.index.types import Ranked

_HEAP = 64_000_000  # bytes the writer may use before it spills a segment
_K1 = 1.2  # as the library has it
_TERM_LIMIT = 1024  # a query is cut to so many distinct terms


class LexicalEntry(NamedTuple):
    """What the lexical index holds of one passage: its number, its document, and its text with the heading."""

    id: int
    document_id: str
    text: str


class LexicalIndex:
    """BM25 with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, as in Lucene: idf = ln(1 + (N - n + 0.5)/(n + 0.5))).

    The library quantises lengths to a byte, so scores differ from the formula by a few percent. A query is only ever
    analyzed into terms, never parsed as a query language. Immutable once built; threads may share it.
    """

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(ANALYZER, english())  # not stored with the index: needed at every open
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()
        self._analyzer = english()

    @staticmethod
    def write(folder: Path, entries: Iterable[LexicalEntry], gone: Iterable[str] = ()) -> None:
        """Bring the index in `folder` up to date, or make one if the folder is empty: first the passages of the
        documents `gone` are deleted, then `entries` are added. One thread writes, so that the same calls give the same
        index.

        Existing files are never changed, only left behind: new ones are written beside them. The caller has checked
        the digests of the existing ones.

        Raises:
            StorageError: if the disk refuses.
        """
        try:
            LexicalIndex._fill(tantivy.Index(_schema(), path=str(folder)), entries, gone)
        except ValueError as error:  # tantivy raises it for every failure
            raise StorageError(folder, str(error)) from error

    @classmethod
    def in_memory(cls, entries: Iterable[LexicalEntry]) -> LexicalIndex:
        """An index in memory, without files."""
        index = tantivy.Index(_schema())
        cls._fill(index, entries, ())
        return cls(index)

    @staticmethod
    def _fill(index: tantivy.Index, entries: Iterable[LexicalEntry], gone: Iterable[str]) -> None:
        index.register_tokenizer(ANALYZER, english())
        writer = index.writer(heap_size=_HEAP, num_threads=1)
        for document_id in gone:
            writer.delete_documents_by_term("document_id", document_id)
        for entry in entries:
            composed = entry._replace(text=unicodedata.normalize("NFC", entry.text))
            writer.add_document(tantivy.Document.from_dict(composed._asdict(), index.schema))
        writer.commit()
        writer.wait_merging_threads()

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Open what `write` wrote. The caller has checked the files' digests."""
        return cls(tantivy.Index.open(str(folder)))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text, in the order of their first occurrence."""
        return list(dict.fromkeys(self._analyzer.analyze(unicodedata.normalize("NFC", text))))

    def idf(self, term: str) -> float:
        """How rare a term is: `ln(1 + (N - n + 0.5) / (n + 0.5))` if n of N passages hold it."""
        holding = self._searcher.doc_freq("text", term)  # deleted passages count too, until files are merged
        total = max(len(self), holding)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

    def highest(self, query: str) -> float:
        """A bound that no passage's score for `query` exceeds: `(k1 + 1) * sum of idf`, the score of a passage that
        held every term infinitely often; 0 if the query has no terms."""
        return (_K1 + 1) * sum(self.idf(term) for term in self.terms(query)[:_TERM_LIMIT])

    def search(self, query: str, k: int, document_ids: Iterable[str] | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score for the terms of `query`, best first, and all that tie with the
        last of them. Passages that hold none of the terms are not found.

        Args:
            document_ids: only passages of these documents are searched; their scores are those of the search of
                everything.
        """
        terms = self.terms(query)[:_TERM_LIMIT]
        if not terms:
            return []
        should = tantivy.Occur.Should
        wanted = tantivy.Query.boolean_query(
            [(should, tantivy.Query.term_query(self._schema, "text", term, index_option="freq")) for term in terms]
        )
        if document_ids is not None:
            chosen = tantivy.Query.term_set_query(self._schema, "document_id", list(document_ids))
            must = tantivy.Occur.Must
            wanted = tantivy.Query.boolean_query([(must, wanted), (must, tantivy.Query.const_score_query(chosen, 0.0))])

        def best(limit: int) -> list[Ranked]:
            hits = self._searcher.search(wanted, limit, count=False).hits
            ids = self._searcher.fast_field_values("id", [address for _, address in hits])
            return [Ranked(int(i or 0), float(score)) for i, (score, _) in zip(ids, hits, strict=True)]

        return with_ties(best, k, len(self))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    builder.add_text_field("document_id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()
