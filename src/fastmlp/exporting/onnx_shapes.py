"""Numbers moved about, picked and put together, as ONNX nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.exporting.both import Rows, Shape
from fastmlp.exporting.onnx_elementwise import computed
from fastmlp.exporting.onnx_graph import Edge, Graph
from fastmlp.exporting.onnx_kernels import Writer
from fastmlp.exporting.onnx_picking import getitem
from fastmlp.exporting.recording import Operation


def _reshape(g: Graph, one: Operation, x: Edge) -> Edge:
    """Nothing where the shape stays."""
    return x if one.inputs[0].shape == one.output.shape else g.reshape(x, one.output.shape)


def _transpose(g: Graph, one: Operation, x: Edge) -> Edge:
    axes = one.settings["axes"]
    return x if list(axes) == sorted(axes) else g.node("Transpose", x, perm=list(axes))


def _expand_dims(g: Graph, one: Operation, x: Edge) -> Edge:
    return g.node("Unsqueeze", x, g.axes(one.settings["axis"]))


def _squeeze(g: Graph, one: Operation, x: Edge) -> Edge:
    axes = one.settings["axis"]
    if axes is None:
        axes = [i for i, n in enumerate(one.inputs[0].shape) if n == 1]
    return g.node("Squeeze", x, g.axes(axes)) if len(axes) else x


def _broadcast_to(g: Graph, one: Operation, x: Edge) -> Edge:
    """An axis that is as long already need not be counted: 1 leaves it."""
    before, after = one.inputs[0].shape, one.output.shape
    if before == after:
        return x
    aligned: Shape = (*(1,) * (len(after) - len(before)), *before)
    return g.expand(x, tuple(1 if a == b else b for a, b in zip(aligned, after)))


def _concatenate(g: Graph, one: Operation, *parts: Edge) -> Edge:
    return parts[0] if len(parts) == 1 else g.node("Concat", *parts, axis=one.settings["axis"])


def _tile(g: Graph, one: Operation, x: Edge) -> Edge:
    shape, repeats = one.inputs[0].shape, one.settings["repeats"]
    if len(repeats) > len(shape):
        x = g.reshape(x, (*(1,) * (len(repeats) - len(shape)), *shape))
    return g.node("Tile", x, g.shape((*(1,) * (len(shape) - len(repeats)), *repeats)))


def _pad(g: Graph, one: Operation, x: Edge) -> Edge:
    before, behind = zip(*one.settings["width"]) if one.settings["width"] else ((), ())
    value = np.asarray(one.settings["value"], x.dtype)
    return g.node("Pad", x, g.shape((*before, *behind)), g.constant(value), mode="constant") if before else x


def _roll(g: Graph, one: Operation, x: Edge) -> Edge:
    shift, axis = one.settings["shift"], one.settings["axis"]
    if axis is None:
        shape = one.inputs[0].shape
        flat = g.node("Reshape", x, g.axes([-1]))
        return g.reshape(_rolled(g, flat, 0, sum(shift), _known(shape)), shape)
    axes = (axis,) if isinstance(axis, int) else axis
    for at, by in zip(axes, shift * len(axes) if len(shift) == 1 else shift):
        x = _rolled(g, x, at, by, _known(one.inputs[0].shape[at : at + 1 or None]))
    return x


def _known(shape: Shape) -> int:
    """How many numbers, if that does not hang on the rows."""
    if any(isinstance(n, Rows) for n in shape):
        raise ValueError("goes round along the rows of a batch; take another axis")
    return int(np.prod([n for n in shape if isinstance(n, int)], dtype=int))


def _rolled(g: Graph, x: Edge, axis: int, by: int, length: int) -> Edge:
    at = length - by % length if length else 0
    if at in (0, length):
        return x
    return g.node("Concat", g.slice(x, axis, at, length), g.slice(x, axis, 0, at), axis=axis)


def _triangle(upper: int) -> Writer:
    def write(g: Graph, one: Operation, x: Edge) -> Edge:
        wide = x if x.dtype.name in ("float32", "float64", "int64") else x.cast(np.int64)
        corner = g.constant(np.array(one.settings["k"], np.int64))
        return g.node("Trilu", wide, corner, upper=upper).cast(x.dtype)

    return write


def _full_like(g: Graph, one: Operation, x: Edge) -> Edge:
    value = g.constant(np.asarray(one.settings["value"], one.output.dtype))
    if any(isinstance(n, Rows) and n != Rows(1) for n in one.output.shape):
        return g.node("Expand", value, g.node("Shape", x, dtype=np.int64))
    return g.expand(value, one.output.shape) if one.output.shape else value


# ---- entries by their positions


def _places(edge: Edge) -> Edge:
    return edge if edge.dtype.name in ("int32", "int64") else edge.cast(np.int64)


def _take(g: Graph, one: Operation, x: Edge, places: Edge) -> Edge:
    return g.node("Gather", x, _places(places), axis=one.settings["axis"])


def _take_along_axis(g: Graph, one: Operation, x: Edge, places: Edge) -> Edge:
    axis = one.settings["axis"] % len(one.output.shape)
    for edge, value in ((x, one.inputs[0]), (places, one.inputs[1])):
        wanted = tuple(n for i, n in enumerate(one.output.shape) if i != axis)
        if tuple(n for i, n in enumerate(value.shape) if i != axis) != wanted:
            raise ValueError(f"broadcasts {edge.name}, which ONNX's GatherElements does not; repeat it before")
    return g.node("GatherElements", x, _places(places), axis=axis)


def _scatter(g: Graph, one: Operation, values: Edge, places: Edge) -> Edge:
    wide = computed(values)
    zeros = g.expand(g.constant(np.zeros((), wide.dtype)), one.output.shape)
    return g.node("ScatterND", zeros, places.cast(np.int64), wide, reduction="add").cast(one.output.dtype)


def _replace(g: Graph, one: Operation, x: Edge, places: Edge, values: Edge) -> Edge:
    return g.node("ScatterND", x, places.cast(np.int64), values)


def _one_hot(g: Graph, one: Operation, x: Edge) -> Edge:
    says: dict[str, Any] = one.settings
    dtype = one.output.dtype
    x = computed(x)
    last = g.node("Unsqueeze", x, g.axes([-1]))
    there = last.equal(g.constant(np.arange(says["n"], dtype=x.dtype)))
    if (says["on"], says["off"]) == (1, 0):
        marks = there.cast(dtype)
    else:
        wide = dtype if dtype.name in ("float32", "float64", "int32", "int64") else np.dtype(np.float64)
        on, off = (g.constant(np.asarray(says[name], wide)) for name in ("on", "off"))
        marks = g.where(there, on, off).cast(dtype)
    n = len(one.output.shape)
    axis = says["axis"] % n
    order = [*range(axis), n - 1, *range(axis, n - 1)]
    return marks if axis == n - 1 else g.node("Transpose", marks, perm=order)


def _search_sorted(g: Graph, one: Operation, row: Edge, values: Edge) -> Edge:
    """How many of the row a value is not before: all of them if it is NaN."""
    row, values = computed(row), computed(values)
    dtype = np.result_type(row.dtype, values.dtype)
    last = g.node("Unsqueeze", values.cast(dtype), g.axes([-1]))
    before = last < row.cast(dtype) if one.settings["side"] == "right" else last <= row.cast(dtype)
    passed = g.node("Not", before).cast(np.int32)
    return g.reduce("ReduceSum", passed, [len(one.output.shape)], keep=False)


WRITERS: dict[str, Writer] = {
    "shapes.reshape": _reshape,
    "shapes.transpose": _transpose,
    "shapes.expand_dims": _expand_dims,
    "shapes.squeeze": _squeeze,
    "shapes.broadcast_to": _broadcast_to,
    "shapes.concatenate": _concatenate,
    "shapes.getitem": getitem,
    "arranging.tile": _tile,
    "arranging.pad": _pad,
    "arranging.roll": _roll,
    "arranging.tril": _triangle(0),
    "arranging.triu": _triangle(1),
    "making.full_like": _full_like,
    "picking.take": _take,
    "picking.take_along_axis": _take_along_axis,
    "picking.gather_nd": lambda g, one, x, places: g.node("GatherND", x, places.cast(np.int64)),
    "picking.scatter": _scatter,
    "picking.replace": _replace,
    "picking.one_hot": _one_hot,
    "picking.searchsorted": _search_sorted,
}
