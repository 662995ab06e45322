"""Tensors from nothing but a shape or a rule: zeros, ones, ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import config
from fastmlp._arrays import type_of_numbers
from fastmlp._validate import brief, need_room, whole
from fastmlp.autodiff.primitive import as_tensor, primitive
from fastmlp.autodiff.tensor import Tensor, constant

# fmt: off
__all__ = [
    "arange", "empty", "empty_like", "eye", "full", "full_like", "identity", "linspace", "logspace", "meshgrid",
    "ones", "ones_like", "tri", "zeros", "zeros_like",
]
# fmt: on


def dtype_named(dtype: Any) -> np.dtype[Any]:
    """A NumPy type, from its name or TensorFlow's; None is that of `config.floatx`."""
    return type_of_numbers("dtype", config.floatx() if dtype is None else getattr(dtype, "as_numpy_dtype", dtype))


def sizes(shape: Any, least: int = 0) -> tuple[int, ...]:
    """A shape as a tuple of ints, from ints, a list, or a tensor."""
    given = shape if isinstance(shape, Sequence) else np.atleast_1d(np.asarray(shape))
    plain = (n if isinstance(n, (int, str, bytes)) else np.asarray(n).item() for n in given)
    return tuple(whole("shape", n, least) for n in plain)


# ---- one value


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """One value everywhere."""
    value = constant(fill_value)
    return Tensor(np.full(sizes(shape), value.numpy(), value.dtype if dtype is None else dtype_named(dtype)))


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros."""
    return Tensor(np.zeros(sizes(shape), dtype_named(dtype)))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones."""
    return Tensor(np.ones(sizes(shape), dtype_named(dtype)))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros: numbers left over from something else would be of no use to anyone."""
    return zeros(shape, dtype)


@primitive(None)
def _full_like(x: np.ndarray, value: Any, dtype: Any) -> np.ndarray:
    return np.full_like(x, value, dtype, order="C")


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value, in the shape of x."""
    value = fill_value.numpy() if isinstance(fill_value, Tensor) else fill_value
    return _full_like(x, value=value, dtype=None if dtype is None else dtype_named(dtype))


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros, in the shape of x."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones, in the shape of x."""
    return full_like(x, 1, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Zeros, in the shape of x."""
    return full_like(x, 0, dtype)


# ---- ranges


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """start, start + step, … up to stop, which does not belong to it; from 0 if one number is given.

    >>> arange(3).numpy().tolist(), arange(1.0, 2.0, 0.25).numpy().tolist()
    ([0, 1, 2], [1.0, 1.25, 1.5, 1.75])
    """
    first, last = (0, start) if stop is None else (start, stop)
    ends = [as_tensor(v) for v in (first, last, 1 if step is None else step)]
    if dtype is None:
        dtype = np.result_type(*[e.dtype for e in ends if e.dtype.kind == "f"] or [e.dtype for e in ends])
    begin, end, by = (e.numpy().astype(dtype_named(dtype)) for e in ends)
    if begin.ndim or end.ndim or by.ndim or not by:
        raise ValueError(f"arange: expected numbers, the step not 0, got {brief(start)}, {brief(stop)}, {brief(step)}; "
                         "change them")  # fmt: skip
    whole = begin.dtype.kind in "iu"
    n = -((int(begin) - int(end)) // int(by)) if whole else math.ceil((float(end) - float(begin)) / float(by))
    need_room("arange", (max(n, 0),))
    return Tensor(begin + np.arange(max(n, 0)).astype(begin.dtype) * by)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """num numbers from start to stop, evenly."""
    first, last = as_tensor(start), as_tensor(stop)
    kind = dtype_named(dtype if dtype is not None else np.result_type(*[
        d if d.kind == "f" else np.dtype(config.floatx()) for d in (first.dtype, last.dtype)]))  # fmt: skip
    begin, end = first.numpy().astype(np.float64), last.numpy().astype(np.float64)
    values = Tensor(np.linspace(begin, end, int(num), endpoint, axis=axis).astype(kind))
    parts = int(num) - bool(endpoint)
    return (values, Tensor(((end - begin) / parts if parts else begin * np.nan).astype(kind))) if retstep else values


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """num numbers from base^start to base^stop, the ratio of neighbours always the same."""
    exponents = linspace(start, stop, num, endpoint, dtype=np.float64, axis=axis).array
    return Tensor(np.power(float(base), exponents).astype(dtype_named(dtype)))


# ---- matrices


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:  # noqa: N803 - Keras's names
    """Ones on a diagonal, zeros elsewhere."""
    return Tensor(np.eye(int(N), None if M is None else int(M), k, dtype_named(dtype)))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The matrix that changes nothing."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:  # noqa: N803 - Keras's names
    """Ones on a diagonal and below, zeros above."""
    return Tensor(np.tri(int(N), None if M is None else int(M), k, dtype_named(dtype)))


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of all points of a grid, an array an axis."""
    axes = [as_tensor(v).numpy() for v in x]
    return [Tensor(np.array(grid)) for grid in np.meshgrid(*axes, indexing="ij" if indexing == "ij" else "xy")]
