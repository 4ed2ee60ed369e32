"""The same client for programs that await: every method of `Client`, as a coroutine.

    async with AsyncClient("https://citeqa.example.org", key="...") as service:
        answer = await service.ask("Who met Marco Rubio?")
        print(answer.answer.citation.quote if answer.answer else answer.reason)

Every error is a `ServiceError`; `citeqa.errors` shows the tree.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
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


class AsyncClient:
    """Asks a service over HTTP; to be used in one event loop.

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
        self._http = httpx.AsyncClient(**calls.connection(self.url, key, timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, question: str, options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer to a question, or the reason why there is none."""
        return await self._do(calls.ask(question, options))

    async def batch(self, questions: Sequence[str], options: AskOptions = DEFAULTS) -> BatchResponse:
        """The answers to several questions; a question that fails has its own problem."""
        return await self._do(calls.batch(questions, options))

    async def read(self, question: str, documents: Sequence[DocumentIn], options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer from texts that are sent along; they are not stored."""
        return await self._do(calls.read(question, documents, options))

    async def search(self, question: str, options: AskOptions = DEFAULTS) -> SearchResponse:
        """The passages nearest to a question, best first."""
        return await self._do(calls.search(question, options))

    async def context(self, question: str, previous: AskResponse) -> ContextResponse:
        """What a follow-up question carries over from the answer before it: ask with it as `context` of the options."""
        return await self._do(calls.context(question, previous))

    async def verify(self, citation: CitationOut | Claim) -> VerifyResponse:
        """Check whether a citation still holds: one that an answer brought, or one that was kept as a `Claim`."""
        return await self._do(calls.verify(citation))

    async def verify_quotes(self, text: str, options: AskOptions = DEFAULTS) -> VerifyQuotesResponse:
        """Look up every quotation of a text in the documents. Of the options, the filters count."""
        return await self._do(calls.verify_quotes(text, options))

    async def verify_quotes_in(self, path: str | Path) -> VerifyQuotesResponse:
        """The same for a file of any format that is read; it is not stored."""
        path = Path(path)
        with path.open("rb") as file:
            return await self._do(calls.verify_quotes_in(path.name, counted(file, path, None)))

    async def feedback(self, question: str, verdict: Verdict, citation: CitationOut | Claim | None = None) -> None:
        """Say that an answer is right or wrong, or that a place should have been found; see `POST /api/feedback`."""
        await self._do(calls.feedback(question, verdict, citation))

    async def facets(self) -> FacetsOut:
        """How many documents there are by folder, source and year."""
        return await self._do(calls.facets())

    async def documents(
        self, *, limit: int = 50, cursor: str | None = None, **narrowed: Unpack[Narrowed]
    ) -> DocumentList:
        """A page of the documents, ordered by id or as `sort` says; a cursor holds for the order it was given for. They
        are narrowed to those that have `q` in an id, a title, an author or a source, and to those of a `folder`, of a
        `source`, and from `date_from` to `date_to`."""
        return await self._do(calls.documents(limit, cursor, **narrowed))

    async def all_documents(self, **narrowed: Unpack[Narrowed]) -> AsyncIterator[DocumentSummary]:
        """All documents, fetched page by page, narrowed and ordered as those of `documents`."""
        page = await self._do(calls.all_documents(None, narrowed))
        for summary in page.documents:
            yield summary
        while page.next_cursor:
            page = await self._do(calls.all_documents(page.next_cursor, narrowed))
            for summary in page.documents:
                yield summary

    async def document(self, document_id: str) -> DocumentOut:
        """One document with its text."""
        return await self._do(calls.document(document_id))

    async def add(self, document: DocumentIn, *, embedded: Embedded | None = None) -> DocumentStored:
        """Add a document, or replace the one with its id. `embedded` as in `upload`."""
        return await self._stored(calls.add(document), embedded)

    async def upload(
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
            return await self._stored(calls.upload(path.name, counted(file, path, progress), document_id), embedded)

    async def delete(self, document_id: str) -> None:
        """Delete a document for good."""
        await self._do(calls.delete(document_id))

    async def ready(self) -> Ready:
        """The state of the service, if it is ready to answer."""
        return await self._do(calls.ready())

    async def _stored(self, call: Call[DocumentStored], embedded: Embedded | None) -> DocumentStored:
        """What became of a document that was sent; `embedded` is told how far the service is with it."""
        if embedded is None:
            return await self._do(call)
        stored = await self._do(calls.in_steps(call, embedded))
        return calls.stored(stored, await self.document(stored.id))

    async def _do(self, call: Call[Model]) -> Model:
        """The answer to a call, which is sent again where that is safe.

        Raises:
            ServiceError: see the module.
        """
        for attempt in range(1, calls.ATTEMPTS + 1):
            outcome: Any
            try:
                outcome = await self._sent(call)
                if outcome.is_success:
                    self.change = calls.newest(self.change, outcome)
                    return calls.parsed(call, outcome, self.url)
            except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
                outcome = error
            await asyncio.sleep(calls.pause_after(call, outcome, attempt, self.url))
        raise AssertionError("every attempt returns or raises")

    async def _sent(self, call: Call[Any]) -> httpx.Response:
        """The response to a call, read to its end."""
        async with self._http.stream(call.method, call.path, **call.with_change(self.change)) as response:
            if not (steps := steps_of(response, self.url, call.embedded)):
                await response.aread()
                return response
            async for piece in response.aiter_bytes():
                steps.take(piece)
            return steps.response()
