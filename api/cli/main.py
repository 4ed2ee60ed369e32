"""The command line. Each command imports only what it needs. Documents' text is printed without control characters."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from citeqa.api import logs
from citeqa.api.backend import open_backend
from citeqa.api.cli import console as show
from citeqa.api.cli import corpus as cli_corpus
from citeqa.api.cli import evaluation as cli_evaluate
from citeqa.api.cli import questions as cli_questions
from citeqa.api.cli import serving as cli_serve
from citeqa.api.cli.options import IndexDir, Json, ReaderName, Url, out, print_json, query_settings
from citeqa.api.tasks import messages
from citeqa.index.errors import CiteqaError
from citeqa.rag.options import AskOptions

if TYPE_CHECKING:
    from citeqa.index.types import Filters

Checked = TypeVar("Checked", bound=BaseModel)

app = typer.Typer(
    help="Ask a folder of documents a question; get the documents' own words back, cited to the character.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(cli_corpus.app)
app.add_typer(cli_evaluate.app)
app.add_typer(cli_questions.app)
app.add_typer(cli_serve.app)
K = Annotated[int, typer.Option("--k", min=1, max=50, help="How many passages of evidence to return.")]
Question = Annotated[str, typer.Argument(help="What you want to know, in plain words.")]
SourceName = Annotated[str | None, typer.Option("--source", help="Search only documents of this source.")]
_DATE = ["%Y-%m-%d"]
From = Annotated[datetime | None, typer.Option("--from", formats=_DATE, help="Search only documents from this day on.")]
To = Annotated[datetime | None, typer.Option("--to", formats=_DATE, help="Search only documents up to this day.")]
Today = Annotated[
    datetime | None,
    typer.Option("--today", formats=_DATE, help='The day that "last week" in the question counts from.'),
]
UseDates = Annotated[
    bool, typer.Option("--dates/--no-dates", help="Let times in the question prefer and filter sources.")
]
MinConfidence = Annotated[
    float | None, typer.Option("--min-confidence", min=0, max=1, help="Lowest confidence to answer with.")
]


def main() -> None:
    """Run the command line; every expected error becomes one line that says how to fix it."""
    logs.to_terminal()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except BrokenPipeError:  # the reader of our output has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (CiteqaError, OSError) as error:
        messages.print(f"error: {show.printable(str(error))}", style="red", markup=False)
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == 130:  # Ctrl-C
            messages.print("stopped", style="yellow")
        raise


@app.command()
def ask(
    question: Question,
    index: IndexDir = None,
    k: K = 5,
    json: Json = False,
    source: SourceName = None,
    from_: From = None,
    to: To = None,
    min_confidence: MinConfidence = None,
    today: Today = None,
    dates: UseDates = True,
    reader: ReaderName = None,
    url: Url = None,
) -> None:
    """Answer a question in the documents' own words, or say that they do not answer it.

    Example: [bold]citeqa ask "How much aid did the US pledge to Cubans?"[/]
    """
    _check_question(question)
    options = AskOptions(
        k=k,
        filters=_filters(source, from_, to),
        min_confidence=min_confidence,
        today=_day(today),
        use_dates=dates,
    )
    with open_backend(query_settings(index, url, reader=reader)) as service:
        response = service.ask(question, options)
    if json:
        print_json(response.model_dump(mode="json"))
    else:
        show.response(out, response)


@app.command()
def search(
    question: Question,
    index: IndexDir = None,
    k: K = 5,
    json: Json = False,
    source: SourceName = None,
    from_: From = None,
    to: To = None,
    today: Today = None,
    dates: UseDates = True,
    url: Url = None,
) -> None:
    """Find the passages nearest to a question, best first.

    Example: [bold]citeqa search "maritime security" --k 3[/]
    """
    _check_question(question)
    options = AskOptions(k=k, filters=_filters(source, from_, to), today=_day(today), use_dates=dates)
    with open_backend(query_settings(index, url)) as service:
        found = service.search(question, options)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        show.evidence(out, found.evidence)


def _filters(source: str | None, start: datetime | None, end: datetime | None) -> Filters:
    from citeqa.api.schemas import FiltersIn

    days = {"date_from": _day(start), "date_to": _day(end)}
    return _checked(FiltersIn, "--source, --from, --to", source=source, **days).filters()


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _check_question(question: str) -> None:
    from citeqa.api.schemas import SearchRequest

    _checked(SearchRequest, "QUESTION", question=question)


def _checked(model: type[Checked], hint: str, **values: Any) -> Checked:
    """The values, checked against the same limits as over HTTP."""
    try:
        return model(**values)
    except ValidationError as error:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise typer.BadParameter(faults, param_hint=hint) from None
