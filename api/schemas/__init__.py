"""The HTTP contract: requests, which are strictly validated, and responses."""

from citeqa.api.schemas.answers import (
    AlternativeOut,
    AnswerOut,
    AskResponse,
    ConflictOut,
    DatesOut,
    GuessOut,
    IndexOut,
    ReasonOut,
    SearchResponse,
    TimingOut,
)
from citeqa.api.schemas.base import MAX_ANSWER, MAX_CONTEXT, MAX_IDS, MAX_K, MAX_QUESTION, Id, IsoDate, Text
from citeqa.api.schemas.batch import MAX_BATCH, BatchItem, BatchRequest, BatchResponse
from citeqa.api.schemas.citations import CitationOut, PlaceOut, SentenceOut, SourceOut
from citeqa.api.schemas.documents import (
    BoilerplateOut,
    DocumentIn,
    DocumentList,
    DocumentOut,
    DocumentStored,
    DocumentSummary,
    StoredOut,
    StoringOut,
    decode_cursor,
    decode_place,
    encode_cursor,
    encode_place,
)
from citeqa.api.schemas.evidence import EvidenceOut
from citeqa.api.schemas.facets import MAX_FACETS, FacetsOut
from citeqa.api.schemas.feedback import Feedback, PlaceIn
from citeqa.api.schemas.manuscripts import (
    MAX_MANUSCRIPT,
    MAX_QUOTATIONS,
    QuotationOut,
    VerifyQuotesRequest,
    VerifyQuotesResponse,
)
from citeqa.api.schemas.problem import PROBLEM, Problem, ProblemError
from citeqa.api.schemas.questions import AskRequest, ContextRequest, ContextResponse, FiltersIn, SearchRequest, TurnIn
from citeqa.api.schemas.read import MAX_READ_DOCUMENTS, ReadRequest
from citeqa.api.schemas.report import ReportOut
from citeqa.api.schemas.status import ConfidenceOut, Health, Ready
from citeqa.api.schemas.verification import CitationIn, SentenceIn, VerifyRequest, VerifyResponse

__all__ = [
    "MAX_ANSWER",
    "MAX_BATCH",
    "MAX_CONTEXT",
    "MAX_FACETS",
    "MAX_IDS",
    "MAX_K",
    "MAX_MANUSCRIPT",
    "MAX_QUESTION",
    "MAX_QUOTATIONS",
    "MAX_READ_DOCUMENTS",
    "PROBLEM",
    "AlternativeOut",
    "AnswerOut",
    "AskRequest",
    "AskResponse",
    "BatchItem",
    "BatchRequest",
    "BatchResponse",
    "BoilerplateOut",
    "CitationIn",
    "CitationOut",
    "ConfidenceOut",
    "ConflictOut",
    "ContextRequest",
    "ContextResponse",
    "DatesOut",
    "DocumentIn",
    "DocumentList",
    "DocumentOut",
    "DocumentStored",
    "DocumentSummary",
    "EvidenceOut",
    "FacetsOut",
    "Feedback",
    "FiltersIn",
    "GuessOut",
    "Health",
    "Id",
    "IndexOut",
    "IsoDate",
    "PlaceIn",
    "PlaceOut",
    "Problem",
    "ProblemError",
    "QuotationOut",
    "ReadRequest",
    "Ready",
    "ReasonOut",
    "ReportOut",
    "SearchRequest",
    "SearchResponse",
    "SentenceIn",
    "SentenceOut",
    "SourceOut",
    "StoredOut",
    "StoringOut",
    "Text",
    "TimingOut",
    "TurnIn",
    "VerifyQuotesRequest",
    "VerifyQuotesResponse",
    "VerifyRequest",
    "VerifyResponse",
    "decode_cursor",
    "decode_place",
    "encode_cursor",
    "encode_place",
]
