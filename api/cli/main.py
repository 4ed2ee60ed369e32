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
from citeqa.api.cli import calibration as cli_calibrate
from citeqa.api.cli import console as show
from citeqa.api.cli import corpus as cli_corpus
from citeqa.api.cli import evaluation as cli_evaluate
from citeqa.api.cli import questions as cli_questions
from citeqa.api.cli import serving as cli_serve
from citeqa.api.cli import typed
from citeqa.api.cli import upkeep as cli_upkeep
from citeqa.api.cli import verification as cli_verify
from citeqa.api.cli.help import App, Group, UsageError, wrong_usage
from citeqa.api.cli.options import (
    IndexDir,
    Json,
    LookName,
    ReaderName,
    Stopped,
    StoreAddress,
    Url,
    file_links,
    out,
    print_json,
    query_settings,
)
from citeqa.api.cli.printable import printable
from citeqa.api.tasks import messages
from citeqa.api.wording import fault_in_words
from citeqa.index import __version__
from citeqa.index.errors import CiteqaError
from citeqa.rag.options import AskOptions

if TYPE_CHECKING:
    from citeqa.index.types import Filters

Checked = TypeVar("Checked", bound=BaseModel)

app = App(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(cli_corpus.app)
app.add_typer(cli_upkeep.app)
app.add_typer(cli_verify.app)
app.add_typer(cli_evaluate.app)
app.add_typer(cli_questions.app)
app.add_typer(cli_calibrate.app)
app.add_typer(cli_serve.app)
K = Annotated[
    int, typer.Option("--k", "-k", min=1, max=50, metavar="N", help="How many passages of evidence to return.")
]
Question = Annotated[str, typer.Argument(help="What you want to know, in plain words; - reads standard input.")]
MaybeQuestion = Annotated[
    str | None,
    typer.Argument(
        metavar="QUESTION",
        help="What you want to know, in plain words; - reads standard input. Without it, a prompt takes questions.",
    ),
]
SourceName = Annotated[
    str | None, typer.Option("--source", "-s", metavar="NAME", help="Search only documents of this source.")
]
FolderNames = Annotated[
    list[str] | None,
    typer.Option("--folder", "-f", metavar="FOLDER", help="Search only this folder of documents; may be repeated."),
]
_DAY: Any = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
From = Annotated[datetime | None, typer.Option("--from", **_DAY, help="Search only documents from this day on.")]
To = Annotated[datetime | None, typer.Option("--to", **_DAY, help="Search only documents up to this day.")]
Today = Annotated[
    datetime | None, typer.Option("--today", **_DAY, help='The day that "last week" in the question counts from.')
]
UseDates = Annotated[
    bool, typer.Option("--dates/--no-dates", help="Let times in the question prefer and filter sources.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option("--min-confidence", min=0, max=1, metavar="NUMBER", help="Lowest confidence to answer with, 0 to 1."),
]


def main() -> None:
    """Run the command line; every expected error becomes one line that says how to fix it."""
    logs.to_terminal()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        sys.exit(app(prog_name="citeqa", standalone_mode=False) or 0)
    except UsageError as error:
        for line in wrong_usage(error):
            messages.print(line, style="red" if line.startswith("error") else "", markup=False)
        sys.exit(2)
    except typer.Abort:  # the end of the input where more was needed
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (CiteqaError, OSError) as error:
        messages.print(f"error: {printable(str(error))}", style="red", markup=False)
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == 130:  # Ctrl-C
            messages.print(ended.told if isinstance(ended, Stopped) else "stopped", style="yellow")
        raise


@app.callback(invoke_without_command=True)
def program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version of citeqa.")] = False,
) -> None:
    """Ask a folder of documents a question; get the documents' own words back, cited to the character."""
    if version:
        out.print(f"citeqa {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit(2)


@app.command()
def ask(
    question: MaybeQuestion = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    k: K = 5,
    json: Json = False,
    source: SourceName = None,
    folder: FolderNames = None,
    from_: From = None,
    to: To = None,
    min_confidence: MinConfidence = None,
    today: Today = None,
    dates: UseDates = True,
    look: LookName = None,
    reader: ReaderName = None,
    url: Url = None,
) -> None:
    """Answer a question in the documents' own words, or say that they do not answer it. Without a question, a prompt
    takes one after the other.

    Examples: [bold]citeqa ask "How much aid did the US pledge to Cubans?"[/]   [bold]citeqa ask - < question.txt[/]
    """
    asked = _asked(question)
    options = AskOptions(
        k=k,
        filters=_filters(source, folder, from_, to),
        min_confidence=min_confidence,
        today=_day(today),
        use_dates=dates,
        look=look,
    )
    settings = query_settings(index, url, store=store, reader=reader)
    with open_backend(settings) as service:
        for one in typed.questions() if asked is None else [asked]:
            try:
                _check_question(one)
                response = service.ask(one, options)
            except (typer.BadParameter, CiteqaError) as error:
                if asked is not None:
                    raise
                messages.print(f"error: {printable(str(error))}", style="red", markup=False)
                continue
            if json:
                print_json(response.model_dump(mode="json"))
            else:
                show.response(out, response, file_links(settings))


@app.command()
def search(
    question: Question,
    index: IndexDir = None,
    store: StoreAddress = None,
    k: K = 5,
    json: Json = False,
    source: SourceName = None,
    folder: FolderNames = None,
    from_: From = None,
    to: To = None,
    today: Today = None,
    dates: UseDates = True,
    url: Url = None,
) -> None:
    """Find the passages nearest to a question, best first.

    Example: [bold]citeqa search "maritime security" --k 3[/]
    """
    question = typed.piped() if question == "-" else question
    _check_question(question)
    options = AskOptions(k=k, filters=_filters(source, folder, from_, to), today=_day(today), use_dates=dates)
    settings = query_settings(index, url, store=store)
    with open_backend(settings) as service:
        found = service.search(question, options)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        show.evidence(out, found.evidence, file_links(settings))


def _asked(question: str | None) -> str | None:
    """The question to ask; None to take questions at a prompt."""
    if question is None and typed.at_prompt():
        return None
    if question is None:
        raise typer.BadParameter("give a question, or - to read it from standard input", param_hint="QUESTION")
    asked = typed.piped() if question == "-" else question
    _check_question(asked)
    return asked


def _filters(source: str | None, folders: list[str] | None, start: datetime | None, end: datetime | None) -> Filters:
    from citeqa.api.schemas import FiltersIn

    if start and end and start > end:
        raise typer.BadParameter(f"{start:%Y-%m-%d} is after --to {end:%Y-%m-%d}", param_hint="--from")
    _checked(FiltersIn, "--folder", folders=folders or None)
    given = {"source": source, "folders": folders or None, "date_from": _day(start), "date_to": _day(end)}
    return _checked(FiltersIn, "--source", **given).filters()


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
        faults = "; ".join(map(fault_in_words, error.errors()))
        raise typer.BadParameter(faults, param_hint=hint) from None
