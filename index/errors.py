"""Errors that citeqa raises on purpose; `citeqa.errors` draws the tree of all of them.

Each message says what was found, what was needed, and what mends it.
"""

from __future__ import annotations


class CiteqaError(Exception):
    """Base of every error raised on purpose; `str()` of it may be shown to a user."""


class DocumentError(CiteqaError):
    """A file or a row cannot become a document; the message is the reason, without the name."""


class EmbedderError(CiteqaError):
    """The embedding model cannot be loaded or does not match its digest."""


class IndexNotFoundError(CiteqaError):
    """No index stands in the data folder."""


class IndexMismatchError(CiteqaError):
    """The index was made with other settings; the message holds both values and the mend."""


class IndexOutdatedError(IndexMismatchError):
    """The index has the format of an earlier version; opening it for writing upgrades it."""


class IndexDamagedError(CiteqaError):
    """The database that everything else is derived from cannot be read."""


class IndexBusyError(CiteqaError):
    """Another process holds the writer's lock; `holder` says which, what it does and since when, as far as known."""

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


class UnknownDocumentError(CiteqaError):
    """No document of the index has one of the ids asked for; `ids` names them."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        super().__init__("no such document: " + ", ".join(repr(i) for i in ids))


class QuestionSetError(CiteqaError):
    """A question set cannot be read; the message names the file, the line and the fault."""
