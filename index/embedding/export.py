"""A sentence-transformers model becomes files that run without torch: exported once, checked, then cached.

    model.onnx  tokenizer.json  model.json (what it is, the digests, the probes with the original's vectors)

An export counts only if it agrees with the model it came from: the vector of every probe has nearly the original's
direction, and every probe, searched among the others, finds the original's ten nearest in the original's order, but
for neighbours that the original itself can hardly tell apart. Everything torch or onnx is imported when it is needed.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from citeqa.index.atomic import sha256, sync_tree, write_json
from citeqa.index.embedding.conversion import to_onnx
from citeqa.index.embedding.embedder import Embedder, Vectors
from citeqa.index.embedding.onnx_embedder import DESCRIPTION, OnnxEmbedder
from citeqa.index.embedding.probes import PROBES
from citeqa.index.embedding.quantization import quantize
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, Feed
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.errors import CiteqaError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

AGREEMENT = {"fp32": 0.99999, "int8": 0.995}  # cosine a probe's vector must have with the original's
NEAR = {"fp32": 1e-4, "int8": 2e-2}  # cosines of the original that differ by less may change places
TOP = 10

Shrink = Callable[[Path], None]


class ExportError(CiteqaError):
    """The model cannot be exported, or the export does not agree with it; the message says why."""


def export(reference: SentenceTransformerEmbedder, folder: Path, precision: str, shrink: Shrink | None = None) -> None:
    """Export a model into `folder`, which must not exist; it appears whole and checked, or not at all.

    Args:
        shrink: rewrites the file of a model in 8 bits; by default as `quantize` does, with the probes as inputs.

    Raises:
        ExportError: if it cannot be done.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    info = replace(reference.info, precision=precision)
    try:
        try:
            _write(reference, temporary)
            if precision == "int8":
                (shrink or _by_probes(reference))(temporary / MODEL)
            exported = OnnxEmbedder(temporary, info)
            vector = _agreeing(reference, exported, precision)
        except (OSError, CiteqaError):
            raise
        except Exception as error:  # the exporter and the model's own code may raise anything at all
            raise ExportError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        description = {
            "embedder": asdict(info),
            "files": {name: sha256(temporary / name) for name in (MODEL, TOKENIZER)},
            "probe": {"text": PROBES[0], "vector": [round(float(value), 7) for value in vector]},
        }
        write_json(temporary / DESCRIPTION, description)
        sync_tree(temporary)
        temporary.chmod(0o755)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster, with the same files
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(reference: SentenceTransformerEmbedder, folder: Path) -> None:
    backend = getattr(reference.model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ExportError("its tokenizer has no fast form")
    backend.save(str(folder / TOKENIZER))
    _to_onnx(reference.model, folder / MODEL)


def _by_probes(reference: SentenceTransformerEmbedder) -> Shrink:
    return lambda path: quantize(path, feeds(reference, PROBES[::2]))


def feeds(reference: SentenceTransformerEmbedder, texts: Sequence[str]) -> list[Feed]:
    """What the model takes for each text."""
    tokens = [reference.model.tokenizer(text, truncation=True, return_tensors="np") for text in texts]
    return [{name: values.astype(np.int64) for name, values in one.items()} for one in tokens]


def _to_onnx(model: SentenceTransformer, path: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        """The whole model, from token ids to one vector a text."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if "token_type_ids" in model.tokenizer.model_input_names:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            found: torch.Tensor = self.model(features)["sentence_embedding"]
            return found

    to_onnx(Pooled(), ["input_ids", "attention_mask"], ["vector"], path, model.max_seq_length or 512)


def _agreeing(reference: Embedder, exported: Embedder, precision: str) -> Vectors:
    """The first probe's vector as a query.

    Raises:
        ExportError: if the two models do not agree on the probes.
    """
    wanted, found = reference.embed_passages(PROBES), exported.embed_passages(PROBES)
    cosines = (wanted * found).sum(axis=1)
    if not cosines.min() >= AGREEMENT[precision]:
        worst = int(cosines.argmin())
        raise ExportError(
            f"probe {worst} has a cosine of {cosines[worst]:.6f} with the original, needed {AGREEMENT[precision]}"
        )
    scores = wanted @ wanted.T
    for probe, found_scores in enumerate(found @ found.T):
        order = np.argsort(-scores[probe], kind="stable")[:TOP]
        theirs = np.argsort(-found_scores, kind="stable")[:TOP]
        if np.abs(scores[probe][order] - scores[probe][theirs]).max() > NEAR[precision]:
            raise ExportError(f"probe {probe} finds other neighbours than in the original")
    return exported.embed_query(PROBES[0])
