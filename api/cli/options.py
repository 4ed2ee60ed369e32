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
Json = Annotated[bool, typer.Option("--json", help="Print the fields of the HTTP interface as JSON.")]
ReaderName = Annotated[
    str | None,
    typer.Option("--reader", help="Question-answering model that reads, by name or path. [dim](CITEQA_READER)[/]"),
]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Ask the running service there, with the key in CITEQA_KEY. [dim](CITEQA_URL)[/]"),
]


def query_settings(index: Path | None, url: str | None, config: Path | None = None, **given: Any) -> Settings:
    """The settings to ask with: a folder that is named goes before a service that the environment names."""
    if index is not None and url is not None:
        raise typer.BadParameter("not together with --index", param_hint="--url")
    settings = effective_settings(config, index=index, url=url, **given).settings
    return settings.model_copy(update={"url": None}) if index is not None else settings


def command_settings(**given: Any) -> Settings:
    """The settings that hold, with what was given on the command line before the environment and the file."""
    return effective_settings(None, **given).settings


def effective_settings(config: Path | None, **given: Any) -> Effective:
    """The same, with the file named, and where each setting is from."""
    try:
        return effective({name: value for name, value in given.items() if value is not None}, config)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise typer.BadParameter(f"the settings are not valid: {faults}") from None
    except CiteqaError as error:
        raise typer.BadParameter(str(error)) from None


def print_json(value: Any) -> None:
    """JSON on standard output, in which no character can steer a terminal."""
    sys.stdout.write(show.escaped(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")
