"""Folders become lists of files, each with the id that its document will have."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from citeqa.index.documents.ids import ids_of, name_of
from citeqa.index.formats.choice import USUAL, Choice
from citeqa.index.types import Skipped

# What Windows, macOS and Office put beside people's files.
_NOBODYS = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "__macosx",
}  # fmt: skip


class ListedFile(NamedTuple):
    """A file of a folder: its path, its name (the path inside the folder, see `name_of`), and the id of its document;
    the id is empty for a file of many documents, and for one that cannot be read."""

    path: Path
    name: str
    id: str


_OUTSIDE = "it is a link to what lies outside the folder, which --follow-links reads"


class Links(NamedTuple):
    """What lies behind the links of a folder, outside of it: real paths, in order."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]


def list_files(folder: Path, choice: Choice = USUAL) -> tuple[list[ListedFile], list[Skipped]]:
    """All files in a folder and the folders below it, in order of their names, and what cannot be read: folders, and
    what is no file (pipes, sockets, devices), which is never opened.

    Hidden files and folders, what systems and programs put beside files, and folders that hold an index are left out.
    Links that lead out of the folder are not followed, but named, unless the choice says to; a folder that several
    links lead to is read once.
    """
    walk = _Walk(folder, follow_links=choice.follow_links)
    found, unreadable = walk.files, walk.unreadable
    found.sort(key=lambda file: file.relative_to(folder).parts)
    names = [name_of(file.relative_to(folder)) for file in found]
    single = [name for name in names if _is_one_document(name, choice)]
    ids = dict(zip(single, ids_of(single), strict=True))
    return [ListedFile(file, name, ids.get(name, "")) for file, name in zip(found, names, strict=True)], unreadable


def behind_links(folder: Path) -> Links:
    """What `list_files` reads outside of a folder when it follows links."""
    walk = _Walk(folder, follow_links=True)
    return Links(tuple(sorted(walk.linked_folders)), tuple(sorted(walk.linked_files)))


class _Walk:
    """A walk through a folder: the files, what cannot be read, and what links lead to outside."""

    def __init__(self, folder: Path, *, follow_links: bool) -> None:
        self.files, self.unreadable = list[Path](), list[Skipped]()
        self.linked_folders, self.linked_files = set[Path](), set[Path]()
        self._root, self._follow = Path(os.path.realpath(folder)), follow_links
        for parent, folders, names in os.walk(folder, onerror=self._refused, followlinks=True):
            folders[:] = [name for name in sorted(folders) if self._is_entered(Path(parent, name))]
            for name in names:
                if not _is_left_out(name):
                    self._see(Path(parent, name))

    def _refused(self, error: OSError) -> None:
        self.unreadable.append(Skipped(printable(error.filename), error.strerror or str(error)))

    def _is_entered(self, folder: Path) -> bool:
        """Whether a folder is read too. One inside the folder that is walked through is read where it lies."""
        if _is_left_out(folder.name) or _is_index(folder):
            return False
        if not folder.is_symlink():
            return not self.linked_folders or Path(os.path.realpath(folder)) not in self.linked_folders
        real = self._outside(folder)
        if real is None:
            return False
        if not self._follow:
            self.unreadable.append(Skipped(printable(folder), _OUTSIDE))
            return False
        if self._root.is_relative_to(real) or any(real.is_relative_to(known) for known in self.linked_folders):
            return False  # it holds the folder itself, or was read already: nothing is read twice, and loops end
        self.linked_folders.add(real)
        return True

    def _see(self, path: Path) -> None:
        real = self._outside(path) if path.is_symlink() else None
        if real and not self._follow:
            self.unreadable.append(Skipped(printable(path), _OUTSIDE))
        elif _is_file(path):
            self.files.append(path)
            if real:
                self.linked_files.add(real)
        else:
            self.unreadable.append(Skipped(printable(path), "it is not a regular file"))

    def _outside(self, link: Path) -> Path | None:
        """Where a link leads, if that is outside of the folder; None also for one that leads nowhere."""
        real = Path(os.path.realpath(link))
        return None if real.is_relative_to(self._root) or not _exists(real) else real


def _is_left_out(name: str) -> bool:
    """Whether a file or folder is hidden, or was put there by no person."""
    return name.startswith((".", "~$")) or name.casefold() in _NOBODYS


def _exists(path: Path) -> bool:
    """Whether something is there; what may not be looked at counts as nothing."""
    with suppress(OSError):
        return path.exists()
    return False


def _is_file(path: Path) -> bool:
    """Whether a path may be opened without waiting; what is not there, or may not be looked at, is said when it is."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def printable(path: Path | str) -> str:
    """A path that can be printed and sent, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_one_document(name: str, choice: Choice) -> bool:
    found = choice.format_of(Path(name))
    return found is not None and not found.many


def _is_index(folder: Path) -> bool:
    """Whether a folder is citeqa's own: an index may lie inside the folder it is made of."""
    return (folder / "catalog.sqlite3").exists() and (folder / "generations").exists()
