"""A client for a running service."""

from citeqa.api.client.client import Client
from citeqa.api.client.errors import (
    BusyError,
    RefusedError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)

__all__ = ["BusyError", "Client", "RefusedError", "ServiceError", "UnexpectedAnswerError", "UnreachableError"]
