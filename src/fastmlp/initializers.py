"""Initializers: what weights start from. Each is called with a shape and a dtype, and gives an array.

An initializer that draws gives the same numbers each time it is called with the same shape, whether seeded or not: its
seed is settled when it is made. A `SeedGenerator` as its seed gives new numbers each time; so does a name, by
which every layer gets an initializer of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastmlp import random
from fastmlp._arrays import numbers, real_type
from fastmlp._objects import Configurable, Family, deserializer
from fastmlp._objects import serialize as serialize
from fastmlp._validate import brief, number
from fastmlp.random import sizes

# the standard deviation of a standard normal number cut off at ±2
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(Configurable):
    """What weights start from; one of another kind overrides ``__call__``."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of this shape; float32 unless `dtype` says otherwise."""
        raise NotImplementedError(
            f"{type(self).__name__}: expected a method __call__(shape, dtype), got none; write it"
        )

    def clone(self) -> Initializer:
        """A new one with the same settings."""
        return self.from_config(self.get_config())


# ---- nothing random


class Constant(Initializer):
    """One number everywhere, or an array that is spread over the shape.

    Examples
    --------
    >>> Constant(3)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: ArrayLike = 0.0) -> None:
        if np.asarray(value).dtype.kind not in "fiub":
            raise TypeError(f"Constant: expected a number, got {brief(value)}; give one")
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of that value."""
        try:
            return np.full(sizes("Constant", shape), self.value, dtype or "float32")
        except ValueError:
            raise ValueError(f"Constant: expected a value that spreads over {tuple(shape)}, got one of shape "
                             f"{np.shape(self.value)}; give a number") from None  # fmt: skip


class Zeros(Initializer):
    """0 everywhere."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of zeros."""
        return np.zeros(sizes("Zeros", shape), dtype or "float32")


class Ones(Initializer):
    """1 everywhere."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of ones."""
        return np.ones(sizes("Ones", shape), dtype or "float32")


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("Identity: gain", gain)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """The matrix."""
        if len(shape) != 2:
            raise ValueError(f"Identity: expected the shape of a matrix, got {tuple(shape)}; use it for kernels only")
        return np.array(self.gain * np.eye(shape[0], shape[1]), dtype or "float32")


class Values(Initializer):
    """These very numbers, for weights of exactly their shape.

    Examples
    --------
    >>> Values([1, 2])((2,))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values = np.array(numbers("Values", values))

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """A copy of them."""
        if np.shape(self.values) != tuple(shape):
            raise ValueError(f"initializer: expected values of shape {tuple(shape)}, got {np.shape(self.values)}; "
                             "give as many as there are weights")  # fmt: skip
        return np.array(self.values, dtype or "float32")


# ---- drawn


class _Drawn(Initializer):
    """What draws, with a seed that is settled when it is made; `seed` and the config keep the one that was given."""

    def __init__(self, seed: random.Seed = None) -> None:
        self.seed = seed
        self._drawn_with = seed if isinstance(seed, random.SeedGenerator) else random.draw_seed(seed)


class RandomNormal(_Drawn):
    """Normal numbers.

    Examples
    --------
    >>> init = RandomNormal(stddev=0.1, seed=0)
    >>> bool((init((2, 3)) == init((2, 3))).all())
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: random.Seed = None) -> None:
        self.mean, self.stddev = number("RandomNormal: mean", mean), number("RandomNormal: stddev", stddev, 0)
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of them."""
        return random.normal(shape, self.mean, self.stddev, dtype, self._drawn_with)


class TruncatedNormal(_Drawn):
    """Normal numbers, those beyond two standard deviations drawn again."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: random.Seed = None) -> None:
        self.mean, self.stddev = number("TruncatedNormal: mean", mean), number("TruncatedNormal: stddev", stddev, 0)
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of them."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self._drawn_with)


class RandomUniform(_Drawn):
    """Numbers of [minval, maxval), none more likely than another."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: random.Seed = None) -> None:
        self.minval = number("RandomUniform: minval", minval)
        self.maxval = number("RandomUniform: maxval", maxval, self.minval)
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of them."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self._drawn_with)


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs and outputs weights of this shape connect: the last two axes, times what is before them.

    Examples
    --------
    >>> compute_fans((784, 16)), compute_fans((5,))
    ((784, 16), (5, 5))
    """
    if len(shape) < 2:
        n = math.prod(shape)
        return n, n
    *before, fan_in, fan_out = shape
    return fan_in * math.prod(before), fan_out * math.prod(before)


