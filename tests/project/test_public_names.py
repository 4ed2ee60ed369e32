"""The names that packages declare public exist, and importing a package loads nothing heavy."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

FOLDERS = {
    "index": ["", ".documents", ".embedding", ".formats", ".ranking", ".storage"],
    "rag": ["", ".citation", ".evaluation", ".reader", ".retrieval", ".timing"],
    "api": [".cli", ".client", ".evaluation", ".http"],
}
PACKAGES = [f"citeqa.{room}{folder}" for room, folders in FOLDERS.items() for folder in folders]
LIGHT = [
    "citeqa.index.protocols",
    "citeqa.index.types",
    "citeqa.index.storage.sqlite_store",
    "citeqa.index.storage.stores",
    "citeqa.rag.retrieval.retriever",
    "citeqa.rag.answerer",
    *PACKAGES,
]
HEAVY = ["faiss", "tantivy", "sqlite3", "onnxruntime", "torch", "pydantic"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_is_no_modules(package: str) -> None:
    found = import_module(package)
    names = set(found.__all__)
    assert all(getattr(found, name) is not None for name in names)
    assert names.isdisjoint(module.name for module in pkgutil.iter_modules(found.__path__))  # which would hide it
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        found.nothing  # noqa: B018 - looking is what fails


def test_protocols_retriever_and_answerer_load_neither_model_runtimes_nor_databases() -> None:
    program = f"import json, sys; from importlib import import_module; [*map(import_module, {LIGHT})]; "
    program += "print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint(HEAVY), loaded & {*HEAVY}
    assert "citeqa" in loaded
