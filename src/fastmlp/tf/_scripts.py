"""What scripts of TensorFlow say around their formulas: functions, devices, scopes, printing."""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp.autodiff.primitive import as_tensor


def function(func: Callable[..., Any] | None = None, input_signature: Any = None, **options: Any) -> Any:
    """The function itself: there are no graphs here, and nothing to compile. With or without arguments."""
    return func if func is not None else lambda f: f


def scope(*_: Any, **__: Any) -> contextlib.AbstractContextManager[None]:
    """A block that changes nothing: one device, no names, no graph."""
    return contextlib.nullcontext()


def nothing(*_: Any, **__: Any) -> None:
    """Accepted: what is computed at once needs no grouping."""


def executing_eagerly() -> bool:
    """Yes."""
    return True


def static_value(tensor: Any, partial: bool = False) -> Any:
    """The numbers of a tensor as an array."""
    return as_tensor(tensor).numpy()


def _number(x: Any) -> str:
    """As short as it can be and still be read back, as TensorFlow prints: 0.1, 0.333333343."""
    digits = (6, 9) if x.dtype.itemsize <= 4 else (15, 17)
    short = f"{x:.{digits[0]}g}"
    return short if x.dtype.type(short) == x or np.isnan(x) else f"{x:.{digits[1]}g}"


def shown(value: Any, summarize: int = 3) -> str:
    """A value as tf.print shows it."""
    if hasattr(value, "numpy"):
        array = value.numpy()
        if np.ndim(array) == 0:
            return _number(array) if array.dtype.kind == "f" else str(int(array) if array.dtype != bool else array + 0)
        edge = max(array.shape) if summarize == -1 else summarize
        digits: Any = {"float_kind": _number, "int": str, "bool": lambda truth: str(int(truth))}
        with np.printoptions(edgeitems=edge, threshold=2 * edge, formatter=digits):
            return np.array2string(array, separator=" ", max_line_width=10**6)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(repr(v) if isinstance(v, str) else shown(v, summarize) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return str(value)


def print(  # noqa: A001 - TensorFlow's name
    *inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n", name: Any = None
) -> None:
    """Writes values to the standard error stream, or another, the middle of long tensors left out."""
    stream = sys.stderr if output_stream is None else output_stream
    builtins.print(*[shown(value, summarize) for value in inputs], sep=sep, end=end, file=stream)
