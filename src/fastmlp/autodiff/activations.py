"""What neurons do with what comes in, as operations: the definitions of the functions of `fastmlp.activations`."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, subtract, where
from fastmlp.autodiff.arranging import split
from fastmlp.autodiff.comparisons import greater, greater_equal, less, less_equal
from fastmlp.autodiff.extremes import absolute, masked, maximum, minimum
from fastmlp.autodiff.functions import exp, expm1, real, sqrt, square
from fastmlp.autodiff.logistic import erfc, sigmoid, softplus
from fastmlp.autodiff.primitive import as_tensor, primitive
from fastmlp.autodiff.shapes import axes_of, reshape, sum
from fastmlp.autodiff.trigonometry import tanh

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805  # selu keeps mean 0 and variance 1 with these

# ---- straight pieces


@primitive(lambda g, y, x: masked(g, x.array > 0, x.shape))
def relu(x: np.ndarray) -> np.ndarray:
    """x where it is positive, 0 elsewhere."""
    return np.maximum(x, x.dtype.type(0))


@primitive(lambda g, y, x: masked(g, (x.array > 0) & (x.array < 6), x.shape))
def relu6(x: np.ndarray) -> np.ndarray:
    """x between 0 and 6, the nearer of the two outside."""
    return np.clip(x, x.dtype.type(0), x.dtype.type(6))


def relu_general(x: Any, negative_slope: float, max_value: float, threshold: float) -> Any:
    """x above the threshold, but no more than max_value; below it negative_slope · (x - threshold)."""
    above = where(greater_equal(x, max_value), max_value, x)
    return where(less_equal(x, threshold), multiply(subtract(x, threshold), negative_slope), above)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where it is positive, negative_slope · x elsewhere."""
    return where(greater(x, 0), x, multiply(x, negative_slope))


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6."""
    return divide(relu6(add(x, 3.0)), 6.0)


def hard_silu(x: Any) -> Any:
    """x · hard_sigmoid(x)."""
    return multiply(x, hard_sigmoid(x))


def hard_tanh(x: Any) -> Any:
    """x between -1 and 1, the nearer of the two outside; its slope at either is that outside."""
    return maximum(-1.0, minimum(1.0, x))


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """0 between -threshold and threshold, x outside."""
    return where(greater(absolute(x), threshold), x, multiply(x, 0))


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """0 between -threshold and threshold, outside x that much nearer to 0."""
    return subtract(relu(subtract(x, threshold)), relu(subtract(negative(x), threshold)))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where it is above the threshold, another value elsewhere."""
    return where(less_equal(x, threshold), default_value, x)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, (x + 1)² / 4 between."""
    bent = divide(square(add(x, 1.0)), 4.0)
    return where(less_equal(x, -1.0), multiply(x, 0), where(greater(x, 1.0), x, bent))


def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, (x + 1) / 2 between."""
    return divide(add(hard_tanh(x), 1.0), 2.0)


def binary_step(x: Any) -> Any:
    """0 below 0, 1 from it on."""
    return where(less(x, 0), 0.0, where(greater_equal(x, 0), 1.0, multiply(x, 0)))


# ---- bent


@primitive(lambda g, y, x, alpha: multiply(g, where(x.array > 0, np.ones((), x.dtype), add(y, alpha))))
def _elu(x: np.ndarray, alpha: float) -> np.ndarray:
    x = real(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))).astype(x.dtype)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, α(e^x - 1) elsewhere."""
    return _elu(x, alpha=float(alpha))


def selu(x: Any) -> Any:
    """1.0507 · elu with α = 1.6733: what comes in with mean 0 and variance 1 goes out so."""
    return multiply(elu(x, _ALPHA), _SCALE)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, α(e^(x/α) - 1) elsewhere."""
    return add(relu(x), multiply(expm1(divide(subtract(x, relu(x)), alpha)), alpha))


def silu(x: Any, beta: float = 1.0) -> Any:
    """x · sigmoid(β x)."""
    return multiply(x, sigmoid(multiply(x, beta)))


def gelu(x: Any, approximate: bool) -> Any:
    """x times the chance that a standard normal number is below x; `approximate` takes a sigmoid for that."""
    if not approximate:
        return multiply(multiply(x, 0.5), erfc(multiply(x, -float(np.sqrt(0.5)))))
    t = maximum(-40.0, minimum(40.0, x))  # beyond, the sigmoid is 0 or 1, and t³ might overflow
    cubic = add(t, multiply(multiply(square(t), t), 0.044715))
    return multiply(x, sigmoid(multiply(cubic, float(2 * np.sqrt(2 / np.pi)))))


def mish(x: Any) -> Any:
    """x · tanh(softplus(x))."""
    return multiply(x, tanh(softplus(x)))


def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return divide(x, add(absolute(x), 1.0))


def tanh_shrink(x: Any) -> Any:
    """x - tanh x."""
    return subtract(x, tanh(x))


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + √(x² + b)) / 2."""
    return divide(add(x, sqrt(add(square(x), float(b)))), 2.0)


def glu(x: Any, axis: int = -1) -> Any:
    """One half, let through by the sigmoid of the other."""
    a, b = split(x, 2, axis)
    return multiply(a, sigmoid(b))


# ---- shares of a row


def _rows(kernel: str, x: np.ndarray, axis: int) -> np.ndarray:
    """A function of rows by the engine, those of another axis than the last brought there and back."""
    x = real(x)
    turned = np.ascontiguousarray(np.moveaxis(x, axis, -1), np.float32 if x.itemsize < 4 else None)
    rows = turned.reshape(-1, turned.shape[-1] if turned.size else 1)
    found = _core.row_activation_fwd(kernel, rows) if turned.size else rows
    return np.ascontiguousarray(np.moveaxis(found.reshape(turned.shape), -1, axis)).astype(x.dtype, copy=False)


def _softmax_back(g: Any, y: Any, x: Any, axis: int) -> Any:
    return multiply(y, subtract(g, sum(multiply(g, y), axis, True)))


@primitive(_softmax_back)
def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    return _rows("softmax", x, axis)


@primitive(lambda g, y, x, axis: subtract(g, multiply(exp(y), sum(g, axis, True))))
def _log_softmax(x: np.ndarray, axis: int) -> np.ndarray:
    return _rows("log_softmax", x, axis)


def _sparsemax_back(g: Any, y: Any, x: Any, axis: int) -> Any:
    there = (y.array > 0).astype(y.dtype)
    share = divide(sum(multiply(g, there), axis, True), np.sum(there, axis=axis, keepdims=True))
    return multiply(subtract(g, share), there)


@primitive(_sparsemax_back)
def _sparsemax(x: np.ndarray, axis: int) -> np.ndarray:
    return _rows("sparsemax", x, axis)


def _axis(where: str, x: Any, axis: int) -> int:
    return axes_of(where, axis, len(x.shape))[0]


def softmax(x: Any, axis: int | None = -1) -> Any:
    """e^x / Σ e^x."""
    x = as_tensor(x)
    if axis is None:
        return reshape(softmax(reshape(x, -1)), x.shape)
    return _softmax(x, axis=_axis("softmax", x, axis))


def log_softmax(x: Any, axis: int | None = -1) -> Any:
    """x - log Σ e^x."""
    x = as_tensor(x)
    if axis is None:
        return reshape(log_softmax(reshape(x, -1)), x.shape)
    return _log_softmax(x, axis=_axis("log_softmax", x, axis))


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest shares that add up to 1: many are 0."""
    x = as_tensor(x)
    return _sparsemax(x, axis=_axis("sparsemax", x, axis))
