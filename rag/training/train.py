"""The training loop: saves checkpoints, resumes, and keeps what a longer training needs.

The learning rate rises, stays constant, and falls linearly to 0 (warm-up, stable, decay: Hu et al. 2024, MiniCPM). The
state before the fall is kept too: a longer training continues from there instead of from the beginning.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from citeqa.rag.evaluation.metrics import auroc, exact_match, mean, token_f1
from citeqa.rag.reader.spans import best_spans
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.encoded import Encoded
from citeqa.rag.training.model import logits, loss, lowered, predict
from citeqa.rag.training.windows import Example

log = logging.getLogger(__name__)

SAVED = 240  # seconds between checkpoints


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a reader is trained. `windows` is the total number of windows seen, including repeats."""

    windows: int
    batch: int = 64
    peak: float = 2e-4
    warmup: float = 0.05
    decay: float = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    dropout: float = 0.1
    seed: int = 1

    @property
    def steps(self) -> int:
        return self.windows // self.batch

    @property
    def falling(self) -> int:
        """The step at which the learning rate starts to fall."""
        return int(self.steps * (1 - self.decay))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        rising = (step + 1) / max(1, int(self.warmup * self.steps))
        falling = (self.steps - step) / (self.steps - self.falling)
        return self.peak * min(1.0, rising, falling)


def batches(lengths: Sequence[int] | NDArray[np.int64], size: int, seed: str) -> Iterator[list[int]]:
    """An endless sequence of batches, each of windows of similar length. Every pass over the data has a different
    order.

    Raises:
        ValueError: if there are no windows.
    """
    if not len(lengths):
        raise ValueError("there is nothing to train on")
    epoch = 0
    pool: list[int] = []  # what is left of a pass goes into the next one
    while True:
        chance = Random(f"{seed} {epoch}")
        order = list(range(len(lengths)))
        chance.shuffle(order)
        for i in order:
            pool.append(i)
            if len(pool) == 16 * size:
                pool.sort(key=lambda one: lengths[one])
                ready = [pool[first : first + size] for first in range(0, 16 * size, size)]
                pool.clear()
                chance.shuffle(ready)
                yield from ready
        epoch += 1


def order(windows: Encoded, settings: TrainingSettings) -> Iterator[list[int]]:
    """The batches of a training, one for each step."""
    return batches(windows.lengths(), settings.batch, str(settings.seed))


def train(
    model: torch.nn.Module, windows: Encoded, held_out: Sequence[Example], encoder: Encoder, settings: TrainingSettings,
    folder: Path,
) -> torch.nn.Module:  # fmt: skip
    """Train a reader on windows, each for itself, and measure it on held-out examples; see `run`."""
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def error(given: Callable[..., Any], rows: Sequence[int]) -> torch.Tensor:
        batch = windows.batch(rows, device)
        with lowered(device):
            starts, ends = logits(given, batch)
        return loss(starts, ends, batch.wanted)

    def measure(given: torch.nn.Module) -> dict[str, float]:
        return measured(given, held_out, encoder, device)

    return run(model, order(windows, settings), error, measure, settings, folder)


