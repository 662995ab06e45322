"""Arithmetic, comparisons and functions of single numbers as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fastmlp.exporting import onnx_maths as maths
from fastmlp.exporting.onnx_activations import ELEMENTWISE
from fastmlp.exporting.onnx_graph import Edge, Graph
from fastmlp.exporting.onnx_kernels import Writer
from fastmlp.exporting.onnx_maths import of
from fastmlp.exporting.recording import Operation

_COMPUTED = ("float32", "float64", "int32", "int64")  # what runtimes have all arithmetic for


def computed(x: Edge) -> Edge:
    """In a type that runtimes compute in."""
    return x if x.dtype.name in _COMPUTED else x.cast(np.float32 if x.dtype.kind == "f" else np.int64)


def _plain(op: str) -> Writer:
    """An operation of numbers that gives numbers."""
    return lambda g, one, *edges: g.node(op, *map(computed, edges)).cast(one.output.dtype)


def _comparison(op: str) -> Writer:
    return lambda g, one, *edges: g.node(op, *map(computed, edges), dtype=bool)


def _function(formula: Callable[..., Edge]) -> Writer:
    """A function that makes floats of whole numbers."""
    return lambda g, one, *edges: formula(*(as_floats(edge, one) for edge in edges)).cast(one.output.dtype)


def as_floats(x: Edge, one: Operation) -> Edge:
    """In the type of what the operation gives, or float32 if that has fewer bits."""
    return x.cast(one.output.dtype if one.output.dtype.itemsize >= 4 else np.float32)


def _logic(op: str) -> Writer:
    return lambda g, one, *edges: g.node(op, *(edge.cast(bool) for edge in edges))


def _bitwise(name: str, logic: str) -> Writer:
    return lambda g, one, *edges: g.node(logic if one.output.dtype == bool else name, *edges)


# ---- arithmetic


def _changes_nothing(number: float, left: bool) -> Callable[[Operation], tuple[int, int] | None]:
    """Which operand is the other's neutral one: (that which stays, that which does nothing)."""

    def find(one: Operation) -> tuple[int, int] | None:
        for stays, idle in ((0, 1), (1, 0)) if left else ((0, 1),):
            array = one.inputs[idle].array
            if array is not None and one.inputs[stays].shape == one.output.shape and (array == number).all():
                return stays, idle
        return None

    return find


def _arithmetic(op: str, number: float, left: bool) -> Writer:
    """An operation of two numbers, and no node where one of them is always neutral."""
    neutral = _changes_nothing(number, left)

    def write(g: Graph, one: Operation, *edges: Edge) -> Edge:
        found = neutral(one)
        return _plain(op)(g, one, *edges) if found is None else edges[found[0]]

    return write


