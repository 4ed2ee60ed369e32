"""Make the reader that is shipped, from SQuAD and the packaged embedding model's weights.

    python -m citeqa.rag.training SQUAD.json [--share 1.0] [--work DIR] [--output DIR]

Several teachers learn from the labels; students, which begin as the best of them, learn what they believe on average,
also of passages that nobody labelled, and their mean is the reader. SQuAD's train-v2.0.json is at
https://rajpurkar.github.io/SQuAD-explorer/ (CC BY-SA 4.0); packed by xz is fine too. An interrupted run goes on where
it stopped, from `--work`. A GPU is used where there is one: minutes there are days on two cores.
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
from citeqa.rag.training.model import Ensemble, average, feed, fresh, taught
from citeqa.rag.training.prepare import Prepared, composition, examples
from citeqa.rag.training.train import TrainingSettings, measured, order, progress_of, train

log = logging.getLogger("citeqa.rag.training")

NAME = "citeqa-reader-minilm-l6"
SEED = 1  # of what is kept aside and read
MAX_TOKENS = 320  # what the reader sees at once
TEACHERS = tuple(
    TrainingSettings(440_000, peak=peak, seed=seed)
    for seed, peak in enumerate((2e-4, 1e-4, 3e-4, 2e-4, 3e-4, 4e-4), start=1)
)
STUDENTS = (
    TrainingSettings(70_000, batch=128, peak=2e-4, seed=11),
    TrainingSettings(60_000, batch=128, peak=4e-4, seed=12),
    TrainingSettings(60_000, batch=128, peak=2e-4, seed=15),
)
CALIBRATION = 32  # every so many of the examples kept aside are run to find the range of activations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path, help="a file in SQuAD 2.0's form, .json or .json.xz")
    parser.add_argument("--share", type=float, default=1.0, help="of the windows that the shipped reader has seen")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="where checkpoints are kept")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="where the reader is written")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("citeqa.rag").setLevel(logging.INFO)
    teachers, students = (
        [replace(one, windows=int(one.windows * arguments.share)) for one in some] for some in (TEACHERS, STUDENTS)
    )
    if not all(one.steps > 0 for one in (*teachers, *students)):
        least = max(one.batch / one.windows for one in (*TEACHERS, *STUDENTS))
        parser.error(f"--share must be more than {least:.4f}: every training needs a batch of windows")
    done = 0

    def progress() -> None:
        nonlocal done
        done += 1
        if done % 1000 == 0:
            log.info("%d questions asked of the retriever", done)

    prepared = examples(arguments.squad, arguments.work, SEED, progress)
    log.info("examples: %s", composition([*prepared.given, *prepared.more]))
    encoder = Encoder(packaged() / TOKENIZER, MAX_TOKENS)
    model, trainings = made(prepared, encoder, teachers, students, arguments.work)
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    calibration = [feed(labelled(example, encoder)[0][0]) for example in prepared.aside[::CALIBRATION]]
    export(model.cpu(), packaged() / TOKENIZER, inputs, NAME, MAX_TOKENS, arguments.output, calibration)
    about = {
        "encoder": {"name": DEFAULT_MODEL, "sha256": DEFAULT_MODEL_SHA256},
        "data": {
            "file": arguments.squad.name,
            "sha256": sha256(arguments.squad),
            "examples": composition([*prepared.given, *prepared.more]),
        },
        "trainings": trainings,
    }
    write_json(arguments.output / TRAINING, about)
    write(arguments.output)
    log.info("the reader is in %s", arguments.output)


def made(
    prepared: Prepared,
    encoder: Encoder,
    teachers: Sequence[TrainingSettings],
    students: Sequence[TrainingSettings],
    work: Path,
) -> tuple[torch.nn.Module, list[dict[str, Any]]]:
    """The reader, and for each training how it was done and what it gave on the articles kept aside."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trainings: list[dict[str, Any]] = []

    def trained(what: str, model: torch.nn.Module, given: Encoded, settings: TrainingSettings) -> torch.nn.Module:
        folder = work / f"{what}-{settings.seed}"
        model = train(model, given, prepared.aside, encoder, settings, folder)
        trainings.append({"what": f"{what} {settings.seed}", **asdict(settings), **progress_of(folder)[-1]})
        return model

    def together(what: str, model: torch.nn.Module) -> None:
        trainings.append({"what": what, **measured(model.to(device), prepared.aside, encoder, device)})

    labels = Encoded.of(prepared.given, encoder)
    members = [trained("teacher", fresh(one.seed, one.dropout), labels, one) for one in teachers]
    best = members[max(range(len(members)), key=lambda i: trainings[i]["overall_f1"])]
    together("the teachers' scores", ensemble := Ensemble(members))
    every = Encoded.of([*prepared.given, *prepared.more], encoder)
    read = _believed(ensemble, every, teachers, students, work, device)
    pupils = [trained("student", deepcopy(best), read, one) for one in students]
    together("the students' weights: this reader", model := average(pupils))
    return model, trainings


def _believed(
    ensemble: Ensemble,
    given: Encoded,
    teachers: Sequence[TrainingSettings],
    students: Sequence[TrainingSettings],
    work: Path,
    device: str,
) -> Encoded:
    """What the teachers believe of the windows that the students will see, worked out once."""
    plan = json.dumps([asdict(one) for one in (*teachers, *students)])
    kept = work / f"believed-{digest(plan.encode() + given.ids.tobytes()).hexdigest()[:16]}.npy"
    if kept.exists():
        return replace(given, soft=np.load(kept))
    seen = {row for one in students for rows in islice(order(given, one), one.steps) for row in rows}
    read = taught(ensemble, given, device, sorted(seen))
    assert read.soft is not None
    np.save(temporary := kept.with_suffix(".tmp.npy"), read.soft)
    temporary.replace(kept)
    return read


if __name__ == "__main__":
    main()
