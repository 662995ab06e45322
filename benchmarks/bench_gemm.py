"""The dense layer's three products beside NumPy's, in GFLOP/s and as a share of the peak measured in the same run.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/bench_gemm.py [--threads 1 2] [--dtype float32]

Forward includes bias and ReLU, backward-data the transposes and the ReLU's derivative, the update the whole Adam step;
NumPy's column is the bare product. Every number is the best of several repeats: what the code can do when the machine
lets it. NumPy's BLAS runs in a process of its own for each thread count, since it reads its setting once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

SHAPES = [
    (32, 8, 8),
    (32, 784, 16),
    (32, 16, 16),
    (32, 784, 128),
    (32, 128, 10),
    (128, 784, 512),
    (128, 512, 512),
    (128, 512, 10),
    (256, 784, 2048),
    (256, 2048, 2048),
    (256, 2048, 10),
]
ADAM = (0.9, 0.999, 1e-7, 0.0)
SPAN = 0.02  # seconds a repeat should last


def best(run: Callable[[], object], repeats: int = 7) -> float:
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def rates_of_layer(layer: Any, shape: tuple[int, int, int], peak: float) -> tuple[list[float], float]:
    """Seconds of forward, backward-weights and backward-data, and of backward-weights with the update."""
    n, k, m = shape
    times = max(2, int(SPAN * peak * 0.8 / (2.0 * n * k * m)))
    phases = [best(partial(layer.repeat, phase, n, times)) / times for phase in (0, 2, 1)]
    return phases, best(lambda: layer.repeat(3, n, times, 1e-6, ADAM)) / times


def rate_of_matmul(a: Any, b: Any, flops: float, peak: float) -> float:
    """Seconds of NumPy's product."""
    import numpy as np

    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    times = max(2, int(SPAN * peak * 0.2 / flops))

    def products() -> None:
        for _ in range(times):
            np.matmul(a, b, out=out)

    return best(products) / times


def measure(threads: int, dtype: str) -> dict[str, Any]:
    """Rates of one process at one thread count."""
    import numpy as np
    from fastmlp import _core

    _core.set_threads(threads)
    _core.set_thread_grain(0.0)
    rounds = 2_000_000
    peak = _core.peak(dtype, threads, rounds) / best(lambda: _core.peak(dtype, threads, rounds))
    rng = np.random.default_rng(0)
    rows = []
    for n, k, m in SHAPES:
        flops = 2.0 * n * k * m
        layer = _core.Dense(n, k, m, dtype, "relu", optimizer="adam")
        w = (rng.normal(size=(k, m)) / np.sqrt(k)).astype(dtype)
        x, dy = rng.normal(size=(n, k)).astype(dtype), rng.normal(size=(n, m)).astype(dtype)
        layer.set(0, w)
        layer.forward(x)
        layer.backward(dy)
        ours, update = rates_of_layer(layer, (n, k, m), peak)
        products = [(x, w), (np.ascontiguousarray(x.T), dy), (dy, np.ascontiguousarray(w.T))]
        theirs = [rate_of_matmul(a, b, flops, peak) for a, b in products]
        rows.append(
            {
                "shape": (n, k, m),
                "ours": [flops / t / 1e9 for t in ours],
                "numpy": [flops / t / 1e9 for t in theirs],
                "update_us": update * 1e6,
            }
        )
    return {"threads": threads, "dtype": dtype, "level": _core.level(), "peak": peak / 1e9, "rows": rows}


def show(result: dict[str, Any]) -> None:
    """One table."""
    peak = result["peak"]
    print(
        f"\n{result['dtype']}, {result['level']}, {result['threads']} thread(s), "
        f"peak {peak:.0f} GFLOP/s (fused multiply-adds on registers)"
    )
    print(f"{'batch, in → out':>20}  {'forward':>14} {'dW':>14} {'dX':>14}  | NumPy: forward / dW / dX | dW + Adam")
    for row in result["rows"]:
        n, k, m = row["shape"]
        ours = " ".join(f"{r:7.1f} ({r / peak:4.0%})" for r in row["ours"])
        theirs = " / ".join(f"{r:6.1f}" for r in row["numpy"])
        print(f"{f'{n}, {k} → {m}':>20}  {ours}  | {theirs} | {row['update_us']:9.1f} µs", flush=True)


def main() -> None:
    """Measure each thread count in a process of its own and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--json", help="also write the results to this file")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.dtype)))
        return
    results = []
    for threads in given.threads:
        env = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        command = [sys.executable, __file__, "--one", str(threads), "--dtype", given.dtype]
        out = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
        results.append(json.loads(out))
        show(results[-1])
    if given.json:
        with open(given.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
