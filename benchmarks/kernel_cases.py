"""A case for every kernel of the registries: what is called, and how many bytes that reads and writes.

Each family has one function here, which makes cases of all its names; parameters are looked up by their own names, so
that a kernel that is new has its cases by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from fastmlp import _core

WIDE, NARROW = (256, 512), (8192, 16)  # of what goes element by element; of what goes row by row
PARAMS = {
    "beta_1": 0.9, "beta_2": 0.999, "beta": 0.9, "rho": 0.9, "momentum": 0.9, "learning_rate_power": -0.5, "low": -1.0,
    "mean": 0.0, "max_value": 6.0, "k": 3.0, "even": 0.0, "per_label": 0.0, "apply_class_balancing": 0.0,
    "class_id": -1.0, "top_k": 0.0, "ignore_class": math.nan, "negative_slope": 0.01,
}  # fmt: skip
SMALL, OTHER = 1e-7, 0.5  # parameters named epsilon…, and those of other names
AT = (1, 2, 3, 0, 0)  # the place of random draws


@dataclass
class Case:
    """A kernel in one of its directions."""

    family: str
    name: str
    call: Callable[[], Any]
    traffic: int  # bytes read and written
    footprint: int  # bytes of all arrays together: which cache they fit into


def params(kernel: _core.Kernel) -> tuple[float, ...]:
    """Values for a kernel's parameters."""
    return tuple(PARAMS.get(name, SMALL if name.startswith("epsilon") else OTHER) for name in kernel.params)


def kernels(family: str) -> Iterator[tuple[str, tuple[float, ...], int]]:
    """The names of a family, with parameters and traits."""
    for name, kernel in _core.registry(family).items():
        yield name, params(kernel), kernel.traits


