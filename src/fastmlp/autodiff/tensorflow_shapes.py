"""The same for operations that move numbers, pick some out, or make tensors of little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmlp._validate import brief, need_room
from fastmlp.autodiff import arranging, asking, control, extremes, making, picking, reductions, shapes
from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, where
from fastmlp.autodiff.asking import cast
from fastmlp.autodiff.comparisons import equal, greater
from fastmlp.autodiff.making import dtype_named, ones_like
from fastmlp.autodiff.primitive import as_tensor, as_tensors
from fastmlp.autodiff.tensor import Tensor

# ---- shapes


def ensure_shape(x: Any, shape: Any) -> Any:
    """x, if it has this shape; None is any length."""
    x = as_tensor(x)
    if len(x.shape) != len(shape) or any(n not in (None, m) for n, m in zip(shape, x.shape)):
        raise ValueError(f"ensure_shape: expected {tuple(shape)}, got {tuple(x.shape)}; reshape it")
    return x


def shape(x: Any, out_type: Any) -> Any:
    """The shape, as a tensor; as it is where the length of an axis is to come."""
    if None in as_tensor(x).shape:
        return as_tensor(x).shape
    return Tensor(np.asarray(as_tensor(x).shape, dtype_named(out_type)))


def size(x: Any, out_type: Any) -> Tensor:
    """How many numbers, as a tensor."""
    return Tensor(np.asarray(as_tensor(x).size, dtype_named(out_type)))


def rank(x: Any) -> Tensor:
    """How many axes, as a tensor."""
    return Tensor(np.asarray(len(as_tensor(x).shape), np.int32))


def split(value: Any, num_or_size_splits: Any, axis: int, num: Any) -> list[Any]:
    """So many parts of one length, or parts of these lengths, one of which may be -1: all that is left."""
    if np.ndim(num_or_size_splits) == 0:
        return arranging.split(value, num_or_size_splits, axis)
    lengths = [int(n) for n in num_or_size_splits]
    n = as_tensor(value).shape[axis]
    lengths = [n - sum(m for m in lengths if m >= 0) if m < 0 else m for m in lengths]
    if sum(lengths) != n:
        raise ValueError(f"split: expected lengths that add up to {n}, got {brief(num_or_size_splits)}; change them")
    return arranging.split(value, np.cumsum(lengths)[:-1].tolist(), axis)


def pad(x: Any, paddings: Any, mode: str, constant_values: Any) -> Any:
    """More numbers before and behind each axis."""
    plain = mode.lower() == "constant"
    return arranging.pad(x, np.asarray(paddings), mode.lower(), constant_values if plain else None)


def where_true(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, y elsewhere; of a condition alone the coordinates, one a row."""
    if x is None and y is None:
        return Tensor(np.argwhere(np.asarray(as_tensor(condition))))
    return where(condition, x, y)


def gather(params: Any, indices: Any, validate_indices: Any, axis: Any, batch_dims: int) -> Any:
    """The entries at these positions; with `batch_dims`, those of each row in its own row."""
    axis = batch_dims if axis is None else axis
    if not batch_dims:
        return picking.take(params, indices, axis)
    x, places = as_tensor(params), as_tensor(indices)
    if axis != batch_dims:
        raise ValueError(f"gather: expected axis={batch_dims}, as batch_dims, got {axis}; transpose first")
    outer, n = x.shape[:axis], x.shape[axis]
    starts = np.arange(int(np.prod(outer))).reshape(*outer, *(1,) * (len(places.shape) - axis)) * n
    rows = shapes.reshape(x, (-1, *x.shape[axis + 1 :]))
    return picking.take(rows, add(places, starts.astype(places.dtype)), 0)


def boolean_mask(x: Any, mask: Any, axis: Any) -> Any:
    """The entries whose place in the mask is true."""
    return picking.boolean_mask(x, mask, 0 if axis is None else axis)


def scatter_add(x: Any, indices: Any, updates: Any) -> Any:
    """A copy, with more added at these coordinates."""
    x, values = as_tensors(x, updates)
    return add(x, picking.scatter(indices, values, x.shape))


def scatter_sub(x: Any, indices: Any, updates: Any) -> Any:
    """A copy, with something taken away at these coordinates."""
    return scatter_add(x, indices, negative(updates))


def _rising(direction: str) -> bool:
    if str(direction).upper() not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"sort: expected direction 'ASCENDING' or 'DESCENDING', got {brief(direction)}; take one")
    return str(direction).upper() == "ASCENDING"


def sort(x: Any, axis: int, direction: str) -> Any:
    """In order."""
    return picking.take_along_axis(x, argsort(x, axis, direction), axis)


def argsort(x: Any, axis: int, direction: str, stable: bool = True) -> Any:
    """The positions in order; equal ones stay in theirs."""
    if _rising(direction):
        return picking.argsort(x, axis)
    x = as_tensor(x)
    backwards = arranging.flip(picking.argsort(arranging.flip(x, axis), axis), axis)
    return x.shape[axis] - 1 - backwards


