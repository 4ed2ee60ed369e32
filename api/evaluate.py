"""Measure a service as its users meet it: over HTTP."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.local import serving
from api.service import Service, versions
from rag import confidence
from rag.evaluation.questions import Question
from rag.evaluation.report import record
from rag.evaluation.run import run


def evaluate(
    service: Service, path: Path, questions: Sequence[Question], progress: Callable[[], None]
) -> dict[str, Any]:
    """Ask every question and give the record of the run, ready for JSON."""
    with serving(service) as client:
        rows = run(questions, client, progress)
    manifest, (fitted, _) = service.index.manifest, confidence.load()
    about = {
        "what": f"Answers over HTTP: {path.resolve().parent.name}/{path.name}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "versions": {"python": platform.python_version(), **versions()},
        "questions": {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "count": len(rows)},
        "index": {"documents": manifest.documents, "passages": manifest.passages, **service.index.settings},
        "confidence": asdict(fitted) | {"weights": fitted.weights._asdict()},
    }
    return record(rows, about)
