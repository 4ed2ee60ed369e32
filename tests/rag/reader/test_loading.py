"""Named readers: exported once, read as torch would, made again when damaged, and refused by name when they cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.paths import ROOT

from citeqa.api.service import Service
from citeqa.index.atomic import sha256
from citeqa.index.embedding.runtime import MODEL, TOKENIZER
from citeqa.index.embedding.weights import packaged
from citeqa.index.types import Span
from citeqa.rag.options import AskOptions
from citeqa.rag.reader import export as reader_export
from citeqa.rag.reader.loading import load_reader
from citeqa.rag.reader.onnx_reader import DESCRIPTION, SPANS, OnnxReader
from citeqa.rag.reader.protocol import Reader, ReaderError
from citeqa.rag.reader.spans import best_spans
from citeqa.rag.reader.windows import Encoder

QUESTION = "Who opened the harbour bridge, and when?"
TEXTS = [
    "The harbour bridge was opened on 4 May 1987 by the mayor, Ingrid Solheim.",
    "It cost 9 million crowns. " * 30,
    "👍🏽 Ünïcode — “yes”!",
    "no",
    "",
]
HEADINGS = ["Harbour news", "", "News", "", "Harbour"]
POSITIONS = 64  # so few that the second text needs windows


def save_bert(folder: Path, *, answers: bool = True) -> Path:
    """A random BERT of one narrow layer with the packaged tokenizer; a bare encoder if it does not answer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering, BertModel

    torch.manual_seed(11)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
    )
    model = (BertForQuestionAnswering if answers else BertModel)(config)
    livelier(model)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(packaged())).save_pretrained(folder)
    return folder


def save_roberta(folder: Path) -> Path:
    """A random RoBERTa, which takes no token types, whose positions begin behind the padding token's, with a byte-level
    tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForQuestionAnswering

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [QUESTION, *TEXTS], BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(11)
    config = RobertaConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS + 2,
    )
    model = RobertaForQuestionAnswering(config)
    livelier(model)
    model.save_pretrained(folder)
    return folder


def livelier(model: Any) -> None:
    """Larger random weights, so that scores differ by more than rounding."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("saved")
    return {"bert": save_bert(folder / "bert"), "roberta": save_roberta(folder / "roberta")}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """Where readers are exported to; the embedder is there already."""
    return shutil.copytree(models, tmp_path_factory.mktemp("cache") / "models")


@pytest.fixture(scope="module", params=["bert", "roberta"])
def named(request: pytest.FixtureRequest, saved: dict[str, Path], cache: Path) -> tuple[Path, Reader]:
    """A named model, and the reader it became."""
    folder = saved[request.param]
    return folder, load_reader(str(folder), cache)


def read_by_torch(folder: Path, question: str, text: str, heading: str) -> dict[Span, float]:
    """Every span that the original model would give in some window, with its margin."""
    import torch
    from transformers import AutoModelForQuestionAnswering

    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    found: dict[Span, float] = {}
    for window in Encoder(folder / TOKENIZER, POSITIONS).encode(question, heading, text):
        given = {"input_ids": torch.tensor([window.ids])}
        if folder.name == "bert":
            given["token_type_ids"] = torch.tensor([window.types])
        with torch.inference_mode():
            logits = model(**given)
        start, end = logits.start_logits[0].numpy(), logits.end_logits[0].numpy()
        for span, margin in best_spans(text, window, start, end, SPANS):
            found[span] = max(margin, found.get(span, margin))
    return found


@pytest.mark.slow
def test_an_exported_model_reads_as_torch_does(named: tuple[Path, Reader]) -> None:
    folder, reader = named
    assert (reader.info.name, reader.info.precision) == (str(folder), "fp32")
    for text, heading, found in zip(TEXTS, HEADINGS, reader.read(QUESTION, TEXTS, HEADINGS), strict=True):
        wanted = read_by_torch(folder, QUESTION, text, heading)
        assert [one.score for one in found] == pytest.approx(sorted(wanted.values(), reverse=True)[:SPANS], abs=1e-3)
        assert [one.score for one in found] == pytest.approx([wanted[one.span] for one in found], abs=1e-3)
        assert bool(found) == bool(text)
    assert reader.read("when " * 300, TEXTS[1:2], [""])[0]


