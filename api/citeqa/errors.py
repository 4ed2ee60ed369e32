"""Every error that citeqa raises on purpose. Each message says what was found, what was needed, and what mends it.

CiteqaError                      base of all; its text may be shown to a user
├── DocumentError                a file, or a part of one, cannot become a document
├── EmbedderError                the embedding model cannot be loaded, or is not the one it claims to be
│   └── DamagedExportError       its exported files are not those that were written; they are exported again
├── ExportError                  a model cannot be exported, or its export does not agree with it
├── ReaderError                  the reader's model cannot be used
├── IndexNotFoundError           there is no index at the address
├── IndexMismatchError           the index was made with other settings than those of now
│   └── IndexOutdatedError       it has the format of an earlier version, which can be upgraded
├── IndexDamagedError            the database, which all else is made from, cannot be read
├── GenerationDamagedError       search files are missing or damaged; they are made again from the database
├── IndexBusyError               another process is writing to the index
├── StorageError                 the disk refuses to write: it is full, read-only or failing
├── EmptyFolderError             a folder that documents came from is empty; is it mounted?
├── UnknownDocumentError         no document has that id
├── QuestionSetError             a question set is not what it should be
└── ServiceError                 a service cannot be used over HTTP
    ├── UnreachableError         no connection, or it broke off, or took too long
    ├── RefusedError             the service said no, and why
    │   └── BusyError            it has too much to do; try again after `retry_after` seconds
    └── UnexpectedAnswerError    what answered is no citeqa, or another version of it
"""

from citeqa.api.client.errors import BusyError, RefusedError, ServiceError, UnexpectedAnswerError, UnreachableError
from citeqa.index.embedding.export import ExportError
from citeqa.index.embedding.onnx_embedder import DamagedExportError
from citeqa.index.errors import (
    CiteqaError,
    DocumentError,
    EmbedderError,
    EmptyFolderError,
    GenerationDamagedError,
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexNotFoundError,
    IndexOutdatedError,
    QuestionSetError,
    StorageError,
    UnknownDocumentError,
)
from citeqa.rag.reader.protocol import ReaderError

__all__ = [
    "BusyError",
    "CiteqaError",
    "DamagedExportError",
    "DocumentError",
    "EmbedderError",
    "EmptyFolderError",
    "ExportError",
    "GenerationDamagedError",
    "IndexBusyError",
    "IndexDamagedError",
    "IndexMismatchError",
    "IndexNotFoundError",
    "IndexOutdatedError",
    "QuestionSetError",
    "ReaderError",
    "RefusedError",
    "ServiceError",
    "StorageError",
    "UnexpectedAnswerError",
    "UnknownDocumentError",
    "UnreachableError",
]
