"""A calibration is kept with the index, followed by services that are running, shown, and undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from support.paths import QUESTIONS

from citeqa.api.calibrating import calibrate_index
from citeqa.api.evaluation.local import serving
from citeqa.api.live import LiveService
from citeqa.api.service import Service
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store
from citeqa.rag.answerer import Answerer
from citeqa.rag.confidence import FITTED, in_force
from citeqa.rag.confidence import load as load_confidence
from citeqa.rag.evaluation.calibration import LEAST
from citeqa.rag.evaluation.questions import load
from citeqa.rag.look import SecondLook
from citeqa.rag.options import AskOptions
from citeqa.rag.reader.lazy import LazyReader
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader

QUESTION = "How much aid did the US pledge to Cubans?"


@pytest.fixture
def folder(seeds_index: Path, tmp_path: Path) -> Path:
    shutil.copytree(seeds_index, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def live(folder: Path, models: Path) -> Iterator[LiveService]:
    with closing(LiveService(folder, models, cache=10)) as service:
        yield service


def made(live: LiveService, **reader: str) -> str:
    """A calibration by which hardly anything is answered."""
    stored = json.loads(FITTED.read_text(encoding="utf-8"))
    fitted_on = {"reader": asdict(live.now.answerer.reader) | reader, "index": dict(live.now.index.settings)}
    values = stored["values"] | {"threshold": 0.999}
    return json.dumps({"values": values, "fitted_on": fitted_on | {"questions": 40}})


def ready(live: LiveService) -> dict[str, object]:
    with serving(live.now) as client:
        found: dict[str, object] = client._http.get("/api/ready").raise_for_status().json()["confidence"]
    return found


def test_a_running_service_follows_a_calibration_and_its_end(live: LiveService, folder: Path, models: Path) -> None:
    before = ready(live)
    assert (before["fitted_to"], before["questions"]) == ("shipped", None)
    options = AskOptions()
    first, _ = live.now.ask(QUESTION, options)
    assert live.now.ask(QUESTION, options)[1]  # kept
    store = open_store(folder)
    store.calibrate(made(live))
    live.refresh()
    assert ready(live) == {"fitted_to": "documents", "threshold": 0.999, "questions": 40, "unused": None}
    after, kept = live.now.ask(QUESTION, options)
    assert (first.answered, after.answered, kept) == (True, False, False)
    with closing(Service.open(folder, models)) as again:  # a reopened index
        assert again.confidence.confidence.threshold == 0.999
    store.calibrate(None)
    live.refresh()
    assert ready(live) == before
    assert live.now.ask(QUESTION, options)[0].answered


def test_a_calibration_for_another_reader_is_not_used_and_that_is_said(live: LiveService, folder: Path) -> None:
    open_store(folder).calibrate(made(live, sha256="0" * 64))
    live.refresh()
    found = ready(live)
    assert found["fitted_to"] == "shipped"
    assert "reader" in str(found["unused"])
    open_store(folder).calibrate("{}")
    live.refresh()
    assert "cannot be read" in str(ready(live)["unused"])


def test_it_is_none_of_the_settings_that_must_match(live: LiveService, folder: Path) -> None:
    store = open_store(folder)
    settings = store.settings()
    store.calibrate(made(live))
    assert store.settings() == settings
    with closing(Index(folder)) as index:
        index.check(live.now.answerer.embedder.info)
        assert index.calibration


@pytest.mark.slow
def test_questions_calibrate_an_index_where_that_is_better(service: Service, folder: Path, tmp_path: Path) -> None:
    """A reader whose shipped confidence is much too low."""
    stored = json.loads(FITTED.read_text(encoding="utf-8"))
    stored["values"]["intercept"] -= 4
    file = tmp_path / "confidence.json"
    file.write_text(json.dumps(stored), encoding="utf-8")
    asked = [question for question in load(QUESTIONS) if question.split == "fit"][:30]
    found = calibrate_index(replace(service, confidence_file=file), open_store(folder), asked)
    assert found.kept
    assert found.calibration.after.log_loss < found.calibration.before.log_loss
    with closing(Index(folder)) as index:
        assert index.calibration
        kept = json.loads(index.calibration)
    assert kept["fitted_on"]["questions"] == 30
    assert kept["values"] == found.calibration.confidence.values()


@pytest.mark.slow
def test_the_second_look_is_calibrated_too(service: Service, folder: Path) -> None:
    """A second look whose shipped confidence is much too low, taken at every question."""
    shipped = load_confidence(FITTED)[0]
    low = replace(shipped, intercept=shipped.intercept - 4)
    look = SecondLook(LazyReader(SHIPPED), 0.5, 2, 1.1, low, {"first": {"sha256": service.answerer.reader.sha256}})
    answerer = Answerer(service.index, service.answerer.embedder, OnnxReader(SHIPPED), shipped, look)
    asked = [question for question in load(QUESTIONS) if question.split == "fit"][:LEAST]
    found = calibrate_index(replace(service, answerer=answerer), open_store(folder), asked)
    assert found.second
    assert found.second.kept
    assert found.kept
    with closing(Index(folder)) as index:
        kept = in_force(FITTED, index.calibration, answerer.reader, index.settings)
    assert kept.second == (look.reader.info.sha256, found.second.confidence)
    assert kept.confidence == (found.calibration.confidence if found.calibration.kept else shipped)
    deciding = answerer.deciding(kept.confidence, kept.second).second
    assert deciding
    assert deciding.judging == found.second.confidence
    assert deciding.calibrated_by(("0" * 64, low)).judging == deciding.calibrated_by(None).judging == low
