"""ONNX models in 8 bits, such that what is computed for a token depends on no other token's scale.

Weights get a scale a column; activations get theirs while running, a scale a token (a row), so that a text's result
never depends on its neighbours in a batch. Before that, channels that are large in the activations and small in the
weights are evened out (SmoothQuant: Xiao et al. 2023), for which a few inputs are run. Products of integers are exact
on every processor, but for x86 without VNNI, whose 8-bit products of full range can saturate: 7-bit weights never do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.calibration import Inputs, observe
from citeqa.index.embedding.rounding import Floats, Moments, Rounding, nearest
from citeqa.index.embedding.runtime import Feed

if TYPE_CHECKING:
    import onnx

_SMOOTHING = (
    0.55  # how much of the difficulty moves from activations to weights (alpha in the paper); chosen on the probes
)
_MIDDLE, _LOW = 128, 64  # the integer that means zero; the low one leaves 191 steps above it instead of 127
_POSITIVE = 3  # an input gets the low one if its highest value is so many times the magnitude of its lowest (GELU's)
_NARROW = 16  # matrices with fewer columns stay as they are: there is nothing to win
_ROWS = 1000  # tables with fewer rows stay as they are


def quantize(path: Path, feeds: Sequence[Feed], weight_bits: int = 8, rounding: Rounding = nearest) -> None:
    """Rewrite the model at `path`: products with constant matrices in 8 bits.

    Args:
        feeds: inputs like those to come.
        weight_bits: how many of the 8 bits a weight uses.
        rounding: how weights become integers.
    """
    import onnx

    model = onnx.load(path)
    weights = _weights(model)
    by_input = _by_input(model, weights)
    inputs = observe(model, sorted(by_input), feeds)
    rewriting = _Rewriting(model, 2 ** (weight_bits - 1) - 1, rounding)
    for source, names in by_input.items():
        rewriting.even_out(source, [weights[name] for name in names], inputs[source])
    for node in list(model.graph.node):
        if node.op_type == "MatMul" and node.input[1] in weights:
            rewriting.product(node.input[0], node.input[1], weights[node.input[1]], node.output[0])
        else:
            rewriting.nodes.append(node)
    rewriting.finish(set(weights))
    onnx.save(model, path)


def quantize_tables(path: Path) -> None:
    """Rewrite the model at `path`: tables that rows are looked up in as 8 bits, each row with a scale of its own."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2 and tensor.dims[0] >= _ROWS}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(table)
        scales = (np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127).astype(np.float32)
        name, ids, out = table.name, node.input[1], node.output[0]
        graph.initializer.remove(table)
        integers = np.rint(values / scales).astype(np.int8)
        graph.initializer.append(numpy_helper.from_array(integers, f"{name}.integers"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scales"))
        nodes += [
            helper.make_node("Gather", [f"{name}.integers", ids], [f"{out}.integers"]),
            helper.make_node("Cast", [f"{out}.integers"], [f"{out}.floats"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scales", ids], [f"{out}.scales"]),
            helper.make_node("Mul", [f"{out}.floats", f"{out}.scales"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def restored(path: Path) -> dict[str, Floats]:
    """The parameters of a model that the two functions above rewrote, in floats, by the names they had in torch.

    A layer's matrix is known by the bias that is added to its product, and has torch's shape: (outputs, inputs).
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    found = {name: values for name, values in constants.items() if name.endswith((".weight", ".bias"))}
    for name in [name for name in constants if name.endswith(".weight.integers")]:
        table = name.removesuffix(".integers")
        found[table] = constants[name] * constants[f"{table}.scales"]
    for node in graph.node:
        bias = next((name for name in node.input if name.endswith(".bias")), None)
        if node.op_type != "Add" or bias is None:
            continue
        product = made[next(name for name in node.input if name != bias)]
        if product.op_type == "Mul":
            product = made[product.input[0]]
            factors = constants[f"{product.input[0].removesuffix('.integers')}.even"]
            matrix = factors[:, None] * constants[product.input[1]] * constants[product.input[3]]
        else:
            matrix = constants[product.input[1]]
        found[f"{bias.removesuffix('.bias')}.weight"] = matrix.T.astype(np.float32)
    return found


def _weights(model: onnx.ModelProto) -> dict[str, Floats]:
    """The constant matrices that something is multiplied by and that are worth it, by name."""
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    used = {node.input[1] for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in constants}
    found = {name: numpy_helper.to_array(constants[name]) for name in sorted(used)}
    return {name: value for name, value in found.items() if value.ndim == 2 and value.shape[1] >= _NARROW}


def _by_input(model: onnx.ModelProto, weights: Mapping[str, Floats]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            found.setdefault(node.input[0], []).append(node.input[1])
    return found


class _Rewriting:
    """The nodes of a model as they are rewritten, and the constants they need."""

    def __init__(self, model: onnx.ModelProto, most: int, rounding: Rounding) -> None:
        self.nodes: list[Any] = []
        self._model, self._most, self._rounding = model, most, rounding
        self._smoothing: dict[str, Floats] = {}
        self._moments: dict[str, Moments] = {}
        self._zeros: dict[str, int] = {}
        self._quantized: dict[str, tuple[str, str]] = {}
        self._constants: dict[str, NDArray[Any]] = {
            "q.one": np.array(1, np.float32),
            "q.tiny": np.array(1e-12, np.float32),
            "q.last": np.array([-1], np.int64),
        }

    def even_out(self, source: str, matrices: Sequence[Floats], inputs: Inputs) -> None:
        """Choose what each channel of an input is divided by before it is quantized."""
        heaviest = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
        factors = np.maximum(inputs.largest, 1e-4) ** _SMOOTHING / np.maximum(heaviest, 1e-5) ** (1 - _SMOOTHING)
        factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
        self._smoothing[source], self._moments[source] = factors, inputs.moments / np.outer(factors, factors)
        mostly_positive = _POSITIVE * np.max(-inputs.lowest / factors) < np.max(inputs.highest / factors)
        self._zeros[source] = _LOW if mostly_positive else _MIDDLE

    def product(self, source: str, name: str, matrix: Floats, out: str) -> None:
        """`out = source @ matrix`, in integers."""
        integers, scale = self._tokens(source, matrix.shape[0])
        weighted = matrix * self._smoothing[source][:, None]
        scales = (np.maximum(np.abs(weighted).max(axis=0), 1e-12) / self._most).astype(np.float32)
        self._constants[f"{name}.integers"] = self._rounding(weighted, scales, self._most, self._moments[source])
        self._constants[f"{name}.scales"] = scales
        given = [integers, f"{name}.integers", "q.one", f"{name}.scales", f"q.zero{self._zeros[source]}"]
        self._add("MatMulIntegerToFloat", given, f"{out}.unscaled", domain="com.microsoft")
        self._add("Mul", [f"{out}.unscaled", scale], out)

    def _tokens(self, source: str, width: int) -> tuple[str, str]:
        """The integers of an input, and the scale of each of its tokens; once however many products use it."""
        if source not in self._quantized:
            at, zero, below = f"{source}.q", f"q.zero{self._zeros[source]}", self._zeros[source]
            self._constants[zero] = np.array(below, np.uint8)
            self._constants[f"{zero}.up"] = np.array(1 / (255 - below), np.float32)
            self._constants[f"{zero}.down"] = np.array(-1 / min(below, 127), np.float32)
            self._constants[f"{at}.even"] = 1 / self._smoothing[source]
            self._constants[f"q.width{width}"] = np.array([-1, width], np.int64)
            self._add("Mul", [source, f"{at}.even"], f"{at}.evened")
            self._add("ReduceMax", [f"{at}.evened", "q.last"], f"{at}.highest", keepdims=1)
            self._add("ReduceMin", [f"{at}.evened", "q.last"], f"{at}.lowest", keepdims=1)
            self._add("Mul", [f"{at}.highest", f"{zero}.up"], f"{at}.up")
            self._add("Mul", [f"{at}.lowest", f"{zero}.down"], f"{at}.down")
            self._add("Max", [f"{at}.up", f"{at}.down", "q.tiny"], f"{at}.scale")
            self._add("Reshape", [f"{at}.scale", "q.last"], f"{at}.scales")
            self._add("Reshape", [f"{at}.evened", f"q.width{width}"], f"{at}.rows")
            self._add("Shape", [f"{at}.scales"], f"{at}.count")
            self._add("Expand", [zero, f"{at}.count"], f"{at}.middles")
            self._add("QuantizeLinear", [f"{at}.rows", f"{at}.scales", f"{at}.middles"], f"{at}.flat", axis=0)
            self._add("Shape", [source], f"{at}.shape")
            self._add("Reshape", [f"{at}.flat", f"{at}.shape"], f"{at}.integers")
            self._quantized[source] = f"{at}.integers", f"{at}.scale"
        return self._quantized[source]

    def _add(self, operator: str, given: list[str], out: str, domain: str = "", **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, given, [out], domain=domain, **attributes))

    def finish(self, replaced: set[str]) -> None:
        """Put the nodes and constants into the model; `replaced` constants are dropped."""
        from onnx import helper, numpy_helper

        graph = self._model.graph
        kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
        del graph.node[:], graph.initializer[:]
        graph.node.extend(self.nodes)
        graph.initializer.extend(kept)
        graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in self._constants.items())
        if not any(opset.domain == "com.microsoft" for opset in self._model.opset_import):
            self._model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
