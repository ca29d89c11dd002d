"""A graph made here, in the shape that nanodet has, against the same sums in numpy."""

import base64
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dev.rekognition.graph_model import constants, convert
from dev.rekognition.ssd import RUNTIME

CONSTANTS: dict[str, NDArray[Any]] = {
    "edges": np.array([[0, 0], [0, 0], [1, 1], [1, 1]], np.int32),
    "to last": np.array([0, 2, 3, 1], np.int32),
    "to first": np.array([0, 3, 1, 2], np.int32),
    "kernel": np.random.default_rng(1).normal(size=(3, 3, 2, 4)).astype(np.float16),
    "bias": np.array([0.5, -0.5, 1, 0], np.float16),
    "axis": np.array(1, np.int32),
    "twice": np.array([10, 12], np.int32),
}
STRIDES = {"strides": {"list": {"i": ["1", "1", "1", "1"]}}, "padding": {"s": base64.b64encode(b"VALID").decode()}}
SIZES = {"shape": {"shape": {"dim": [{"size": size} for size in "1256"]}}}
NODES = [
    ("picture", "Placeholder", [], SIZES),
    ("padded", "Pad", ["picture", "edges"], {}),
    ("turned", "Transpose", ["padded", "to last"], {}),
    ("convolved", "Conv2D", ["turned", "kernel"], STRIDES),
    ("biased", "Add", ["convolved", "bias"], {}),
    ("back", "Transpose", ["biased", "to first"], {}),
    ("leaky", "LeakyRelu", ["back"], {"alpha": {"f": 0.1}}),
    ("both", "ConcatV2", ["leaky", "back", "axis"], {}),
    ("last", "Transpose", ["both", "to last"], {}),
    ("large", "ResizeBilinear", ["last", "twice"], {"half_pixel_centers": {"b": True}}),
]


def graph(nodes=NODES):
    weights = [
        {"name": name, "shape": list(each.shape), "dtype": "int32" if each.dtype == np.int32 else "float32"}
        for name, each in CONSTANTS.items()
    ]
    entries = [{"name": name, "op": kind, "input": inputs, "attr": attr} for name, kind, inputs, attr in nodes]
    return {"modelTopology": {"node": entries}, "weightsManifest": [{"weights": weights}]}


def weights():
    return b"".join(each.tobytes() for each in CONSTANTS.values())


def run(model, picture):
    interpreter = pytest.importorskip(RUNTIME).Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]


def test_a_converted_graph_computes_what_the_graph_says():
    picture = np.random.default_rng(2).normal(size=(1, 5, 6, 2)).astype(np.float32)
    both, large = run(convert(graph(), weights(), ["last", "large"]), picture)
    windows = sliding_window_view(np.pad(picture[0], ((1, 1), (1, 1), (0, 0))), (3, 3), (0, 1))
    convolved = np.einsum("ijcyx,yxck->ijk", windows, CONSTANTS["kernel"]) + CONSTANTS["bias"]
    expected = np.concatenate([np.where(convolved > 0, convolved, 0.1 * convolved), convolved], axis=-1)
    assert np.allclose(both[0], expected, atol=1e-2)
    assert (1, 10, 12, 8) == large.shape
    assert np.allclose(large[0, 0, 0], expected[0, 0], atol=1e-2)


def test_an_operation_that_is_not_known_is_named():
    nodes = [*NODES, ("strange", "Erf", ["large"], {})]
    with pytest.raises(ValueError, match="strange: an operation Erf"):
        convert(graph(nodes), weights(), ["strange"])


def test_axes_are_only_turned_between_channels_first_and_last():
    nodes = [*NODES, ("mirrored", "Transpose", ["large", "to last"], {})]
    with pytest.raises(ValueError, match="mirrored"):
        convert(graph(nodes), weights(), ["mirrored"])


def test_weights_that_end_too_early_are_refused():
    with pytest.raises(ValueError, match="buffer"):
        dict(constants(graph(), weights()[:-1]))
