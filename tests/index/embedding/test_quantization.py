"""Eight bits: no row looks at another, results stay near, and what was rounded can be had back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from citeqa.index.embedding.quantization import quantize, quantize_tables, restored
from citeqa.index.embedding.rounding import Floats
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, session
from citeqa.rag.reader.export import PROBE
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.encoded import Encoded
from citeqa.rag.training.model import as_torch, logits

WORDS, WIDTH, HIDDEN, NARROW = 1000, 24, 40, 8
KEPT = {"small.weight": (50, WIDTH), "narrow": (HIDDEN, NARROW)}  # too few rows, too few columns


def drawn(seed: int = 5) -> dict[str, Floats]:
    """The constants of the model; one channel of the table is large, as those of transformers are."""
    chance = np.random.default_rng(seed)
    shapes = {"table.weight": (WORDS, WIDTH), "hidden": (WIDTH, HIDDEN), "hidden.bias": (HIDDEN,), **KEPT}
    found = {name: chance.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    found["table.weight"][:, 3] *= 20
    return found


def save(path: Path) -> Path:
    """A model that looks words up in a table and a small one, multiplies by a matrix, adds its bias, and multiplies
    by a narrow matrix: ids (texts, length) to found (texts, length, NARROW)."""
    nodes = [
        helper.make_node("Gather", ["table.weight", "ids"], ["words"]),
        helper.make_node("Gather", ["small.weight", "types"], ["more"]),
        helper.make_node("Add", ["words", "more"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "hidden"], ["product"]),
        helper.make_node("Add", ["product", "hidden.bias"], ["raised"]),
        helper.make_node("Relu", ["raised"], ["kept"]),
        helper.make_node("MatMul", ["kept", "narrow"], ["found"]),
    ]
    whole = ["texts", "length"]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, whole) for name in ("ids", "types")],
        [
            helper.make_tensor_value_info("raised", TensorProto.FLOAT, [*whole, HIDDEN]),
            helper.make_tensor_value_info("found", TensorProto.FLOAT, [*whole, NARROW]),
        ],
        [numpy_helper.from_array(values, name) for name, values in drawn().items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
    return path


def ids(texts: int, length: int, seed: int = 9) -> dict[str, NDArray[np.int64]]:
    chance = np.random.default_rng(seed)
    return {"ids": chance.integers(0, WORDS, (texts, length)), "types": chance.integers(0, 50, (texts, length))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("whole") / "model.onnx")


@pytest.fixture(scope="module", params=[7, 8])
def bits(request: pytest.FixtureRequest) -> int:
    assert isinstance(request.param, int)
    return request.param


@pytest.fixture(scope="module")
def small(bits: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model with weights of `bits` bits and a table of eight."""
    path = save(tmp_path_factory.mktemp("small") / "model.onnx")
    quantize(path, [ids(4, 12, seed) for seed in range(4)], weight_bits=bits)
    quantize_tables(path)
    return path


def constants(path: Path) -> dict[str, NDArray[Any]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def run(path: Path, given: dict[str, NDArray[np.int64]]) -> tuple[Floats, Floats]:
    raised, found = session(path).run(["raised", "found"], given)
    return raised, found


def test_what_is_computed_for_a_token_depends_on_no_other(small: Path) -> None:
    given = ids(6, 10)
    together = run(small, given)
    for row in range(6):
        alone = run(small, {name: values[row : row + 1] for name, values in given.items()})
        cut = run(small, {name: values[row : row + 1, :4] for name, values in given.items()})
        for all_rows, one, short in zip(together, alone, cut, strict=True):
            assert (all_rows[row] == one[0]).all()
            assert (all_rows[row, :4] == short[0]).all()


def saturates() -> bool:
    """Whether this processor computes wrong products of 8-bit numbers of full range."""
    weights = numpy_helper.from_array(np.full((64, 16), 127, dtype=np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 64])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, 16])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    opened = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    product = np.asarray(opened.run(None, {"x": np.full((1, 64), 255, dtype=np.uint8)})[0])
    return bool((product != 64 * 255 * 127).any())


