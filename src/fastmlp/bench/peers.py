"""Contestants on workloads, each in a process of its own that has so many cores and is told so many threads.

First all train alike, from the same weights over the same batches (50 or more), and the loss they come to is compared
with that of the NumPy program: only who comes to the same has its time counted. The loss may be off by 0.2 % (some
peers have ε elsewhere, PyTorch in Adam), fastmlp's by 0.1 % and in float64 by 1e-6 of it; by 1 % in bfloat16, by a
quarter with dropout, whose masks are each one's own. Then come, in orders of each one's own, an epoch to warm up and
those that are timed, as many as fit into the given seconds; compilation is not in it. Where a batch has all rows,
nobody shuffles them. Of several rounds, in which all take their turn anew, the least median is the figure: what else a
machine does meanwhile only ever adds to it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastmlp.bench import contestants, limits, results
from fastmlp.bench.processes import elsewhere, threads_of_all
from fastmlp.bench.workloads import WORKLOADS

Row = dict[str, Any]


def limits_of(threads: int) -> limits.Limits:
    """What the machine allows so many threads."""
    found = elsewhere(["-m", "fastmlp.bench.limits", threads], threads, threads_of_all(threads), 120)
    if "skipped" in found:
        raise ChildProcessError(f"limits: expected a measurement, got {found['skipped']}; run python -m fastmlp info")
    return found


@dataclass(frozen=True)
class Comparison:
    """Who is compared on what, how long each is timed, and after how long it is given up."""

    workloads: Sequence[str]
    contestants: Sequence[str]
    threads: Sequence[int]
    seconds: float
    timeout: float = 900
    rounds: int = 1

    def row(self, name: str, workload: str, threads: int, seconds: float) -> Row:
        """One contestant on one workload."""
        found: Row = {"contestant": name, "workload": workload, "threads": threads}
        if absent := contestants.missing(name):
            return found | {"skipped": f"{', '.join(absent)} not installed"}
        environment = contestants.environment(name, threads, WORKLOADS[workload].dtype)
        program = ["-m", "fastmlp.bench.one", name, workload, threads, seconds]
        found |= elsewhere(program, threads, environment, self.timeout)
        if times := found.pop("times", []):
            found |= {"seconds": statistics.median(times), "least": min(times), "epochs": len(times)}
        return found

    def rows(self, workload: str, threads: int, reference: float | None) -> list[Row]:
        """All contestants on one workload, judged; the loss to compare with is the NumPy program's, unless known."""
        names = sorted(self.contestants, key=lambda name: name != contestants.REFERENCE)
        if reference is None and contestants.REFERENCE not in names:
            reference = self.row(contestants.REFERENCE, workload, threads, 0).get("loss")
        best: dict[str, Row] = {}
        for _ in range(self.rounds):
            for name in names:
                row = self.row(name, workload, threads, self.seconds)
                if name not in best or row.get("seconds", math.inf) < best[name].get("seconds", math.inf):
                    best[name] = row
        rows = list(best.values())
        if reference is None and rows:
            reference = rows[0].get("loss")
        results.judge(rows, reference)
        return rows

    def tables(self) -> Iterator[tuple[Row, list[Row]]]:
        """After every workload the table of its number of threads, and the rows that are new in it."""
        references: dict[str, float | None] = {}
        for threads in self.threads:
            table: Row = {"threads": threads, "limits": limits_of(threads), "rows": []}
            for workload in self.workloads:
                rows = self.rows(workload, threads, references.get(workload))
                references[workload] = rows[0]["reference"] if rows else None
                for row in rows:
                    row["limit"] = limits.shortest_epoch(WORKLOADS[workload], table["limits"])
                table["rows"] += rows
                yield table, rows
