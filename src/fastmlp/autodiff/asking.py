"""What a tensor is: its shape, its type, its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.making import dtype_named
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.primitive import cast as _cast
from fastmlp.autodiff.tensor import Shape, Tensor, is_symbolic

__all__ = ["cast", "convert_to_numpy", "convert_to_tensor", "dtype", "is_tensor", "ndim", "shape", "size"]


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor, of numbers or symbolic."""
    return isinstance(x, Tensor) or is_symbolic(x)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor of anything that has numbers."""
    if sparse or ragged:
        raise ValueError("convert_to_tensor: expected a dense tensor, got sparse or ragged; these are not in fastmlp")
    return as_tensor(x, None if dtype is None else dtype_named(dtype))


def convert_to_numpy(x: Any) -> np.ndarray:
    """An array of its numbers."""
    return np.asarray(as_tensor(x))


def cast(x: Any, dtype: Any) -> Any:
    """The same numbers as another type."""
    x, wanted = as_tensor(x), dtype_named(dtype)
    return x if x.dtype == wanted else _cast(x, dtype=wanted)


def shape(x: Any) -> Shape:
    """Its axes; None is one whose length is to come."""
    return Shape(as_tensor(x).shape)


def ndim(x: Any) -> int:
    """How many axes."""
    return len(as_tensor(x).shape)


def size(x: Any) -> Any:
    """How many numbers."""
    lengths = as_tensor(x).shape
    return None if None in lengths else as_tensor(int(np.prod(lengths, dtype=np.int64)))


def dtype(x: Any) -> str:
    """The name of the type of its numbers."""
    return str(np.dtype(as_tensor(x).dtype).name)
