"""What a client sends, and what comes back of it: the same for the one that waits and the one that awaits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr

from citeqa.api.client.errors import BusyError, RefusedError, UnreachableError, expected
from citeqa.api.client.uploading import EVENTS, Counted, Embedded
from citeqa.api.schemas import (
    AskRequest,
    AskResponse,
    BatchResponse,
    CitationOut,
    ContextRequest,
    ContextResponse,
    DocumentIn,
    DocumentList,
    DocumentOut,
    DocumentStored,
    FacetsOut,
    Feedback,
    FiltersIn,
    PlaceIn,
    Ready,
    SearchRequest,
    SearchResponse,
    StoredOut,
    TurnIn,
    VerifyQuotesRequest,
    VerifyQuotesResponse,
    VerifyResponse,
)
from citeqa.rag.options import AskOptions

if TYPE_CHECKING:
    from citeqa.rag.citation.verification import Claim

Model = TypeVar("Model", bound=BaseModel)
Verdict = Literal["right", "wrong", "missing"]
Sorted = Literal["id", "title", "date", "added", "source"]

ATTEMPTS = 3
_PAUSE = 0.25  # seconds before the second attempt; doubled before each further one
_LONGEST = 10.0  # most seconds that a service may ask to wait
_PAGE = 1000  # documents fetched at once where all are wanted


@dataclass(frozen=True, slots=True)
class Call(Generic[Model]):
    """A request, and the model of its answer. `safe` says that sending it twice does no harm; `dated` is the part of
    its content, json or params, that takes `min_change`; `embedded` is told what an answer that comes in steps tells
    of passages."""

    method: str
    path: str
    model: type[Model]
    content: dict[str, Any] = field(default_factory=dict)
    safe: bool = True
    dated: str | None = None
    embedded: Embedded | None = None

    def with_change(self, change: int | None) -> dict[str, Any]:
        """Its content, which asks for an answer that shows at least this change, where that can be asked."""
        if change is None or self.dated is None:
            return self.content
        return self.content | {self.dated: self.content.get(self.dated, {}) | {"min_change": change}}


class Narrowed(TypedDict, total=False):
    """Which documents are listed, and in which order: as the parameters of `GET /api/documents` of the same names."""

    q: str
    folder: str | None
    source: str | None
    date_from: date | None
    date_to: date | None
    sort: Sorted


class _Nothing(BaseModel):
    """The answer of a request that has none."""


def ask(question: str, options: AskOptions) -> Call[AskResponse]:
    return _post("ask", _json(AskRequest.of(question, options)), AskResponse, dated="json")


def batch(questions: Sequence[str], options: AskOptions) -> Call[BatchResponse]:
    body = {"questions": [_json(AskRequest.of(one, options)) for one in questions]}
    return _post("ask/batch", body, BatchResponse, dated="json")


def read(question: str, documents: Sequence[DocumentIn], options: AskOptions) -> Call[AskResponse]:
    body = _json(AskRequest.of(question, options)) | {"documents": [_json(document) for document in documents]}
    return _post("read", body, AskResponse)


def search(question: str, options: AskOptions) -> Call[SearchResponse]:
    return _post("search", _json(SearchRequest.of(question, options)), SearchResponse, dated="json")


def context(question: str, previous: AskResponse) -> Call[ContextResponse]:
    answer = previous.answer
    turn = TurnIn(
        question=previous.question,
        answer=answer.text if answer else "",
        title=answer.citation.title if answer else "",
    )
    return _post("context", _json(ContextRequest(question=question, previous=turn)), ContextResponse)


def verify(citation: CitationOut | Claim) -> Call[VerifyResponse]:
    place = _place(citation)
    if isinstance(citation, CitationOut):
        text, start = citation.sentence.text, citation.sentence.start
    else:
        text, start = citation.sentence, citation.sentence_start
    sentence = {"text": text, "start": start} if text else None
    return _post("verify", {"citation": place | {"sentence": sentence}}, VerifyResponse)


def verify_quotes(text: str, options: AskOptions) -> Call[VerifyQuotesResponse]:
    body = VerifyQuotesRequest(text=text, filters=FiltersIn.of(options.filters))
    return _post("verify/quotes", _json(body), VerifyQuotesResponse)


def verify_quotes_in(name: str, file: Counted) -> Call[VerifyQuotesResponse]:
    return Call("POST", "/api/verify/quotes", VerifyQuotesResponse, {"files": {"file": (name, file)}})


def feedback(question: str, verdict: Verdict, citation: CitationOut | Claim | None) -> Call[_Nothing]:
    place = PlaceIn(**_place(citation)) if citation else None
    body = Feedback(question=question, verdict=verdict, citation=place).model_dump(mode="json")
    return Call("POST", "/api/feedback", _Nothing, {"json": body}, safe=False)


def facets() -> Call[FacetsOut]:
    return Call("GET", "/api/facets", FacetsOut)


def documents(
    limit: int,
    cursor: str | None,
    *,
    q: str = "",
    folder: str | None = None,
    source: str | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    sort: Sorted = "id",
) -> Call[DocumentList]:
    days = {"date_from": date_from, "date_to": date_to}
    given = {"cursor": cursor, "folder": folder, "source": source} | {
        name: day and day.isoformat() for name, day in days.items()
    }
    asked = {name: value for name, value in given.items() if value is not None}
    return Call(
        "GET",
        "/api/documents",
        DocumentList,
        {"params": {"limit": limit, "q": q, "sort": sort} | asked},
        dated="params",
    )


def all_documents(cursor: str | None, narrowed: Narrowed) -> Call[DocumentList]:
    return documents(_PAGE, cursor, **narrowed)


def document(document_id: str) -> Call[DocumentOut]:
    return Call("GET", f"/api/documents/{quote(document_id, safe='')}", DocumentOut, dated="params")


def add(given: DocumentIn) -> Call[DocumentStored]:
    return Call("POST", "/api/documents", DocumentStored, {"json": _json(given)}, safe=False)


def upload(name: str, file: Counted, document_id: str | None) -> Call[DocumentStored]:
    form = {"files": {"file": (name, file)}, "data": {"id": document_id} if document_id is not None else {}}
    return Call("POST", "/api/documents", DocumentStored, form, safe=False)


def in_steps(call: Call[DocumentStored], embedded: Embedded) -> Call[StoredOut]:
    """The same call, whose answer tells how far the service is with the document."""
    content = call.content | {"headers": {"Accept": EVENTS}}
    return Call(call.method, call.path, StoredOut, content, safe=call.safe, embedded=embedded)


def stored(told: StoredOut, document: DocumentOut) -> DocumentStored:
    """What a call gives that is answered whole: of one in steps, and of the document, which was fetched after it."""
    return DocumentStored(**dict(document), replaced=told.replaced, change=told.change)


def delete(document_id: str) -> Call[_Nothing]:
    return Call("DELETE", f"/api/documents/{quote(document_id, safe='')}", _Nothing, safe=False)


def ready() -> Call[Ready]:
    return Call("GET", "/api/ready", Ready)


def connection(url: str, key: str | SecretStr | None, timeout: float) -> dict[str, Any]:
    """How a client connects. Proxies and passwords from the environment are ignored: the question goes to the service
    and nowhere else."""
    secret = key.get_secret_value() if isinstance(key, SecretStr) else key
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return {"base_url": url, "headers": headers, "timeout": timeout, "trust_env": False}


def parsed(call: Call[Model], response: httpx.Response, url: str) -> Model:
    """The answer in a successful response.

    Raises:
        UnexpectedAnswerError: if it is none.
    """
    return expected(call.model, b"{}" if call.model is _Nothing else response.content, url)


def newest(change: int | None, response: httpx.Response) -> int | None:
    """The newer one of a change that is known, and of the one that a response to a write names."""
    named = response.headers.get("Citeqa-Change", "")
    return max(change or 0, int(named)) if named.isdigit() else change


def pause_after(call: Call[Any], outcome: httpx.Response | Exception, attempt: int, url: str) -> float:
    """The seconds to wait before another attempt.

    Raises:
        ServiceError: if there is to be none, because it was the last, or because sending the request again would do
            harm or not help.
    """
    last, pause = attempt == ATTEMPTS, _PAUSE * 2.0 ** (attempt - 1)
    if isinstance(outcome, httpx.TransportError):
        repeatable = call.safe or isinstance(outcome, httpx.ConnectError)
        if last or not repeatable or isinstance(outcome, httpx.ReadTimeout):
            raise UnreachableError(f"{url} cannot be reached: {_cause(outcome)}") from None
        return pause
    if isinstance(outcome, Exception):
        raise UnreachableError(f"{url} is not the address of a service: {outcome}") from None
    refused = RefusedError.of(url, outcome.status_code, outcome.content, outcome.headers)
    if last or not isinstance(refused, BusyError) or refused.retry_after > _LONGEST:
        raise refused
    return max(pause, refused.retry_after)


def _cause(error: httpx.TransportError) -> str:
    """Why a connection failed, without the number that the system gives the reason."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).lower() or type(error).__name__


def _post(path: str, body: Any, model: type[Model], *, dated: str | None = None) -> Call[Model]:
    return Call("POST", f"/api/{path}", model, {"json": body}, dated=dated)


def _place(citation: CitationOut | Claim) -> dict[str, Any]:
    return {name: getattr(citation, name) for name in PlaceIn.model_fields}


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True)
