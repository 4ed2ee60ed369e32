"""The commands that build, change and check an index."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeqa.api.backend import client
from citeqa.api.cli import console as show
from citeqa.api.cli.help import App
from citeqa.api.cli.options import (
    AsText,
    IndexDir,
    Json,
    PartOf,
    Rows,
    StoreAddress,
    Url,
    command_settings,
    out,
    part_of,
    print_json,
    query_settings,
    resumable,
)
from citeqa.api.cli.printable import printable, size
from citeqa.api.settings import SEEDS, Settings
from citeqa.api.tasks import index_paths, messages, reindex, sync_folder
from citeqa.index.storage.stores import existing_store, open_store

if TYPE_CHECKING:
    from citeqa.api.schemas import DocumentOut, DocumentSummary
    from citeqa.index.types import Report

app = App()

FollowLinks = Annotated[
    bool,
    typer.Option("--follow-links", help="Read also what links lead to outside of the folder."),
]
ReportJson = Annotated[bool, typer.Option("--json", "-j", help="Print the whole report as JSON.")]


def show_report(report: Report, index: str, *, would: bool = False, json: bool = False) -> None:
    """Print what was done, and what was skipped and why. Exits with status 1 if anything was skipped."""
    if json:
        from citeqa.api.schemas import ReportOut

        print_json(ReportOut.of(report).model_dump(mode="json"))
    else:
        _show_report(report, index, would=would)
    if report.skipped:
        raise typer.Exit(1)


def _show_report(report: Report, index: str, *, would: bool) -> None:
    for skipped in report.skipped:
        messages.print(f"skipped {printable(skipped.name)}: {printable(skipped.reason)}", style="yellow", markup=False)
    done = f"{report.added} added, {report.replaced} replaced, {report.unchanged} unchanged, {report.removed} removed"
    holds = f"{index} holds {size(report.documents, report.passages)}"
    end = "" if would else f"; {holds}"
    out.print(f"{'would be: ' if would else ''}{done}, {len(report.skipped)} skipped{end}", markup=False)
    if report.formats:
        show.formats(out, report.formats)


@app.command()
def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, help="Folders and files. [dim](the seed articles)[/]"),
    ] = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Embedding model, by name or path. [dim](CITEQA_MODEL)[/]"),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision", metavar="NAME", help="int8, or fp32 with the extra models. [dim](CITEQA_PRECISION; int8)[/]"
        ),
    ] = None,
    passage_tokens: Annotated[
        int | None, typer.Option(min=16, metavar="N", help="Most tokens in a passage. [dim](128)[/]")
    ] = None,
    overlap_sentences: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Sentences that a passage shares with the one before. [dim](1)[/]"),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild everything from the stored texts, with these settings.")
    ] = False,
    rows: Rows = None,
    as_text: AsText = None,
    follow_links: FollowLinks = False,
    part: PartOf = None,
    json: ReportJson = False,
) -> None:
    """Build the index, or bring it up to date: adds what is new, replaces what changed. Ends with a table of what was
    read, by format.

    Examples: [bold]citeqa index reports/[/]   [bold]citeqa index a.txt b.md archive.jsonl --index archive.citeqa[/]
    """
    settings = command_settings(index=index, store=store, model=model, precision=precision, rows=rows, as_text=as_text)
    if rebuild:
        if paths:
            raise typer.BadParameter("it takes no paths: it rebuilds from the stored texts", param_hint="--rebuild")
        with resumable():
            report = reindex(settings, passage_tokens, overlap_sentences)
        if json:
            show_report(report, settings.shown_address, json=True)
        else:
            out.print(
                f"rebuilt: {settings.shown_address} holds {size(report.documents, report.passages)}", markup=False
            )
        return
    with resumable():
        given = paths or [SEEDS]
        report = index_paths(
            settings, given, passage_tokens, overlap_sentences, follow_links=follow_links, part=part_of(part)
        )
    show_report(report, settings.shown_address, json=json)


@app.command()
def documents(
    document_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="One document. [dim](all)[/]", show_default=False)
    ] = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    json: Json = False,
    contains: Annotated[
        str,
        typer.Option(
            "--contains", "-c", metavar="TEXT", help="List only documents with this in the id, title, author or source."
        ),
    ] = "",
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            "-t",
            help="Print what can be cited of the document ID: its text without boilerplate, which is never an answer.",
        ),
    ] = False,
    url: Url = None,
) -> None:
    """List the documents of the index, or show one.

    Examples: [bold]citeqa documents --contains rubio[/]   [bold]citeqa documents reports/harbour --text[/]
    """
    if document_id is not None:
        _show_document(query_settings(index, url, store=store), document_id, text=text, json=json)
        return
    if text:
        raise typer.BadParameter("say of which document: citeqa documents ID --text", param_hint="--text")
    try:
        contains.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not valid Unicode text", param_hint="--contains") from None
    found, total = _listed(query_settings(index, url, store=store), contains)
    if json:
        from citeqa.api.schemas import DocumentList

        print_json(DocumentList(documents=found, next_cursor=None, total=total).model_dump(mode="json"))
    else:
        show.documents(out, found, total)


def _show_document(settings: Settings, document_id: str, *, text: bool, json: bool) -> None:
    """Print one document.

    Raises:
        UnknownDocumentError: if there is none with this id.
    """
    found = _document(settings, document_id)
    if json:
        print_json(found.model_dump(mode="json"))
    elif text:
        out.print(printable(citable(found)), markup=False, soft_wrap=True)
    else:
        show.document(out, found)


def citable(document: DocumentOut) -> str:
    """The text of a document without its boilerplate."""
    ends = [0, *(span.end for span in document.boilerplate)]
    starts = [*(span.start for span in document.boilerplate), len(document.text)]
    return "".join(document.text[start:end] for start, end in zip(ends, starts, strict=True))


def _document(settings: Settings, document_id: str) -> DocumentOut:
    from citeqa.api.schemas import DocumentOut

    if settings.url:
        with client(settings) as service:
            return service.document(document_id)
    with closing(open_store(settings.address).open()) as opened:
        return DocumentOut.of(opened.document(document_id))


def _listed(settings: Settings, contains: str) -> tuple[list[DocumentSummary], int]:
    from citeqa.api.schemas import DocumentSummary

    if settings.url:
        with client(settings) as service:
            found = list(service.all_documents(q=contains))
        return found, len(found)
    with closing(open_store(settings.address).open()) as opened:
        summaries, total = opened.summaries(opened.document_count or 1, contains=contains)
    return [DocumentSummary.of(item) for item in summaries], total


@app.command()
def sync(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder to sync with.")],
    index: IndexDir = None,
    store: StoreAddress = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done, without doing it.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep following the folder until Ctrl-C.")] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Remove the folder's documents even if the folder is now empty.")
    ] = False,
    rows: Rows = None,
    as_text: AsText = None,
    follow_links: FollowLinks = False,
    part: PartOf = None,
    json: ReportJson = False,
) -> None:
    """Keep the index in step with a folder: adds what is new, replaces what changed, removes what is gone. Files are
    compared by digest. Documents from elsewhere are left alone.

    Examples: [bold]citeqa sync reports/ --dry-run[/]   [bold]citeqa sync reports/ --watch[/]
    """
    settings = command_settings(index=index, store=store, rows=rows, as_text=as_text)
    if watch and dry_run:
        raise typer.BadParameter("cannot be combined with --dry-run", param_hint="--watch")
    if not watch:
        with resumable():
            report = sync_folder(
                settings, folder, dry_run=dry_run, empty=empty, follow_links=follow_links, part=part_of(part)
            )
        show_report(report, settings.shown_address, would=dry_run, json=json)
        return
    from citeqa.api.cli.watching import follow

    shown = partial(show_report, json=json)
    follow(settings, folder, empty=empty, follow_links=follow_links, part=part_of(part), on_report=shown)


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents, as `citeqa documents` lists them.")],
    index: IndexDir = None,
    store: StoreAddress = None,
) -> None:
    """Remove documents. Their texts are deleted for good; only their digests stay in a log.

    Example: [bold]citeqa remove reports/2024/harbour[/]
    """
    from citeqa.api.tasks import open_writer

    settings = command_settings(index=index, store=store)
    existing_store(settings.address)
    with open_writer(settings, "removing documents") as writing:
        for document_id in dict.fromkeys(ids):
            writing.remove(document_id)
        writing.commit()
        writing.compact_if_worn()
        report = writing.report()
    show_report(report, settings.shown_address)
