"""BM25 over the terms of passages. tantivy is used here and for the analyzer, nowhere else."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import tantivy

from citeqa.index.errors import StorageError
from citeqa.index.ranking.analyzer import ANALYZER, english
from citeqa.index.ranking.ties import widening
from citeqa.index.types import Ranked

_HEAP = 64_000_000  # bytes the writer may use before it spills a segment
_K1 = 1.2  # as the library has it
_TERM_LIMIT = 1024  # a query is cut to so many distinct terms


class LexicalEntry(NamedTuple):
    """What is indexed of one passage."""

    id: int
    document_id: str
    text: str


class LexicalIndex:
    """BM25 with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, as in Lucene: idf = ln(1 + (N - n + 0.5)/(n + 0.5))).

    Lengths are quantised to a byte by the library, so scores differ from the formula by some percent. What a person
    typed is only ever analyzed into terms, never parsed as a query language. Immutable once built; searching from
    many threads is safe.
    """

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(ANALYZER, english())  # not stored with the index: needed at every open
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()
        self._analyzer = english()

    @staticmethod
    def write(folder: Path, rows: Iterable[LexicalEntry], gone: Iterable[str] = ()) -> None:
        """Bring the index in `folder` up to date, or make one in an empty folder: passages of the documents `gone` go,
        then `rows` come. One thread writes, so that the same calls give the same index.

        Files that are there are never changed, but for being named no more: new ones are written beside them. The
        caller has checked the digests of those that are there.

        Raises:
            StorageError: if the disk refuses.
        """
        try:
            LexicalIndex._fill(tantivy.Index(_schema(), path=str(folder)), rows, gone)
        except ValueError as error:  # tantivy's word for every failure
            raise StorageError(folder, str(error)) from error

    @classmethod
    def in_memory(cls, rows: Iterable[LexicalEntry]) -> LexicalIndex:
        """An index that is nowhere but here."""
        index = tantivy.Index(_schema())
        cls._fill(index, rows, ())
        return cls(index)

    @staticmethod
    def _fill(index: tantivy.Index, rows: Iterable[LexicalEntry], gone: Iterable[str]) -> None:
        index.register_tokenizer(ANALYZER, english())
        writer = index.writer(heap_size=_HEAP, num_threads=1)
        for document_id in gone:
            writer.delete_documents_by_term("document_id", document_id)
        for row in rows:
            composed = row._replace(text=unicodedata.normalize("NFC", row.text))
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
        """How rare a term is: `ln(1 + (N - n + 0.5) / (n + 0.5))` for n of N passages that hold it."""
        holding = self._searcher.doc_freq("text", term)  # of documents that went too, until files are merged
        total = max(len(self), holding)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

    def highest(self, query: str) -> float:
        """What no passage's score for `query` can exceed: that of one holding every term without end,
        `(k1 + 1) * sum of idf`; 0 without terms."""
        return (_K1 + 1) * sum(self.idf(term) for term in self.terms(query)[:_TERM_LIMIT])

    def search(self, query: str, k: int, document_ids: Iterable[str] | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score for the terms of `query`, best first, ties with the last too.

        Passages that hold none of the terms are not found. With `document_ids`, only passages of these documents are
        searched; their scores are those of the unfiltered search.
        """
        terms = self.terms(query)[:_TERM_LIMIT]
        if not terms:
            return []
        should = tantivy.Occur.Should
        wanted = tantivy.Query.boolean_query(
            [(should, tantivy.Query.term_query(self._schema, "text", term, index_option="freq")) for term in terms]
        )
        if document_ids is not None:
            among = tantivy.Query.term_set_query(self._schema, "document_id", list(document_ids))
            must = tantivy.Occur.Must
            wanted = tantivy.Query.boolean_query([(must, wanted), (must, tantivy.Query.const_score_query(among, 0.0))])

        def best(limit: int) -> list[Ranked]:
            hits = self._searcher.search(wanted, limit, count=False).hits
            ids = self._searcher.fast_field_values("id", [address for _, address in hits])
            return [Ranked(int(i or 0), float(score)) for i, (score, _) in zip(ids, hits, strict=True)]

        return widening(best, k, len(self))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    builder.add_text_field("document_id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()
