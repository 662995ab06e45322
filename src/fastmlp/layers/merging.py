"""Layers that make one tensor of several, and the functions of their names."""

from __future__ import annotations

from typing import Any

from fastmlp._validate import brief, flag, whole
from fastmlp.autodiff import shapes
from fastmlp.autodiff.extremes import maximum as larger
from fastmlp.autodiff.extremes import minimum as smaller
from fastmlp.autodiff.normalising import l2_normalize
from fastmlp.autodiff.products import matmul
from fastmlp.layers.base import Layer


def _several(layer: Any, inputs: Any, exactly: int | None = None) -> Any:
    """A list of inputs of as many rows."""
    count = "one input or more" if exactly is None else f"exactly {exactly} inputs"
    right = isinstance(inputs, (list, tuple)) and len(inputs) > 0 and exactly in (None, len(inputs))
    if not right:
        got = f"{len(inputs)} of them" if isinstance(inputs, (list, tuple)) else brief(inputs)
        raise ValueError(f"{layer.name}: expected a list of {count}, got {got}; write {layer.name}([a, b])")
    rows = {one.shape[0] if one.shape else None for one in inputs}
    if len(rows) > 1 or None in rows:
        raise ValueError(f"{layer.name}: expected inputs of as many rows each, got shapes "
                         f"{[tuple(one.shape) for one in inputs]}; pair them up")  # fmt: skip
    return inputs


class _Merge(Layer):
    """Several inputs of one shape, or of shapes that broadcast behind the rows, folded into one."""

    exactly: int | None = None

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs one after the other, each merged with what there is."""
        given = _several(self, inputs, self.exactly)
        longest = max(len(one.shape) for one in given)
        aligned = [_with_axes(one, longest) for one in given]
        self._need_common_shape(given, aligned)
        merged = aligned[0]
        for one in aligned[1:]:
            merged = self.merge(merged, one)
        return merged

    def merge(self, a: Any, b: Any) -> Any:
        """Two made one."""
        raise NotImplementedError

    def _need_common_shape(self, given: Any, aligned: Any) -> None:
        for sizes in zip(*(one.shape[1:] for one in aligned)):
            if len(set(sizes) - {1}) > 1:
                raise ValueError(f"{self.name}: expected inputs of one shape, or of shapes that broadcast, got "
                                 f"{[tuple(one.shape) for one in given]}; put a Dense before those that "
                                 "differ")  # fmt: skip


def _with_axes(x: Any, ndim: int) -> Any:
    """With axes of length 1 behind that of the rows, so that there are so many."""
    missing = ndim - len(x.shape)
    return shapes.reshape(x, (x.shape[0], *[1] * missing, *x.shape[1:])) if missing else x


class Add(_Merge):
    """Inputs added up: a + b + … for a list of them.

    Examples
    --------
    >>> import numpy as np
    >>> Add()([np.ones((1, 2)), np.ones((1, 2))]).numpy().tolist()
    [[2.0, 2.0]]
    """

    def merge(self, a: Any, b: Any) -> Any:
        """a + b."""
        return a + b


class Subtract(_Merge):
    """The first of two inputs less the second: a - b."""

    exactly = 2

    def merge(self, a: Any, b: Any) -> Any:
        """a - b."""
        return a - b


class Multiply(_Merge):
    """Inputs multiplied: a · b · … for a list of them."""

    def merge(self, a: Any, b: Any) -> Any:
        """a · b."""
        return a * b


class Average(_Merge):
    """The mean of inputs: (a + b + …) / n for a list of n."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The sum, divided by how many there are."""
        return super().call(inputs, training) / len(inputs)

    def merge(self, a: Any, b: Any) -> Any:
        """a + b."""
        return a + b


class Maximum(_Merge):
    """The largest of inputs, number by number."""

    def merge(self, a: Any, b: Any) -> Any:
        """max(a, b)."""
        return larger(a, b)


class Minimum(_Merge):
    """The smallest of inputs, number by number."""

    def merge(self, a: Any, b: Any) -> Any:
        """min(a, b)."""
        return smaller(a, b)


