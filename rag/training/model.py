"""The reader as torch trains it: an encoder with a start and an end score for every token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForQuestionAnswering

from index.quantization import restored
from index.runtime import MODEL
from index.sources import packaged
from rag.reader import ReaderError, Window

ROUND = 16  # lengths are rounded up to multiples: memory grows without end where shapes vary freely


def fresh(seed: int) -> torch.nn.Module:
    """The packaged encoder with a new head.

    Dropout is off: no example is seen more than a few times, and it costs a fifth of the time on a CPU.
    """
    torch.manual_seed(seed)
    model = AutoModelForQuestionAnswering.from_pretrained(
        str(packaged()), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    assert isinstance(model, torch.nn.Module)
    return model


def going_on(reader: Path) -> torch.nn.Module:
    """The reader in the folder `reader`, one that was made here, as it can be trained further.

    Raises:
        ReaderError: if it has other parameters.
    """
    model = fresh(0)
    kept = {name.removeprefix("model."): torch.from_numpy(w.copy()) for name, w in restored(reader / MODEL).items()}
    try:
        model.load_state_dict(kept)
    except RuntimeError as error:
        raise ReaderError(f"{reader} cannot be trained further: {error}") from error
    return model


def average(model: torch.nn.Module, before: Mapping[str, torch.Tensor]) -> None:
    """Give the model the mean of its weights and those it had before it was trained further, which is better than
    either (Wortsman et al. 2022, WiSE-FT)."""
    model.cpu()
    mean = {name: (now + before[name].cpu()) / 2 for name, now in model.state_dict().items() if now.is_floating_point()}
    model.load_state_dict(model.state_dict() | mean)


def feed(window: Window) -> dict[str, NDArray[np.int64]]:
    """A window alone, as the exported model takes it."""
    ids = np.array([window.ids], dtype=np.int64)
    return {"input_ids": ids, "token_type_ids": np.array([window.types]), "attention_mask": np.ones_like(ids)}


class Batch(NamedTuple):
    """Token ids, types and mask, shape (windows, length)."""

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor


def batch(windows: Sequence[Window], device: str) -> Batch:
    """Windows padded to one length."""
    length = -(-max(len(window.ids) for window in windows) // ROUND) * ROUND
    ids, types, mask = (np.zeros((len(windows), length), dtype=np.int64) for _ in range(3))
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        types[row, : len(window.ids)] = window.types
        mask[row, : len(window.ids)] = 1
    return Batch(*(torch.from_numpy(values).to(device) for values in (ids, types, mask)))


def logits(model: Callable[..., Any], given: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Start and end scores, shape (windows, length); -inf where there is only padding."""
    found = model(input_ids=given.ids, token_type_ids=given.types, attention_mask=given.mask)
    padding = given.mask == 0
    return found.start_logits.float().masked_fill(padding, -1e4), found.end_logits.float().masked_fill(padding, -1e4)


def loss(starts: torch.Tensor, ends: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy of the labelled first and last tokens; `labels` has shape (windows, 2)."""
    entropy = torch.nn.functional.cross_entropy
    return (entropy(starts, labels[:, 0]) + entropy(ends, labels[:, 1])) / 2


@torch.inference_mode()
def predict(
    model: torch.nn.Module, windows: Sequence[Window], device: str, size: int = 64
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Start and end logits of each window."""
    model.eval()
    order = sorted(range(len(windows)), key=lambda i: len(windows[i].ids))
    found: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for first in range(0, len(order), size):
        rows = order[first : first + size]
        with torch.autocast(device, dtype=torch.bfloat16):
            starts, ends = logits(model, batch([windows[i] for i in rows], device))
        for row, i in enumerate(rows):
            length = len(windows[i].ids)
            found[i] = starts[row, :length].cpu().numpy(), ends[row, :length].cpu().numpy()
    return [found[i] for i in range(len(windows))]
