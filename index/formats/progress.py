"""A sign of life from a reader that takes long by right, such as OCR of many pages: its time then begins anew."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def listen(listener: Callable[[], None]) -> None:
    """Have a function called at each sign of life; the child process does."""
    _listeners.append(listener)


def report() -> None:
    """Say that a part of the work is done, or begins. Nothing happens where nobody listens."""
    for listener in _listeners:
        listener()
