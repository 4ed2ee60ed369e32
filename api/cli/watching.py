"""Follows a folder: keeps the index in step with it until stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from watchfiles import Change, watch

from citeqa.api.cli.printable import printable
from citeqa.api.settings import Settings
from citeqa.api.tasks import messages, sync_folder
from citeqa.index.documents.listing import Links, behind_links
from citeqa.index.errors import CiteqaError

if TYPE_CHECKING:
    from citeqa.index.formats.choice import Part
    from citeqa.index.types import Report

QUIET = 500  # milliseconds without a change before a sync: files are often written in pieces
LOOK = 500  # milliseconds between checks that the folder exists, and before a retry after an error


def follow(
    settings: Settings,
    folder: Path,
    *,
    empty: bool,
    follow_links: bool,
    on_report: Callable[[Report, str], None],
    part: Part | None = None,
) -> None:
    """Sync now, and again whenever something in the folder, or behind links that are followed, changes. An error is
    printed once, and the sync is retried until it succeeds; Ctrl-C ends it."""
    messages.print(f"following {printable(str(folder))} (Ctrl-C to stop)", markup=False)
    wrong: str | None = ""  # the last error; None after a success
    last: Report | None = None
    with suppress(KeyboardInterrupt):
        for changed in _looks(folder.resolve(), settings.index.resolve(), follow_links=follow_links):
            if not changed and wrong is None:
                continue
            try:
                report = sync_folder(settings, folder, empty=empty, follow_links=follow_links, part=part)
                wrong = None
            except (CiteqaError, OSError) as error:
                if wrong != (wrong := str(error)):
                    messages.print(f"error: {printable(wrong)}", style="red", markup=False)
                continue
            if report.added or report.replaced or report.removed or not last or report.skipped != last.skipped:
                with suppress(typer.Exit):  # something was skipped; the report has named it
                    on_report(report, settings.shown_address)
            last = report


def _looks(folder: Path, index: Path, *, follow_links: bool) -> Iterator[bool]:
    """Yields at intervals: whether the folder may have changed since the last time. The folder is watched from before
    the first time, and watched again if another folder takes its place (unmounted, mounted, moved). So are the folders
    behind its links, if they are followed; files behind links are looked at."""
    while True:
        behind = behind_links(folder) if follow_links else Links((), ())
        watched, new = _states(folder, behind), True
        matters = partial(_matters, (folder, *behind.folders), index)
        try:
            for changes in watch(
                folder, *behind.folders, watch_filter=matters, step=QUIET, rust_timeout=LOOK, yield_on_timeout=True
            ):
                yield new or bool(changes)
                new = False
                links_changed = changes and follow_links and behind_links(folder) != behind
                if links_changed or _states(folder, behind) != watched:
                    break
        except OSError:
            if folder.is_dir() and not behind.folders:
                raise
            yield True
            time.sleep(LOOK / 1000)


def _matters(roots: Sequence[Path], index: Path, _: Change, path: str) -> bool:
    """Whether a change is one of files that are read: not hidden, and not the index's own."""
    if Path(path).is_relative_to(index):
        return False
    inside = (Path(path).relative_to(root) for root in roots if Path(path).is_relative_to(root))
    return any(not any(part.startswith(".") for part in name.parts) for name in inside)


def _states(folder: Path, behind: Links) -> list[tuple[int, ...] | None]:
    """What distinguishes the folders from others of the same names, and the files from what they were."""
    identities = [_state(one, whole=False) for one in (folder, *behind.folders)]
    return identities + [_state(file, whole=True) for file in behind.files]


def _state(path: Path, *, whole: bool) -> tuple[int, ...] | None:
    """The identity of a file or folder, with size and time if the `whole` state counts; None if it does not exist."""
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino, *((status.st_size, status.st_mtime_ns) if whole else ())
    return None
