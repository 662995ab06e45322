"""The larger and the smaller: of two, within limits, along an axis."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.arithmetic import multiply, negative
from fastmlp.autodiff.primitive import as_tensor, primitive
from fastmlp.autodiff.shapes import Axis, axes_of, broadcast_to, expand, unbroadcast

__all__ = ["absolute", "argmax", "argmin", "clip", "max", "maximum", "min", "minimum", "ptp", "sign"]


def masked(g: Any, mask: np.ndarray, shape: Any) -> Any:
    """The gradient where a mask is set, and 0 elsewhere."""
    return unbroadcast(multiply(g, mask.astype(g.dtype)), shape)


# ---- of two: the first has it where they are equal


@primitive(
    lambda g, y, a, b: masked(g, a.array >= b.array, a.shape), lambda g, y, a, b: masked(g, a.array < b.array, b.shape)
)
def maximum(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The larger of two."""
    return np.maximum(x1, x2)


@primitive(
    lambda g, y, a, b: masked(g, a.array <= b.array, a.shape), lambda g, y, a, b: masked(g, a.array > b.array, b.shape)
)
def minimum(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The smaller of two."""
    return np.minimum(x1, x2)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x, but no smaller than x_min and no larger than x_max; None is no limit."""
    x = as_tensor(x)
    x = x if x_min is None else maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)


# ---- the size without the sign


@primitive(lambda g, y, x: multiply(g, sign(x)))
def absolute(x: np.ndarray) -> np.ndarray:
    """|x|."""
    return np.abs(x)


@primitive(lambda g, y, x: masked(g, np.zeros(x.shape, bool), x.shape))
def sign(x: np.ndarray) -> np.ndarray:
    """1 of what is positive, -1 of what is negative, 0 of 0."""
    return np.sign(x)


# ---- along axes: those that are equally large share the gradient


def _shared(g: Any, y: Any, x: Any, axis: tuple[int, ...], keepdims: bool, initial: Any) -> Any:
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape))
    there = x.array == y.array.reshape(shape)
    share = there / np.maximum(there.sum(axis=axis, keepdims=True), 1)
    return multiply(broadcast_to(g if keepdims else expand(g, x.shape, axis), x.shape), share.astype(x.dtype))


def _start(x: np.ndarray, initial: Any, of_floats: float, of_ints: str) -> Any:
    """What an extreme of nothing is: that of all numbers of the type."""
    if initial is not None:
        return {"initial": np.asarray(initial, x.dtype)[()]}
    if x.size or x.dtype.kind == "b":
        return {}
    return {"initial": of_floats if x.dtype.kind == "f" else getattr(np.iinfo(x.dtype), of_ints)}


@primitive(_shared)
def _max(x: np.ndarray, axis: tuple[int, ...], keepdims: bool, initial: Any) -> np.ndarray:
    return np.max(x, axis=axis, keepdims=keepdims, **_start(x, initial, -np.inf, "min"))


@primitive(_shared)
def _min(x: np.ndarray, axis: tuple[int, ...], keepdims: bool, initial: Any) -> np.ndarray:
    return np.min(x, axis=axis, keepdims=keepdims, **_start(x, initial, np.inf, "max"))


def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:  # noqa: A001 - Keras's name
    """The largest along axes, or of all."""
    x = as_tensor(x)
    return _max(x, axis=axes_of("max", axis, len(x.shape)), keepdims=bool(keepdims), initial=initial)


def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:  # noqa: A001 - Keras's name
    """The smallest along axes, or of all."""
    x = as_tensor(x)
    return _min(x, axis=axes_of("min", axis, len(x.shape)), keepdims=bool(keepdims), initial=initial)


def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """How far the largest is from the smallest."""
    return max(x, axis, keepdims) + negative(min(x, axis, keepdims))


# ---- where they are


@primitive(None)
def _argmax(x: np.ndarray, axis: int | None, keepdims: bool) -> np.ndarray:
    return np.argmax(x, axis=axis, keepdims=keepdims).astype(np.int32)


@primitive(None)
def _argmin(x: np.ndarray, axis: int | None, keepdims: bool) -> np.ndarray:
    return np.argmin(x, axis=axis, keepdims=keepdims).astype(np.int32)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The position of the largest, the first of them; without an axis, in all of it, unrolled."""
    return _argmax(x, axis=axis, keepdims=bool(keepdims))


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The position of the smallest, the first of them; without an axis, in all of it, unrolled."""
    return _argmin(x, axis=axis, keepdims=bool(keepdims))
