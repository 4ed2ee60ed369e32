"""Scores become a probability that the answer is right, and the threshold below which it is not given.

The numbers were fitted by `rag.evaluation.fit` and lie beside the models, with what they were fitted on.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from index.errors import CiteqaError

FITTED = Path(__file__).parent / "models" / "sentence-reader.json"


@dataclass(frozen=True, slots=True)
class Confidence:
    """How places are ordered, and how sure the best one is.

    A place's score is `read_weight * read + coverage_weight * coverage + evidence_weight * evidence`: what the reader
    gave it, how many of the question's rare terms it holds, and how well its passage was retrieved. The confidence in
    the best place is the logistic function of `intercept + slope * read`.
    """

    read_weight: float
    coverage_weight: float
    evidence_weight: float
    intercept: float
    slope: float
    threshold: float

    def score(self, read: float, coverage: float, evidence: float) -> float:
        """What places of one question are ordered by."""
        return self.read_weight * read + self.coverage_weight * coverage + self.evidence_weight * evidence

    def probability(self, read: float) -> float:
        """The probability, between 0 and 1, that the best place is right."""
        x = self.intercept + self.slope * read
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def load(path: Path = FITTED) -> Confidence:
    """The fitted numbers.

    Raises:
        CiteqaError: if the file is missing or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["values"]
        return Confidence(**{name: float(value) for name, value in values.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CiteqaError(f"{path} cannot be used: {error}; reinstall citeqa, or fit it again") from error
