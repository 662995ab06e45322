"""Numbers moved about: stacked, split, tiled, padded, turned round."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief, need_room, whole
from fastmlp.autodiff.picking import take
from fastmlp.autodiff.primitive import as_tensor, primitive
from fastmlp.autodiff.shapes import (
    Axis,
    axes_of,
    concatenate,
    getitem,
    put,
    reshape,
    squeeze,
    sum,
    transpose,
)

# fmt: off
__all__ = [
    "append", "diag", "diagonal", "diff", "flip", "hstack", "moveaxis", "pad", "ravel", "repeat", "roll", "split",
    "swapaxes", "tile", "trace", "tril", "triu", "unstack", "vstack",
]
# fmt: on


def along(axis: int, part: slice) -> tuple[slice, ...]:
    """The key of a part along one axis."""
    return (slice(None),) * axis + (part,)


# ---- axes


def ravel(x: Any) -> Any:
    """All numbers in one row."""
    return reshape(x, -1)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes changed over."""
    x = as_tensor(x)
    a, b = axes_of("swapaxes", (axis1, axis2), len(x.shape))
    order = list(range(len(x.shape)))
    order[a], order[b] = b, a
    return transpose(x, order)


def moveaxis(x: Any, source: Axis, destination: Axis) -> Any:
    """Axes moved to other places, the rest in their order."""
    x = as_tensor(x)
    n = len(x.shape)
    places = dict(zip(axes_of("moveaxis", destination, n), axes_of("moveaxis", source, n), strict=True))
    rest = iter([i for i in range(n) if i not in places.values()])
    return transpose(x, [places[i] if i in places else next(rest) for i in range(n)])


# ---- one after the other, and apart again


def _with_axes(x: Any, ndim: int) -> Any:
    x = as_tensor(x)
    return reshape(x, (*(1,) * (ndim - len(x.shape)), *x.shape)) if len(x.shape) < ndim else x


def vstack(xs: Any) -> Any:
    """Row under row."""
    return concatenate([_with_axes(x, 2) for x in xs], 0)


def hstack(xs: Any) -> Any:
    """Column beside column; of vectors, one after the other."""
    parts = [_with_axes(x, 1) for x in xs]
    return concatenate(parts, 0 if len(parts[0].shape) == 1 else 1)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 after x1; without an axis, both unrolled."""
    return concatenate([ravel(x1), ravel(x2)], 0) if axis is None else concatenate([x1, x2], axis)


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """So many parts of one length, or parts that end at these positions."""
    x = as_tensor(x)
    (at,) = axes_of("split", axis, len(x.shape))
    n, places = x.shape[at], np.asarray(indices_or_sections)
    if places.ndim == 0:
        parts = whole("split", places[()])
        if n % parts:
            raise ValueError(f"split: expected a number of parts that divides {n}, got {parts}; give the positions")
        places = np.arange(1, parts) * (n // parts)
    ends = [0, *places.tolist(), n]
    return [getitem(x, along(at, slice(a, b))) for a, b in zip(ends[:-1], ends[1:])]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """What lies side by side along an axis, one by one."""
    x = as_tensor(x)
    (at,) = axes_of("unstack", axis, len(x.shape))
    if num not in (None, x.shape[at]):
        raise ValueError(f"unstack: expected num={x.shape[at]}, as long as the axis is, got {num}; leave it out")
    return [squeeze(getitem(x, along(at, slice(i, i + 1))), at) for i in range(x.shape[at])]


# ---- repeated


@primitive(lambda g, y, x, repeats: _untile(g, x.shape, repeats))
def _tile(x: np.ndarray, repeats: tuple[int, ...]) -> np.ndarray:
    return np.tile(x, repeats)


def _untile(g: Any, shape: Any, repeats: tuple[int, ...]) -> Any:
    sides = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    times = (1,) * (len(shape) - len(repeats)) + tuple(repeats)
    parts = reshape(g, [n for pair in zip(times, sides) for n in pair])
    return reshape(sum(parts, tuple(range(0, 2 * len(sides), 2))), shape)


def tile(x: Any, repeats: int | Sequence[int]) -> Any:
    """So many times along each axis."""
    times = tuple(int(n) for n in np.ravel(np.asarray(repeats)))
    need_room("tile", times)
    return _tile(x, repeats=times)


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Each entry so many times; without an axis, of all of it, unrolled."""
    x = as_tensor(x)
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    times = np.asarray(repeats)
    need_room("repeat", (x.shape[axis] if times.size == 1 else 1, float(times.sum(dtype=np.float64))))
    return take(x, np.repeat(np.arange(x.shape[axis]), times), axis)


