"""Starting a fresh replica from the files of another one. They are copied, and believed as far as digests go: those of
search files stand in the replica's database, those of texts and vectors are asked of the server."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from pathlib import Path

from citeqa.index.atomic import sync_tree
from citeqa.index.errors import CiteqaError, GenerationDamagedError, IndexDamagedError, UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE, GENERATIONS
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.opening import open_generation
from citeqa.index.storage.postgresql.catalog import PostgresCatalog, State
from citeqa.index.storage.postgresql.followed import Followed, current
from citeqa.index.storage.settings import differing

_TRIES = 3  # times that files are copied which their machine replaces meanwhile


def copy_replica(start: Path, target: Path, state: State) -> None:
    """Copy the replica that a machine keeps in the folder `start` to the folder `target`, while that machine may go on
    with it. Each search file's digest is checked.

    Raises:
        CiteqaError: if there is none, or it is damaged, or of another corpus; the message says which.
        OSError: if files cannot be read, or this machine's disk refuses.
    """
    for left in reversed(range(_TRIES)):
        folder = current(start)
        if folder is None:
            raise CiteqaError("there is no replica in it")
        _check_corpus(folder, state)
        try:
            _copy(folder, target)
            return
        except (GenerationDamagedError, FileNotFoundError):  # its machine may just have replaced the files
            if not left:
                raise


def _check_corpus(folder: Path, state: State) -> None:
    followed = Followed.read(folder)
    if followed is None:
        raise CiteqaError("its database is damaged, or was made by another version")
    if (followed.identity, followed.epoch) == (state.identity, state.epoch):
        return
    with closing(Catalog(folder / DATABASE)) as catalog:
        values = differing(catalog.settings(), state.settings)
    what = "it is of another corpus" if followed.identity != state.identity else "all was made anew since"
    raise CiteqaError(f"{what}: {values}" if values else what)


def _copy(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with closing(Catalog(folder / DATABASE)) as catalog:
        catalog.copy(target / DATABASE)
    with closing(Catalog(target / DATABASE)) as catalog:
        if faults := catalog.faults():
            raise IndexDamagedError(f"its database is damaged: {faults[0]}")
        manifest, dimension = manifest_of(catalog), int(catalog.settings()["embedder.dimension"])
    generation = Path(GENERATIONS, manifest.generation)
    for name in manifest.files:
        (target / generation / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / generation / name, target / generation / name)
    open_generation(target, manifest, dimension)
    sync_tree(target)


def check_like_store(folder: Path, source: PostgresCatalog) -> None:
    """Check that a replica which was brought up to date holds the texts and vectors that the corpus holds, and no
    others.

    Raises:
        IndexDamagedError: if it does not.
    """
    count = 0
    with closing(Catalog(folder / DATABASE)) as catalog:
        for document_id, text, vectors in source.fingerprints():
            count += 1
            try:
                one = catalog.prepared(document_id)
            except (UnknownDocumentError, ValueError) as error:
                raise IndexDamagedError(f"{document_id!r} is not as it is stored: {error}") from None
            assert one.vectors is not None
            if (one.document.sha256, hashlib.sha256(one.vectors.tobytes()).hexdigest()) != (text, vectors):
                raise IndexDamagedError(f"text or vectors of {document_id!r} have another digest than is stored")
        if (held := catalog.counts()[0]) != count:
            raise IndexDamagedError(f"it holds {held} documents, {count} are stored")
