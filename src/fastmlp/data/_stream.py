"""What datasets are made of: iterators that are shuffled, grouped, repeated, or run ahead in a thread."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any, TypeVar

import numpy as np

from fastmlp import _core, random
from fastmlp._validate import whole

T = TypeVar("T")

# who draws: streams of one seed are independent
SLOTS, LAST, SPLIT, AUGMENT = range(0xFDA7A000, 0xFDA7A004)
_BLOCK = 4096  # slots drawn at a time; part of the order a seed stands for
_BLOCKS = 1 << 24  # of them in one turn


def seed_or_next(where: str, seed: int | None) -> int:
    """A seed as given (any integer), or the next one of `fastmlp.random`."""
    if seed is None:
        return random.next_seed()
    return whole(where, seed, -(2**63)) % 2**64


def shuffled(source: Iterable[T], size: int, seed: int, turn: int) -> Iterator[T]:
    """Elements in random order, as far as a window of `size` reaches.

    The window is filled; then one of it, drawn at random, leaves and the next element takes its place; at the end
    what is left leaves in random order.
    """
    stream = iter(source)
    window = list(islice(stream, size))
    if len(window) == size:
        for slot, element in zip(_slots(size, seed, turn), stream):
            window[slot], element = element, window[slot]
            yield element
    for slot in _core.random_permutation(len(window), (seed, LAST, turn, 0, 0)).tolist():
        yield window[slot]


def _slots(size: int, seed: int, turn: int) -> Iterator[int]:
    for block in count(turn * _BLOCKS):
        yield from _core.random_integers(_BLOCK, size, (seed, SLOTS, block, 0, 0)).tolist()


def grouped(source: Iterable[T], size: int, drop_remainder: bool) -> Iterator[list[T]]:
    """Lists of `size` elements; the last one is shorter, or dropped."""
    stream = iter(source)
    while group := list(islice(stream, size)):
        if len(group) == size or not drop_remainder:
            yield group


def repeated(start: Callable[[], Iterator[T]], times: int) -> Iterator[T]:
    """The stream so many times over; for ever if `times` is negative (an empty stream ends)."""
    for turn in count():
        if turn == times:
            return
        empty = True
        for element in start():
            empty = False
            yield element
        if empty:
            return


class Turns:
    """A sequence of draws of one seed, numbered, which can be brought back to where it was."""

    def __init__(self, where: str, seed: int | None) -> None:
        self.seed, self.number, self._given = seed_or_next(where, seed), 0, seed is not None

    def next(self) -> int:
        """The number of the next draw."""
        number, self.number = self.number, self.number + 1
        return number

    def tell(self) -> list[int]:
        """Where it is."""
        return [self.seed, self.number]

    def go_to(self, place: Sequence[int]) -> None:
        """Be there again; a seed that was given stays."""
        seed, self.number = whole("turn_to: seed", place[0], 0), whole("turn_to: number", place[1], 0)
        if not self._given:
            self.seed = seed


class Memory:
    """Keeps what a first complete pass yields and gives it again afterwards."""

    def __init__(self, start: Callable[[], Iterator[Any]], turns: Sequence[Any] = ()) -> None:
        self._start, self._turns = start, turns
        self._kept: list[Any] | None = None
        self._place: list[Any] = []  # where the shuffles before it were when that pass began

    def __call__(self) -> Iterator[Any]:
        if self._kept is not None:
            yield from self._kept
            return
        place = [turns.tell() for turns in self._turns]
        seen = []
        for element in self._start():
            seen.append(element)
            yield element
        self._kept, self._place = seen, place

    def tell(self) -> list[Any]:
        """Where the shuffles before it are, or were for what it keeps."""
        return [turns.tell() for turns in self._turns] if self._kept is None else self._place

    def go_to(self, place: Sequence[Any]) -> None:
        """Let it keep what a pass from there yields."""
        if place != self.tell():
            self._kept = None
            for turns, one in zip(self._turns, place, strict=True):
                turns.go_to(one)


class _Shelf:
    """Up to `size` elements between the thread that makes them and the one that takes them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.elements: deque[Any] = deque()
        self.changed = threading.Condition()
        self.abandoned = self.finished = False
        self.error: BaseException | None = None
        self.process = os.getpid()  # that has the thread; in a fork's child nothing more comes

    def fill(self, start: Callable[[], Iterator[Any]]) -> None:
        """Make elements until they end, fail, or nobody wants them."""
        try:
            for element in start():
                with self.changed:
                    self.elements.append(element)
                    self.changed.notify_all()
                    self.changed.wait_for(lambda: self.abandoned or len(self.elements) < self.size)
                if self.abandoned:
                    break
        except BaseException as error:  # whatever it is, it is raised again where elements are taken
            self.error = error
        with self.changed:
            self.finished = True
            self.changed.notify_all()

    def take(self) -> Iterator[Any]:
        """The elements, then the error if there was one."""
        while True:
            if os.getpid() != self.process:
                raise RuntimeError("prefetch: expected the process in which the iteration began, got a fork's child, "
                                   "without the thread that reads ahead; begin anew there: iter(dataset)")  # fmt: skip
            with self.changed:
                self.changed.wait_for(lambda: self.elements or self.finished)
                if not self.elements:
                    break
                element = self.elements.popleft()
                self.changed.notify_all()
            yield element
        if self.error is not None:
            raise self.error

    def abandon(self) -> None:
        """Let the filling thread go, where it is."""
        if os.getpid() != self.process:
            return
        with self.changed:
            self.abandoned = True
            self.elements.clear()
            self.changed.notify_all()


def prefetched(start: Callable[[], Iterator[T]], size: int) -> Iterator[T]:
    """The stream, made by a thread that runs up to `size` elements ahead and ends with this iterator."""
    shelf = _Shelf(size)
    thread = threading.Thread(target=shelf.fill, args=(start,), name="fastmlp-prefetch", daemon=True)
    thread.start()
    try:
        yield from shelf.take()
    finally:
        shelf.abandon()
        if thread is not threading.current_thread():  # the garbage collector may close an iterator anywhere
            thread.join()


def row_numbers(rows: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A group of row numbers as an index."""
    return np.array(rows, np.int64)
