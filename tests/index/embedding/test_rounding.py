"""Rounding: integers inside their bits, and GPTQ's change what the matrix gives less than the nearest ones do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.embedding.rounding import Floats, gptq, nearest


def drawn(seed: int, inputs: int, outputs: int) -> tuple[Floats, Floats, Floats]:
    """Rows of an input whose channels go together, a matrix, and the scale of each of its columns for 7 bits."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, 1, (400, inputs)) @ chance.normal(0, 1, (inputs, inputs))
    matrix = chance.normal(0, 1, (inputs, outputs)).astype(np.float32)
    return rows.astype(np.float32), matrix, np.abs(matrix).max(axis=0) / 63


def error(rows: Floats, matrix: Floats, integers: np.ndarray, scales: Floats) -> float:
    return float(((rows @ (integers * scales - matrix)) ** 2).sum())


@given(st.integers(0, 1000), st.integers(16, 40), st.integers(32, 64))
def test_gptq_changes_products_with_its_inputs_less_than_the_nearest_integers(
    seed: int, inputs: int, outputs: int
) -> None:
    rows, matrix, scales = drawn(seed, inputs, outputs)
    """Over many columns together: for a single one it is likely, but not certain."""
    moments = rows.T.astype(np.float64) @ rows
    plain, made = (rounding(matrix, scales, 63, moments) for rounding in (nearest, gptq))
    assert error(rows, matrix, made, scales) < error(rows, matrix, plain, scales)
    for integers in (plain, made):
        assert integers.dtype == np.int8
        assert np.abs(integers.astype(int)).max() <= 63


def test_with_channels_that_do_not_go_together_gptq_gives_the_nearest_integers() -> None:
    _, matrix, scales = drawn(1, 12, 5)
    moments = np.diag(np.arange(1.0, 13))
    assert (gptq(matrix, scales, 63, moments) == nearest(matrix, scales, 63, moments)).all()


def test_channels_that_were_never_seen_are_rounded_too() -> None:
    _, matrix, scales = drawn(2, 12, 5)
    nothing = np.zeros((12, 12))
    assert (gptq(matrix, scales, 63, nothing) == nearest(matrix, scales, 63, nothing)).all()


def test_two_channels_by_hand() -> None:
    """Both channels always equal: the first is 0.4 too low, so the second, 0.3, becomes 0.7 and is rounded up."""
    matrix, scales = np.array([[0.4], [0.3]], dtype=np.float32), np.ones(1, np.float32)
    moments = np.full((2, 2), 1000.0)
    assert gptq(matrix, scales, 63, moments).tolist() == [[0], [1]]
    assert nearest(matrix, scales, 63, moments).tolist() == [[0], [0]]
