"""Turns features into the probability that an answer is right, and holds the threshold below which no answer is given.

`rag.evaluation.fit` fitted the numbers for one reader. They are stored in the reader's folder, with a record of the
data they were fitted on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from citeqa.index.errors import CiteqaError
from citeqa.rag.reader.protocol import ReaderInfo

FITTED = Path(__file__).parent / "models" / "reader" / "confidence.json"


class Features(NamedTuple):
    """What speaks for a candidate as the answer.

    - `margin`: the reader's.
    - `coverage`: the idf-weighted share of the question's terms that occur in the passage or its heading (0 to 1).
    - `evidence_behind`, `coverage_behind`: how far the passage's fused retrieval score and its coverage are below the
      highest of all passages read (0 or more). An answer from a passage that fits the question less well is seldom
      right.
    - `lead`: how far its margin is above that of the best different answer, clipped to ±LEAD.
    - `agreeing`: how many other passages read have the same answer as their own best (0 or more).
    """

    margin: float
    coverage: float
    evidence_behind: float
    coverage_behind: float
    lead: float
    agreeing: float


LEAD = 6.0


@dataclass(frozen=True, slots=True)
class Confidence:
    """Orders candidates, estimates their confidence, and holds the threshold for answering.

    `evidence_weight` is the weight of a passage's fused retrieval score, added to the margin when candidates are
    ordered. The confidence is the logistic function of `intercept` plus the features weighted by `weights`.
    """

    evidence_weight: float
    intercept: float
    weights: Features
    threshold: float

    def score(self, margin: float, evidence: float) -> float:
        """The score that orders the candidates of one question."""
        return margin + self.evidence_weight * evidence

    def probability(self, features: Features) -> float:
        """The probability, between 0 and 1, that a candidate with these features is right."""
        x = self.intercept + sum(weight * feature for weight, feature in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def load(path: Path = FITTED) -> tuple[Confidence, Mapping[str, Any]]:
    """The fitted numbers, and a record of what they were fitted on.

    Raises:
        CiteqaError: if the file is missing or has other contents.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        values = dict(stored["values"])
        weights = Features(**{name: float(value) for name, value in values.pop("weights").items()})
        numbers = {name: float(value) for name, value in values.items()}
        fitted_on = dict(stored["fitted_on"])
        fitted_on["reader"]["sha256"], fitted_on["reader"]["name"], fitted_on["index"].items()
        return Confidence(weights=weights, **numbers), fitted_on
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CiteqaError(f"{path} cannot be used: {error}; reinstall citeqa, or fit the confidence again") from error


def stale(fitted_on: Mapping[str, Any], reader: ReaderInfo, settings: Mapping[str, object]) -> list[str]:
    """The differences between what the numbers were fitted on and what is running; empty if there are none."""
    found = []
    if fitted_on["reader"]["sha256"] != reader.sha256:
        found.append(f"they were fitted for the reader {fitted_on['reader']['name']}, this one is {reader.name}")
    for name, value in fitted_on["index"].items():
        if settings.get(name) != value:
            found.append(f"{name} was {value!r} where they were fitted, here it is {settings.get(name)!r}")
    return found
