"""Errors that the index raises on purpose; `citeqa.errors` draws the tree of all there are.

Each message says what was found, what was needed, and what mends it.
"""

from __future__ import annotations

import shlex


def option_of(address: object) -> str:
    """The option that names an index on the command line; `address` is as it may be shown."""
    return f"{'--store' if '://' in str(address) else '--index'} {shlex.quote(str(address))}"


class CiteqaError(Exception):
    """Base of every error raised on purpose; its `str()` may be shown to a user."""


class DocumentError(CiteqaError):
    """A file, or a part of one, cannot become a document. The message is the reason, without the name: whoever reads
    many files reports both and goes on."""


class EmbedderError(CiteqaError):
    """The embedding model cannot be loaded, or does not match its digest."""


class MissingExtraError(CiteqaError):
    """A package is missing that only an extra installs; `extra` names it, the message says the command."""

    def __init__(self, what: str, extra: str, instead: str = "") -> None:
        self.extra = extra
        message = f"{what} needs the extra \"{extra}\": pip install 'citeqa[{extra}]'"
        super().__init__(f"{message}. {instead}" if instead else message)


class ModelCacheError(CiteqaError):
    """The folder of exported models cannot be written to; the message names the setting that chooses another."""

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"the model must be exported, but {folder} cannot be written to: {reason}; "
            "name another folder for exported models with CITEQA_MODELS"
        )


class IndexNotFoundError(CiteqaError):
    """There is no index at an address, or only one whose making was interrupted at the very beginning."""

    def __init__(self, address: object, *, unfinished: bool = False) -> None:
        option = "" if str(address) == ".citeqa" else f" {option_of(address)}"
        super().__init__(
            f"the index in {address} was never finished; run again: citeqa index FOLDER{option}"
            if unfinished
            else f"there is no index in {address}; make one with: citeqa index FOLDER{option}"
        )


class IndexMismatchError(CiteqaError):
    """The index was made with other settings; the message holds both values, and what to do."""


class IndexOutdatedError(IndexMismatchError):
    """The index has the format of an earlier version; opening it for writing upgrades it."""


class IndexDamagedError(CiteqaError):
    """The database, which everything else is made from, cannot be read."""


class GenerationDamagedError(CiteqaError):
    """A search file is missing, or is not the one that was written; it can be rebuilt from the database."""


class IndexBusyError(CiteqaError):
    """Another process holds the right to write. `holder` says which, what it does and since when, as far as known."""

    def __init__(self, holder: str, what: str) -> None:
        self.holder = holder
        super().__init__(f"{holder} is writing to {what}; try again after it")


class StoreUnreachableError(CiteqaError):
    """The server that keeps the index cannot be reached, or does not let this program in. What was not acknowledged may
    or may not be stored; doing it again does no harm."""

    def __init__(self, address: object, reason: str) -> None:
        super().__init__(f"the store {address} cannot be reached: {reason}")


class ChangedMeanwhileError(CiteqaError):
    """A document is not any more as it was when a change of it was decided; nothing was changed. `document_id` names
    it."""

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        super().__init__(f"another process changed the document {document_id!r} meanwhile; try again")


class StorageError(CiteqaError):
    """The disk refuses to write; the step that needed it changed nothing."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"writing to {path} failed: {reason}; nothing that was stored is lost. Make room, mend the disk or allow "
            "writing there, then do the same again"
        )


class EmptyFolderError(CiteqaError):
    """A folder that documents came from holds nothing of it any more; nothing was removed, as it may not be mounted.
    `holds` says what was found."""

    def __init__(self, folder: object, documents: int, holds: str = "no files") -> None:
        super().__init__(
            f"{folder} holds {holds}, but {documents} documents came from it; nothing was "
            "removed. Is it mounted? To remove what is gone, say so: --empty"
        )


class UnknownDocumentError(CiteqaError):
    """No document of the index has one of the ids asked for; `ids` names them."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        super().__init__("no such document: " + ", ".join(repr(i) for i in ids))


class UnknownFolderError(CiteqaError):
    """No document of the index is in one of the folders asked for; `folders` names them."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders
        super().__init__("no document is in the folder " + ", ".join(repr(folder) for folder in folders))


class QuestionSetError(CiteqaError):
    """A question set cannot be read; the message names the file, the line and the fault."""
