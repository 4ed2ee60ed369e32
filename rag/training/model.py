"""The reader as a torch model: an encoder with a start and an end score for every token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForQuestionAnswering
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from citeqa.index.embedding.quantization import restored
from citeqa.index.embedding.runtime import MODEL
from citeqa.index.embedding.weights import packaged
from citeqa.rag.reader.protocol import ReaderError
from citeqa.rag.reader.windows import Window
from citeqa.rag.training.encoded import Batch, Encoded


def new_model(seed: int, dropout: float = 0.0) -> torch.nn.Module:
    """The packaged encoder with a new head."""
    torch.manual_seed(seed)
    model = AutoModelForQuestionAnswering.from_pretrained(
        str(packaged()), hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
    )
    assert isinstance(model, torch.nn.Module)
    return model


def as_torch(reader: Path) -> torch.nn.Module:
    """The trained reader in the folder `reader` as a torch model, with the weights it really computes with.

    Raises:
        ReaderError: if it has other parameters.
    """
    model = new_model(0)
    state = {name.removeprefix("model."): torch.from_numpy(w.copy()) for name, w in restored(reader / MODEL).items()}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ReaderError(f"{reader} is no reader of this form: {error}") from error
    return model


def average(models: Sequence[torch.nn.Module]) -> torch.nn.Module:
    """A model whose weights are the mean of the models' weights. It is better than each of them if all started from the
    same weights (Wortsman et al. 2022, model soups)."""
    mean = deepcopy(models[0])
    states = [model.state_dict() for model in models]
    for name, weights in mean.state_dict().items():
        if weights.is_floating_point():
            weights.copy_(torch.stack([state[name] for state in states]).mean(0))
    return mean


def beyond(model: torch.nn.Module, earlier: torch.nn.Module) -> torch.nn.Module:
    """A model as far on again as `model` is from `earlier` (Ilharco et al. 2023, task arithmetic): all of what was
    learned, if `model` is the mean of `earlier` and what learned from there."""
    moved, before = deepcopy(model), earlier.state_dict()
    for name, weights in moved.state_dict().items():
        if weights.is_floating_point():
            weights.mul_(2).sub_(before[name])
    return moved


def feed(window: Window) -> dict[str, NDArray[np.int64]]:
    """One window as the inputs of the exported model."""
    ids = np.array([window.ids], dtype=np.int64)
    return {"input_ids": ids, "token_type_ids": np.array([window.types]), "attention_mask": np.ones_like(ids)}


def lowered(device: str) -> torch.autocast:
    """Computes in bfloat16 where the device does that fast; processors without instructions for it take forty times as
    long."""
    fast = device != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return torch.autocast(device, dtype=torch.bfloat16, enabled=fast)


def logits(model: Callable[..., Any], batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Start and end scores of shape (windows, length); -1e4 for padding."""
    found = model(input_ids=batch.ids, token_type_ids=batch.types, attention_mask=batch.mask)
    padding = batch.mask == 0
    return found.start_logits.float().masked_fill(padding, -1e4), found.end_logits.float().masked_fill(padding, -1e4)


def loss(starts: torch.Tensor, ends: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy between the predicted first and last tokens and the targets, of shape (2, windows,
    length)."""
    found = torch.log_softmax(torch.stack((starts, ends)), dim=-1)
    return -(wanted * found).sum(dim=-1).mean()


@torch.inference_mode()
def predict(
    model: torch.nn.Module, windows: Encoded, device: str, rows: Sequence[int] | None = None, size: int = 64
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Start and end logits of each window, or of the windows `rows`, in their order."""
    model.eval()
    rows, lengths = range(len(windows)) if rows is None else rows, windows.lengths()
    order = sorted(rows, key=lambda row: lengths[row])
    found: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for first in range(0, len(order), size):
        some = order[first : first + size]
        with lowered(device):
            starts, ends = (values.cpu().numpy() for values in logits(model, windows.batch(some, device)))
        for row, start, end in zip(some, starts, ends, strict=True):
            found[row] = start[: lengths[row]], end[: lengths[row]]
    return [found[row] for row in rows]


class Ensemble(torch.nn.Module):
    """Several readers as one: the mean of their scores for each token."""

    def __init__(self, members: Sequence[torch.nn.Module]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)

    def forward(self, **inputs: torch.Tensor) -> QuestionAnsweringModelOutput:
        found = [member(**inputs) for member in self.members]
        starts = torch.stack([one.start_logits.float() for one in found]).mean(0)
        ends = torch.stack([one.end_logits.float() for one in found]).mean(0)
        return QuestionAnsweringModelOutput(start_logits=starts, end_logits=ends)


def with_soft_labels(teacher: torch.nn.Module, windows: Encoded, device: str, rows: Sequence[int]) -> Encoded:
    """The windows with the teacher's probabilities as targets instead of the labels (Hinton et al. 2015). Only the
    windows `rows` are read; the others become useless."""
    return softened(windows, rows, predict(teacher.to(device), windows, device, rows, 256))


def softened(
    windows: Encoded, rows: Sequence[int], predicted: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
) -> Encoded:
    """The windows with the probabilities that `predicted` start and end logits of the windows `rows` make as targets;
    the others get none."""
    soft = np.zeros((2, len(windows.ids)), dtype=np.float16)
    for row, both in zip(rows, predicted, strict=True):
        for side, scores in enumerate(both):
            raised = np.exp(scores - scores.max())
            soft[side, windows.bounds[row] : windows.bounds[row + 1]] = raised / raised.sum()
    return replace(windows, soft=soft)
