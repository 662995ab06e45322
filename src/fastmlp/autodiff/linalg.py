"""Systems of equations: inverse, solution, determinant."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.arithmetic import multiply, negative
from fastmlp.autodiff.arranging import swapaxes
from fastmlp.autodiff.primitive import primitive
from fastmlp.autodiff.products import matmul
from fastmlp.autodiff.shapes import expand_dims, squeeze, unbroadcast

__all__ = ["det", "inv", "solve"]  # what Keras has of it


def matrix_transpose(x: Any) -> Any:
    """The last two axes changed over."""
    return swapaxes(x, -1, -2)


@primitive(lambda g, y, x: negative(matmul(matmul(matrix_transpose(y), g), matrix_transpose(y))))
def inv(x: np.ndarray) -> np.ndarray:
    """The inverse of matrices."""
    return np.linalg.inv(x)


@primitive(lambda g, y, x: multiply(expand_dims(multiply(g, y), (-2, -1)), matrix_transpose(inv(x))))
def det(x: np.ndarray) -> np.ndarray:
    """The determinant of matrices."""
    return np.linalg.det(x)


@primitive(
    lambda g, y, a, b: unbroadcast(negative(matmul(_solve(matrix_transpose(a), g), matrix_transpose(y))), a.shape),
    lambda g, y, a, b: unbroadcast(_solve(matrix_transpose(a), g), b.shape),
)
def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.solve(a, b)


def solve(a: Any, b: Any) -> Any:
    """x of a·x = b."""
    if len(b.shape) == 1:
        return squeeze(_solve(a, expand_dims(b, -1)), -1)
    return _solve(a, b)
