"""The commands that build, change and check an index."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from citeqa.api.backend import client
from citeqa.api.cli import console as show
from citeqa.api.cli.options import IndexDir, Json, Url, command_settings, out, print_json, query_settings
from citeqa.api.settings import SEEDS, Settings
from citeqa.api.tasks import index_paths, messages, reindex, sync_folder
from citeqa.index.storage.stores import existing_store, open_store

if TYPE_CHECKING:
    from citeqa.api.schemas import DocumentSummary
    from citeqa.index.protocols import Store
    from citeqa.index.types import Report
    from citeqa.rag.citation.verification import Claim

app = typer.Typer()
NO_CITATION = "a citation has document_id, document_sha256, start, end, quote and sentence"


def show_report(report: Report, index: Path, *, would: bool = False) -> None:
    """Print what was done, and what was skipped and why. Exits with status 1 if anything was skipped."""
    for skipped in report.skipped:
        messages.print(
            f"skipped {show.printable(skipped.name)}: {show.printable(skipped.reason)}", style="yellow", markup=False
        )
    done = f"{report.added} added, {report.replaced} replaced, {report.unchanged} unchanged, {report.removed} removed"
    holds = f"{index} holds {show.size(report.documents, report.passages)}"
    end = "" if would else f"; {holds}"
    out.print(f"{'would be: ' if would else ''}{done}, {len(report.skipped)} skipped{end}", markup=False)
    if report.skipped:
        raise typer.Exit(1)


@app.command()
def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, help="Folders, text files, JSONL files. [dim](the seed articles)[/]"),
    ] = None,
    index: IndexDir = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Embedding model, by name or path. [dim](CITEQA_MODEL)[/]")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="fp32, or the faster int8. [dim](CITEQA_PRECISION; fp32)[/]")
    ] = None,
    passage_tokens: Annotated[int | None, typer.Option(min=16, help="Most tokens in a passage. [dim](128)[/]")] = None,
    overlap_sentences: Annotated[
        int | None, typer.Option(min=0, help="Sentences that a passage shares with the one before. [dim](1)[/]")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild everything from the stored texts, with these settings.")
    ] = False,
) -> None:
    """Build the index, or bring it up to date: adds what is new, replaces what changed.

    Examples: [bold]citeqa index reports/[/]   [bold]citeqa index a.txt b.md archive.jsonl --index archive.citeqa[/]
    """
    settings = command_settings(index=index, model=model, precision=precision)
    if rebuild:
        if paths:
            raise typer.BadParameter("it takes no paths: it rebuilds from the stored texts", param_hint="--rebuild")
        report = reindex(settings, passage_tokens, overlap_sentences)
        out.print(f"rebuilt: {settings.index} holds {show.size(report.documents, report.passages)}", markup=False)
        return
    show_report(index_paths(settings, paths or [SEEDS], passage_tokens, overlap_sentences), settings.index)


@app.command()
def documents(
    index: IndexDir = None,
    json: Json = False,
    contains: Annotated[
        str, typer.Option("--contains", help="List only documents with this in the id, title, author or source.")
    ] = "",
    url: Url = None,
) -> None:
    """List the documents of the index.

    Example: [bold]citeqa documents --contains rubio[/]
    """
    try:
        contains.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not valid Unicode text", param_hint="--contains") from None
    found, total = _listed(query_settings(index, url), contains)
    if json:
        from citeqa.api.schemas import DocumentList

        print_json(DocumentList(documents=found, next_cursor=None, total=total).model_dump(mode="json"))
    else:
        show.documents(out, found, total)


def _listed(settings: Settings, contains: str) -> tuple[list[DocumentSummary], int]:
    from citeqa.api.schemas import DocumentSummary

    if settings.url:
        with client(settings) as service:
            found = list(service.all_documents(q=contains))
        return found, len(found)
    with closing(open_store(settings.index).open()) as opened:
        summaries, total = opened.summaries(opened.document_count or 1, contains=contains)
    return [DocumentSummary.of(item) for item in summaries], total


@app.command()
def sync(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder to sync with.")],
    index: IndexDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, without doing it.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep following the folder until Ctrl-C.")] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Remove the folder's documents even if the folder is now empty.")
    ] = False,
) -> None:
    """Keep the index in step with a folder: adds what is new, replaces what changed, removes what is gone. Files are
    compared by digest. Documents from elsewhere are left alone.

    Examples: [bold]citeqa sync reports/ --dry-run[/]   [bold]citeqa sync reports/ --watch[/]
    """
    settings = command_settings(index=index)
    if watch and dry_run:
        raise typer.BadParameter("cannot be combined with --dry-run", param_hint="--watch")
    if not watch:
        show_report(sync_folder(settings, folder, dry_run=dry_run, empty=empty), settings.index, would=dry_run)
        return
    from citeqa.api.cli.watching import follow

    follow(settings, folder, empty=empty, on_report=show_report)


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents, as `citeqa documents` lists them.")],
    index: IndexDir = None,
) -> None:
    """Remove documents. Their texts are deleted for good; only their digests stay in a log.

    Example: [bold]citeqa remove reports/2024/harbour[/]
    """
    from citeqa.api.tasks import open_writer

    settings = command_settings(index=index)
    existing_store(settings.index)
    with open_writer(settings, "removing documents") as writing:
        for document_id in dict.fromkeys(ids):
            writing.remove(document_id)
        writing.commit()
        writing.compact_if_worn()
        report = writing.report()
    show_report(report, settings.index)


@app.command()
def verify(
    citation: Annotated[
        typer.FileText,
        typer.Argument(encoding="utf-8", help="A citation or a whole answer as JSON; - reads standard input."),
    ],
    index: IndexDir = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Check whether a citation still holds: valid, moved, changed or gone. The exit status is 0 if valid or moved, else
    1.

    Example: [bold]citeqa ask "Who met Rubio?" --json | citeqa verify -[/]
    """
    from citeqa.api.schemas import VerifyResponse
    from citeqa.rag.citation.verification import verify as compare

    claim = read_claim(citation)
    settings = query_settings(index, url)
    if settings.url:
        with client(settings) as service:
            verdict = service.verify(claim)
    else:
        with closing(open_store(settings.index).open()) as opened:
            verdict = VerifyResponse.of(compare(opened, claim))
    if json:
        print_json(verdict.model_dump(mode="json"))
    else:
        show.verdict(out, verdict)
    if verdict.status in ("changed", "gone"):
        raise typer.Exit(1)


