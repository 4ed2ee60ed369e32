"""The command that fits the confidence to the documents at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeqa.api.cli.help import App
from citeqa.api.cli.options import IndexDir, Json, ReaderName, StoreAddress, command_settings, out, print_json
from citeqa.api.settings import Settings
from citeqa.api.tasks import open_service, progress
from citeqa.index.errors import QuestionSetError
from citeqa.index.storage.stores import existing_store

if TYPE_CHECKING:
    from citeqa.api.calibrating import Calibrated
    from citeqa.rag.confidence import Confidence
    from citeqa.rag.evaluation.calibration import Calibration

app = App()


@app.command()
def calibrate(
    questions: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="Questions about your documents, 30 or more, as a question set."
        ),
    ] = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    reader: ReaderName = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the confidence that is shipped.")] = False,
    json: Json = False,
) -> None:
    """Fit the confidence to your documents, from your own questions about them; it is kept with the index if it is
    better than before on questions that took no part in it. `citeqa questions` and the verdicts of the page collect
    them.

    Examples: [bold]citeqa calibrate reports.questions.jsonl[/]   [bold]citeqa calibrate --reset[/]
    """
    settings = command_settings(index=index, store=store, reader=reader)
    if reset == (questions is not None):
        raise typer.BadParameter("give questions, or --reset", param_hint="QUESTIONS")
    if questions is None:
        existing_store(settings.address).calibrate(None)
        out.print("the confidence is the one that is shipped", markup=False)
        return
    found = _calibrated(settings, questions)
    if json:
        print_json(found.values())
    else:
        _show(found)
    if not found.kept:
        raise typer.Exit(1)


def _calibrated(settings: Settings, questions: Path) -> Calibrated:
    from citeqa.api.calibrating import calibrate_index
    from citeqa.rag.evaluation.questions import load

    asked = load(questions)
    with open_service(settings) as service, progress(len(asked), "asking") as (advance, _):
        try:
            return calibrate_index(service, existing_store(settings.address), asked, lambda: advance(1))
        except ValueError as error:
            raise QuestionSetError(f"{questions} cannot be calibrated with: {error}") from None


def _show(found: Calibrated) -> None:
    count = found.calibration
    out.print(
        f"{count.questions} questions, {count.unanswerable} of them not answered by the documents; measured on "
        "questions that took no part in the fit",
        markup=False,
    )
    _table(count, found.shipped)
    if found.second and found.shipped_second:
        out.print(f"after a second look, at {found.second.questions} of the questions", markup=False)
        _table(found.second, found.shipped_second)
    out.print(
        "kept with the index; to undo it: citeqa calibrate --reset"
        if found.kept
        else "not kept, because it is no better than the confidence that is shipped",
        style="bold",
        markup=False,
    )


def _table(count: Calibration, shipped: Confidence) -> None:
    """What calibrating changes, before and after."""
    before, after = count.before, count.after
    rows = [
        ("log loss", before.log_loss, after.log_loss),
        ("calibration error (ECE)", before.ece, after.ece),
        ("Brier score", before.brier, after.brier),
    ]
    out.print(f"{'':24}{'before':>10}{'after':>10}", markup=False)
    for name, one, other in rows:
        out.print(f"{name:24}{one:10.3f}{other:10.3f}", markup=False)
    for name, mine, theirs in (
        ("answered", before.answered, after.answered),
        ("of these right", before.right, after.right),
        ("rightly not answered", before.refused, after.refused),
    ):
        out.print(f"{name:24}{mine:10}{theirs:10}", markup=False)
    out.print(f"{'threshold':24}{shipped.threshold:10.3f}{count.confidence.threshold:10.3f}", markup=False)
