"""Following a folder: the index is kept in step with it until somebody stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from watchfiles import watch

from api.settings import Settings
from api.work import err, synced
from index.errors import CiteqaError

QUIET = 500  # milliseconds without a change before the folder is looked at: files are often written in pieces


def follow(settings: Settings, folder: Path, *, empty: bool, tell: Callable[..., Any]) -> None:
    """Sync now, and again whenever something in the folder changes. What goes wrong once is said, and tried again at
    the next change; Ctrl-C ends it."""
    _once(settings, folder, empty, tell)
    err.print(f"following {folder} (Ctrl-C stops it)", markup=False)
    for _ in watch(folder, step=QUIET, raise_interrupt=False):
        _once(settings, folder, empty, tell)


def _once(settings: Settings, folder: Path, empty: bool, tell: Callable[..., Any]) -> None:
    try:
        tell(synced(settings, folder, empty=empty), settings.index)
    except typer.Exit:  # something was skipped, and has been named
        pass
    except (CiteqaError, OSError) as error:
        err.print(f"error: {error}", style="red", markup=False)
