"""What users give for an array of real numbers, as the kernels want it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastmlp._validate import brief


def regular(where: str, value: Any) -> np.ndarray:
    """`value` as an array, of the type it has."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{where}: expected rows of one length, got {brief(value)}; pad them") from None


def numbers(where: str, value: Any) -> np.ndarray:
    """`value` as an array of real numbers, of the type they have."""
    array = regular(where, value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: expected real numbers, got {brief(value)}; convert it to float32")
    return array


def type_of_numbers(where: str, dtype: Any) -> np.dtype[Any]:
    """The NumPy type of that name."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
        return found
    except TypeError:
        raise TypeError(f"{where}: expected the type of numbers, got {brief(dtype)}; 'float32', for one") from None


def real_array(where: str, value: Any) -> np.ndarray:
    """`value` as float32 or float64: kept as that; all else (ints, halves, lists, scalars) becomes float32."""
    array = numbers(where, value)
    kept = array.dtype.newbyteorder("=") if hasattr(value, "dtype") and array.dtype.itemsize >= 4 else None
    wanted = kept if kept in (np.float32, np.float64) else np.float32
    return array.astype(wanted, copy=False)


def real_type(where: str, dtype: DTypeLike | None) -> np.dtype[Any]:
    """The type named, float32 or float64; None is float32."""
    try:
        found = np.dtype("float32" if dtype is None else dtype)
    except TypeError:
        raise TypeError(
            f"{where}: expected dtype 'float32' or 'float64', got {brief(dtype)}; take one of these"
        ) from None
    if found not in (np.float32, np.float64):
        raise TypeError(f"{where}: expected dtype 'float32' or 'float64', got '{found}'; take one of these")
    return found