def read_claim(file: TextIO) -> Claim:
    """The claim of the citation in a file; the file may also hold a whole answer.

    Raises:
        typer.BadParameter: if there is no citation.
    """
    import json as reading

    from pydantic import ValidationError

    from citeqa.api.schemas import VerifyRequest

    try:
        value = reading.load(file)
        while isinstance(value, dict) and "document_sha256" not in value:
            if value.get("answered") is False:
                raise ValueError("the question was not answered")
            value = value.get("answer") or value.get("citation")
        if not isinstance(value, dict):
            raise ValueError(NO_CITATION)  # noqa: TRY004 - a fault of the file, not of the program
        return VerifyRequest.model_validate_json(reading.dumps({"citation": value})).claim()
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"][1:])), fault["msg"]) for fault in error.errors()]
        reason = "; ".join(f"{name}: {message}" if name else message for name, message in faults)
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise typer.BadParameter(f"it is not a citation: {reason}", param_hint="CITATION")


@app.command()
def doctor(index: IndexDir = None) -> None:
    """Check everything that can be checked about the index and the models, and say how to fix what is wrong.

    Example: [bold]citeqa doctor --index archive.citeqa[/]
    """
    from citeqa.api.tasks import examine

    sick = False
    for finding in examine(command_settings(index=index)):
        sick |= bool(finding.faults)
        out.print(f"{'no ' if finding.faults else 'ok '} {finding.checked}", markup=False)
        for fault in finding.faults:
            out.print(f"    {show.printable(fault)}", style="red", markup=False)
        if finding.faults:
            out.print(f"    to fix it: {finding.mend}", markup=False)
    if sick:
        raise typer.Exit(1)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="The file to write: .jsonl for documents, .sqlite3 for the database.")],
    index: IndexDir = None,
) -> None:
    """Export all documents as JSONL, which `citeqa index` reads, or copy the whole database. The database may be copied
    while others write; named catalog.sqlite3 in a folder of its own, the copy is an index.

    Examples: [bold]citeqa export documents.jsonl[/]   [bold]citeqa export backup.sqlite3[/]
    """
    settings = command_settings(index=index)
    if target.suffix not in (".jsonl", ".sqlite3"):
        raise typer.BadParameter("it must end in .jsonl or .sqlite3", param_hint="TARGET")
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise typer.BadParameter(
            f"{target} cannot be written: it is a folder, or its folder does not exist", param_hint="TARGET"
        )
    if target.resolve().is_relative_to(settings.index.resolve()):
        raise typer.BadParameter(f"{target} lies inside the index itself", param_hint="TARGET")
    store = existing_store(settings.index)
    count = store.backup(target) if target.suffix == ".sqlite3" else _export_jsonl(store, target)
    out.print(f"{target} holds {show.counted(count, 'document')}", markup=False)


def _export_jsonl(store: Store, target: Path) -> int:
    from citeqa.index.storage.backup import export_jsonl

    with store.reading() as records:
        return export_jsonl(records, target)
