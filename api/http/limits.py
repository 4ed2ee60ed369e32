"""The limits of the HTTP interface, in one place: what guard, queue, bodies, uploads and connections allow, and what
the reference lists. The settings hold those that an operator may choose; the others are constants here.

A unit of work is what one question costs: the reading of about `UNIT_TOKENS` tokens. Larger requests are charged as
many units, do them one by one, and let others take their turns between two of them.
"""

from __future__ import annotations

from typing import NamedTuple

from citeqa.api.schemas.base import FAULTS
from citeqa.api.schemas.manuscripts import MAX_MANUSCRIPT, MAX_QUOTATIONS
from citeqa.api.settings import Settings

UNIT_TOKENS = 2_500  # ten passages of 128 tokens, each with its heading and a question
UNIT_PASSAGES = 20  # passages that are embedded in one unit of work

PIECE = 64 * 1024  # bytes of a body that are held, written and sent at once
NO_BODY = 4_096  # bytes of the body of a request that needs none
IN_MEMORY = 64_000_000  # bytes of all bodies that are held in memory
UPLOADS_ON_DISK = 4  # uploads of the largest size that may lie in the temporary folder together
UPLOAD_TIME = 10  # times the timeout of another body
READ_ON = 16_000_000  # bytes of a refused request that are read on, so that its client sees the answer
READ_ON_SECONDS = 5.0

LOOKING = 4  # requests for documents and the like that are answered at once
WRITING = 2  # documents that are read and written at once; the index itself has one writer
WRITERS_WAITING = 48
CATCHING_UP = 8  # requests that wait at once for a change that the index does not show yet
CHANGE_SECONDS = 5.0  # that they wait
OTHER_THREADS = 16  # for static files and for what the framework does in threads

MANUSCRIPT = 8_000_000  # bytes of the body that brings a manuscript
QUOTATIONS_A_UNIT = 20  # quotations that are looked up in one unit of work

FIELDS = 200  # strings, lists and objects in the JSON of a document

DESCRIPTORS_KEPT = 128  # files that the service itself may need to open
BACKLOG = 100  # connections that the system keeps until they are accepted


class Limit(NamedTuple):
    """A limit as the reference lists it: what is counted, the most that is allowed, and what happens beyond."""

    what: str
    most: str
    beyond: str


def table() -> list[Limit]:
    """Every limit; a name in backticks is a setting."""
    descriptors = f"`max_connections`, and the descriptors less {DESCRIPTORS_KEPT + BACKLOG}"
    return [
        Limit("bytes of a request's body", "`max_body`", "413"),
        Limit("bytes of an uploaded document, with a key that may write", "`max_upload`", "413"),
        Limit("bytes of a manuscript's body, if that is more than `max_body`", f"{MANUSCRIPT:,}", "413"),
        Limit("bytes of the body of a GET, HEAD, DELETE or OPTIONS request", f"{NO_BODY:,}", "413"),
        Limit("bytes of all bodies in memory", f"{IN_MEMORY:,}", "503"),
        Limit("bytes of all uploads in the temporary folder", f"{UPLOADS_ON_DISK} × `max_upload`", "503"),
        Limit("seconds until a request's head, or its body, has arrived", "`timeout`", "closed, 408"),
        Limit("seconds until an upload has arrived", f"{UPLOAD_TIME} × `timeout`", "408"),
        Limit("bytes of a refused request that are read on", f"{READ_ON:,}", "closed"),
        Limit("seconds without progress while a response is sent", "`timeout`", "closed"),
        Limit("requests of one client", "`rate_limit`", "429"),
        Limit("connections", descriptors, "the idle are closed"),
        Limit("questions answered at once, verifications included", "`answering`", "they wait"),
        Limit("questions that wait, a batch or a long text counting as several", "`queue`", "503"),
        Limit("requests for documents and the like at once", f"{LOOKING}", "they wait"),
        Limit("requests for documents and the like that wait", "`queue`", "503"),
        Limit("changes at once", f"{WRITING}", "they wait"),
        Limit("changes that wait", f"{WRITERS_WAITING}", "503"),
        Limit("seconds that a request waits for its turn", "`timeout`", "503"),
        Limit("requests at once that wait for their `min_change`", f"{CATCHING_UP}", "503"),
        Limit("seconds that a request waits for its `min_change`", f"{CHANGE_SECONDS:g}", "503"),
        Limit("characters of a question", "`max_question`", "422"),
        Limit("questions of a batch", "`max_batch`", "422"),
        Limit("characters of the texts that come with a question", "`max_read`", "422"),
        Limit("tokens of the texts that come with a question", "`max_read_tokens`", "422"),
        Limit("characters of a manuscript", f"{MAX_MANUSCRIPT:,}", "422"),
        Limit("quotations of a manuscript", f"{MAX_QUOTATIONS:,}", "422"),
        Limit("strings, lists and objects in the JSON of a document", f"{FIELDS}", "422"),
        Limit("faults of a request that are named", f"{FAULTS}", "the others are left out"),
    ]  # fmt: skip


def threads(settings: Settings) -> int:
    """How many threads there must be so that a request that has its turn never waits for one."""
    return settings.answering + LOOKING + WRITING + CATCHING_UP + OTHER_THREADS
