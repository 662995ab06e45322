"""Many numbers in one: means, spreads, products, norms."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.arithmetic import divide, multiply, subtract, where
from fastmlp.autodiff.comparisons import not_equal
from fastmlp.autodiff.extremes import absolute, masked, max, min
from fastmlp.autodiff.functions import exp, power, real, sqrt, square, vmath
from fastmlp.autodiff.making import ones_like
from fastmlp.autodiff.primitive import as_tensor, cast, primitive
from fastmlp.autodiff.shapes import Axis, axes_of, concatenate, expand, getitem, reshape, spread, sum, transpose

# fmt: off
__all__ = [
    "all", "any", "average", "count_nonzero", "cumprod", "cumsum", "logsumexp", "mean", "moments", "norm", "prod",
    "std", "var",
]
# fmt: on


@primitive(lambda g, y, x, axis, keepdims: divide(spread(g, x.shape, axis, keepdims), count(x.shape, axis)))
def _mean(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    x = real(x)
    total = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float32 if x.itemsize < 4 else x.dtype)
    return np.divide(total, np.asarray(count(x.shape, axis), total.dtype)).astype(x.dtype)


def count(shape: Any, axis: tuple[int, ...]) -> float:
    """How many numbers a reduction takes together."""
    return float(np.prod([shape[i] for i in axis]))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean along axes, or of all; of whole numbers a float."""
    x = as_tensor(x)
    return _mean(x, axis=axes_of("mean", axis, len(x.shape)), keepdims=bool(keepdims))


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean square of the distances from the mean."""
    return mean(square(subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The root of the variance."""
    return sqrt(var(x, axis, keepdims))


def moments(x: Any, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance along axes."""
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The mean, where some numbers may weigh more than others."""
    x = as_tensor(x)
    if weights is None:
        return mean(x, axis)
    w = as_tensor(weights)
    if len(w.shape) == 1 < len(x.shape) and isinstance(axis, int):
        w = reshape(w, [-1 if i == axis % len(x.shape) else 1 for i in range(len(x.shape))])
    return divide(sum(multiply(x, w), axis), sum(multiply(multiply(w, 1.0), ones_like(x)), axis))


# ---- products


def _others(g: Any, y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """For each number the product of all others: of those before it and those behind it, so that zeros do no harm."""
    order = [i for i in range(len(x.shape)) if i not in axis] + list(axis)
    kept = [x.shape[i] for i in order[: len(order) - len(axis)]]
    rows = reshape(transpose(x, order), (*kept, int(count(x.shape, axis))))
    one = np.ones((*kept, 1), x.dtype)
    before = concatenate([one, cumprod(rows, -1)], -1)[..., :-1]
    after = concatenate([one, cumprod(rows[..., ::-1], -1)], -1)[..., -2::-1]
    both = reshape(multiply(before, after), [x.shape[i] for i in order])
    return multiply(spread(g, x.shape, axis, keepdims), transpose(both, [order.index(i) for i in range(len(order))]))


@primitive(_others)
def _prod(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=np.int32 if x.dtype.kind == "b" else x.dtype)


def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product along axes, or of all."""
    x = as_tensor(x, dtype)
    return _prod(x, axis=axes_of("prod", axis, len(x.shape)), keepdims=bool(keepdims))


# ---- sums and products so far


def _from_the_end(x: Any, axis: int) -> Any:
    """Each number with the sum of those behind it."""
    backwards = (slice(None),) * axis + (slice(None, None, -1),)
    return getitem(_cumsum(getitem(x, backwards), axis=axis), backwards)


@primitive(lambda g, y, x, axis: _from_the_end(g, axis))
def _cumsum(x: np.ndarray, axis: int) -> np.ndarray:
    return np.cumsum(x, axis, dtype=np.int32 if x.dtype.kind == "b" else x.dtype)


def _cumprod_back(g: Any, y: Any, x: Any, axis: int) -> Any:
    nothing = x.array == 0
    found = divide(_from_the_end(multiply(g, y), axis), x + nothing.astype(x.dtype))
    return masked(found, ~nothing, x.shape)


@primitive(_cumprod_back)
def _cumprod(x: np.ndarray, axis: int) -> np.ndarray:
    return np.cumprod(x, axis, dtype=np.int32 if x.dtype.kind == "b" else x.dtype)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of all up to each number; without an axis, of all of it, unrolled."""
    x = as_tensor(x, dtype) if axis is not None else reshape(as_tensor(x, dtype), -1)
    return _cumsum(x, axis=axes_of("cumsum", axis or 0, len(x.shape))[0])


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of all up to each number; without an axis, of it unrolled. As in TensorFlow, a 0 has no gradient."""
    x = as_tensor(x, dtype) if axis is not None else reshape(as_tensor(x, dtype), -1)
    return _cumprod(x, axis=axes_of("cumprod", axis or 0, len(x.shape))[0])


# ---- truth values


@primitive(None)
def _all(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    return np.all(x, axis=axis, keepdims=keepdims)


@primitive(None)
def _any(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    return np.any(x, axis=axis, keepdims=keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras's name
    """Whether all along axes are true."""
    x = as_tensor(x)
    return _all(x, axis=axes_of("all", axis, len(x.shape)), keepdims=bool(keepdims))


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras's name
    """Whether one along axes is true."""
    x = as_tensor(x)
    return _any(x, axis=axes_of("any", axis, len(x.shape)), keepdims=bool(keepdims))


def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """How many are not 0."""
    return sum(cast(not_equal(x, 0), dtype=np.dtype(np.int32)), axis, keepdims)


# ---- the logarithm of a sum of exponentials


def _weight(g: Any, y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    whole = y if keepdims else expand(y, x.shape, axis)
    finite = np.isfinite(whole.array)
    return multiply(spread(g, x.shape, axis, keepdims), exp(subtract(x, where(finite, whole, np.zeros((), x.dtype)))))


@primitive(_weight)
def _logsumexp(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    x = real(x)
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    total = vmath("log", np.sum(vmath("exp", x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else total.reshape([n for i, n in enumerate(x.shape) if i not in axis])


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log Σ e^x, whatever the size of x."""
    x = as_tensor(x)
    return _logsumexp(x, axis=axes_of("logsumexp", axis, len(x.shape)), keepdims=bool(keepdims))


# ---- norms


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A002 - Keras's name
    """The length of vectors: √Σx², Σ|x| for 1, the largest |x| for inf, (Σ|x|ᵖ)^(1/p) for p; also that of all of it."""
    sizes = absolute(x)
    if len(axes_of("norm", axis, len(sizes.shape))) > 1 and ord not in (None, "euclidean", "fro"):
        raise ValueError(f"norm: expected ord None, 'fro' or 'euclidean' for several axes, got {ord!r}; give one axis, "
                         "or reshape to -1")  # fmt: skip
    if ord in (None, 2, "euclidean", "fro"):
        return sqrt(sum(square(x), axis, keepdims))
    if ord in (np.inf, "inf"):
        return max(sizes, axis, keepdims)
    if ord == -np.inf:
        return min(sizes, axis, keepdims)
    if ord == 0:
        return cast(count_nonzero(x, axis, keepdims), dtype=real(np.empty(0, sizes.dtype)).dtype)
    if isinstance(ord, str):
        raise ValueError(f"norm: expected ord None, 'fro', 'euclidean', inf or a number, got {ord!r}; take one")
    return sum(sizes, axis, keepdims) if ord == 1 else power(sum(power(sizes, ord), axis, keepdims), 1 / ord)