def test_a_product_is_as_near_as_the_steps_allow(whole: Path, small: Path, bits: int) -> None:
    """With x = x' + dx and W = W' + dW in the evened-out channels, |dx| and |dW| at most half a step (of a token, of a
    column), the product is off by at most Σ |x| |dW| + |dx| |W| + |dx| |dW|; the table's rows by half a step more."""
    if bits == 8 and saturates():
        pytest.skip("this processor adds two 8-bit products in 16 bits, where those of full range saturate")
    given = ids(5, 8)
    held, constant = drawn(), constants(small)
    even = 1 / constant["embedded.q.even"].astype(np.float64)
    looked_up = constant["table.weight.integers"] * constant["table.weight.scales"]
    x = (looked_up[given["ids"]] + held["small.weight"][given["types"]]) / even
    w = held["hidden"] * even[:, None]
    dx = np.abs(x).max(axis=-1, keepdims=True) / 127 / 2
    dw = np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1) / 2
    allowed = np.abs(x).sum(axis=-1, keepdims=True) * dw + dx * np.abs(w).sum(axis=0) + WIDTH * dx * dw
    table = constant["table.weight.scales"][given["ids"]] / 2 * np.abs(held["hidden"]).sum(axis=0)
    error = np.abs(run(small, given)[0] - run(whole, given)[0])
    assert (error <= (allowed + table) * 1.001).all()
    assert error.max() > 0
    spread = run(whole, given)[0].std()
    assert np.sqrt((error**2).mean()) < spread * (0.02 if bits == 8 else 0.03)  # errors hardly ever add up


def test_small_tables_and_narrow_matrices_are_left_alone(small: Path) -> None:
    held, constant = drawn(), constants(small)
    for name in KEPT:
        assert (constant[name] == held[name]).all()
        assert constant[name].dtype == np.float32
    assert not {"hidden", "table.weight"} & constant.keys()


def test_weights_stay_inside_their_bits_and_use_them(small: Path, bits: int) -> None:
    constant = constants(small)
    columns = np.abs(constant["hidden.integers"].astype(int)).max(axis=0)
    assert constant["hidden.integers"].dtype == np.int8
    assert (columns == 2 ** (bits - 1) - 1).all()  # 63 or 127, in every column
    rows = np.abs(constant["table.weight.integers"].astype(int)).max(axis=1)
    assert (rows == 127).all()


def test_parameters_are_had_back_to_half_a_step(small: Path) -> None:
    held, constant, found = drawn(), constants(small), restored(small)
    assert found.keys() == {"table.weight", "small.weight", "hidden.weight", "hidden.bias"}
    assert (found["hidden.bias"] == held["hidden.bias"]).all()
    assert (found["small.weight"] == held["small.weight"]).all()
    half_a_row = constant["table.weight.scales"] / 2
    assert (np.abs(found["table.weight"] - held["table.weight"]) <= half_a_row * 1.001).all()
    half_a_step = constant["hidden.scales"] / 2 * constant["embedded.q.even"][:, None]
    assert found["hidden.weight"].shape == (HIDDEN, WIDTH)  # as torch has it
    assert (np.abs(found["hidden.weight"].T - held["hidden"]) <= half_a_step * 1.001).all()


def test_the_shipped_reader_is_had_back_as_torch_trains_it(reader: OnnxReader) -> None:
    """What is left between the two are the activations' eight bits."""
    windows = Encoder(SHIPPED / TOKENIZER, 320).encode(PROBE["question"], PROBE["heading"], PROBE["text"])
    packed = Encoded.pack([(window, 0, 0) for window in windows])
    with torch.inference_mode():
        wanted = logits(as_torch(SHIPPED).eval(), packed.batch(range(len(packed)), "cpu"))
    length = len(windows[0].ids)
    for ours, theirs in zip(session(SHIPPED / MODEL).run(None, windows[0].feed), wanted, strict=True):
        assert ours[0, :length] == pytest.approx(theirs[0, :length].numpy(), abs=0.6)
        assert np.corrcoef(ours[0, :length], theirs[0, :length].numpy())[0, 1] > 0.995


def test_the_shipped_readers_weights_never_saturate_on_any_processor() -> None:
    integers = {name: values for name, values in constants(SHIPPED / MODEL).items() if name.endswith(".integers")}
    matrices = [values for name, values in integers.items() if not name.endswith(".weight.integers")]
    assert matrices
    assert max(int(np.abs(values.astype(int)).max()) for values in matrices) <= 63
