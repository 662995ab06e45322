"""Activations as ONNX nodes: ONNX's own function where it is the same formula, else what it is made of.

Each is the formula of its kernel in csrc/kernels/activations.h, limits included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmlp.exporting.onnx_graph import Edge
from fastmlp.exporting.onnx_maths import arctan, elu, erfc, expm1, of, softplus

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_HUGE = 2.0**60  # whose square no type is too small for


def gated(x: Edge, gate: Edge) -> Edge:
    """x · gate, which is 0 where the gate is shut, even for -∞."""
    return x.graph.node("Max", x, x.lowest) * gate


def by_sigmoid(x: Edge, t: Edge) -> Edge:
    """x · σ(t) as x / (1 + e^-t): runtimes round σ itself to some 1e-7, which a large x would show."""
    return x.graph.node("Max", x, x.lowest) / (of("Exp", -t) + 1.0)


def _relu_general(x: Edge, slope: float, most: float, start: float) -> Edge:
    g = x.graph
    above = g.node("Min", x, most) if most != float("inf") else x
    return g.where(x <= start, (x - start) * slope if slope else 0.0, above)


def _leaky_relu(x: Edge, slope: float) -> Edge:
    if x.dtype == "float32":
        return x.graph.node("LeakyRelu", x, alpha=float(slope))
    return x.graph.where(x > 0.0, x, x * slope)


def _hard_sigmoid(x: Edge) -> Edge:
    return x.graph.clip(x + 3.0, 0.0, 6.0) / 6.0


def _selu(x: Edge) -> Edge:
    if x.dtype == "float32":
        return x.graph.node("Selu", x, alpha=_SELU_ALPHA, gamma=_SELU_SCALE)
    return elu(x, _SELU_ALPHA) * _SELU_SCALE


def _celu(x: Edge, alpha: float) -> Edge:
    return x.graph.where(x > 0.0, x, expm1(x / alpha) * alpha)


def _soft_shrink(x: Edge, threshold: float) -> Edge:
    return x.graph.node("Max", x - threshold, 0.0) + x.graph.node("Min", x + threshold, 0.0)


def _hard_shrink(x: Edge, threshold: float) -> Edge:
    return x.graph.where(of("Abs", x) <= threshold, 0.0, x)


def _binary_step(x: Edge) -> Edge:
    return x.graph.where(x < 0.0, 0.0, x.graph.where(x >= 0.0, 1.0, x))


def _softsign(x: Edge) -> Edge:
    near = x.graph.clip(x, -_HUGE, _HUGE)
    return near / (of("Abs", near) + 1.0)


def _sparse_plus(x: Edge) -> Edge:
    half = (x.graph.node("Max", x, -1.0) + 1.0) * 0.5
    return x.graph.where(x > 1.0, x, half * half)


def _squareplus(x: Edge, b: float) -> Edge:
    g, size = x.graph, of("Abs", x)
    total = size + g.where(size > _HUGE, size, of("Sqrt", x * x + b))
    return g.where(x >= 0.0, total * 0.5, b / 2 / total)  # nothing cancels


def _mish(x: Edge) -> Edge:
    g = x.graph
    e = of("Exp", g.node("Min", x, 30.0))
    n = e * (e + 2.0)
    return gated(x, n / (n + 2.0))  # x tanh(softplus(x))


def swish(x: Edge, beta: Edge | float) -> Edge:
    """x · σ(βx), whatever the sign of β."""
    total = of("Exp", -(x * beta)) + 1.0
    return x.graph.where(total.equal(float("inf")), 0.0, x / total)


def _gelu(x: Edge) -> Edge:
    return gated(x, erfc(x * -(0.5**0.5)) * 0.5)


def _gelu_tanh(x: Edge) -> Edge:
    t = x.graph.clip(x, -40.0, 40.0)
    return by_sigmoid(x, t * (t * t * 0.044715 + 1.0) * 1.5957691216057308)


ELEMENTWISE: dict[str, Callable[..., Edge]] = {
    "linear": lambda x: x,
    "scaled_linear": lambda x, alpha: x * alpha,
    "relu": lambda x: of("Relu", x),
    "relu_general": _relu_general,
    "leaky_relu": _leaky_relu,
    "relu6": lambda x: x.graph.clip(x, 0.0, 6.0),
    "sigmoid": lambda x: of("Sigmoid", x),
    "tanh": lambda x: of("Tanh", x),
    "elu": elu,
    "selu": _selu,
    "celu": _celu,
    "softplus": softplus,
    "softsign": _softsign,
    "exponential": lambda x: of("Exp", x),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: by_sigmoid(x, x),
    "swish": swish,
    "mish": _mish,
    "hard_sigmoid": _hard_sigmoid,
    "hard_tanh": lambda x: x.graph.clip(x, -1.0, 1.0),
    "hard_silu": lambda x: gated(x, _hard_sigmoid(x)),
    "log_sigmoid": lambda x: -softplus(-x),
    "soft_shrink": _soft_shrink,
    "hard_shrink": _hard_shrink,
    "tanh_shrink": lambda x: x - of("Tanh", x),
    "threshold": lambda x, threshold, value: x.graph.where(x <= threshold, value, x),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: (x.graph.clip(x, -1.0, 1.0) + 1.0) * 0.5,
    "squareplus": _squareplus,
    "arctan": arctan,
    "binary_step": _binary_step,
}


# ---- of rows


def sparsemax(x: Edge, width: int, axis: int) -> Edge:
    """max(x - τ, 0) that adds up to 1; of the numbers in falling order the first k count, with 1 + k x > Σ of those."""
    g = x.graph
    less = x - g.reduce("ReduceMax", x, [axis])
    falling, _ = g.top_k(less, g.axes([width]), axis, largest=True)
    sums, places = (g.node("CumSum", one, g.constant(np.array(axis))) for one in (falling, falling * 0.0 + 1.0))
    counts = falling * places + 1.0 > sums
    total = g.reduce("ReduceSum", g.where(counts, falling, 0.0), [axis])
    many = g.reduce("ReduceSum", counts.cast(x.dtype), [axis])
    return of("Relu", less - (total - 1.0) / many)


# ---- of several


def prelu(x: Edge, alpha: Edge) -> Edge:
    """x where it is positive, α x elsewhere."""
    if x.dtype == "float32":
        return x.graph.node("PRelu", x, alpha)
    return x.graph.where(x > 0.0, x, alpha * x)
