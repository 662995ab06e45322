"""How the time of a training step grows with widths, batch, depth and rows, and where it leaps.

    python benchmarks/bench_growth.py [--scans hidden batch …] [--threads 1 2] [--rounds 2] [--json F] [--plot DIR]

A scan varies one number of a network and leaves the others; a point is the shortest of many runs of some milliseconds,
of C alone: no epoch begins or ends within. Then it names the cliffs, which are of two kinds. *Dearer than larger*: a
point takes more than 1.5 times what one with a larger number takes. *Leap*: the time for a row and a weight (of those
there are, without padding) is more than 1.5 times that of the point before. A cliff is measured again, turn by turn
with its neighbour, before it is named.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fastmlp import _core, get_num_threads, set_num_threads

WIDTHS = (1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 512, 1000, 1024, 2048,
          4096, 4097)  # fmt: skip
BATCHES = (1, 2, 7, 8, 31, 32, 33, 64, 65, 128, 200, 256, 1000, 1024)
DEPTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
ADAM = ("adam", (0.9, 0.999, 1e-7, 0.0), 1e-6, {})
CLIFF, PROBABLE = 1.5, 1.3  # how much dearer a cliff is; what is measured again to see whether it is one
SPAN = 2e-3  # seconds of a run
Point = tuple[tuple[int, ...], int, int]  # widths of a network, batch, rows of the data (0: a few batches)


@dataclass(frozen=True)
class Scan:
    """What varies, over which values, and the network of a value."""

    varies: str
    values: tuple[int, ...]
    at: Callable[[int], Point]


def up_to(most: int) -> tuple[int, ...]:
    """The widths that are no larger."""
    return tuple(width for width in WIDTHS if width <= most)


SCANS = {
    "tiny": Scan("width", up_to(33), lambda v: ((2, v, v, 1), 32, 0)),
    "inputs-narrow": Scan("inputs", WIDTHS, lambda v: ((v, 16, 16, 10), 32, 0)),
    "inputs": Scan("inputs", WIDTHS, lambda v: ((v, 128, 10), 32, 0)),
    "hidden": Scan("width", WIDTHS, lambda v: ((784, v, 10), 32, 0)),
    "hidden-narrow": Scan("width", WIDTHS, lambda v: ((16, v, 10), 32, 0)),
    "square": Scan("width", WIDTHS, lambda v: ((v, v, v, 10), 128, 0)),
    "outputs": Scan("outputs", WIDTHS, lambda v: ((64, 64, v), 32, 0)),
    "batch-tiny": Scan("batch", BATCHES, lambda v: ((2, 8, 8, 1), v, 0)),
    "batch-narrow": Scan("batch", BATCHES, lambda v: ((784, 16, 16, 10), v, 0)),
    "batch": Scan("batch", BATCHES, lambda v: ((784, 128, 10), v, 0)),
    "batch-square": Scan("batch", BATCHES, lambda v: ((512, 512, 512, 10), v, 0)),
    "depth-8": Scan("depth", DEPTHS, lambda v: ((8,) * v + (1,), 32, 0)),
    "depth-16": Scan("depth", DEPTHS, lambda v: ((100,) + (16,) * (v - 1) + (1,), 32, 0)),
    "depth-64": Scan("depth", DEPTHS, lambda v: ((64,) * v + (10,), 32, 0)),
    "rows": Scan("rows", ROWS, lambda v: ((20, 16, 16, 1), 32, v)),
}


def weights_of(widths: tuple[int, ...]) -> int:
    """How many, biases too."""
    return sum((inputs + 1) * outputs for inputs, outputs in zip(widths, widths[1:]))


class Training:
    """A network in training, to be timed step by step."""

    def __init__(self, point: Point, dtype: str) -> None:
        widths, self.batch, rows = point
        rng = np.random.default_rng(0)
        ops = [{"units": units, "activation": ("relu", ())} for units in widths[1:]]
        ops[-1]["activation"] = ("linear", ())
        self.network = _core.Network(dtype, widths[0], self.batch, ops, ("mean_squared_error", ()), ADAM)
        for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            w = rng.random((inputs, outputs), np.float32) - np.float32(0.5)
            self.network.set(i, 0, (w * (2 / math.sqrt(inputs))).astype(dtype))
        self.rows = rows or 4 * self.batch
        x = rng.random((self.rows, widths[0]), np.float32).astype(dtype)
        self.run = _core.Run(self.network, x, rng.random((self.rows, widths[-1]), np.float32).astype(dtype))
        self.order = rng.permutation(self.rows)
        self.times: dict[int, float] = {}  # seconds a step, by threads
        self.steps, self.at = 1, 0

    def once(self, threads: int) -> float:
        """Seconds of a step, in a run of so many."""
        set_num_threads(threads)
        count = self.steps * self.batch
        self.run.start(self.order.take(range(self.at, self.at + count), mode="wrap"), self.batch)
        self.at = (self.at + count) % self.rows  # a run goes on where the last one ended: in the end, over all rows
        begin = time.perf_counter()
        while not self.network.train(self.run, self.steps, 60.0):
            pass
        return (time.perf_counter() - begin) / self.steps

    def measure(self, threads: int, seconds: float) -> float:
        """The shortest so far; runs for so many seconds and three times at least."""
        begin, found = time.perf_counter(), [self.times.get(threads, math.inf)]
        if not self.times:
            self.steps = max(1, math.ceil(SPAN / self.once(threads)))
        while len(found) < 4 or time.perf_counter() - begin < seconds:
            found.append(self.once(threads))
        self.times[threads] = min(found)
        return self.times[threads]


def scanned(scan: Scan, threads: list[int], given: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a value: what it is, and the seconds of a step at each number of threads, the shortest of all rounds."""
    rows = []
    for value in scan.values:
        point = scan.at(value)
        work = weights_of(point[0]) * point[1]
        rows.append({"value": value, "point": point, "work": work, "seconds": {}})
    for _ in range(given.rounds):
        for row in rows:
            training = Training(row["point"], given.dtype)
            row["path"] = training.network.path
            for count in threads:
                found = training.measure(count, given.seconds)
                row["seconds"][str(count)] = min(found, row["seconds"].get(str(count), math.inf))
    return rows


