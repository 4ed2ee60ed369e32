"""Calibrates an index: reads what a service finds for questions, fits the confidence, and keeps it with the index."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from citeqa.api.service import Service
from citeqa.index.protocols import Store
from citeqa.rag import confidence
from citeqa.rag.answerer import READ
from citeqa.rag.confidence import Confidence
from citeqa.rag.evaluation.calibration import LEAST, Calibration, calibrate
from citeqa.rag.evaluation.judged import Read
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.names import unknown_names
from citeqa.rag.options import AskOptions, Look


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What calibrating came to. `shipped` is the confidence before it; `second` and `shipped_second` are those of the
    second look, None where there is none or too few questions are looked at again."""

    calibration: Calibration
    shipped: Confidence
    second: Calibration | None = None
    shipped_second: Confidence | None = None

    @property
    def kept(self) -> bool:
        """Whether the index answers by it from now on."""
        return self.calibration.kept or bool(self.second and self.second.kept)

    def values(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        first = self.calibration.record() | {"kept": self.kept, "values": self.calibration.confidence.values()}
        if self.second is None:
            return first
        return first | {"second": self.second.record() | {"values": self.second.confidence.values()}}


def calibrate_index(
    service: Service, store: Store, questions: Sequence[Question], progress: Callable[[], None] = lambda: None
) -> Calibrated:
    """Fit the confidence to an index, that of the second look too if it is taken. What is better than the shipped one
    on questions that took no part in it is kept, and so followed by every service over the index; a calibration from
    before then goes.

    Raises:
        ValueError: if the questions are too few, or nothing can be fitted to them.
    """
    if len(questions) < LEAST:
        raise ValueError(f"{len(questions)} questions; at least {LEAST} are needed")
    shipped, _ = confidence.load(service.confidence_file)
    rows, again = [], []
    for question in questions:
        first, second = read_for(service, question, shipped)
        rows.append(first)
        again += [second] if second else []
        progress()
    found = Calibrated(calibrate(rows, shipped), shipped)
    look = service.answerer.second
    if look and len(again) >= LEAST and len({row.right[:1].any() for row in again}) == 2:
        found = replace(found, second=calibrate(again, look.confidence), shipped_second=look.confidence)
    if found.kept:
        store.calibrate(_stored(found, service))
    return found


def read_for(service: Service, question: Question, shipped: Confidence) -> tuple[Read, Read | None]:
    """What is read for a question when it is asked: at the first look, and at the second if there is one."""
    answerer = service.answerer.deciding(shipped)
    passages, _ = answerer.search(question.question, AskOptions(k=READ, today=question.asked_on))
    evidence = [one.evidence for one in passages]
    unknown = unknown_names(question.question, service.index)

    def read(look: Look) -> tuple[Read, Confidence]:
        candidates, confidence = answerer.looked(question.question, evidence, unknown, look)
        return Read.of(question, candidates, len(unknown.names)), confidence

    first, _ = read("once")
    if service.answerer.look == "once":
        return first, None
    second, confidence = read("twice")
    return first, None if confidence is shipped else second


def _stored(found: Calibrated, service: Service) -> str:
    """What is kept: the shipped numbers stay where new ones are no better."""
    reader = asdict(service.answerer.reader)
    made = {"date": datetime.now(UTC).date().isoformat(), "reader": reader, "index": dict(service.index.settings)}
    confidence = found.calibration.confidence if found.calibration.kept else found.shipped
    stored = {"values": confidence.values(), "fitted_on": made | found.calibration.record()}
    look = service.answerer.second
    if look and found.second and found.second.kept:
        stored["second"] = {"values": found.second.confidence.values(), "sha256": look.reader.info.sha256}
    return json.dumps(stored)
