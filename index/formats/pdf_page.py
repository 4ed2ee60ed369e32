"""Pages of a PDF as PDFium sees them: characters with their places, values of form fields, and what else is drawn."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

HYPHEN = "\x02"  # PDFium puts it in place of a hyphen at the end of a line and the line break after it
MAX_PLACED = 2_000_000  # characters of a file; beyond, text is taken as PDFium gives it, without looking at its places

_WIDGET = 20  # FPDF_ANNOT_WIDGET in fpdf_annot.h
_HIDDEN = 0x02 | 0x20  # the flags Hidden and NoView of an annotation (ISO 32000-1, 12.5.3)
_CHECK_BOX, _RADIO, _COMBO, _LIST, _TEXT = 2, 3, 4, 5, 6  # FPDF_FORMFIELD_ in fpdf_formfill.h
_PASSWORD_FIELD = 1 << 13  # a flag of text fields (ISO 32000-1, 12.7.4.3)
_IMAGE, _FORM, _PATH = 3, 5, 2  # FPDF_PAGEOBJ_ in fpdf_edit.h
_DRAWN = 50  # so many strokes and fills may be letters; fewer are rules and frames
_SMALL_PICTURE = 0.02  # of the page's area: what covers less is no page that was scanned
_TICKED = "☒"
MAX_OPTIONS = 1000  # of a list to choose from
MAX_OBJECTS = 20_000  # of a page


class Glyph(NamedTuple):
    """A character and its place: left and right, the baseline, and the height of its font, in points. The page is
    turned so that most of its text runs to the right or left, with the origin at the bottom. A line break of PDFium's
    has the text "\\n", a blank of PDFium's or the file's " "; neither has a place."""

    text: str
    left: float = 0.0
    right: float = 0.0
    base: float = 0.0
    height: float = 0.0


class Field(NamedTuple):
    """The value of a form field, and the place of its box, as the places of glyphs are counted."""

    text: str
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Page:
    """What is on a page. `pictured` is the share of the page that its largest picture covers; `drawn` says whether
    there is anything that could be text but is not."""

    glyphs: list[Glyph]
    fields: list[Field]
    bottom: float
    top: float
    pictured: float
    drawn: bool


class _Drawn(NamedTuple):
    """A character as PDFium gives it: its box and its origin, in the page's own coordinates."""

    text: str
    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    top: float = 0.0
    x: float = 0.0
    y: float = 0.0


def read_page(document: Any, number: int, *, placed: bool = True) -> Page:
    """A page, from 0. Without `placed`, glyphs have no places and nothing else is read, which is much faster."""
    page = document[number]
    words = page.get_textpage()
    try:
        box = left, bottom, right, top = page.get_bbox()
        if not placed:
            text = words.get_text_bounded().replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
            return Page([Glyph(character) for character in text], [], bottom, top, 0.0, False)
        drawn = list(_drawn(words.raw, box))
        fields = list(_fields(document.formenv, page))
        pictured, marked = _marks(page, max(1.0, (right - left) * (top - bottom)))
    finally:
        words.close()
        page.close()
    turn = _turn(drawn)
    glyphs = [_glyph(one, turn) for one in drawn]
    if turn:
        bottom, top = (-right, -left) if turn > 0 else (left, right)
        fields = [_turned(field, turn) for field in fields]
    return Page(glyphs, fields, bottom, top, pictured, marked)


