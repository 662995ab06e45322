"""The dense layer's three products beside NumPy's, in GFLOP/s and as a share of the peak.

Forward includes bias and ReLU, backward-data the transposes and the ReLU's derivative, the update the whole Adam step;
NumPy's column is the bare product.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from fastmlp import _core
from fastmlp.bench.timing import best, best_each

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
FORWARD, DATA, WEIGHTS, UPDATE = range(4)  # phases of `Dense.repeat`
ADAM = (0.9, 0.999, 1e-7, 0.0)
SPAN = 0.004  # seconds a repeat should last: short enough to fall between the turns of a neighbour


def matmul(a: np.ndarray, b: np.ndarray) -> float:
    """Seconds of NumPy's product."""
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)

    def products(times: int) -> None:
        for _ in range(times):
            np.matmul(a, b, out=out)

    return best_each(products, SPAN)


def measured(shape: tuple[int, int, int], dtype: str, peak: float) -> dict[str, Any]:
    """GFLOP/s of forward, backward-weights and backward-data, and microseconds of backward-weights with the update."""
    n, k, m = shape
    flops = 2.0 * n * k * m
    layer = _core.Dense(n, k, m, dtype, "relu", optimizer="adam")
    rng = np.random.default_rng(0)
    w = (rng.normal(size=(k, m)) / np.sqrt(k)).astype(dtype)
    x, dy = rng.normal(size=(n, k)).astype(dtype), rng.normal(size=(n, m)).astype(dtype)
    layer.set(0, w)
    layer.forward(x)
    layer.backward(dy)
    times = max(2, int(SPAN * peak * 0.8 / flops))
    phases = [best(partial(layer.repeat, phase, n, times), 11) / times for phase in (FORWARD, WEIGHTS, DATA)]
    update = best(partial(layer.repeat, UPDATE, n, times, 1e-6, ADAM), 11) / times
    pairs = [(x, w), (np.ascontiguousarray(x.T), dy), (dy, np.ascontiguousarray(w.T))]
    return {
        "shape": shape,
        "ours": [flops / t / 1e9 for t in phases],
        "numpy": [flops / matmul(a, b) / 1e9 for a, b in pairs],
        "update_us": update * 1e6,
    }


def show(rows: list[dict[str, Any]], peak: float) -> None:
    """The table."""
    print("\n| batch, in → out | forward | dW | dX | of peak | NumPy's | dW + Adam, µs |")
    print("|---|---:|---:|---:|---|---|---:|")
    for row in rows:
        n, k, m = row["shape"]
        ours = " | ".join(f"{rate:.3g}" for rate in row["ours"])
        share = " / ".join(f"{1e9 * rate / peak:.0%}" for rate in row["ours"])
        theirs = " / ".join(f"{rate:.3g}" for rate in row["numpy"])
        print(f"| {n}, {k} → {m} | {ours} | {share} | {theirs} | {row['update_us']:.4g} |")
