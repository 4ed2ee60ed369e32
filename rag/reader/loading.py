"""Which reader runs: the one that is shipped, or a named question-answering model of Hugging Face's."""

from __future__ import annotations

import hashlib
import inspect
import logging
import tempfile
from pathlib import Path

from citeqa.index.embedding.weights import digest
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import ReaderError

log = logging.getLogger(__name__)

LONGEST_INPUT = 384  # tokens a named model sees at once, if it can see as many


def load_reader(model: str | None, cache: Path) -> OnnxReader:
    """The shipped reader if `model` is None, else the extractive question-answering model of that name or path.

    The first time transformers loads a named model, and its exported form is written into `cache`; from then on torch
    is not imported. Several processes may do so at once.

    Raises:
        ReaderError: if the model cannot be loaded or exported.
    """
    if model is None:
        return OnnxReader(SHIPPED)
    key = digest(model) or hashlib.sha256(model.encode()).hexdigest()
    folder = cache / f"reader-{key[:16]}"
    if folder.exists():
        try:
            return OnnxReader(folder)
        except ReaderError as error:
            log.warning("exporting the reader %s again: %s", model, error)
    log.info("preparing the reader %s: this is done once", model)
    _export(model, folder)
    return OnnxReader(folder)


def _export(model: str, folder: Path) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    from citeqa.rag.reader.export import export

    try:
        loaded, report = AutoModelForQuestionAnswering.from_pretrained(model, output_loading_info=True)
        if report["missing_keys"]:
            untrained = ", ".join(sorted(report["missing_keys"]))
            raise ReaderError(
                f"the reader {model!r} was not made to answer questions: it has no weights for {untrained}"
            )
        tokenizer = AutoTokenizer.from_pretrained(model, use_fast=True)
        takes = inspect.signature(loaded.forward).parameters
        names = ["input_ids", "attention_mask", "token_type_ids"]
        inputs = [name for name in names if name in takes and name in [*tokenizer.model_input_names, *names[:2]]]
        longest = min(LONGEST_INPUT, int(tokenizer.model_max_length), _positions(loaded.config))
        with tempfile.TemporaryDirectory() as work:
            file = Path(work) / "tokenizer.json"
            tokenizer.backend_tokenizer.save(str(file))
            export(loaded, file, inputs, model, longest, folder)
    except ReaderError:
        raise
    except Exception as error:  # the model's own code may raise anything at all
        first = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ReaderError(f"the reader {model!r} cannot be used: {first}") from error


def _positions(config: object) -> int:
    """How many tokens the model has positions for; RoBERTa's begin behind its padding token."""
    positions = int(getattr(config, "max_position_embeddings", LONGEST_INPUT))
    return positions - 2 if "roberta" in str(getattr(config, "model_type", "")) else positions
