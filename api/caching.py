"""Caches answers for when the same question is asked again."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date

from cachetools import LRUCache, cached

from citeqa.api.schemas import AskResponse
from citeqa.rag.options import AskOptions

MOST_BYTES = 32_000_000  # of all answers kept, as JSON

Work = Callable[[], bytes]
Answering = Callable[[str, AskOptions], AskResponse]


class AnswerCache:
    """The latest answers from one state of an index, read by one reader. Safe to share between threads.

    It belongs to the service over that state. When the index changes, another service with an empty cache takes over,
    so no answer is out of date, and nothing deleted remains. An answer is stored as JSON under the digest of everything
    it depends on. If a question is asked while it is being answered, the second request waits for the first.
    """

    def __init__(self, most: int) -> None:
        """Keep at most `most` answers and `MOST_BYTES`, the most recently used ones; none if `most` is 0."""
        self.most = most
        least = (
            MOST_BYTES / most if most else 0.0
        )  # the least size of an answer: turns the bound on their number into one on bytes
        answers: LRUCache[bytes, bytes] = LRUCache(MOST_BYTES, getsizeof=lambda answer: max(len(answer), least))
        self._answers, self._condition = answers, threading.Condition()
        self._kept = cached(answers, key=_key, condition=self._condition)(_worked)

    def holds(self, question: str, options: AskOptions) -> bool:
        """Whether the answer is kept, so that `ask` gives it without retrieving or reading. Another answer may take its
        place until then."""
        with self._condition:
            return _digest(question, dated(options)) in self._answers

    def ask(self, question: str, options: AskOptions, answering: Answering) -> tuple[AskResponse, bool]:
        """The result of `answering`, and whether it came from the cache. If so, only `total` in its `timing_ms` is not
        0, because nothing was retrieved or read."""
        start = time.perf_counter()
        on_a_day = dated(options)
        fresh: list[AskResponse] = []

        def work() -> bytes:
            fresh.append(answering(question, on_a_day))
            return fresh[0].model_dump_json().encode() if self.most else b""

        if not self.most:
            work()
            return fresh[0], False
        answer = self._kept(_digest(question, on_a_day), work)
        if fresh:
            return fresh[0], False
        held = AskResponse.model_validate_json(answer)
        milliseconds = round((time.perf_counter() - start) * 1000, 2)
        return held.model_copy(update={"timing_ms": {"retrieve": 0.0, "read": 0.0, "total": milliseconds}}), True


def dated(options: AskOptions) -> AskOptions:
    """The options with the day that is meant where they name none."""
    return replace(options, today=options.today or date.today())


def _digest(question: str, options: AskOptions) -> bytes:
    """The digest of everything that an answer depends on, except the index and the models."""
    inputs = json.dumps([question, asdict(options)], default=_plain)
    return hashlib.sha256(inputs.encode()).digest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)


def _key(digest: bytes, work: Work) -> bytes:
    return digest


def _worked(digest: bytes, work: Work) -> bytes:
    return work()
