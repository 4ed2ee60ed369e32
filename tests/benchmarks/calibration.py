"""What `citeqa calibrate` is worth: calibrated on the questions at even positions, reported on those at odd ones.

    python tests/benchmarks/calibration.py QUESTIONS.jsonl INDEX

The index is made with `citeqa index`, is copied to the memory, and is not changed. Told are the log loss, the
calibration error in 15 bins, the Brier score, and what is answered, right and rightly refused at the threshold, before
and after; paired differences of the Brier score come with their 95 % interval (bootstrap over questions).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
from support.paths import MEMORY

from citeqa.api.calibrating import read_for
from citeqa.api.service import Service
from citeqa.rag.confidence import Confidence
from citeqa.rag.evaluation.calibration import Calibration, calibrate, figures_of, squared_errors
from citeqa.rag.evaluation.judged import Read
from citeqa.rag.evaluation.questions import load


def main() -> None:
    questions = load(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        index = Path(shutil.copytree(sys.argv[2], Path(folder) / "index"))
        with closing(Service.open(index, Path(folder) / "models")) as service:
            shipped = service.confidence.confidence
            rows = []
            for number, question in enumerate(questions):
                rows.append(read_for(service, question, shipped)[0])
                if number % 50 == 0:
                    print(f"{number} of {len(questions)} read", file=sys.stderr, flush=True)
    calibration = calibrate(rows[::2], shipped)
    print(f"on the even half, cross-validated: {asdict(calibration.before)} -> {asdict(calibration.after)}")
    told(calibration, shipped, rows[1::2])


def told(calibration: Calibration, shipped: Confidence, rows: Sequence[Read]) -> None:
    for name, one in (("before", shipped), ("after", calibration.confidence)):
        print(f"odd half, {name}: {asdict(figures_of(rows, one))}; {one}")
    less = squared_errors(rows, calibration.confidence) - squared_errors(rows, shipped)
    chance = np.random.default_rng(0)
    means = [float(less[chance.integers(0, len(less), len(less))].mean()) for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    print(f"Brier score, after less before: {less.mean():+.4f} [{low:+.4f}, {high:+.4f}]")


if __name__ == "__main__":
    main()
