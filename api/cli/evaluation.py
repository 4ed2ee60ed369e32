"""The commands that measure how good the answers are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citeqa.api.cli import measured as show
from citeqa.api.cli.help import App
from citeqa.api.cli.options import IndexDir, LookName, ReaderName, StoreAddress, command_settings, out
from citeqa.api.settings import Settings
from citeqa.api.tasks import index_corpus, index_paths, messages, open_service, progress
from citeqa.index.extras import need

if TYPE_CHECKING:
    from citeqa.api.service import Service
    from citeqa.rag.evaluation.questions import Question
    from citeqa.rag.evaluation.sets import QuestionSet

app = App()
_FORMS = "Question set: JSONL, a folder in our layout or BEIR's, or a SQuAD file."


@app.command()
def evaluate(
    questions: Annotated[Path | None, typer.Argument(exists=True, help=_FORMS)] = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            "--corpus", metavar="PATH", exists=True, help="Index these documents for the run, instead of using --index."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the values of every question to this JSON file."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write figures, plots and every question to this HTML page."),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="NAME", help="Ask only the questions of this split.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, metavar="N", help="Ask at most this many questions of each split, evenly spread."
        ),
    ] = None,
    retrieval: Annotated[bool, typer.Option("--retrieval", help="Measure retrieval only, without reading.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="FILE FILE",
            exists=True,
            dir_okay=False,
            help="Show what got better and worse between two runs.",
        ),
    ] = None,
    look: LookName = None,
    reader: ReaderName = None,
) -> None:
    """Measure the answers to a question set over HTTP, or compare two such measurements.

    A folder (questions.jsonl and corpus.jsonl; or BEIR's queries.jsonl, corpus.jsonl, qrels/) and a SQuAD file have
    their own corpus: its index is built once and kept beside yours. With --output, an interrupted run can be continued.

    Examples: [bold]citeqa evaluate tests/questions.jsonl --corpus seeds --output new.json --report new.html[/]
    [bold]citeqa evaluate scifact/ --retrieval[/]   [bold]citeqa evaluate --compare old.json new.json[/]
    """
    _check_writable(output, report)
    if (compare is None) == (questions is None):
        raise typer.BadParameter("give a question set, or two runs to --compare", param_hint="QUESTIONS")
    if compare or questions is None:
        assert compare
        _compare(*compare, split, output)
        return
    need("evaluate", "an evaluation")
    question_set, asked = _asked(questions, split, limit)
    if not question_set.has_answers and not retrieval:
        messages.print(
            f"{question_set.name} has relevant documents but no answers: only retrieval is measured", markup=False
        )
    settings = command_settings(index=index, store=store, look=look, reader=reader)
    with _opened_service(settings, question_set, corpus) as service:
        record = _measured(service, question_set, asked, output, retrieval=retrieval or not question_set.has_answers)
    if not retrieval and question_set.has_answers:
        show.summary(out, record["figures"]["all"])
    show.figures(out, record["figures"])
    show.failures(out, record["rows"])
    if output:
        from citeqa.index.atomic import write_json

        write_json(output, record)
    if report:
        from citeqa.rag.evaluation import html_report

        report.write_text(html_report.render(record), encoding="utf-8")


def _check_writable(output: Path | None, report: Path | None) -> None:
    for path in (output, report):
        if path and (path.is_dir() or not path.parent.is_dir()):
            raise typer.BadParameter(f"{path} cannot be written: it is a folder, or its folder does not exist")
    if report:
        from citeqa.rag.evaluation import html_report

        html_report.check()


def _asked(path: Path, split: str | None, limit: int | None) -> tuple[QuestionSet, Sequence[Question]]:
    from citeqa.rag.evaluation.questions import sample_evenly
    from citeqa.rag.evaluation.sets import read

    question_set = read(path)
    asked = [question for question in question_set.questions if split in (None, question.split)]
    if not asked:
        raise typer.BadParameter(f"{path} has no question in the split {split!r}", param_hint="--split")
    return question_set, sample_evenly(asked, limit) if limit else asked


@contextmanager
def _opened_service(settings: Settings, question_set: QuestionSet, corpus: list[Path] | None) -> Iterator[Service]:
    """The service over the documents of --corpus, else over the corpus of the set, else over the index."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        if corpus:
            settings = settings.model_copy(update={"index": Path(folder) / "index"})
            index_paths(settings, corpus)
        elif question_set.corpus:
            settings = index_corpus(settings, question_set.corpus)
        with open_service(settings) as service:
            yield service


def _measured(
    service: Service, question_set: QuestionSet, asked: Sequence[Question], output: Path | None, *, retrieval: bool
) -> dict[str, Any]:
    from citeqa.api.evaluation.measure import evaluate, retrieve

    with progress(len(asked), "searching" if retrieval else "asking") as (advance, _):
        if retrieval:
            return retrieve(service, question_set, asked, lambda: advance(1))
        kept = output.with_name(f"{output.name}.partial") if output else None
        try:
            return evaluate(service, question_set, asked, lambda: advance(1), kept)
        except KeyboardInterrupt:
            if kept:
                messages.print(
                    f"the results so far are in {kept}; run the same command again to continue", markup=False
                )
            raise


def _compare(before: Path, after: Path, split: str | None, output: Path | None) -> None:
    import json

    from citeqa.index.atomic import write_json
    from citeqa.index.errors import QuestionSetError
    from citeqa.rag.evaluation.compare import compare_runs

    def run(path: Path) -> dict[str, Any]:
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            return {"rows": list(record["rows"])}
        except (ValueError, KeyError, TypeError):
            raise QuestionSetError(
                f"{path} is not a run; make one with: citeqa evaluate QUESTIONS --output RUN.json"
            ) from None

    found = compare_runs(run(before), run(after), split)
    show.comparison(out, found)
    if output:
        differences = [one._asdict() for one in found.differences]
        better, worse = ([one._asdict() for one in held] for held in (found.better, found.worse))
        write_json(output, {"differences": differences, "better": better, "worse": worse})
