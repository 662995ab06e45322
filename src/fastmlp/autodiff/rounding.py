"""Whole numbers from broken ones, and what is left of them."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.arithmetic import multiply, negative
from fastmlp.autodiff.primitive import primitive
from fastmlp.autodiff.shapes import unbroadcast

__all__ = ["ceil", "floor", "floor_divide", "fmod", "mod", "round", "trunc"]  # what Keras has of it


@primitive(None)
def floor(x: np.ndarray) -> np.ndarray:
    """The whole number at or below."""
    return np.floor(x) if x.dtype.kind == "f" else x.copy()


@primitive(None)
def ceil(x: np.ndarray) -> np.ndarray:
    """The whole number at or above."""
    return np.ceil(x) if x.dtype.kind == "f" else x.copy()


@primitive(None)
def trunc(x: np.ndarray) -> np.ndarray:
    """The whole number towards 0."""
    return np.trunc(x) if x.dtype.kind == "f" else x.copy()


@primitive(None)
def _round(x: np.ndarray, decimals: int) -> np.ndarray:
    return np.round(x, decimals)


def round(x: Any, decimals: int = 0) -> Any:  # noqa: A001 - Keras's name
    """The nearest number with so many decimals; halves go to the even one."""
    return _round(x, decimals=int(decimals))


@primitive(None, None)
def floor_divide(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The whole number below x1 / x2."""
    return np.floor_divide(x1, x2)


@primitive(
    lambda g, y, a, b: unbroadcast(g, a.shape),
    lambda g, y, a, b: unbroadcast(negative(multiply(g, floor_divide(a, b))), b.shape),
)
def mod(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """What is left of x1 when multiples of x2 are taken away, of the sign of x2."""
    return np.mod(x1, x2)


@primitive(
    lambda g, y, a, b: unbroadcast(g, a.shape),
    lambda g, y, a, b: unbroadcast(negative(multiply(g, np.trunc(a.array / b.array))), b.shape),
)
def fmod(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """What is left of x1 when multiples of x2 are taken away, of the sign of x1."""
    return np.fmod(x1, x2)
