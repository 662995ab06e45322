"""Which instruction-set level and how many threads the engine uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from fastmlp import _core
from fastmlp._locks import forkable_lock


def _choose_level() -> None:
    """Take the best level this CPU runs, or the one ``FASTMLP_ISA`` names."""
    usable = [name for name, ok in _core.levels().items() if ok]
    wanted = os.environ.get("FASTMLP_ISA", "").strip().lower()
    _core.choose_level(wanted or usable[-1])


def set_num_threads(n: int | None) -> None:
    """Let each call use at most ``n`` threads; None follows ``OMP_NUM_THREADS`` and the machine.

    Results never depend on it. Counts above 64 mean 64.

    Parameters
    ----------
    n
        A count of 1 or more, or None.

    Examples
    --------
    >>> import fastmlp
    >>> fastmlp.set_num_threads(1)
    >>> fastmlp.get_num_threads()
    1
    >>> fastmlp.set_num_threads(None)
    """
    _core.set_threads(_count("set_num_threads", n))


def _count(where: str, n: int | None) -> int:
    """A number of threads, 0 for None."""
    if n is None:
        return 0
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"{where}: expected an integer or None, got {n!r}; pass a count of 1 or more")
    if n < 1:
        raise ValueError(f"{where}: expected 1 or more, got {n}; pass None to follow the machine")
    return min(int(n), 2**31 - 1)  # C keeps to its own bound


def get_num_threads() -> int:
    """Return the most threads a call would use now.

    Examples
    --------
    >>> import fastmlp
    >>> fastmlp.get_num_threads() >= 1
    True
    """
    return _core.get_threads()


_blocks: list[list[int]] = []  # what each block that is open asks for, the one entered last at the end
_outside = 0  # what held before there was one
_changing = forkable_lock()


def _hold() -> None:
    """Let hold what the block entered last asks for."""
    _core.set_threads(_blocks[-1][0] if _blocks else _outside)


@contextmanager
def threads(n: int | None) -> Iterator[None]:
    """Use at most ``n`` threads inside a ``with`` block (for the whole process, not only this Python thread).

    Of blocks open at once, in one Python thread or in several, the one entered last counts; when all are left holds
    what held before, in whatever order they are.

    Examples
    --------
    >>> import fastmlp
    >>> with fastmlp.threads(1):
    ...     fastmlp.get_num_threads()
    1
    """
    global _outside
    with _changing:
        before = _core.wanted_threads()
        set_num_threads(n)
        block = [_core.wanted_threads()]
        if _blocks:
            _blocks[-1][0] = before  # set_num_threads within a block lasts as long as that
        else:
            _outside = before
        _blocks.append(block)
    try:
        yield
    finally:
        with _changing:
            _blocks[:] = [one for one in _blocks if one is not block]
            _hold()


@contextmanager
def threads_here(n: int | None) -> Iterator[None]:
    """Within, calls from this Python thread use at most ``n`` threads; None: as many as before.

    Other Python threads do not notice, as they would of `threads`; of several limits the lowest counts.

    >>> with threads_here(1):
    ...     get_num_threads()
    1
    """
    asked = _count("threads", n)
    before = _core.set_threads_here(0)
    _core.set_threads_here(min(filter(None, (asked, before)), default=0))
    try:
        yield
    finally:
        _core.set_threads_here(before)


_choose_level()


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Within, compute on this device: a CPU, the only kind there is here.

    >>> with device("cpu:0"):
    ...     pass
    """
    if str(device_name).strip("/").removeprefix("device:").split(":")[0].lower() != "cpu":
        raise ValueError(f"device: expected a CPU, got {device_name!r}; fastmlp computes on CPUs, write 'cpu:0'")
    yield
