"""Layers that bring raw data to a common scale, with numbers that training leaves alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastmlp import _core
from fastmlp._objects import serialize
from fastmlp._validate import brief, flag
from fastmlp.layers.base import Layer, Shape
from fastmlp.variables import Variable

_LEAST_DEVIATION = 1e-7


def _flat(where: str, value: ArrayLike, sample: Shape) -> Any:
    """A number as it is, an array as one number for each of a row's flat features."""
    array = np.asarray(value, np.float64)
    if array.ndim == 0:
        return float(array)
    try:
        flat = np.broadcast_to(array, _known(sample)).reshape(-1)
    except ValueError:
        raise ValueError(f"{where}: expected numbers that spread over rows of shape {sample}, got shape {array.shape}; "
                         "give one, or one for each feature") from None  # fmt: skip
    return flat if flat.size > 1 else float(flat[0])


def _known(shape: Shape) -> tuple[int, ...]:
    """A shape with 1 for what is not known."""
    return tuple(1 if n is None else n for n in shape)


class Rescaling(Layer):
    """``x · scale + offset``.

    Parameters
    ----------
    scale, offset
        Numbers, or one for each feature.

    Examples
    --------
    >>> Rescaling(1 / 255).compute_output_shape((None, 28, 28))
    (None, 28, 28)
    """

    def __init__(self, scale: ArrayLike, offset: ArrayLike = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.scale, self.offset = scale, offset
        for name, value in (("scale", scale), ("offset", offset)):
            if np.asarray(value).dtype.kind not in "fiub":
                raise TypeError(f"Rescaling: expected numbers as {name}, got {brief(value)}; give one")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        for value in (self.scale, self.offset):
            _flat(self.name, value, input_shape[1:])
        return input_shape

    def lower(self) -> list[dict[str, Any]]:
        """Scale and offset of the flat features."""
        sample = (self.input_shape or ())[1:]
        scale, offset = (_flat(self.name, value, sample) for value in (self.scale, self.offset))
        return [{"op": "affine", "shift": 0.0, "scale": scale, "offset": offset}]


class Normalization(Layer):
    """``(x - mean) / max(√variance, 1e-7)``, with the moments of the data that `adapt` has seen, or with given ones.

    Parameters
    ----------
    axis
        Those that have moments of their own: -1 for each feature, None for one mean and one variance of all.
    mean, variance
        The moments, if they are known.
    invert
        Whether to undo it: ``x · √variance + mean``.

    Examples
    --------
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 50.0]]))
    >>> layer.mean.tolist(), layer.variance.tolist()
    ([[2.0, 30.0]], [[1.0, 400.0]])
    """

    adapt_mean: Variable
    adapt_variance: Variable

    def __init__(
        self,
        axis: Any = -1,
        mean: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        invert: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.axis, self.invert = axis, flag("Normalization: invert", invert)
        self.input_mean = None if mean is None else np.asarray(mean, np.float64)
        self.input_variance = None if variance is None else np.asarray(variance, np.float64)
        shapes = {None if given is None else given.shape for given in (self.input_mean, self.input_variance)}
        if len(shapes) > 1:
            raise ValueError(f"Normalization: expected mean and variance of the same shape, or neither, got "
                             f"{brief(mean)} and {brief(variance)}; give both, or call adapt")  # fmt: skip
        if self.input_variance is not None and not (self.input_variance >= 0).all():
            raise ValueError(f"Normalization: expected a variance of at least 0, got {brief(variance)}; change it")

    def _kept(self, ndim: int) -> tuple[int, ...]:
        """The axes that have moments of their own, counted from 0."""
        axes = () if self.axis is None else self.axis if isinstance(self.axis, (list, tuple)) else (self.axis,)
        kept = sorted(axis % ndim for axis in axes if -ndim <= axis < ndim)
        if len(set(kept)) < len(axes) or 0 in kept:
            raise ValueError(f"{self.name}: expected axis -1, or others from 1 to {ndim - 1}, got axis={self.axis!r}; "
                             "0 is that of the rows")  # fmt: skip
        return tuple(kept)

    def _spread(self, shape: Shape) -> Shape:
        """The shape in which the moments meet the input."""
        kept = self._kept(len(shape))
        return tuple(n if i in kept else 1 for i, n in enumerate(shape))

    def build_weights(self, shape: Shape) -> None:
        """Make the moments, 0 and 1 until `adapt` is called."""
        spread = self._spread(shape)
        if None in spread:
            raise ValueError(f"{self.name}: expected known sizes of axis={self.axis!r}, got input shape {shape}; "
                             "put Input first")  # fmt: skip
        if self.input_mean is not None:
            self._given(self.input_mean, shape)
            return
        sizes = [n for i, n in enumerate(spread) if n is not None and i in self._kept(len(shape))]
        self.adapt_mean = self.add_weight(sizes, "zeros", name="mean", trainable=False)
        self.adapt_variance = self.add_weight(sizes, "ones", name="variance", trainable=False)
        self.add_weight(
            (), "zeros", name="count", dtype="int32", trainable=False
        )  # always 0; Keras's layer has three weights

    def _given(self, value: np.ndarray, shape: Shape) -> np.ndarray:
        """Given moments in the shape in which they meet the input: their last axis is the last kept one, and so on."""
        kept, aligned = self._kept(len(shape)), [1] * len(shape)
        for i, n in zip(reversed(kept), reversed(value.shape)):
            aligned[i] = n
        try:
            return np.broadcast_to(value.reshape(aligned), _known(self._spread(shape)))
        except ValueError:
            want = tuple(shape[i] for i in kept)
            raise ValueError(f"{self.name}: expected mean and variance of shape {want}, or single numbers, got shape "
                             f"{value.shape}; reshape them, or change axis={self.axis!r}") from None  # fmt: skip

    def _moment(self, given: np.ndarray | None, adapted: str) -> np.ndarray | None:
        if self.input_shape is None:
            return None
        if given is not None:
            return self._given(given, self.input_shape)
        values: np.ndarray = getattr(self, adapted).numpy()
        return values.reshape(_known(self._spread(self.input_shape)))

    @property
    def mean(self) -> np.ndarray | None:
        """The mean, in the shape in which it meets the input; None until that is known."""
        return self._moment(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> np.ndarray | None:
        """The variance, in the shape in which it meets the input; None until that is known."""
        return self._moment(self.input_variance, "adapt_variance")

    def lower(self) -> list[dict[str, Any]]:
        """The moments as shift and scale of the flat features."""
        mean, variance, shape = self.mean, self.variance, self.input_shape
        if mean is None or variance is None or shape is None:
            raise RuntimeError(f"{self.name}: expected a built layer, got it before an input shape; call adapt")
        deviation = np.maximum(np.sqrt(variance.astype(np.float64)), _LEAST_DEVIATION)
        flat_mean, flat_deviation = (_flat(self.name, v[0], shape[1:]) for v in (mean, deviation))
        if self.invert:
            return [{"op": "affine", "shift": 0.0, "scale": flat_deviation, "offset": flat_mean}]
        return [{"op": "affine", "shift": flat_mean, "scale": 1 / flat_deviation, "offset": 0.0}]

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data; what earlier calls took is forgotten.

        Parameters
        ----------
        data
            An array of rows, or batches of them: a list of arrays, a generator, a dataset, of x or of (x, y).
        """
        if self.input_mean is not None:
            raise RuntimeError(f"{self.name}: expected no call of adapt, got one though mean and variance were given; "
                               "leave them out")  # fmt: skip
        fresh = not self.built
        try:
            mean, variance = self._moments(data)
        except BaseException:
            if fresh:
                self._unbuild()
            raise
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _moments(self, data: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of all batches together."""
        count, mean, second = 0, np.zeros(()), np.zeros(())
        for batch in filter(len, self._batches(data)):
            n, batch_mean, batch_variance = self._moments_of(batch)
            step, count = batch_mean - mean, count + n
            mean = mean + step * (n / count)
            second = second + n * batch_variance + step**2 * (n * (count - n) / count)
        if not count:
            raise ValueError(f"{self.name}: expected at least one row, got none; a generator can be used only once")
        if not np.isfinite(mean).all():
            raise ValueError(f"{self.name}: expected finite numbers, got some NaN or infinite; leave out or fill in "
                             "the rows that have them")  # fmt: skip
        return mean, second / count

    def _batches(self, data: Any) -> Iterator[np.ndarray]:
        """Arrays of rows; those of plain numbers, one a row, are one feature if all features are one."""
        for batch in batches_of(data):
            rows = batch[:, None] if batch.ndim == 1 and self._no_axis() else batch
            if rows.ndim < 2 or not math.prod(rows.shape[1:]):
                raise ValueError(f"{self.name}: expected arrays of rows of features, got {brief(batch)}; "
                                 "reshape it to (rows, features)")  # fmt: skip
            if not self.built:
                self.build((None, *rows.shape[1:]))
            if self.input_shape is not None and rows.shape[1:] != self.input_shape[1:]:
                raise ValueError(f"{self.name}: expected rows of shape {self.input_shape[1:]}, got {brief(batch)}; "
                                 "the layer was built for that")  # fmt: skip
            yield rows

    def _no_axis(self) -> bool:
        return self.axis is None or self.axis in ((), [])

    def _moments_of(self, rows: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        """How many numbers each moment is of, their mean and their variance, in float64."""
        sample = rows.shape[1:]
        mean, variance = (m.reshape(sample) for m in _core.feature_moments(rows.reshape(len(rows), -1)))
        across = tuple(i for i in range(len(sample)) if i + 1 not in self._kept(rows.ndim))
        count = len(rows) * math.prod(sample[i] for i in across)
        return count, mean.mean(axis=across), variance.mean(axis=across) + mean.var(axis=across)

    def get_config(self) -> dict[str, Any]:
        """The settings; given moments as lists."""
        given = {"mean": self.input_mean, "variance": self.input_variance}
        return {**super().get_config(), **{name: serialize(value) for name, value in given.items()}}


def batches_of(data: Any) -> Iterator[np.ndarray]:
    """The array itself, or the x of each batch."""
    if hasattr(data, "__array__"):
        yield np.asarray(data)
        return
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        batches: Iterable[Any] = (data[i] for i in range(len(data)))  # one of Keras's datasets announces no end
    elif isinstance(data, Iterable):
        batches = data
    else:
        raise TypeError(f"adapt: expected an array or batches of rows, got {brief(data)}; make it a NumPy array")
    for batch in batches:
        x = batch[0] if isinstance(batch, tuple) else batch
        if not hasattr(x, "__array__"):
            raise TypeError(f"adapt: expected batches that are arrays, got {brief(x)}; make it a NumPy array")
        yield np.asarray(x)
