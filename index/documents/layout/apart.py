"""The structure of a long text is found in the child process that parses files too, with its limits: here it would keep
the threads of a service waiting for the interpreter's lock, and might take all its memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext

from citeqa.index.documents.layout.finding import text_structure
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import SMALL, Extractor
from citeqa.index.structure import Structure
from citeqa.index.types import Span


def structure_shown(text: str, boilerplate: Sequence[Span], extractor: Extractor | None = None) -> Structure:
    """What `text_structure` finds.

    Args:
        extractor: the one of a caller that has one; else a long text gets its own.

    Raises:
        DocumentError: if finding it exceeds the limits.
    """
    if len(text) <= SMALL:
        return text_structure(text, boilerplate)
    spans = json.dumps([[span.start, span.end] for span in boilerplate])
    with nullcontext(extractor) if extractor else Extractor() as own:
        return own.extract(__name__, f"{spans}\n{text}".encode()).structure


def extract(data: bytes) -> Extracted:
    """In the child: the structure alone, of a text behind a line with the places of its boilerplate."""
    spans, _, text = data.decode("utf-8").partition("\n")
    return Extracted("", structure=text_structure(text, [Span(*span) for span in json.loads(spans)]))
