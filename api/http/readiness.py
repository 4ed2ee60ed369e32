"""Whether the service can answer."""

from __future__ import annotations

import asyncio
import logging

import anyio.to_thread

from citeqa.api.service import Service
from citeqa.rag.options import AskOptions

log = logging.getLogger(__name__)


class Readiness:
    """Looks whether a service can answer, in a thread of its own, so that no other request is waited for. Requests
    that come while it looks share what it finds."""

    def __init__(self) -> None:
        self._looking: asyncio.Future[bool] | None = None

    async def check(self, service: Service) -> bool:
        """Whether the service has just searched its index and read what it found; the log says why it could not."""
        if self._looking is None or self._looking.done():
            own = anyio.CapacityLimiter(1)
            self._looking = asyncio.ensure_future(anyio.to_thread.run_sync(_answers, service, limiter=own))
        return await asyncio.shield(self._looking)


def _answers(service: Service) -> bool:
    try:
        found, _ = service.answerer.search("ready", AskOptions(k=1))
        service.answerer.candidates("ready", [item.evidence for item in found])
        if service.answerer.second and service.answerer.look == "twice":
            service.answerer.second.reader.read("ready", ["ready"], [""])  # opens it before it is needed
    except Exception:
        log.exception("not ready")
        return False
    return True
