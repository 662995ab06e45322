"""Layers that change the shape of a row: most of them only what it is said to be, the numbers stay as they lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastmlp._validate import brief, whole
from fastmlp.autodiff import shapes
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


class Permute(Layer):
    """The axes of a row in another order.

    Parameters
    ----------
    dims
        Which axis comes where, counted from 1: ``(2, 1)`` turns matrices over.

    Examples
    --------
    >>> Permute((2, 1)).compute_output_shape((None, 10, 64))
    (None, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        if not isinstance(dims, Sequence) or sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(f"Permute: expected the numbers of all axes of a row, from 1 and each once, got "
                             f"{brief(dims)}; (2, 1), for one")  # fmt: skip
        self.dims = tuple(dims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The axes in their new order."""
        if len(input_shape) != len(self.dims) + 1:
            raise ValueError(f"{self.name}: expected rows of {len(self.dims)} axes for dims={self.dims}, got input "
                             f"shape {input_shape}; name each axis once")  # fmt: skip
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The numbers in their new order."""
        self.compute_output_shape(tuple(inputs.shape))
        return shapes.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Each row n times.

    Parameters
    ----------
    n
        How often.

    Examples
    --------
    >>> RepeatVector(3).compute_output_shape((None, 32))
    (None, 3, 32)
    """

    def __init__(self, n: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.n = whole("RepeatVector: n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """With an axis of n behind that of the rows."""
        return (input_shape[0], self.n, self.features(input_shape))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The repeated rows."""
        rows, n, width = self.compute_output_shape(tuple(inputs.shape))
        return shapes.broadcast_to(inputs[:, None], (rows, n, width))


def _size(axes: Shape) -> int | None:
    """How many numbers, if that is known."""
    known = [n for n in axes if n is not None]
    return math.prod(known) if len(known) == len(axes) else None
