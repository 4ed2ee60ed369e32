"""Every error that citeqa raises on purpose. Each message says what was found, what was needed, and how to fix it.

CiteqaError                      base of all; its message may be shown to a user
├── DocumentError                a file or row cannot become a document (it is reported by name; the others are read)
├── EmbedderError                the embedding model cannot be loaded, or is not the one expected
│   └── DamagedExportError       its exported files are damaged; they are exported again
├── MissingExtraError            a package is missing that only an extra installs; the message has the command
├── ModelCacheError              the folder of exported models cannot be written to
├── ExportError                  a model cannot be exported, or its export disagrees with it
├── ReaderError                  the reader's model cannot be used
├── IndexNotFoundError           there is no index in the data folder
├── IndexMismatchError           the index was built with other settings
│   └── IndexOutdatedError       it has an older format, which can be upgraded
├── IndexDamagedError            the database, from which all else is derived, cannot be read
├── GenerationDamagedError       search files are missing or damaged; they are rebuilt from the database
├── IndexBusyError               another process is writing to the index
├── StoreUnreachableError        the server that keeps the index cannot be reached
├── ChangedMeanwhileError        another process changed the document first; try again
├── StorageError                 the disk refuses to write: it is full, read-only or failing
├── EmptyFolderError             the folder that documents came from is empty; is it mounted?
├── UnknownDocumentError         no document has that id
├── UnknownFolderError           no document is in that folder
├── QuestionSetError             a question set is not valid
└── ServiceError                 a service cannot be used over HTTP
    ├── UnreachableError         the connection could not be made, broke, or timed out
    ├── RefusedError             the service refused the request, and says why
    │   └── BusyError            it is overloaded; try again after `retry_after` seconds
    └── UnexpectedAnswerError    the response is not from citeqa, or from another version of it
"""

from citeqa.api.client.errors import BusyError, RefusedError, ServiceError, UnexpectedAnswerError, UnreachableError
from citeqa.index.embedding.export import ExportError
from citeqa.index.embedding.onnx_embedder import DamagedExportError
from citeqa.index.errors import (
    ChangedMeanwhileError,
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
    MissingExtraError,
    ModelCacheError,
    QuestionSetError,
    StorageError,
    StoreUnreachableError,
    UnknownDocumentError,
    UnknownFolderError,
)
from citeqa.rag.reader.protocol import ReaderError

__all__ = [
    "BusyError",
    "ChangedMeanwhileError",
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
    "MissingExtraError",
    "ModelCacheError",
    "QuestionSetError",
    "ReaderError",
    "RefusedError",
    "ServiceError",
    "StorageError",
    "StoreUnreachableError",
    "UnexpectedAnswerError",
    "UnknownDocumentError",
    "UnknownFolderError",
    "UnreachableError",
]
