"""File formats: one module a format, and one registry that says which module reads which file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.formats.extracted import Extracted, Part
    from citeqa.index.formats.extraction import Extractor
    from citeqa.index.formats.registry import FORMATS, Format, Runs, format_of, known_endings
else:
    __getattr__ = public(
        __name__,
        {
            "extracted": ["Extracted", "Part"],
            "extraction": ["Extractor"],
            "registry": ["FORMATS", "Format", "Runs", "format_of", "known_endings"],
        },
    )

__all__ = ["FORMATS", "Extracted", "Extractor", "Format", "Part", "Runs", "format_of", "known_endings"]