class Unique(NamedTuple):
    """Values, each once, and where each number stands among them."""

    y: Any
    idx: Any


def unique(x: Any, out_idx: Any) -> Unique:
    """Each value once, in the order in which they come."""
    values, first, place = np.unique(as_tensor(x).numpy(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Unique(Tensor(values[order]), Tensor(np.argsort(order)[place.reshape(-1)].astype(dtype_named(out_idx))))


# ---- made of little


def convert_to_tensor(value: Any, dtype: Any, dtype_hint: Any) -> Any:
    """A tensor of anything that has numbers."""
    return asking.convert_to_tensor(value, dtype)


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor or a variable."""
    return asking.is_tensor(x) or hasattr(x, "__tensor__")


def meshgrid(*args: Any, indexing: str = "xy", name: Any = None) -> list[Tensor]:
    """The coordinates of all points of a grid, an array an axis."""
    return making.meshgrid(*args, indexing=indexing)


def eye(rows: int, columns: Any, batch_shape: Any, dtype: Any) -> Any:
    """Ones on the diagonal, as a stack of matrices if there is a batch_shape."""
    found = making.eye(rows, columns, dtype=dtype)
    return found if batch_shape is None else shapes.broadcast_to(found, (*making.sizes(batch_shape), *found.shape))


def linspace(start: Any, stop: Any, num: int, axis: int) -> Any:
    """num numbers from start to stop."""
    return making.linspace(start, stop, num, axis=axis)


def one_hot(indices: Any, depth: int, on_value: Any, off_value: Any, axis: Any, dtype: Any) -> Any:
    """One value at the number of the class, another elsewhere."""
    on, off = (default if v is None else as_tensor(v).numpy() for v, default in ((on_value, 1), (off_value, 0)))
    if dtype is None and on_value is not None:
        dtype = as_tensor(on_value).dtype
    return picking.one_hot_of(indices, depth, on, off, -1 if axis is None else axis, dtype)


def sequence_mask(lengths: Any, maxlen: Any, dtype: Any) -> Any:
    """Rows that are true up to a length each."""
    n = as_tensor(lengths)
    most = int(extremes.max(n)) if maxlen is None else int(maxlen)
    need_room("sequence_mask", (*n.shape, most))
    return cast(greater(shapes.expand_dims(n, -1), np.arange(most).astype(n.dtype)), dtype)


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any, weights: Any, dtype: Any) -> Any:
    """How often a class (the row) was taken for another (the column)."""
    pairs = np.stack([np.asarray(as_tensor(v)).astype(np.int64) for v in (labels, predictions)], -1)
    n = int(pairs.max(initial=-1)) + 1 if num_classes is None else int(num_classes)
    counts = np.ones(len(pairs)) if weights is None else np.asarray(as_tensor(weights))
    return picking.scatter(pairs, counts.astype(dtype_named(dtype)), (n, n))


def bincount(x: Any, weights: Any, minlength: Any, maxlength: Any, dtype: Any) -> Any:
    """How often each whole number from 0 up occurs; those from maxlength up are not counted."""
    w = None if weights is None else np.asarray(as_tensor(weights))
    found = np.bincount(as_tensor(x).numpy().reshape(-1), None if w is None else w.reshape(-1), minlength or 0)
    return Tensor(found[:maxlength].astype(dtype_named(dtype) if w is None else w.dtype))


def segment_sum(data: Any, segment_ids: Any, num_segments: Any = None) -> Any:
    """The sums of entries with the same number."""
    ids = as_tensor(segment_ids)
    n = int(extremes.max(ids)) + 1 if num_segments is None else int(num_segments)
    return picking.scatter(shapes.expand_dims(ids, -1), data, (n, *as_tensor(data).shape[1:]))


def segment_mean(data: Any, segment_ids: Any, num_segments: Any = None) -> Any:
    """The means of entries with the same number; 0 where there are none."""
    x = as_tensor(data)
    counts = segment_sum(ones_like(x), segment_ids, num_segments)
    return divide(segment_sum(x, segment_ids, num_segments), extremes.maximum(counts, 1))


def polyval(coefficients: Sequence[Any], x: Any) -> Any:
    """The polynomial with these coefficients, that of the highest power first."""
    found = as_tensor(coefficients[0])
    for c in coefficients[1:]:
        found = add(multiply(found, x), c)
    return found


def zero_fraction(x: Any) -> Any:
    """The share of zeros."""
    return reductions.mean(cast(equal(x, 0), np.float32))


def while_loop(cond: Any, body: Any, loop_vars: Any, *rest: Any) -> Any:
    """body over and over, as long as cond holds; the last argument says how often at most."""
    return control.while_loop(cond, body, loop_vars, rest[-1])


def map_fn(fn: Callable[[Any], Any], elems: Any, *_: Any) -> Any:
    """fn of each entry along the first axis; of several tensors, of their entries together."""
    if not isinstance(elems, (list, tuple)):
        return control.map(fn, elems)
    return shapes.stack([fn(type(elems)(parts)) for parts in zip(*[as_tensor(e) for e in elems])])
