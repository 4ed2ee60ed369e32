"""What these cores do at best: multiply-adds and bytes a second, measured; the floor of a stage is counted in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from onnx import TensorProto, helper

from citeqa.index.cores import cores
from citeqa.index.embedding.runtime import OnnxModel

SIDE = 1024  # of the matrices that are multiplied
ROUNDS = 30


class Cost(NamedTuple):
    """What a stage must do: multiply-adds in fp32 and in 8 bits, bytes moved."""

    fp32: float = 0
    int8: float = 0
    moved: float = 0

    def __add__(self, other: object) -> Cost:
        assert isinstance(other, Cost)
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))


def best(action: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def product(operator: str, kinds: tuple[int, int, int], folder: Path) -> OnnxModel:
    """A model of one product of a matrix that is given with one that is constant; each core computes its own."""
    values = np.random.default_rng(1).integers(-60, 60, (SIDE, SIDE))
    constant = helper.make_tensor("b", kinds[1], (SIDE, SIDE), values.flatten().tolist())
    ends = [
        helper.make_tensor_value_info(name, kind, (SIDE, SIDE)) for name, kind in (("a", kinds[0]), ("c", kinds[2]))
    ]
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])], "product", ends[:1], ends[1:], [constant]
    )
    path = folder / f"{operator}.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return OnnxModel(path)


def calibrated(folder: Path) -> Cost:
    """Multiply-adds and bytes a second that these cores reach."""
    kinds = (TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32)
    floats = product("MatMul", (kinds[0],) * 3, folder)
    integers = product("MatMulInteger", kinds[1:], folder)
    ones = np.ones((SIDE, SIDE))
    source = np.ones(32_000_000, np.float32)
    target = np.empty_like(source)
    count = cores()
    return Cost(
        fp32=count * SIDE**3 / best(lambda: list(floats.run([{"a": ones.astype(np.float32)}] * count))),
        int8=count * SIDE**3 / best(lambda: list(integers.run([{"a": ones.astype(np.uint8)}] * count))),
        moved=2 * source.nbytes / best(lambda: np.copyto(target, source)),
    )