def _divide(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    return (as_floats(a, one) / as_floats(b, one)).cast(one.output.dtype)


def _multiply_no_nan(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    return g.where(b.equal(0), 0, a * b)


def _where(g: Graph, one: Operation, condition: Edge, yes: Edge, no: Edge) -> Edge:
    found = g.where(condition.cast(bool), computed(yes), computed(no))
    return found.cast(one.output.dtype)


# ---- what is left of a division


def _mod(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    """Of the sign of b."""
    a, b = computed(a), computed(b)
    if a.dtype.kind != "f":
        return g.node("Mod", a, b).cast(one.output.dtype)
    rest = g.node("Mod", a, b, fmod=1)
    other_side = g.node("Xor", rest < 0.0, b < 0.0)
    return g.where(g.node("And", other_side, g.node("Not", rest.equal(0.0))), rest + b, rest).cast(one.output.dtype)


def _fmod(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    return g.node("Mod", computed(a), computed(b), fmod=1).cast(one.output.dtype)


def _floor_divide(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    """What is left is taken off first, so that the quotient is a whole number but for rounding."""
    a, b = computed(a), computed(b)
    if a.dtype.kind == "f":
        whole = of("Round", (a - _mod(g, one, a, b)) / b)
        return g.where(b.equal(0.0), a / b, whole).cast(one.output.dtype)
    return ((a - g.node("Mod", a, b)) / b).cast(one.output.dtype)


def _rounding(op: str) -> Writer:
    return lambda g, one, x: of(op, x) if x.dtype.kind == "f" else x


def _trunc(g: Graph, one: Operation, x: Edge) -> Edge:
    return of("Sign", x) * of("Floor", of("Abs", x)) if x.dtype.kind == "f" else x


def _round(g: Graph, one: Operation, x: Edge) -> Edge:
    scale = float(10.0 ** one.settings["decimals"])
    if x.dtype.kind != "f" and scale >= 1:
        return x
    if scale < 1:
        return (of("Round", x / (1 / scale)) * (1 / scale)).cast(one.output.dtype)
    return of("Round", x) if scale == 1 else of("Round", x * scale) / scale


# ---- truth values


def _is_nan(g: Graph, one: Operation, x: Edge) -> Edge:
    return g.node("IsNaN", _real(x), dtype=bool)


def _is_inf(positive: int, negative: int) -> Writer:
    return lambda g, one, x: g.node("IsInf", _real(x), dtype=bool, detect_positive=positive, detect_negative=negative)


def _real(x: Edge) -> Edge:
    return x if x.dtype.name in ("float32", "float64") else x.cast(np.float32)


def _is_finite(g: Graph, one: Operation, x: Edge) -> Edge:
    x = _real(x)
    return (x - x).equal(0.0)


def _sign_bit(g: Graph, one: Operation, x: Edge) -> Edge:
    """Negative, or a zero whose reciprocal is; that of NaN, which has no meaning, is not asked for."""
    if x.dtype.kind != "f":
        return computed(x) < 0
    return g.node("Or", x < 0.0, of("Reciprocal", x) < 0.0)


def _is_close(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    a, b = _real(a), _real(b)
    near = of("Abs", a - b) <= of("Abs", b) * one.settings["rtol"] + one.settings["atol"]
    same = g.node("Or", a.equal(b), g.node("And", near, (b - b).equal(0.0)))
    if not one.settings["equal_nan"]:
        return same
    both = g.node("And", g.node("IsNaN", a, dtype=bool), g.node("IsNaN", b, dtype=bool))
    return g.node("Or", same, both)


# ---- functions of two


def _hypot(a: Edge, b: Edge) -> Edge:
    g, a, b = a.graph, of("Abs", a), of("Abs", b)
    long, short = g.node("Max", a, b), g.node("Min", a, b)
    ratio = short / long
    return g.where(short.equal(0.0), long, g.where(short.equal(long), long * 2.0**0.5,
                                                   long * of("Sqrt", ratio * ratio + 1.0)))  # fmt: skip


def _logaddexp(a: Edge, b: Edge) -> Edge:
    g = a.graph
    apart = g.where(a.equal(b), 0.0, of("Abs", a - b))  # of infinities, too
    return g.node("Max", a, b) + maths.log1p(of("Exp", -apart))


def _power(g: Graph, one: Operation, a: Edge, b: Edge) -> Edge:
    return g.node("Pow", computed(a), computed(b)).cast(one.output.dtype)


_COMPARED = {"greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less", "less_equal": "LessOrEqual"}
_OPS = {
    "functions": {"exp": "Exp", "log": "Log", "sqrt": "Sqrt", "reciprocal": "Reciprocal"},
    "logistic": {"sigmoid": "Sigmoid"},
    "trigonometry": {"sin": "Sin", "cos": "Cos", "tanh": "Tanh"},
}
_ANGLES = ("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arccosh", "arctanh")


def _same(g: Graph, one: Operation, x: Edge) -> Edge:
    return x


WRITERS: dict[str, Writer] = {
    "arithmetic.add": _arithmetic("Add", 0, left=True),
    "arithmetic.subtract": _arithmetic("Sub", 0, left=False),
    "arithmetic.multiply": _arithmetic("Mul", 1, left=True),
    "arithmetic.divide": _divide,
    "arithmetic.negative": _plain("Neg"),
    "arithmetic.where": _where,
    "arithmetic.multiply_no_nan": _multiply_no_nan,
    "extremes.maximum": _plain("Max"),
    "extremes.minimum": _plain("Min"),
    "extremes.absolute": _plain("Abs"),
    "extremes.sign": _plain("Sign"),
    **{f"comparisons.{name}": _comparison(op) for name, op in _COMPARED.items()},
    "comparisons.equal": _comparison("Equal"),
    "comparisons.not_equal": lambda g, one, *edges: g.node("Not", _comparison("Equal")(g, one, *edges)),
    "comparisons.logical_and": _logic("And"),
    "comparisons.logical_or": _logic("Or"),
    "comparisons.logical_xor": _logic("Xor"),
    "comparisons.logical_not": _logic("Not"),
    "comparisons.bitwise_and": _bitwise("BitwiseAnd", "And"),
    "comparisons.bitwise_or": _bitwise("BitwiseOr", "Or"),
    "comparisons.bitwise_xor": _bitwise("BitwiseXor", "Xor"),
    "comparisons.bitwise_not": _bitwise("BitwiseNot", "Not"),
    "comparisons.isnan": _is_nan,
    "comparisons.isinf": _is_inf(1, 1),
    "comparisons.isposinf": _is_inf(1, 0),
    "comparisons.isneginf": _is_inf(0, 1),
    "comparisons.isfinite": _is_finite,
    "comparisons.signbit": _sign_bit,
    "comparisons.isclose": _is_close,
    **{f"{home}.{name}": _function(partial(of, op)) for home, names in _OPS.items() for name, op in names.items()},
    **{f"trigonometry.{name}": _function(getattr(maths, name)) for name in _ANGLES},
    "trigonometry.hypot": _function(_hypot),
    "functions.power": _power,
    "functions.square": lambda g, one, x: (computed(x) * computed(x)).cast(one.output.dtype),
    "functions.rsqrt": _function(lambda x: of("Reciprocal", of("Sqrt", x))),
    "functions.cbrt": _function(lambda x: x.graph.node("Pow", of("Abs", x), 1 / 3) * of("Sign", x)),
    "functions.exp2": _function(lambda x: of("Exp", x * float(np.log(2)))),
    "functions.expm1": _function(maths.expm1),
    "functions.log1p": _function(maths.log1p),
    "functions.log2": _function(lambda x: of("Log", x) / float(np.log(2))),
    "functions.log10": _function(lambda x: of("Log", x) / float(np.log(10))),
    "logistic.softplus": _function(maths.softplus),
    "logistic.log_sigmoid": _function(lambda x: -maths.softplus(-x)),
    "logistic.logaddexp": _function(_logaddexp),
    "logistic.erf": _function(maths.erf),
    "logistic.erfc": _function(maths.erfc),
    "activations.relu": _plain("Relu"),
    "activations.relu6": lambda g, one, x: ELEMENTWISE["relu6"](computed(x)).cast(one.output.dtype),
    "activations.elu": lambda g, one, x: maths.elu(as_floats(x, one), one.settings["alpha"]).cast(one.output.dtype),
    "rounding.floor": _rounding("Floor"),
    "rounding.ceil": _rounding("Ceil"),
    "rounding.trunc": _trunc,
    "rounding.round": _round,
    "rounding.mod": _mod,
    "rounding.fmod": _fmod,
    "rounding.floor_divide": _floor_divide,
    "primitive.cast": lambda g, one, x: x.cast(one.output.dtype),
    "control.copy": _same,
    "control.stop_gradient": _same,
}  # fmt: skip
