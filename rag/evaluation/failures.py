"""At which stage a question that failed was lost."""

from __future__ import annotations

from typing import Literal

FailureStage = Literal[
    "", "not retrieved", "retrieved, not read", "read, refused", "answered wrongly", "answered, though unanswerable"
]
MEANINGS: dict[FailureStage, str] = {
    "not retrieved": "no accepted answer is in the first ten passages that were found",
    "retrieved, not read": "it is in one of them, but among nothing that the reader proposed",
    "read, refused": "the reader proposed it, but the confidence was below the threshold",
    "answered wrongly": "the reader proposed it, but something else was preferred",
    "answered, though unanswerable": "the documents do not answer, and an answer was given",
}


def stage(*, answerable: bool, answered: bool, right: bool, retrieved: bool, read: bool) -> FailureStage:
    """Where a question was lost; "" if it was not.

    Args:
        right: the best answer is right, given or held back.
        retrieved: an accepted answer is in the evidence.
        read: the best answer or another one proposed is right.
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
