"""Decoding: bytes become text, as UTF-8 if they are UTF-8, else in the encoding that the text most likely has."""

from __future__ import annotations

import codecs
import re

from citeqa.index.errors import DocumentError

_UNUSUAL = re.compile(rb"[^\x01-\x7f\x85\x91-\x97\xa0\xab\xbb]")  # neither ASCII nor cp1252's quotes and dashes
_TOO_FEW = 4  # with fewer unusual bytes, no encoding can be told from another
_NEVER = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140", "utf_7", "hp_roman8", "johab"]
_NEVER += ["shift_jis_2004", "shift_jisx0213", "euc_jis_2004", "euc_jisx0213"]  # rarer than what they are mistaken for
_WIDE = [
    "utf_16",
    "utf_16_le",
    "utf_16_be",
    "utf_32",
    "utf_32_le",
    "utf_32_be",
]  # English in these is full of NULs
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # the marks of UTF-32 hold one of these, or NULs
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(data: bytes) -> tuple[str, str]:
    """The canonical text of a file's bytes, and the name of the encoding: strict UTF-8 first, else detection.

    Raises:
        DocumentError: if the bytes are not text in any known encoding.
    """
    try:
        text = data.decode("utf-8")
        if "\0" not in text:
            return text.removeprefix("\ufeff"), "utf-8"
    except UnicodeDecodeError as error:
        _refuse_damaged_utf8(data, error)
    encoding = _detected(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff"), encoding
    except UnicodeDecodeError as error:
        raise DocumentError(f"it looked like {encoding}, but {error}") from None


def _refuse_damaged_utf8(data: bytes, error: UnicodeDecodeError) -> None:
    """Raises DocumentError if the bytes are UTF-8 with some damage: any other encoding would read them wrongly."""
    if error.reason == "unexpected end of data" and error.end - error.start > 1:
        raise DocumentError(f"it is UTF-8 that is cut off inside a character, at byte {error.start}")
    damaged = data.decode("utf-8", "replace").count("\ufffd")
    if len(_MULTIBYTE.findall(data)) > 2 * damaged:
        raise DocumentError(f"it is UTF-8 with damaged bytes, the first at byte {error.start}")


def _detected(data: bytes) -> str:
    """The encoding that the text most likely has; among equally likely ones the most common, cp1252.

    Raises:
        DocumentError: if it is not text in any known encoding.
    """
    if not data.startswith(_MARKS) and b"\0" not in data and len(_UNUSUAL.findall(data)) < _TOO_FEW:
        return "cp1252"
    from charset_normalizer import from_bytes  # imported only for files that need it

    matches = list(
        from_bytes(data, cp_exclusion=_NEVER if b"\0" in data or data.startswith(_MARKS) else [*_NEVER, *_WIDE])
    )
    if not matches:
        raise DocumentError("it is not text in any known encoding")
    best = matches[0]
    likely = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    common = any("cp1252" in match.could_be_from_charset for match in likely)
    return "cp1252" if common else str(best.encoding)
