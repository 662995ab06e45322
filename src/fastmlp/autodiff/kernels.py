"""The engine's kernels as primitives: what layers and losses are computed by, on the tape as in a program.

Their own backward gives a gradient without a history. Where somebody listens to the gradient itself (a tape around
the tape), it is worked out from the kernel's definition instead, which has derivatives of any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.autodiff import definitions
from fastmlp.autodiff.primitive import Primitive, Record, primitive
from fastmlp.autodiff.shapes import broadcast_to
from fastmlp.autodiff.tensor import Tensor, recorders

Backward = Callable[..., Sequence[Any]]


def kernel(backward: Backward, definition: Callable[..., Any]) -> Callable[[Callable[..., Any]], Primitive]:
    """Decorator: the forward below gives (y, what to keep), `backward(kept, g, *arrays, **settings)` the gradients.

    `definition` takes the same arguments, tensors, and is made of operations.
    """

    def gradients(wanted: Sequence[bool], g: Tensor, record: Record) -> list[Any]:
        if recorders():
            return _by_definition(definition, wanted, g, record)
        found = backward(record.saved, g.array, *[t.array for t in record.inputs], **record.settings)
        if any(want and d is None for want, d in zip(wanted, found, strict=True)):  # targets that are part of a formula
            return _by_definition(definition, wanted, g, record)
        return [None if d is None else Tensor(d) for d in found]

    def made(forward: Callable[..., Any]) -> Primitive:
        found = Primitive(forward.__name__, forward, gradients, saves=True)
        found.definition = definition
        return found

    return made


def _by_definition(definition: Callable[..., Any], wanted: Sequence[bool], g: Tensor, record: Record) -> list[Any]:
    from fastmlp.autodiff.tape import GradientTape  # which is made of operations, too

    sources = [t for t, want in zip(record.inputs, wanted, strict=True) if want]
    with GradientTape() as tape:
        tape.watch(sources)
        y = definition(*record.inputs, **record.settings)
    found = iter(tape.gradient(y, sources, output_gradients=g, unconnected_gradients="zero"))
    return [next(found) if want else None for want in wanted]


# ---- activations

_WANT_Z = {name for name, entry in _core.registry("activation").items() if entry.traits}


def _activation_backward(saved: Any, g: np.ndarray, x: np.ndarray, name: str, params: Sequence[float]) -> list[Any]:
    return [_core.activation_bwd(name, saved, g, params)]


@kernel(_activation_backward, definitions.activation)
def activation(x: np.ndarray, name: str, params: Sequence[float]) -> tuple[np.ndarray, Any]:
    """f(x), each number by itself."""
    y = _core.activation_fwd(name, x, params)
    return y, x if name in _WANT_Z else y


def _row_backward(saved: Any, g: np.ndarray, x: np.ndarray, name: str) -> list[Any]:
    return [_core.row_activation_bwd(name, saved, g)]


@kernel(_row_backward, definitions.row_activation)
def row_activation(x: np.ndarray, name: str) -> tuple[np.ndarray, Any]:
    """f of each row."""
    y = _core.row_activation_fwd(name, x)
    return y, y


def _pieces_backward(saved: Any, g: np.ndarray, x: np.ndarray, name: str, pieces: int) -> list[Any]:
    return [_core.pieces_bwd(name, x, g, pieces)]


@kernel(_pieces_backward, definitions.pieces)
def piecewise(x: np.ndarray, name: str, pieces: int) -> tuple[np.ndarray, Any]:
    """One feature made of several."""
    return _core.pieces_fwd(name, x, pieces), None


def applied(operation: dict[str, Any], x: Any) -> Any:
    """One of these three, as an operation names it, for a tensor of any shape; rows are along its last axis."""
    kind, name = operation["op"], operation["name"]
    if kind == "activation":
        return activation(x, name=name, params=tuple(operation["params"]))
    return (
        row_activation(x, name=name)
        if kind == "row_activation"
        else piecewise(x, name=name, pieces=operation["pieces"])
    )


def _trainable_backward(saved: Any, g: np.ndarray, x: np.ndarray, theta: np.ndarray, name: str, shared: bool) -> Any:
    return _core.trainable_bwd(name, x, g, theta, shared)


@kernel(_trainable_backward, definitions.trainable)
def trainable(x: np.ndarray, theta: np.ndarray, name: str, shared: bool) -> tuple[np.ndarray, Any]:
    """f(x; θ), a column of θ for each feature or one for all."""
    return _core.trainable_fwd(name, x, theta, shared), None


# ---- products


def _dense_backward(layer: Any, g: np.ndarray, *operands: np.ndarray, bf16: bool) -> Sequence[Any]:
    return list(layer.backward(g))[: len(operands)]


@kernel(_dense_backward, definitions.dense)
def dense(x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray, bf16: bool) -> tuple[np.ndarray, Any]:
    """XW + b, or XW."""
    (n, k), m = x.shape, kernel.shape[1]
    layer = _core.Dense(max(1, n), k, m, x.dtype, use_bias=bool(bias), bf16=bf16)
    layer.set(0, kernel)
    for b in bias:
        layer.set(1, b)
    return layer.forward(x), layer


# ---- noise


def _noise_backward(wanted: Sequence[bool], g: Tensor, record: Record) -> list[Any]:
    return [scatter(g, **record.settings)]


def _noise(x: np.ndarray, name: str, params: Sequence[float], at: Any) -> np.ndarray:
    """Noise drawn at a place."""
    return _core.noise_fwd(name, x, params, at)


def _scatter(g: np.ndarray, name: str, params: Sequence[float], at: Any) -> np.ndarray:
    """The derivative of noise, which is one factor an element: so it is its own derivative's."""
    return _core.noise_bwd(name, g, params, at)


