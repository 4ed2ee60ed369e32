"""PDF: each page's words in the order in which the file draws them, with lines joined to paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted, day, tidy

_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY in fpdfview.h
_END = b"%%EOF"
_END_WITHIN = 4096  # bytes at the end of the file, without its padding

_HYPHEN = "\x02"  # PDFium puts it in place of a hyphen at the end of a line and the line break after it
_FULL = 0.85  # of the page's width: so long a line was broken for lack of room, as letters differ in width
_WIDE = 0.9  # this quantile of the lengths of lines is taken as the page's width
_NARROW = 30  # code points; prose is wider
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’»)\]]*$")
_ITEM = re.compile(r"(?:[•◦▪‣●○■–—*-]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_CREATED = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")
_FILE_NAME = re.compile(
    r"(?i)^(?:microsoft word - .*|untitled.*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|rtf|odt|pptx?|xlsx?))$"
)


def extract(data: bytes) -> Extracted:
    """Canonical text is the text of the pages as PDFium gives it, with a blank line between pages. Lines of a paragraph
    are joined by a blank, and words that were hyphenated at the end of a line are joined again. `date` is the day on
    which the file was created. Values of form fields, notes and text in pictures are left out.

    Raises:
        DocumentError: if it is encrypted, damaged or cut off, or no page holds text.
    """
    if data.startswith(b"%PDF") and _END not in data.rstrip(b"\0\r\n\t ")[-_END_WITHIN:]:
        raise DocumentError("it is damaged: its end is missing")
    pages, metadata = _read(data)
    texts = [_paragraphs(page) for page in pages]
    if not any(texts):
        raise DocumentError("it holds no text; is it scanned?")
    starts = [0]
    for text in texts[:-1]:
        starts.append(starts[-1] + len(text) + 2)
    title = tidy(metadata.get("Title"))
    return Extracted(
        "\n\n".join(texts),
        title=None if title is None or _FILE_NAME.match(title) else title,
        author=tidy(metadata.get("Author")),
        date=_created(metadata.get("CreationDate")),
        pages=tuple(starts),
    )


def _read(data: bytes) -> tuple[list[str], dict[str, str]]:
    """The text of each page as PDFium gives it, and the file's metadata."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        with PdfDocument(data) as document:
            return [_page(document, number) for number in range(len(document))], document.get_metadata_dict()
    except PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise DocumentError("it is encrypted") from None
        raise DocumentError(f"it is damaged, or not a PDF: {error}") from None


def _page(document: Any, number: int) -> str:
    page = document[number]
    words = page.get_textpage()
    text: str = words.get_text_bounded()  # get_text_range loses characters beyond U+FFFF
    words.close()
    page.close()
    return text.replace("\0", "")


def _paragraphs(page: str) -> str:
    """A page's text with every paragraph on one line."""
    lines = [" ".join(_without_hyphens(line).split(" ")).strip() for line in re.split(r"\r\n|\r|\n", page)]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    width = sorted(map(len, lines))[int(_WIDE * (len(lines) - 1))]
    joints = (" " if _continues(line, following, width) else "\n" for line, following in pairwise(lines))
    return "".join(_alternately(lines, joints))


def _alternately(lines: list[str], joints: Iterator[str]) -> Iterator[str]:
    yield lines[0]
    for joint, line in zip(joints, lines[1:], strict=True):
        yield joint
        yield line


def _without_hyphens(line: str) -> str:
    """A line with the words that were hyphenated joined again; before anything but a small letter the hyphen stays."""
    head, *rest = line.split(_HYPHEN)
    return head + "".join(piece if piece[:1].islower() else f"-{piece}" for piece in rest)


def _continues(line: str, following: str, width: int) -> bool:
    """Whether the paragraph goes on in the following line: it does if this line had no room for that line's first
    word."""
    if _ITEM.match(following):
        return False
    ended = bool(_SENTENCE_END.search(line))
    if following[0].islower() and not ended:
        return True
    if width < _NARROW:  # a list or a table
        return False
    full = len(line) + 1 + len(following.split(maxsplit=1)[0]) > _FULL * width
    heading = ended and len(following) < width / 2 and not _SENTENCE_END.search(following)
    return full and not heading


def _created(value: str | None) -> date | None:
    found = _CREATED.match(value or "")
    return day("-".join(found.groups())) if found else None
