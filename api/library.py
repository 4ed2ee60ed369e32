"""citeqa as a library: build an index, open it, ask it. Answers are the same as over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from citeqa.api.settings import Settings
from citeqa.rag.options import DEFAULTS, AskOptions, Look

if TYPE_CHECKING:
    from citeqa.api.service import Service
    from citeqa.index.types import Document, Facets, Report
    from citeqa.rag.citation.verification import Claim, Verdict
    from citeqa.rag.manuscript.checking import CheckedQuotation
    from citeqa.rag.types import CitedPassage, Response

Location = str | Path


class QAIndex:
    """An index opened for questions, in its state at that time. Safe to share between threads.

    Use it in a `with` block, or call `close`.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._service.close()

    @property
    def document_count(self) -> int:
        """The number of documents."""
        return self._service.index.document_count

    @property
    def change(self) -> int:
        """The number of the latest change that it shows, as `Report.change` and a service's answers give it."""
        return self._service.index.change

    @property
    def document_ids(self) -> list[str]:
        """The ids of all documents, in order."""
        index = self._service.index
        return [summary.id for summary in index.summaries(index.document_count or 1)[0]]

    def facets(self, most: int = 1000) -> Facets:
        """How many documents there are by folder, source and year, at most `most` of each."""
        return self._service.index.facets(most)

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> Response:
        """The best answer with its citation, or the reason why there is none.

        Raises:
            ValueError: if the question is blank.
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        return self._service.answerer.ask(_not_blank(question), options)

    def search(self, question: str, options: AskOptions = DEFAULTS) -> tuple[CitedPassage, ...]:
        """The passages nearest to a question, best first, without reading them.

        Raises:
            ValueError: if the question is blank.
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        return self._service.answerer.search(_not_blank(question), options)[0]

    def document(self, document_id: str) -> Document:
        """One document. Raises UnknownDocumentError if no document has that id."""
        return self._service.index.document(document_id)

    def verify(self, claim: Claim) -> Verdict:
        """Check whether a citation still holds: valid, moved, changed or gone."""
        from citeqa.rag.citation.verification import verify

        return verify(self._service.index, claim)

    def verify_quotes(self, manuscript: Document, options: AskOptions = DEFAULTS) -> list[CheckedQuotation]:
        """Look up every quotation of a manuscript in the documents: exact, altered or absent; in its order.
        `read_manuscript` reads one from a file. Of the options, the filters count.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        from citeqa.rag.manuscript.checking import Checker

        checker = Checker(self._service.index, options.filters)
        return list(checker.check(manuscript.text, manuscript.structure.quotations))


def read_manuscript(path: Location) -> Document:
    """A file of any format that is read, to check its quotations; it is not stored.

    Raises:
        CiteqaError: if it cannot be read.
    """
    from citeqa.index.documents.corpus import load_one

    return load_one(Path(path))


def _located(folder: Location) -> Settings:
    """The settings with an index in a folder, or at the address of a store."""
    address = str(folder)
    return Settings(store=SecretStr(address)) if "://" in address else Settings(index=Path(folder), store=None)


def open_index(folder: Location = ".citeqa", *, reader: str | None = None, look: Look = "twice") -> QAIndex:
    """Open the index in a folder, or at the address of a store that machines share, with the models that answer from
    it. `reader` names a question-answering model to use instead of the shipped one. `look` is how often passages are
    read: twice is again, by a larger reader, where the first is not sure. Opening takes a second or two: open once, ask
    often.

    Raises:
        IndexNotFoundError: if there is no index in the folder.
        CiteqaError: if the index or a model cannot be used; the message says how to fix it.
    """
    from citeqa.api.service import Service

    settings = _located(folder).model_copy(update={"reader": reader, "look": look})
    return QAIndex(Service.open(settings.address, settings.exported, settings.reader, look=settings.look))


def build_index(paths: Iterable[Location], folder: Location = ".citeqa", *, follow_links: bool = False) -> Report:
    """Bring the index in a folder up to date with files and folders of documents; create it if it does not exist. Files
    that cannot be read are listed in the report, and so are links that lead out of a folder unless `follow_links` says
    to read them; all others are indexed.

    Raises:
        FileNotFoundError: if one of the paths does not exist.
        CiteqaError: if the index cannot be written.
    """
    from citeqa.api.tasks import chunker_for, embedder_for
    from citeqa.index.storage.adding import add_paths
    from citeqa.index.storage.stores import open_store

    settings = _located(folder)
    store, files = open_store(settings.address), [Path(path) for path in paths]
    choice = replace(settings.choice, follow_links=follow_links)
    return add_paths(store, files, embedder_for(settings), chunker_for(settings), choice=choice)


def ask(question: str, folder: Location = ".citeqa", options: AskOptions = DEFAULTS) -> Response:
    """Ask the index in a folder one question. It is opened and closed again; for more questions use `open_index`."""
    with closing(open_index(folder)) as index:
        return index.ask(question, options)


def _not_blank(question: str) -> str:
    if not question.strip():
        raise ValueError("the question is blank")
    return question
