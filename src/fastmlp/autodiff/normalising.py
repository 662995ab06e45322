"""What keeps numbers in order: normalising, clipping, dropping."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import config, random
from fastmlp._validate import brief
from fastmlp.autodiff.arithmetic import add, divide, multiply, subtract, where
from fastmlp.autodiff.comparisons import equal
from fastmlp.autodiff.extremes import maximum
from fastmlp.autodiff.functions import power, rsqrt, sqrt, square
from fastmlp.autodiff.making import ones_like, zeros_like
from fastmlp.autodiff.primitive import as_tensor, primitive_of_many
from fastmlp.autodiff.reductions import mean, norm, var
from fastmlp.autodiff.shapes import Axis, reshape, sum

__all__ = ["batch_normalization", "layer_normalization", "normalize"]  # what Keras has of it

# ---- normalising


def l2_normalize(x: Any, axis: Axis = None, epsilon: float = 1e-12) -> Any:
    """x / √max(Σx², ε)."""
    x = as_tensor(x)
    return multiply(x, rsqrt(maximum(sum(square(x), axis, True), epsilon)))


def normalize(x: Any, axis: Axis = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """Vectors made as long as 1."""
    return divide(x, maximum(norm(x, order, axis, True), config.epsilon() if epsilon is None else epsilon))


def l2_loss(x: Any) -> Any:
    """Σx² / 2."""
    return divide(sum(square(x)), 2.0)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / √(variance + ε), times a scale and plus an offset; each has the length of an axis."""
    x = as_tensor(x)
    sides = [1] * len(x.shape)
    sides[axis] = -1
    at, spread, shift, factor = (None if v is None else reshape(v, sides) for v in (mean, variance, offset, scale))
    return normalised(x, at, spread, shift, factor, epsilon)


def normalised(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, epsilon: float) -> Any:
    """(x - mean) / √(variance + ε), times a scale and plus an offset."""
    by = rsqrt(add(variance, epsilon))
    y = multiply(subtract(x, mean), by if scale is None else multiply(by, scale))
    return y if offset is None else add(y, offset)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axis = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """Rows brought to mean 0 and variance 1."""
    epsilon = config.epsilon() if epsilon is None else epsilon
    return normalised(x, mean(x, axis, True), var(x, axis, True), beta, gamma, epsilon)


# ---- clipping


def clip_by_norm(t: Any, clip_norm: Any, axes: Axis = None) -> Any:
    """t, made as long as clip_norm if it is longer."""
    t = as_tensor(t)
    return divide(multiply(t, clip_norm), maximum(_length(t, axes), clip_norm))


def _length(t: Any, axes: Axis) -> Any:
    """√Σt², whose gradient is 0 where t is."""
    total = sum(square(t), axes, True)
    nothing = equal(total, 0)
    return where(nothing, zeros_like(total), sqrt(where(nothing, ones_like(total), total)))


def global_norm(t_list: Sequence[Any]) -> Any:
    """The length of tensors taken together; None among them counts as nothing."""
    total: Any = 0.0
    for t in t_list:
        total = total if t is None else add(sum(square(t)), total)
    return power(total, 0.5)


def clip_by_global_norm(t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None) -> tuple[list[Any], Any]:
    """Tensors made shorter by one factor, together no longer than clip_norm; and how long they were together."""
    if not isinstance(t_list, (list, tuple)):
        raise TypeError(f"clip_by_global_norm: expected a list of tensors, got {brief(t_list)}; put it into one")
    length = global_norm(t_list) if use_norm is None else as_tensor(use_norm)
    scale = divide(clip_norm, maximum(length, clip_norm))
    return [None if t is None else multiply(t, scale) for t in t_list], length


# ---- dropping


@primitive_of_many(lambda wanted, g, record: [multiply(g, record.saved)], saves=True)
def _dropout(x: np.ndarray, rate: float, noise_shape: Any, seed: Any) -> tuple[np.ndarray, np.ndarray]:
    shape = x.shape if noise_shape is None else tuple(m if n is None else n for n, m in zip(noise_shape, x.shape))
    kept = random.dropout(np.ones(shape, x.dtype), rate, seed=random.draw_seed(seed)).astype(x.dtype, copy=False)
    return x * kept, kept


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Each number 0 with probability rate, and else divided by 1 - rate."""
    shape = None if noise_shape is None else tuple(noise_shape)
    return _dropout(as_tensor(x), rate=float(rate), noise_shape=shape, seed=seed)
