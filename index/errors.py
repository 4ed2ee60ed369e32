"""Errors that the index raises on purpose; `citeqa.errors` draws the tree of all there are.

Each message says what was found, what was needed, and what mends it.
"""

from __future__ import annotations


class CiteqaError(Exception):
    """Base of every error raised on purpose; its `str()` may be shown to a user."""


class DocumentError(CiteqaError):
    """A file, or a part of one, cannot become a document. The message is the reason, without the name: whoever reads
    many files reports both and goes on."""


class EmbedderError(CiteqaError):
    """The embedding model cannot be loaded, or does not match its digest."""


class IndexNotFoundError(CiteqaError):
    """There is no index at an address, or only one whose making was interrupted at the very beginning."""

    def __init__(self, address: object, *, unfinished: bool = False) -> None:
        super().__init__(
            f"the index in {address} was never finished; run citeqa index again"
            if unfinished
            else f"there is no index in {address}; make one with: citeqa index FOLDER"
        )


class IndexMismatchError(CiteqaError):
    """The index was made with other settings; the message holds both values, and what to do."""


class IndexOutdatedError(IndexMismatchError):
    """The index has the format of an earlier version; opening it for writing upgrades it."""


class IndexDamagedError(CiteqaError):
    """The database, which everything else is made from, cannot be read."""


class GenerationDamagedError(CiteqaError):
    """A search file is missing, or is not the one that was written; it can be made again from the database."""


class IndexBusyError(CiteqaError):
    """Another process holds the right to write. `holder` says which, what it does and since when, as far as known."""

    def __init__(self, holder: str, what: str) -> None:
        self.holder = holder
        super().__init__(f"{holder} is writing to {what}; try again after it")


class StorageError(CiteqaError):
    """The disk refuses to write; the step that needed it changed nothing."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"writing to {path} failed: {reason}; nothing that was stored is lost. Make room or mend the disk, then do "
            "the same again"
        )


class EmptyFolderError(CiteqaError):
    """A folder that documents came from holds no files any more; nothing was removed, as it may not be mounted."""

    def __init__(self, folder: object, documents: int) -> None:
        super().__init__(
            f"{folder} holds no files, but {documents} documents came from it; nothing was "
            "removed. Is it mounted? To remove them all, say so: --empty"
        )


class UnknownDocumentError(CiteqaError):
    """No document of the index has one of the ids asked for; `ids` names them."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        super().__init__("no such document: " + ", ".join(repr(i) for i in ids))


class QuestionSetError(CiteqaError):
    """A question set cannot be read; the message names the file, the line and the fault."""
