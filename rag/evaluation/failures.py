"""The stage at which a question failed."""

from __future__ import annotations

from typing import Literal

FailureStage = Literal[
    "", "not retrieved", "retrieved, not read", "read, refused", "answered wrongly", "answered, though unanswerable"
]
MEANINGS: dict[FailureStage, str] = {
    "not retrieved": "no accepted answer is in the first ten passages found",
    "retrieved, not read": "one of them contains it, but the reader did not propose it",
    "read, refused": "the reader proposed it, but the confidence was below the threshold",
    "answered wrongly": "the reader proposed it, but another answer ranked higher",
    "answered, though unanswerable": "the documents do not answer the question, but an answer was given",
}


def stage(*, answerable: bool, answered: bool, right: bool, retrieved: bool, read: bool) -> FailureStage:
    """The stage at which a question failed; "" if it did not.

    Args:
        right: whether the best answer is right, given or held back.
        retrieved: whether an accepted answer is in the evidence.
        read: whether the best answer or another candidate is right.
    """
    if not answerable:
        return "answered, though unanswerable" if answered else ""
    if answered and right:
        return ""
    if right or (read and not answered):
        return "read, refused"
    if read:
        return "answered wrongly"
    return "retrieved, not read" if retrieved else "not retrieved"
