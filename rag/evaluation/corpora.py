"""Indexes of the corpora that come with question sets, cached by their contents and settings.

<data folder>/evaluations/<first digits of a digest>/    an index, and indexed.json once it is complete
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from citeqa.index import __version__
from citeqa.index.atomic import write_json
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import Progress
from citeqa.index.storage.adding import add_documents
from citeqa.index.storage.schema import FORMAT
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.stores import open_store
from citeqa.rag.evaluation.sets import Corpus

DONE = "indexed.json"


class Indexed(NamedTuple):
    """The folder of a corpus's index, and the documents that could not be read."""

    folder: Path
    skipped: tuple[str, ...]


def indexed(
    corpus: Corpus, data: Path, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None
) -> Indexed:
    """The index of a corpus. It is built only if the same documents have not been indexed with the same settings
    before. An interrupted build continues from what was committed.

    Raises:
        IndexBusyError: if another process is building it.
    """
    settings = settings_of(embedder.info, chunker) | {"format": FORMAT, "version": __version__}
    key = hashlib.sha256(json.dumps([corpus.sha256, settings], sort_keys=True).encode()).hexdigest()
    folder = data / "evaluations" / key[:16]
    if not (folder / DONE).exists():
        store = open_store(folder)
        with store.writing(lambda: embedder, chunker, "indexing a corpus to evaluate on", progress) as writer:
            report = add_documents(writer, corpus.documents())
        write_json(folder / DONE, {"skipped": [f"{item.name}: {item.reason}" for item in report.skipped]})
    return Indexed(folder, tuple(json.loads((folder / DONE).read_text(encoding="utf-8"))["skipped"]))