def ratio(kind: str, a: dict[str, Any], b: dict[str, Any], threads: str) -> float:
    """How much dearer the first is than the second, by the measure of a kind of cliff."""
    found = a["seconds"][threads] / b["seconds"][threads]
    return float(found if kind == "dearer than larger" else found / (a["work"] / b["work"]))


def suspects(rows: list[dict[str, Any]], threads: str, least: float) -> list[tuple[str, int, int]]:
    """(kind, the dear row, the other one) for all that may be cliffs."""
    found = []
    for i in range(len(rows) - 1):
        cheapest = min(range(i + 1, len(rows)), key=lambda j: float(rows[j]["seconds"][threads]))
        if ratio("dearer than larger", rows[i], rows[cheapest], threads) > least:
            found.append(("dearer than larger", i, cheapest))
        if ratio("leap", rows[i + 1], rows[i], threads) > least:
            found.append(("leap", i + 1, i))
    return found


def cliffs(rows: list[dict[str, Any]], threads: int, seconds: float, dtype: str) -> list[dict[str, Any]]:
    """Those that are still there when both sides are measured again, by turns."""
    count = str(threads)
    probable = suspects(rows, count, PROBABLE)
    for _, i, j in probable:
        pair = [Training(rows[k]["point"], dtype) for k in (i, j)]
        for _ in range(6):
            for k, training in zip((i, j), pair):
                again = training.measure(threads, seconds / 3)
                rows[k]["seconds"][count] = min(rows[k]["seconds"][count], again)
    return [
        {"kind": kind, "threads": threads, "dear": rows[i]["value"], "than": rows[j]["value"],
         "times": ratio(kind, rows[i], rows[j], count)}
        for kind, i, j in suspects(rows, count, CLIFF)
        if (kind, i, j) in probable
    ]  # fmt: skip


def show(name: str, scan: Scan, rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """A table of the scan, then its cliffs."""
    threads = list(rows[0]["seconds"])
    times = "".join(f" µs a step, {count} thread(s) |" for count in threads)
    print(f"\n{name}\n| {scan.varies} | network | batch | path |{times} ns / (1000 rows · weights), {threads[0]} |")
    print(f"|---:|---|---:|---|{'---:|' * (len(threads) + 1)}")
    for row in rows:
        widths, batch, _ = row["point"]
        net = (
            "-".join(map(str, widths)) if len(widths) < 8 else f"{widths[0]}-{widths[1]}×{len(widths) - 2}-{widths[-1]}"
        )
        times = "".join(f" {1e6 * row['seconds'][t]:.4g} |" for t in threads)
        each = 1e12 * row["seconds"][threads[0]] / row["work"]
        print(f"| {row['value']} | {net} | {batch} | {row['path']} |{times} {each:.3g} |", flush=True)
    for cliff in found:
        print(f"CLIFF {name}, {cliff['threads']} thread(s): {scan.varies} {cliff['dear']} is {cliff['times']:.2f} × "
              f"{cliff['than']} ({cliff['kind']})", flush=True)  # fmt: skip


def draw(scans: dict[str, Any], folder: str) -> None:
    """A picture a scan."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, result in scans.items():
        figure, (above, below) = pyplot.subplots(2, sharex=True, figsize=(8, 8), layout="constrained")
        rows = result["rows"]
        values = [row["value"] for row in rows]
        for count in rows[0]["seconds"]:
            times = [row["seconds"][count] for row in rows]
            above.loglog(values, [1e6 * t for t in times], "o-", label=f"{count} thread(s)")
            below.loglog(values, [1e12 * t / row["work"] for t, row in zip(times, rows)], "o-")
        above.set(title=name, ylabel="µs a step")
        below.set(xlabel=SCANS[name].varies, ylabel="ns a 1000 rows · weights")
        above.legend()
        figure.savefig(Path(folder) / f"{name}.png")
        pyplot.close(figure)


def main() -> None:
    """Scan, show, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", nargs="+", choices=SCANS, default=list(SCANS), metavar="NAME")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, get_num_threads()}))
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--seconds", type=float, default=0.03, help="for each point, in each round")
    parser.add_argument("--rounds", type=int, default=2, help="passes over the values, against a neighbour's bursts")
    parser.add_argument("--json", help="also write the results to this file")
    parser.add_argument("--plot", metavar="DIR", help="also draw each scan into this folder, by matplotlib")
    given = parser.parse_args()
    results: dict[str, Any] = {}
    for name in given.scans:
        rows = scanned(SCANS[name], given.threads, given)
        found = [cliff for t in given.threads for cliff in cliffs(rows, t, given.seconds, given.dtype)]
        show(name, SCANS[name], rows, found)
        results[name] = {"rows": rows, "cliffs": found}
        if given.json:
            Path(given.json).write_text(json.dumps(results, indent=1))
    if given.plot:
        draw(results, given.plot)


if __name__ == "__main__":
    main()
