"""The peers of the benchmarks train as the NumPy program does: one that fails would only be left out of its table."""

from __future__ import annotations

import pytest
from fastmlp.bench import contestants, results
from fastmlp.bench.peers import Comparison
from fastmlp.bench.workloads import WORKLOADS, Problem

PEERS = [name for name in contestants.CONTESTANTS if name not in (contestants.OURS, contestants.REFERENCE)]
SHOWN = ["tiny", "digits"]  # SGD and Adam, float32 and float64, with a penalty, with a smaller last batch


def trained(name, workload):
    """What its process reports, without a time."""
    if absent := contestants.missing(name):
        pytest.skip(f"{', '.join(absent)} not installed")
    return Comparison([workload], [name], [1], 0).row(name, workload, threads=1, seconds=0)


@pytest.mark.parametrize("workload", SHOWN)
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_comes_to_the_loss_of_the_numpy_program(name, workload):
    reference = trained(contestants.REFERENCE, workload)["loss"]
    row = trained(name, workload)
    results.judge([row], reference)
    problem = Problem(WORKLOADS[workload])
    assert row["agrees"], row
    assert reference < 0.9 * problem.loss(problem.weights), "they did train"


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_mixed_precision_differs_from_float32(name):
    mixed, full = (trained(name, workload)["loss"] for workload in ("wide-bfloat16", "wide"))
    assert mixed != full
    assert mixed == pytest.approx(full, rel=WORKLOADS["wide-bfloat16"].bound)
