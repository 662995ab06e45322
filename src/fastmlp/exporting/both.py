"""Sizes, settings and numbers of two calls as one: what grows with the rows is `Rows`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rows:
    """As many as there are rows, so many times."""

    times: int


Size = int | Rows
Shape = tuple[Size, ...]
Pair = tuple[int, int]  # how many rows there were in either call


class Differs(Exception):  # noqa: N818 - it is an answer, not a mishap
    """What is not the same in both calls."""


def size_of_both(few: int, more: int, rows: Pair) -> Size:
    """A number, or how many times the rows it is."""
    if few == more:
        return int(few)
    if few % rows[0] or few * rows[1] != more * rows[0]:
        raise Differs(f"{few} for {rows[0]} rows and {more} for {rows[1]}")
    return Rows(int(few) // rows[0])


def shape_of_both(few: Any, more: Any, rows: Pair) -> Shape:
    """Of arrays of as many axes."""
    if len(few) != len(more):
        raise Differs(f"an array of {len(few)} axes, then one of {len(more)}")
    return tuple(size_of_both(a, b, rows) for a, b in zip(few, more))


def setting_of_both(few: Any, more: Any, rows: Pair) -> Any:
    """A setting of an operation, in which whole numbers may be Rows."""
    both: Callable[[Any, Any], Any] = lambda a, b: setting_of_both(a, b, rows)
    if isinstance(few, (list, tuple)) and isinstance(more, (list, tuple)):
        if len(few) != len(more):
            raise Differs(f"{few}, then {more}")
        return tuple(both(a, b) for a, b in zip(few, more))
    if isinstance(few, slice) and isinstance(more, slice):
        return slice(both(few.start, more.start), both(few.stop, more.stop), both(few.step, more.step))
    if isinstance(few, Mapping) and isinstance(more, Mapping) and few.keys() == more.keys():
        return {name: both(value, more[name]) for name, value in few.items()}
    if isinstance(few, np.ndarray) or isinstance(more, np.ndarray):
        if not _same(np.asarray(few), np.asarray(more)):
            raise Differs("an array with other numbers in it the second time")
        return few
    if _is_whole(few) and _is_whole(more):
        return size_of_both(few, more, rows)
    if few is not more and few != more:
        raise Differs(f"{few!r}, then {more!r}")
    return few


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def array_of_both(few: np.ndarray, more: np.ndarray, rows: Pair) -> tuple[Shape, np.ndarray]:
    """A constant; one that grows with the rows has the same numbers for each, and these once."""
    shape = shape_of_both(few.shape, more.shape, rows)
    key = tuple(slice(0, 1) if isinstance(n, Rows) else slice(None) for n in shape)
    once = few[key]
    if not all(_same(np.broadcast_to(once, one.shape), one) for one in (few, more)):
        raise Differs("an array with other numbers in it the second time")
    return shape, once
