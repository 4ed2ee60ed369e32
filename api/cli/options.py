"""Options and helpers that the commands share."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from citeqa.api.cli.console import Links
from citeqa.api.cli.printable import escaped
from citeqa.api.settings import Effective, Settings, effective
from citeqa.api.wording import fault_in_words
from citeqa.index.errors import CiteqaError
from citeqa.index.formats.choice import Part
from citeqa.rag.options import Look

# Wrapped to the width of a terminal; what goes elsewhere keeps its lines.
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)

IndexDir = Annotated[
    Path | None,
    typer.Option("--index", "-i", metavar="FOLDER", help="Folder of the index. [dim](CITEQA_INDEX; .citeqa)[/]"),
]
StoreAddress = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="ADDRESS",
        help="Index that several machines share, postgresql://..., instead of a folder. [dim](CITEQA_STORE)[/]",
    ),
]
Rows = Annotated[
    bool | None,
    typer.Option("--rows", help="Make a document of each row of a CSV or TSV file. [dim](CITEQA_ROWS)[/]"),
]
AsText = Annotated[
    bool | None,
    typer.Option(
        "--as-text", help="Read files of unknown endings as text, if they are UTF-8. [dim](CITEQA_AS_TEXT)[/]"
    ),
]
PartOf = Annotated[
    str | None,
    typer.Option(
        "--part",
        metavar="I/N",
        help="Read only part I of N, so that N machines share the work of filling one index.",
    ),
]
Json = Annotated[bool, typer.Option("--json", "-j", help="Print JSON with the fields of the HTTP interface.")]
ReaderName = Annotated[
    str | None,
    typer.Option(
        "--reader",
        "-r",
        metavar="MODEL",
        help="Question-answering model to read with, by name or path. [dim](CITEQA_READER)[/]",
    ),
]
LookName = Annotated[
    Look | None,
    typer.Option(
        "--look",
        help="How often to read: twice is again, by a larger reader, where the first is not sure. "
        "[dim](CITEQA_LOOK; twice)[/]",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        "-u",
        metavar="ADDRESS",
        help="Ask the running service at this address, with the key in CITEQA_KEY. [dim](CITEQA_URL)[/]",
    ),
]


def query_settings(index: Path | None, url: str | None, config: Path | None = None, **options: Any) -> Settings:
    """The settings to ask with. An index named on the command line takes precedence over a service named in the
    environment."""
    if index is not None and url is not None:
        raise typer.BadParameter("cannot be combined with --index", param_hint="--url")
    if options.get("store") is not None and url is not None:
        raise typer.BadParameter("cannot be combined with --store", param_hint="--url")
    settings = effective_settings(config, index=index, url=url, **options).settings
    local = index is not None or options.get("store") is not None
    return settings.model_copy(update={"url": None}) if local else settings


def command_settings(**options: Any) -> Settings:
    """The effective settings; options override the environment and the settings file."""
    return effective_settings(None, **options).settings


def effective_settings(config: Path | None, **options: Any) -> Effective:
    """The same with the given settings file, and with the origin of each setting."""
    if options.get("index") is not None and options.get("store") is not None:
        raise typer.BadParameter("cannot be combined with --index", param_hint="--store")
    try:
        return effective({name: value for name, value in options.items() if value is not None}, config)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault_in_words(fault)}" for fault in error.errors())
        raise typer.BadParameter(f"the settings are not valid: {faults}") from None
    except CiteqaError as error:
        raise typer.BadParameter(str(error)) from None


def part_of(given: str | None) -> Part | None:
    """The part that an option names.

    Raises:
        BadParameter: if it is none.
    """
    if given is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", given)
    if not found or int(found[1]) > int(found[2]):
        raise typer.BadParameter("it must be a part and their number, such as 1/4 to 4/4", param_hint="--part")
    return Part(int(found[1]), int(found[2]))


def print_json(value: Any) -> None:
    """Print JSON on standard output, without characters that could steer a terminal."""
    sys.stdout.write(escaped(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")


class Stopped(SystemExit):
    """The command was stopped by Ctrl-C; says what that means."""

    def __init__(self, told: str) -> None:
        super().__init__(130)
        self.told = told


@contextmanager
def resumable() -> Iterator[None]:
    """Let Ctrl-C end the command with what it means for a command that keeps what is done.

    Raises:
        Stopped: at Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped("stopped; what is done is kept: run the same command again to go on") from None


def with_index(hint: str, index: Path | None) -> str:
    """A hint whose commands name the index that was named on the command line."""
    option = f" --index {shlex.quote(str(index))}" if index else ""
    return re.sub(r"\bciteqa (?:index|search|sync|evaluate)\b", lambda found: found.group() + option, hint)


def file_links(settings: Settings) -> Links | None:
    """The addresses of the files of an index's documents, for links in the terminal; None where a service answers.
    Files are known of folders that are synced."""
    if settings.url or not out.is_terminal:
        return None
    from citeqa.index.storage.stores import open_store

    def address(document_id: str) -> str | None:
        with open_store(settings.address).reading() as records:
            file = records.file_of(document_id)
        path = Path(file.root, file.name) if file else None
        return path.as_uri() if path and path.is_file() else None

    return address
