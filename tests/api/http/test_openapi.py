"""The OpenAPI document is the contract: the design's fields, an example for every request, every error described."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from citeqa.api.http.app import create_app
from citeqa.api.schemas import Problem
from citeqa.api.service import Service

PLACE = {"start", "end", "start_utf16", "end_utf16"}
SOURCE = {"document_id", "title", "author", "date", "source", "url"}
DOCUMENT = {"id", "title", "author", "date", "source", "url", "sha256", "file_sha256", "encoding"}
ASK = {"question", "k", "filters", "min_confidence", "context", "previous", "today", "use_dates", "min_change", "look"}
FIELDS = {
    "AskRequest": ASK,
    "SearchRequest": ASK - {"min_confidence", "context", "previous", "look"},
    "FiltersIn": {"document_ids", "folders", "source", "date_from", "date_to"},
    "AskResponse": {"question", "answered", "answer", "reason", "alternatives", "conflicts", "evidence", "index"}
    | {"dates", "guesses", "timing_ms"},
    "AnswerOut": {"text", "confidence", "also_in", "citation"},
    "CitationOut": PLACE
    | SOURCE
    | {"page", "quote", "sentence", "document_sha256"}
    | {"table", "items", "date_origin", "time_start", "time_end", "recognised"},
    "SentenceOut": PLACE | {"text"},
    "AlternativeOut": {"text", "score", "citation"},
    "GuessOut": {"text", "score", "confidence", "citation"},
    "ReasonOut": {"code", "message", "confidence", "threshold"},
    "EvidenceOut": PLACE
    | SOURCE
    | {"passage_id", "text", "score", "dense_rank", "lexical_rank", "also_in", "document_sha256"},
    "IndexOut": {"documents", "passages", "embedder", "change"},
    "SearchResponse": {"question", "evidence", "index", "timing_ms"},
    "DocumentList": {"documents", "next_cursor", "total"},
    "DocumentSummary": DOCUMENT | {"length", "passages"},
    "DocumentOut": DOCUMENT | {"boilerplate", "pages", "original", "structure", "text"},
    "DocumentStored": DOCUMENT | {"boilerplate", "pages", "original", "structure", "text", "replaced", "change"},
    "VerifyRequest": {"citation"},
    "VerifyResponse": {"status", "citation", "nearest"},
    "BatchRequest": {"questions", "min_change"},
    "BatchResponse": {"results"},
    "BatchItem": {"response", "problem"},
    "ReadRequest": ASK | {"documents"},
    "Health": {"status"},
    "Ready": {"status", "index", "confidence", "versions", "advice", "writing", "authentication", "originals"}
    | {"look", "lag"},
    "ConfidenceOut": {"fitted_to", "threshold", "questions", "unused"},
    "FacetsOut": {"documents", "folders", "sources", "years"},
    "VerifyQuotesResponse": {"quotations", "counts", "index"},
    "QuotationOut": PLACE
    | {"text", "line", "kind", "status", "omissions", "insertions", "changed", "differences"}
    | {"attribution", "citation", "speaker", "also_in"},
}
EVERYWHERE = {"401", "421", "429"}
WITH_A_BODY = {"400", "408", "413", "415", "422", "503"}


@pytest.fixture(scope="module")
def contract(service: Service) -> dict[str, Any]:
    return create_app(service).openapi()


def operations(contract: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, found in contract["paths"].items() for method, one in found.items()]


@pytest.mark.parametrize("name", FIELDS)
def test_the_schema_has_the_fields_of_the_design(contract: dict[str, Any], name: str) -> None:
    assert set(contract["components"]["schemas"][name]["properties"]) == FIELDS[name]


def test_every_operation_describes_the_errors_it_can_answer_with_as_problems(contract: dict[str, Any]) -> None:
    for method, path, operation in operations(contract):
        responses = operation["responses"]
        assert operation["description"], path
        assert set(responses) >= ({"421"} if path == "/api/health" else EVERYWHERE), path
        if method == "post":
            assert set(responses) >= WITH_A_BODY, path
        if method == "delete" or (method, path) == ("post", "/api/documents"):
            assert "403" in responses, path
        if "{" in path:
            assert "404" in responses, path
        for status, response in responses.items():
            if status >= "400":
                assert set(response["content"]) == {"application/problem+json"}, (path, status)
                schema = response["content"]["application/problem+json"]["schema"]
                assert set(schema["properties"]) == set(Problem.model_fields)


def test_every_request_has_an_example(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]
    for _, path, operation in operations(contract):
        for parameter in operation.get("parameters", ()):
            assert "examples" in json.dumps(parameter), (path, parameter["name"])
        for media in operation.get("requestBody", {}).get("content", {}).values():
            name = media["schema"].get("$ref", "").rpartition("/")[2]
            required = schemas[name]["required"] if name and "examples" not in schemas[name] else ()
            assert all("examples" in schemas[name]["properties"][field] for field in required), path


def test_operations_have_tags_ids_that_read_well_and_summaries_that_are_sentences(contract: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(contract)]
    assert ids == list(dict.fromkeys(ids))
    assert {"ask", "search", "list_documents", "get_document", "add_document", "delete_document"} <= set(ids)
    for _, path, operation in operations(contract):
        assert len(operation["tags"]) == 1, path
        assert re.fullmatch(r"[A-Z][a-z]+ .*[.]", operation["summary"]), path


def test_keys_are_described(contract: dict[str, Any]) -> None:
    assert contract["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere(contract: dict[str, Any]) -> None:
    """Tools that read the document skip what they cannot resolve."""
    found = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(contract)))
    assert found
    for reference in found:
        part: Any = contract
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
