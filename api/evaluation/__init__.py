"""Measures a service on question sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index import lazy

if TYPE_CHECKING:
    from citeqa.api.evaluation.local import serving
    from citeqa.api.evaluation.measure import evaluate, retrieve
else:
    __getattr__ = lazy.public(__name__, {"local": ["serving"], "measure": ["evaluate", "retrieve"]})

__all__ = ["evaluate", "retrieve", "serving"]
