"""The HTTP interface. `create_app` makes the service an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.api.http.app import create_app
else:
    __getattr__ = public(__name__, {"app": ["create_app"]})

__all__ = ["create_app"]
