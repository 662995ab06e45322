"""How much an operation makes or does, told by the shapes and settings it is given, before it is done.

A file of a model may name any operation with any settings; reading it tries each on a few rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from operator import index
from typing import Any

import numpy as np

_STEPS = 64  # multiplications in a row take as long as one number that is written
_CALL = 1024  # numbers, too, as a call of the engine or of LAPACK


def extent(name: str, arrays: tuple[np.ndarray, ...], settings: dict[str, Any]) -> int:
    """The most numbers that the operation may have at one time, or the like of it in work."""
    most = sum(x.size for x in arrays)
    if len(arrays) > 1:
        with suppress(ValueError):  # not one of those that pair numbers, or an error of its own
            most = max(most, math.prod(np.broadcast_shapes(*[x.shape for x in arrays])))
    special = _EXTENTS.get(name)
    return max(most, special(*arrays, **settings)) if special else most


def _numbers(*sizes: Any) -> int:
    """Their product; of whole numbers alone, for a number times a word is that many words."""
    return math.prod(map(index, sizes))


def _matmul(a: np.ndarray, b: np.ndarray) -> int:
    stacked = math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    made: int = stacked * a.shape[-2] * b.shape[-1]
    return max(made, made * int(a.shape[-1]) // _STEPS, stacked * _CALL if b.ndim > 2 else 0)


def _dense(x: np.ndarray, kernel: np.ndarray, *bias: np.ndarray, bf16: Any) -> int:
    made: int = x.size // max(x.shape[-1], 1) * kernel.shape[-1]
    return max(made, made * int(x.shape[-1]) // _STEPS)


def _einsum(*operands: np.ndarray, words: Any, result: Any) -> int:
    sizes: dict[str, int] = {letter: n for word, x in zip(words, operands) for letter, n in zip(word, x.shape)}
    return max(math.prod(sizes.values()) // _STEPS, math.prod(sizes[letter] for letter in result))


def _solved(a: np.ndarray, b: Any = None) -> int:
    n: int = a.shape[-1]
    return a.size * n // _STEPS + a.size // max(n * n, 1) * _CALL


def _pad(x: np.ndarray, width: Any, value: Any) -> int:
    return _numbers(*(n + index(before) + index(after) for n, (before, after) in zip(x.shape, width)))


def _take(x: np.ndarray, indices: np.ndarray, axis: int) -> int:
    length: int = x.shape[axis]
    return x.size // max(length, 1) * indices.size


def _getitem(x: np.ndarray, key: Any) -> int:
    """For entries that are listed; a part that is cut out is no larger than the whole."""
    lists = [np.asarray(k) for k in (key if isinstance(key, tuple) else (key,)) if isinstance(k, (list, np.ndarray))]
    listed = math.prod(one.size for one in lists if one.dtype.kind != "b")
    return listed * x.size // max(min(x.shape, default=1), 1)


def _typed(x: np.ndarray, dtype: Any, value: Any = None) -> int:
    return 0 if dtype is None else x.size * np.dtype(dtype).itemsize // 8


_EXTENTS: dict[str, Callable[..., int]] = {
    "arranging.pad": _pad,
    "arranging.tile": lambda x, repeats: x.size * _numbers(*repeats),
    "contractions.einsum": _einsum,
    "kernels.dense": _dense,
    "linalg.det": _solved,
    "linalg.inv": _solved,
    "linalg.solve": _solved,
    "making.full_like": _typed,
    "normalising.dropout": lambda x, rate, noise_shape, seed: _numbers(*(n or 1 for n in noise_shape or ())),
    "picking.add_along": lambda x, indices, n, axis: _numbers(x.size // max(x.shape[axis], 1), n),
    "picking.add_entries": lambda x, indices, n, axis: _numbers(x.size, n),
    "picking.gather_nd": lambda x, indices: indices.size * x.size // max(x.shape[0], 1),
    "picking.one_hot": lambda x, n, axis, dtype, on, off: _numbers(max(x.size, 1), n),
    "picking.scatter": lambda x, indices, shape: _numbers(*shape),
    "picking.take": _take,
    "primitive.cast": _typed,
    "products.matmul": _matmul,
    "shapes.broadcast_to": lambda x, shape: _numbers(*shape),
    "shapes.getitem": _getitem,
    "shapes.put": lambda x, shape, key: _numbers(*shape),
}
