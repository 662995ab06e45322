"""Entries picked by their positions, and put there: positions are operands and have no gradient."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from fastmlp._validate import brief, need_room
from fastmlp.autodiff.making import dtype_named, sizes
from fastmlp.autodiff.primitive import as_tensor, as_tensors, primitive
from fastmlp.autodiff.shapes import axes_of, getitem, reshape

# fmt: off
__all__ = [
    "argsort", "one_hot", "scatter", "scatter_update", "searchsorted", "slice", "slice_update", "sort", "take",
    "take_along_axis", "top_k",
]
# fmt: on

# ---- entries along an axis


@primitive(lambda g, y, x, indices, axis: _add_entries(g, indices, n=x.shape[axis], axis=axis), None, mixed=True)
def _take(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take(x, indices, axis)


@primitive(lambda g, y, x, indices, n, axis: _take(g, indices, axis=axis), None, mixed=True)
def _add_entries(x: np.ndarray, indices: np.ndarray, n: int, axis: int) -> np.ndarray:
    """Zeros with entries of x added to those that the indices name."""
    found = np.zeros((n, *x.shape[:axis], *x.shape[axis + indices.ndim :]), x.dtype)
    first = tuple(range(axis, axis + indices.ndim))
    np.add.at(found, indices, np.moveaxis(x, first, range(indices.ndim)))
    return np.moveaxis(found, 0, axis)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at these positions; without an axis, of all of it, unrolled."""
    x = as_tensor(x) if axis is not None else reshape(x, -1)
    return _take(x, indices, axis=axes_of("take", axis or 0, len(x.shape))[0])


@primitive(lambda g, y, x, indices, axis: _add_along(g, indices, n=x.shape[axis], axis=axis), None, mixed=True)
def _take_along_axis(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take_along_axis(x, indices, axis)


@primitive(lambda g, y, x, indices, n, axis: _take_along_axis(g, indices, axis=axis), None, mixed=True)
def _add_along(x: np.ndarray, indices: np.ndarray, n: int, axis: int) -> np.ndarray:
    """Zeros with numbers of x added where the indices say, each within its row."""
    found = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    places: list[np.ndarray] = list(np.indices(x.shape, sparse=True))
    places[axis] = np.broadcast_to(indices, x.shape)
    np.add.at(found, tuple(places), x)
    return found


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entry at its position in each row along an axis; without an axis, of all of it, unrolled."""
    x = as_tensor(x) if axis is not None else reshape(x, -1)
    return _take_along_axis(x, indices, axis=axes_of("take_along_axis", axis or 0, len(x.shape))[0])


# ---- entries by all their coordinates, the last axis of the indices


@primitive(lambda g, y, x, indices: _scatter(g, indices, shape=tuple(x.shape)), None, mixed=True)
def gather_nd(x: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The entries with these coordinates, which are the last axis of the indices."""
    return np.array(x[tuple(np.moveaxis(indices, -1, 0))])


@primitive(lambda g, y, x, indices, shape: gather_nd(g, indices), None, mixed=True)
def _scatter(x: np.ndarray, indices: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    found = np.zeros(shape, x.dtype)
    np.add.at(found, tuple(np.moveaxis(indices, -1, 0)), x)
    return found


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros of a shape, with values added at these coordinates."""
    return _scatter(values, indices, shape=sizes(shape))


@primitive(
    lambda g, y, x, indices, values: _replace(g, indices, np.zeros(values.shape, g.dtype)),
    None,
    lambda g, y, x, indices, values: gather_nd(g, indices),
    mixed=True,
)
def _replace(x: np.ndarray, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
    found = x.copy()
    found[tuple(np.moveaxis(indices, -1, 0))] = values
    return found


def scatter_update(inputs: Any, indices: Any, updates: Any) -> Any:
    """A copy, with other numbers at these coordinates."""
    x, values = as_tensors(inputs, updates)
    return _replace(x, indices, values)


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:  # noqa: A001 - Keras's name
    """The block that starts there and has this shape; -1 is all that is left."""
    starts, lengths = sizes(start_indices), sizes(shape, -1)
    ends = [None if n == -1 else a + n for a, n in zip(starts, lengths)]
    return getitem(inputs, tuple(builtins.slice(a, b) for a, b in zip(starts, ends)))


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A copy, with other numbers in the block that starts there."""
    x, values = as_tensors(inputs, updates)
    blocks = [np.arange(a, a + n) for a, n in zip(sizes(start_indices), values.shape)]
    return _replace(x, np.stack(np.meshgrid(*blocks, indexing="ij"), -1), values)


def boolean_mask(x: Any, mask: Any, axis: int = 0) -> Any:
    """The entries whose place in the mask, which begins at `axis`, is true."""
    x, chosen = as_tensor(x), np.asarray(as_tensor(mask))
    met = tuple(x.shape)[axis : axis + chosen.ndim]
    if not chosen.ndim or met != chosen.shape:
        raise ValueError(f"boolean_mask: expected a mask of shape {met or tuple(x.shape)[axis:]}, got {brief(chosen)}; "
                         "make it of the array itself")  # fmt: skip
    places = np.nonzero(chosen)
    return getitem(x, (builtins.slice(None),) * axis + tuple(places))


# ---- classes


@primitive(None)
def _one_hot(x: np.ndarray, n: int, axis: int, dtype: Any, on: float, off: float) -> np.ndarray:
    need_room("one_hot", (*x.shape, n))
    found = np.where(x[..., None] == np.arange(n), np.asarray(on, dtype), np.asarray(off, dtype))
    return np.moveaxis(found, -1, axis)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A row of zeros for each class, with a 1 at the number of the class; of zeros alone if there is no such class."""
    if sparse:
        raise ValueError("one_hot: expected sparse=False, got True; there are no sparse tensors in fastmlp")
    return one_hot_of(x, num_classes, 1, 0, axis, dtype)


def one_hot_of(x: Any, num_classes: Any, on: float, off: float, axis: int, dtype: Any) -> Any:
    """One value at the number of the class, another elsewhere."""
    return _one_hot(x, n=int(num_classes), axis=int(axis), dtype=dtype_named(dtype), on=on, off=off)


# ---- order


@primitive(None)
def _argsort(x: np.ndarray, axis: int) -> np.ndarray:
    return np.argsort(x, axis, kind="stable").astype(np.int32)


def argsort(x: Any, axis: int | None = -1) -> Any:
    """The positions in rising order; equal ones stay in theirs."""
    x = as_tensor(x) if axis is not None else reshape(x, -1)
    return _argsort(x, axis=-1 if axis is None else int(axis))


def sort(x: Any, axis: int | None = -1) -> Any:
    """In rising order."""
    x = as_tensor(x) if axis is not None else reshape(x, -1)
    axis = -1 if axis is None else axis
    return take_along_axis(x, argsort(x, axis), axis)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:  # noqa: A002 - Keras's name
    """The k largest of each row, falling, and their positions; of equal ones the first comes first."""
    x = as_tensor(x)
    order = _largest(x, k=int(k))
    return take_along_axis(x, order, -1), order


@primitive(None)
def _largest(x: np.ndarray, k: int) -> np.ndarray:
    backwards = np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1][..., :k]
    return (x.shape[-1] - 1 - backwards).astype(np.int32)


@primitive(None, None, mixed=True)
def _searchsorted(x1: np.ndarray, x2: np.ndarray, side: Any) -> np.ndarray:
    return np.asarray(np.searchsorted(x1, x2, side)).astype(np.int32)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would stand in a row that rises."""
    return _searchsorted(sorted_sequence, values, side="right" if side == "right" else "left")
