"""The command line. Each command loads only what it needs; documents' words are printed without control characters."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from api import cli_corpus, show
from api.options import IndexDir, Json, ReaderName, out, print_json, settings_given
from api.settings import SEEDS
from api.work import build, err, living, opened, progress
from index.errors import CiteqaError

if TYPE_CHECKING:
    from index.types import Filters

Checked = TypeVar("Checked", bound=BaseModel)

app = typer.Typer(
    help="Ask a folder of documents a question; get the documents' own words back, cited to the character.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(cli_corpus.app)
K = Annotated[int, typer.Option("--k", min=1, max=50, help="How many passages of evidence to give.")]
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
    float | None, typer.Option("--min-confidence", min=0, max=1, help="Answer only from this confidence up.")
]


def main() -> None:
    """Run the command line; every foreseen error becomes one line that says what mends it."""
    from rich.logging import RichHandler

    handler = RichHandler(console=err, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    for name in ("index", "rag", "api"):
        logging.getLogger(name).setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (CiteqaError, OSError) as error:
        err.print(f"error: {show.printable(str(error))}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("stopped", style="yellow")
        sys.exit(130)


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
) -> None:
    """Answer a question in the documents' own words, or say that they do not.

    Example: [bold]citeqa ask "How much aid did the US pledge to Cubans?"[/]
    """
    _check_question(question)
    filters = _filters(source, from_, to)
    with opened(settings_given(index=index, reader=reader)) as service:
        day = today.date() if today else None
        response = service.answerer.ask(
            question, k=k, filters=filters, min_confidence=min_confidence, today=day, use_dates=dates
        )
        if json:
            from api.schemas import AskResponse

            print_json(AskResponse.of(response, service.index).model_dump(mode="json"))
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
) -> None:
    """The passages nearest to a question, best first.

    Example: [bold]citeqa search "maritime security" --k 3[/]
    """
    _check_question(question)
    filters = _filters(source, from_, to)
    with opened(settings_given(index=index)) as service:
        day = today.date() if today else None
        found, milliseconds = service.answerer.search(question, k=k, filters=filters, today=day, use_dates=dates)
        if json:
            from api.schemas import SearchResponse

            print_json(SearchResponse.of(question, found, milliseconds, service.index).model_dump(mode="json"))
        else:
            show.evidence(out, found)


@app.command()
def serve(
    index: IndexDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [dim](CITEQA_HOST; 127.0.0.1)[/]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [dim](CITEQA_PORT; 8000)[/]")] = None,
    reader: ReaderName = None,
    writing: Annotated[
        bool | None,
        typer.Option("--writing", help="Let documents be added and removed over HTTP. [dim](CITEQA_WRITING)[/]"),
    ] = None,
) -> None:
    """Serve the chat page and the HTTP interface; indexes the seed articles first if there is no index. What other
    commands change in the index is noticed within a second.

    Example: [bold]citeqa serve --port 8080[/]
    """
    import socket

    settings = settings_given(index=index, host=host, port=port, reader=reader, writing=writing)
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise CiteqaError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "name another address with --host and --port"
        ) from None
    # Inherited by every connection. The event loop would set it, but not on sockets whose protocol number is 0, as
    # those made here have; without it each answer waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not (settings.index / "catalog.sqlite3").exists():
        report = build(settings, [SEEDS])
        err.print(f"indexed {report.documents} documents in {report.passages} passages into {settings.index}")
    with closing(listening), living(settings) as service:
        import uvicorn

        from api.app import create_app

        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        err.print(f"citeqa is ready at http://{shown}:{listening.getsockname()[1]}/ (Ctrl-C stops it)", markup=False)
        config = uvicorn.Config(create_app(service, writing=settings.writing), log_level="warning")
        uvicorn.Server(config).run([listening])


@app.command()
def evaluate(
    questions: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Question set, a question a line.")],
    index: IndexDir = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option("--corpus", exists=True, help="Index these documents for the run, instead of using --index."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write every question's values here, as JSON.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write figures, plots and every question here, as one HTML page.")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Ask only the questions of this split.")] = None,
    reader: ReaderName = None,
) -> None:
    """Measure the answers to a question set, asked over HTTP.

    Example: [bold]citeqa evaluate tests/questions.jsonl --corpus seeds --output result.json --report result.html[/]
    """
    import tempfile

    from api.evaluate import evaluate as measure
    from rag.evaluation import html_report
    from rag.evaluation.questions import load

    for path in (output, report):
        if path and (path.is_dir() or not path.parent.is_dir()):
            raise typer.BadParameter(f"{path} cannot be written: it is a folder, or its folder is not there")
    if report:
        html_report.check()
    asked = [question for question in load(questions) if split in (None, question.split)]
    if not asked:
        raise typer.BadParameter(f"{questions} has no question of the split {split!r}", param_hint="--split")
    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        settings = settings_given(index=index, reader=reader)
        if corpus:
            settings = settings.model_copy(update={"index": Path(folder) / "index", "models": settings.exported})
        if corpus:
            build(settings, corpus)
        with opened(settings) as service, progress(len(asked), "asking") as (advance, _):
            record = measure(service, questions, asked, lambda: advance(1))
    show.figures(out, record["figures"])
    if output:
        from index.files import write_json

        write_json(output, record)
    if report:
        report.write_text(html_report.render(record), encoding="utf-8")


def _filters(source: str | None, start: datetime | None, end: datetime | None) -> Filters:
    from api.schemas import FiltersIn

    days = {"date_from": start.date() if start else None, "date_to": end.date() if end else None}
    return _checked(FiltersIn, "--source, --from, --to", source=source, **days).filters()


def _check_question(question: str) -> None:
    from api.schemas import SearchRequest

    _checked(SearchRequest, "QUESTION", question=question)


def _checked(model: type[Checked], hint: str, **values: Any) -> Checked:
    """The values, held to the same limits as over HTTP."""
    try:
        return model(**values)
    except ValidationError as error:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise typer.BadParameter(faults, param_hint=hint) from None
