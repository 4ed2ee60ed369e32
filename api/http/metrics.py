"""Metrics for Prometheus. Each application has its own; the workers of one service share theirs through a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OUTCOMES = ("answered", "no_evidence", "not_in_the_sources", "filtered_out")


class Metrics:
    """Counts requests and questions, and measures how long they take. May be shared between threads."""

    def __init__(self, shared: Path | None = None) -> None:
        """`shared` is the folder in which all workers of the service keep their metrics. The environment variable
        PROMETHEUS_MULTIPROC_DIR must name it before prometheus_client is imported."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._shared = shared
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "citeqa_requests", "Requests by method, route and status.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "citeqa_request_seconds", "Time to answer a request.", ["route"], buckets=_REQUEST, registry=registry
        )
        self._stages = Histogram(
            "citeqa_stage_seconds", "Time of each stage of a question.", ["stage"], buckets=_REQUEST, registry=registry
        )
        self._questions = Counter("citeqa_questions", "Questions by outcome.", ["outcome"], registry=registry)
        self._abstentions = Counter("citeqa_abstentions", "Questions without an answer.", registry=registry)
        self.cached = Counter("citeqa_cached", "Questions answered from the cache.", registry=registry)
        self.waiting = Gauge(
            "citeqa_queue_waiting", "Questions waiting for their turn.", registry=registry, multiprocess_mode="livesum"
        )
        self.answering = Gauge(
            "citeqa_queue_answering", "Questions being answered.", registry=registry, multiprocess_mode="livesum"
        )
        self._documents = Gauge(
            "citeqa_index_documents", "Documents.", registry=registry, multiprocess_mode="livemostrecent"
        )
        self._passages = Gauge(
            "citeqa_index_passages", "Passages.", registry=registry, multiprocess_mode="livemostrecent"
        )
        for outcome in _OUTCOMES:
            self._questions.labels(outcome)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the pattern of its path, not the path itself, so that the labels are few."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def question(self, outcome: str, stages_ms: Mapping[str, float]) -> None:
        """Count a question and its outcome, and record how many milliseconds each stage took."""
        self._questions.labels(outcome).inc()
        if outcome != "answered":
            self._abstentions.inc()
        for stage, milliseconds in stages_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def rendered(self, documents: int, passages: int) -> tuple[bytes, str]:
        """All metrics in Prometheus' format, and its media type; `documents` and `passages` are those of the index."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self._documents.set(documents)
        self._passages.set(passages)
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._shared))  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
