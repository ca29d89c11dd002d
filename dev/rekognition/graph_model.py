"""A TensorFlow.js graph model as a TensorFlow Lite model, which `ai-edge-litert` computes.

Only the operations of nanodet are converted. Its graph came from PyTorch and turns every tensor between (channel, row,
column) and (row, column, channel), over eighty times. The new model has channels last throughout, so a Transpose costs
nothing: it only changes how the axes of what follows are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sightline.models.answers import Json

SCHEMA, WRITER = CONVERTER = ("ai_edge_litert.schema_py_generated", "flatbuffers")
"""Imported only if a model is converted: not every machine has them."""

_TO_CHANNELS_LAST = (0, 2, 3, 1)
_TO_CHANNELS_FIRST = (0, 3, 1, 2)
_VALID = "VkFMSUQ="
_ALIGNMENT_BYTES = 16

Shape: TypeAlias = tuple[int, ...]
Array: TypeAlias = NDArray[np.float32 | np.int32]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the new model. is_turned: the graph has its channels first."""

    index: int
    shape: Shape
    is_turned: bool = False


def convert(graph: Json, weights: bytes, outputs: Sequence[str]) -> bytes:
    """Return a model that computes `outputs`, in their order. Raise ValueError for what it cannot convert."""
    return _Conversion(graph, weights).run(outputs)


def constants(graph: Json, weights: bytes) -> Iterator[tuple[str, Array]]:
    """Read the constants. Those with decimals are stored as float16. Raise ValueError if the weights end too early."""
    start = 0
    for entry in graph["weightsManifest"][0]["weights"]:
        stored = np.dtype(np.float16 if entry["dtype"] == "float32" else np.int32)
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(weights, stored, count, start).reshape(entry["shape"])
        start += count * stored.itemsize
        yield entry["name"], values.astype(np.float32) if entry["dtype"] == "float32" else values.astype(np.int32)


class _Buffer:
    """Bytes of a constant. The generated class does not align them, which the interpreter requires."""

    def __init__(self, lite: Any, values: Array) -> None:
        self._lite, self._bytes = lite, values.tobytes()

    def Pack(self, builder: Any) -> int:  # noqa: N802 - called by generated code
        """Write the buffer."""
        builder.StartVector(1, len(self._bytes), _ALIGNMENT_BYTES)
        builder.head -= len(self._bytes)
        builder.Bytes[builder.head : builder.head + len(self._bytes)] = self._bytes
        data = builder.EndVector()
        self._lite.BufferStart(builder)
        self._lite.BufferAddData(builder, data)
        return int(self._lite.BufferEnd(builder))


