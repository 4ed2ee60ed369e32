"""The numbers that ship are the ones the fit gives today; questions kept for the report have no part in them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from index.store import Index
from rag.confidence import FITTED, load
from rag.evaluation import fit

QUESTIONS = Path(__file__).resolve().with_name("questions.jsonl")
SHIPPED = json.loads(FITTED.read_text(encoding="utf-8"))


def test_fitting_again_gives_what_ships_and_never_looks_at_the_report_half(
    tmp_path: Path, seeds_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every question of the report half is replaced by nonsense first, which would change the fit if it were read."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        if row["split"] != "fit":
            row |= {"question": "Nonsense about Cuba?", "answers": ["the"], "answerable": True}
            row["documents"] = ["002_73ec0a3e5fd5a0e3"]
            row["spans"] = [{"document_id": "002_73ec0a3e5fd5a0e3", "start": 1000, "end": 1001}]
    questions, output = tmp_path / "questions.jsonl", tmp_path / "fitted.json"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = [str(questions), "--index", str(seeds_index), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["fit", *arguments])
    fit.main()
    assert asdict(load(output)) == pytest.approx(asdict(load()), abs=1e-2)
    assert json.loads(output.read_text())["fitted_on"]["questions"] == SHIPPED["fitted_on"]["questions"] == 144


def test_the_shipped_numbers_were_fitted_on_this_question_set_and_these_settings(seeds: Index) -> None:
    assert SHIPPED["fitted_on"]["questions_sha256"] == sha256(QUESTIONS.read_bytes()).hexdigest()
    assert SHIPPED["fitted_on"]["index"] == seeds.manifest.settings


def test_the_weights_by_hand() -> None:
    """Two places that differ in one feature: the loss is `p w² + ln(1 + e^-w)`, least where `2 p w = 1 / (1 + e^w)`."""
    features = np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.5]])
    weights = fit._fit_weights([(features, np.array([True, False]))])
    w = float(weights[0])
    assert 2 * fit.PENALTY * w == pytest.approx(1 / (1 + np.exp(w)), abs=1e-4)
    assert weights[1:] == pytest.approx([0, 0], abs=1e-3)
