"""Milliseconds that an epoch of training takes: fastmlp beside its peers, on networks of many sizes.

    python benchmarks/bench_peers.py [--threads 1 2] [--workloads tiny …] [--contestants fastmlp jax …] [--seconds 5]

Every contestant trains every workload in a process of its own, which has so many cores and is told so many threads.
First all train alike, from the same weights over the same batches (50 or more), and the loss they come to is compared
with that of the NumPy program: only who comes to the same has its time counted. The loss may be off by 0.1 %, fastmlp's
in float64 by 1e-6 of it (some peers have ε elsewhere, PyTorch in Adam); by a quarter with dropout, whose masks are each
one's own. Then come, in orders of each one's own, an epoch to warm up and those that are timed, as many as fit into the
given seconds; a figure is their median. Compilation is not in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import contestants
import results
from bench_gemm import best
from workloads import WORKLOADS, Problem, mnist_file

MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # where these are set, NumPy is not what it could be
Row = dict[str, Any]


def measured(name: str, workload: str, threads: int, seconds: float) -> Row:
    """The loss of one contestant on one workload, and the times of its epochs in seconds; in this process."""
    problem = Problem(WORKLOADS[workload])
    contestant = contestants.load(name)(problem, threads)
    for order in problem.orders:
        contestant.epoch(order)
    loss = problem.loss(contestant.weights())
    times = contestant.times(seconds) if seconds else []
    return {"loss": loss, "times": times, "differs": contestant.differs(problem.workload)}


def peak(threads: int) -> dict[str, float]:
    """Fused multiply-adds on registers a second, in GFLOP/s, by element type."""
    from fastmlp import _core

    rounds = 2_000_000
    rate = lambda dtype: _core.peak(dtype, threads, rounds) / best(partial(_core.peak, dtype, threads, rounds)) / 1e9
    return {dtype: rate(dtype) for dtype in ("float32", "float64")}


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """Processes that are started meanwhile have so many cores, where the system can be told."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def elsewhere(arguments: list[str], threads: int, environment: dict[str, str], timeout: float) -> Row:
    """What this script prints in a process of its own; or why it does not."""
    kept = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    command = [sys.executable, __file__, "--threads", str(threads), *arguments]
    try:
        with cores(threads):
            done = subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"skipped": f"not done after {timeout:.0f} s"}
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines() or ["no word"]
    return {"skipped": lines[-1]} if done.returncode else json.loads(lines[-1])


def row(name: str, workload: str, threads: int, seconds: float, timeout: float) -> Row:
    """One contestant on one workload."""
    found: Row = {"contestant": name, "workload": workload, "threads": threads}
    if absent := contestants.missing(name):
        return found | {"skipped": f"{', '.join(absent)} not installed"}
    environment = contestants.environment(name, threads, WORKLOADS[workload].dtype)
    arguments = ["--one", name, workload, "--seconds", str(seconds)]
    found |= elsewhere(arguments, threads, environment, timeout)
    if not found.get("times"):
        return found
    found["seconds"] = statistics.median(found["times"])
    found["gflops"] = WORKLOADS[workload].flops / found["seconds"] / 1e9
    return found


def options() -> argparse.Namespace:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    known = contestants.CONTESTANTS
    parser.add_argument("--contestants", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=5, help="how long to time epochs of each; one at least")
    parser.add_argument("--timeout", type=float, default=900, help="seconds after which a contestant is given up")
    parser.add_argument("--data", help="the folder with mnist.npz, else $FASTMLP_DATA; without, data are random")
    parser.add_argument("--json", help="also write the results to this file")
    parser.add_argument("--plot", help="also draw them into this file, by matplotlib")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure all and print a table for each number of threads."""
    given = options()
    if given.one:
        print(json.dumps(measured(*given.one, given.threads[0], given.seconds)))
        return
    if given.peak:
        print(json.dumps(peak(given.threads[0])))
        return
    if given.plot:
        results.need_matplotlib()
    if given.data:
        os.environ["FASTMLP_DATA"] = given.data
    if given.data and not mnist_file():
        raise SystemExit(f"--data: expected a folder with mnist.npz, got {given.data}; leave it out for random data")
    references: dict[str, float | None] = {}
    tables = []
    for threads in given.threads:
        tables.append({"threads": threads, "peak": elsewhere(["--peak"], threads, {}, 60), "rows": []})
        for workload in given.workloads:
            names = [name for name in given.contestants if name != contestants.REFERENCE]
            timed = len(names) < len(given.contestants)
            rows = []
            if timed or workload not in references:
                reference = row(contestants.REFERENCE, workload, threads, timed * given.seconds, given.timeout)
                references[workload] = references.get(workload) or reference.get("loss")
                rows = [reference] * timed
            rows += [row(name, workload, threads, given.seconds, given.timeout) for name in names]
            results.judge(rows, references[workload])
            results.show(rows, tables[-1], first=workload == given.workloads[0])
            tables[-1]["rows"] += rows
    if given.json:
        with open(given.json, "w") as file:
            json.dump(tables, file, indent=1)
    if given.plot:
        results.draw(tables, given.plot)


if __name__ == "__main__":
    main()
