"""Tools for assistants over the Model Context Protocol: ask, search, document and verify. All of them only read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import Field, ValidationError

from citeqa.api.schemas import (
    MAX_K,
    MAX_QUESTION,
    AskResponse,
    CitationIn,
    FiltersIn,
    SearchResponse,
    VerifyRequest,
    VerifyResponse,
)
from citeqa.api.schemas.citations import SourceOut
from citeqa.index import __version__
from citeqa.index.errors import CiteqaError
from citeqa.index.types import Filters
from citeqa.rag.options import AskOptions

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from citeqa.api.backend import Backend
    from citeqa.api.settings import Settings

PIECE = 20_000  # most characters of a document returned at once
INSTRUCTIONS = (
    "Answers from a collection of documents, in their own words. Quote `answer.text` or `citation.quote` exactly, and "
    "name the document; never reword a quote. If `answered` is false, the documents do not say it: say so. "
    "`confidence` is the probability that the answer is right. Check older citations with `verify`."
)
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION, description="one question, in plain words")]
K = Annotated[int, Field(ge=1, le=MAX_K, description="how many passages of evidence to return")]
Source = Annotated[str | None, Field(description="only documents of this source")]
Day = Annotated[date | None, Field(description="only documents from, or up to, this day, included")]
Ids = Annotated[list[str] | None, Field(min_length=1, description="only these documents")]
MinConfidence = Annotated[
    float | None, Field(ge=0, le=1, description="lowest confidence to answer with; by default the fitted threshold")
]
Result = TypeVar("Result")


class DocumentPiece(SourceOut):
    """`text` is the document's text from `start` to `end`, exactly as citations count in it."""

    document_sha256: str
    length: int = Field(description="code points of the whole text")
    start: int
    end: int
    text: str


def server(backend: Backend) -> MCPServer[Any]:
    """The tools, answered by `backend`."""
    tools: MCPServer[Any] = MCPServer("citeqa", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")

    @tools.tool(title="Ask the documents", annotations=_READS)
    def ask(
        question: Question,
        k: K = 3,
        source: Source = None,
        date_from: Day = None,
        date_to: Day = None,
        document_ids: Ids = None,
        min_confidence: MinConfidence = None,
    ) -> AskResponse:
        """Answer a question with a quote from the documents and its exact position, or say that they do not
        answer it."""
        filters = _or_tool_error(lambda: _filters(source, date_from, date_to, document_ids))
        options = AskOptions(k=k, filters=filters, min_confidence=min_confidence)
        return _or_tool_error(lambda: backend.ask(question, options))

    @tools.tool(title="Search the documents", annotations=_READS)
    def search(
        question: Question,
        k: K = 5,
        source: Source = None,
        date_from: Day = None,
        date_to: Day = None,
        document_ids: Ids = None,
    ) -> SearchResponse:
        """Find the passages nearest to a question, best first, each with its exact position."""
        filters = _or_tool_error(lambda: _filters(source, date_from, date_to, document_ids))
        return _or_tool_error(lambda: backend.search(question, AskOptions(k=k, filters=filters)))

    @tools.tool(title="Read a document", annotations=_READS)
    def document(
        document_id: Annotated[str, Field(min_length=1, description="the id in answers and passages")],
        start: Annotated[int, Field(ge=0, description="the first character")] = 0,
        length: Annotated[int, Field(ge=1, le=PIECE, description="how many characters")] = PIECE,
    ) -> DocumentPiece:
        """The text of a document, or a part of a long one, to read the context of a quote."""
        return _or_tool_error(lambda: _piece(backend, document_id, start, length))

    @tools.tool(title="Verify a citation", annotations=_READS)
    def verify(
        citation: Annotated[CitationIn, Field(description="a citation from an answer")],
    ) -> VerifyResponse:
        """Check whether a citation still holds to the character: valid, moved (with its new place), changed or gone."""
        return _or_tool_error(lambda: backend.verify(VerifyRequest(citation=citation).claim()))

    return tools


def _piece(backend: Backend, document_id: str, start: int, length: int) -> DocumentPiece:
    found = backend.document(document_id)
    text = found.text[start : start + length]
    return DocumentPiece(
        document_id=found.id,
        title=found.title,
        author=found.author,
        date=found.date,
        source=found.source,
        url=found.url,
        document_sha256=found.sha256,
        length=len(found.text),
        start=min(start, len(found.text)),
        end=min(start, len(found.text)) + len(text),
        text=text,
    )


def _filters(source: str | None, start: date | None, end: date | None, ids: list[str] | None) -> Filters:
    return FiltersIn(source=source, date_from=start, date_to=end, document_ids=ids).filters()


def _or_tool_error(answer: Callable[[], Result]) -> Result:
    """The result of the function. The assistant is told in words about an expected error."""
    try:
        return answer()
    except ValidationError as error:
        raise ToolError("; ".join(fault["msg"] for fault in error.errors())) from None
    except CiteqaError as error:
        raise ToolError(str(error)) from None


def over_http(tools: MCPServer[Any], settings: Settings) -> ASGIApp:
    """The tools at /mcp (streamable HTTP, without sessions), with the same protection as the service."""
    from citeqa.api.http.body import CheckBody
    from citeqa.api.http.guard import Authenticate, CheckHost, KeyRing, RateLimit
    from citeqa.api.http.metrics import Metrics
    from citeqa.api.http.needs import Needs, RouteTable
    from citeqa.api.http.request_log import RequestLog
    from citeqa.api.http.security_headers import SecurityHeaders
    from citeqa.api.http.transfer import Transfer

    hosts = sorted(settings.hosts or ())
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=bool(hosts),
        allowed_hosts=[*hosts, *(f"{host}:*" for host in hosts)],
        allowed_origins=list(settings.allowed_origins),
    )
    app = tools.streamable_http_app(
        stateless_http=True,
        json_response=True,
        host=settings.host,
        max_request_body_size=settings.max_body,
        transport_security=security,
    )
    routes = RouteTable(app.routes, {"/mcp": Needs(key="read")})
    guarded: ASGIApp = CheckBody(app, routes=routes, settings=settings)
    if keys := KeyRing(settings.read_keys, settings.write_keys):
        guarded = Authenticate(guarded, routes=routes, keys=keys)
    if settings.rate:
        guarded = RateLimit(guarded, routes=routes, rate=settings.rate)
    if hosts:
        guarded = CheckHost(guarded, hosts)
    logged = RequestLog(Transfer(guarded), metrics=Metrics(), log_questions=settings.log_questions)
    return SecurityHeaders(logged)
