"""One contestant on one workload: its loss and the times of its epochs, as JSON.

python -m fastmlp.bench.one CONTESTANT WORKLOAD THREADS SECONDS
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fastmlp.bench import contestants
from fastmlp.bench.workloads import WORKLOADS, Problem


def measured(name: str, workload: str, threads: int, seconds: float) -> dict[str, Any]:
    """In this process; with 0 seconds no epoch is timed."""
    problem = Problem(WORKLOADS[workload])
    contestant = contestants.load(name)(problem, threads)
    for order in problem.orders:
        contestant.epoch(order)
    loss = problem.loss(contestant.weights())
    times = contestant.times(seconds) if seconds else []
    return {"loss": loss, "times": times, "differs": contestant.differs(problem.workload)}


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
