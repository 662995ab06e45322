"""A graph of ONNX nodes that is being written: edges with the operators of arithmetic, constants, names.

Nothing here needs the package onnx.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fastmlp.exporting.both import Rows, Shape
from fastmlp.saving.weights import free_name

Number = bool | int | float


class Edge:
    """What a node gives, or an input, or a constant; numbers beside it are of its type."""

    def __init__(self, graph: Graph, name: str, dtype: Any) -> None:
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    def __add__(self, other: Any) -> Edge:
        return self.graph.node("Add", self, other)

    def __radd__(self, other: Any) -> Edge:
        return self.graph.node("Add", other, self)

    def __sub__(self, other: Any) -> Edge:
        return self.graph.node("Sub", self, other)

    def __rsub__(self, other: Any) -> Edge:
        return self.graph.node("Sub", other, self)

    def __mul__(self, other: Any) -> Edge:
        return self.graph.node("Mul", self, other)

    def __rmul__(self, other: Any) -> Edge:
        return self.graph.node("Mul", other, self)

    def __truediv__(self, other: Any) -> Edge:
        return self.graph.node("Div", self, other)

    def __rtruediv__(self, other: Any) -> Edge:
        return self.graph.node("Div", other, self)

    def __neg__(self) -> Edge:
        return self.graph.node("Neg", self)

    def __gt__(self, other: Any) -> Edge:
        return self.graph.node("Greater", self, other, dtype=bool)

    def __ge__(self, other: Any) -> Edge:
        return self.graph.node("GreaterOrEqual", self, other, dtype=bool)

    def __lt__(self, other: Any) -> Edge:
        return self.graph.node("Less", self, other, dtype=bool)

    def __le__(self, other: Any) -> Edge:
        return self.graph.node("LessOrEqual", self, other, dtype=bool)

    def equal(self, other: Any) -> Edge:
        """Where they are equal."""
        return self.graph.node("Equal", self, other, dtype=bool)

    def cast(self, dtype: Any) -> Edge:
        """The same numbers as another type."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        return self.graph.node("Cast", self, dtype=wanted, to=Type(wanted.name))

    @property
    def lowest(self) -> float:
        """The lowest finite number of its type."""
        return float(np.finfo(self.dtype).min)


class Type(str):
    """The name of an element type, as an attribute."""


