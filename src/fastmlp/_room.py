"""Room: how many numbers may be made while a file is read, so that none asks for more memory than it fills itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MOST_BESIDES = 1 << 24  # numbers that what is no weight may ask room for: metrics, for one
_LEAST_LENT, _LEAST_AT_ONCE = 1 << 27, 1 << 24  # numbers that any file may borrow, all together and in one array
_LENT_PER_NUMBER, _AT_ONCE_PER_NUMBER = 4000, 16  # and for each that it holds: layers are tried on three rows


@dataclass
class _Room:
    left: int
    lent: int
    at_once: int


_here: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextmanager
def room(numbers: int, held: int | None = None) -> Iterator[None]:
    """Within, on this thread, `claim` grants so many numbers all together; outside it grants everything.

    What `borrow` grants depends on how many numbers the file holds, as many unless said otherwise.

    >>> with room(10):
    ...     claim("kernel", (2, 3))
    >>> claim("kernel", (1000, 1000))
    """
    held = numbers if held is None else held
    lent, at_once = _LEAST_LENT + _LENT_PER_NUMBER * held, max(_LEAST_AT_ONCE, _AT_ONCE_PER_NUMBER * held)
    token = _here.set(_Room(numbers, lent, at_once))
    try:
        yield
    finally:
        _here.reset(token)


def counted() -> bool:
    """Whether there is a limit here."""
    return _here.get() is not None


def claim(where: str, shape: Sequence[int]) -> None:
    """Say that an array of this shape is about to be made for what a config asks."""
    here = _here.get()
    if here is None:
        return
    here.left -= math.prod(shape)
    if here.left < 0:
        _refuse(where, shape)


def borrow(where: str, shape: Sequence[int]) -> None:
    """Say that an array of this shape is about to be made for a while, to see what a layer makes of it.

    >>> with room(10):
    ...     borrow("input", (2, 1000))
    """
    here = _here.get()
    if here is None:
        return
    numbers = math.prod(shape)
    here.lent -= numbers
    if here.lent < 0 or numbers > here.at_once:
        _refuse(where, shape)


def _refuse(where: str, shape: Sequence[int]) -> None:
    raise ValueError(f"{where}: expected sizes that the file has numbers for, got shape {tuple(shape)}; it is "
                     "damaged or was not written by fastmlp")  # fmt: skip
