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
    IN_CHILD_UNLESS_SMALL = auto()  # a few bytes cannot take much, and a process for each of many lines takes long
    IN_CHILD_UNLESS_SMALL_UTF8 = auto()  # both
    HERE = auto()  # for a parser that is harmless whatever it is fed


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Its module has a function `extract(data: bytes) -> Extracted`, which depends on the bytes alone and raises
    DocumentError, with the reason, for what it cannot read. Where a file holds `many` documents, the module also has
    `parts(path: Path) -> Iterator[Part]`, which always runs in this process and may raise DocumentError too; `extract`
    is then given the bytes of one part, and says the document's id unless the part does.

    Args:
        name: what people call the format.
        module: the dotted name of its module, which is imported when the first such file is read.
        endings: the file endings in lower case, with the full stop; "" is a name without one.
        version: goes up when the same bytes become another text or other metadata; sync then reads such files again. A
            format that is added begins with 2: then sync reads files that were refused when there was no format for
            them.
        recognises: whether the extra `ocr` reads more of its files; sync then reads them again when it is installed.
    """

    name: str
    module: str
    endings: tuple[str, ...]
    runs: Runs = Runs.IN_CHILD
    many: bool = False
    version: int = 1
    recognises: bool = False

    def extract(self, data: bytes) -> Extracted:
        """What the module makes of these bytes, in this process. Raises DocumentError if it cannot read them."""
        found: Extracted = import_module(self.module).extract(data)
        return found

    def parts(self, path: Path) -> Iterator[Part]:
        """The parts of a file with many documents. Raises DocumentError or OSError if it cannot be read (further)."""
        found: Iterator[Part] = import_module(self.module).parts(path)
        return found


PLAIN = Format(
    "plain text", "citeqa.index.formats.text", ("", ".txt", ".text", ".rst"),
    runs=Runs.IN_CHILD_UNLESS_UTF8, version=5,
)  # fmt: skip
# A file that was read as one of these two is read again as the other: of what was not read before, the version is 1.
CSV = Format("CSV", "citeqa.index.formats.delimited", (".csv", ".tsv", ".tab"), version=2)
ROWS = Format(
    "rows of CSV", "citeqa.index.formats.delimited_rows", CSV.endings, runs=Runs.HERE, many=True, version=2
)  # fmt: skip
# Files that have no format of their own, read as text: those of the endings that the user names, and all others.
NAMED = Format("text of named endings", "citeqa.index.formats.text", (), runs=Runs.IN_CHILD_UNLESS_UTF8, version=2)
OTHER = Format("other text", "citeqa.index.formats.other_text", (), runs=Runs.IN_CHILD_UNLESS_UTF8, version=2)

FORMATS: Sequence[Format] = (
    PLAIN,
    Format(
        "Markdown", "citeqa.index.formats.markdown", (".md", ".markdown"),
        runs=Runs.IN_CHILD_UNLESS_SMALL_UTF8, version=3,
    ),
    Format("HTML", "citeqa.index.formats.html", (".html", ".htm", ".xhtml"), version=4),
    Format("PDF", "citeqa.index.formats.pdf", (".pdf",), version=5, recognises=True),
    Format(
        "pictures", "citeqa.index.formats.images", (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"),
        version=2, recognises=True,
    ),
    Format("DOCX", "citeqa.index.formats.docx", (".docx",), version=4),
    Format("EPUB", "citeqa.index.formats.epub", (".epub",), version=4),
    Format("e-mail", "citeqa.index.formats.mail", (".eml",), version=4),
    Format("MSG", "citeqa.index.formats.msg", (".msg",), version=3),
    Format("MHTML", "citeqa.index.formats.mhtml", (".mhtml", ".mht"), version=3),
    Format("mbox", "citeqa.index.formats.mbox", (".mbox", ".mbx"), many=True, version=3),
    CSV,
    Format("XLSX", "citeqa.index.formats.xlsx", (".xlsx", ".xlsm", ".xltx"), version=3),
    Format("PPTX", "citeqa.index.formats.pptx", (".pptx", ".pptm", ".ppsx"), version=3),
    Format("ODS", "citeqa.index.formats.ods", (".ods",), version=3),
    Format("ODT", "citeqa.index.formats.odt", (".odt",), version=3),
    Format("ODP", "citeqa.index.formats.odp", (".odp",), version=3),
    Format("RTF", "citeqa.index.formats.rtf", (".rtf",), version=3),
    Format("subtitles", "citeqa.index.formats.subtitles", (".srt", ".vtt"), version=2),
    Format(
        "JSONL", "citeqa.index.formats.jsonl", (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
        runs=Runs.IN_CHILD_UNLESS_SMALL, many=True, version=2,
    ),
)  # fmt: skip


def format_of(path: Path) -> Format | None:
    """The format of a file, by its ending; None if there is none with that ending."""
    ending = ending_of(path.name)
    return next((known for known in FORMATS if ending in known.endings), None)


def known_endings() -> list[str]:
    """All endings there are, sorted."""
    return sorted(ending for known in FORMATS for ending in known.endings if ending)


def ending_of(name: str) -> str:
    """A file's ending in lower case; of a file packed by gzip, with the ending of the file inside before it. A number
    is no ending ("minutes 12.05.2024"), and neither is what holds blanks ("letter to Mr. Hansen")."""
    ending = Path(name).suffix.lower()
    if ending[1:].isdecimal() or " " in ending:
        return ""
    return Path(Path(name).stem).suffix.lower() + ending if ending == ".gz" else ending
