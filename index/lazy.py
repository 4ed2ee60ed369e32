"""Packages that name their public parts without loading the modules these stand in (PEP 562).

Importing `citeqa.index.embedding.embedder` runs the package's `__init__` first. If that loaded all it names, importing
one small protocol would load every model runtime and database there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def public(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: its public names by the module of the package in which each stands."""
    homes = {name: module for module, held in names.items() for name in held}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return find