def normal(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Numbers as they go into an activation."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def shares(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers that could be probabilities."""
    return np.random.default_rng(0).uniform(0.05, 0.95, shape).astype(dtype)


def case(family: str, name: str, call: Callable[[], Any], read: list[np.ndarray], written: list[np.ndarray]) -> Case:
    """What is read, what is written; an array may be both."""
    every = {id(a): a.nbytes for a in (*read, *written)}
    return Case(family, name, call, sum(a.nbytes for a in (*read, *written)), sum(every.values()))


def vmath(dtype: str) -> Iterator[Case]:
    """Functions of one number."""
    x, out = shares(WIDE, dtype), np.empty(WIDE, dtype)
    for name, _, _ in kernels("vmath"):
        yield case("vmath", name, partial(_core.vmath, name, x, out), [x], [out])


def activation(dtype: str) -> Iterator[Case]:
    """Element by element."""
    z, dy, out = normal(WIDE, dtype), normal(WIDE, dtype, 1), np.empty(WIDE, dtype)
    for name, p, saves_input in kernels("activation"):
        saved = z if saves_input else _core.activation_fwd(name, z, p)
        yield case("activation", f"{name} forward", partial(_core.activation_fwd, name, z, p, out), [z], [out])
        backward = partial(_core.activation_bwd, name, saved, dy, p, out)
        yield case("activation", f"{name} backward", backward, [saved, dy], [out])


def row_activation(dtype: str) -> Iterator[Case]:
    """Row by row."""
    z, dy, out = normal(NARROW, dtype), normal(NARROW, dtype, 1), np.empty(NARROW, dtype)
    for name, p, _ in kernels("row_activation"):
        y = _core.row_activation_fwd(name, z, p)
        forward = partial(_core.row_activation_fwd, name, z, p, out=out)
        backward = partial(_core.row_activation_bwd, name, y, dy, p, out=out)
        yield case("row_activation", f"{name} forward", forward, [z], [out])
        yield case("row_activation", f"{name} backward", backward, [y, dy], [out])


def trainable(dtype: str) -> Iterator[Case]:
    """With parameters of their own."""
    x, dy, out = normal(WIDE, dtype), normal(WIDE, dtype, 1), np.empty(WIDE, dtype)
    for name, kernel in _core.registry("trainable").items():
        theta = np.full((len(kernel.params), WIDE[1]), 0.25, dtype)
        forward = partial(_core.trainable_fwd, name, x, theta, out=out)
        backward = partial(_core.trainable_bwd, name, x, dy, theta, out=out)
        yield case("trainable", f"{name} forward", forward, [x, theta], [out])
        yield case("trainable", f"{name} backward", backward, [x, dy, theta], [out, theta])


def pieces(dtype: str) -> Iterator[Case]:
    """Of several columns one."""
    for name, _, count in kernels("pieces"):
        count = count or 2
        x, dy = normal((WIDE[0], count * WIDE[1]), dtype), normal(WIDE, dtype, 1)
        y, dx = np.empty(WIDE, dtype), np.empty_like(x)
        yield case("pieces", f"{name} forward", partial(_core.pieces_fwd, name, x, count, out=y), [x], [y])
        yield case("pieces", f"{name} backward", partial(_core.pieces_bwd, name, x, dy, count, out=dx), [x, dy], [dx])


def targets_of(labels: int, shape: tuple[int, int], dtype: str) -> np.ndarray:
    """Labels, or rows with a 1 at the label."""
    classes = np.random.default_rng(2).integers(0, shape[1], shape[0])
    return classes.astype(np.int32) if labels else np.eye(shape[1], dtype=dtype)[classes]


def loss(dtype: str) -> Iterator[Case]:
    """With its derivative."""
    prediction, gradient = shares(NARROW, dtype), np.empty(NARROW, dtype)
    for name, p, labels in kernels("loss"):
        y = targets_of(labels, NARROW, dtype)
        call = partial(_core.loss, name, prediction, y, p, gradient=gradient)
        yield case("loss", name, call, [prediction, y], [gradient])


def metric(dtype: str) -> Iterator[Case]:
    """Counting a batch."""
    prediction = shares(NARROW, dtype)
    for name, p, labels in kernels("metric"):
        y, thresholds = targets_of(labels, NARROW, dtype), [0.5]
        state = np.zeros(_core.metric_size(name, p, thresholds, NARROW[1]))
        call = partial(_core.metric_update, name, p, thresholds, state, y, prediction)
        yield case("metric", name, call, [prediction, y], [])


def optimizer(dtype: str) -> Iterator[Case]:
    """A step of all weights."""
    g = normal(WIDE, dtype)
    for name, p, _ in kernels("optimizer"):
        w = normal(WIDE, dtype, 1)
        slots = [np.full(WIDE, start, dtype) for start in _core.optimizer_slots(name, p)]
        call = partial(_core.optimizer_step, name, w, g, slots, 10, 1e-9, p)
        yield case("optimizer", name, call, [g, w, *slots], [w, *slots])


def constraint(dtype: str) -> Iterator[Case]:
    """Along the first axis."""
    for name, p, _ in kernels("constraint"):
        w = normal(WIDE, dtype)
        yield case("constraint", name, partial(_core.constrain, name, w, 0, p), [w], [w])


def reduction(dtype: str) -> Iterator[Case]:
    """Of rows, of columns, of everything."""
    x = normal(WIDE, dtype)
    for name, _, _ in kernels("reduction"):
        yield case("reduction", f"{name} of rows", partial(_core.reduce_rows, name, x), [x], [])
    yield case("reduction", "sum of columns", partial(_core.column_sums, x), [x], [])
    yield case("reduction", "sum of squares", partial(_core.sum_squares, x), [x], [])
    yield case("reduction", "sum of absolutes", partial(_core.sum_abs, x), [x], [])


def fill(dtype: str) -> Iterator[Case]:
    """Random numbers."""
    out = np.empty(WIDE, dtype)
    for name, p, _ in kernels("fill"):
        yield case("fill", name, partial(_core.fill, name, out, p, AT), [], [out])


def noise(dtype: str) -> Iterator[Case]:
    """Random numbers upon others."""
    x, out = normal(WIDE, dtype), np.empty(WIDE, dtype)
    for name, p, _ in kernels("noise"):
        yield case("noise", f"{name} forward", partial(_core.noise_fwd, name, x, p, AT, out=out), [x], [out])
        yield case("noise", f"{name} backward", partial(_core.noise_bwd, name, x, p, AT, out=out), [x], [out])


def norm(dtype: str) -> Iterator[Case]:
    """Normalisation, which has no registry but that of operations."""
    x, dy, out = normal(WIDE, dtype), normal(WIDE, dtype, 1), np.empty(WIDE, dtype)
    gamma, beta, moving = np.ones(WIDE[1], dtype), np.zeros(WIDE[1], dtype), np.ones((2, WIDE[1]), dtype)
    batch = (*moving, 0.99, 1e-3, True)
    layer_saved = _core.layer_norm_fwd(x, gamma, beta, 1e-3)[1:]
    batch_saved = _core.batch_norm_fwd(x, gamma, beta, *batch)[1:]
    calls: dict[str, tuple[Callable[[], Any], list[np.ndarray]]] = {
        "batch_norm forward": (lambda: _core.batch_norm_fwd(x, gamma, beta, *batch, out=out), [x]),
        "batch_norm backward": (lambda: _core.batch_norm_bwd(dy, x, *batch_saved, gamma, True, out=out), [x, dy]),
        "layer_norm forward": (lambda: _core.layer_norm_fwd(x, gamma, beta, 1e-3, out=out), [x]),
        "layer_norm backward": (lambda: _core.layer_norm_bwd(dy, x, *layer_saved, gamma, out=out), [x, dy]),
        "unit_norm forward": (lambda: _core.unit_norm_fwd(x, 1e-3, out=out), [x]),
        "unit_norm backward": (lambda: _core.unit_norm_bwd(dy, x, 1e-3, out=out), [x, dy]),
    }
    for name, (call, read) in calls.items():
        yield case("norm", name, call, read, [out])


FAMILIES = {
    family.__name__: family
    for family in (vmath, activation, row_activation, trainable, pieces, loss, metric, optimizer, constraint,
                   reduction, fill, noise, norm)
}  # fmt: skip
