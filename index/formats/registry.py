"""The one list of what citeqa reads: each format with its file endings, its module, and where that module runs.

To add a format, write its module and add a line to `FORMATS`. Nothing else knows the endings: listing a folder,
indexing, sync and uploads all ask `format_of`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from pathlib import Path

from citeqa.index.formats.extracted import Extracted, Part


class Runs(Enum):
    """Where a format's `extract` runs. Most parsers are native code and the files come from anywhere: they may hang,
    crash or take all memory. So the rule is a child process with limits (see `index.formats.extraction`)."""

    IN_CHILD = auto()
    IN_CHILD_UNLESS_UTF8 = auto()  # decoding UTF-8 is harmless; guessing any other encoding is not
    HERE = auto()  # for a parser that is harmless whatever it is fed


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Its module has a function `extract(data: bytes) -> Extracted`, which depends on the bytes alone and raises
    DocumentError, with the reason, for what it cannot read. Where a file holds `many` documents, the module also has
    `parts(path: Path) -> Iterator[Part]`, which always runs in this process and may raise DocumentError too; `extract`
    is then given the bytes of one part, and says the document's id.

    Args:
        name: what people call the format.
        module: the dotted name of its module, which is imported when the first such file is read.
        endings: the file endings in lower case, with the full stop; "" is a name without one.
    """

    name: str
    module: str
    endings: tuple[str, ...]
    runs: Runs = Runs.IN_CHILD
    many: bool = False

    def extract(self, data: bytes) -> Extracted:
        """What the module makes of these bytes, in this process. Raises DocumentError if it cannot read them."""
        found: Extracted = import_module(self.module).extract(data)
        return found

    def parts(self, path: Path) -> Iterator[Part]:
        """The parts of a file with many documents. Raises DocumentError or OSError if it cannot be read (further)."""
        found: Iterator[Part] = import_module(self.module).parts(path)
        return found


FORMATS: Sequence[Format] = (
    Format(
        "plain text", "citeqa.index.formats.text", ("", ".txt", ".text", ".md", ".markdown", ".rst"),
        runs=Runs.IN_CHILD_UNLESS_UTF8,
    ),
    Format("HTML", "citeqa.index.formats.html", (".html", ".htm", ".xhtml")),
    Format("PDF", "citeqa.index.formats.pdf", (".pdf",)),
    Format("DOCX", "citeqa.index.formats.docx", (".docx",)),
    Format("EPUB", "citeqa.index.formats.epub", (".epub",)),
    Format("e-mail", "citeqa.index.formats.mail", (".eml",)),
    Format(
        "JSONL", "citeqa.index.formats.jsonl", (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
        runs=Runs.HERE, many=True,
    ),
)  # fmt: skip


def format_of(path: Path) -> Format | None:
    """The format of a file, by its ending; None if there is none with that ending."""
    ending = _ending(path)
    return next((known for known in FORMATS if ending in known.endings), None)


def known_endings() -> list[str]:
    """All endings there are, sorted."""
    return sorted(ending for known in FORMATS for ending in known.endings if ending)


def _ending(path: Path) -> str:
    """A file's ending in lower case; of a file packed by gzip, with the ending of the file inside before it."""
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() + ending if ending == ".gz" else ending
