"""A client for a running service, with the types of the HTTP contract.

    with Client("https://citeqa.example.org", key="...") as service:
        answer = service.ask("Who met Marco Rubio?")
        print(answer.answer.citation.quote if answer.answer else answer.reason)

Every error is a `ServiceError`; `citeqa.errors` shows the tree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from citeqa.api.client.errors import BusyError, RefusedError, ServiceError, UnexpectedAnswerError, UnreachableError
from citeqa.api.schemas import (
    AskRequest,
    AskResponse,
    BatchResponse,
    DocumentIn,
    DocumentList,
    DocumentOut,
    DocumentSummary,
    Ready,
    SearchRequest,
    SearchResponse,
    VerifyResponse,
)
from citeqa.rag.options import DEFAULTS, AskOptions

if TYPE_CHECKING:
    from citeqa.rag.citation.verification import Claim

__all__ = ["BusyError", "Client", "RefusedError", "ServiceError", "UnexpectedAnswerError", "UnreachableError"]

Model = TypeVar("Model", bound=BaseModel)
ATTEMPTS = 3
_PAUSE = 0.25  # seconds before the second attempt; doubled before each further one
_LONGEST = 10.0  # most seconds that a service may ask to wait


class Client:
    """Asks a service over HTTP. Safe to share between threads.

    A request is repeated only if that is safe: if no connection was made, if the service refused because it was busy
    (429, 503), or, for a request that changes nothing, if the connection broke.
    """

    def __init__(self, url: str, key: str | SecretStr | None = None, *, timeout: float = 60.0) -> None:
        """`url` is the part before `/api`; `timeout` in seconds applies to each step of an attempt. Proxies and
        passwords from the environment are ignored: the question goes to the service and nowhere else."""
        secret = key.get_secret_value() if isinstance(key, SecretStr) else key
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer to a question, or the reason why there is none."""
        return self._post("ask", _json(AskRequest.of(question, options)), AskResponse)

    def ask_batch(self, questions: Sequence[AskRequest]) -> BatchResponse:
        """The answers to several questions; a question that fails has its own problem."""
        return self._post("ask/batch", {"questions": [_json(one) for one in questions]}, BatchResponse)

    def read(self, question: str, documents: Sequence[DocumentIn], options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer from texts that are sent along; they are not stored."""
        body = _json(AskRequest.of(question, options)) | {"documents": [_json(document) for document in documents]}
        return self._post("read", body, AskResponse)

    def search(self, question: str, options: AskOptions = DEFAULTS) -> SearchResponse:
        """The passages nearest to a question, best first."""
        return self._post("search", _json(SearchRequest.of(question, options)), SearchResponse)

    def verify(self, claim: Claim) -> VerifyResponse:
        """Check whether a citation still holds."""
        sentence = {"text": claim.sentence, "start": claim.sentence_start} if claim.sentence else None
        names = ("document_id", "document_sha256", "start", "end", "quote")
        citation = {name: getattr(claim, name) for name in names} | {"sentence": sentence}
        return self._post("verify", {"citation": citation}, VerifyResponse)

    def documents(self, *, limit: int = 50, cursor: str | None = None, q: str = "") -> DocumentList:
        """A page of the documents, ordered by id."""
        parameters = {"limit": limit, "q": q} | ({"cursor": cursor} if cursor else {})
        return self._parsed(self._send("GET", "/api/documents", params=parameters), DocumentList)

    def all_documents(self, *, q: str = "") -> Iterator[DocumentSummary]:
        """All documents, fetched page by page."""
        page = self.documents(limit=1000, q=q)
        yield from page.documents
        while page.next_cursor:
            page = self.documents(limit=1000, cursor=page.next_cursor, q=q)
            yield from page.documents

    def document(self, document_id: str) -> DocumentOut:
        """One document with its text."""
        return self._parsed(self._send("GET", f"/api/documents/{quote(document_id, safe='')}"), DocumentOut)

    def put(self, document: DocumentIn) -> DocumentOut:
        """Add a document, or replace the one with its id."""
        return self._parsed(self._send("POST", "/api/documents", safe=False, json=_json(document)), DocumentOut)

    def remove(self, document_id: str) -> None:
        """Delete a document for good."""
        self._send("DELETE", f"/api/documents/{quote(document_id, safe='')}", safe=False)

    def ready(self) -> Ready:
        """The state of the service, if it is ready to answer."""
        return self._parsed(self._send("GET", "/api/ready"), Ready)

    def _post(self, path: str, body: Any, model: type[Model]) -> Model:
        return self._parsed(self._send("POST", f"/api/{path}", json=body), model)

    def _parsed(self, response: httpx.Response, model: type[Model]) -> Model:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UnexpectedAnswerError(
                f"{self.url} did not answer as this version of citeqa expects: {where} {first['msg']}"
            ) from None

    def _send(self, method: str, path: str, *, safe: bool = True, **content: Any) -> httpx.Response:
        """The response to a successful request. `safe` means that sending it twice does no harm.

        Raises:
            ServiceError: see the module.
        """
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            pause = _PAUSE * 2 ** (attempt - 1)
            try:
                response = self._http.request(method, path, **content)
            except httpx.TransportError as error:
                if last or not (safe or isinstance(error, httpx.ConnectError)) or isinstance(error, httpx.ReadTimeout):
                    raise UnreachableError(f"{self.url} cannot be reached: {error or type(error).__name__}") from None
            except (httpx.InvalidURL, ValueError) as error:
                raise UnreachableError(f"{self.url} is not the address of a service: {error}") from None
            else:
                if response.is_success:
                    return response
                refused = RefusedError.of(self.url, response.status_code, response.content, response.headers)
                if last or not isinstance(refused, BusyError) or refused.retry_after > _LONGEST:
                    raise refused
                pause = max(pause, refused.retry_after)
            time.sleep(pause)
        raise AssertionError("every attempt returns or raises")


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True)
