"""Training the second reader: the order of its batches, what it is taught, and the way from files to a reader."""

from __future__ import annotations

import json
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.training_sets import training_files
from tokenizers import AddedToken, Tokenizer
from transformers import MPNetConfig, MPNetForQuestionAnswering

from citeqa.index.atomic import sha256
from citeqa.index.embedding.quantization import restored
from citeqa.index.embedding.runtime import MODEL, TOKENIZER
from citeqa.index.types import Span
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import ReaderError
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training import further, second
from citeqa.rag.training.competing import Competing
from citeqa.rag.training.items import Item, Seen
from citeqa.rag.training.second import KEPT, LEAST, MOST, Base, Order, main, taught, write_tokenizer
from citeqa.rag.training.sources import choose_aside, divided, sources
from citeqa.rag.training.train import TrainingSettings

TEXT = "The ferry leaves the harbour at noon, and Ostrava 🦊 is far."


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder of the second reader's kind, with the words of the shipped one."""
    folder = tmp_path_factory.mktemp("encoder")
    words = Tokenizer.from_file(str(SHIPPED / TOKENIZER))
    words.add_special_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    words.save(str(folder / TOKENIZER))
    size = words.get_vocab_size()
    config = MPNetConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32
    )
    torch.manual_seed(1)
    MPNetForQuestionAnswering(config).save_pretrained(str(folder))
    return folder


@pytest.fixture
def encoder(encoder_folder: Path, tmp_path: Path) -> Encoder:
    write_tokenizer(encoder_folder, tmp_path / TOKENIZER)
    return Encoder(tmp_path / TOKENIZER, 64)


def items(count: int) -> list[Item]:
    right = Span(TEXT.index("noon"), TEXT.index("noon") + 4)
    return [
        Item(str(number), "a set", f"When does ferry {number} leave Ostrava?", (Seen("News", TEXT, (right,)),) * 2)
        for number in range(count)
    ]


def test_what_is_taught_comes_first_and_once(encoder: Encoder) -> None:
    learned = Competing.of(items(160), encoder)
    order = Order(learned, 64, TrainingSettings(160, batch=4))
    seen, weights = [], []
    for chosen in islice(order, 40):
        seen.append(sorted(chosen))
        weights.append(order.weight)
    assert sorted(one for some in seen[:16] for one in some) == list(range(64))
    assert {one >= 64 for some in seen[16:] for one in some} == {True}
    falling = [MOST + (LEAST - MOST) * step / 16 for step in range(16)]
    assert weights == pytest.approx([*falling, *[0.0] * 24])


def test_the_targets_are_the_teachers_scores_of_the_same_tokens(
    encoder: Encoder, reader: OnnxReader, tmp_path: Path
) -> None:
    learned = Competing.of(items(3), encoder)
    ours, theirs = (Tokenizer.from_file(str(folder / TOKENIZER)) for folder in (tmp_path, SHIPPED))
    soft = taught(learned.windows, ours, reader, theirs, range(4))
    assert soft.soft is not None
    plain = Encoder(SHIPPED / TOKENIZER, 64)
    for row in range(4):
        window = plain.encode(f"When does ferry {row // 2} leave Ostrava?", "News", TEXT)[0]
        place = slice(soft.bounds[row], soft.bounds[row + 1])
        second_separator = int(soft.passages[row]) - 1
        for side, scores in enumerate(reader.scores([window.feed])[0]):
            raised = np.exp(scores - scores.max())
            found = soft.soft[side, place]
            assert found[second_separator] == 0
            assert np.delete(found, second_separator) == pytest.approx(raised / raised.sum(), abs=2e-3)
    assert not soft.soft[:, soft.bounds[4] :].any()


def test_other_weights_are_refused(encoder_folder: Path) -> None:
    with pytest.raises(ValueError, match="needed 78c0197b"):
        Base(encoder_folder)


@pytest.mark.slow
def test_from_files_to_a_second_reader(encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = training_files(tmp_path)
    (tmp_path / "aside.json").write_text(json.dumps(choose_aside(sources(*files))))
    monkeypatch.setattr(further, "divided", partial(divided, path=tmp_path / "aside.json"))
    monkeypatch.setattr(second, "ENCODER_SHA256", sha256(encoder_folder / "model.safetensors"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "compile", lambda model, **options: model)
    output, work = tmp_path / "second", tmp_path / "work"
    arguments = [encoder_folder, *files, "--items", "24", "--taught", "8", "--layers", "2"]
    monkeypatch.setattr("sys.argv", ["second", *map(str, arguments), "--work", str(work), "--output", str(output)])
    main()
    made = OnnxReader(output)
    assert made.info.precision == "int8"
    assert made.read("When?", [TEXT], [""])[0]
    about = json.loads((output / "training.json").read_text())
    assert (about["layers"], about["windows"], about["taught"]) == (2, 24, 8)
    assert f"{about['read']} windows" in (output / "CARD.md").read_text()
    trained = torch.load(work / "second" / "last.pt", weights_only=True)["model"]
    before = load_file(encoder_folder / "model.safetensors")
    words = "mpnet.embeddings.word_embeddings.weight"
    assert torch.equal(trained[f"reader.{words}"], before[words])  # stays as it was
    changed = "mpnet.encoder.layer.0.attention.attn.q.weight"
    assert not torch.equal(trained[f"reader.{changed}"], before[changed])

    again = tmp_path / "again"
    more = ["--start", output, "--seed", "5", "--peak", "1e-12", "--work", tmp_path / "further", "--output", again]
    monkeypatch.setattr("sys.argv", ["second", *map(str, [*arguments, *more])])
    main()
    first, later = (restored(folder / MODEL) for folder in (output, again))
    assert later.keys() == first.keys()
    for name, weights in first.items():  # it began there, and such a rate changes nothing
        assert later[name] == pytest.approx(weights, abs=0.02), name
    told = json.loads((again / "training.json").read_text())
    assert [(step["windows"], step["seed"]) for step in told["further"]] == [(24, 5)]
    assert {name: told[name] for name in ("layers", "taught", "windows")} == {"layers": 2, "taught": 8, "windows": 24}
    assert "learned further: 24 questions" in (again / "CARD.md").read_text()


def test_targets_fade_where_an_earlier_reader_learns_further(encoder: Encoder) -> None:
    order = Order(Competing.of(items(160), encoder), 64, TrainingSettings(160, batch=4), further=True)
    weights = [order.weight for _ in islice(order, 41)]
    assert weights == pytest.approx([*(KEPT * (1 - step / 40) for step in range(40)), 0.0])


def test_a_reader_of_another_form_is_no_start(encoder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "ENCODER_SHA256", sha256(encoder_folder / "model.safetensors"))
    with pytest.raises(ReaderError, match="no reader of this form"):
        Base(encoder_folder, 2).start_from(SHIPPED)
