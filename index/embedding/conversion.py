"""Torch modules become ONNX files. Torch and onnx are imported when they are needed."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_OPSET = 23  # the first with an operator for attention, which runs faster than its parts


def to_onnx(module: torch.nn.Module, inputs: list[str], outputs: list[str], path: Path, longest: int) -> None:
    """Write a module whose inputs are integers of shape (texts, length); padding is 0 in `attention_mask`."""
    import torch

    def example(name: str) -> torch.Tensor:
        # different tensors, one padded: the exporter bakes in whatever all examples share
        if name == "input_ids":
            return torch.arange(32).reshape(2, 16)
        values = torch.ones((2, 16), dtype=torch.int64)
        values[1, 9:] = 0
        if name == "token_type_ids":
            values[0, :5] = 0
        return values

    texts, length = torch.export.Dim("texts"), torch.export.Dim("length", max=longest)
    for noisy in ("onnx_ir", "onnxscript", "torch.onnx"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(example(name) for name in inputs),
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=tuple({0: texts, 1: length} for _ in inputs),
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    _forget_origin(path)


def _forget_origin(path: Path) -> None:
    """Drop what the exporter notes of the source files: paths of this machine, and of no use."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    for thing in [model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info]:
        del thing.metadata_props[:]
        thing.doc_string = ""
    onnx.save(model, path)
