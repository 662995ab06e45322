"""Every kernel by itself, in GFLOP/s or GB/s and as a share of what the machine allows.

    python benchmarks/bench_kernels.py [--family products activation …] [--threads 1 2] [--dtype float32 float64]

Products are held against the peak of fused multiply-adds, all others against the bandwidth of memory of their size,
both measured in the same run. The kernels are those of the registries, so what is new is in the table. Bytes are those
that have to be read and written; time that goes into computing shows as a low share. Each figure is the best of several
repeats: what the code can do when the machine lets it. Each number of threads has a process of its own, since NumPy's
BLAS reads its setting once.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import products
from fastmlp import _core, get_num_threads
from fastmlp.bench import limits, machine
from fastmlp.bench.processes import elsewhere, threads_of_all
from fastmlp.bench.timing import best_each
from kernel_cases import FAMILIES, Case

CHOICES = ("products", *FAMILIES)


def rate(case: Case) -> dict[str, Any]:
    """Seconds of a call, and bytes a second."""

    def calls(times: int) -> None:
        for _ in range(times):
            case.call()

    seconds = best_each(calls, 0.002, 7)
    size = {"traffic": case.traffic, "footprint": case.footprint}
    return {"family": case.family, "name": case.name, "seconds": seconds, **size, "rate": case.traffic / seconds}


def measured(threads: int, dtype: str, families: list[str]) -> dict[str, Any]:
    """All of one element type, in this process."""
    allowed = limits.measured(threads)
    _core.set_threads(threads)
    _core.set_thread_grain(0.0)
    found: dict[str, Any] = {"threads": threads, "dtype": dtype, "limits": allowed, "products": [], "kernels": []}
    if "products" in families:
        found["products"] = [products.measured(shape, dtype, allowed["peak"][dtype]) for shape in products.SHAPES]
    for family in (FAMILIES[name] for name in families if name in FAMILIES):
        for case in family(dtype):
            row = rate(case)
            row["share"] = row["rate"] / limits.rate_at(case.footprint, allowed)
            found["kernels"].append(row)
    return found


def show(found: dict[str, Any]) -> None:
    """The tables of one number of threads and one element type."""
    print(f"\n{found['dtype']}, {_core.level()}, {found['threads']} thread(s)")
    print(*limits.text(found["limits"]), sep="\n")
    if found["products"]:
        products.show(found["products"], found["limits"]["peak"][found["dtype"]])
    if found["kernels"]:
        print("\n| family | kernel | µs | GB/s | of the bandwidth |\n|---|---|---:|---:|---:|")
    for row in found["kernels"]:
        time, speed = f"{1e6 * row['seconds']:.4g}", f"{row['rate'] / 1e9:.3g}"
        print(f"| {row['family']} | {row['name']} | {time} | {speed} | {row['share']:.0%} |", flush=True)


def main() -> None:
    """Measure each number of threads in a process of its own and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", nargs="+", choices=CHOICES, default=list(CHOICES), metavar="NAME")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, min(2, get_num_threads())}))
    parser.add_argument("--dtype", nargs="+", choices=limits.DTYPES, default=list(limits.DTYPES))
    parser.add_argument("--json", help="also keep the results in this file")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.threads[0], given.dtype[0], given.family)))
        return
    kept: dict[str, Any] = {"machine": machine.description(["numpy"]), "tables": []}
    print(*machine.text(kept["machine"]), sep="\n")
    for threads in given.threads:
        for dtype in given.dtype:
            program = [__file__, "--one", "--threads", threads, "--dtype", dtype, "--family", *given.family]
            found = elsewhere(program, threads, threads_of_all(threads))
            if "skipped" in found:
                raise SystemExit(f"bench_kernels: {found['skipped']}")
            show(found)
            kept["tables"].append(found)
            if given.json:
                Path(given.json).write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
