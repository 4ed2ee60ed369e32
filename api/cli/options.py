"""Options and helpers that the commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from citeqa.api.cli import console as show
from citeqa.api.settings import Effective, Settings, effective
from citeqa.index.errors import CiteqaError

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)

IndexDir = Annotated[Path | None, typer.Option("--index", help="Folder of the index. [dim](CITEQA_INDEX; .citeqa)[/]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON with the fields of the HTTP interface.")]
ReaderName = Annotated[
    str | None,
    typer.Option("--reader", help="Question-answering model to read with, by name or path. [dim](CITEQA_READER)[/]"),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="Ask the running service at this address, with the key in CITEQA_KEY. [dim](CITEQA_URL)[/]"
    ),
]


def query_settings(index: Path | None, url: str | None, config: Path | None = None, **options: Any) -> Settings:
    """The settings to ask with. An index named on the command line takes precedence over a service named in the
    environment."""
    if index is not None and url is not None:
        raise typer.BadParameter("cannot be combined with --index", param_hint="--url")
    settings = effective_settings(config, index=index, url=url, **options).settings
    return settings.model_copy(update={"url": None}) if index is not None else settings


def command_settings(**options: Any) -> Settings:
    """The effective settings; options override the environment and the settings file."""
    return effective_settings(None, **options).settings


def effective_settings(config: Path | None, **options: Any) -> Effective:
    """The same with the given settings file, and with the origin of each setting."""
    try:
        return effective({name: value for name, value in options.items() if value is not None}, config)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise typer.BadParameter(f"the settings are not valid: {faults}") from None
    except CiteqaError as error:
        raise typer.BadParameter(str(error)) from None


def print_json(value: Any) -> None:
    """Print JSON on standard output, without characters that could steer a terminal."""
    sys.stdout.write(show.escaped(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")
