"""The doctor: checks everything about an index that can be checked, and says what mends what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError, GenerationDamagedError, IndexDamagedError
from citeqa.index.protocols import IndexSettings
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import existing_database
from citeqa.index.storage.manifest import Manifest, manifest_of
from citeqa.index.storage.opening import open_generation
from citeqa.index.storage.settings import check_settings, chunker_of, is_outdated, rebuilding, settings_of
from citeqa.index.types import Finding

_AGAIN = "index the documents again into another folder (--index), or put a backup in its place"
_REBUILD = "citeqa index --rebuild rebuilds passages and vectors from the stored texts"
_OPENING = "they are rebuilt when the index is opened next: citeqa search ready"
_ANEW = "run again what was interrupted: citeqa index FOLDER, or citeqa sync FOLDER"
_SHOWN = 5  # faults named of each kind


def examine(folder: Path, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
    """Check the index in `folder`; `load` gives the embedding model of a name in a precision.

    Raises:
        IndexNotFoundError: if there is no index.
    """
    database = existing_database(folder)
    try:
        catalog = Catalog(database)
    except CiteqaError as error:
        yield Finding("the database opens", (str(error),), _AGAIN)
        return
    with closing(catalog):
        faults = tuple(_faults(catalog))[:_SHOWN]
        yield Finding("the database is whole", faults, _AGAIN)
        if not faults and not catalog.settings():
            yield Finding("it was finished", ("it has no settings: the first run was interrupted",), _ANEW)
        elif not faults:
            yield Finding("each text has its digest", tuple(_texts(catalog))[:_SHOWN], _AGAIN)
            yield Finding("each passage is a slice of its text", tuple(_slices(catalog))[:_SHOWN], _REBUILD)
            yield Finding(_form(folder, catalog), (), _REBUILD)
            yield Finding("each vector is one", tuple(_vectors(catalog))[:_SHOWN], _REBUILD)
            yield Finding(_structure(catalog), (), _REBUILD)
            yield from _search_files(folder, catalog)
            yield Finding(
                "the embedding model is the one it was made with",
                tuple(model_faults(folder, catalog.settings(), load)),
                _REBUILD,
            )


def _faults(catalog: Catalog) -> list[str]:
    try:
        return catalog.faults()
    except CiteqaError as error:
        return [str(error)]


def _texts(catalog: Catalog) -> Iterator[str]:
    for document_id in catalog.ids():
        try:
            catalog.document(document_id)
        except IndexDamagedError as error:
            yield str(error)


def _slices(catalog: Catalog) -> Iterator[str]:
    for document_id, start, end, length in catalog.all_spans():
        if not 0 <= start < end <= length:
            yield f"a passage of {document_id!r} is [{start}, {end}) of {length} code points"


def _form(folder: Path, catalog: Catalog) -> str:
    """Which form the passages have; an earlier one is no fault."""
    if is_outdated(catalog.settings()):
        return rebuilding(folder)
    return "passages have the form of this version"


def _vectors(catalog: Catalog) -> Iterator[str]:
    dimension = int(catalog.settings()["embedder.dimension"])
    wrong = catalog.vectors_of_other_size(2 * dimension)
    if wrong:
        yield f"{wrong} vectors do not have {dimension} values"
        return
    for ids, block in catalog.vectors(dimension):
        for i in ids[~np.isfinite(block).all(axis=1)]:
            yield f"the vector of passage {i} holds values that are not numbers"


def _structure(catalog: Catalog) -> str:
    """Whether tables, lists and headings are known; that they are not is no fault."""
    if count := catalog.unstructured_count():
        told = f"{count} documents were read by a version that did not tell tables, lists and headings"
        return f"{told}: citeqa index --rebuild, or citeqa sync FOLDER"
    return "the structure of each document is known"


def _search_files(folder: Path, catalog: Catalog) -> Iterator[Finding]:
    try:
        manifest = manifest_of(catalog)
        opened = open_generation(folder, manifest, int(catalog.settings()["embedder.dimension"]))
    except GenerationDamagedError as error:
        yield Finding("the search files are whole", (str(error),), _OPENING)
        return
    yield Finding("the search files are whole", (), _OPENING)
    passages = catalog.counts()[1]
    counts = {"dense": len(opened.dense), "lexical": len(opened.lexical)}
    wrong = (f"the {n} index has {count} passages, the database {passages}" for n, count in counts.items())
    yield Finding("they hold every passage", tuple(wrong) if {*counts.values()} != {passages} else (), _REBUILD)
    yield Finding(_dense_search(manifest), (), _REBUILD)


def _dense_search(manifest: Manifest) -> str:
    """How vectors are searched, with the worst recall of all parts that have inverted lists."""
    listed = [part for part in manifest.parts if part.lists]
    if not listed:
        return "dense search is exact"
    count, all_ = sum(part.count for part in listed), sum(part.count for part in manifest.parts)
    worst = min(listed, key=lambda part: part.measured.recall).measured
    return (
        f"dense search of {count:,} of {all_:,} vectors looks at {worst.probes:,} of {worst.lists:,} lists: recall@10 "
        f"{worst.recall_at_10:.3f}, recall@100 {worst.recall_at_100:.3f} of passages; with filters it is exact"
    )


def model_faults(address: object, settings: IndexSettings, load: Callable[[str, str], Embedder]) -> Iterator[str]:
    """What keeps the embedding model from being the one that an index was made with."""
    try:
        embedder = load(str(settings["embedder.name"]), str(settings["embedder.precision"]))
        check_settings(address, settings, settings_of(embedder.info, chunker_of(settings)))
    except CiteqaError as error:
        yield str(error)