# ---- padded


@primitive(lambda g, y, x, width, value: getitem(g, tuple(slice(a, a + n) for (a, _), n in zip(width, x.shape))))
def _pad(x: np.ndarray, width: Any, value: Any) -> np.ndarray:
    return np.pad(x, width, constant_values=value) if x.ndim else x.copy()


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """With more numbers before and behind each axis: one value, or mirrored ("reflect" and "symmetric")."""
    x = as_tensor(x)
    if mode not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"pad: expected mode 'constant', 'reflect' or 'symmetric', got {brief(mode)}; take one")
    pairs = np.broadcast_to(np.asarray(pad_width), (len(x.shape), 2)).tolist()
    if mode == "constant":
        return _pad(x, width=tuple((a, b) for a, b in pairs), value=0 if constant_values is None else constant_values)
    if constant_values is not None:
        raise ValueError(f"pad: expected constant_values with mode='constant' alone, got mode={mode!r}; leave them out")
    for axis, pair in enumerate(pairs):
        if any(pair):
            x = take(x, np.pad(np.arange(x.shape[axis]), pair, mode=mode), axis)  # type: ignore[call-overload]
    return x


# ---- turned round


def flip(x: Any, axis: Axis = None) -> Any:
    """The other way round along axes, or along all."""
    x = as_tensor(x)
    axes = axes_of("flip", axis, len(x.shape))
    return getitem(x, tuple(slice(None, None, -1 if i in axes else None) for i in range(len(x.shape))))


@primitive(lambda g, y, x, shift, axis: _roll(g, shift=tuple(-n for n in shift), axis=axis))
def _roll(x: np.ndarray, shift: tuple[int, ...], axis: Any) -> np.ndarray:
    return np.roll(x, shift if axis is not None else int(np.sum(shift)), axis)


def roll(x: Any, shift: int | Sequence[int], axis: Axis = None) -> Any:
    """Shifted along axes; what falls off at the end comes in at the start."""
    axes = axis if axis is None or isinstance(axis, int) else tuple(axis)
    return _roll(x, shift=tuple(int(n) for n in np.ravel(np.asarray(shift))), axis=axes)


# ---- diagonals and triangles


@primitive(lambda g, y, x, k: _tril(g, k=k))
def _tril(x: np.ndarray, k: int) -> np.ndarray:
    return np.tril(x, k)


@primitive(lambda g, y, x, k: _triu(g, k=k))
def _triu(x: np.ndarray, k: int) -> np.ndarray:
    return np.triu(x, k)


def tril(x: Any, k: int = 0) -> Any:
    """The diagonal and what is below, zeros above."""
    return _tril(x, k=int(k))


def triu(x: Any, k: int = 0) -> Any:
    """The diagonal and what is above, zeros below."""
    return _triu(x, k=int(k))


def _places(rows: int, columns: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    i = np.arange(max(0, -k), max(max(0, -k), min(rows, columns - k)))
    return i, i + k


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of matrices, as the last axis."""
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    return getitem(x, (Ellipsis, *_places(x.shape[-2], x.shape[-1], int(offset))))


def diag(x: Any, k: int = 0) -> Any:
    """The matrix with this diagonal, or the diagonal of a matrix."""
    x = as_tensor(x)
    if len(x.shape) not in (1, 2):
        raise ValueError(f"diag: expected a vector or a matrix, got shape {tuple(x.shape)}; take diagonal for stacks")
    return diagonal(x, k) if len(x.shape) == 2 else matrix_of(x, k)


def matrix_of(x: Any, k: int = 0) -> Any:
    """Matrices with these diagonals."""
    x = as_tensor(x)
    n = x.shape[-1] + abs(k)
    return put(x, (*x.shape[:-1], n, n), (Ellipsis, *_places(n, n, k)))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """How much each is more than the one before, n times over."""
    a = as_tensor(a)
    (at,) = axes_of("diff", axis, len(a.shape))
    for _ in range(n):
        a = getitem(a, along(at, slice(1, None))) - getitem(a, along(at, slice(None, -1)))
    return a
