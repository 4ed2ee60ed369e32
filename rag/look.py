"""The second look: where the first reader is not sure, a larger one reads the passages of the best candidates again.

Both margins of a span count, with fitted weights; so does what follows from them: the order of the candidates, the
confidence and its threshold are fitted for each look. `rag.evaluation.fit_look` fits the numbers; they lie beside the
weights of the second reader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from citeqa.index.errors import CiteqaError
from citeqa.index.protocols import SearchIndex
from citeqa.rag.candidates import Candidate, read_spans
from citeqa.rag.confidence import Confidence, confidence_of
from citeqa.rag.reader.lazy import LazyReader
from citeqa.rag.reader.protocol import Reader, ReaderInfo
from citeqa.rag.types import Evidence, ScoredSpan

SECOND = Path(__file__).parent / "models" / "second"
FITTED = "look.json"  # in the second reader's folder


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A second reader, and when and how it is asked.

    Args:
        weight: of its margin, between 0 and 1; the first reader's margin has the rest.
        passages: how many passages it reads at most.
        below: it is asked where the first look's confidence is lower than this.
        confidence: what orders and judges candidates after the second look, as shipped.
        fitted_on: the record of what all this was fitted on; `first` identifies the first reader.
        calibrated: the confidence that was calibrated to the documents at hand; None if it was not.
    """

    reader: Reader
    weight: float
    passages: int
    below: float
    confidence: Confidence
    fitted_on: Mapping[str, Any]
    calibrated: Confidence | None = None

    @property
    def judging(self) -> Confidence:
        """What orders and judges candidates after the second look: calibrated to the documents, or as shipped."""
        return self.calibrated or self.confidence

    def calibrated_by(self, found: tuple[str, Confidence] | None) -> SecondLook:
        """The same with a calibrated confidence, if that was made with this reader (see `confidence.InForce`)."""
        return replace(self, calibrated=found[1] if found and found[0] == self.reader.info.sha256 else None)

    def fits(self, first: ReaderInfo) -> bool:
        """Whether it was fitted to look again after this reader."""
        return bool(self.fitted_on["first"]["sha256"] == first.sha256)

    def again(
        self,
        question: str,
        candidates: Sequence[Candidate],
        evidence: Sequence[Evidence],
        read: Sequence[Sequence[ScoredSpan]],
        index: SearchIndex,
    ) -> list[list[ScoredSpan]]:
        """What both readers find in each passage of the evidence, given what the first one has `read`."""
        chosen = passages_of(candidates, evidence, self.passages)
        found = read_spans(question, [evidence[number] for number in chosen], self.reader, index)
        second = dict(zip(chosen, found, strict=True))
        return [
            merged(spans, second[number], self.weight) if number in second else list(spans)
            for number, spans in enumerate(read)
        ]


def passages_of(candidates: Sequence[Candidate], evidence: Sequence[Evidence], most: int) -> list[int]:
    """The numbers of up to `most` passages that hold the best candidates, which are given best first."""
    chosen: list[int] = []
    for one in candidates:
        holding = [
            number
            for number, item in enumerate(evidence)
            if item.passage.document_id == one.document_id and item.passage.span.contains(one.span)
        ]
        if holding and not set(holding) & set(chosen):
            chosen.append(holding[0])
        if len(chosen) == most:
            break
    return chosen


def merged(first: Sequence[ScoredSpan], second: Sequence[ScoredSpan], weight: float) -> list[ScoredSpan]:
    """The spans of one passage that either reader found, best first, with the weighted mean of their margins. A reader
    that did not give a span is taken to have given it its lowest margin."""
    if not first or not second:
        return list(first or second)
    ours, theirs = ({one.span: one.score for one in spans} for spans in (first, second))
    low, lowest = min(ours.values()), min(theirs.values())
    found = [
        ScoredSpan(span, (1 - weight) * ours.get(span, low) + weight * theirs.get(span, lowest))
        for span in dict.fromkeys([*ours, *theirs])
    ]
    return sorted(found, key=lambda one: (-one.score, one.span))


def load_look(first: ReaderInfo, folder: Path = SECOND) -> SecondLook | None:
    """The second look that was fitted for a reader; None if there is none. Its reader is opened when it is first asked.

    Raises:
        CiteqaError: if the files cannot be used.
    """
    path = folder / FITTED
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        look = SecondLook(
            LazyReader(folder),
            float(stored["weight"]),
            int(stored["passages"]),
            float(stored["below"]),
            confidence_of(stored["values"]),
            dict(stored["fitted_on"]),
        )
        fits = look.fits(first)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CiteqaError(f"{path} cannot be used: {type(error).__name__}: {error}; reinstall citeqa") from error
    return look if fits else None