class Node(NamedTuple):
    """An operation of ONNX on edges by their names; "" is an input that is left out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass
class Graph:
    """Nodes in the order in which they run, and the constants they take."""

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    layer: str = ""  # the layer whose nodes are being written
    _names: set[str] = field(default_factory=set)
    _known: dict[Any, Edge] = field(default_factory=dict)  # constants by their content
    entries: list[tuple[Edge, Shape]] = field(default_factory=list)
    outputs: set[str] = field(default_factory=set)

    # ---- names

    def fresh(self, name: str) -> str:
        """The name or, if it is taken, name_1 and so on, which now is taken."""
        free = free_name(name, self._names)
        self._names.add(free)
        return free

    def entry(self, name: str, dtype: Any, shape: Shape) -> Edge:
        """An input."""
        edge = Edge(self, self.fresh(name), dtype)
        self.entries.append((edge, shape))
        return edge

    def rename(self, old: str, new: str) -> None:
        """Give an edge another name, wherever it goes."""
        name: Callable[[str], str] = lambda one: new if one == old else one
        self.nodes = [one._replace(inputs=tuple(map(name, one.inputs)), outputs=tuple(map(name, one.outputs)))
                      for one in self.nodes]  # fmt: skip

    # ---- nodes

    def node(self, op: str, *inputs: Any, dtype: Any = None, **attributes: Any) -> Edge:
        """What an operation gives; `dtype` is the first edge's unless given, None among the inputs is one left out."""
        kind = next(one.dtype for one in inputs if isinstance(one, Edge))
        return self.several(op, inputs, [kind if dtype is None else dtype], attributes)[0]

    def several(self, op: str, inputs: Sequence[Any], dtypes: Sequence[Any], attributes: dict[str, Any]) -> list[Edge]:
        """What an operation of several outputs gives, of these types."""
        kind = next(one.dtype for one in inputs if isinstance(one, Edge))
        names = tuple("" if one is None else self.edge(one, kind).name for one in inputs)
        outputs = tuple(self.fresh(f"{self.layer}/{op}".strip("/")) for _ in dtypes)
        self.nodes.append(Node(op, names, outputs, attributes))
        return [Edge(self, name, dtype) for name, dtype in zip(outputs, dtypes)]

    def top_k(self, x: Edge, k: Edge, axis: int, largest: bool) -> tuple[Edge, Edge]:
        """The first k of an axis in order, equal ones in theirs, and their positions."""
        says = {"axis": axis, "largest": int(largest), "sorted": 1}
        values, places = self.several("TopK", (x, k), (x.dtype, np.int64), says)
        return values, places

    def edge(self, value: Any, dtype: Any) -> Edge:
        """An edge as it is; numbers as a constant of that type, arrays as one of their own."""
        if isinstance(value, Edge):
            return value
        return self.constant(value if isinstance(value, np.ndarray) else np.asarray(value, dtype))

    def constant(self, array: np.ndarray, name: str = "constant", key: Any = None) -> Edge:
        """An array that is part of the file: once for each `key`, which is its content unless given."""
        kept = np.ascontiguousarray(array).reshape(array.shape)
        key = (kept.dtype.str, kept.shape, kept.tobytes()) if key is None else key
        if key not in self._known:
            free = self.fresh(name)
            self.constants[free] = kept
            self._known[key] = Edge(self, free, kept.dtype)
        return self._known[key]

    def axes(self, axes: Sequence[int]) -> Edge:
        """Whole numbers as an input of a node."""
        return self.constant(np.array(axes, np.int64).reshape(-1))

    # ---- what formulas are made of

    def where(self, condition: Edge, yes: Any, no: Any) -> Edge:
        """`yes` where the condition holds, `no` elsewhere; one of the two is an edge."""
        kind = (yes if isinstance(yes, Edge) else no).dtype
        return self.node("Where", condition, self.edge(yes, kind), self.edge(no, kind), dtype=kind)

    def clip(self, x: Edge, low: float, high: float) -> Edge:
        """x, but no smaller than `low` and no larger than `high`; NaN stays."""
        return self.node("Max", self.node("Min", x, high), low)

    def reduce(self, op: str, x: Edge, axes: Sequence[int], keep: bool = True) -> Edge:
        """Along axes counted from 0: onnxruntime takes -1 for another where there are no rows."""
        assert all(axis >= 0 for axis in axes)
        return self.node(op, x, self.axes(axes), keepdims=int(keep))

    # ---- shapes

    def shape(self, sizes: Shape) -> Edge:
        """A shape as an input of a node: a constant, unless rows are counted in it."""
        if not any(isinstance(n, Rows) for n in sizes):
            return self.axes([n for n in sizes if not isinstance(n, Rows)])
        parts = [self._rows(n.times) if isinstance(n, Rows) else self.axes([n]) for n in sizes]
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=0)

    def _rows(self, times: int) -> Edge:
        """How many rows there are, so many times; they are counted once."""
        if ("rows", 1) not in self._known:
            edge, shape = next((e, s) for e, s in self.entries if s[:1] == (Rows(1),))
            counted = self.node("Shape", edge, dtype=np.int64, start=0, end=1)
            self._known["rows", 1] = counted
        if ("rows", times) not in self._known:
            self._known["rows", times] = self._known["rows", 1] * times
        return self._known["rows", times]

    def reshape(self, x: Edge, sizes: Shape) -> Edge:
        """The same numbers in another shape: one axis that has Rows is left open."""
        open_axes = [i for i, n in enumerate(sizes) if isinstance(n, Rows)]
        if len(open_axes) > 1 or 0 in sizes:
            return self.node("Reshape", x, self.shape(sizes), allowzero=1)
        return self.node("Reshape", x, self.axes([-1 if isinstance(n, Rows) else n for n in sizes]))

    def expand(self, x: Edge, sizes: Shape) -> Edge:
        """Repeated along new axes, and those of length 1."""
        return self.node("Expand", x, self.shape(sizes))

    def slice(self, x: Edge, axis: int, start: Any, stop: Any, step: int = 1) -> Edge:
        """A part along one axis, whose ends may be Rows."""
        return self.node("Slice", x, self.shape((start,)), self.shape((stop,)), self.axes([axis]), self.axes([step]))