class _Conversion:
    """One conversion. Each method named after an operation of the graph adds what computes it."""

    def __init__(self, graph: Json, weights: bytes) -> None:
        self._lite: Any = import_module(SCHEMA)
        self._nodes = {node["name"]: node for node in graph["modelTopology"]["node"]}
        self._constants = dict(constants(graph, weights))
        self._made: dict[str, Tensor] = {}
        self._codes: list[int] = []
        self._buffers: list[Any] = [self._lite.BufferT()]
        self._subgraph = self._lite.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[])

    def run(self, outputs: Sequence[str]) -> bytes:
        self._subgraph.outputs = [self._get(name).index for name in outputs]
        codes = [self._operator_code(code) for code in self._codes]
        model = self._lite.ModelT(3, codes, [self._subgraph], "", self._buffers)
        builder = import_module(WRITER).Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _get(self, name: str) -> Tensor:
        """Return a node's tensor; the first caller makes it."""
        if name not in self._made:
            node = self._nodes[name]
            add = getattr(self, f"_{node['op'].lower()}", None)
            if add is None:
                raise ValueError(f"{name}: an operation {node['op']} is not known here")
            self._made[name] = add(node)
        return self._made[name]

    def _placeholder(self, node: Json) -> Tensor:
        batch, channels, height, width = (int(each["size"]) for each in node["attr"]["shape"]["shape"]["dim"])
        tensor = replace(self._tensor((batch, height, width, channels)), is_turned=True)
        self._subgraph.inputs = [tensor.index]
        return tensor

    def _transpose(self, node: Json) -> Tensor:
        tensor = self._get(node["input"][0])
        allowed = _TO_CHANNELS_LAST if tensor.is_turned else _TO_CHANNELS_FIRST
        if tuple(self._constants[node["input"][1]]) != allowed:
            raise ValueError(f"{node['name']}: only channels can be moved, from first to last and back")
        return replace(tensor, is_turned=not tensor.is_turned)

    def _pad(self, node: Json) -> Tensor:
        return self._padded(node, "PAD", self._lite.PadOptionsT(), [])

    def _padv2(self, node: Json) -> Tensor:
        value = self._constant(self._constants[node["input"][2]])
        return self._padded(node, "PADV2", self._lite.PadV2OptionsT(), [value])

    def _padded(self, node: Json, code: str, options: object, values: list[Tensor]) -> Tensor:
        tensor, by = self._get(node["input"][0]), self._constants[node["input"][1]]
        by = by[list(_TO_CHANNELS_LAST)] if tensor.is_turned else by
        shape = tuple(int(side + sum(each)) for side, each in zip(tensor.shape, by, strict=True))
        return self._operate(code, options, [tensor, self._constant(by), *values], shape)

    def _add(self, node: Json) -> Tensor:
        """Add two tensors, or a bias to a convolution, which is one operation in the new model."""
        one, other = node["input"]
        if other in self._constants:
            return self._convolution(self._nodes[one], self._constants[other])
        tensor = self._get(one)
        return self._operate("ADD", self._lite.AddOptionsT(), [tensor, self._get(other)], tensor.shape)

    def _convolution(self, node: Json, bias: Array) -> Tensor:
        tensor, kernel = self._get(node["input"][0]), self._constants[node["input"][1]]
        (across, down), sides = self._strides(node), kernel.shape[:2]
        options = self._lite.Conv2DOptionsT(padding=self._lite.Padding.VALID, strideW=across, strideH=down)
        inputs = [tensor, self._constant(kernel.transpose(3, 0, 1, 2)), self._constant(bias)]
        return self._operate("CONV_2D", options, inputs, (*_slid(tensor.shape, sides, down), kernel.shape[3]))

    def _maxpool(self, node: Json) -> Tensor:
        tensor = self._get(node["input"][0])
        across, down = self._strides(node)
        high, wide = (int(each) for each in node["attr"]["ksize"]["list"]["i"][1:3])
        options = self._lite.Pool2DOptionsT(self._lite.Padding.VALID, across, down, wide, high)
        return self._operate(
            "MAX_POOL_2D", options, [tensor], (*_slid(tensor.shape, (high, wide), down), tensor.shape[3])
        )

    def _leakyrelu(self, node: Json) -> Tensor:
        tensor = self._get(node["input"][0])
        options = self._lite.LeakyReluOptionsT(node["attr"]["alpha"]["f"])
        return self._operate("LEAKY_RELU", options, [tensor], tensor.shape)

    def _concatv2(self, node: Json) -> Tensor:
        *names, axis = node["input"]
        tensors = [self._get(name) for name in names]
        if int(self._constants[axis]) != (1 if tensors[0].is_turned else 3):
            raise ValueError(f"{node['name']}: only channels can be concatenated")
        shape = (*tensors[0].shape[:3], sum(each.shape[3] for each in tensors))
        return self._operate("CONCATENATION", self._lite.ConcatenationOptionsT(axis=3), tensors, shape)

    def _resizebilinear(self, node: Json) -> Tensor:
        tensor, sides = self._get(node["input"][0]), self._constants[node["input"][1]]
        options = self._lite.ResizeBilinearOptionsT(halfPixelCenters=node["attr"]["half_pixel_centers"]["b"])
        shape = (tensor.shape[0], *(int(side) for side in sides), tensor.shape[3])
        return self._operate("RESIZE_BILINEAR", options, [tensor, self._constant(sides)], shape)

    @staticmethod
    def _strides(node: Json) -> tuple[int, int]:
        """Return the strides across and down. Raise ValueError unless each window lies in the picture."""
        if node["attr"]["padding"]["s"] != _VALID:
            raise ValueError(f"{node['name']}: only windows inside the picture are known here")
        down, across = node["attr"]["strides"]["list"]["i"][1:3]
        return int(across), int(down)

    def _operate(self, code: str, options: object, inputs: Sequence[Tensor], shape: Shape) -> Tensor:
        """Add an operation; its result has the axes that its first input has in the graph."""
        number = getattr(self._lite.BuiltinOperator, code)
        if number not in self._codes:
            self._codes.append(number)
        result = replace(self._tensor(shape), is_turned=inputs[0].is_turned)
        operator = self._lite.OperatorT(self._codes.index(number), [each.index for each in inputs], [result.index])
        kind = type(options).__name__.removesuffix("T")
        operator.builtinOptionsType, operator.builtinOptions = getattr(self._lite.BuiltinOptions, kind), options
        self._subgraph.operators.append(operator)
        return result

    def _constant(self, values: Array) -> Tensor:
        self._buffers.append(_Buffer(self._lite, np.ascontiguousarray(values)))
        kind = self._lite.TensorType.INT32 if values.dtype == np.int32 else self._lite.TensorType.FLOAT32
        return self._tensor(values.shape, kind, len(self._buffers) - 1)

    def _tensor(self, shape: Shape, kind: int = 0, buffer: int = 0) -> Tensor:
        """Add a tensor. kind 0: float32; buffer 0: nothing in it."""
        self._subgraph.tensors.append(self._lite.TensorT(list(shape), kind, buffer))
        return Tensor(len(self._subgraph.tensors) - 1, shape)

    def _operator_code(self, code: int) -> object:
        return self._lite.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code)


def _slid(shape: Shape, window: Sequence[int], stride: int) -> Shape:
    """Return (pictures, rows, columns) of the places of a window that slides over a picture."""
    return shape[0], *((side - size) // stride + 1 for side, size in zip(shape[1:3], window, strict=True))
