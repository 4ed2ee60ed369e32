"""What the tests of hostile files share."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest

from citeqa.index.formats.extraction import Extractor


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network and no other process."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something outside was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    """A child process for all files of a module."""
    with Extractor() as made:
        yield made
