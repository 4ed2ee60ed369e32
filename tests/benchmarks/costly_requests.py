"""The costliest request of each route, as the limits of the settings' defaults allow it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from benchmarks.growth import spoken

JSON = {"content-type": "application/json"}


def _nothing(http: httpx.Client) -> None:
    return None


@dataclass(frozen=True)
class Made:
    """A request to a route: what makes it costly, what sends it and gives the status, and what must be there first."""

    route: str
    request: str
    send: Callable[[httpx.Client], int]
    prepare: Callable[[httpx.Client], object] = field(default=_nothing)


def _words(count: int, seed: int = 1) -> str:
    """So many characters of different words that the documents use."""
    chance = random.Random(seed)
    words = sorted({word for sentence in spoken() for word in sentence.split()})
    chosen = " ".join(chance.choice(words) for _ in range(count // 3))
    return chosen[: count - 1] + "?"


def _posted(route: str, request: str, value: Any, **headers: str) -> Made:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Made(
        f"POST {route}", request, lambda http: http.post(route, content=body, headers=JSON | headers).status_code
    )


def _got(route: str, path: str, request: str) -> Made:
    return Made(f"GET {route}", request, lambda http: http.get(path).status_code)


def costly_requests(documents: int) -> list[Made]:
    """One of each route, for an index of so many short documents and one long one (see `costliest.build`)."""
    ids = [f"short/{i:06}" for i in range(0, documents, max(1, documents // 990))][:990]
    filters = {"document_ids": [*ids, "long"], "date_to": None}
    asked = {"question": _words(2000), "k": 50, "context": _words(2000, 2), "min_confidence": 0, "filters": filters}
    searched = {name: asked[name] for name in ("question", "k", "filters")}
    turn = {"question": _words(2000, 3), "answer": _words(10_000, 4), "title": _words(1000, 5)}
    batch = [{"question": _words(2000, seed), "k": 50, "min_confidence": 0} for seed in range(50)]
    return [
        _posted("/api/ask", "2,000 characters with a context as long, 50 passages, 1,000 documents named", asked),
        _posted("/api/ask", "the same, as events", asked, accept="text/event-stream"),
        _posted("/api/search", "the same", searched),
        _posted("/api/context", "all fields as long as they may be", {"question": turn["question"], "previous": turn}),
        _posted("/api/ask/batch", "50 questions of 2,000 characters, 50 passages each", {"questions": batch}),
        _posted("/api/read", "100,000 characters", _texts()),
        _got("/api/documents", "/api/documents?limit=1000&sort=title&q=e", "1,000 of all documents, by title"),
        _got("/api/facets", "/api/facets", "all documents"),
        _got("/api/documents/{document_id}", "/api/documents/long", "the long document"),
        *_verifications(),
        *_changes(),
        Made("GET /api/originals/{document_id}", "the file of 10 MB that was uploaded", _original, _upload_ten),
        _got("/api/ready", "/api/ready", "each time"),
    ]


def _texts() -> dict[str, Any]:
    pool = spoken()
    text = " ".join(random.Random(6).choice(pool) for _ in range(2000))[:99_000]
    return {"question": _words(2000, 7), "k": 50, "documents": [{"id": "given", "text": text}]}


def _verifications() -> list[Made]:
    pool = spoken()
    chance = random.Random(8)
    quote = " ".join(chance.choice(pool) for _ in range(12_000))[:900_000]
    citation = {"document_id": "long", "document_sha256": "0" * 64, "start": 10, "end": 10 + len(quote), "quote": quote}
    plain = [re.sub(r"[^\w ,.]", "", sentence) for sentence in pool]
    quoted = (f"“{chance.choice(plain)[:150]}” he said. " for _ in range(5000))
    return [
        _posted("/api/verify", "900,000 characters that nearly stand in the long document", {"citation": citation}),
        _posted("/api/verify/quotes", "5,000 quotations in 1,000,000 characters", {"text": "".join(quoted)[:990_000]}),
    ]


def _changes() -> list[Made]:
    pool, sixty = spoken(), b" \n" * 30_000_000 + "😀 The end.".encode()
    article = " ".join(random.Random(9).choice(pool) for _ in range(9000))[:900_000]

    def upload(http: httpx.Client) -> int:
        return http.post("/api/documents", files={"file": ("wide.txt", sixty)}).status_code

    def post(http: httpx.Client) -> int:
        other = "".join(random.sample(article, 20)) + article  # each time another text, so that it is read anew
        return http.post("/api/documents", json={"id": "posted", "text": other}).status_code

    def delete(http: httpx.Client) -> int:
        http.post("/api/documents", json={"id": "gone", "text": "A text of a few words."})
        return http.delete("/api/documents/gone").status_code

    judged = {"question": _words(2000, 10), "verdict": "right", "citation": None}
    return [
        Made("POST /api/documents", "0.9 MB of prose", post),
        Made("POST /api/documents", "60 MB of white space and one emoji", upload),
        Made("DELETE /api/documents/{document_id}", "with adding it before", delete),
        _posted("/api/feedback", "2,000 characters", judged | {"verdict": "missing"}),
    ]


def _upload_ten(http: httpx.Client) -> None:
    http.post("/api/documents", files={"file": ("ten.txt", b" \n" * 5_000_000 + b"The end.")}, timeout=600)


def _original(http: httpx.Client) -> int:
    return http.get("/api/originals/ten").status_code
