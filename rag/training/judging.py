"""How well readers do on items of kept-aside sources, by set."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import torch

from citeqa.rag.evaluation.metrics import auroc, mean, token_f1
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.reader.spans import best_spans
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.encoded import Encoded
from citeqa.rag.training.items import Item
from citeqa.rag.training.model import predict

Best = tuple[float, str]  # the margin and the words of a passage's best span
Figures = dict[str, float]
EVERY = "every set"


def read_by(reader: Reader, items: Sequence[Item]) -> list[list[Best]]:
    """The best span of each passage of each item, as a reader gives it."""
    return [
        [
            (spans[0].score, passage.text[spans[0].span.start : spans[0].span.end]) if spans else (-math.inf, "")
            for passage, spans in zip(
                item.seen,
                reader.read(item.question, [p.text for p in item.seen], [p.heading for p in item.seen]),
                strict=True,
            )
        ]
        for item in items
    ]


def read_by_model(model: torch.nn.Module, items: Sequence[Item], encoder: Encoder, device: str) -> list[list[Best]]:
    """The same of a torch model, in large batches."""
    seen = [
        (i, j, window)
        for i, item in enumerate(items)
        for j, windows in enumerate(
            encoder.encode_all(item.question, [p.heading for p in item.seen], [p.text for p in item.seen])
        )
        for window in windows
    ]
    found: list[list[Best]] = [[(-math.inf, "")] * len(item.seen) for item in items]
    scores = predict(model, Encoded.pack([(window, 0, 0) for _, _, window in seen]), device)
    for (i, j, window), (start, end) in zip(seen, scores, strict=True):
        text = items[i].seen[j].text
        for span, margin in best_spans(text, window, start, end, 1):
            found[i][j] = max(found[i][j], (margin, text[span.start : span.end]))
    return found


def judged(items: Sequence[Item], best: Sequence[Sequence[Best]]) -> dict[str, Figures]:
    """Figures by set, and for `EVERY` set together, the mean of the sets'.

    F1 of forced answers to the answerable questions, where the reader sees only passages with an answer ("alone") and
    where it chooses among all of the item ("among"); AUROC of the highest margin, items with an answer against those
    without and against the wrong passages of those with one.
    """
    by_set: dict[str, list[tuple[Item, Sequence[Best]]]] = defaultdict(list)
    for item, found in zip(items, best, strict=True):
        by_set[item.set].append((item, found))
    figures = {name: _figures(pairs) for name, pairs in sorted(by_set.items())}
    names = ("alone", "among", "auroc")
    figures[EVERY] = {
        name: round(mean([one[name] for one in figures.values() if not math.isnan(one[name])]), 4) for name in names
    } | {"questions": sum(one["questions"] for one in figures.values())}
    return figures


def _figures(pairs: Sequence[tuple[Item, Sequence[Best]]]) -> Figures:
    alone, among, sure, unsure = [], [], [], []
    for item, found in pairs:
        wrong = [best for best, passage in zip(found, item.seen, strict=True) if not passage.answers]
        if wrong:
            unsure.append(max(wrong)[0])
        if item.answerable:
            accepted = [p.text[span.start : span.end] for p in item.seen for span in p.answers]
            right = [best for best, passage in zip(found, item.seen, strict=True) if passage.answers]
            alone.append(token_f1(max(right)[1], accepted))
            among.append(token_f1(max(found)[1], accepted))
            sure.append(max(found)[0])
    return {
        "alone": round(mean(alone), 4),
        "among": round(mean(among), 4),
        "auroc": round(auroc(sure, unsure), 4),
        "questions": len(pairs),
    }
