"""``x[key]`` as ONNX nodes: slices, numbers, new axes and arrays of positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmlp.exporting.both import Rows, Shape
from fastmlp.exporting.onnx_graph import Edge, Graph
from fastmlp.exporting.recording import Operation

_END = 2**63 - 1  # behind everything


def getitem(g: Graph, one: Operation, x: Edge) -> Edge:
    """Slices first, then arrays of positions, then the axes of numbers go and new ones come."""
    keys, shape = _keys(one.settings["key"], len(one.inputs[0].shape)), one.inputs[0].shape
    old = [key for key in keys if key is not None]
    for axis, key in enumerate(old):
        if isinstance(key, slice) and key != slice(None):
            x = _sliced(g, x, axis, key, shape[axis])
    arrays = [axis for axis, key in enumerate(old) if isinstance(key, np.ndarray)]
    if arrays:
        x = _picked(g, x, keys, arrays, shape)
        new = _new_axes(keys, max(old[axis].ndim for axis in arrays))
    else:
        gone = [axis for axis, key in enumerate(old) if not isinstance(key, slice)]
        for axis in gone[::-1]:
            x = g.node("Gather", x, g.constant(np.array(int(old[axis]), np.int64)), axis=axis)
        new = _new_axes(keys, 0)
    return g.node("Unsqueeze", x, g.axes(new)) if new else x


def _keys(key: Any, ndim: int) -> list[Any]:
    """A key for each axis, None for each new one; masks as the positions where they hold."""
    keys: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, Rows):
            raise ValueError("takes a row by how many there are; take the last one by -1")
        array = isinstance(part, (np.ndarray, np.bool_, bool))
        keys += list(np.nonzero(part)) if array and np.asarray(part).dtype == bool else [part]
    used = sum(part is not None and part is not Ellipsis for part in keys)
    rest = [slice(None)] * (ndim - used)
    places = [i for i, part in enumerate(keys) if part is Ellipsis]
    keys = [*keys[: places[0]], *rest, *keys[places[0] + 1 :]] if places else [*keys, *rest]
    if any(isinstance(part, np.ndarray) for part in keys):  # beside which numbers are arrays, too
        keys = [np.asarray(part) if isinstance(part, (int, np.integer)) else part for part in keys]
    return keys


def _sliced(g: Graph, x: Edge, axis: int, key: slice, length: int | Rows) -> Edge:
    step = 1 if key.step is None else key.step
    start = key.start if key.start is not None else 0 if step > 0 else _END
    stop = key.stop if key.stop is not None else _END if step > 0 else -_END
    return x if (start, step) == (0, 1) and stop in (length, _END) else g.slice(x, axis, start, stop, step)


def _picked(g: Graph, x: Edge, keys: list[Any], arrays: list[int], shape: Shape) -> Edge:
    """Entries at positions along neighbouring axes, which are taken as one."""
    first, last = arrays[0], arrays[-1]
    among = keys[_place(keys, first) : _place(keys, last) + 1]
    if len(among) != len(arrays):
        raise ValueError("takes arrays of positions along axes that are no neighbours; take one after the other")
    sizes = shape[first : last + 1]
    if len(arrays) == 1:
        return g.node("Gather", x, g.constant(among[0].astype(np.int64)), axis=first)
    if any(isinstance(n, Rows) for n in sizes):
        raise ValueError("takes arrays of positions along the rows and another axis; take one after the other")
    lengths = [int(n) for n in sizes if isinstance(n, int)]
    places = np.broadcast_arrays(*(key % n for key, n in zip(among, lengths)))
    flat = g.node("Reshape", x, g.axes([0] * first + [math.prod(lengths), *_rest(shape[last + 1 :])]))
    return g.node("Gather", flat, g.constant(np.ravel_multi_index(places, lengths)), axis=first)


def _rest(shape: Shape) -> list[int]:
    if any(isinstance(n, Rows) for n in shape):
        raise ValueError("takes arrays of positions along axes before that of the rows; transpose it")
    return [n for n in shape if isinstance(n, int)]


def _place(keys: list[Any], axis: int) -> int:
    """Where the key of an axis stands."""
    return [i for i, key in enumerate(keys) if key is not None][axis]


def _new_axes(keys: list[Any], of_arrays: int) -> list[int]:
    """Where new axes come to stand; arrays of positions leave so many of theirs, at the first of them."""
    found, at, met = [], 0, False
    for key in keys:
        if key is None:
            found.append(at)
            at += 1
        elif isinstance(key, slice):
            at += 1
        elif isinstance(key, np.ndarray) and not met:
            at, met = at + of_arrays, True
    return found
