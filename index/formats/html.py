"""HTML: the words of a page's content as trafilatura finds it; title, author, day and site as the page says them."""

from __future__ import annotations

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted, day, tidy
from citeqa.index.formats.markup import decoded, parse_html, text_of

# Days out of the page's markup alone, never guessed from its words, and the same whenever it is read.
_DATES = {"original_date": True, "extensive_search": False, "min_date": "1900-01-01", "max_date": "2100-01-01"}


def extract(data: bytes) -> Extracted:
    """Canonical text is the main content without menus, footers and readers' comments: a paragraph, heading, list item
    or table row a line, cells separated by tabulators. A page in which no main content is found gives all its words.

    Raises:
        DocumentError: if it is no text, holds no words, or is nested too deeply.
    """
    from trafilatura import bare_extraction

    text, encoding = decoded(data)
    tree = parse_html(text)
    found = bare_extraction(tree, include_comments=False, with_metadata=True, date_extraction_params=_DATES)
    page = None if isinstance(found, dict) else found
    body = tree.find("body")  # none where there are frames, or nothing
    content = (text_of(page.body) if page else "") or text_of(tree if body is None else body)
    if not content:
        raise DocumentError("it holds no text")
    if page is None:
        return Extracted(content, encoding=encoding)
    return Extracted(
        content,
        title=tidy(page.title),
        author=tidy(page.author),
        date=day(page.date),
        source=tidy(page.sitename),
        url=tidy(page.url),
        encoding=encoding,
    )