class VarianceScaling(_Drawn):
    """Numbers of mean 0 and variance ``scale / n``, so that what a layer puts out varies as much as what it takes in.

    Parameters
    ----------
    scale
        What the variance is a multiple of: 2 makes up for the half that relu cuts off.
    mode
        What n is: 'fan_in', the inputs of a unit, 'fan_out', the units an input goes to, or 'fan_avg', their mean.
    distribution
        'truncated_normal' (or 'normal'), 'untruncated_normal' or 'uniform'.
    seed
        An int, a `SeedGenerator` or None.
    input_axes, output_axes
        Which axes of the shape count as inputs and as outputs, where the last two do not.
    """

    _MODES = ("fan_in", "fan_out", "fan_avg")
    _DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: random.Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        distribution = str(distribution).lower()
        self.distribution = "truncated_normal" if distribution == "normal" else distribution
        self.mode = mode
        for name, known in (("mode", self._MODES), ("distribution", self._DISTRIBUTIONS)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"VarianceScaling: expected {name} among {known}, got {value!r}; take one of these")
        self.scale = number("VarianceScaling: scale", scale, above=0)
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)  # last: it may draw

    def stddev(self, shape: Sequence[int]) -> float:
        """The standard deviation for weights of this shape.

        Examples
        --------
        >>> HeNormal().stddev((50, 10))
        0.2
        """
        if self.input_axes is not None and self.output_axes is not None:
            fan_in, fan_out = (math.prod(shape[i] for i in axes) for axes in (self.input_axes, self.output_axes))
        else:
            fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        return math.sqrt(self.scale / max(1, n))

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of them."""
        stddev = self.stddev(sizes(type(self).__name__, shape))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            return random.uniform(shape, -limit, limit, dtype, self._drawn_with)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0, stddev, dtype, self._drawn_with)
        return random.truncated_normal(shape, 0, stddev / _TRUNCATED_STDDEV, dtype, self._drawn_with)


class _Scaled(VarianceScaling):
    """`VarianceScaling` with a scale, a mode and a distribution that have a name together."""

    _formula: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: random.Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._formula, seed, input_axes, output_axes)


class GlorotUniform(_Scaled):
    """Uniform within ``±√(6 / (n_in + n_out))``, for sigmoid and tanh. The default of kernels."""

    _formula = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of standard deviation ``√(2 / (n_in + n_out))``, for sigmoid and tanh."""

    _formula = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within ``±√(6 / n_in)``, for relu."""

    _formula = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of standard deviation ``√(2 / n_in)``, for relu."""

    _formula = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within ``±√(3 / n_in)``, for selu."""

    _formula = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of standard deviation ``√(1 / n_in)``, for selu."""

    _formula = (1.0, "fan_in", "truncated_normal")


class ScaledNormal(VarianceScaling):
    """Normal numbers, none cut off, times the root of a formula: ``randn(n_in, n_out) · √(2 / n_in)``.

    Parameters
    ----------
    variance
        '2/n_in' (for relu), '1/n_in' (for tanh) or '2/(n_in+n_out)' (Glorot's).
    seed
        An int, a `SeedGenerator` or None.

    Examples
    --------
    >>> ScaledNormal("2/n_in").stddev((50, 10))
    0.2
    """

    _FORMULAS: ClassVar[dict[str, tuple[float, str]]] = {
        "2/n_in": (2.0, "fan_in"),
        "1/n_in": (1.0, "fan_in"),
        "2/(n_in+n_out)": (1.0, "fan_avg"),
    }

    def __init__(self, variance: str = "2/n_in", seed: random.Seed = None) -> None:
        self.variance = str(variance).replace(" ", "")
        if self.variance not in self._FORMULAS:
            raise ValueError(f"ScaledNormal: expected variance among {tuple(self._FORMULAS)}, got {variance!r}; "
                             "take one of these or VarianceScaling")  # fmt: skip
        super().__init__(*self._FORMULAS[self.variance], "untruncated_normal", seed)


class Orthogonal(_Drawn):
    """`gain` times a random matrix whose columns (or, if these are more, rows) are orthogonal and of length 1.

    Weights of more than two axes are one matrix, its columns the last axis.
    """

    def __init__(self, gain: float = 1.0, seed: random.Seed = None) -> None:
        self.gain = number("Orthogonal: gain", gain)
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> np.ndarray:
        """The matrix."""
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal: expected a shape of 2 or more axes, got {tuple(shape)}; use it for kernels only"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(random.normal(tall, dtype="float64", seed=self._drawn_with))
        q *= np.where(np.diagonal(r) < 0, -1, 1)  # makes all orthogonal matrices equally likely
        return (self.gain * (q.T if rows < columns else q)).reshape(shape).astype(real_type("Orthogonal", dtype))


# ---- by name

IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
constant, zeros, ones, identity = Constant, Zeros, Ones, Identity
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, orthogonal = VarianceScaling, Orthogonal
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, scaled_normal = LecunUniform, LecunNormal, ScaledNormal

_names = "constant zeros ones identity random_normal random_uniform truncated_normal variance_scaling orthogonal " \
         "glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal scaled_normal"  # fmt: skip
_family = Family(
    "initializer",
    Initializer,
    {name: globals()[name] for name in _names.split()}
    | {"zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform},
)


def get(identifier: Any) -> Any:
    """The initializer meant by a name, a class, a config, an array of the weights, a function or itself.

    None stays None.

    Examples
    --------
    >>> get("he_normal"), get("Zeros")
    (HeNormal(), Zeros())
    """
    return Values(identifier) if isinstance(identifier, (np.ndarray, np.generic)) else _family.get(identifier)


deserialize = deserializer(get)
