"""PDF: each page's words in the order in which they are read, with lines joined to paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats import ocr
from citeqa.index.formats.extracted import Extracted, somebody, written_on
from citeqa.index.formats.pdf_columns import lines_in_order
from citeqa.index.formats.pdf_furniture import mark_furniture
from citeqa.index.formats.pdf_lines import Kind, Line
from citeqa.index.formats.pdf_page import MAX_PLACED, Page, read_page
from citeqa.index.formats.pdf_paragraphs import Words, paragraphs
from citeqa.index.formats.pdf_structure import Sized, pdf_structure
from citeqa.index.types import Span

_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY in fpdfview.h
_END = b"%%EOF"
_END_WITHIN = 4096  # bytes at the end of the file, without its padding

_BETWEEN_PAGES = "\n\n"
_LITTLE = 60  # code points of a page besides headers and footers; with so few beside a large picture, it is the text
_MOST = 0.5  # of a page
_DOTS = 200.0  # an inch, of a page that is drawn to be recognised
MAX_RECOGNISED = 1000  # pages of a file
_FIXED = "20000101000000"
_CREATED = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")
_FILE_NAME = re.compile(
    r"(?i)^(?:microsoft word - .*|untitled.*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|rtf|odt|pptx?|xlsx?))$"
)


def extract(data: bytes) -> Extracted:
    """Canonical text is the text of the pages, with a blank line between them. Each paragraph, heading and table row is
    a line; cells are separated by tabs, columns that are drawn line by line follow each other, and words that were
    broken at the end of a line are whole again. What is raised or lowered is written as `raised` says, and the values
    of form fields stand behind their labels. Running headers and footers are boilerplate. `date` is the day on which
    the file was created. Pages whose words are a picture are recognised where the extra `ocr` is installed; `notes`
    name them. Remarks, and words in the pictures of other pages, are left out.

    Raises:
        DocumentError: if it is encrypted, damaged or cut off, or no page holds text.
    """
    if data.startswith(b"%PDF") and _END not in data.rstrip(b"\0\r\n\t ")[-_END_WITHIN:]:
        raise DocumentError("it is damaged: its end is missing")
    pages, found, metadata, read = _read(data)
    lines = mark_furniture(pages, found)
    words = Words(lines)
    texts, boilerplate, starts, recognised, at = [], list[Span](), list[int](), list[Span](), 0
    sized = list[Sized]()
    for number, page in enumerate(lines, 1):
        text, furniture, own = paragraphs(page, words)
        texts.append(text)
        starts.append(at)
        if number in read and text:
            recognised.append(Span(at, at + len(text)))
        boilerplate += [span.shifted(at) for span in furniture]
        sized += [Sized(span.shifted(at), height) for span, height in own]
        at += len(text) + len(_BETWEEN_PAGES)
    if not any(texts):
        raise DocumentError("it holds no text; is it scanned?" + _hint())
    title = somebody(metadata.get("Title"))
    whole = _BETWEEN_PAGES.join(texts)
    return Extracted(
        whole,
        title=None if title is None or _FILE_NAME.match(title) else title,
        author=somebody(metadata.get("Author")),
        date=_created(metadata),
        pages=tuple(starts),
        notes=tuple(_scanned(pages, lines, read)),
        boilerplate=tuple(boilerplate),
        structure=pdf_structure(whole, sized, boilerplate),
        recognised=tuple(recognised),
    )


def _read(data: bytes) -> tuple[list[Page], list[list[Line]], dict[str, str], set[int]]:
    """The pages without their glyphs, which take much memory, the lines of each, the file's metadata, and the numbers
    of the pages whose words were recognised in their picture."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        with PdfDocument(data) as document:
            document.init_forms()
            pages, lines, characters, read = list[Page](), list[list[Line]](), 0, set[int]()
            can_recognise = ocr.available()
            for number in range(len(document)):
                page = read_page(document, number, placed=characters < MAX_PLACED)
                lines.append(lines_in_order(page))
                characters += len(page.glyphs)
                pages.append(replace(page, glyphs=[]))
                if can_recognise and len(read) < MAX_RECOGNISED and _is_picture(pages[-1], lines[-1]):
                    seen = _recognised(document, number, page)
                    if _length(seen) > _length(lines[-1]):
                        lines[-1] = seen
                        read.add(number + 1)
            return pages, lines, document.get_metadata_dict(), read
    except PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise DocumentError("it is encrypted") from None
        raise DocumentError(f"it is damaged, or not a PDF: {error}") from None


def _is_picture(page: Page, lines: Sequence[Line]) -> bool:
    """Whether the words of a page are a picture."""
    own = _length(lines)
    return (not own and page.drawn) or (own < _LITTLE and page.pictured > _MOST)


def _length(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _recognised(document: Any, number: int, page: Page) -> list[Line]:
    """The lines that are recognised on a page, in points as those of the file; those that were recognised of what the
    page says itself are among them."""
    shown = document[number]
    try:
        width, height = shown.get_size()
        scale = min(_DOTS / 72, ocr.MAX_SIDE / max(width, height, 1.0))
        glyphs = ocr.recognise(shown.render(scale=scale, rev_byteorder=False, prefer_bgrx=False).to_numpy()[:, :, :3])
    finally:
        shown.close()
    placed = [
        glyph._replace(left=glyph.left / scale, right=glyph.right / scale, base=glyph.base / scale + page.bottom,
                       height=glyph.height / scale)
        for glyph in glyphs
    ]  # fmt: skip
    return lines_in_order(replace(page, glyphs=placed, fields=[]))


def _hint() -> str:
    return "" if ocr.available() else f" {ocr.HINT[0].upper()}{ocr.HINT[1:]}"


def _scanned(pages: Sequence[Page], lines: Sequence[Sequence[Line]], read: set[int]) -> Iterator[str]:
    """Lines on pages whose words are pictures: which were recognised, and which could not be read."""
    if read:
        yield f"{_numbered(sorted(read))} text that was recognised in a picture, and may hold mistakes"
    empty, little = list[int](), list[int]()
    for number, (page, found) in enumerate(zip(pages, lines, strict=True), 1):
        if number in read:
            continue
        own = sum(len(line.text) for line in found if line.kind is not Kind.FURNITURE)
        if not own and page.drawn:
            empty.append(number)
        elif own < _LITTLE and page.pictured > _MOST:
            little.append(number)
    if empty:
        yield f"{_numbered(empty)} no text; {'are they' if len(empty) > 1 else 'is it'} scanned?{_hint()}"
    if little:
        scanned = "are they" if len(little) > 1 else "is it"
        yield f"{_numbered(little)} little text beside a picture; {scanned} scanned?{_hint()}"


def _numbered(numbers: Sequence[int]) -> str:
    """Page numbers in words: "page 2 holds", "pages 2, 3 and 5 to 9 hold"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    if len(numbers) == 1:
        return f"page {parts[0]} holds"
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"pages {listed} hold"


def _created(metadata: dict[str, str]) -> date | None:
    """The day on which the file was created; reportlab writes a day of 2000 where it should not depend on the day."""
    value = metadata.get("CreationDate") or ""
    found = _CREATED.match(value)
    if not found or (_FIXED in value and "ReportLab" in (metadata.get("Producer") or "")):
        return None
    return written_on("-".join(found.groups()))
