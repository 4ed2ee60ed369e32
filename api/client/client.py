"""A client for a running service, with the types of the HTTP contract.

    with Client("https://citeqa.example.org", key="...") as service:
        answer = service.ask("Who met Marco Rubio?")
        print(answer.answer.citation.quote if answer.answer else answer.reason)

Every error is a `ServiceError`; `citeqa.errors` shows the tree.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import httpx
from pydantic import SecretStr

from citeqa.api.client import calls
from citeqa.api.client.calls import Call, Model, Narrowed, Verdict
from citeqa.api.client.uploading import Embedded, Sent, counted, steps_of
from citeqa.api.schemas import (
    AskResponse,
    BatchResponse,
    CitationOut,
    ContextResponse,
    DocumentIn,
    DocumentList,
    DocumentOut,
    DocumentStored,
    DocumentSummary,
    FacetsOut,
    Ready,
    SearchResponse,
    VerifyQuotesResponse,
    VerifyResponse,
)
from citeqa.rag.options import DEFAULTS, AskOptions

if TYPE_CHECKING:
    from citeqa.rag.citation.verification import Claim


class Client:
    """Asks a service over HTTP. Safe to share between threads.

    A request is repeated only if that is safe: if no connection was made, if the service refused because it was busy
    (429, 503), or, for a request that changes nothing, if the connection broke.

    `change` is the number of the latest change that this client made: what it asks afterwards shows at least that
    change, whichever worker or replica answers. Set it to the number that another client was told, to see what that
    one wrote; None takes whatever is there.
    """

    def __init__(self, url: str, key: str | SecretStr | None = None, *, timeout: float = 60.0) -> None:
        """`url` is the part before `/api`; `timeout` in seconds applies to each step of an attempt. Proxies and
        passwords from the environment are ignored: the question goes to the service and nowhere else."""
        self.url = url.rstrip("/")
        self.change: int | None = None
        self._changing = threading.Lock()
        self._http = httpx.Client(**calls.connection(self.url, key, timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer to a question, or the reason why there is none."""
        return self._do(calls.ask(question, options))

    def batch(self, questions: Sequence[str], options: AskOptions = DEFAULTS) -> BatchResponse:
        """The answers to several questions; a question that fails has its own problem."""
        return self._do(calls.batch(questions, options))

    def read(self, question: str, documents: Sequence[DocumentIn], options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer from texts that are sent along; they are not stored."""
        return self._do(calls.read(question, documents, options))

    def search(self, question: str, options: AskOptions = DEFAULTS) -> SearchResponse:
        """The passages nearest to a question, best first."""
        return self._do(calls.search(question, options))

    def context(self, question: str, previous: AskResponse) -> ContextResponse:
        """What a follow-up question carries over from the answer before it: ask with it as `context` of the options."""
        return self._do(calls.context(question, previous))

    def verify(self, citation: CitationOut | Claim) -> VerifyResponse:
        """Check whether a citation still holds: one that an answer brought, or one that was kept as a `Claim`."""
        return self._do(calls.verify(citation))

    def verify_quotes(self, text: str, options: AskOptions = DEFAULTS) -> VerifyQuotesResponse:
        """Look up every quotation of a text in the documents. Of the options, the filters count."""
        return self._do(calls.verify_quotes(text, options))

    def verify_quotes_in(self, path: str | Path) -> VerifyQuotesResponse:
        """The same for a file of any format that is read; it is not stored."""
        path = Path(path)
        with path.open("rb") as file:
            return self._do(calls.verify_quotes_in(path.name, counted(file, path, None)))

    def feedback(self, question: str, verdict: Verdict, citation: CitationOut | Claim | None = None) -> None:
        """Say that an answer is right or wrong, or that a place should have been found; see `POST /api/feedback`."""
        self._do(calls.feedback(question, verdict, citation))

    def facets(self) -> FacetsOut:
        """How many documents there are by folder, source and year."""
        return self._do(calls.facets())

    def documents(self, *, limit: int = 50, cursor: str | None = None, **narrowed: Unpack[Narrowed]) -> DocumentList:
        """A page of the documents, ordered by id or as `sort` says; a cursor holds for the order it was given for. They
        are narrowed to those that have `q` in an id, a title, an author or a source, and to those of a `folder`, of a
        `source`, and from `date_from` to `date_to`."""
        return self._do(calls.documents(limit, cursor, **narrowed))

    def all_documents(self, **narrowed: Unpack[Narrowed]) -> Iterator[DocumentSummary]:
        """All documents, fetched page by page, narrowed and ordered as those of `documents`."""
        page = self._do(calls.all_documents(None, narrowed))
        yield from page.documents
        while page.next_cursor:
            page = self._do(calls.all_documents(page.next_cursor, narrowed))
            yield from page.documents

    def document(self, document_id: str) -> DocumentOut:
        """One document with its text."""
        return self._do(calls.document(document_id))

    def add(self, document: DocumentIn, *, embedded: Embedded | None = None) -> DocumentStored:
        """Add a document, or replace the one with its id. `embedded` as in `upload`."""
        return self._stored(calls.add(document), embedded)

    def upload(
        self,
        path: str | Path,
        *,
        document_id: str | None = None,
        progress: Sent | None = None,
        embedded: Embedded | None = None,
    ) -> DocumentStored:
        """Add a file of any format that is read. Its id is the file's name without the ending, unless it is given.
        `progress` is called with the bytes that were sent so far, and the bytes of the file; `embedded` with how many
        passages are embedded so far, each of which may take until `timeout`, where all of them may otherwise."""
        path = Path(path)
        with path.open("rb") as file:
            return self._stored(calls.upload(path.name, counted(file, path, progress), document_id), embedded)

    def delete(self, document_id: str) -> None:
        """Delete a document for good."""
        self._do(calls.delete(document_id))

    def ready(self) -> Ready:
        """The state of the service, if it is ready to answer."""
        return self._do(calls.ready())

    def _stored(self, call: Call[DocumentStored], embedded: Embedded | None) -> DocumentStored:
        """What became of a document that was sent; `embedded` is told how far the service is with it."""
        if embedded is None:
            return self._do(call)
        stored = self._do(calls.in_steps(call, embedded))
        return calls.stored(stored, self.document(stored.id))

    def _do(self, call: Call[Model]) -> Model:
        """The answer to a call, which is sent again where that is safe.

        Raises:
            ServiceError: see the module.
        """
        for attempt in range(1, calls.ATTEMPTS + 1):
            outcome: Any
            try:
                outcome = self._sent(call)
                if outcome.is_success:
                    with self._changing:
                        self.change = calls.newest(self.change, outcome)
                    return calls.parsed(call, outcome, self.url)
            except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
                outcome = error
            time.sleep(calls.pause_after(call, outcome, attempt, self.url))
        raise AssertionError("every attempt returns or raises")

    def _sent(self, call: Call[Any]) -> httpx.Response:
        """The response to a call, read to its end."""
        with self._http.stream(call.method, call.path, **call.with_change(self.change)) as response:
            if not (steps := steps_of(response, self.url, call.embedded)):
                response.read()
                return response
            for piece in response.iter_bytes():
                steps.take(piece)
            return steps.response()
