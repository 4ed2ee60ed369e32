"""Manuscripts: whether the words that a text puts in quotation marks stand so in the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.manuscript.checking import CheckedQuotation, Checker, QuotationStatus
    from citeqa.rag.manuscript.quotations import Quotation, quotations_in
else:
    __getattr__ = public(
        __name__,
        {
            "checking": ["CheckedQuotation", "Checker", "QuotationStatus"],
            "quotations": ["Quotation", "quotations_in"],
        },
    )

__all__ = ["CheckedQuotation", "Checker", "Quotation", "QuotationStatus", "quotations_in"]
