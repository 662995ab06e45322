"""Epochs of the small workloads by fastmlp and by NumPy, for pytest-benchmark.

    pytest benchmarks --benchmark-only

It compares with what it saw before (`--benchmark-autosave`, `--benchmark-compare`), which `bench_peers.py` does not;
but all run in one process here, on one thread, so that peers of other libraries stay out.
"""

from __future__ import annotations

import pytest
from fastmlp.bench import contestants
from fastmlp.bench.workloads import WORKLOADS, Problem

pytest.importorskip("pytest_benchmark")
threadpoolctl = pytest.importorskip("threadpoolctl")
SMALL = ("tiny", "digits", "cat", "cat-float64")


@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("name", [contestants.OURS, contestants.REFERENCE])
def test_epoch(benchmark, name, workload):
    """One epoch, in an order of its own."""
    problem = Problem(WORKLOADS[workload])
    contestant = contestants.load(name)(problem, threads=1)
    benchmark.group = workload
    benchmark.extra_info["GFLOP"] = problem.workload.flops / 1e9
    with threadpoolctl.threadpool_limits(1):
        benchmark.pedantic(contestant.epoch, rounds=20, warmup_rounds=2)
