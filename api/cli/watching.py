"""Following a folder: the index is kept in step with it until somebody stops it."""

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

QUIET = 500  # milliseconds without a change before the folder is looked at: files are often written in pieces
LOOK = 500  # milliseconds between looks at whether the folder is there, and before what went wrong is tried again


def follow(settings: Settings, folder: Path, *, empty: bool, tell: Callable[[Report, Path], None]) -> None:
    """Sync now, and again whenever something in the folder changes. What goes wrong is said once, and tried again until
    it goes well; Ctrl-C ends it."""
    messages.print(f"following {printable(str(folder))} (Ctrl-C stops it)", markup=False)
    wrong: str | None = ""  # what went wrong the last time; None if all went well
    told: Report | None = None
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
            if report.added or report.replaced or report.removed or not told or report.skipped != told.skipped:
                with suppress(typer.Exit):  # something was skipped, and has been named
                    tell(report, settings.index)
            told = report


def _looks(folder: Path, index: Path) -> Iterator[bool]:
    """Every now and then, whether the folder may have changed since; it is watched before the first time, and watched
    anew when another folder is in its place: unmounted, mounted, moved."""

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
    """What tells a folder from another one with its name; None if there is none."""
    with suppress(OSError):
        status = folder.stat()
        return status.st_dev, status.st_ino
    return None
