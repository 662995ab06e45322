"""Models as files of ONNX, which onnxruntime and many others run.

The model's call is recorded as a list of operations, and each is written as nodes of the operators of opset 18 (IR 8:
onnxruntime 1.14 or newer), such that results are those of `predict` but for rounding, in float64 as well. What cannot
be said in them is an error that names the layer and the operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp._validate import brief, need_package
from fastmlp.exporting import onnx_elementwise, onnx_kernels, onnx_reductions, onnx_shapes
from fastmlp.exporting.both import Rows, Shape
from fastmlp.exporting.onnx_graph import Edge, Graph, Type
from fastmlp.exporting.recording import Operation, Recording, Value, quoted, record
from fastmlp.saving import atomic

OPSET, IR = 18, 8
_MOST = 2**31 - 1  # bytes of one protobuf message

WRITERS: dict[str, Callable[..., Edge]] = {
    **onnx_kernels.WRITERS,
    **onnx_elementwise.WRITERS,
    **onnx_shapes.WRITERS,
    **onnx_reductions.WRITERS,
}


def write(model: Any, path: str, input_signature: Any = None, opset_version: int | None = None) -> None:
    """Write a built model to a file of ONNX.

    Parameters
    ----------
    model
        A built model.
    path
        The file; an older one is replaced.
    input_signature
        What it takes, as `Input(shape=…)`, in the structure of its inputs; for a class of one's own that has not been
        called yet.
    opset_version
        18, which is what there is.
    """
    if opset_version not in (None, OPSET):
        raise ValueError(f"export: expected opset_version {OPSET}, got {brief(opset_version)}; leave it out, and let "
                         "onnx.version_converter change the file")  # fmt: skip
    need_onnx()
    content = model._turn.alone("export", lambda: model_bytes(model, input_signature))
    atomic.write(path, [content])


def need_onnx() -> Any:
    """The package onnx."""
    return need_package("export", "onnx", "onnx", "pip install 'fastmlp[onnx]'")


def model_bytes(model: Any, input_signature: Any = None) -> bytes:
    """The content of a file: the same bytes for the same model."""
    recording = record(model, WRITERS, input_signature)
    graph, outputs = graph_of(recording)
    size = sum(array.nbytes for array in graph.constants.values())
    if size > _MOST - 2**20:
        raise ValueError(f"export: expected a model of less than 2 GB, the most a file of ONNX holds, got {size} bytes "
                         "of weights; take float32, or a smaller one")  # fmt: skip
    found = _protobuf(graph, recording, outputs, model)
    need_onnx().checker.check_model(found, full_check=True)
    return bytes(found.SerializeToString(deterministic=True))


# ---- from operations to nodes


def graph_of(recording: Recording) -> tuple[Graph, list[Edge]]:
    """The nodes of these operations, and the edges that are outputs; these have their names."""
    graph = Graph()
    edges = {id(one): graph.entry(one.name, one.dtype, one.shape) for one in recording.inputs}
    names = [graph.fresh(name) for name, _ in recording.outputs]

    def edge(value: Value) -> Edge:
        if id(value) not in edges:
            edges[id(value)] = _constant(graph, value)
        return edges[id(value)]

    for one in recording.operations:
        graph.layer = one.where
        edges[id(one.output)] = _written(graph, one, [edge(value) for value in one.inputs])
    graph.layer = ""
    outputs = [_named(graph, edge(value), name) for name, (_, value) in zip(names, recording.outputs)]
    used = {name for node in graph.nodes for name in node.inputs}
    graph.constants = {name: array for name, array in graph.constants.items() if name in used}
    return graph, outputs


def _constant(graph: Graph, value: Value) -> Edge:
    """A constant; one for each row is kept once and repeated."""
    assert value.array is not None
    is_variable = not value.name.endswith("constant")
    edge = graph.constant(value.array, value.name, key=id(value) if is_variable else None)
    return graph.expand(edge, value.shape) if any(isinstance(n, Rows) for n in value.shape) else edge


def _written(graph: Graph, one: Operation, inputs: list[Edge]) -> Edge:
    try:
        return WRITERS[one.key](graph, one, *inputs)
    except ValueError as error:
        name = one.key.partition(".")[2]
        raise ValueError(f"export: expected operations that ONNX has, got {name} in {quoted(one.where)}, which "
                         f"{error}") from None  # fmt: skip


def _named(graph: Graph, edge: Edge, name: str) -> Edge:
    """An output by its name: that of the edge itself where it has no other, else a copy."""
    taken = {one.name for one, _ in graph.entries} | graph.constants.keys() | graph.outputs
    if edge.name in taken:
        edge = graph.node("Identity", edge)
    graph.rename(edge.name, name)
    graph.outputs.add(name)
    edge.name = name
    return edge


# ---- from nodes to bytes


def _protobuf(graph: Graph, recording: Recording, outputs: list[Edge], model: Any) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    import fastmlp

    def info(edge: Edge, shape: Shape) -> Any:
        kind = helper.np_dtype_to_tensor_dtype(edge.dtype)
        return helper.make_tensor_value_info(edge.name, kind, [_axis(n) for n in shape])

    def attribute(value: Any) -> Any:
        if not isinstance(value, Type):
            return value
        return TensorProto.BFLOAT16 if value == "bfloat16" else helper.np_dtype_to_tensor_dtype(np.dtype(value))

    nodes = [helper.make_node(one.op, one.inputs, one.outputs, one.outputs[0],
                              **{key: attribute(value) for key, value in one.attributes.items()})
             for one in graph.nodes]  # fmt: skip
    found = helper.make_model(
        helper.make_graph(
            nodes,
            str(model.name),
            [info(edge, shape) for edge, shape in graph.entries],
            [info(edge, value.shape) for edge, (_, value) in zip(outputs, recording.outputs)],
            [numpy_helper.from_array(_little(array), name) for name, array in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="fastmlp",
        producer_version=fastmlp.__version__,
    )
    kinds = Counter(type(layer).__name__ for layer in model.inner_layers())
    about = {"class": type(model).__name__, "layers": ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))}
    helper.set_model_props(found, about)
    return found


def _axis(size: Any) -> int | str:
    """A number, or the name of one that is open: batch, for the rows."""
    if not isinstance(size, Rows):
        return int(size)
    return "batch" if size.times == 1 else f"{size.times}*batch"


def _little(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)
