"""Trains the second reader: the lower layers of a base-size encoder, on what `rag.training.further` learns from.

    python -m citeqa.rag.training.second ENCODER SQUAD.json EXTRA [UNASKED.jsonl ...] [--but-listed QUESTIONS.jsonl]
        [--items 12048] [--taught 7000] [--layers 9] [--peak 6e-5] [--start DIR] [--seed 31] [--work DIR] [--output DIR]

ENCODER is a folder with all-mpnet-base-v2 in transformers' format. In the first `--taught` questions the shipped
reader's scores are targets beside the labels (Hinton et al. 2015), less and less so: a larger encoder learns from them
in a few thousand windows what it is all about. Upper layers of an encoder that was trained for other ends are left out
(Sajjad et al. 2020); its table of words stays as it is. With `--start`, an earlier second reader learns further: the
shipped reader's scores are then targets in SQuAD's questions only, ever less. An interrupted run continues from
`--work`. On two cores with instructions for bfloat16 it takes an hour.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForQuestionAnswering

from citeqa.index.atomic import sha256, write_json
from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.quantization import restored
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, Feed
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.rag.look import SECOND
from citeqa.rag.reader.export import export
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import ReaderError
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training import second_card
from citeqa.rag.training.card import TRAINING
from citeqa.rag.training.competing import Competing
from citeqa.rag.training.encoded import Encoded
from citeqa.rag.training.further import CALIBRATION, MAX_TOKENS, add_options, parsed, prepared, unasked
from citeqa.rag.training.items import Item
from citeqa.rag.training.judging import EVERY, judged, read_by, read_by_model
from citeqa.rag.training.model import softened
from citeqa.rag.training.sources import SQUAD, sources
from citeqa.rag.training.train import TrainingSettings, batches, run

log = logging.getLogger("citeqa.rag.training")

NAME = "citeqa-reader-mpnet-l9"
ENCODER_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # of all-mpnet-base-v2
LAYERS = 9
SEED = 31  # chooses what is learned from, and in which order
SETTINGS = TrainingSettings(12_048, batch=8, peak=6e-5, warmup=0.053, decay=0.156, dropout=0.0, seed=SEED)
TAUGHT = 7_000  # questions, from the first, in which the shipped reader's scores are targets too
MOST, LEAST = 2.5, 0.5  # weight of these targets beside the labels, at first and at last
KEPT = 1.0  # weight of SQuAD's targets at first where an earlier reader learns further; at last it is 0


class Base(torch.nn.Module):
    """The lower layers of an encoder with a start and an end score for each token; takes no token types."""

    def __init__(self, folder: Path, layers: int = LAYERS) -> None:
        """Raises ValueError if the weights in the folder are not those of all-mpnet-base-v2."""
        super().__init__()
        found = sha256(folder / "model.safetensors")
        if found != ENCODER_SHA256:
            raise ValueError(f"model.safetensors in {folder} has SHA-256 {found}, needed {ENCODER_SHA256}")
        torch.manual_seed(SEED)
        self.reader = AutoModelForQuestionAnswering.from_pretrained(
            str(folder), num_hidden_layers=layers, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        self.reader.get_input_embeddings().requires_grad_(False)

    def start_from(self, reader: Path) -> None:
        """Take the weights of the exported reader in the folder `reader`.

        Raises:
            ReaderError: if it has other parameters, such as another number of layers.
        """
        weights = restored(reader / MODEL)
        state = {name.removeprefix("model."): torch.from_numpy(found.copy()) for name, found in weights.items()}
        try:
            self.reader.load_state_dict(state)
        except RuntimeError as error:
            raise ReaderError(f"{reader} is no reader of this form: {error}") from error

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> Any:
        return self.reader(input_ids=input_ids, attention_mask=attention_mask)


def write_tokenizer(folder: Path, output: Path) -> None:
    """The encoder's tokenizer with token types that tell question and passage apart, as windows need them."""
    made = Tokenizer.from_file(str(folder / TOKENIZER))
    made.no_padding()
    made.no_truncation()
    ends = [("<s>", made.token_to_id("<s>")), ("</s>", made.token_to_id("</s>"))]
    made.post_processor = TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B:1 </s>:1", ends)
    made.save(str(output))


def taught(windows: Encoded, ours: Tokenizer, teacher: OnnxReader, theirs: Tokenizer, rows: Sequence[int]) -> Encoded:
    """The windows `rows` with the teacher's probabilities as targets, the others with none.

    Both tokenizers must cut a text into the same pieces of words; the teacher's has one separator between question and
    passage, ours has two.
    """
    words = theirs.get_vocab()
    begin, end, unknown = (words[name] for name in ("[CLS]", "[SEP]", "[UNK]"))
    same = {number: words.get(piece, unknown) for piece, number in ours.get_vocab().items()}
    feeds: list[Feed] = []
    seconds = []
    for row in rows:
        ids = windows.feed(row)["input_ids"][0]
        second = int(windows.passages[row]) - 1  # the separator that the teacher does not have
        moved = np.array([same[int(i)] for i in ids], dtype=np.int64)
        moved[0], moved[second - 1], moved[-1] = begin, end, end
        moved = np.delete(moved, second)[None]
        types = (np.arange(moved.shape[1]) >= second).astype(np.int64)[None]
        feeds.append({"input_ids": moved, "token_type_ids": types, "attention_mask": np.ones_like(moved)})
        seconds.append(second)
    predicted = [
        tuple(np.insert(scores, second, -1e4) for scores in both)
        for second, both in zip(seconds, teacher.scores(feeds), strict=True)
    ]
    return softened(windows, rows, predicted)  # type: ignore[arg-type]


