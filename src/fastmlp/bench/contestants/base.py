"""What every contestant can do."""

from __future__ import annotations

import time

import numpy as np

from fastmlp.bench.workloads import Problem, Workload


class Contestant:
    """A network that begins with the problem's weights, and its training."""

    def __init__(self, problem: Problem, threads: int) -> None:
        self.problem, self.workload, self.threads = problem, problem.workload, threads
        self.rng = np.random.default_rng(3)
        self.shuffles = problem.workload.batch < problem.workload.rows  # else no order makes a difference

    @staticmethod
    def differs(workload: Workload) -> str:
        """What of a workload it does otherwise because it cannot do it; such a time is shown, but no match."""
        return ""

    def epoch(self, order: np.ndarray | None = None) -> None:
        """One epoch; over rows in this order, or in one of its own."""
        raise NotImplementedError

    def weights(self) -> list[np.ndarray]:
        """W, b, W, b, … as they are now."""
        raise NotImplementedError

    def times(self, seconds: float) -> list[float]:
        """Seconds that epochs take in orders of its own, after one that warms up: as many as fit, one at least."""
        self.epoch()
        begin = now = time.perf_counter()
        found = []
        while now - begin < seconds:
            before = now
            self.epoch()
            now = time.perf_counter()
            found.append(now - before)
        return found
