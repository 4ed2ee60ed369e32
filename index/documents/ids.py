"""Ids of documents: what they are made of, and what they may hold."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path, PurePath

from citeqa.index.errors import DocumentError
from citeqa.index.formats.registry import ending_of

MAX_ID_BYTES = 512


def check_id(document_id: str) -> None:
    """Raises DocumentError unless the id is a clean relative path of at most 512 bytes."""
    try:
        size = len(document_id.encode("utf-8"))
    except UnicodeEncodeError:
        raise DocumentError("its name is not valid UTF-8") from None
    if size > MAX_ID_BYTES:
        raise DocumentError(f"its id has {size} bytes; at most {MAX_ID_BYTES} are allowed")
    if any(segment in ("", ".", "..") for segment in document_id.split("/")):
        raise DocumentError(f"its id {document_id!r} has an empty, '.' or '..' segment")
    if any(unicodedata.category(character) == "Cc" for character in document_id):
        raise DocumentError("its id holds control characters")


def name_of(relative: PurePath) -> str:
    """A path inside a folder as a name: separated by slashes, in Unicode normalization form C."""
    return unicodedata.normalize("NFC", relative.as_posix())


def ids_of(names: list[str]) -> list[str]:
    """The ids of files by their names: without the ending, but names that would share an id keep theirs."""
    ids = [without_ending(name) for name in names]
    while True:
        taken = Counter(ids)
        better = [name if taken[short] > 1 else short for short, name in zip(ids, names, strict=True)]
        if better == ids:
            return ids
        ids = better


def without_ending(name: str) -> str:
    """The name of a file without its ending; what only looks like an ending (see `ending_of`) stays."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + (Path(file).stem if ending_of(file) else file)
