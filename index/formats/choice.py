"""Which format a file is read as: by its ending, and by what the user says of files that have no format of their
own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from citeqa.index.formats import registry
from citeqa.index.formats.ocr import available
from citeqa.index.formats.registry import Format, ending_of

# What is known and not read, and what to do about it. With `as_text`, these are refused all the same.
_REFUSED: Mapping[str, tuple[str, ...]] = {
    "save it as DOCX": (".doc", ".dot", ".wps", ".wpd", ".pages", ".hwp"),
    "save it as XLSX": (".xls", ".xlt", ".xlsb", ".numbers", ".wk1"),
    "save it as PPTX": (".ppt", ".pps", ".key"),
    "save it as PDF or EPUB": (".mobi", ".azw", ".azw3", ".djvu", ".chm", ".ps", ".xps", ".pub", ".one"),
    "save it as EML": (".emlx", ".oft"),
    "save its messages as EML or MBOX": (".pst", ".ost", ".dbx"),
    "export it as CSV": (".mdb", ".accdb", ".sqlite", ".sqlite3", ".db", ".dbf", ".parquet"),
    "unpack it and give the folder": (
        ".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar", ".iso", ".jar", ".cab", ".dmg",
    ),
    "give a transcript, for example as VTT": (
        ".mp3", ".m4a", ".wav", ".flac", ".ogg", ".opus", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".wmv",
    ),
    "give the text that is in it": (
        ".gif", ".svg", ".psd", ".heic", ".ico", ".ai", ".dwg", ".exe", ".dll", ".so", ".bin", ".class", ".pyc", ".ttf",
        ".otf", ".woff", ".woff2", ".lnk",
    ),
}  # fmt: skip


class Part(NamedTuple):
    """One of several equal parts of what there is to read, numbered from 1: machines that share an index take a part
    each."""

    number: int
    of: int

    def takes(self, name: str) -> bool:
        """Whether what has this name, or this id, is in the part; it is in exactly one, the same everywhere."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user says of which files are read, and how.

    Args:
        rows: whether each row of a CSV or TSV file is a document.
        as_text: whether files of unknown endings are read as plain text, where they are UTF-8.
        text_endings: the endings, each with its full stop, of files that are plain text.
        follow_links: whether links that lead out of a folder are followed, and not only named.
        part: the part that is read; None for all.
    """

    rows: bool = False
    as_text: bool = False
    text_endings: frozenset[str] = field(default_factory=frozenset)
    follow_links: bool = False
    part: Part | None = None

    def takes(self, name: str) -> bool:
        """Whether what has this name is read."""
        return self.part is None or self.part.takes(name)

    def versions_of(self, root: str) -> str:
        """Under which name the versions of formats are remembered that a folder's files were read with: each part is
        read by itself."""
        return root if self.part is None else f"{root}\n{self.part.number}/{self.part.of}"

    def format_of(self, path: Path) -> Format | None:
        """The format of a file; None if there is none for it."""
        ending = ending_of(path.name)
        found = registry.format_of(path)
        if found and found.name == registry.CSV.name and self.rows:
            return registry.ROWS
        if found is None and ending in self.text_endings:
            return registry.NAMED
        if found is None and self.as_text and refusal(ending) is None:
            return registry.OTHER
        return found

    def format_name(self, path: Path) -> str | None:
        """The name of a file's format; None if there is none for it."""
        found = self.format_of(path)
        return found.name if found else None

    def versions(self) -> dict[str, int]:
        """The version of each format that may be chosen, by its name."""
        more = _RECOGNISED * available()
        return {known.name: known.version + more * known.recognises for known in self._formats()}

    def _formats(self) -> Iterator[Format]:
        for known in registry.FORMATS:
            yield registry.ROWS if known.name == registry.CSV.name and self.rows else known
        if self.text_endings:  # with other endings, other files are read: the version says so
            endings = " ".join(sorted(self.text_endings)).encode()
            yield replace(registry.NAMED, version=registry.NAMED.version + crc32(endings))
        if self.as_text:
            yield registry.OTHER


_RECOGNISED = 1000  # added to the version of formats that are read with OCR
USUAL = Choice()


def refusal(ending: str) -> str | None:
    """What to do with a file of a known kind that is not read; None for any other."""
    last = ending[ending.rfind(".") :] if ending else ""
    return next((advice for advice, endings in _REFUSED.items() if last in endings), None)


def reason(path: Path) -> str:
    """Why a file without a format is not read, and what to do."""
    ending = ending_of(path.name)
    if advice := refusal(ending):
        return f"files ending in {ending!r} are not read: {advice}"
    known = ", ".join(registry.known_endings())
    return f"files ending in {ending!r} are not read, unless as text with --as-text; known: {known}"
