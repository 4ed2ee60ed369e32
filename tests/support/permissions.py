"""Folders that cannot be written: by their permissions, or because their file system is mounted so."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def bound_by_permissions() -> list[str]:
    """What to put before a command so that permissions hold for it, which root ignores."""
    if os.name != "posix":
        pytest.skip("folders have no permissions here that keep their owner from writing")
    if os.geteuid():
        return []
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if not shutil.which("setpriv") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root ignores permissions, and there is no setpriv that gives this right up")
    return command


def forbid_writing(folder: Path) -> None:
    """Take from everybody the right to write in a folder."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~WRITABLE)


def allow_writing(folder: Path) -> None:
    """Give the owner of a folder the right to write in it again."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


@contextmanager
def read_only_mount(folder: Path, path: Path) -> Iterator[Path]:
    """The folder once more at `path`, on a file system that is mounted read-only."""
    path.mkdir()
    for options in (["--bind", str(folder)], ["-o", "remount,ro,bind"]):
        mounted = subprocess.run(["mount", *options, str(path)], capture_output=True, check=False)
        if mounted.returncode:
            pytest.skip(f"nothing can be mounted read-only here: {mounted.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)
