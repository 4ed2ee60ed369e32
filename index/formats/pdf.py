"""PDF: each page's words in the order in which the file draws them, lines put together to paragraphs."""

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
_END_WITHIN = 4096  # bytes at the end of the file, padding aside

_HYPHEN = "\x02"  # where PDFium took away a hyphen at the end of a line, and the line break with it
_FULL = 0.85  # of the page's widest lines: a line so long ended because the page did, letters being of unequal width
_WIDE = 0.9  # the quantile of the lengths of lines that is taken for the page's width
_NARROW = 30  # code points; prose is set wider
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’»)\]]*$")
_ITEM = re.compile(r"(?:[•◦▪‣●○■–—*-]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_CREATED = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")
_FILE_NAME = re.compile(
    r"(?i)^(?:microsoft word - .*|untitled.*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|rtf|odt|pptx?|xlsx?))$"
)


def extract(data: bytes) -> Extracted:
    """Canonical text is the pages' texts as PDFium gives them, with a blank line between pages. Lines of a paragraph
    are joined by a blank, a word broken by a hyphen at the end of a line is whole again. `date` is the day on which the
    file was made. The values of form fields, notes and text in pictures are not in it.

    Raises:
        DocumentError: if it is encrypted, damaged, cut off, or no page holds text.
    """
    if data.startswith(b"%PDF") and _END not in data.rstrip(b"\0\r\n\t ")[-_END_WITHIN:]:
        raise DocumentError("it is damaged: its end is missing")
    pages, said = _read(data)
    texts = [_paragraphs(page) for page in pages]
    if not any(texts):
        raise DocumentError("it holds no text; is it scanned?")
    starts = [0]
    for text in texts[:-1]:
        starts.append(starts[-1] + len(text) + 2)
    title = tidy(said.get("Title"))
    return Extracted(
        "\n\n".join(texts),
        title=None if title is None or _FILE_NAME.match(title) else title,
        author=tidy(said.get("Author")),
        date=_created(said.get("CreationDate")),
        pages=tuple(starts),
    )


def _read(data: bytes) -> tuple[list[str], dict[str, str]]:
    """The text of each page as PDFium gives it, and what the file says about itself."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        with PdfDocument(data) as document:
            return [_page(document, number) for number in range(len(document))], document.get_metadata_dict()
    except PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise DocumentError("it is encrypted") from None
        raise DocumentError(f"it is damaged, or no PDF: {error}") from None


def _page(document: Any, number: int) -> str:
    page = document[number]
    words = page.get_textpage()
    text: str = words.get_text_bounded()  # get_text_range knows no characters beyond U+FFFF
    words.close()
    page.close()
    return text.replace("\0", "")


def _paragraphs(page: str) -> str:
    """A page's text with every paragraph on one line."""
    lines = [" ".join(_rejoined(line).split(" ")).strip() for line in re.split(r"\r\n|\r|\n", page)]
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


def _rejoined(line: str) -> str:
    """Words that were broken at the end of a line, whole again; the hyphen stays before what is no small letter."""
    head, *rest = line.split(_HYPHEN)
    return head + "".join(piece if piece[:1].islower() else f"-{piece}" for piece in rest)


def _continues(line: str, following: str, width: int) -> bool:
    """Whether a paragraph goes on in the following line: it does if this one had no room for its first word."""
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
