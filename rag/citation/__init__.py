"""Citations: what they quote, and whether they still hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.citation.citing import Citer
    from citeqa.rag.citation.verification import Claim, Verdict, verify
else:
    __getattr__ = public(__name__, {"citing": ["Citer"], "verification": ["Claim", "Verdict", "verify"]})

__all__ = ["Citer", "Claim", "Verdict", "verify"]
