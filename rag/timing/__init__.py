"""Times in a question: what they mean, and how they filter and reorder the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.timing.expressions import Timing, find_times
    from citeqa.rag.timing.recency import TimingPlan, plan_times, reorder_by_dates
else:
    __getattr__ = public(
        __name__, {"expressions": ["Timing", "find_times"], "recency": ["TimingPlan", "plan_times", "reorder_by_dates"]}
    )

__all__ = ["Timing", "TimingPlan", "find_times", "plan_times", "reorder_by_dates"]
