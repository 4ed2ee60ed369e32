"""Make the reader that is shipped, from SQuAD and the packaged embedding model's weights.

    python -m rag.training SQUAD.json [--windows N] [--start READER] [--work DIR] [--output DIR]

SQuAD's train-v2.0.json is at https://rajpurkar.github.io/SQuAD-explorer/ (CC BY-SA 4.0); packed by xz is fine too.
An interrupted run goes on where it stopped, from `--work`. `--start rag/models/reader` trains a finished reader
further, with a schedule of its own, and gives the mean of what it was and what it became. A GPU is used where there is
one.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

from index.files import sha256, write_json
from index.runtime import TOKENIZER
from index.sources import DEFAULT_MODEL, DEFAULT_MODEL_SHA256, packaged
from rag.reader import SHIPPED, Encoder, OnnxReader
from rag.reader_export import export
from rag.training.card import TRAINING, write
from rag.training.model import average, feed, fresh, going_on
from rag.training.prepare import composition, examples
from rag.training.train import Settings, labelled, measured, progress_of, train

log = logging.getLogger("rag.training")

NAME = "citeqa-reader-minilm-l6"
CALIBRATION = 16  # every so many of the examples kept aside are run to find the range of activations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path, help="a file in SQuAD 2.0's form, .json or .json.xz")
    parser.add_argument("--windows", type=int, default=160_000, help="windows to train on, repeats included")
    parser.add_argument("--start", type=Path, help="a reader made by this command, to be trained further")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="where checkpoints are kept")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="where the reader is written")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("rag").setLevel(logging.INFO)
    start = OnnxReader(arguments.start).info.sha256 if arguments.start else ""
    settings = Settings(arguments.windows, start=start)
    done = 0

    def progress() -> None:
        nonlocal done
        done += 1
        if done % 1000 == 0:
            log.info("%d questions asked of the retriever", done)

    given, aside = examples(arguments.squad, arguments.work, settings.seed, progress)
    log.info("examples: %s", composition(given))
    encoder = Encoder(packaged() / TOKENIZER, settings.max_tokens)
    run = arguments.work / f"seed-{settings.seed}{start and '-'}{start[:8]}"
    earlier = json.loads((arguments.start / TRAINING).read_text(encoding="utf-8")) if arguments.start else None
    model = going_on(arguments.start) if arguments.start else fresh(settings.seed)
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    model = train(model, given, aside, encoder, settings, run)
    kept_aside = progress_of(run)[-1]
    if arguments.start:
        average(model, before)
        kept_aside |= measured(model, aside, encoder, "cpu")
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    calibration = [feed(labelled(example, encoder)[0].window) for example in aside[::CALIBRATION]]
    export(model, packaged() / TOKENIZER, inputs, NAME, settings.max_tokens, arguments.output, calibration)
    about = {
        "encoder": {"name": DEFAULT_MODEL, "sha256": DEFAULT_MODEL_SHA256},
        "data": {"file": arguments.squad.name, "sha256": sha256(arguments.squad), "examples": composition(given)},
        "settings": asdict(settings),
        "kept_aside": kept_aside,
        "earlier": earlier,
    }
    write_json(arguments.output / TRAINING, about)
    write(arguments.output)
    log.info("the reader is in %s", arguments.output)


if __name__ == "__main__":
    main()
