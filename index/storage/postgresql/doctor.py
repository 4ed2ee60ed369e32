"""The doctor for a corpus and this machine's replica of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError
from citeqa.index.storage import doctor
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.replica import Replica
from citeqa.index.storage.prepared import Prepared
from citeqa.index.types import Finding

_RESTORE = "restore a backup of the database, or index the documents again"
_ANEW = "delete the folder of the replica: it is made anew when it is needed next"
_SHOWN = 5  # faults named of each kind


def examine(address: Address, replica: Replica | None, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
    """Check a corpus, then this machine's replica of it, if there is to be one."""
    with leased(address) as lease, lease.snapshot():
        source = PostgresCatalog(lease, address)
        state, size = source.state(), 2 * int(source.settings()["embedder.dimension"])
        faults: dict[str, list[str]] = {"text": [], "slice": [], "vector": []}
        digests = dict[str, str]()
        for one, problem in _examined(source, size):
            digests[one] = ""
            for kind, fault in problem:
                faults[kind].append(fault)
        yield Finding("each text has its digest", tuple(faults["text"][:_SHOWN]), _RESTORE)
        yield Finding("each passage is a slice of its text", tuple(faults["slice"][:_SHOWN]), _RESTORE)
        yield Finding("each vector is one", tuple(faults["vector"][:_SHOWN]), _RESTORE)
        yield Finding("the log of changes is whole", tuple(_log(source, len(digests))), _RESTORE)
        yield Finding(
            "the embedding model is the one it was made with",
            tuple(doctor.model_faults(address.shown, state.settings, load)),
            "citeqa index --rebuild rebuilds passages and vectors from the stored texts",
        )
    if replica:
        yield from _replica(address, replica, load)


def _examined(source: PostgresCatalog, size: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each document's id, and what is wrong with it."""
    for row in source.rows():
        found: list[tuple[str, str]] = []
        document_id, text, sha256 = row[0], row[1], row[2]
        if (digest := hashlib.sha256(text.encode()).hexdigest()) != sha256:
            found.append(("text", f"the text of {document_id!r} has SHA-256 {digest}, needed {sha256}"))
        else:
            try:
                found += [("vector", fault) for fault in _vectors(source.made_of(row), size, len(row[7]))]
            except ValueError as error:
                found.append(("slice", f"{document_id!r}: {error}"))
        yield document_id, found


def _vectors(one: Prepared, size: int, length: int) -> Iterator[str]:
    assert one.vectors is not None
    if length != size * len(one.passages):
        yield f"{one.document.id!r} has {length} bytes of vectors, needed {size} for each of {len(one.passages)}"
    elif not np.isfinite(one.vectors).all():
        yield f"the vectors of {one.document.id!r} hold values that are not numbers"


def _log(source: PostgresCatalog, documents: int) -> Iterator[str]:
    logged = source.count_since(0)
    if logged != documents:
        yield f"it knows {logged} documents, there are {documents}"
    count, last = source.log_size()
    if count != last or last != source.last_change():
        yield f"it holds {count} changes up to number {last}, the corpus is at {source.last_change()}"


def _replica(address: Address, replica: Replica, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
    try:
        replica.catch_up(60.0)
        folder = replica.current()
    except CiteqaError as error:
        yield Finding("this machine's replica is up to date", (str(error),), _ANEW)
        return
    if folder is None:
        yield Finding("this machine's replica is up to date", ("there is none",), _ANEW)
        return
    with leased(address) as lease, lease.snapshot(), closing(Catalog(folder / DATABASE)) as catalog:
        source = PostgresCatalog(lease, address)
        same = catalog.digests() == source.digests() or catalog.last_change() != source.last_change()
        faults = () if same else ("its documents are not those of the store",)
        yield Finding("this machine's replica holds what the store holds", faults, _ANEW)
    for finding in doctor.examine(folder, load):
        yield Finding(f"replica: {finding.checked}", finding.faults, _ANEW)
