"""Storing a document while the response tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Thread

from pydantic import BaseModel

from citeqa.api.live import Stored
from citeqa.api.schemas import StoredOut, StoringOut
from citeqa.index.protocols import Progress
from citeqa.index.types import Document


def stored_in_steps(document: Document, store: Callable[[Progress], Stored]) -> Iterator[tuple[str, BaseModel]]:
    """The events of storing a document: `progress` with the passages embedded so far, at last `stored`. What `store`
    raises is raised here. It runs to its end even where nobody follows: a document is stored whole or not at all."""
    told: SimpleQueue[int | Stored | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            told.put(store(lambda _, passages: told.put(passages)))
        except BaseException as error:
            told.put(error)

    Thread(target=work, name="store a document").start()
    passages = 0
    while isinstance(step := told.get(), int):
        passages += step
        yield "progress", StoringOut(passages=passages)
    if isinstance(step, BaseException):
        raise step
    yield "stored", StoredOut(id=document.id, sha256=document.sha256, replaced=step.former, change=step.change)
