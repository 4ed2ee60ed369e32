"""A new kind of reader is one line in the list of kinds, and it may bring a confidence of its own."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from support.readers import ScriptedReader

from citeqa.api.service import Service
from citeqa.rag import confidence
from citeqa.rag.reader import loading
from citeqa.rag.reader.protocol import Reader

QUESTION = "How much aid did the US pledge?"


class Toy(ScriptedReader):
    """Finds the words that its name holds."""

    def __init__(self, name: str, fitted: Path | None) -> None:
        super().__init__({name: 3.0})
        self._fitted = fitted

    @property
    def confidence_file(self) -> Path | None:  # type: ignore[override]
        return self._fitted


def kind(fitted: Path | None) -> loading.Kind:
    def open_toy(model: str | None, cache: Path) -> Reader:
        return Toy((model or "").removeprefix("toy:"), fitted)

    return loading.Kind(lambda model: model is not None and model.startswith("toy:"), open_toy)


def test_a_kind_that_takes_the_name_opens_it(
    monkeypatch: pytest.MonkeyPatch, seeds_index: Path, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "KINDS", (kind(None), *loading.KINDS))
    with closing(Service.open(seeds_index, models, "toy:$9 million")) as service:
        answer = service.answerer.ask(QUESTION).answer
    assert answer
    assert answer.text == "$9 million"
    assert "they were fitted for the reader" in caplog.text


def test_a_reader_is_as_sure_as_the_confidence_that_it_brings(
    monkeypatch: pytest.MonkeyPatch, seeds_index: Path, models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = json.loads(confidence.FITTED.read_text())
    stored["values"]["threshold"] = 1.0
    stored["fitted_on"]["reader"] = {"name": "scripted", "sha256": "0" * 64, "precision": "fp32"}
    fitted = tmp_path / "confidence.json"
    fitted.write_text(json.dumps(stored))
    monkeypatch.setattr(loading, "KINDS", (kind(fitted), *loading.KINDS))
    with closing(Service.open(seeds_index, models, "toy:$9 million")) as service:
        reason = service.answerer.ask(QUESTION).reason
    assert reason
    assert reason.threshold == 1.0
    assert "fitted for the reader" not in caplog.text