class Concatenate(Layer):
    """Inputs side by side along an axis.

    Parameters
    ----------
    axis
        The features' unless given; 0 is that of the rows.
    """

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = whole(f"{type(self).__name__}: axis", axis, -64)  # which of NumPy's it is, inputs will say

    def call(self, inputs: Any, training: bool = False) -> Any:
        """All in one."""
        rows = isinstance(inputs, (list, tuple)) and len(inputs) > 0 and self.axis == 0
        given = inputs if rows else _several(self, inputs)
        others = {self._besides(one.shape) for one in given}
        if len(others) > 1:
            raise ValueError(f"{self.name}: expected inputs of one shape but for axis={self.axis}, got "
                             f"{[tuple(one.shape) for one in given]}; reshape them")  # fmt: skip
        return shapes.concatenate(given, self.axis)

    def _besides(self, shape: Any) -> tuple[Any, ...]:
        """The other axes."""
        if not -len(shape) <= self.axis < len(shape):
            raise ValueError(f"{self.name}: expected an axis of inputs of shape {tuple(shape)}, got {self.axis}; "
                             "change it")  # fmt: skip
        at = self.axis % len(shape)
        return (*shape[:at], None, *shape[at + 1 :])


class Dot(Layer):
    """The product of two inputs, row by row, summed over an axis of each.

    Parameters
    ----------
    axes
        That axis, or one for each of the two; not 0, that of the rows.
    normalize
        Whether to make what is multiplied as long as 1 first: the result is the cosine of the angle between them.

    Examples
    --------
    >>> import numpy as np
    >>> Dot(axes=1)([np.float32([[1, 2]]), np.float32([[3, 4]])]).numpy().tolist()
    [[11.0]]
    """

    def __init__(self, axes: Any, normalize: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        pair = [axes, axes] if isinstance(axes, int) else axes
        if not isinstance(pair, (list, tuple)) or not all(isinstance(axis, int) for axis in pair):
            raise TypeError(f"Dot: expected axes as a whole number or two of them, got {brief(axes)}; axes=1, for one")
        if len(pair) != 2:
            raise ValueError(f"Dot: expected axes for the two inputs, got {brief(axes)}; give one or two numbers")
        self.axes, self.normalize = axes, flag("Dot: normalize", normalize)
        self._pair = tuple(pair)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The sums of products."""
        a, b = _several(self, inputs, 2)
        i, j = (self._axis(axis, one) for axis, one in zip(self._pair, (a, b), strict=True))
        if a.shape[i] != b.shape[j]:
            raise ValueError(f"{self.name}: expected as many numbers along axes {i} and {j}, got shapes "
                             f"{tuple(a.shape)} and {tuple(b.shape)}; change axes=")  # fmt: skip
        if self.normalize:
            a, b = l2_normalize(a, i), l2_normalize(b, j)
        if len(a.shape) == len(b.shape) == 2:
            return shapes.sum(a * b, 1, keepdims=True)
        a, b = shapes.axis_last(a, i), shapes.axis_last(b, j)
        n, k = a.shape[0], a.shape[-1]
        left, right = shapes.reshape(a, (n, -1, k)), shapes.reshape(b, (n, -1, k))
        product = matmul(left, shapes.transpose(right, (0, 2, 1)))
        return shapes.reshape(product, (n, *a.shape[1:-1], *b.shape[1:-1]))

    def _axis(self, axis: int, x: Any) -> int:
        ndim = len(x.shape)
        if not -ndim <= axis < ndim or axis % ndim == 0:
            raise ValueError(f"{self.name}: expected an axis of inputs but that of the rows, got {axis} for shape "
                             f"{tuple(x.shape)}; change axes=")  # fmt: skip
        return axis % ndim


# ---- the functions


def add(inputs: Any, **settings: Any) -> Any:
    """a + b + …."""
    return Add(**settings)(inputs)


def subtract(inputs: Any, **settings: Any) -> Any:
    """a - b."""
    return Subtract(**settings)(inputs)


def multiply(inputs: Any, **settings: Any) -> Any:
    """a · b · …."""
    return Multiply(**settings)(inputs)


def average(inputs: Any, **settings: Any) -> Any:
    """(a + b + …) / n."""
    return Average(**settings)(inputs)


def maximum(inputs: Any, **settings: Any) -> Any:
    """The largest, number by number."""
    return Maximum(**settings)(inputs)


def minimum(inputs: Any, **settings: Any) -> Any:
    """The smallest, number by number."""
    return Minimum(**settings)(inputs)


def concatenate(inputs: Any, axis: int = -1, **settings: Any) -> Any:
    """Side by side along an axis."""
    return Concatenate(axis, **settings)(inputs)


def dot(inputs: Any, axes: Any = -1, **settings: Any) -> Any:
    """Σ a·b over an axis of each."""
    return Dot(axes, **settings)(inputs)
