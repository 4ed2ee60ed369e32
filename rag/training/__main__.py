"""Trains the shipped reader, from SQuAD and the weights of the packaged embedding model.

    python -m citeqa.rag.training SQUAD.json [--share 1.0] [--work DIR] [--output DIR]

Several teachers learn from the labels. Students start as the best teacher and learn the mean of the teachers' scores,
also on passages without labels. The mean of the students' weights is the reader. SQuAD's train-v2.0.json is at
https://rajpurkar.github.io/SQuAD-explorer/ (CC BY-SA 4.0); an xz-compressed file works too. An interrupted run
continues from `--work`. A GPU is used if there is one: minutes on it are days on two cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from hashlib import sha256 as digest
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from citeqa.index.atomic import sha256, write_json
from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import DEFAULT_MODEL, DEFAULT_MODEL_SHA256, packaged
from citeqa.rag.reader.export import export
from citeqa.rag.reader.onnx_reader import SHIPPED
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.card import TRAINING, write
from citeqa.rag.training.encoded import Encoded, labelled
from citeqa.rag.training.model import Ensemble, average, feed, new_model, with_soft_labels
from citeqa.rag.training.prepare import Prepared, composition, examples
from citeqa.rag.training.train import TrainingSettings, measured, order, progress_of, train

log = logging.getLogger("citeqa.rag.training")

NAME = "citeqa-reader-minilm-l6"
SEED = 1  # chooses the held-out articles and the passages that are read
MAX_TOKENS = 320  # how many tokens the reader sees at once
TEACHERS = tuple(
    TrainingSettings(440_000, peak=peak, seed=seed)
    for seed, peak in enumerate((2e-4, 1e-4, 3e-4, 2e-4, 3e-4, 4e-4), start=1)
)
STUDENTS = (
    TrainingSettings(70_000, batch=128, peak=2e-4, seed=11),
    TrainingSettings(60_000, batch=128, peak=4e-4, seed=12),
    TrainingSettings(60_000, batch=128, peak=2e-4, seed=15),
)
CALIBRATION = 32  # one held-out example in this many is run to find the range of activations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path, help="a file in SQuAD 2.0's format, .json or .json.xz")
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the windows that the shipped reader was trained on"
    )
    parser.add_argument("--work", type=Path, default=Path(".training"), help="folder for checkpoints")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="folder to write the reader to")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("citeqa.rag").setLevel(logging.INFO)
    teachers, students = (
        [replace(one, windows=int(one.windows * arguments.share)) for one in group] for group in (TEACHERS, STUDENTS)
    )
    if not all(one.steps > 0 for one in (*teachers, *students)):
        least = max(one.batch / one.windows for one in (*TEACHERS, *STUDENTS))
        parser.error(f"--share must be more than {least:.4f}: every training needs at least one batch of windows")
    done = 0

    def progress() -> None:
        nonlocal done
        done += 1
        if done % 1000 == 0:
            log.info("%d questions searched by the retriever", done)

    prepared = examples(arguments.squad, arguments.work, SEED, progress)
    log.info("examples: %s", composition([*prepared.labelled, *prepared.unlabelled]))
    encoder = Encoder(packaged() / TOKENIZER, MAX_TOKENS)
    model, trainings = train_reader(prepared, encoder, teachers, students, arguments.work)
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    calibration = [feed(labelled(example, encoder)[0][0]) for example in prepared.held_out[::CALIBRATION]]
    export(model.cpu(), packaged() / TOKENIZER, inputs, NAME, MAX_TOKENS, arguments.output, calibration)
    about = {
        "encoder": {"name": DEFAULT_MODEL, "sha256": DEFAULT_MODEL_SHA256},
        "data": {
            "file": arguments.squad.name,
            "sha256": sha256(arguments.squad),
            "examples": composition([*prepared.labelled, *prepared.unlabelled]),
        },
        "trainings": trainings,
    }
    write_json(arguments.output / TRAINING, about)
    write(arguments.output)
    log.info("the reader is in %s", arguments.output)


def train_reader(
    prepared: Prepared,
    encoder: Encoder,
    teachers: Sequence[TrainingSettings],
    students: Sequence[TrainingSettings],
    work: Path,
) -> tuple[torch.nn.Module, list[dict[str, Any]]]:
    """Train the reader. Also returns, for each training, its settings and its results on the held-out articles."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trainings: list[dict[str, Any]] = []

    def trained(what: str, model: torch.nn.Module, windows: Encoded, settings: TrainingSettings) -> torch.nn.Module:
        folder = work / f"{what}-{settings.seed}"
        model = train(model, windows, prepared.held_out, encoder, settings, folder)
        trainings.append({"what": f"{what} {settings.seed}", **asdict(settings), **progress_of(folder)[-1]})
        return model

    def together(what: str, model: torch.nn.Module) -> None:
        trainings.append({"what": what, **measured(model.to(device), prepared.held_out, encoder, device)})

    labels = Encoded.of(prepared.labelled, encoder)
    members = [trained("teacher", new_model(one.seed, one.dropout), labels, one) for one in teachers]
    best = members[max(range(len(members)), key=lambda i: trainings[i]["overall_f1"])]
    together("the teachers' scores", ensemble := Ensemble(members))
    every = Encoded.of([*prepared.labelled, *prepared.unlabelled], encoder)
    read = _soft_labelled(ensemble, every, teachers, students, work, device)
    pupils = [trained("student", deepcopy(best), read, one) for one in students]
    together("the students' weights: this reader", model := average(pupils))
    return model, trainings


def _soft_labelled(
    ensemble: Ensemble,
    windows: Encoded,
    teachers: Sequence[TrainingSettings],
    students: Sequence[TrainingSettings],
    work: Path,
    device: str,
) -> Encoded:
    """The windows that the students will see, with the teachers' scores, which are computed once and cached."""
    plan = json.dumps([asdict(one) for one in (*teachers, *students)])
    kept = work / f"believed-{digest(plan.encode() + windows.ids.tobytes()).hexdigest()[:16]}.npy"
    if kept.exists():
        return replace(windows, soft=np.load(kept))
    seen = {row for one in students for rows in islice(order(windows, one), one.steps) for row in rows}
    read = with_soft_labels(ensemble, windows, device, sorted(seen))
    assert read.soft is not None
    np.save(temporary := kept.with_suffix(".tmp.npy"), read.soft)
    temporary.replace(kept)
    return read


if __name__ == "__main__":
    main()
