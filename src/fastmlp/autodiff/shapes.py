"""Operations that move numbers and add them up, each the gradient of another: reshape, sum and broadcast, and so on."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief, whole
from fastmlp.autodiff.primitive import Record, as_tensor, as_tensors, primitive, primitive_of_many
from fastmlp.autodiff.tensor import Tensor

__all__ = ["broadcast_to", "concatenate", "expand_dims", "getitem", "reshape", "squeeze", "stack", "sum", "transpose"]

Axis = int | Sequence[int] | None


def axes_of(where: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as numbers from 0; None is all of them."""
    if axis is None:
        return tuple(range(ndim))
    given = tuple(whole(f"{where}: axis", a.item(), -64) for a in np.ravel(np.asarray(axis)))
    if any(not -ndim <= a < ndim for a in given) or len({a % ndim for a in given}) != len(given):
        raise ValueError(f"{where}: expected different axes of an array of {ndim}, got axis={brief(axis)}; change it")
    return tuple(a % ndim for a in given)


# ---- reshape, transpose


@primitive(lambda g, y, x, shape: _reshape(g, shape=x.shape))
def _reshape(x: np.ndarray, shape: Any) -> np.ndarray:
    return x.reshape(shape)


def reshape(x: Any, newshape: Any) -> Any:
    """The same numbers in another shape, one of whose axes may be -1, and one None: that whose length is to come."""
    x = as_tensor(x)
    several = isinstance(newshape, (list, tuple))
    shape = _with_batch(x, newshape) if several and None in newshape else newshape
    shape = tuple(whole("reshape", np.asarray(n).item(), -1) for n in np.ravel(np.asarray(shape)))
    size, known = math.prod(n or 0 for n in x.shape), math.prod(n for n in shape if n != -1)
    if not hasattr(x, "__symbolic__") and not (
        size == known if shape.count(-1) == 0 else shape.count(-1) == 1 and known and size % known == 0
    ):
        raise ValueError(f"reshape: expected a shape of {size} elements, got {shape} for {tuple(x.shape)}; change it")
    return _reshape(x, shape=shape)


def _with_batch(x: Any, shape: Sequence[Any]) -> list[int]:
    """A shape with the axis that is to come as its -1, and what was -1 worked out from the others."""
    known = math.prod(n for n in x.shape if n is not None) // math.prod(int(n) for n in shape if n not in (None, -1))
    return [-1 if n is None else known if n == -1 else int(n) for n in shape]


@primitive(lambda g, y, x, axes: _transpose(g, axes=tuple(int(a) for a in np.argsort(axes))))
def _transpose(x: np.ndarray, axes: Any) -> np.ndarray:
    return x.transpose(axes)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order, backwards unless given."""
    x = as_tensor(x)
    axes = tuple(reversed(range(len(x.shape)))) if axes is None else axes_of("transpose", axes, len(x.shape))
    if len(axes) != len(x.shape):
        raise ValueError(f"transpose: expected {len(x.shape)} axes, got {axes}; name each once")
    return _transpose(x, axes=axes)


def axis_last(x: Any, axis: int) -> Any:
    """One axis moved behind all others."""
    n = len(x.shape)
    if axis in (-1, n - 1):
        return x
    (at,) = axes_of("axis", axis, n)
    return transpose(x, [*(i for i in range(n) if i != at), at])


# ---- axes of length 1


@primitive(lambda g, y, x, axis: _reshape(g, shape=x.shape))
def _expand_dims(x: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    return np.expand_dims(x, axis)


@primitive(lambda g, y, x, axis: _reshape(g, shape=x.shape))
def _squeeze(x: np.ndarray, axis: tuple[int, ...] | None) -> np.ndarray:
    return np.squeeze(x, axis)


def expand_dims(x: Any, axis: Axis) -> Any:
    """New axes of length 1, there when it is done."""
    x = as_tensor(x)
    new = len(np.ravel(np.asarray(axis)))
    return _expand_dims(x, axis=axes_of("expand_dims", axis, len(x.shape) + new))


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without its axes of length 1, or without those named."""
    x = as_tensor(x)
    axes = None if axis is None or axis == [] else axes_of("squeeze", axis, len(x.shape))
    if axes and any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"squeeze: expected axes of length 1, got axis={axis} of shape {tuple(x.shape)}; change axis")
    return _squeeze(x, axis=axes)


# ---- sum and broadcast


