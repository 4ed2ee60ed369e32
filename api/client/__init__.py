"""Clients for a running service: one that waits, one that awaits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.api.client.aio import AsyncClient
    from citeqa.api.client.client import Client
    from citeqa.api.client.errors import BusyError, RefusedError, ServiceError, UnexpectedAnswerError, UnreachableError
else:
    __getattr__ = public(
        __name__,
        {
            "aio": ["AsyncClient"],
            "client": ["Client"],
            "errors": ["BusyError", "RefusedError", "ServiceError", "UnexpectedAnswerError", "UnreachableError"],
        },
    )

__all__ = [
    "AsyncClient",
    "BusyError",
    "Client",
    "RefusedError",
    "ServiceError",
    "UnexpectedAnswerError",
    "UnreachableError",
]
