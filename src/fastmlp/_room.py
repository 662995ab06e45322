"""Room: how many numbers may be made while a file is read, so that none asks for more memory than it fills itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

MOST_BESIDES = 1 << 24  # numbers that what is no weight may ask room for: metrics, for one

_left: ContextVar[list[int] | None] = ContextVar("room", default=None)


@contextmanager
def room(numbers: int) -> Iterator[None]:
    """Within, on this thread, `claim` grants so many numbers all together; outside it grants everything.

    >>> with room(10):
    ...     claim("kernel", (2, 3))
    >>> claim("kernel", (1000, 1000))
    """
    token = _left.set([numbers])
    try:
        yield
    finally:
        _left.reset(token)


def claim(where: str, shape: Sequence[int]) -> None:
    """Say that an array of this shape is about to be made for what a config asks."""
    left = _left.get()
    if left is None:
        return
    left[0] -= math.prod(shape)
    if left[0] < 0:
        raise ValueError(f"{where}: expected sizes that the file has numbers for, got shape {tuple(shape)}; it is "
                         "damaged or was not written by fastmlp")  # fmt: skip
