"""Scores become a probability that the answer is right, and the threshold below which it is not given.

The numbers were fitted by `rag.evaluation.fit` for one reader. They lie in its folder, with what they were fitted on.
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

    `margin` is the reader's; `coverage` the share of the question's terms, weighted by idf, that its passage or heading
    holds (0 to 1); `evidence_behind` and `coverage_behind` how much less the passage's fused retrieval score and its
    coverage are than the highest of all passages read (0 and up): an answer from elsewhere than where the question
    leads is seldom right; `lead` how much its margin exceeds that of the best other answer, cut to ±LEAD; `agreeing`
    how many of the passages read have the same answer as their own best, less one (0 and up).
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
    """How candidates are ordered, how sure one is, and from where on it is given.

    `evidence_weight` says what the fused retrieval score of a passage counts beside the margin when candidates are
    ordered. The confidence is the logistic function of `intercept` and the `weights` of the signs.
    """

    evidence_weight: float
    intercept: float
    weights: Features
    threshold: float

    def score(self, margin: float, evidence: float) -> float:
        """What candidates of one question are ordered by."""
        return margin + self.evidence_weight * evidence

    def probability(self, features: Features) -> float:
        """The probability, between 0 and 1, that a candidate with these features is right."""
        x = self.intercept + sum(weight * feature for weight, feature in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def load(path: Path = FITTED) -> tuple[Confidence, Mapping[str, Any]]:
    """The fitted numbers, and what they were fitted on.

    Raises:
        CiteqaError: if the file is missing or holds something else.
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
        raise CiteqaError(f"{path} cannot be used: {error}; reinstall citeqa, or fit it again") from error


def stale(fitted_on: Mapping[str, Any], reader: ReaderInfo, settings: Mapping[str, object]) -> list[str]:
    """What differs between what the numbers were fitted on and what runs; empty if they belong together."""
    found = []
    if fitted_on["reader"]["sha256"] != reader.sha256:
        found.append(f"they were fitted for the reader {fitted_on['reader']['name']}, this one is {reader.name}")
    for name, value in fitted_on["index"].items():
        if settings.get(name) != value:
            found.append(f"{name} was {value!r} where they were fitted, here it is {settings.get(name)!r}")
    return found
