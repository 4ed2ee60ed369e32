"""Manuscripts over HTTP, by the clients, in the library and in the terminal: the same quotations, the same results."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from citeqa.api.client import AsyncClient, Client
from citeqa.api.evaluation.local import LocalClient, serving
from citeqa.api.http import limits
from citeqa.api.library import QAIndex, read_manuscript
from citeqa.api.schemas import MAX_MANUSCRIPT, MAX_QUOTATIONS
from citeqa.api.service import Service

MANUSCRIPT = """🦊 The Treasury named “support and solidarity for the Cuban people”.

The U.S. has pledged to “provide $19 million of humanitarian assistance [...] by the Catholic Church”.

> Nobody ever wrote such a sentence about lighthouses and marmalade.
"""
EXPECTED = [("exact", 1), ("altered", 3), ("absent", 5)]


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[LocalClient]:
    with serving(service) as opened:
        yield opened


@pytest.fixture(scope="module")
def http(client: LocalClient) -> httpx.Client:
    return client._http


def test_every_quotation_comes_with_its_place_in_the_manuscript_and_in_the_source(http: httpx.Client) -> None:
    answer = http.post("/api/verify/quotes", json={"text": MANUSCRIPT}).raise_for_status().json()
    assert answer["counts"] == {"exact": 1, "altered": 1, "absent": 1, "unchecked": 0}
    assert [(one["status"], one["line"]) for one in answer["quotations"]] == EXPECTED
    units = MANUSCRIPT.encode("utf-16-le")
    for one in answer["quotations"]:
        assert MANUSCRIPT[one["start"] : one["end"]] == one["text"]
        assert units[2 * one["start_utf16"] : 2 * one["end_utf16"]].decode("utf-16-le") == one["text"]
        if cited := one["citation"]:
            document = http.get(f"/api/documents/{cited['document_id']}").json()["text"]
            assert document[cited["start"] : cited["end"]] == cited["quote"]
    altered = answer["quotations"][1]
    assert (altered["changed"], altered["omissions"]) == (["numbers"], 1)
    assert {"change": "replaced", "quoted": "19", "source": "9"} in altered["differences"]


def test_a_file_of_any_format_is_read_as_its_text(http: httpx.Client, tmp_path: Path) -> None:
    body = MANUSCRIPT.replace("> ", "").encode()
    html = b"<html><body><p>" + body.replace(b"\n\n", b"</p><p>") + b"</p></body></html>"
    for name, data in (("article.txt", body), ("article.html", html)):
        answer = http.post("/api/verify/quotes", files={"file": (name, data)}).raise_for_status().json()
        assert [one["status"] for one in answer["quotations"]] == ["exact", "altered"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/text"),
        ({"text": ""}, "#/text"),
        ({"text": "a" * (MAX_MANUSCRIPT + 1)}, "#/text"),
        ({"text": "“a” " * (MAX_QUOTATIONS + 1)}, "#"),
        ({"text": "“a”", "filters": {"document_ids": ["nobody"]}}, "#/filters/document_ids"),
        ({"text": "“a”", "other": 1}, "#/other"),
    ],
)
def test_what_is_not_valid_is_named(http: httpx.Client, body: dict[str, object], pointer: str) -> None:
    refused = http.post("/api/verify/quotes", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert refused.json()["errors"][0]["pointer"] == pointer


def test_other_bodies_are_refused(http: httpx.Client) -> None:
    assert http.post("/api/verify/quotes", content=b"text", headers={"content-type": "text/plain"}).status_code == 415
    assert (
        http.post("/api/verify/quotes", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    )
    unknown = http.post("/api/verify/quotes", files={"file": ("a.xyz", b"text")})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "#/file")
    large = http.post("/api/verify/quotes", files={"file": ("a.txt", b" " * (limits.MANUSCRIPT + 1))})
    assert large.status_code == 413


def test_a_long_manuscript_is_taken_and_one_of_many_quotations_lets_others_go_first(http: httpx.Client) -> None:
    text = "“support and solidarity for the Cuban people” " * 50 + "x" * (MAX_MANUSCRIPT - 3000)
    answer = http.post("/api/verify/quotes", json={"text": text}).raise_for_status().json()
    assert answer["counts"]["exact"] == len(answer["quotations"]) == 50


def test_clients_and_library_say_the_same(http: httpx.Client, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "article.md"
    path.write_text(MANUSCRIPT, encoding="utf-8")
    with Client(str(http.base_url)) as client:
        expected = client.verify_quotes(MANUSCRIPT)
        assert [(one.status, one.line) for one in expected.quotations] == EXPECTED
        assert client.verify_quotes_in(path) == expected

    async def awaited() -> object:
        async with AsyncClient(str(http.base_url)) as other:
            return await other.verify_quotes_in(path)

    assert asyncio.run(awaited()) == expected
    found = QAIndex(service).verify_quotes(read_manuscript(path))
    assert [one.status for one in found] == [status for status, _ in EXPECTED]
