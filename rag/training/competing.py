"""Passages of one question compete: every token against the "no answer" of its own window, normalised over all windows
of the question (Clark and Gardner 2018, "shared norm").

What a reader believed before may be kept where it was good: then its own scores are targets beside the labels (Li and
Hoiem 2016, "learning without forgetting")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from citeqa.index.embedding.runtime import Feed
from citeqa.rag.reader.windows import Encoder, Window
from citeqa.rag.training.encoded import Encoded
from citeqa.rag.training.items import Item
from citeqa.rag.training.model import logits, loss, lowered, softened

Scored = Callable[[Sequence[Feed]], Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]]
KEPT = 2.0  # weight of earlier beliefs beside the labels


@dataclass(frozen=True, slots=True)
class Competing:
    """Items as windows. `rows` (items) are the windows of each item among `windows`, `sets` (items) where
    each comes from; `answers` (items) are all spans in
    them that are right, each as window, first and last token. An item without any is unanswerable. Windows of `windows`
    that have soft targets are those whose earlier beliefs are kept."""

    windows: Encoded
    rows: list[range]
    answers: list[list[tuple[int, int, int]]]
    sets: list[str]

    @classmethod
    def of(cls, items: Sequence[Item], encoder: Encoder) -> Competing:
        """The windows of the items, except for answerable ones of whose answers none is whole in a window."""
        packed: list[tuple[Window, int, int]] = []
        rows, answers, sets = [], [], []
        for item in items:
            windows, right = _laid_out(item, encoder, len(packed))
            if right or not item.answerable:
                rows.append(range(len(packed), len(packed) + len(windows)))
                answers.append(right)
                sets.append(item.set)
                packed += [(window, 0, 0) for window in windows]
        return cls(Encoded.pack(packed), rows, answers, sets)

    def __len__(self) -> int:
        return len(self.rows)

    def keeping(self, scores: Scored, of: str) -> Competing:
        """The same items, with what a reader believes of the windows of the set `of` as further targets; `scores` gives
        the start and end logits of windows."""
        rows = [row for found, name in zip(self.rows, self.sets, strict=True) if name == of for row in found]
        return replace(self, windows=softened(self.windows, rows, scores([self.windows.feed(row) for row in rows])))

    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens in the longest window of each item."""
        lengths = self.windows.lengths()
        return np.array([lengths[rows.start : rows.stop].max() for rows in self.rows])

    def error(self, model: Callable[..., Any], chosen: Sequence[int], device: str, kept: float = KEPT) -> torch.Tensor:
        """The loss of a model on some items; `kept` is the weight of earlier beliefs beside the labels, where there are
        any."""
        rows = [row for item in chosen for row in self.rows[item]]
        owner = [number for number, item in enumerate(chosen) for _ in self.rows[item]]
        place = {row: i for i, row in enumerate(rows)}
        answers = [
            (number, place[row], first, last)
            for number, item in enumerate(chosen)
            for row, first, last in self.answers[item]
        ]
        batch = self.windows.batch(rows, device)
        with lowered(device):
            starts, ends = logits(model, batch)
        found = torch.tensor(answers, dtype=torch.long, device=device).reshape(-1, 4)
        competing = competing_loss(starts, ends, torch.tensor(owner, device=device), found, len(chosen))
        if self.windows.soft is None or not kept:
            return competing
        return competing + kept * loss(starts, ends, batch.wanted)


def competing_loss(
    starts: torch.Tensor, ends: torch.Tensor, owner: torch.Tensor, answers: torch.Tensor, items: int
) -> torch.Tensor:
    """The mean over items of -log of the probability of their right spans together.

    The probability of a token is exp(margin) over 1 plus the sum of exp(margin) of all tokens of the item's windows; a
    margin is a logit minus that of the window's first token, and the 1 stands for no answer at all. The probability of
    a span is that of its first token as a start times that of its last one as an end. Without an answer, no answer is
    right.

    Args:
        starts, ends: logits of shape (windows, length).
        owner: the item of each window, from 0.
        answers: a row for each right span, of shape (spans, 4): item, window, first and last token.
    """
    both = torch.stack((starts, ends))
    margins = both[:, :, 1:] - both[:, :, :1]
    nothing = torch.zeros((items, 1), device=starts.device)
    own = owner == torch.arange(items, device=starts.device)[:, None]
    normal = torch.zeros(items, device=starts.device)
    for windows in margins.logsumexp(dim=2):
        normal = normal + torch.cat((nothing, windows.masked_fill(~own, -torch.inf)), dim=1).logsumexp(dim=1)
    item, window, first, last = answers.unbind(dim=1)
    scores = (both[0, window, first] - both[0, window, 0]) + (both[1, window, last] - both[1, window, 0])
    theirs = item == torch.arange(items, device=starts.device)[:, None]
    unanswered = nothing.masked_fill(theirs.any(dim=1, keepdim=True), -torch.inf)
    right = torch.cat((unanswered, scores.masked_fill(~theirs, -torch.inf)), dim=1).logsumexp(dim=1)
    return (normal - right).mean()


def _laid_out(item: Item, encoder: Encoder, first_row: int) -> tuple[list[Window], list[tuple[int, int, int]]]:
    """The windows of an item, numbered from `first_row`, and the right spans in them."""
    windows: list[Window] = []
    right = []
    encoded = encoder.encode_all(item.question, [p.heading for p in item.seen], [p.text for p in item.seen])
    for passage, found in zip(item.seen, encoded, strict=True):
        for window in found:
            places = {window.tokens(span) for span in passage.answers} - {None}
            right += [(first_row + len(windows), *place) for place in sorted(filter(None, places))]
            windows.append(window)
    return windows, right
