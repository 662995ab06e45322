"""Reading a variable: the operation by which it comes into a formula."""

from __future__ import annotations

from typing import Any

from fastmlp.autodiff.primitive import Primitive, Record
from fastmlp.autodiff.tensor import Tensor, recorders

READ = Primitive("read", lambda value: value, [lambda g, y, variable: g])


def read(variable: Any, value: Tensor) -> Tensor:
    """The value that a variable has now, for tapes as something that depends on it."""
    listeners = recorders()
    if listeners:
        record = Record(READ, (variable,), value, {}, None)
        for recorder in listeners:
            recorder.note(record)
    return value
