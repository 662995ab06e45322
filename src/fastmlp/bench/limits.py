"""What a machine allows: its peak of products, its memory traffic, and the shortest epoch that these leave.

    python -m fastmlp.bench.limits THREADS

prints them as JSON, measured in this process.
"""

from __future__ import annotations

import json
import math
import sys
from functools import partial
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.bench.timing import best, best_each
from fastmlp.bench.workloads import Workload

DTYPES = ("float32", "float64")
KIB = 1024
SIZES = tuple(KIB * size for size in (32, 256, 512, 2 * KIB, 8 * KIB, 24 * KIB, 128 * KIB))
ROUNDS = 500_000  # of multiply-adds, some milliseconds
SLOTS = {"sgd": 0, "rmsprop": 1, "adam": 2}  # arrays beside the weights that an optimizer's step reads and writes
Limits = dict[str, Any]


def aligned(size: int, dtype: str) -> np.ndarray:
    """An array of so many bytes, its first one on a cache line's edge."""
    memory = np.ones(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype)


def peak(dtype: str, threads: int) -> float:
    """Floating-point operations a second, of fused multiply-adds on registers."""
    run = partial(_core.peak, dtype, threads, ROUNDS)
    return run() / best(run)


def bandwidth(size: int, threads: int) -> float:
    """Bytes a second, read or written, of sweeps over so many bytes."""
    x = aligned(size, "float32")
    return 2 * x.nbytes / best_each(lambda rounds: _core.sweep(x, threads, rounds))


def measured(threads: int) -> Limits:
    """Both, each size of memory by itself; and how much quicker products of bfloat16 are."""
    return {
        "threads": threads,
        "peak": {dtype: peak(dtype, threads) for dtype in DTYPES},
        "bfloat16": 2 if _core.bf16_by_instruction() else 1,
        "bandwidth": {str(size): bandwidth(size, threads) for size in SIZES},
    }


def rate_at(size: float, limits: Limits) -> float:
    """Bytes a second for an array of this size: between those that were measured, on logarithmic scales."""
    known = {math.log(int(key)): math.log(value) for key, value in limits["bandwidth"].items()}
    return math.exp(np.interp(math.log(size), list(known), list(known.values())))


def shortest_epoch(workload: Workload, limits: Limits) -> float:
    """Seconds: products at peak, weights and slots read and written once a step, no gradient, the input read once.

    A sum, as if one waited for the other; who lets them overlap may come below it. Of bfloat16 the peak is taken to be
    twice that of float32 where the CPU has such products, and that of float32 elsewhere.
    """
    size = np.dtype(workload.dtype).itemsize
    weights = sum((inputs + 1) * outputs for inputs, outputs in workload.layers)
    state = (1 + SLOTS[workload.optimizer]) * weights * size
    steps = math.ceil(workload.rows / workload.batch)
    data = workload.rows * workload.widths[0] * size
    traffic = steps * 2 * state / rate_at(state, limits) + data / rate_at(data, limits)
    peak = limits["peak"][workload.dtype] * (limits["bfloat16"] if workload.policy else 1)
    return float(workload.flops / peak + traffic)


def text(limits: Limits) -> list[str]:
    """In words, a line each."""
    peaks = ", ".join(f"{rate / 1e9:.0f} GFLOP/s in {dtype}" for dtype, rate in limits["peak"].items())
    rates = ", ".join(f"{rate / 1e9:.0f} ({_named(int(size))})" for size, rate in limits["bandwidth"].items())
    return [f"peak of fused multiply-adds: {peaks}", f"GB/s of memory read and written again: {rates}"]


def _named(size: int) -> str:
    return f"{size // KIB} KiB" if size < KIB * KIB else f"{size // KIB // KIB} MiB"


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