noise = Primitive("noise", _noise, _noise_backward)
scatter = Primitive("scatter", _scatter, _noise_backward)


# ---- normalisation


def _batch_norm_backward(
    saved: Any, g: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, training: bool, **_: Any
) -> Sequence[Any]:
    mean, r = saved
    return _core.batch_norm_bwd(g, x, mean, r, gamma, training)


@kernel(_batch_norm_backward, definitions.batch_norm)
def batch_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, moving: tuple[np.ndarray, np.ndarray], momentum: float,
    epsilon: float, training: bool, unbiased: bool = False,
) -> tuple[np.ndarray, Any]:  # fmt: skip
    """γ (x - mean) / √(variance + ε) + β by columns; in training the arrays `moving` move."""
    y, mean, r = _core.batch_norm_fwd(x, gamma, beta, *moving, momentum, epsilon, training, unbiased=unbiased)
    return y, (mean, r)


def _layer_norm_backward(
    saved: Any, g: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> Sequence[Any]:
    mean, r = saved
    return _core.layer_norm_bwd(g, x, mean, r, gamma)


@kernel(_layer_norm_backward, definitions.layer_norm)
def layer_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> tuple[np.ndarray, Any]:  # fmt: skip
    """γ (x - mean) / √(variance + ε) + β by rows."""
    y, mean, r = _core.layer_norm_fwd(x, gamma, beta, epsilon)
    return y, (mean, r)


def _unit_norm_backward(saved: Any, g: np.ndarray, x: np.ndarray, epsilon: float) -> list[Any]:
    return [_core.unit_norm_bwd(g, x, epsilon)]


@kernel(_unit_norm_backward, definitions.unit_norm)
def unit_norm(x: np.ndarray, epsilon: float) -> tuple[np.ndarray, Any]:
    """Rows of length 1."""
    return _core.unit_norm_fwd(x, epsilon), None


# ---- losses


def _loss_backward(saved: Any, g: np.ndarray, pred: np.ndarray, target: Any, **_: Any) -> list[Any]:
    return [saved * g[:, None], None]


@kernel(_loss_backward, definitions.loss)
def loss(pred: np.ndarray, target: np.ndarray, name: str, params: Sequence[float]) -> tuple[np.ndarray, Any]:
    """The loss of each row."""
    return _core.loss(name, pred, target, params)


def _penalty_backward(saved: Any, g: np.ndarray, x: np.ndarray, l1: float, l2: float) -> list[Any]:
    return [((l1 * np.sign(x) + 2 * l2 * x) * g).astype(x.dtype, copy=False)]


@kernel(_penalty_backward, definitions.penalty)
def penalty(x: np.ndarray, l1: float, l2: float) -> tuple[np.ndarray, Any]:
    """l1 Σ|x| + l2 Σ x², added up in float64 and in one order."""
    return np.asarray(_core.penalty(x, l1, l2), x.dtype), None


@primitive(lambda g, y, x: broadcast_to(g, x.shape))
def total(x: np.ndarray) -> np.ndarray:
    """Σ x, added up in float64 and in one order."""
    return np.asarray(_core.loss_reduce(x.ravel(), "sum"), x.dtype)
