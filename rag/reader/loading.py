"""Loads the reader. A new kind of reader needs a module that opens it, and one line in `KINDS`."""

from __future__ import annotations

import hashlib
import inspect
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from citeqa.index.embedding.cache import check_writable
from citeqa.index.embedding.weights import digest
from citeqa.index.errors import CiteqaError
from citeqa.index.extras import need
from citeqa.index.shared import Shared
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import Reader, ReaderError

log = logging.getLogger(__name__)

LONGEST_INPUT = 384  # most tokens that a named model sees at once

opened = Shared(OnnxReader)  # all readers that are in use


class Kind(NamedTuple):
    """A kind of reader. `takes` says whether a model name is of this kind. `open` opens the reader of that name; it may
    cache files in the given folder."""

    takes: Callable[[str | None], bool]
    open: Callable[[str | None, Path], Reader]


def load_reader(model: str | None, cache: Path) -> Reader:
    """The shipped reader if `model` is None; otherwise the extractive question-answering model of that name or path.

    The first time, transformers loads the named model and its export is written to `cache`. From then on torch is not
    imported. Several processes may do this at once.

    Raises:
        MissingExtraError: if the model must be exported and what exports it is not installed.
        ModelCacheError: if it must be exported and `cache` cannot be written to.
        ReaderError: if the model cannot be loaded or exported.
    """
    return next(kind.open(model, cache) for kind in KINDS if kind.takes(model))


def _shipped(model: str | None, cache: Path) -> Reader:
    return opened.open(SHIPPED)


def _hugging_face(model: str | None, cache: Path) -> Reader:
    """A model from Hugging Face or from a folder in its format; exported once."""
    assert model is not None
    key = digest(model) or hashlib.sha256(model.encode()).hexdigest()
    folder = cache / f"reader-{key[:16]}"
    if folder.exists():
        try:
            return opened.open(folder)
        except ReaderError as error:
            log.warning("exporting the reader %s again: %s", model, error)
    need("models", f"the reader {model!r}")
    log.info("exporting the reader %s; this happens only once", model)
    _export(model, folder)
    return opened.open(folder)


# The first kind that takes a name opens the reader.
KINDS = (Kind(lambda model: model is None, _shipped), Kind(lambda model: model is not None, _hugging_face))


def _export(model: str, folder: Path) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    from citeqa.rag.reader.export import export

    try:
        loaded, report = AutoModelForQuestionAnswering.from_pretrained(model, output_loading_info=True)
        if report["missing_keys"]:
            untrained = ", ".join(sorted(report["missing_keys"]))
            raise ReaderError(
                f"the reader {model!r} is not a question-answering model: it has no weights for {untrained}"
            )
        tokenizer = AutoTokenizer.from_pretrained(model, use_fast=True)
        takes = inspect.signature(loaded.forward).parameters
        names = ["input_ids", "attention_mask", "token_type_ids"]
        inputs = [name for name in names if name in takes and name in [*tokenizer.model_input_names, *names[:2]]]
        longest = min(LONGEST_INPUT, int(tokenizer.model_max_length), _positions(loaded.config))
        check_writable(folder.parent)
        with tempfile.TemporaryDirectory() as work:
            file = Path(work) / "tokenizer.json"
            tokenizer.backend_tokenizer.save(str(file))
            export(loaded, file, inputs, model, longest, folder)
    except CiteqaError:
        raise
    except Exception as error:  # the model's own code may raise anything
        first = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ReaderError(f"the reader {model!r} cannot be used: {first}") from error


def _positions(config: object) -> int:
    """How many tokens the model has positions for; RoBERTa's positions start after its padding token."""
    positions = int(getattr(config, "max_position_embeddings", LONGEST_INPUT))
    return positions - 2 if "roberta" in str(getattr(config, "model_type", "")) else positions
