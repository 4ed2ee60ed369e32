"""Follows a folder: keeps the index in step with it until stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from watchfiles import Change, watch

from citeqa.api.cli.console import printable
from citeqa.api.settings import Settings
from citeqa.api.tasks import messages, sync_folder
from citeqa.index.errors import CiteqaError

if TYPE_CHECKING:
    from citeqa.index.types import Report

QUIET = 500  # milliseconds without a change before a sync: files are often written in pieces
LOOK = 500  # milliseconds between checks that the folder exists, and before a retry after an error


def follow(settings: Settings, folder: Path, *, empty: bool, on_report: Callable[[Report, Path], None]) -> None:
    """Sync now, and again whenever something in the folder changes. An error is printed once, and the sync is retried
    until it succeeds; Ctrl-C ends it."""
    messages.print(f"following {printable(str(folder))} (Ctrl-C to stop)", markup=False)
    wrong: str | None = ""  # the last error; None after a success
    last: Report | None = None
    with suppress(KeyboardInterrupt):
        for changed in _looks(folder.resolve(), settings.index.resolve()):
            if not changed and wrong is None:
                continue
            try:
                report = sync_folder(settings, folder, empty=empty)
                wrong = None
            except (CiteqaError, OSError) as error:
                if wrong != (wrong := str(error)):
                    messages.print(f"error: {printable(wrong)}", style="red", markup=False)
                continue
            if report.added or report.replaced or report.removed or not last or report.skipped != last.skipped:
                with suppress(typer.Exit):  # something was skipped; the report has named it
                    on_report(report, settings.index)
            last = report


def _looks(folder: Path, index: Path) -> Iterator[bool]:
    """Yields at intervals: whether the folder may have changed since the last time. The folder is watched from before
    the first time, and watched again if another folder takes its place (unmounted, mounted, moved)."""

    def matters(_: Change, path: str) -> bool:
        hidden = any(part.startswith(".") for part in Path(path).relative_to(folder).parts)
        return not hidden and not Path(path).is_relative_to(index)

    while True:
        watched, new = _identity(folder), True
        try:
            for changes in watch(folder, watch_filter=matters, step=QUIET, rust_timeout=LOOK, yield_on_timeout=True):
                yield new or bool(changes)
                new = False
                if _identity(folder) != watched:
                    break
        except OSError:
            if folder.is_dir():
                raise
            yield True
            time.sleep(LOOK / 1000)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What distinguishes a folder from another one of the same name; None if it does not exist."""
    with suppress(OSError):
        status = folder.stat()
        return status.st_dev, status.st_ino
    return None
