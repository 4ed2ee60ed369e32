"""ODP (OpenDocument presentations): a slide is a page."""

from __future__ import annotations

from typing import Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats.composing import Composer
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.markup import local
from citeqa.index.formats.odf import Blocks, Content, attribute


def extract(data: bytes) -> Extracted:
    """Canonical text is as that of PPTX: a slide is a page, its title a heading, and its notes follow it.

    Raises:
        DocumentError: if it is encrypted, damaged, or holds no text.
    """
    content, composer = Content(data), Composer()
    blocks = Blocks(content, composer)
    for slide in (element for element in content.body.iter() if local(element) == "page"):
        composer.page()
        later = list[Any]()
        for shape in slide:
            if local(shape) == "notes":
                later.append(shape)
            elif attribute(shape, "class") == "title" and (text := content.words(shape)):
                composer.heading(" ".join(text.split()), 1)
            else:
                blocks.write(shape)
        for shape in later:
            blocks.write(shape)
    structure, text = composer.structure, composer.text
    if not text:
        raise DocumentError("it holds no text; is it scanned?")
    title, author, published = content.described()
    return Extracted(text, title=title, author=author, date=published, pages=composer.pages, structure=structure)
