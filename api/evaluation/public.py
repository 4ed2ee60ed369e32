"""Measures the program and its baselines on the public sets: `make evaluate`.

    python -m citeqa.api.evaluation.public [--set NAME ...] [--fit] [--retrieval] [--limit N] [--data FOLDER]
                                           [--output FOLDER] [--table]

Every run is stored in the output folder in the format of `citeqa evaluate`, so that `citeqa evaluate --compare` can
compare any two. The figures of each set are stored too, so that sets can be measured separately and shown together.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from citeqa.api.cli.options import IndexDir, command_settings
from citeqa.api.evaluation.measure import about, evaluate, reading, searching
from citeqa.api.service import Service
from citeqa.api.settings import SEEDS
from citeqa.api.tasks import index_corpus, messages, open_service, progress
from citeqa.index.atomic import write_json
from citeqa.index.extras import need
from citeqa.rag.evaluation import baselines, html_report, public, retrieval, table
from citeqa.rag.evaluation.report import summary
from citeqa.rag.evaluation.run import row_from_json
from citeqa.rag.evaluation.sets import QuestionSet

PROJECT = SEEDS.parent
DATA = PROJECT.parent / "shared" / "data"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[
        list[str] | None, typer.Option("--set", help=f"Measure only this set; may be repeated: {public.NAMES}.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask at most this many questions of each set.")] = None,
    data: Annotated[Path, typer.Option(help="The folder of the public sets.")] = DATA,
    index: IndexDir = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for runs and figures. [dim](evaluations/public in the data folder)[/]")
    ] = None,
    fit: Annotated[bool, typer.Option("--fit", help="Ask the questions reserved for choosing.")] = False,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval", help="Measure retrieval only, without reading.")
    ] = False,
    table_only: Annotated[bool, typer.Option("--table", help="Measure nothing; show earlier results.")] = False,
) -> None:
    """Measure the program and its baselines on the public sets that are present, and print Markdown tables."""
    names = names or list(public.NAMES)
    if unknown := [name for name in names if name not in public.NAMES]:
        raise typer.BadParameter(f"there is no set {', '.join(unknown)}; known: {', '.join(public.NAMES)}")
    kept = output or command_settings(index=index).index / "evaluations" / "public"
    kept.mkdir(parents=True, exist_ok=True)
    if not table_only:
        need("evaluate", "an evaluation")
    results = []
    for name in names:
        half: public.Half = "fit" if fit else "report"
        path = kept / f"{name}{'-fit' if fit else ''}.figures.json"
        if not table_only:
            if missing := [path for path in public.paths(name, data, PROJECT) if not path.exists()]:
                messages.print(
                    f"skipped {name}: {missing[0]} does not exist (rag/evaluation/public.py says where to get it)"
                )
                continue
            question_set = public.limited(public.read(name, data, PROJECT, half), limit)
            write_json(path, _measured(question_set, index, kept, answers=not retrieval_only) | {"limit": limit})
        if path.exists():
            results.append(json.loads(path.read_text(encoding="utf-8")))
    if results:
        command = shlex.join(["make", "evaluate"] + ([f"ARGS={shlex.join(sys.argv[1:])}"] if sys.argv[1:] else []))
        sys.stdout.write(table.markdown(results, command))


def _measured(question_set: QuestionSet, index: Path | None, kept: Path, *, answers: bool) -> dict[str, Any]:
    """Measure all systems on one set, and store every run in `kept`."""
    assert question_set.corpus
    messages.print(f"{question_set.name}: {len(question_set.questions)} questions", markup=False)
    with open_service(index_corpus(command_settings(index=index), question_set.corpus)) as service:
        searched = _searched(service, question_set, kept, read=answers and question_set.has_answers)
        answered = _answered(service, question_set, kept) if answers and question_set.has_answers else {}
        facts = about(service, question_set.name, question_set, question_set.questions)
    rows = {name: record["rows"] for name, record in searched.items()}
    against = public.against_best(rows, (public.ANSWERED if question_set.has_answers else {}) | public.DOCUMENTS)
    against += public.against_best(answered, public.SENTENCES) if answered else []
    return {
        "set": question_set.name,
        "date": facts["date"],
        "versions": facts["versions"],
        "questions": len(question_set.questions),
        "answerable": sum(question.answerable for question in question_set.questions),
        "documents": facts["index"]["documents"],
        "passages": facts["index"]["passages"],
        "retrieval": {name: _measures(next(iter(record["figures"].values()))) for name, record in searched.items()},
        "answers": {name: _answer_figures(rows, name) for name, rows in answered.items()},
        "against": against,
    }


def _searched(service: Service, question_set: QuestionSet, kept: Path, *, read: bool) -> dict[str, dict[str, Any]]:
    """The runs of every system that searches: the baselines, then the program, and also its evidence after reading."""

    def text(document_id: str) -> str:
        return service.index.document(document_id).text

    facts, found = about(service, question_set.name, question_set, question_set.questions), {}
    systems = baselines.rankers(service.index, service.answerer.embedder) | {public.OURS: searching(service)}
    systems |= {public.READ: reading(service)} if read else {}
    for name, search in systems.items():
        with progress(len(question_set.questions), f"{question_set.name}: {name}") as (advance, _):
            rows = retrieval.run(question_set.questions, search, text, lambda advance=advance: advance(1))  # type: ignore[misc]
        found[name] = retrieval.record(rows, facts | {"what": f"{name}: {question_set.name}"})
    for name, record in found.items():
        write_json(kept / f"{question_set.name}.{name.replace(', ', '-').replace(' ', '-')}.json", record)
    return found


def _answered(service: Service, question_set: QuestionSet, kept: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every system that answers."""
    nearest = baselines.NearestSentence(service.index, service.answerer.embedder)
    with progress(len(question_set.questions), f"{question_set.name}: {public.SENTENCE}") as (advance, _):
        sentences = [asdict(row) for row in baselines.run(question_set.questions, nearest, lambda: advance(1))]
    with progress(len(question_set.questions), f"{question_set.name}: answers") as (advance, _):
        partial = kept / f"{question_set.name}.answers.json.partial"
        record = evaluate(service, question_set, question_set.questions, lambda: advance(1), partial)
    write_json(kept / f"{question_set.name}.answers.json", record)
    (kept / f"{question_set.name}.answers.html").write_text(html_report.render(record), encoding="utf-8")
    return {public.SENTENCE: sentences, public.OURS: record["rows"]}


def _answer_figures(rows: Sequence[Mapping[str, Any]], system: str) -> dict[str, Any]:
    if system == public.SENTENCE:
        return baselines.summary([baselines.SentenceResult(**row) for row in rows])
    return _measures(summary([row_from_json(dict(row)) for row in rows]))


def _measures(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that are measures, without the counts."""
    return {name: figure for name, figure in figures.items() if isinstance(figure, Mapping)}


if __name__ == "__main__":
    app()
