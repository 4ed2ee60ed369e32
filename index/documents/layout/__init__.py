"""The structure that the lines of a text show: tables, lists, headings, speakers' turns and block quotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.documents.layout.finding import text_structure
    from citeqa.index.documents.layout.markdown import markdown_structure
else:
    __getattr__ = public(__name__, {"finding": ["text_structure"], "markdown": ["markdown_structure"]})

__all__ = ["markdown_structure", "text_structure"]
