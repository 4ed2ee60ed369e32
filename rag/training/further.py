"""Trains a reader further, on SQuAD and on question sets of other kinds of text, with competing passages.

    python -m citeqa.rag.training.further SQUAD.json EXTRA [UNASKED.jsonl ...] [--but-listed QUESTIONS.jsonl]
        [--items 12000] [--squad-share 0.4] [--peak 1e-4] [--seed 17] [--start DIR]
        [--beyond DIR] [--mean-with DIR ...] [--keep DIR] [--work DIR] [--output DIR]

EXTRA is a folder of question sets, NAME.jsonl.xz; UNASKED are corpora from which wrong passages may come too, but for
the documents that QUESTIONS lists. What `aside.json` lists is never trained on: the results by set are measured on it.
On two cores 12,000 items take about 45 minutes; an interrupted run continues from `--work`.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from citeqa.index.atomic import write_json
from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.documents.corpus import load as load_documents
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import DEFAULT_MODEL, packaged
from citeqa.index.types import Document
from citeqa.rag.reader.export import export
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.card import TRAINING, write
from citeqa.rag.training.competing import Competing
from citeqa.rag.training.items import Item, Maker, Pool, drawn, mixture
from citeqa.rag.training.judging import EVERY, Figures, judged, read_by, read_by_model
from citeqa.rag.training.model import as_torch, average, beyond, feed
from citeqa.rag.training.sources import SQUAD, Source, divided, sources
from citeqa.rag.training.train import TrainingSettings, batches, run

log = logging.getLogger("citeqa.rag.training")

NAME = "citeqa-reader-minilm-l6"
SEED = 17  # chooses the kept-aside questions to measure on
SQUAD_SHARE = 0.4  # of the items
CAPPED = {"qamr_wikinews": 1600}  # short and often trivial: fewer of them
SETTINGS = TrainingSettings(12_000, batch=16, peak=1e-4, decay=0.95, dropout=0.0, seed=SEED)  # windows: items here
MEASURED = 100  # kept-aside questions of each set
CALIBRATION = 24  # one kept-aside item in this many is run to find the range of activations
MAX_TOKENS = 320  # how many tokens the reader sees at once


class Prepared(NamedTuple):
    """Items to learn from, and kept-aside ones to measure on."""

    learned: list[Item]
    aside: list[Item]


def unasked(corpora: Sequence[Path], questions: Path | None) -> list[Document]:
    """The documents of some corpora, but for those that a question of the file `questions` lists."""
    listed: set[str] = set()
    if questions:
        lines = questions.read_text(encoding="utf-8").splitlines()
        listed = {document for line in lines for document in json.loads(line)["documents"]}
    return [item for item in load_documents(corpora) if isinstance(item, Document) and item.id not in listed]


def prepared(
    found: Sequence[Source], others: Sequence[Document], count: int, squad: float, chunker: Chunker, seed: int = SEED
) -> Prepared:
    """About `count` items of the sources that are not kept aside, a share `squad` of them SQuAD's, and some of each set
    of those that are kept aside; `seed` chooses only the former."""
    learned, aside = divided(found)
    shares = mixture(learned, squad, CAPPED)
    pool = Pool(chunker, learned, others)
    log.info("%d passages to retrieve from", len(pool))
    maker = Maker(pool, seed)
    items = [maker.item(source, asked) for source, asked in drawn(learned, shares, count, seed)]
    judge = Maker(Pool(chunker, aside, others), SEED, plain=True)
    even = dict.fromkeys(shares, 1 / len(shares))
    measured = [judge.item(source, asked) for source, asked in drawn(aside, even, MEASURED * len(shares), SEED)]
    return Prepared(items, measured)


def further(
    model: torch.nn.Module, learned: Competing, aside: Sequence[Item], encoder: Encoder, settings: TrainingSettings,
    folder: Path,
) -> torch.nn.Module:  # fmt: skip
    """Train a reader on items; `windows` and `batch` of the settings count items."""
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def error(given: Callable[..., Any], chosen: Sequence[int]) -> torch.Tensor:
        return learned.error(given, chosen, device)

    def measure(given: torch.nn.Module) -> dict[str, float]:
        return judged(aside, read_by_model(given, aside, encoder, device))[EVERY]

    coming = batches(learned.lengths(), settings.batch, str(settings.seed))
    return run(model, coming, error, measure, settings, folder)


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("citeqa.rag").setLevel(logging.INFO)
    embedder = load_embedder(DEFAULT_MODEL, arguments.work / "models")
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    found = sources(arguments.squad, arguments.extra)
    others = unasked(arguments.unasked, arguments.but_listed)
    items, aside = prepared(found, others, arguments.items, arguments.squad_share, chunker, arguments.seed)
    encoder = Encoder(packaged() / TOKENIZER, MAX_TOKENS)
    settings = replace(SETTINGS, windows=arguments.items, peak=arguments.peak, seed=arguments.seed)
    learned = Competing.of(items, encoder)
    if arguments.keep:
        learned = learned.keeping(OnnxReader(arguments.keep).scores, SQUAD)
    started = json.loads((arguments.start / TRAINING).read_text(encoding="utf-8"))
    before = judged(aside, read_by(OnnxReader(arguments.start), aside))
    start = as_torch(arguments.start)
    if arguments.beyond:
        start = beyond(start, as_torch(arguments.beyond))
    model = further(start, learned, aside[::5], encoder, settings, arguments.work / "further")
    model = average([model.cpu(), *map(as_torch, arguments.mean_with)])
    write_reader(model, aside, encoder, arguments.output)
    after = judged(aside, read_by(OnnxReader(arguments.output), aside))
    step = described(items, learned, settings, before, after)
    step |= {"kept": bool(arguments.keep), "beyond": bool(arguments.beyond)}
    write_json(arguments.output / TRAINING, started | {"further": [*started.get("further", []), step]})
    write(arguments.output)
    log.info("the reader is in %s", arguments.output)


def write_reader(model: torch.nn.Module, aside: Sequence[Item], encoder: Encoder, output: Path) -> None:
    """Export a model as the reader in 8 bits; some of the kept-aside windows give the range of the activations."""
    windows = [
        encoder.encode(item.question, item.seen[0].heading, item.seen[0].text)[0] for item in aside[::CALIBRATION]
    ]
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    export(model.cpu(), packaged() / TOKENIZER, inputs, NAME, MAX_TOKENS, output, [feed(one) for one in windows])


def described(
    items: Sequence[Item], learned: Competing, settings: TrainingSettings,
    before: dict[str, Figures], after: dict[str, Figures],
) -> dict[str, Any]:  # fmt: skip
    """What the card says of the training: its settings (`windows` counts items), how many items of each set and how
    many windows they are, and the figures before and after."""
    return {
        **asdict(settings),
        "sets": dict(sorted(Counter(item.set for item in items).items())),
        "read": len(learned.windows),
        "before": before,
        "after": after,
    }


def add_options(parser: argparse.ArgumentParser, settings: TrainingSettings, output: Path) -> None:
    """The arguments of every training on these sets, with the settings' values where none is given."""
    parser.add_argument("squad", type=Path, help="a file in SQuAD 2.0's format, .json or .json.xz")
    parser.add_argument("extra", type=Path, help="folder of question sets, NAME.jsonl.xz")
    parser.add_argument("unasked", type=Path, nargs="*", help="corpora from which wrong passages may come too")
    parser.add_argument("--but-listed", type=Path, help="documents that these questions list are left out of UNASKED")
    parser.add_argument("--items", type=int, default=settings.windows, help="how many questions are learned from")
    parser.add_argument("--squad-share", type=float, default=SQUAD_SHARE, help="share of the items that are SQuAD's")
    parser.add_argument("--peak", type=float, default=settings.peak, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=settings.seed, help="chooses what is learned from, and the order")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="folder for checkpoints")
    parser.add_argument("--output", type=Path, default=output, help="folder to write the reader to")


def parsed(parser: argparse.ArgumentParser, settings: TrainingSettings) -> argparse.Namespace:
    """The arguments given; the command ends with a message where they are not enough for one batch."""
    arguments = parser.parse_args()
    if arguments.items < settings.batch:
        parser.error(f"--items is {arguments.items}; needed at least {settings.batch}, one batch")
    return arguments


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, SETTINGS, SHIPPED)
    parser.add_argument("--start", type=Path, default=SHIPPED, help="folder of the reader that learns")
    parser.add_argument(
        "--beyond",
        type=Path,
        help="an earlier reader; learning starts as far on again as the reader is from it",
    )
    parser.add_argument(
        "--mean-with",
        type=Path,
        nargs="*",
        default=[],
        help="readers; the mean of their weights and those learned is written",
    )
    parser.add_argument(
        "--keep", type=Path, help="a reader; what it believes of SQuAD's passages is a target beside the labels"
    )
    return parsed(parser, SETTINGS)


if __name__ == "__main__":
    main()
