"""Facets, folders and sorted lists over HTTP, by the client and in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from citeqa.api.client import AsyncClient, Client, RefusedError, calls
from citeqa.api.client.calls import Narrowed
from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters
from citeqa.rag.options import AskOptions

TEXTS = {
    "reports/2024/harbour": "The harbour was opened on 4 May 1987 by the mayor.",
    "reports/2023/bridge": "The harbour bridge was opened on 9 June 1999 by the king.",
    "notes/harbour": "The harbour was opened on 1 January 1901, people say.",
}
QUESTION = "When was the harbour opened?"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, models: Path) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("facets")
    for name, text in TEXTS.items():
        path = folder / "files" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    update(folder / "index", [folder / "files"], embedder)
    service = Service.open(folder / "index", models, cache=10)
    with serving(service) as client:
        yield client._http
    service.close()


def test_the_documents_are_counted(http: httpx.Client) -> None:
    found = http.get("/api/facets").raise_for_status().json()
    assert found["documents"] == 3
    assert found["folders"] == [
        {"name": "notes", "documents": 1},
        {"name": "reports", "documents": 2},
        {"name": "reports/2023", "documents": 1},
        {"name": "reports/2024", "documents": 1},
    ]


def test_a_question_is_asked_of_folders_and_kept_answers_are_theirs(http: httpx.Client) -> None:
    answers = {}
    for folders in (["notes"], ["reports/2024"], ["reports/2023/", "notes"]):
        for _ in range(2):  # the second time from the cache
            body = {"question": QUESTION, "filters": {"folders": folders}, "min_confidence": 0}
            answer = http.post("/api/ask", json=body).raise_for_status().json()
            assert {one["document_id"].rpartition("/")[0] for one in answer["evidence"]} == {
                one.rstrip("/") for one in folders
            }
            answers[folders[0]] = answer["answer"]["text"]
    assert "1901" in answers["notes"]
    assert "1987" in answers["reports/2024"]
    found = http.post("/api/search", json={"question": QUESTION, "filters": {"folders": ["reports"]}}).json()
    assert len(found["evidence"]) == 2


def test_unknown_folders_are_named(http: httpx.Client) -> None:
    body = {"question": QUESTION, "filters": {"folders": ["notes", "nowhere", "report"]}}
    for refused in (
        http.post("/api/ask", json=body),
        http.post("/api/search", json=body),
        http.post("/api/verify/quotes", json={"text": "“a word”", "filters": body["filters"]}),
    ):
        assert refused.status_code == 422
        assert refused.json()["errors"] == [
            {"pointer": "#/filters/folders", "detail": "No document is in: nowhere, report"}
        ]
    (one, other) = http.post("/api/ask/batch", json={"questions": [body, {"question": QUESTION}]}).json()["results"]
    assert one["problem"]["errors"][0]["pointer"] == "#/filters/folders"
    assert other["problem"] is None
    assert http.post("/api/ask", json={"question": QUESTION, "filters": {"folders": ["/"]}}).status_code == 422


def test_lists_are_sorted_and_their_cursors_hold(http: httpx.Client) -> None:
    for sort in ("id", "title", "date", "added", "source"):
        walked, cursor = [], None
        while True:
            given = {"limit": 1, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = http.get("/api/documents", params=given).raise_for_status().json()
            walked += [one["id"] for one in page["documents"]]
            if not (cursor := page["next_cursor"]):
                break
            for other in {"title", "added"} - {sort}:
                refused = http.get("/api/documents", params={"sort": other, "cursor": cursor})
                assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "query/cursor")
        assert sorted(walked) == sorted(TEXTS)
    assert http.get("/api/documents", params={"sort": "size"}).status_code == 422


@pytest.mark.parametrize("sort", ["id", "title"])
def test_lists_are_narrowed_by_folder_source_and_days(http: httpx.Client, sort: str) -> None:
    rows: list[tuple[dict[str, str], list[str]]] = [
        ({"folder": "reports"}, ["reports/2023/bridge", "reports/2024/harbour"]),
        ({"folder": "reports/2024/"}, ["reports/2024/harbour"]),
        ({"folder": "reports/2"}, []),
        ({"source": "nobody"}, []),
        ({"date_from": "1980-01-01"}, []),  # none of them has a date
        ({"folder": "reports", "q": "bridge"}, ["reports/2023/bridge"]),
    ]
    for narrowed, expected in rows:
        page = http.get("/api/documents", params={"sort": sort, "limit": "9"} | narrowed).raise_for_status().json()
        assert sorted(one["id"] for one in page["documents"]) == sorted(expected), narrowed
        assert page["total"] == len(expected)
    for wrong in ({"folder": "/"}, {"date_from": "May"}, {"date_from": "2001-01-02", "date_to": "2001-01-01"}):
        refused = http.get("/api/documents", params=wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"].startswith("query/")


def test_the_client_asks_for_the_same(http: httpx.Client) -> None:
    with Client(str(http.base_url)) as client:
        assert [one.name for one in client.facets().folders] == ["notes", "reports", "reports/2023", "reports/2024"]
        chosen = AskOptions(filters=Filters(folders=frozenset({"notes"})))
        assert [one.document_id for one in client.search(QUESTION, chosen).evidence] == ["notes/harbour"]
        assert len(client.documents(sort="added").documents) == 3
        with pytest.raises(RefusedError, match="nowhere"):
            client.ask(QUESTION, AskOptions(filters=Filters(folders=frozenset({"nowhere"}))))


NARROWED: list[tuple[Narrowed, list[str]]] = [
    ({"folder": "reports", "sort": "title"}, ["reports/2023/bridge", "reports/2024/harbour"]),
    ({"folder": "reports", "q": "bridge"}, ["reports/2023/bridge"]),
    ({"source": "nobody"}, []),
    ({"date_from": date(1980, 1, 1), "date_to": date(2030, 1, 1)}, []),  # none of them has a date
]


@pytest.mark.parametrize(("narrowed", "expected"), NARROWED)
def test_both_clients_narrow_and_order_the_list(http: httpx.Client, narrowed: Narrowed, expected: list[str]) -> None:
    async def awaited() -> list[list[str]]:
        async with AsyncClient(str(http.base_url)) as service:
            page = await service.documents(**narrowed)
            return [[one.id for one in page.documents], [one.id async for one in service.all_documents(**narrowed)]]

    with Client(str(http.base_url)) as client:
        page = client.documents(limit=9, **narrowed)
        assert [one.id for one in page.documents] == [one.id for one in client.all_documents(**narrowed)] == expected
        assert page.total == len(expected)
        with pytest.raises(TypeError, match="year"):
            client.documents(year=2024)  # type: ignore[call-arg]
        with pytest.raises(RefusedError, match="after date_to"):
            client.documents(date_from=date(2001, 1, 2), date_to=date(2001, 1, 1))
    assert asyncio.run(awaited()) == [expected, expected]


def test_the_client_fetches_the_pages_of_a_narrowed_list(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_PAGE", 1)
    with Client(str(http.base_url)) as client:
        found = client.all_documents(folder="reports", sort="title")
        assert [one.id for one in found] == ["reports/2023/bridge", "reports/2024/harbour"]
