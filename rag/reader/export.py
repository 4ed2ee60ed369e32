"""Exports a torch question-answering model as a reader: one ONNX file, its tokenizer, and a description."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from citeqa.index.atomic import sha256, sync_tree, write_json
from citeqa.index.embedding.conversion import to_onnx
from citeqa.index.embedding.quantization import quantize, quantize_tables
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, Feed, run, session
from citeqa.rag.reader.onnx_reader import DESCRIPTION, OnnxReader
from citeqa.rag.reader.protocol import ReaderError
from citeqa.rag.reader.windows import Encoder

OUTPUTS = ["start_logits", "end_logits"]
AGREEMENT = {"fp32": 1e-3, "int8": 0.6}  # largest difference allowed between a logit of the probe and the original's
PROBE = {
    "question": "Who opened the new harbour bridge?",
    "heading": "Harbour news 1987-05-05",
    "text": "The harbour bridge was opened on 4 May 1987 by the mayor, Ingrid Solheim, before a crowd of 3,000.",
}


class Scores(torch.nn.Module):
    """A question-answering model of transformers: token ids in, start and end logits out."""

    def __init__(self, model: torch.nn.Module, inputs: list[str]) -> None:
        super().__init__()
        self.model, self.inputs = model, inputs

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        tensors = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        found = self.model(**{name: tensors[name] for name in self.inputs})
        return found.start_logits, found.end_logits


def export(
    model: torch.nn.Module,
    tokenizer_file: Path,
    inputs: list[str],
    name: str,
    max_tokens: int,
    output: Path,
    calibration: Sequence[Feed] = (),
) -> None:
    """Write a reader into the folder `output`: completely and verified, or not at all. An existing reader there is
    replaced.

    Args:
        inputs: `input_ids`, `attention_mask` and, if the model takes them, `token_type_ids`.
        max_tokens: how many tokens the model sees at once.
        calibration: typical inputs; with them the reader is quantised to 8 bits, without them it is fp32. The weights
            then have 7 bits, so that products saturate on no processor: a shipped file must give the same scores
            everywhere.

    Raises:
        ReaderError: if the exported reader does not agree with the model.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".reader-", dir=output.parent))
    precision = "int8" if calibration else "fp32"
    scores = Scores(model.cpu().float().eval(), inputs)
    try:
        to_onnx(scores, inputs, OUTPUTS, folder / MODEL, max_tokens)
        if calibration:
            quantize(folder / MODEL, calibration, weight_bits=7)
            quantize_tables(folder / MODEL)
        shutil.copyfile(tokenizer_file, folder / TOKENIZER)
        _check(scores, folder, inputs, max_tokens, precision)
        description = {
            "name": name,
            "precision": precision,
            "max_tokens": max_tokens,
            "files": {file: sha256(folder / file) for file in (MODEL, TOKENIZER)},
            "probe": PROBE | {"margin": 0.0},
        }
        write_json(folder / DESCRIPTION, description)
        best = OnnxReader(folder, probed=False).read(PROBE["question"], [PROBE["text"]], [PROBE["heading"]])[0][0]
        write_json(folder / DESCRIPTION, description | {"probe": PROBE | {"margin": round(best.score, 4)}})
        sync_tree(folder)
        folder.chmod(0o755)
        _put(folder, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, output: Path) -> None:
    """Rename a folder to `output`. A different folder there is replaced; an equal one stays.

    Several processes that make the same reader may get here at once. The first one wins, and a reader that it has
    opened is never moved.
    """
    while not _renamed(folder, output):
        with FileLock(output.with_name(f".{output.name}.lock")):
            if _same(folder, output):
                return
            aside = Path(tempfile.mkdtemp(prefix=".reader-", dir=output.parent))
            output.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _renamed(folder: Path, output: Path) -> bool:
    """Rename a folder to `output`; False if that already exists."""
    try:
        folder.rename(output)
    except OSError:
        if output.exists():
            return False
        raise
    return True


def _same(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same reader, byte for byte."""
    try:
        return all(sha256(folder / name) == sha256(other / name) for name in (MODEL, TOKENIZER, DESCRIPTION))
    except OSError:
        return False


def _check(scores: Scores, folder: Path, inputs: list[str], max_tokens: int, precision: str) -> None:
    window = Encoder(folder / TOKENIZER, max_tokens).encode(PROBE["question"], PROBE["heading"], PROBE["text"])[0]
    with torch.inference_mode():
        wanted = scores(**{name: torch.from_numpy(window.feed[name]) for name in inputs})
    found = run(session(folder / MODEL), window.feed)
    worst = max(float(np.abs(ours - theirs.numpy()).max()) for ours, theirs in zip(found, wanted, strict=True))
    if not worst <= AGREEMENT[precision]:
        raise ReaderError(
            f"the exported reader differs from the original by {worst:.4f} in a logit; "
            f"at most {AGREEMENT[precision]} is allowed"
        )
