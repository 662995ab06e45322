"""Products of matrices, by the engine's own kernels, so that they are the same for any number of threads."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import as_tensors, primitive
from fastmlp.autodiff.shapes import transpose, unbroadcast

__all__ = ["matmul"]  # what Keras has of it


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rows of a times columns of b."""
    (n, k), m = a.shape, b.shape[1]
    if not (n and k and m) or a.dtype not in (np.float32, np.float64):
        return np.matmul(a, b)
    layer = _core.Dense(n, k, m, a.dtype, use_bias=False)
    layer.set(0, np.ascontiguousarray(b))
    return layer.forward(a)


@primitive(
    lambda g, y, a, b: unbroadcast(_matmul(g, _turned(b)), a.shape),
    lambda g, y, a, b: unbroadcast(_matmul(_turned(a), g), b.shape),
)
def _matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.ndim == b.ndim == 2:
        return product(a, b)
    if b.ndim == 2:
        return product(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[1])
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(a, (*outer, *a.shape[-2:])).reshape(-1, *a.shape[-2:])
    right = np.broadcast_to(b, (*outer, *b.shape[-2:])).reshape(-1, *b.shape[-2:])
    found = [product(x, y) for x, y in zip(left, right)]
    shape = (*outer, a.shape[-2], b.shape[-1])
    return np.stack(found).reshape(shape) if found else np.empty(shape, a.dtype)


def _turned(x: Any) -> Any:
    """The last two axes changed over."""
    n = len(x.shape)
    return transpose(x, (*range(n - 2), n - 1, n - 2))


def matmul(x1: Any, x2: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The product of matrices, or of stacks of them; a vector is a row at the left, a column at the right."""
    pair: tuple[Any, ...] = as_tensors(x1, x2)
    a, b = pair
    if len(a.shape) < 1 or len(b.shape) < 1:
        raise ValueError(f"matmul: expected matrices, got shapes {tuple(a.shape)} and {tuple(b.shape)}; use * for "
                         "single numbers")  # fmt: skip
    row, column = len(a.shape) == 1, len(b.shape) == 1
    a = a[None, :] if row else _turned(a) if transpose_a else a
    b = b[:, None] if column else _turned(b) if transpose_b else b
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: expected as many columns on the left as rows on the right, got {brief_shape(a)} and "
                         f"{brief_shape(b)}; transpose one, or reshape it")  # fmt: skip
    y = _matmul(a, b)
    return y[..., 0, 0] if row and column else y[..., 0, :] if row else y[..., 0] if column else y


def brief_shape(x: Any) -> str:
    """A shape, as an error shows it."""
    return brief(tuple(x.shape))
