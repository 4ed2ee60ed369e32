"""Answers that are kept for when the same question is asked again."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from datetime import date

from cachetools import LRUCache, cached

from citeqa.api.schemas import AskResponse
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Filters
from citeqa.rag.answerer import Answerer

MOST_BYTES = 32_000_000  # of all answers kept, as JSON

Work = Callable[[], bytes]


class AnswerCache:
    """The latest answers over one state of an index, read by one reader. May be shared between threads.

    It belongs to the service over that state: when the index changes, another service takes over with an empty cache,
    so that no answer is ever out of date, and nothing that was deleted is held. Kept is the answer as JSON under the
    digest of everything it depends on. A question that is being answered is not answered a second time meanwhile.
    """

    def __init__(self, most: int) -> None:
        """Keep at most `most` answers and `MOST_BYTES`, those asked for last; none if `most` is 0."""
        self.most = most
        least = MOST_BYTES / most if most else 0.0  # what one counts at least, so that both bounds are one
        answers: LRUCache[bytes, bytes] = LRUCache(MOST_BYTES, getsizeof=lambda answer: max(len(answer), least))
        self._kept = cached(answers, key=_key, condition=threading.Condition())(_worked)

    def ask(
        self,
        answerer: Answerer,
        searched: SearchIndex,
        question: str,
        *,
        k: int = 5,
        filters: Filters | None = None,
        min_confidence: float | None = None,
        context: str | None = None,
        today: date | None = None,
        use_dates: bool = True,
    ) -> tuple[AskResponse, bool]:
        """What `Answerer.ask` answers, and whether it was kept from before: then of its `timing_ms` only
        `total` is not 0, since nothing was retrieved or read."""
        start = time.perf_counter()
        day = today or date.today()
        fresh: list[AskResponse] = []

        def work() -> bytes:
            response = answerer.ask(
                question,
                k=k,
                filters=filters,
                min_confidence=min_confidence,
                context=context,
                today=day,
                use_dates=use_dates,
            )
            fresh.append(AskResponse.of(response, searched))
            return fresh[0].model_dump_json().encode() if self.most else b""

        if not self.most:
            work()
            return fresh[0], False
        f = filters or Filters()
        ids = None if f.document_ids is None else sorted(f.document_ids)
        chosen = [ids, f.source, f.date_from, f.date_to, f.undated]
        asked = [question, k, chosen, min_confidence, context, day, use_dates]
        answer = self._kept(hashlib.sha256(json.dumps(asked, default=str).encode()).digest(), work)
        if fresh:
            return fresh[0], False
        held = AskResponse.model_validate_json(answer)
        milliseconds = round((time.perf_counter() - start) * 1000, 2)
        return held.model_copy(update={"timing_ms": {"retrieve": 0.0, "read": 0.0, "total": milliseconds}}), True


def _key(digest: bytes, work: Work) -> bytes:
    return digest


def _worked(digest: bytes, work: Work) -> bytes:
    return work()
