"""Files of every format, changed by chance: each becomes documents that hold together, or is named with a reason."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from support.embedders import WordLengths
from support.mutations import MADE, mutated

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.documents.corpus import load_file
from citeqa.index.formats.extraction import Extractor
from citeqa.index.formats.registry import FORMATS, format_of
from citeqa.index.types import Document, Skipped

pytestmark = [pytest.mark.faults, pytest.mark.soak]

SOAK = bool(os.environ.get("CITEQA_TEST_SOAK"))
FILES = int(os.environ.get("CITEQA_TEST_FILES") or (1000 if SOAK else 15))  # of each that is made
SECONDS = 60.0  # that a small file may take, with the start of the child on a busy machine


def test_there_is_a_file_of_every_format() -> None:
    made = {known.name for name in MADE if (known := format_of(Path(name)))}
    assert made >= {known.name for known in FORMATS} - {"pictures"}  # what only a recogniser reads


def check(document: Document) -> None:
    """Whatever the document is, its passages are slices of it, and its structure lies within it."""
    chunker = Chunker(WordLengths().count_tokens, 254, ChunkerSettings())
    chunker.heading(document)
    for passage in chunker.chunk(document):
        assert document.quote(passage.span) == passage.text
    structure, size = document.structure, len(document.text)
    spans = [*structure.quotations, *document.boilerplate, *document.recognised]
    spans += [table.span for table in structure.tables] + [one.span for one in structure.lists]
    spans += [heading.span for heading in structure.headings] + [turn.span for turn in structure.turns]
    for span in spans:
        assert 0 <= span.start < span.end <= size
    assert list(document.pages) == sorted(document.pages)


@pytest.mark.parametrize("name", MADE)
def test_a_file_that_was_changed_is_read_or_named(name: str, tmp_path: Path) -> None:
    chance, found, path = random.Random(name), Counter[str](), tmp_path / name
    with Extractor(seconds=SECONDS) as extractor:
        for number in range(FILES):
            path.write_bytes(mutated(name, chance))
            for where, item in load_file(path, "a", extractor):
                found["refused" if isinstance(item, Skipped) else "read"] += 1
                if isinstance(item, Document):
                    check(item)
                    continue
                assert item.reason, where
                assert "its reader failed" not in item.reason, (number, item.reason)
                assert "seconds" not in item.reason, (number, item.reason)
    if SOAK:
        print(f"\n{FILES} changed files of {name}: {dict(found)}")
