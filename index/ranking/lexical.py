"""Lexical ranking: BM25 over the terms of passages. Only this module and the analyzer import tantivy."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tantivy

from citeqa.index.errors import StorageError
from citeqa.index.ranking.analyzer import ANALYZER, english
from citeqa.index.ranking.ties import Places, Scored, with_ties
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
        self._links: tempfile.TemporaryDirectory[str] | None = None

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
        """Open what `write` wrote. The caller has checked the files' digests.

        The library makes the file of a lock in the folder that it opens. Where that cannot be written, it is given
        another, of links to the files, which is there as long as the index is used.
        """
        if os.access(folder, os.W_OK):
            return cls(tantivy.Index.open(str(folder)))
        links = tempfile.TemporaryDirectory(prefix="citeqa-lexical-", ignore_cleanup_errors=True)
        for path in (path for path in folder.iterdir() if path.suffix != ".lock"):
            try:
                Path(links.name, path.name).symlink_to(path.resolve())
            except OSError:  # Windows allows links to few
                shutil.copyfile(path, Path(links.name, path.name))
        opened = cls(tantivy.Index.open(links.name))
        opened._links = links
        return opened

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

    def search(
        self, query: str, k: int, document_ids: Iterable[str] | None = None, places: Places | None = None
    ) -> list[Ranked]:
        """The `k` passages with the highest BM25 score for the terms of `query`, best first, ties by `places`; without
        it, also all that tie with the last of them. Passages that hold none of the terms are not found.

        Args:
            document_ids: only passages of these documents are searched; their scores are those of the search of
                everything.
        """
        terms = self.terms(query)[:_TERM_LIMIT]
        if not terms:
            return []
        should = tantivy.Occur.Should
        wanted = self._within(
            tantivy.Query.boolean_query(
                [(should, tantivy.Query.term_query(self._schema, "text", term, index_option="freq")) for term in terms]
            ),
            document_ids,
        )

        def best(limit: int) -> Scored:
            hits = self._searcher.search(wanted, limit, count=False).hits
            ids = self._searcher.fast_field_values("id", [address for _, address in hits])
            return np.array(ids, dtype=np.int64), np.array([score for score, _ in hits], dtype=np.float32)

        return with_ties(best, k, len(self), places)

    def holds(self, words: str, document_ids: Iterable[str] | None = None, *, typo: bool = False) -> bool:
        """Whether a passage (of these documents) has all terms of the words; or, if `typo`, all terms that are at most
        one edit away from them (Damerau 1964: a letter wrong, missing, added, or two swapped). True without terms."""
        terms = self.terms(words)[:_TERM_LIMIT]
        if not terms:
            return True

        def query(term: str) -> tantivy.Query:
            if typo:
                return tantivy.Query.fuzzy_term_query(self._schema, "text", term)
            return tantivy.Query.term_query(self._schema, "text", term, index_option="basic")

        must = tantivy.Occur.Must
        wanted = self._within(tantivy.Query.boolean_query([(must, query(term)) for term in terms]), document_ids)
        return bool(self._searcher.search(wanted, 1, count=False).hits)

    def _within(self, query: tantivy.Query, document_ids: Iterable[str] | None) -> tantivy.Query:
        """The query, for these documents only."""
        if document_ids is None:
            return query
        chosen = tantivy.Query.term_set_query(self._schema, "document_id", list(document_ids))
        must = tantivy.Occur.Must
        return tantivy.Query.boolean_query([(must, query), (must, tantivy.Query.const_score_query(chosen, 0.0))])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    builder.add_text_field("document_id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()
