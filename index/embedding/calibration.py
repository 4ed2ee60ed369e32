"""What goes into a model's products while it runs on typical inputs: scales and rounding are chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from citeqa.index.embedding.rounding import Floats, Moments
from citeqa.index.embedding.runtime import Feed

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one input of a product was, over all feeds; each counts the same, however many tokens it has."""

    highest: Floats  # of each channel, shape (channels,)
    lowest: Floats
    moments: Moments

    def joined(self, other: Inputs) -> Inputs:
        """What it was over the feeds of both."""
        highest, lowest = np.maximum(self.highest, other.highest), np.minimum(self.lowest, other.lowest)
        return Inputs(highest, lowest, self.moments + other.moments)

    @property
    def largest(self) -> Floats:
        """The largest magnitude of each channel."""
        return np.maximum(self.highest, -self.lowest)


def observe(model: onnx.ModelProto, names: Sequence[str], feeds: Sequence[Feed]) -> dict[str, Inputs]:
    """Run a model on `feeds` and describe its values of these names, each of shape (..., channels)."""
    import onnx
    import onnxruntime

    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    shown.graph.output.extend(values)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in one order: the same values at every run
    session = onnxruntime.InferenceSession(shown.SerializeToString(), options, providers=["CPUExecutionProvider"])
    taken = {value.name for value in session.get_inputs()}
    found: dict[str, Inputs] = {}
    for feed in feeds:
        given = {name: value for name, value in feed.items() if name in taken}
        for name, seen in zip(names, session.run(names, given), strict=True):
            inputs = _described(seen.reshape(-1, seen.shape[-1]))
            found[name] = found[name].joined(inputs) if name in found else inputs
    return found


def _described(rows: Floats) -> Inputs:
    return Inputs(rows.max(axis=0), rows.min(axis=0), (rows.T @ rows).astype(np.float64) / len(rows))
