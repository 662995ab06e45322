"""The kernels of layers as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmlp.exporting.onnx_activations import ELEMENTWISE, by_sigmoid, prelu, sparsemax, swish
from fastmlp.exporting.onnx_graph import Edge, Graph, Type
from fastmlp.exporting.onnx_maths import of
from fastmlp.exporting.recording import Operation

Writer = Callable[..., Edge]  # (graph, operation, *inputs)


# ---- products


def _dense(g: Graph, one: Operation, x: Edge, kernel: Edge, *bias: Edge) -> Edge:
    """XW + b. In mixed precision X and W are rounded to bfloat16 and multiplied as float32, as the engine does."""
    if one.settings["bf16"]:
        x, kernel = _rounded(x), _rounded(kernel)
    return g.node("Gemm", x, kernel, *bias) if bias else g.node("MatMul", x, kernel)


def _rounded(x: Edge) -> Edge:
    """To the nearest bfloat16, in float32."""
    g = x.graph
    return g.node("Cast", g.node("Cast", x, to=Type("bfloat16")), dtype=np.float32, to=Type("float32"))


# ---- normalisation: the mean is taken off before anything else, so that a large one costs no digits


def _batch_norm(g: Graph, one: Operation, x: Edge, gamma: Edge, beta: Edge) -> Edge:
    if one.settings["training"]:
        raise ValueError("normalises by the moments of the batch, as in training; call it without training=True")
    mean, variance = one.settings["moving"]
    factor = 1 / np.sqrt(variance + variance.dtype.type(one.settings["epsilon"]))
    centred = x - g.constant(mean, f"{one.where}/moving_mean".strip("/"))
    return centred * _product(g, factor, gamma) + beta


def _product(g: Graph, factor: np.ndarray, gamma: Edge) -> Edge:
    """γ / √(variance + ε): one constant, unless γ is computed."""
    known = g.constants.get(gamma.name)
    if known is None:
        return g.edge(factor, gamma.dtype) * gamma
    return g.constant((factor * known).astype(gamma.dtype), f"{g.layer}/scale".strip("/"))


def _layer_norm(g: Graph, one: Operation, x: Edge, gamma: Edge, beta: Edge) -> Edge:
    """Not by ONNX's LayerNormalization: runtimes take the mean's square off that of the squares, which may cancel."""
    centred = x - g.reduce("ReduceMean", x, [_last(one)])
    variance = g.reduce("ReduceMean", centred * centred, [_last(one)])
    return centred * of("Reciprocal", of("Sqrt", variance + one.settings["epsilon"])) * gamma + beta


def _unit_norm(g: Graph, one: Operation, x: Edge) -> Edge:
    length = of("Sqrt", g.reduce("ReduceSum", x * x, [_last(one)]))
    return x / g.node("Max", length, one.settings["epsilon"])


# ---- rows, pieces, activations that learn


def _last(one: Operation) -> int:
    return len(one.inputs[0].shape) - 1


def _width(one: Operation, axis: int) -> int:
    width = one.output.shape[axis]
    if not isinstance(width, int):
        raise ValueError("works along the rows of a batch; take another axis")
    return width


def _sparsemax(one: Operation, x: Edge, axis: int) -> Edge:
    return sparsemax(x, _width(one, axis), axis)


def _maxout(g: Graph, one: Operation, x: Edge) -> Edge:
    parts, width = one.settings["pieces"], _width(one, -1)
    if parts == 1:
        return x
    return g.node("Max", *(g.slice(x, -1, i * width, (i + 1) * width) for i in range(parts)))


def _glu(g: Graph, one: Operation, x: Edge) -> Edge:
    width = _width(one, -1)
    return by_sigmoid(g.slice(x, -1, 0, width), g.slice(x, -1, width, 2 * width))


def _row_of(theta: Edge) -> Edge:
    """θ of one row, as a vector."""
    g, known = theta.graph, theta.graph.constants.get(theta.name)
    if known is None:
        return g.node("Squeeze", theta, g.axes([0]))
    return g.constant(known[0], f"{g.layer}/theta".strip("/"))


def _elementwise(name: str) -> Writer:
    return lambda g, one, x: ELEMENTWISE[name](x, *one.settings["params"])


WRITERS: dict[str, Writer] = {
    **{f"kernels.activation/{name}": _elementwise(name) for name in ELEMENTWISE},
    "kernels.row_activation/softmax": lambda g, one, x: g.node("Softmax", x, axis=-1),
    "kernels.row_activation/log_softmax": lambda g, one, x: g.node("LogSoftmax", x, axis=-1),
    "kernels.row_activation/sparsemax": lambda g, one, x: _sparsemax(one, x, _last(one)),
    "activations.softmax": lambda g, one, x: g.node("Softmax", x, axis=one.settings["axis"]),
    "activations.log_softmax": lambda g, one, x: g.node("LogSoftmax", x, axis=one.settings["axis"]),
    "activations.sparsemax": lambda g, one, x: _sparsemax(one, x, one.settings["axis"]),
    "kernels.piecewise/maxout": _maxout,
    "kernels.piecewise/glu": _glu,
    "kernels.trainable/prelu": lambda g, one, x, theta: prelu(x, _row_of(theta)),
    "kernels.trainable/swish_beta": lambda g, one, x, theta: swish(x, _row_of(theta)),
    "kernels.dense": _dense,
    "kernels.batch_norm": _batch_norm,
    "kernels.layer_norm": _layer_norm,
    "kernels.unit_norm": _unit_norm,
}
