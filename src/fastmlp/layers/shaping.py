"""Layers that change what shape a row is said to have; the numbers stay as they lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastmlp._validate import brief, whole
from fastmlp.layers.base import Layer, Shape, not_here


class _View(Layer):
    """A layer that computes nothing."""

    def lower(self) -> list[dict[str, Any]]:
        """Nothing: rows are flat anyway."""
        return []


class Identity(_View):
    """What comes in."""

    _prefix = "layers>"  # an initializer has the same name


class Flatten(_View):
    """Rows of plain features, whatever their axes were.

    Examples
    --------
    >>> Flatten().compute_output_shape((None, 28, 28))
    (None, 784)
    """

    def __init__(self, data_format: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        if data_format != "channels_last":
            not_here("Flatten", data_format=data_format)
        self.data_format = data_format

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As many features as there are numbers in a row."""
        rows, *axes = input_shape
        return (rows, _size(tuple(axes)))


class Reshape(_View):
    """Rows of other axes.

    Parameters
    ----------
    target_shape
        The axes of a row; one may be -1, which is made to fit.

    Examples
    --------
    >>> Reshape((-1, 7)).compute_output_shape((None, 784))
    (None, 112, 7)
    """

    def __init__(self, target_shape: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        if isinstance(target_shape, str) or not isinstance(target_shape, Sequence):
            raise TypeError(f"Reshape: expected a tuple, got {brief(target_shape)}; write (784,) for 784 features")
        self.target_shape = tuple(-1 if n == -1 else whole("Reshape: target_shape", n) for n in target_shape)
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape: expected at most one -1, got {self.target_shape}; give the other sizes")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The target's, with -1 replaced."""
        rows, *axes = input_shape
        size, known = _size(tuple(axes)), math.prod(n for n in self.target_shape if n != -1)
        fits = size is None or (size % known == 0 if -1 in self.target_shape else size == known)
        if not fits:
            raise ValueError(f"{self.name}: expected a target_shape of {size} numbers, as the input {input_shape}, got "
                             f"{self.target_shape}; change it")  # fmt: skip
        rest = None if size is None else size // known
        return (rows, *(rest if n == -1 else n for n in self.target_shape))


def _size(axes: Shape) -> int | None:
    """How many numbers, if that is known."""
    known = [n for n in axes if n is not None]
    return math.prod(known) if len(known) == len(axes) else None
