"""Training further, from files to a reader that runs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from support.training_sets import PEOPLE, training_files

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import packaged
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training import further
from citeqa.rag.training.competing import Competing
from citeqa.rag.training.further import Prepared, main, prepared, unasked
from citeqa.rag.training.model import as_torch
from citeqa.rag.training.sources import SQUAD, choose_aside, divided, sources
from citeqa.rag.training.train import TrainingSettings


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two sets, and a list of what is kept aside of them."""
    found = training_files(tmp_path)
    (tmp_path / "aside.json").write_text(json.dumps(choose_aside(sources(*found))))
    monkeypatch.setattr(further, "divided", partial(divided, path=tmp_path / "aside.json"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "compile", lambda model, **options: model)
    return found


def made(files: tuple[Path, Path], embedder: Embedder, seed: int) -> Prepared:
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    return prepared(sources(*files), [], 200, 0.4, chunker, seed)


def test_nothing_that_is_kept_aside_is_learned(files: tuple[Path, Path], embedder: Embedder) -> None:
    found = made(files, embedder, 1)
    people = [
        {person for person in PEOPLE for one in part for passage in one.seen if person in passage.text}
        for part in found
    ]
    assert not people[0] & people[1]
    assert people[0] | people[1] == set(PEOPLE)
    assert {one.set for one in found.aside} == {SQUAD, "fairytaleqa"}  # the only table is kept aside: none to compare
    other = made(files, embedder, 2)
    assert other.aside == found.aside
    assert other.learned != found.learned


def test_documents_that_a_question_lists_are_left_out(tmp_path: Path) -> None:
    rows = [{"id": name, "title": name, "text": f"About {name}."} for name in ("a", "b", "c")]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "questions.jsonl").write_text('{"documents": ["b"]}\n{"documents": []}\n{"documents": ["c", "x"]}\n')
    assert [d.id for d in unasked([tmp_path / "corpus.jsonl"], tmp_path / "questions.jsonl")] == ["a"]
    assert len(unasked([tmp_path / "corpus.jsonl"], None)) == 3
    assert unasked([], None) == []


def test_fewer_items_than_a_batch_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["further", "squad.json", "extra", "--items", "15"])
    with pytest.raises(SystemExit):
        main()
    assert "--items is 15; needed at least 16" in capsys.readouterr().err


@pytest.mark.slow
def test_what_competes_is_learned(files: tuple[Path, Path], embedder: Embedder, tmp_path: Path) -> None:
    items, aside = made(files, embedder, 1)
    encoder = Encoder(packaged() / TOKENIZER, further.MAX_TOKENS)
    learned = Competing.of(items, encoder)
    model = as_torch(SHIPPED)
    every = range(len(learned))
    before = float(learned.error(model, every, "cpu").detach())
    settings = TrainingSettings(8 * 12, batch=8, peak=2e-4, decay=0.95, dropout=0.0)
    further.further(model, learned, aside, encoder, settings, tmp_path / "work")
    assert float(learned.error(model, every, "cpu").detach()) < before / 2
    rows = [json.loads(line) for line in (tmp_path / "work" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "among" in row] == [4, 8, 12]


@pytest.mark.slow
def test_from_files_to_a_reader_that_runs_and_a_card(
    files: tuple[Path, Path], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(further, "CALIBRATION", 1)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "models").symlink_to(models)
    output = tmp_path / "reader"
    arguments = ["--items", "16", "--work", str(tmp_path / "work"), "--output", str(output)]
    monkeypatch.setattr("sys.argv", ["further", *map(str, files), *arguments])
    main()
    reader = OnnxReader(output)
    (spans,) = reader.read("Who opened the harbour bridge?", ["It was opened in 1987 by Ingrid Solheim."], ["News"])
    assert spans
    assert reader.info.name == OnnxReader(SHIPPED).info.name
    started = json.loads((SHIPPED / "training.json").read_text())
    about = json.loads((output / "training.json").read_text())
    assert about["trainings"] == started["trainings"]
    assert about["further"][:-1] == started.get("further", [])
    assert about["further"][-1]["windows"] == 16
    card = (output / "CARD.md").read_text()
    assert "Further training" in card
    assert "FairytaleQA" in card
    assert (output / "model.onnx").stat().st_size < 25e6
