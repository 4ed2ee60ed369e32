"""Matrices become integers: each weight the nearest one, or all of them such that products with typical inputs stay
near."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Moments = NDArray[np.float64]  # the sum of xᵀx over the rows x of an input, shape (inputs, inputs)

Rounding = Callable[[Floats, Floats, int, Moments], NDArray[np.int8]]
"""Takes a matrix (inputs, outputs), the scale of each column, the largest magnitude that an integer may have, and the
moments of what is multiplied by the matrix; returns the integers, in the matrix's shape."""

_DAMPING = 0.01  # of the mean of the moments' diagonal, added to it, so that they can be inverted


def nearest(matrix: Floats, scales: Floats, most: int, moments: Moments) -> NDArray[np.int8]:
    """The nearest integers, whatever the inputs."""
    integers: NDArray[np.int8] = np.clip(np.rint(matrix / scales), -most, most).astype(np.int8)
    return integers


def gptq(matrix: Floats, scales: Floats, most: int, moments: Moments) -> NDArray[np.int8]:
    """Integers that change the products with typical inputs little (GPTQ: Frantar et al. 2022, algorithm 1).

    One row of the matrix after the other is rounded, that of the largest input channel first. The rows to come are
    changed such that they make up for the error, as far as the channels of the inputs go together.
    """
    order = np.argsort(-np.diag(moments), kind="stable")
    damping = max(_DAMPING * float(np.diag(moments).mean()), 1e-12)
    inverse = np.linalg.inv(moments[np.ix_(order, order)] + damping * np.eye(len(order)))
    factor = np.linalg.cholesky(inverse).T  # upper: row i says how the later rows make up for row i
    left = matrix[order].astype(np.float64)
    integers = np.empty(matrix.shape, dtype=np.int8)
    for row, channel in enumerate(order):
        rounded = np.clip(np.rint(left[row] / scales), -most, most)
        integers[channel] = rounded
        error = (left[row] - rounded * scales) / factor[row, row]
        left[row + 1 :] -= np.outer(factor[row, row + 1 :], error)
    return integers
