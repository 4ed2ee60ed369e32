"""The commands that check an index, copy it, and give it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeqa.api.cli.help import App
from citeqa.api.cli.options import IndexDir, StoreAddress, command_settings, out, resumable, with_index
from citeqa.api.cli.printable import counted, printable, size
from citeqa.api.tasks import reporting
from citeqa.index.storage.postgresql.address import shown
from citeqa.index.storage.stores import existing_store, open_store

if TYPE_CHECKING:
    from citeqa.index.protocols import Store

app = App()


@app.command()
def doctor(index: IndexDir = None, store: StoreAddress = None) -> None:
    """Check everything that can be checked about the index and the models, and say how to fix what is wrong.

    Example: [bold]citeqa doctor --index archive.citeqa[/]
    """
    from citeqa.api.tasks import examine

    sick = False
    for finding in examine(command_settings(index=index, store=store)):
        sick |= bool(finding.faults)
        out.print(f"{'no ' if finding.faults else 'ok '} {finding.checked}", markup=False)
        for fault in finding.faults:
            out.print(f"    {printable(fault)}", style="red", markup=False)
        if finding.faults:
            out.print(f"    to fix it: {with_index(finding.mend, index)}", markup=False)
    if sick:
        raise typer.Exit(1)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="The file to write: .jsonl for documents, .sqlite3 for the database.")],
    index: IndexDir = None,
    store: StoreAddress = None,
    feedback: Annotated[bool, typer.Option("--feedback", help="Export what users said of answers instead.")] = False,
) -> None:
    """Export all documents as JSONL, which `citeqa index` reads, or copy the whole database. The database may be copied
    while others write; named catalog.sqlite3 in a folder of its own, the copy is an index.

    Examples: [bold]citeqa export documents.jsonl[/]   [bold]citeqa export backup.sqlite3[/]
    """
    settings = command_settings(index=index, store=store)
    if target.suffix not in (".jsonl", ".sqlite3"):
        raise typer.BadParameter("it must end in .jsonl or .sqlite3", param_hint="TARGET")
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise typer.BadParameter(
            f"{target} cannot be written: it is a folder, or its folder does not exist", param_hint="TARGET"
        )
    if target.resolve().is_relative_to(settings.index.resolve()):
        raise typer.BadParameter(f"{target} lies inside the index itself", param_hint="TARGET")
    kept = existing_store(settings.address)
    if feedback:
        lines = list(kept.feedback())
        target.write_bytes(b"".join(line + b"\n" for line in lines))
        out.print(f"{target} holds {counted(len(lines), 'row')}", markup=False)
        return
    count = kept.backup(target) if target.suffix == ".sqlite3" else _export_jsonl(kept, target)
    out.print(f"{target} holds {counted(count, 'document')}", markup=False)


def _export_jsonl(store: Store, target: Path) -> int:
    from citeqa.index.storage.backup import export_jsonl

    with store.reading() as records:
        return export_jsonl(records, target)


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Folder of an index, or address of a store.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; made if there is nothing yet.")],
) -> None:
    """Copy an index between a folder and a store that machines share, either way, with its vectors: nothing is embedded
    again. Ends by comparing both. After an interruption, the same command goes on.

    Example: [bold]citeqa copy .citeqa postgresql://citeqa@db.example/citeqa[/]
    """
    from citeqa.index.storage.copying import copy as copy_index

    kept = existing_store(source)
    with kept.reading() as records:
        total = records.counts()[0]
    with resumable(), reporting(total, "copying") as advance:
        report = copy_index(kept, open_store(target), advance)
    done = f"{report.added} added, {report.replaced} replaced, {report.unchanged} there already"
    holds = size(report.documents, report.passages)
    out.print(f"{done}; {shown(target)} holds {holds}, and was compared", markup=False)
