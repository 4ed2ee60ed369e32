"""Backends: one interface to an index opened in this process and to a running service, in the types of the HTTP
contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from citeqa.api.settings import Settings
from citeqa.rag.options import DEFAULTS, AskOptions

if TYPE_CHECKING:
    from citeqa.api.client.client import Client
    from citeqa.api.live import LiveService
    from citeqa.api.schemas import AskResponse, DocumentOut, SearchResponse, VerifyResponse
    from citeqa.api.service import Service
    from citeqa.rag.citation.verification import Claim


class Backend(Protocol):
    """What answers questions: a `Client` of a service, or a `LocalBackend`."""

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> AskResponse:
        """The answer to a question, or the reason why there is none."""

    def search(self, question: str, options: AskOptions = DEFAULTS) -> SearchResponse:
        """The passages nearest to a question, best first."""

    def document(self, document_id: str) -> DocumentOut:
        """One document with its text."""

    def verify(self, claim: Claim) -> VerifyResponse:
        """Check whether a citation still holds."""


class LocalBackend:
    """Answers from an index that is open in this process. Safe to share between threads."""

    def __init__(self, service: Service | LiveService) -> None:
        self._service = service

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> AskResponse:
        return self._service.now.ask(question, options)[0]

    def search(self, question: str, options: AskOptions = DEFAULTS) -> SearchResponse:
        return self._service.now.search(question, options)

    def document(self, document_id: str) -> DocumentOut:
        from citeqa.api.schemas import DocumentOut

        return DocumentOut.of(self._service.now.index.document(document_id))

    def verify(self, claim: Claim) -> VerifyResponse:
        from citeqa.api.schemas import VerifyResponse
        from citeqa.rag.citation.verification import verify

        return VerifyResponse.of(verify(self._service.now.index, claim))


@contextmanager
def open_backend(settings: Settings) -> Iterator[Backend]:
    """The backend for these settings: the service at `url` if there is one, else the index, opened in this process.

    Raises:
        CiteqaError: if there is no index, or it does not fit the settings.
    """
    if settings.url:
        with client(settings) as found:
            yield found
        return
    from citeqa.api.tasks import open_service

    with open_service(settings) as service:
        yield LocalBackend(service)


def client(settings: Settings) -> Client:
    """A client of the service in the settings."""
    from citeqa.api.client.client import Client

    assert settings.url
    return Client(settings.url, settings.key)