@primitive(lambda g, y, x, axis, keepdims: spread(g, x.shape, axis, keepdims))
def _sum(x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    return x.sum(axis=axis, keepdims=keepdims, dtype=x.dtype if x.dtype.kind != "b" else np.int32)


@primitive(lambda g, y, x, shape: unbroadcast(g, x.shape))
def _broadcast_to(x: np.ndarray, shape: Any) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(x, shape))


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras's name
    """Σ over axes, all of them unless given."""
    x = as_tensor(x)
    return _sum(x, axis=axes_of("sum", axis, len(x.shape)), keepdims=bool(keepdims))


def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeated along new axes, and those of length 1."""
    return _broadcast_to(x, shape=tuple(int(n) for n in shape))


def spread(g: Tensor, shape: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The gradient of a sum, given to all that was added."""
    return broadcast_to(g if keepdims else expand(g, shape, axis), shape)


def expand(g: Any, shape: Any, axis: tuple[int, ...]) -> Any:
    """Axes that a reduction took away, back with length 1."""
    return _reshape(g, shape=tuple(1 if i in axis else n for i, n in enumerate(shape)))


def unbroadcast(g: Any, shape: Any) -> Any:
    """The gradient of what broadcasting repeated: the sum over its copies."""
    if tuple(g.shape) == tuple(shape):
        return g
    extra = len(g.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 != g.shape[i + extra])
    return _reshape(_sum(g, axis=axes, keepdims=False), shape=tuple(shape))


# ---- many in one


@primitive_of_many(lambda wanted, g, record: _parts(wanted, g, record))
def _concatenate(*parts: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate(parts, axis)


def _parts(wanted: Sequence[bool], g: Tensor, record: Record) -> list[Any]:
    axis, at, found = record.settings["axis"], 0, []
    for want, part in zip(wanted, record.inputs):
        n = part.shape[axis]
        found.append(getitem(g, (slice(None),) * axis + (slice(at, at + n),)) if want else None)
        at += n
    return found


def _several(where: str, given: Any) -> list[Any]:
    found = list(given) if isinstance(given, Iterable) else []
    if not found:
        raise TypeError(f"{where}: expected a list of one tensor or more, got {brief(given)}; put it into one")
    return found


def concatenate(xs: Any, axis: int = 0) -> Any:
    """Tensors one after the other along an axis."""
    parts = as_tensors(*_several("concatenate", xs))
    (at,) = axes_of("concatenate", axis, len(parts[0].shape))
    return _concatenate(*parts, axis=at)


def stack(x: Any, axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis."""
    parts = as_tensors(*_several("stack", x))
    ndim = len(parts[0].shape)
    (at,) = axes_of("stack", axis, ndim + 1)
    shapes = {tuple(p.shape) for p in parts}
    if len(shapes) > 1:
        raise ValueError(f"stack: expected tensors of one shape, got {sorted(shapes)}; reshape them")
    return _concatenate(*[expand_dims(p, at) for p in parts], axis=at)


# ---- a part of it


@primitive(lambda g, y, x, key: _put(g, shape=tuple(x.shape), key=key))
def _getitem(x: np.ndarray, key: Any) -> np.ndarray:
    return np.array(x[key])


@primitive(lambda g, y, x, shape, key: _getitem(g, key=key))
def _put(x: np.ndarray, shape: Any, key: Any) -> np.ndarray:
    """Zeros with x added at `key`, where an element may stand several times."""
    found = np.zeros(shape, x.dtype)
    if _is_basic(key):
        found[key] = x
    else:
        np.add.at(found, key, x)
    return found


def put(x: Any, shape: Any, key: Any) -> Any:
    """Zeros of a shape, with x added at `key`."""
    return _put(x, shape=tuple(shape), key=_plain_key(key))


def _is_basic(key: Any) -> bool:
    """Whether a key names no element twice."""
    keys = key if isinstance(key, tuple) else (key,)
    return all(k is None or k is Ellipsis or isinstance(k, (slice, int, np.integer)) for k in keys)


def getitem(x: Any, key: Any) -> Any:
    """``x[key]``, with slices, numbers, masks and arrays of positions as in NumPy."""
    return _getitem(x, key=_plain_key(key))


def _plain_key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_plain_key(k) for k in key)
    if isinstance(key, slice):
        return slice(*(None if k is None else int(k) for k in (key.start, key.stop, key.step)))
    return np.asarray(key) if hasattr(key, "__array__") or isinstance(key, list) else key
