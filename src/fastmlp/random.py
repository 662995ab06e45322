"""Random numbers: seeds, and arrays drawn with them.

A draw is a pure function of its seed: the same numbers on every machine and for any number of threads. Where no seed is
given, one is taken from a sequence that `set_random_seed` starts.
"""

from __future__ import annotations

import os
import random as python_random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastmlp import _core
from fastmlp._arrays import real_array, real_type
from fastmlp._locks import forkable_lock
from fastmlp._objects import Configurable
from fastmlp._validate import brief, number, whole

# Who draws: streams of one seed are independent. Layers of a network take those from 0 up.
_SEEDS, _FILL, _INTEGERS, _SHUFFLE, _DROPOUT = range(0xF0000000, 0xF0000005)

_counting = forkable_lock()


class SeedGenerator(Configurable):
    """A sequence of 64-bit seeds, each handed out once.

    Parameters
    ----------
    seed
        Where it starts: any int; None takes a new one from the operating system.
    name
        What it is called.

    Examples
    --------
    >>> a, b = SeedGenerator(1), SeedGenerator(1)
    >>> a.next() == b.next()
    True
    >>> a.next() == a.next()
    False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed, self.name = seed if seed is None else _integer("SeedGenerator", seed), name
        self._start = int.from_bytes(os.urandom(8), "little") if self.seed is None else self.seed
        self._count = 0

    def next(self) -> int:
        """The next seed."""
        with _counting:
            while True:
                count = self._count
                words = _core.random_words(2, 1, (self._start % 2**64, _SEEDS, count, 0, 0))
                if count == self._count:  # else a signal's handler has had this one meanwhile
                    break
            self._count = count + 1
        return int(words[0, 0]) | int(words[1, 0]) << 32


Seed: TypeAlias = "int | SeedGenerator | None"

_everyone = SeedGenerator()
_here: ContextVar[SeedGenerator | None] = ContextVar("_here", default=None)


def set_random_seed(seed: int) -> None:
    """Start all random numbers anew: ours, those of NumPy and those of Python.

    What is drawn afterwards without a seed of its own (weights, masks, shuffles) is the same on each run.

    Examples
    --------
    >>> set_random_seed(0)
    >>> first = next_seed()
    >>> set_random_seed(0)
    >>> next_seed() == first
    True
    """
    global _everyone
    seed = whole("set_random_seed", seed, 0)
    python_random.seed(seed)
    np.random.seed(seed % 2**32)  # the most NumPy takes
    _everyone = SeedGenerator(seed)


def next_seed() -> int:
    """A new 64-bit seed, the next of those that `set_random_seed` determines."""
    return (_here.get() or _everyone).next()


@contextmanager
def seeds_from(generator: SeedGenerator) -> Iterator[None]:
    """Within, and on this thread only, new seeds are those of a generator; nobody else's become others by it.

    >>> with seeds_from(SeedGenerator(1)):
    ...     next_seed() == SeedGenerator(1).next()
    True
    """
    token = _here.set(generator)
    try:
        yield
    finally:
        _here.reset(token)


def draw_seed(seed: Seed) -> int:
    """The number to draw with: an int stays itself, a `SeedGenerator` gives its next, None takes `next_seed`."""
    if seed is None:
        return next_seed()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return _integer("seed", seed) % 2**64


def _integer(where: str, seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"{where}: expected an int, a SeedGenerator or None as a seed, got {brief(seed)}; give an int")
    return int(seed)


def sizes(where: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    """A shape as a tuple; one number is that of a single axis."""
    given: Any = shape if isinstance(shape, Sequence) or np.ndim(shape) else (shape,)
    return tuple(whole(f"{where}: shape", n, 0) for n in given)


def _fill(
    kernel: str, shape: int | Sequence[int], params: tuple[float, float], dtype: DTypeLike | None, seed: Seed
) -> np.ndarray:
    """An array of numbers of one distribution; its last axis is the row of a draw."""
    lengths = sizes(kernel, shape)
    values = np.empty(lengths, real_type(kernel, dtype))
    rows = values.reshape(-1, lengths[-1]) if values.size and lengths else values.reshape(1, values.size)
    return _core.fill(kernel, rows, params, (draw_seed(seed), _FILL, 0, 0, 0)).reshape(lengths)


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> np.ndarray:
    """Normal numbers.

    Examples
    --------
    >>> normal((2, 3), seed=1).shape
    (2, 3)
    >>> bool((normal(4, seed=1) == normal(4, seed=1)).all())
    True
    """
    return _fill("normal", shape, (number("normal: mean", mean), number("normal: stddev", stddev, 0)), dtype, seed)


def truncated_normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> np.ndarray:
    """Normal numbers, those beyond two standard deviations drawn again."""
    where = "truncated_normal"
    params = number(f"{where}: mean", mean), number(f"{where}: stddev", stddev, 0)
    return _fill(where, shape, params, dtype, seed)


def uniform(
    shape: int | Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> np.ndarray:
    """Numbers of [minval, maxval), none more likely than another."""
    low = number("uniform: minval", minval)
    return _fill("uniform", shape, (low, number("uniform: maxval", maxval, low)), dtype, seed)


def randint(
    shape: int | Sequence[int], minval: int, maxval: int, dtype: DTypeLike = "int32", seed: Seed = None
) -> np.ndarray:
    """Whole numbers of [minval, maxval), none more likely than another.

    Examples
    --------
    >>> sorted(set(randint(100, 1, 4, seed=0).tolist()))
    [1, 2, 3]
    """
    lengths = sizes("randint", shape)
    if np.dtype(dtype).kind not in "iu":
        raise TypeError(f"randint: expected a type of whole numbers, got {brief(dtype)}; 'int32', for one")
    low, high = _integer("randint: minval", minval), _integer("randint: maxval", maxval)
    if high <= low:
        raise ValueError(f"randint: expected maxval above minval={low}, got {high}; raise it")
    if high - low >= 1 << 63:
        raise ValueError(f"randint: expected maxval - minval below 2**63, got {high - low}; draw from fewer numbers")
    drawn = _core.random_integers(
        int(np.prod(lengths, dtype=np.int64)), high - low, (draw_seed(seed), _INTEGERS, 0, 0, 0)
    )
    return (drawn + low).astype(dtype).reshape(lengths)


def shuffle(x: ArrayLike, axis: int = 0, seed: Seed = None) -> np.ndarray:
    """A copy of `x`, its entries along `axis` in a new order.

    Examples
    --------
    >>> sorted(shuffle([3, 1, 2], seed=0).tolist())
    [1, 2, 3]
    """
    array = np.asarray(x)
    if not -array.ndim <= whole("shuffle: axis", axis, -64) < array.ndim:
        raise ValueError(f"shuffle: expected an axis of {brief(array)}, got {axis}; change axis")
    order = _core.random_permutation(array.shape[axis], (draw_seed(seed), _SHUFFLE, 0, 0, 0))
    return np.take(array, order, axis)


def dropout(inputs: ArrayLike, rate: float, noise_shape: Sequence[int] | None = None, seed: Seed = None) -> np.ndarray:
    """A copy of `inputs`, each number 0 with probability `rate` and else divided by 1 - rate.

    Where `noise_shape` is 1 in place of a size, numbers along that axis are kept or dropped together.
    """
    array = real_array("dropout", inputs)
    rate = number("dropout: rate", rate, 0, 1)
    if noise_shape is not None:
        return np.asarray(array * dropout(np.ones(tuple(noise_shape), array.dtype), rate, seed=seed))
    if rate == 1:
        return np.zeros_like(array)
    at = (draw_seed(seed), _DROPOUT, 0, 0, 0)
    return _core.noise_fwd("dropout", np.atleast_1d(array), (rate,), at).reshape(array.shape)
