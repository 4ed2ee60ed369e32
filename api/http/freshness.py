"""A request sees what others wrote before it came, and at least the change that it names."""

from __future__ import annotations

import asyncio
import threading

import anyio.to_thread
from fastapi import HTTPException, Request

from citeqa.api.http import limits
from citeqa.api.http.queueing import SOON, work_of
from citeqa.api.live import LiveService
from citeqa.api.service import Service


class Freshness:
    """Brings a service up to date before a request is answered from it. Requests that come meanwhile share this work,
    which has a thread of its own. Only the event loop calls `current`."""

    def __init__(self) -> None:
        self._catching_up: asyncio.Future[None] | None = None
        self.waiting = threading.Semaphore(limits.CATCHING_UP)

    async def current(self, live: Service | LiveService) -> Service:
        """The service over the index with all that was committed before now."""
        if isinstance(live, Service):
            return live
        for _ in range(2):  # the work that is shared may have begun before the latest change: then it is done again
            if not live.is_behind():
                break
            if self._catching_up is None or self._catching_up.done():
                own = anyio.CapacityLimiter(1)
                self._catching_up = asyncio.ensure_future(anyio.to_thread.run_sync(live.catch_up, limiter=own))
            await asyncio.shield(self._catching_up)
        return live.now


def with_change(service: Service, change: int | None, request: Request) -> Service:
    """The service with at least the change of this number. It is waited for without a turn, so that others have
    theirs; called in the request's thread.

    Raises:
        HTTPException: 503, if it does not come, or too many requests wait for one.
    """
    live: Service | LiveService = request.app.state.service
    if change is None or service.index.change >= change:
        return service
    waiting: threading.Semaphore = request.app.state.freshness.waiting
    if not isinstance(live, LiveService) or not waiting.acquire(blocking=False):
        raise behind(service.index.change, change)
    try:
        with work_of(request).aside():
            found = live.with_change(change, min(limits.CHANGE_SECONDS, request.app.state.settings.timeout))
    finally:
        waiting.release()
    if found is None:
        raise behind(live.now.index.change, change)
    return found


def behind(found: int, needed: int) -> HTTPException:
    """What answers a request that names a change which is not there yet."""
    return HTTPException(503, f"The index shows change {found} so far, not yet {needed}.", headers=SOON)
