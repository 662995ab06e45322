"""Many numbers in one, products of matrices, and order, as ONNX nodes."""

from __future__ import annotations

import math

import numpy as np

from fastmlp.exporting.both import Rows
from fastmlp.exporting.onnx_elementwise import as_floats, computed
from fastmlp.exporting.onnx_graph import Edge, Graph
from fastmlp.exporting.onnx_kernels import Writer
from fastmlp.exporting.onnx_maths import of
from fastmlp.exporting.recording import Operation


def _reduced(g: Graph, op: str, x: Edge, one: Operation) -> Edge:
    """Along the axes that are named; along none it is the number itself."""
    axes = one.settings["axis"]
    return g.reduce(op, x, axes, one.settings["keepdims"]) if len(axes) else x


def _sum(g: Graph, one: Operation, x: Edge) -> Edge:
    return _reduced(g, "ReduceSum", computed(x), one).cast(one.output.dtype)


def _mean(g: Graph, one: Operation, x: Edge) -> Edge:
    return _reduced(g, "ReduceMean", as_floats(x, one), one).cast(one.output.dtype)


def _extreme(op: str, of_two: str) -> Writer:
    def write(g: Graph, one: Operation, x: Edge) -> Edge:
        found, first = _reduced(g, op, computed(x), one), one.settings["initial"]
        found = found if first is None else g.node(of_two, found, np.asarray(first, found.dtype))
        return found.cast(one.output.dtype)

    return write


def _product(g: Graph, one: Operation, x: Edge) -> Edge:
    """In float64, too, which onnxruntime's ReduceProd has not: axis by axis, entry by entry."""
    x = computed(x)
    if x.dtype != np.float64:
        return _reduced(g, "ReduceProd", x, one).cast(one.output.dtype)
    for axis in one.settings["axis"]:
        length = one.inputs[0].shape[axis]
        if isinstance(length, Rows):
            raise ValueError("multiplies all rows in float64, which onnxruntime cannot; take float32")
        parts = [g.slice(x, axis, i, i + 1) for i in range(length)]
        x = math.prod(parts[1:], start=parts[0]) if parts else x
    return x if one.settings["keepdims"] else g.reshape(x, one.output.shape)


def _truth(op: str) -> Writer:
    """Of truth values, by way of 0 and 1."""
    return lambda g, one, x: _reduced(g, op, x.cast(bool).cast(np.int32), one).cast(bool)


def _log_sum_exp(g: Graph, one: Operation, x: Edge) -> Edge:
    x = x.cast(one.output.dtype)
    axes = one.settings["axis"]
    if not axes:
        return x
    most = g.reduce("ReduceMax", x, axes)
    top = g.where((most - most).equal(0.0), most, 0.0)  # of infinities nothing can be taken off
    total = of("Log", g.reduce("ReduceSum", of("Exp", x - top), axes)) + top
    return total if one.settings["keepdims"] else g.node("Squeeze", total, g.axes(axes))


def _position(op: str) -> Writer:
    """Where the first of the largest or the smallest is; along all of it if no axis is named."""

    def write(g: Graph, one: Operation, x: Edge) -> Edge:
        x, axis, keep = computed(x), one.settings["axis"], one.settings["keepdims"]
        if axis is not None:
            axis %= len(one.inputs[0].shape)  # counted from 0, as `reduce` has it
            return g.node(op, x, dtype=np.int64, axis=axis, keepdims=int(keep)).cast(one.output.dtype)
        found = g.node(op, g.node("Reshape", x, g.axes([-1])), dtype=np.int64, axis=0, keepdims=0)
        return g.reshape(found.cast(one.output.dtype), one.output.shape)

    return write


def _cumsum(g: Graph, one: Operation, x: Edge) -> Edge:
    return g.node("CumSum", computed(x), g.constant(np.array(one.settings["axis"], np.int64))).cast(one.output.dtype)


# ---- order


def _argsort(g: Graph, one: Operation, x: Edge) -> Edge:
    axis = one.settings["axis"] % len(one.output.shape)
    return g.top_k(computed(x), g.shape((one.output.shape[axis],)), axis, largest=False)[1].cast(one.output.dtype)


def _largest(g: Graph, one: Operation, x: Edge) -> Edge:
    axis = len(one.output.shape) - 1
    return g.top_k(computed(x), g.shape((one.settings["k"],)), axis, largest=True)[1].cast(one.output.dtype)


# ---- products


def _matmul(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    return g.node("MatMul", computed(a), computed(b)).cast(one.output.dtype)


def _einsum(g: Graph, one: Operation, *edges: Edge) -> Edge:
    equation = ",".join(one.settings["words"]) + "->" + one.settings["result"]
    return g.node("Einsum", *map(computed, edges), equation=equation).cast(one.output.dtype)


def _det(g: Graph, one: Operation, x: Edge) -> Edge:
    if x.dtype != np.float32:
        raise ValueError("onnxruntime has in float32 alone; take that")
    return g.node("Det", x)


WRITERS: dict[str, Writer] = {
    "shapes.sum": _sum,
    "reductions.mean": _mean,
    "reductions.prod": _product,
    "reductions.all": _truth("ReduceMin"),
    "reductions.any": _truth("ReduceMax"),
    "reductions.logsumexp": _log_sum_exp,
    "reductions.cumsum": _cumsum,
    "extremes.max": _extreme("ReduceMax", "Max"),
    "extremes.min": _extreme("ReduceMin", "Min"),
    "extremes.argmax": _position("ArgMax"),
    "extremes.argmin": _position("ArgMin"),
    "kernels.total": lambda g, one, x: g.node("ReduceSum", x, keepdims=0),
    "picking.argsort": _argsort,
    "picking.largest": _largest,
    "products.matmul": _matmul,
    "contractions.einsum": _einsum,
    "linalg.det": _det,
}
