"""HTML: the words of a page's main content, which trafilatura finds; title, author, date and site from its markup."""

from __future__ import annotations

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted, somebody, tidy, written_on
from citeqa.index.formats.inline import write_inline
from citeqa.index.formats.kept import keep_content
from citeqa.index.formats.markup import decoded, parse_html
from citeqa.index.formats.markup_lines import laid_out
from citeqa.index.structure import NO_STRUCTURE

# Dates come from the page's markup alone, are never guessed from its words, and do not depend on the day of reading.
_DATES = {"original_date": True, "extensive_search": False, "min_date": "1900-01-01", "max_date": "2100-01-01"}


def extract(data: bytes) -> Extracted:
    """Canonical text is the main content without menus, footers and readers' comments. Each paragraph, heading, list
    item, table row and line of preformatted text is a line; cells are separated by tabs. What is raised, lowered or a
    formula is written as `raised` and `formulas` say. A page without a recognisable main content gives all its words.

    Raises:
        DocumentError: if it is not text, holds no words, or is nested too deeply.
    """
    from trafilatura import bare_extraction

    text, encoding = decoded(data)
    tree = parse_html(text)
    write_inline(tree)
    kept = keep_content(tree, text)
    found = bare_extraction(tree, include_comments=False, with_metadata=True, date_extraction_params=_DATES)
    page = None if isinstance(found, dict) else found
    body = tree.find("body")  # there is none in a page of frames, or an empty one
    content, structure = laid_out(page.body, *kept) if page else ("", NO_STRUCTURE)
    if not content:
        content, structure = laid_out(tree if body is None else body, *kept)
    if not content:
        raise DocumentError("it holds no text")
    if page is None:
        return Extracted(content, encoding=encoding, structure=structure)
    return Extracted(
        content,
        title=somebody(page.title),
        author=somebody(page.author),
        date=written_on(page.date),
        source=tidy(page.sitename),
        url=tidy(page.url),
        encoding=encoding,
        structure=structure,
    )
