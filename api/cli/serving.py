"""The commands that serve: over HTTP, and to assistants over the Model Context Protocol."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeqa.api.cli.help import App
from citeqa.api.cli.options import (
    IndexDir,
    LookName,
    ReaderName,
    StoreAddress,
    Url,
    effective_settings,
    query_settings,
)
from citeqa.api.cli.printable import size
from citeqa.api.settings import SEEDS, Settings
from citeqa.api.tasks import index_paths, messages
from citeqa.index.errors import CiteqaError
from citeqa.index.extras import need
from citeqa.index.storage.stores import existing_store, open_store

if TYPE_CHECKING:
    import socket

    from citeqa.api.backend import Backend

log = logging.getLogger(__name__)

app = App()
Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address to listen on. [dim](CITEQA_HOST; 127.0.0.1)[/]")
]
Port = Annotated[
    int | None, typer.Option("--port", "-p", metavar="N", help="Port to listen on. [dim](CITEQA_PORT; 8000)[/]")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", dir_okay=False, help="TOML file with settings. [dim](CITEQA_CONFIG)[/]"),
]
Unauthenticated = Annotated[
    bool | None,
    typer.Option("--unauthenticated", help="Serve other machines without a key. [dim](CITEQA_UNAUTHENTICATED)[/]"),
]


@app.command()
def serve(
    index: IndexDir = None,
    store: StoreAddress = None,
    host: Host = None,
    port: Port = None,
    look: LookName = None,
    reader: ReaderName = None,
    writing: Annotated[
        bool | None,
        typer.Option("--writing", help="Allow adding and removing documents over HTTP. [dim](CITEQA_WRITING)[/]"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Number of worker processes. [dim](CITEQA_WORKERS; 1)[/]")
    ] = None,
    unauthenticated: Unauthenticated = None,
    config: Config = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings and where each comes from, then exit.")
    ] = False,
) -> None:
    """Serve the chat page and the HTTP interface. If there is no index, the seed articles are indexed first. Changes
    that other commands make to the index are noticed within a second. Ctrl-C and SIGTERM stop the service after it has
    finished the requests it began.

    Examples: [bold]citeqa serve --port 8080[/]   [bold]citeqa serve --config citeqa.toml --print-config[/]
    """
    found = effective_settings(
        config,
        index=index,
        store=store,
        host=host,
        port=port,
        look=look,
        reader=reader,
        writing=writing,
        workers=workers,
        unauthenticated=unauthenticated,
    )
    if print_config:
        typer.echo("\n".join(found.lines()))
        return
    settings = found.settings
    settings.check_serving()
    from citeqa.api import logs
    from citeqa.api.http import server as running
    from citeqa.index.formats.extraction import MEMORY_IS_LIMITED

    if settings.log_format == "json":
        logs.to_json()
    if settings.writing and not MEMORY_IS_LIMITED:
        log.warning(
            "this system does not limit the memory of what reads uploaded files; let only those write you trust"
        )
    with closing(listen(settings)) as listening:
        if settings.store is not None:
            existing_store(settings.address)  # what machines share is filled on purpose, not by whoever serves first
        elif not open_store(settings.address).exists():
            report = index_paths(settings, [SEEDS])
            messages.print(
                f"indexed {size(report.documents, report.passages)} into {settings.shown_address}", markup=False
            )
        running.run(settings, listening)


@app.command()
def mcp(
    index: IndexDir = None,
    store: StoreAddress = None,
    reader: ReaderName = None,
    url: Url = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP at /mcp instead of standard input and output.")
    ] = False,
    host: Host = None,
    port: Port = None,
    unauthenticated: Unauthenticated = None,
    config: Config = None,
) -> None:
    """Offer ask, search, document and verify to assistants over the Model Context Protocol: over standard input and
    output, or with --http at http://HOST:PORT/mcp. With --url, a running service answers.

    Examples: [bold]citeqa mcp --index archive.citeqa[/]   [bold]citeqa mcp --http --port 8001[/]
    """
    need("mcp", "the Model Context Protocol")
    settings = query_settings(
        index, url, store=store, config=config, reader=reader, host=host, port=port, unauthenticated=unauthenticated
    )
    if http:
        settings.check_serving()
        with closing(listen(settings)) as listening, open_live_backend(settings) as backend:
            from citeqa.api.http import server as running

            running.run_assistants(settings, listening, backend)
        return
    with open_live_backend(settings) as backend:
        from citeqa.api.assistants import server

        server(backend).run("stdio")


@contextmanager
def open_live_backend(settings: Settings) -> Iterator[Backend]:
    """The service that the settings name; without one, the index, which is followed as it changes."""
    from citeqa.api.backend import LocalBackend, client
    from citeqa.api.tasks import open_live_service

    if settings.url:
        with client(settings) as found:
            yield found
    else:
        with open_live_service(settings) as service:
            yield LocalBackend(service)


def listen(settings: Settings) -> socket.socket:
    """A socket that listens on the address in the settings.

    Raises:
        CiteqaError: if the address cannot be used.
    """
    import socket

    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise CiteqaError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "name another address with --host and --port"
        ) from None
    # Every connection inherits this. The event loop sets it too, but not on sockets whose protocol number is 0, like
    # this one. Without it, each answer waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
