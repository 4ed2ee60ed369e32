"""The loss of passages that compete, against brute force; and which spans are its targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import packaged
from citeqa.index.types import Span
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.competing import Competing, competing_loss
from citeqa.rag.training.items import Item, Seen
from citeqa.rag.training.model import loss

LENGTH = 4


def brute(starts: list[list[float]], ends: list[list[float]], owner: list[int], right: list[tuple[int, ...]]) -> float:
    """-log of the share of the right spans among every pair of a start and an end, or none, of an item."""
    total = 0.0
    for item in range(max(owner) + 1):
        weights: dict[tuple[object, object], float] = {}
        windows = [window for window, whose in enumerate(owner) if whose == item]
        places: list[tuple[int, int] | None] = [None, *product(windows, range(1, LENGTH))]
        for start, end in product(places, places):
            one = math.exp(starts[start[0]][start[1]] - starts[start[0]][0]) if start else 1
            other = math.exp(ends[end[0]][end[1]] - ends[end[0]][0]) if end else 1
            weights[start, end] = one * other
        spans = [((window, first), (window, last)) for whose, window, first, last in right if whose == item]
        chosen = sum(weights[span] for span in spans) if spans else weights[None, None]
        total -= math.log(chosen / sum(weights.values()))
    return total / (max(owner) + 1)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[list[float]], list[list[float]], list[int], list[tuple[int, ...]]]:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    owner = [item for item, size in enumerate(sizes) for _ in range(size)]
    rows = st.lists(st.floats(-4, 4), min_size=LENGTH, max_size=LENGTH)
    starts, ends = (draw(st.lists(rows, min_size=len(owner), max_size=len(owner))) for _ in range(2))
    place = st.integers(1, LENGTH - 1)
    spans = draw(st.sets(st.tuples(st.integers(0, len(owner) - 1), place, place), max_size=4))
    return starts, ends, owner, [(owner[window], window, first, last) for window, first, last in sorted(spans)]


def computed(
    starts: list[list[float]], ends: list[list[float]], owner: list[int], right: Sequence[tuple[int, ...]]
) -> torch.Tensor:
    answers = torch.tensor(right, dtype=torch.long).reshape(-1, 4)
    return competing_loss(torch.tensor(starts), torch.tensor(ends), torch.tensor(owner), answers, max(owner) + 1)


@given(cases())
def test_the_loss_is_that_of_brute_force(
    case: tuple[list[list[float]], list[list[float]], list[int], list[tuple[int, ...]]],
) -> None:
    assert float(computed(*case)) == pytest.approx(brute(*case), abs=1e-4)


def test_the_loss_by_hand() -> None:
    """Two windows of three tokens after the first, all logits 0: 7 starts and 7 ends, of which one span is right."""
    zeros = [[0.0] * LENGTH] * 2
    assert float(computed(zeros, zeros, [0, 0], [(0, 1, 2, 3)])) == pytest.approx(2 * math.log(7))
    assert float(computed(zeros, zeros, [0, 0], [(0, 1, 2, 3), (0, 0, 1, 1)])) == pytest.approx(math.log(49 / 2))
    assert float(computed(zeros, zeros, [0, 0], [])) == pytest.approx(2 * math.log(7))
    assert float(computed(zeros, zeros, [0, 1], [])) == pytest.approx(2 * math.log(4))


def test_a_single_window_has_the_loss_of_one_that_competes_with_nothing() -> None:
    torch.manual_seed(1)
    starts, ends = torch.randn(1, LENGTH), torch.randn(1, LENGTH)
    for first, last in [(0, 0), (1, 3)]:
        wanted = torch.zeros((2, 1, LENGTH))
        wanted[0, 0, first] = wanted[1, 0, last] = 1
        right = [(0, 0, first, last)] if first else []
        found = computed(starts.tolist(), ends.tolist(), [0], right)
        assert float(found) == pytest.approx(float(2 * loss(starts, ends, wanted)), abs=1e-5)


def test_padding_and_items_without_answers_leave_no_gradient_undefined() -> None:
    starts = torch.full((3, LENGTH), -1e4)
    starts[:, :2] = torch.tensor([[1.0, 2.0], [0.0, -3.0], [2.0, 0.0]])
    starts.requires_grad_()
    found = competing_loss(
        starts, starts * 2, torch.tensor([0, 0, 1]), torch.tensor([[0, 1, 1, 1]], dtype=torch.long), 2
    )
    found.backward()  # type: ignore[no-untyped-call]
    assert starts.grad is not None
    assert torch.isfinite(starts.grad).all()
    assert (starts.grad[:, 2:] == 0).all()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(packaged() / TOKENIZER, 64)


def seen(text: str, *answers: str) -> Seen:
    return Seen("Harbour news", text, tuple(Span(text.index(a), text.index(a) + len(a)) for a in answers))


LONG = "The harbour was quiet that year and nobody came. " * 12 + "It cost nine crowns."
ITEMS = [
    Item("1", "news", "What did it cost?", (seen("It cost nine crowns.", "nine", "nine crowns"), seen("It rained."))),
    Item("2", "news", "What did it cost?", (seen(LONG, "nine crowns"), seen("Ada paid nine crowns.", "nine crowns"))),
    Item("3", "news", "Who came?", (seen("It rained."),)),
    Item("4", "news", "Why?", (Seen("", LONG, (Span(0, len(LONG)),)),)),  # in no window as a whole
]


def test_every_window_that_holds_an_answer_is_a_target_and_no_other(encoder: Encoder) -> None:
    found = Competing.of(ITEMS, encoder)
    assert len(found) == 3
    assert sorted(row for rows in found.rows for row in rows) == list(range(len(found.windows)))
    for item, rows, right in zip(ITEMS, found.rows, found.answers, strict=False):
        expected = set()
        row = rows.start
        for passage in item.seen:
            for window in encoder.encode(item.question, passage.heading, passage.text):
                expected |= {(row, *place) for span in passage.answers if (place := window.tokens(span))}
                row += 1
        assert row == rows.stop
        assert set(right) == expected
    assert [len(right) for right in found.answers] == [2, 3, 0]
    assert len(found.rows[1]) > 3  # the long passage takes several windows, of which the last two hold the answer
    assert found.lengths().tolist() == [max(found.windows.lengths()[list(rows)]) for rows in found.rows]


class Scores(torch.nn.Module):
    """Scores that depend on the token alone; another `turn` gives others."""

    def __init__(self, turn: int = 0) -> None:
        super().__init__()
        self.turn = turn

    def forward(self, input_ids: torch.Tensor, **others: torch.Tensor) -> QuestionAnsweringModelOutput:
        ids = input_ids + self.turn
        return QuestionAnsweringModelOutput(start_logits=(ids % 7).float(), end_logits=(ids % 5).float())


def test_the_error_of_a_batch_is_the_mean_of_its_items(encoder: Encoder) -> None:
    found = Competing.of(ITEMS, encoder)
    one_by_one = [float(found.error(Scores(), [item], "cpu")) for item in range(3)]
    assert float(found.error(Scores(), [2, 0, 1], "cpu")) == pytest.approx(np.mean(one_by_one), rel=1e-4)


def scores(ids: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What `Scores` gives for one window."""
    found = Scores()(input_ids=torch.from_numpy(ids))
    return found.start_logits[0].numpy(), found.end_logits[0].numpy()


def test_earlier_beliefs_count_for_the_set_they_are_kept_of_and_for_no_other(encoder: Encoder) -> None:
    items = [ITEMS[0], replace(ITEMS[2], set="reports")]
    found = Competing.of(items, encoder)
    kept = found.keeping(lambda feeds: [scores(feed["input_ids"]) for feed in feeds], "news")
    assert float(kept.error(Scores(), [1], "cpu")) == pytest.approx(float(found.error(Scores(), [1], "cpu")))
    more = [
        float(kept.error(Scores(turn), [0], "cpu")) - float(found.error(Scores(turn), [0], "cpu")) for turn in range(4)
    ]
    assert min(more) == more[0] > 0, "who believes the same loses only the entropy of it"
    assert more[1] > more[0] + 0.1