@pytest.mark.slow
def test_a_model_that_is_exported_is_loaded_without_torch_and_not_exported_again(
    named: tuple[Path, Reader], cache: Path
) -> None:
    folder, reader = named
    (file,) = [path for path in cache.glob(f"*/{MODEL}") if sha256(path) == reader.info.sha256]
    written = file.stat().st_mtime_ns
    program = (
        "import sys\nfrom pathlib import Path\nfrom citeqa.rag.reader.loading import load_reader\n"
        f"reader = load_reader({str(folder)!r}, Path({str(cache)!r}))\n"
        "print(reader.info.sha256, *sorted({'torch', 'transformers', 'onnx', 'onnxscript'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == [reader.info.sha256]
    assert file.stat().st_mtime_ns == written


@pytest.mark.slow
def test_a_damaged_export_is_made_again(
    saved: dict[str, Path], cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = load_reader(str(saved["bert"]), cache)
    shutil.copytree(cache, tmp_path / "cache", ignore=shutil.ignore_patterns("*-fp32", "*.lock"))
    (file,) = [path for path in tmp_path.glob(f"cache/*/{MODEL}") if sha256(path) == wanted.info.sha256]
    file.write_bytes(file.read_bytes()[:-20])
    again = load_reader(str(saved["bert"]), tmp_path / "cache")
    assert f"exporting the reader {saved['bert']} again" in caplog.text
    assert again.info == wanted.info
    assert again.read(QUESTION, TEXTS, HEADINGS) == wanted.read(QUESTION, TEXTS, HEADINGS)
    assert sorted(path.name for path in file.parent.iterdir()) == [MODEL, DESCRIPTION, TOKENIZER]


AT_ONCE = """
import sys, time
from pathlib import Path
from citeqa.rag.reader import export as reader_export
from citeqa.rag.reader.loading import load_reader

model, cache, mine, others = sys.argv[1:]
synced = reader_export.sync_tree

def together(folder):
    synced(folder)
    Path(mine).touch()
    while not Path(others).exists():
        time.sleep(0.001)

reader_export.sync_tree = together
print(load_reader(model, Path(cache)).info.sha256)
"""


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [False, True])
def test_processes_that_export_a_reader_at_once_all_get_it(
    saved: dict[str, Path], cache: Path, tmp_path: Path, *, damaged: bool
) -> None:
    """Each waits for the other when what it made is about to be put in its place."""
    wanted = load_reader(str(saved["bert"]), cache).info.sha256
    common = tmp_path / "cache"
    if damaged:
        shutil.copytree(cache, common, ignore=shutil.ignore_patterns("*-fp32", "*.lock"))
        for folder in common.iterdir():
            (folder / MODEL).write_bytes(b"")
    ways = [(tmp_path / "one", tmp_path / "other"), (tmp_path / "other", tmp_path / "one")]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, str(saved["bert"]), str(common), *map(str, way)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for way in ways
    ]  # fmt: skip
    done = [process.communicate() for process in started]
    assert [printed.strip() for printed, _ in done] == [wanted, wanted], done
    assert not list(common.glob(".reader-*/"))


@pytest.mark.slow
def test_an_equal_reader_that_is_there_is_left_as_it_is_and_another_gives_way(
    saved: dict[str, Path], tmp_path: Path
) -> None:
    load_reader(str(saved["bert"]), tmp_path)
    (folder,) = tmp_path.iterdir()
    shutil.copytree(folder, tmp_path / "made")
    there = folder.stat().st_ino
    reader_export._put(tmp_path / "made", folder)
    assert folder.stat().st_ino == there
    (tmp_path / "made" / DESCRIPTION).write_text("{}")
    reader_export._put(tmp_path / "made", folder)
    assert folder.stat().st_ino != there
    assert (folder / DESCRIPTION).read_text() == "{}"
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_another_model_in_the_same_place_is_another_reader(saved: dict[str, Path], cache: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(saved["bert"], tmp_path / "model")
    before = len(list(cache.iterdir()))
    (copy / "README.md").write_text("Made otherwise.")
    assert load_reader(str(copy), cache).info.name == str(copy)
    assert len(list(cache.iterdir())) == before + 1


@pytest.mark.parametrize("name", ["nobody/nothing-at-all", "no such model", "", "\0"])
def test_a_name_that_is_no_model_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReaderError, match="cannot be used"):
        load_reader(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_model_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ReaderError, match=r"model' cannot be used"):
        load_reader(str(tmp_path / "model"), tmp_path / "cache")


@pytest.mark.slow
def test_a_model_that_was_not_made_to_answer_questions_is_refused(tmp_path: Path) -> None:
    """transformers would give it scores of pure chance."""
    with pytest.raises(ReaderError, match=r"is not a question-answering model: .*qa_outputs\.weight"):
        load_reader(str(save_bert(tmp_path / "model", answers=False)), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_an_export_that_disagrees_is_refused_and_leaves_nothing(
    saved: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reader_export.AGREEMENT, "fp32", -1.0)
    with pytest.raises(ReaderError, match="differs from the original"):
        load_reader(str(saved["bert"]), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_service_with_another_reader_says_that_its_confidences_were_not_fitted_for_it(
    saved: dict[str, Path], cache: Path, seeds_index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service.open(seeds_index, cache, str(saved["bert"]))
    assert f"fitted for the reader {load_reader(None, cache).info.name}, this one is {saved['bert']}" in caplog.text
    answer = service.answerer.ask("Who met Rubio?", AskOptions(min_confidence=0)).answer
    assert answer
    text = service.index.document(answer.citation.source.document_id).text
    assert text[answer.citation.quote.span.start : answer.citation.quote.span.end] == answer.text
    service.close()


def test_no_name_is_the_shipped_reader(tmp_path: Path, reader: OnnxReader) -> None:
    assert load_reader(None, tmp_path).info == reader.info
    assert list(tmp_path.iterdir()) == []
