"""The command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.api.cli.main import app
else:
    __getattr__ = public(__name__, {"main": ["app"]})

__all__ = ["app"]