class Order:
    """The batches of a training, each of items by number: first those that are taught, once, then the others. `done` is
    how many have been given. `further`: an earlier reader learns further, and none come first."""

    def __init__(self, learned: Competing, taught: int, settings: TrainingSettings, further: bool = False) -> None:
        lengths = learned.lengths()
        taught = 0 if further else taught
        self.steps = settings.steps if further else 0
        self.first = taught // settings.batch
        self.done = 0
        others = ([taught + one for one in some] for some in batches(lengths[taught:], settings.batch, "others"))
        self._coming = chain(islice(batches(lengths[:taught], settings.batch, "taught"), self.first), others)

    def __iter__(self) -> Iterator[Sequence[int]]:
        return self

    def __next__(self) -> Sequence[int]:
        self.done += 1
        return next(self._coming)

    @property
    def weight(self) -> float:
        """Of the teacher's scores in the batch that was given last; 0 where it has none."""
        before = self.done - 1
        if before < self.steps:
            return KEPT * (1 - before / self.steps)
        return MOST + (LEAST - MOST) * before / self.first if before < self.first else 0.0


def train(
    model: Base, learned: Competing, aside: Sequence[Item], encoder: Encoder, settings: TrainingSettings, order: Order,
    folder: Path,
) -> torch.nn.Module:  # fmt: skip
    """Train the reader; `windows` and `batch` of the settings count items."""
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def error(given: Callable[..., Any], chosen: Sequence[int]) -> torch.Tensor:
        return learned.error(given, chosen, device, order.weight)

    def measure(given: torch.nn.Module) -> dict[str, float]:
        return judged(aside, read_by_model(given, aside, encoder, device))[EVERY]

    return run(model, order, error, measure, settings, folder)


def write(model: Base, tokenizer: Path, aside: Sequence[Item], encoder: Encoder, output: Path) -> None:
    """Export the reader in 8 bits."""
    windows = [
        encoder.encode(item.question, item.seen[0].heading, item.seen[0].text)[0] for item in aside[::CALIBRATION]
    ]
    export(model.reader, tokenizer, ["input_ids", "attention_mask"], NAME, MAX_TOKENS, output,
           [window.feed for window in windows])  # fmt: skip


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("citeqa.rag").setLevel(logging.INFO)
    arguments.work.mkdir(parents=True, exist_ok=True)
    embedder = load_embedder(DEFAULT_MODEL, arguments.work / "models")
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    others = unasked(arguments.unasked, arguments.but_listed)
    found = sources(arguments.squad, arguments.extra)
    items, aside = prepared(found, others, arguments.items, arguments.squad_share, chunker, arguments.seed)
    tokenizer = arguments.work / TOKENIZER
    write_tokenizer(arguments.encoder, tokenizer)
    encoder = Encoder(tokenizer, MAX_TOKENS)
    learned = Competing.of(items, encoder)
    teacher, own, theirs = OnnxReader(SHIPPED), *map(Tokenizer.from_file, (str(tokenizer), str(SHIPPED / TOKENIZER)))
    settings = replace(SETTINGS, windows=arguments.items, peak=arguments.peak, seed=arguments.seed)
    count = min(arguments.taught, len(learned))
    model = Base(arguments.encoder, arguments.layers)
    if arguments.start:
        model.start_from(arguments.start)
        chosen = [rows for rows, name in zip(learned.rows, learned.sets, strict=True) if name == SQUAD]
    else:
        chosen = learned.rows[:count]
    soft = taught(learned.windows, own, teacher, theirs, list(chain(*chosen)))
    order = Order(learned, count, settings, further=bool(arguments.start))
    train(model, replace(learned, windows=soft), aside[::5], encoder, settings, order, arguments.work / "second")
    write(model, tokenizer, aside, encoder, arguments.output)
    about = asdict(settings) | {"read": len(learned.windows)}
    if arguments.start:
        started = json.loads((arguments.start / TRAINING).read_text(encoding="utf-8"))
        about = started | {"further": [*started.get("further", []), about | {"kept": KEPT}]}
    else:
        about |= {"encoder": ENCODER_SHA256, "layers": arguments.layers}
        about |= {"taught": count, "most": MOST, "least": LEAST}
    about |= {"before": judged(aside, read_by(teacher, aside)),
              "after": judged(aside, read_by(OnnxReader(arguments.output), aside))}  # fmt: skip
    write_json(arguments.output / TRAINING, about)
    second_card.write(arguments.output)
    log.info("the second reader is in %s", arguments.output / MODEL)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path, help="folder of all-mpnet-base-v2")
    add_options(parser, SETTINGS, SECOND)
    parser.add_argument("--taught", type=int, default=TAUGHT, help="of how many the shipped reader's scores count too")
    parser.add_argument("--layers", type=int, default=LAYERS, help="how many of the encoder's layers are kept")
    parser.add_argument("--start", type=Path, help="folder of an earlier second reader that learns further")
    return parsed(parser, SETTINGS)


if __name__ == "__main__":
    main()
