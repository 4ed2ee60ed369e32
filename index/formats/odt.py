"""ODT (OpenDocument texts): the words in the order of the document."""

from __future__ import annotations

from citeqa.index.errors import DocumentError
from citeqa.index.formats.composing import Composer
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.odf import Blocks, Content


def extract(data: bytes) -> Extracted:
    """In the canonical text each paragraph, heading and item of a list is a line, and each table row a line with its
    cells separated by tabs. Footnotes and endnotes follow at the end. What is raised, lowered or a formula is written
    as `raised` and `formulas` say. Remarks and deleted words are left out.

    Raises:
        DocumentError: if it is encrypted, damaged, or holds no text.
    """
    content, composer = Content(data), Composer()
    Blocks(content, composer).write(content.body)
    for note in content.notes_below:
        composer.line(note)
    structure, text = composer.structure, composer.text
    if not text:
        raise DocumentError("it holds no text; is it scanned?")
    title, author, published = content.described()
    return Extracted(text, title=title, author=author, date=published, notes=tuple(composer.notes), structure=structure)
