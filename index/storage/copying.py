"""Copying an index from one store to another, with its vectors: nothing is chunked or embedded again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from citeqa.index.context import to_json
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.errors import CiteqaError, IndexNotFoundError, UnknownDocumentError
from citeqa.index.protocols import IndexSettings, Progress, Records, Store
from citeqa.index.storage.prepared import Prepared
from citeqa.index.storage.settings import chunker_of
from citeqa.index.types import Report

_SHOWN = 5  # differences named


@dataclass(frozen=True, slots=True)
class _Named:
    """The model of an index, as far as its name and form are needed."""

    info: EmbedderInfo

    def count_tokens(self, texts: object) -> list[int]:
        raise NotImplementedError("nothing is chunked")

    def embed_passages(self, texts: object, progress: object = None) -> NDArray[np.float32]:
        raise NotImplementedError("nothing is embedded")

    def embed_query(self, text: object) -> NDArray[np.float32]:
        raise NotImplementedError("nothing is asked")


def copy(source: Store, target: Store, progress: Progress | None = None) -> Report:
    """Copy all documents of an index into another, in the order in which they were added, with passages, vectors, what
    sync knows of files, calibration and feedback; then compare both. What is there already is left as it is, so that an
    interrupted copy goes on. Documents that only the target has stay.

    Raises:
        IndexNotFoundError: if there is no index to copy.
        IndexMismatchError: if the target was made with other settings.
        CiteqaError: if something is not there as it was in the end: others wrote to one of them meanwhile.
    """
    settings = source.settings()
    if not settings:
        raise IndexNotFoundError("the store to copy from")
    model = _Named(_info(settings))
    with (
        source.reading() as records,
        target.writing(lambda: model, chunker_of(settings), "copying an index", progress) as writer,
    ):
        writer.check_settings()
        for one in _all(records):
            writer.take(one)
        for file, sha256, reason in records.all_files():
            writer.record_file(file, sha256, reason)
        writer.commit()
        report = writer.report()
    _rest(source, target)
    if differing := differences(source, target):
        raise CiteqaError(f"the copy is not like what was copied: {', '.join(differing[:_SHOWN])}; copy again")
    return report


def _info(settings: IndexSettings) -> EmbedderInfo:
    prefix = "embedder."
    given = {n.removeprefix(prefix): v for n, v in settings.items() if n.startswith(prefix)}
    known = {field.name for field in fields(EmbedderInfo)}
    return EmbedderInfo(**{name: value for name, value in given.items() if name in known})  # type: ignore[arg-type]


def _all(records: Records) -> Iterator[Prepared]:
    for document_id in records.ids_as_added():
        try:
            yield records.prepared(document_id)
        except UnknownDocumentError:  # removed a moment ago
            continue


def _rest(source: Store, target: Store) -> None:
    """Copy what is kept beside the documents."""
    if (calibration := source.calibration()) != target.calibration():
        target.calibrate(calibration)
    there = set(target.feedback())
    for line in source.feedback():
        if line not in there:
            target.keep_feedback_line(line)


def differences(source: Store, target: Store) -> list[str]:
    """The ids of the documents of the source that are not in the target just so, with all passages and vectors."""
    with source.reading() as ours, target.reading() as theirs:
        there = set(theirs.ids())
        return [
            one.document.id
            for one in _all(ours)
            if one.document.id not in there or _digest(theirs.prepared(one.document.id)) != _digest(one)
        ]


def _digest(one: Prepared) -> str:
    assert one.vectors is not None
    found = hashlib.sha256(one.vectors.tobytes())
    for passage in one.passages:
        found.update(f"{passage.span.start} {passage.span.end} {to_json(passage.context)}\n".encode())
    found.update(repr((one.document, one.heading, one.file)).encode())
    return found.hexdigest()
