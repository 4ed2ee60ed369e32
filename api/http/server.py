"""Runs the service: in this process, or in several worker processes that this one supervises."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from citeqa.api import logs
from citeqa.api.http.connections import BoundedProtocol, Connections, most_connections
from citeqa.api.http.limits import BACKLOG
from citeqa.api.settings import Settings
from citeqa.api.tasks import messages, open_live_service
from citeqa.index.errors import CiteqaError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from citeqa.api.backend import Backend

SWITCHING = 0.0005  # seconds that a thread keeps the interpreter for while others want it; Python's own is 0.005

log = logging.getLogger(__name__)


def run(settings: Settings, listening: socket) -> None:
    """Serve until SIGTERM, which ends with status 0, or Ctrl-C. Requests that have begun are finished first."""
    if settings.workers > 1:
        _supervise(settings, listening)
        return
    signal.signal(signal.SIGTERM, _stop)
    with open_live_service(settings) as service:
        from citeqa.api.http.app import create_app

        app = settled(create_app(service, settings=settings))
        _announce(settings, listening)
        uvicorn.Server(uvicorn_config(settings, app)).run([listening])


def run_assistants(settings: Settings, listening: socket, backend: Backend) -> None:
    """Serve the tools for assistants over HTTP until SIGTERM or Ctrl-C."""
    from citeqa.api.assistants import over_http, server

    signal.signal(signal.SIGTERM, _stop)
    app = over_http(server(backend), settings)
    _announce(settings, listening)
    uvicorn.Server(uvicorn_config(settings, app)).run([listening])


def uvicorn_config(settings: Settings, app: Any, **more: Any) -> uvicorn.Config:
    """How uvicorn runs an application with these settings."""
    connections = Connections(most_connections(settings.max_connections))
    return uvicorn.Config(
        app,
        http=partial(BoundedProtocol, seconds=settings.timeout, connections=connections),  # type: ignore[arg-type]
        backlog=BACKLOG,  # so many may be accepted before the first of them is counted
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.grace,
        **more,
    )


def settled(app: FastAPI) -> FastAPI:
    """The application, ready for its first request, so that none waits for what is needed only once.

    The framework would describe the routes when they are first asked for, on the event loop. And the garbage collector
    would look at all that is loaded now each time it looks at everything, and everything would stop meanwhile. A thread
    that computes hands the interpreter on sooner: a question takes it back after each look at the database or a model,
    and would wait for as long each time.
    """
    sys.setswitchinterval(SWITCHING)
    app.openapi()
    gc.collect()
    gc.freeze()
    return app


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _announce(settings: Settings, listening: socket) -> None:
    """Say where the service can be reached."""
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    message = f"citeqa is ready at http://{shown}:{listening.getsockname()[1]}/"
    if settings.log_format == "json":
        log.info(message)
    else:
        messages.print(f"{message} (Ctrl-C stops it)", markup=False)


def _supervise(settings: Settings, listening: socket) -> None:
    with tempfile.TemporaryDirectory(prefix="citeqa-metrics-") as shared:
        app = partial(_worker, settings, Path(shared))
        config = uvicorn_config(settings, app, factory=True, workers=settings.workers)
        workers = Workers(config, [listening], Path(shared), partial(_announce, settings, listening))
        workers.run()
        if any(process.exitcode == STARTUP_FAILURE for process in workers.processes):
            raise CiteqaError("a worker could not start; the reason stands above")


class Workers(Multiprocess):
    """Keeps the workers alive. A worker that dies is replaced, and its current gauges are deleted."""

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket], shared: Path, announce: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets)
        self._shared, self._announce = shared, announce

    def init_processes(self) -> None:
        super().init_processes()
        for process in self.processes:
            while not (self.should_exit.is_set() or process.is_ready(timeout=1)) and process.process.is_alive():
                self.should_exit.wait(0.1)
                self.handle_signals()
        if all(process.process.is_alive() for process in self.processes) and not self.should_exit.is_set():
            self._announce()

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            for file in self._shared.glob(f"gauge_live*_{pid}.db"):
                file.unlink(missing_ok=True)


def _worker(settings: Settings, shared: Path) -> FastAPI:
    """The application of one worker. uvicorn calls this in the worker's own process."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)  # read by prometheus_client when it is imported
    (logs.to_json if settings.log_format == "json" else logs.to_terminal)()
    threading.Thread(target=_follow_parent, name="follow the parent", daemon=True).start()
    from citeqa.api.http.app import create_app
    from citeqa.api.http.metrics import Metrics
    from citeqa.api.live import LiveService

    try:
        service = LiveService(
            settings.address, settings.exported, settings.reader, settings.cache, settings.look, wait=settings.timeout
        )
    except (CiteqaError, OSError) as error:
        log.error("%s", error)  # noqa: TRY400 - an expected error, whose message says what to do
        sys.exit(STARTUP_FAILURE)
    app = settled(create_app(service, settings=settings, metrics=Metrics(shared)))
    app.state.following = following = service.following()  # kept, since it ends when nothing refers to it
    following.__enter__()
    return app


def _follow_parent() -> None:
    """End this worker when its parent has died without stopping it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