def run(
    model: torch.nn.Module,
    coming: Iterator[Sequence[int]],
    error_of: Callable[[Callable[..., Any], Sequence[int]], torch.Tensor],
    measure: Callable[[torch.nn.Module], dict[str, float]],
    settings: TrainingSettings,
    folder: Path,
) -> torch.nn.Module:
    """Train a reader, or continue from the last checkpoint; `folder` holds the checkpoints and the log.

    Args:
        coming: the batches, one for each step.
        error_of: the loss of a model on a batch.
        measure: results that are noted in the log, three times.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device)
    optimizer = _optimizer(model, settings)
    step = _resume(folder, model, optimizer, settings)
    for _ in range(step):  # skip the batches already seen
        next(coming)
    started, first = time.monotonic(), step
    saved, errors = started, list[torch.Tensor]()
    model.train()
    torch._dynamo.config.suppress_errors = True  # without a C++ compiler it runs uncompiled, a fifth slower;
    # on a GPU, compiling takes longer than it saves
    compiled = torch.compile(model, dynamic=True) if device == "cpu" else model
    while step < settings.steps:
        chosen = next(coming)
        torch.manual_seed(settings.seed * 1_000_003 + step)  # dropout is the same after an interruption
        for group in optimizer.param_groups:
            group["lr"] = settings.rate(step)
        error = error_of(compiled, chosen)
        optimizer.zero_grad(set_to_none=True)
        error.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        step += 1
        errors.append(error.detach())
        if step % 50 == 0:
            pace = (time.monotonic() - started) / (step - first)
            _note(folder, step=step, of=settings.steps, loss=round(float(torch.stack(errors).mean()), 4),
                  windows_per_second=round(settings.batch / pace, 1),
                  minutes_left=round(pace * (settings.steps - step) / 60, 1))  # fmt: skip
            errors.clear()
        if step == settings.falling:
            _save(folder / "stable.pt", model, optimizer, step, settings)
        if time.monotonic() - saved > SAVED or step == settings.steps:
            _save(folder / "last.pt", model, optimizer, step, settings)
            saved = time.monotonic()
        if step % max(1, settings.steps // 3) == 0 or step == settings.steps:
            _note(folder, step=step, **measure(model))
            model.train()
    return model


def _optimizer(model: torch.nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    parameters = list(model.named_parameters())
    decayed = [p for name, p in parameters if p.dim() > 1]
    others = [p for name, p in parameters if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.peak, betas=(0.9, 0.98), eps=1e-6, fused=True)


def measured(model: torch.nn.Module, examples: Sequence[Example], encoder: Encoder, device: str) -> dict[str, float]:
    """EM and F1 of forced answers to the answerable questions, AUROC of the margin, and the best overall F1 that any
    threshold reaches."""
    windows = [encoder.encode(example.question, example.heading, example.text)[0] for example in examples]
    predicted = predict(model, Encoded.pack([(window, 0, 0) for window in windows]), device)
    rows = []
    for example, window, (start, end) in zip(examples, windows, predicted, strict=True):
        spans = best_spans(example.text, window, start, end, 1)
        text, margin = (example.text[spans[0][0].start : spans[0][0].end], spans[0][1]) if spans else ("", -math.inf)
        accepted = [example.text[example.answer.start : example.answer.end]] if example.answer else []
        rows.append((margin, bool(accepted), exact_match(text, accepted), token_f1(text, accepted)))
    with_answer = [row for row in rows if row[1]]
    # refuse the questions in order of rising margin, and track the overall F1
    best = score = sum(row[3] for row in rows)
    for _, answerable, _, f1 in sorted(rows):
        score += (0.0 if answerable else 1.0) - f1
        best = max(best, score)
    return {
        "em": round(mean([row[2] for row in with_answer]), 4),
        "f1": round(mean([row[3] for row in with_answer]), 4),
        "auroc": round(auroc([row[0] for row in with_answer], [row[0] for row in rows if not row[1]]), 4),
        "overall_f1": round(best / len(rows), 4),
        "questions": len(rows),
    }


def _resume(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, settings: TrainingSettings) -> int:
    """The step to continue from: the last checkpoint of the same training, or the stable phase of a shorter one."""
    for name in ("last.pt", "stable.pt"):
        path = folder / name
        if not path.exists():
            continue
        state = torch.load(path, map_location="cpu", weights_only=True)
        earlier = TrainingSettings(**state["settings"])
        same = replace(earlier, windows=settings.windows) == settings
        if same and (earlier.windows == settings.windows or state["step"] <= min(earlier.falling, settings.falling)):
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            log.info("going on from step %d (%s)", state["step"], path)
            return int(state["step"])
    return 0


def _save(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, settings: TrainingSettings
) -> None:
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "settings": asdict(settings),
    }
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def progress_of(folder: Path) -> list[dict[str, float]]:
    """The results on the held-out articles, in order."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "overall_f1" in row]


def _note(folder: Path, **values: float) -> None:
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")
    log.info("%s", "  ".join(f"{name} {value}" for name, value in values.items()))