def _drawn(words: Any, box: tuple[float, float, float, float]) -> Iterator[_Drawn]:
    """The characters in the order in which the file draws them, with PDFium's line breaks; what lies outside the page
    is left out. A character beyond U+FFFF is two to PDFium."""
    import pypdfium2.raw as pdfium

    unicode_at, origin_at, box_at = (
        pdfium.FPDFText_GetUnicode,
        pdfium.FPDFText_GetCharOrigin,
        pdfium.FPDFText_GetLooseCharBox,
    )
    x, y, around = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    to_x, to_y, to_around = ctypes.byref(x), ctypes.byref(y), ctypes.byref(around)
    left, bottom, right, top = box
    high = 0
    for index in range(pdfium.FPDFText_CountChars(words)):
        code = unicode_at(words, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0
        high = 0
        if code == 13:
            yield _LINE_BREAK
        elif code not in _NO_TEXT and code <= 0x10FFFF:
            text = chr(code)
            if text.isspace():
                yield _Drawn(text if code == 0xA0 else " ")
                continue
            origin_at(words, index, to_x, to_y)
            box_at(words, index, to_around)
            seen = around.right >= left and around.left <= right and around.top >= bottom and around.bottom <= top
            if seen:
                yield _Drawn(text, around.left, around.bottom, around.right, around.top, x.value, y.value)


_LINE_BREAK = _Drawn("\n")
_NO_TEXT = {0, 10, 0xFFFE, 0xFFFF}


def _turn(drawn: list[_Drawn]) -> int:
    """Whether most of the text runs upwards (1), downwards (-1) or along the page (0)."""
    along, up = 0, 0
    before = _LINE_BREAK
    for one in drawn:
        if one.right and before.right:
            across, rise = abs(one.x - before.x), one.y - before.y
            if across > abs(rise):
                along += 1
            elif rise:
                up += 1 if rise > 0 else -1
        before = one
    return 0 if abs(up) <= along else 1 if up > 0 else -1


def _glyph(one: _Drawn, turn: int) -> Glyph:
    if not one.right:
        return Glyph(one.text)
    if turn == 0:
        return Glyph(one.text, one.left, one.right, one.y, one.top - one.bottom)
    if turn > 0:
        return Glyph(one.text, one.bottom, one.top, -one.x, one.right - one.left)
    return Glyph(one.text, -one.top, -one.bottom, one.x, one.right - one.left)


def _turned(field: Field, turn: int) -> Field:
    if turn > 0:
        return Field(field.text, field.bottom, field.top, -field.right, -field.left)
    return Field(field.text, -field.top, -field.bottom, field.left, field.right)


def _fields(forms: Any, page: Any) -> Iterator[Field]:
    """The values of the form fields on a page that are shown; of boxes, those that are ticked."""
    import pypdfium2.raw as pdfium

    if forms is None:
        return
    around = pdfium.FS_RECTF()
    for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            shown = not pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN
            if pdfium.FPDFAnnot_GetSubtype(annotation) == _WIDGET and shown:
                text = _value(forms.raw, annotation)
                if text.strip() and pdfium.FPDFAnnot_GetRect(annotation, around):
                    low, high = sorted((around.bottom, around.top))
                    yield Field(text, around.left, around.right, low, high)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: Any, annotation: Any) -> str:
    """What a form field shows as its value: its text, the labels of what is chosen, a mark if it is ticked."""
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (_CHECK_BOX, _RADIO):
        return _TICKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in (_COMBO, _LIST, _TEXT):
        return ""
    if kind == _TEXT and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD:
        return ""
    if kind in (_COMBO, _LIST):
        count = min(max(0, pdfium.FPDFAnnot_GetOptionCount(form, annotation)), MAX_OPTIONS)
        chosen = [index for index in range(count) if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, index)]
        if chosen:
            label = pdfium.FPDFAnnot_GetOptionLabel
            return ", ".join(_string(lambda *to, at=at: label(form, annotation, at, *to)) for at in chosen)
    return _string(lambda *to: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, *to))


def _string(into: Callable[..., int]) -> str:
    """A string that a function of PDFium writes into a buffer, in UTF-16 with a final NUL."""
    import pypdfium2.raw as pdfium

    size = into(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    into(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "ignore").replace("\0", "")


def _marks(page: Any, area: float) -> tuple[float, bool]:
    """The share of a page's area that its largest picture covers, and whether anything is drawn on it that could be
    text."""
    import pypdfium2.raw as pdfium

    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    largest, paths = 0.0, 0
    for index in range(min(pdfium.FPDFPage_CountObjects(page.raw), MAX_OBJECTS)):
        drawn = pdfium.FPDFPage_GetObject(page.raw, index)
        kind = pdfium.FPDFPageObj_GetType(drawn)
        paths += kind == _PATH
        if kind in (_IMAGE, _FORM) and pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
            largest = max(largest, (right.value - left.value) * (top.value - bottom.value) / area)
    return largest, largest > _SMALL_PICTURE or paths >= _DRAWN
