"""Random tensors, by the names and arguments of TensorFlow. The numbers are those of `fastmlp.random`."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import random
from fastmlp.autodiff.activations import softmax
from fastmlp.autodiff.arithmetic import add, multiply
from fastmlp.autodiff.making import dtype_named, sizes
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reductions import cumsum
from fastmlp.autodiff.tensor import Tensor

_WORD = 2**32


def _scaled(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    kind = dtype_named(dtype)
    if np.ndim(mean) == np.ndim(stddev) == 0:
        return Tensor(draw(sizes(shape), float(mean), float(stddev), kind, seed))
    return add(multiply(Tensor(draw(sizes(shape), 0.0, 1.0, kind, seed)), stddev), mean)


def normal(shape: Any = (), mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None) -> Any:
    """Normal numbers; a single one if there is no shape."""
    return _scaled(random.normal, shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: Any = (), mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None
) -> Any:
    """Normal numbers, those beyond two standard deviations drawn again."""
    return _scaled(random.truncated_normal, shape, mean, stddev, dtype, seed)


def uniform(shape: Any = (), minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None) -> Any:
    """Numbers of [minval, maxval), none more likely than another; whole ones if dtype says so."""
    kind = dtype_named(dtype)
    if kind.kind == "f":
        high = 1.0 if maxval is None else float(maxval)
        return Tensor(random.uniform(sizes(shape), float(minval), high, kind, seed))
    if maxval is None:
        raise ValueError("uniform: expected maxval for whole numbers, got None; give the number above the largest")
    return Tensor(random.randint(sizes(shape), int(minval), int(maxval), kind, seed))


def shuffle(value: Any, seed: Any = None) -> Tensor:
    """The entries along the first axis in a new order."""
    return Tensor(random.shuffle(as_tensor(value).array, 0, seed))


def categorical(logits: Any, num_samples: int, dtype: Any = None, seed: Any = None) -> Tensor:
    """For each row of logits so many classes, drawn by their chances."""
    chances = cumsum(softmax(as_tensor(logits, np.float64)), -1).array
    drawn = random.uniform((len(chances), int(num_samples)), 0.0, 1.0, np.float64, seed)
    found = (drawn[:, :, None] >= chances[:, None, :-1]).sum(-1)
    return Tensor(found.astype(np.int64 if dtype is None else dtype_named(dtype)))


def stateless_normal(shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    """Normal numbers: of one seed, a pair of numbers, always the same."""
    return normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_uniform(shape: Any, seed: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    """Numbers of [minval, maxval): of one seed, a pair of numbers, always the same."""
    return uniform(shape, minval, maxval, dtype, one_seed(seed))


def one_seed(seed: Any) -> int:
    """The number that two numbers make, as TensorFlow's functions without a state take them."""
    low, high = (int(n) for n in np.asarray(seed).reshape(-1))
    return low % _WORD | high % _WORD << 32


class Generator:
    """Draws one array after the other from a seed of its own."""

    def __init__(self, seed: int | None = None) -> None:
        self._seeds = random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """One that begins with this seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """One that begins anywhere."""
        return cls()

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None) -> Any:
        """Normal numbers."""
        return normal(shape, mean, stddev, dtype, self._seeds)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None
    ) -> Any:
        """Normal numbers, those beyond two standard deviations drawn again."""
        return truncated_normal(shape, mean, stddev, dtype, self._seeds)

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
        """Numbers of [minval, maxval)."""
        return uniform(shape, minval, maxval, dtype, self._seeds)
