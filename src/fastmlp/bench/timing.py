"""The shortest of several runs: what the code can do when the machine lets it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial


def once(run: Callable[[], object]) -> float:
    """Seconds of a run."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def best(run: Callable[[], object], repeats: int = 7) -> float:
    """Seconds of the shortest of so many runs."""
    return min(once(run) for _ in range(repeats))


def best_each(run: Callable[[int], object], span: float = 0.004, repeats: int = 11) -> float:
    """Seconds of one of the things that ``run(n)`` does n times, n such that a run lasts about `span` seconds."""
    run(1)
    count = 1
    while (taken := best(partial(run, count), 3)) < span / 2:
        count = math.ceil(count * min(8.0, span / max(taken, 1e-7)))
    return best(partial(run, count), repeats) / count
