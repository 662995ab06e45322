"""The operations of a layer one at a time, on tensors: the way of the tape, by the kernels that a program runs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp import random
from fastmlp.autodiff import kernels
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.shapes import reshape, stack
from fastmlp.autodiff.tensor import Tensor

Operation = dict[str, Any]


class _Drawing(threading.local):
    """Where the noise of this thread is drawn: in a step of training at a place that a resumed one finds again."""

    def __init__(self) -> None:
        self.step: tuple[int, int] | None = None  # seed, number
        self.drawn = 0

    def place(self, seed: int | None, layer: Any) -> tuple[int, int, int, int, int]:
        self.drawn += 1
        if self.step is not None:
            return (self.step[0] if seed is None else seed % 2**64, self.drawn, self.step[1], 0, 0)
        if seed is None:
            return (random.next_seed(), 0, 0, 0, 0)
        return (seed % 2**64, 0, next(layer.draws), 0, 0)


_drawing = _Drawing()


@contextmanager
def step_of(seed: int, number: int) -> Iterator[None]:
    """Within, noise is that of a step of training."""
    before = _drawing.step, _drawing.drawn
    _drawing.step, _drawing.drawn = (seed, number), 0
    try:
        yield
    finally:
        _drawing.step, _drawing.drawn = before


def place_of(layer: Any, seed: int | None) -> tuple[int, int, int, int, int]:
    """Where a layer draws its next numbers; in a step of training they are that step's."""
    return _drawing.place(seed, layer)


def run(layer: Any, x: Tensor, training: bool) -> Any:
    """The output of a built layer for rows of the shape it was built for."""
    n = x.shape[0]
    y = x if len(x.shape) == 2 else reshape(x, (n, math.prod(x.shape[1:])))
    for place, operation in enumerate(layer.lower()):
        y = _RUN[operation["op"]](layer, operation, y, training, place)
    shape = (n, *layer.compute_output_shape(tuple(x.shape))[1:])
    return y if tuple(y.shape) == shape else reshape(y, shape)


def _activation(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    return kernels.applied(operation, x)


def _dense(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    bias = [] if operation["bias"] is None else [operation["bias"]]
    return kernels.dense(x, operation["kernel"], *bias, bf16=operation.get("bf16", False))


def _noise(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    if not training:
        return x
    at = _drawing.place(operation.get("seed"), layer)
    return kernels.noise(x, name=operation["name"], params=tuple(operation["params"]), at=at)


def _trainable(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    theta = stack(operation["theta"])
    return kernels.trainable(x, theta, name=operation["name"], shared=operation["shared"])


def _scaled(operation: Operation, x: Any) -> tuple[Any, Any]:
    """γ and β, ones and zeros where there are none."""
    width = (x.shape[1],)
    gamma, beta = operation["gamma"], operation["beta"]
    return (
        as_tensor(np.ones(width, x.dtype)) if gamma is None else gamma,
        as_tensor(np.zeros(width, x.dtype)) if beta is None else beta,
    )


def _batch_norm(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    variables = operation["moving_mean"], operation["moving_variance"]
    moving = tuple(v.numpy() for v in variables)
    learns = training and layer.trainable
    y = kernels.batch_norm(x, *_scaled(operation, x), moving=moving, momentum=operation["momentum"],
                           epsilon=operation["epsilon"], training=learns, unbiased=operation["unbiased"])  # fmt: skip
    for variable, value in zip(variables, moving):
        if learns:
            variable.assign(value)
    return y


def _layer_norm(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    return kernels.layer_norm(x, *_scaled(operation, x), epsilon=operation["epsilon"])


def _unit_norm(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    return kernels.unit_norm(x, epsilon=operation["epsilon"])


def _affine(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    shift, scale, offset = (np.asarray(operation[part], x.dtype) for part in ("shift", "scale", "offset"))
    return (x - shift) * scale + offset


def _activity(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    layer.add_loss(kernels.penalty(x, l1=operation["l1"], l2=operation["l2"]) / max(1, x.shape[0]))
    return x


def _python(layer: Any, operation: Operation, x: Any, training: bool, place: int) -> Any:
    return operation["function"](x)


_RUN: dict[str, Callable[..., Any]] = {
    "dense": _dense,
    "activation": _activation,
    "row_activation": _activation,
    "pieces": _activation,
    "noise": _noise,
    "trainable": _trainable,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "unit_norm": _unit_norm,
    "affine": _affine,
    "activity": _activity,
    "python": _python,
}
