"""Turns features into the probability that an answer is right, and holds the threshold below which no answer is given.

`rag.evaluation.fit` fitted the numbers for one reader. They are stored in the reader's folder, with a record of the
data they were fitted on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
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
    - `unknown_names`: how many names, codes and years of the question occur nowhere in the documents (see `rag.names`),
      at most MOST_NAMES.
    """

    margin: float
    coverage: float
    evidence_behind: float
    coverage_behind: float
    lead: float
    agreeing: float
    unknown_names: float = 0.0


LEAD = 6.0
MOST_NAMES = 2


@dataclass(frozen=True, slots=True)
class Logistic:
    """The logistic function of `intercept` plus the features weighted by `weights`: a probability."""

    intercept: float
    weights: Features

    def probability(self, features: Features) -> float:
        """Between 0 and 1."""
        x = self.intercept + sum(weight * feature for weight, feature in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


NEVER = Logistic(-math.inf, Features(*[0.0] * len(Features._fields)))


@dataclass(frozen=True, slots=True)
class Confidence:
    """Orders candidates, estimates their confidence, and holds the threshold for answering.

    `evidence_weight` is the weight of a passage's fused retrieval score, added to the margin when candidates are
    ordered. The confidence is the logistic function of `intercept` plus the features weighted by `weights`. `others` is
    the same for the second and third best different candidates, which are right less often than their features would
    make the best one.
    """

    evidence_weight: float
    intercept: float
    weights: Features
    threshold: float
    others: Logistic = NEVER

    def values(self) -> dict[str, Any]:
        """All numbers by their names, as `load` reads them."""
        others = {"intercept": self.others.intercept, "weights": self.others.weights._asdict()}
        return asdict(self) | {"weights": self.weights._asdict(), "others": others}

    def score(self, margin: float, evidence: float) -> float:
        """The score that orders the candidates of one question."""
        return margin + self.evidence_weight * evidence

    def probability(self, features: Features) -> float:
        """The probability, between 0 and 1, that the best candidate with these features is right."""
        return Logistic(self.intercept, self.weights).probability(features)


def load(path: Path = FITTED) -> tuple[Confidence, Mapping[str, Any]]:
    """The fitted numbers, and a record of what they were fitted on.

    Raises:
        CiteqaError: if the file is missing or has other contents.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CiteqaError(f"{path} cannot be used: {error}; reinstall citeqa, or fit the confidence again") from error


def parsed(text: str) -> tuple[Confidence, Mapping[str, Any]]:
    """The fitted numbers in JSON, and a record of what they were fitted on.

    Raises:
        ValueError: if it has other contents.
    """
    try:
        stored = json.loads(text)
        fitted_on = dict(stored["fitted_on"])
        fitted_on["reader"]["sha256"], fitted_on["reader"]["name"], fitted_on["index"].items()
        return confidence_of(stored["values"]), fitted_on
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def confidence_of(stored: Mapping[str, Any]) -> Confidence:
    """The confidence of what `values` gave. Raises ValueError, KeyError, TypeError or AttributeError if it is not."""
    values = dict(stored)
    weights, others = _weights(values.pop("weights")), dict(values.pop("others"))
    second = Logistic(float(others["intercept"]), _weights(others["weights"]))
    return Confidence(weights=weights, others=second, **{name: float(value) for name, value in values.items()})


def _weights(stored: Mapping[str, Any]) -> Features:
    """The weight of every feature, none left out."""
    if missing := set(Features._fields) - set(stored):
        raise ValueError(f"no weight for {', '.join(sorted(missing))}")
    return Features(**{name: float(value) for name, value in stored.items()})


def stale(fitted_on: Mapping[str, Any], reader: ReaderInfo, settings: Mapping[str, object]) -> list[str]:
    """The differences between what the numbers were fitted on and what is running; empty if there are none."""
    found = []
    if fitted_on["reader"]["sha256"] != reader.sha256:
        found.append(f"they were fitted for the reader {fitted_on['reader']['name']}, this one is {reader.name}")
    for name, value in fitted_on["index"].items():
        if settings.get(name) != value:
            found.append(f"{name} was {value!r} where they were fitted, here it is {settings.get(name)!r}")
    return found


@dataclass(frozen=True, slots=True)
class InForce:
    """The confidence that answers are given with, and where it comes from.

    Args:
        fitted_on: the record of what it was fitted on.
        calibrated: whether it was fitted to the documents at hand.
        unused: why a calibration that is kept is not used; None if it is, or if there is none.
        second: the calibrated confidence after a second look, with the digest of the reader that takes it; None if
            that was not calibrated.
    """

    confidence: Confidence
    fitted_on: Mapping[str, Any]
    calibrated: bool = False
    unused: str | None = None
    second: tuple[str, Confidence] | None = None


def in_force(path: Path, calibration: str | None, reader: ReaderInfo, settings: Mapping[str, object]) -> InForce:
    """The confidence for a reader over an index: the calibration that is kept with the index if it was made for this
    reader and these settings, else the one in the file.

    Raises:
        CiteqaError: if the file cannot be used.
    """
    shipped = InForce(*load(path))
    if calibration is None:
        return shipped
    try:
        confidence, fitted_on = parsed(calibration)
        differing = stale(fitted_on, reader, settings)
        second = _second(json.loads(calibration))
    except ValueError as error:
        differing = [f"it cannot be read: {error}"]
    if differing:
        return replace(shipped, unused="; ".join(differing))
    return InForce(confidence, fitted_on, calibrated=True, second=second)


def _second(stored: Mapping[str, Any]) -> tuple[str, Confidence] | None:
    """The calibrated confidence after a second look; None if that was not calibrated."""
    try:
        found = stored.get("second")
        return (str(found["sha256"]), confidence_of(found["values"])) if found else None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
