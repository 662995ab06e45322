"""The benchmarks' workloads, shrunk to a few rows: fastmlp trains them to the loss of the NumPy program."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import fastmlp
import numpy as np
import pytest

workloads = pytest.importorskip("workloads", reason="the benchmarks are not beside the tests")
contestants = pytest.importorskip("contestants")
results = pytest.importorskip("results")


def shrunk(workload):
    """Five whole batches and a smaller one."""
    return dataclasses.replace(workload, rows=43, batch=8)


def trained(name, problem):
    """The loss a contestant comes to, and the contestant."""
    contestant = contestants.load(name)(problem, threads=1)
    for order in problem.orders:
        contestant.epoch(order)
    return problem.loss(contestant.weights()), contestant


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """No MNIST, and the number of threads as it was."""
    monkeypatch.delenv("FASTMLP_DATA", raising=False)
    yield
    fastmlp.set_num_threads(None)


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_losses_agree(name, monkeypatch):
    monkeypatch.setattr(workloads, "STEPS", 8)  # more, and the widest knows the few rows by heart
    problem = workloads.Problem(shrunk(workloads.WORKLOADS[name]))
    start = problem.loss(problem.weights)
    ours, contestant = trained("fastmlp", problem)
    reference, _ = trained("numpy", problem)
    scale = start if problem.workload.dropout else reference  # on few rows other masks are much
    assert ours == pytest.approx(reference, abs=problem.workload.bound * scale)
    assert abs(reference - start) > 3 * abs(ours - reference), "they did train"
    assert min(contestant.times(1e-9)) > 0


def test_the_reference_descends_along_the_gradient():
    """Its gradient is the loss's, by differences; so both cannot be wrong alike."""
    problem = workloads.Problem(dataclasses.replace(workloads.WORKLOADS["digits"], rows=20, batch=20, l2=0.0))
    reference = contestants.load("numpy")(problem, threads=1)
    reference._differentiate(problem.x, problem.y)
    slopes = np.concatenate([slope.ravel() for slope in reference.slopes])
    direction = np.random.default_rng(5).normal(size=slopes.size)
    start, h = reference.flat.copy(), 1e-6
    losses = []
    for sign in (1, -1):
        reference.flat[:] = start + sign * h * direction
        losses.append(problem.loss(reference.weights()))
    assert (losses[0] - losses[1]) / (2 * h) == pytest.approx(slopes @ direction, rel=1e-6)


def test_all_go_through_the_same_rows():
    tabular, cat = (workloads.Problem(dataclasses.replace(workloads.WORKLOADS[name], rows=rows))
                    for name, rows in (("tabular", 60 * 1024 + 5), ("cat", 209)))  # fmt: skip
    (order,) = tabular.orders
    assert len(set(order)) == 50 * 1024 + 5, "an epoch cut short, its last batch a small one"
    assert [sorted(order) for order in cat.orders] == [list(range(209))] * 50
    assert not np.array_equal(cat.orders[0], cat.orders[1])


def row(contestant, loss, seconds, **more):
    measured = {"loss": loss, "seconds": seconds, "times": [seconds], "differs": "", "gflops": 1.0}
    return {"contestant": contestant, "workload": "tiny", "threads": 1, **measured, **more}


def test_only_times_of_the_same_loss_count(capsys):
    rows = [
        row("fastmlp", 0.5, 1e-3),
        row("jax", 0.5001, 4e-3),
        row("numpy", 0.5, 2e-3),
        row("torch", 0.6, 1e-4),
        row("sklearn", 0.6, 1e-4, differs="Adam"),
        {"contestant": "keras-jax", "workload": "tiny", "threads": 1, "skipped": "keras not installed"},
    ]
    results.judge(rows, 0.5)
    assert [row["counts"] for row in rows] == [True, True, True, False, False, False]
    assert rows[0]["ratio"] == pytest.approx(0.5)
    assert rows[1]["ratio"] == pytest.approx(2)
    results.show(rows, {"threads": 1, "peak": {"float32": 10.0}}, first=True)
    text = capsys.readouterr().out
    assert "| tiny | fastmlp | 1 | 0.50 | 1 | 10% | 0.5 (+0e+00) |" in text
    assert "| tiny | torch | other loss |" in text
    assert "| tiny | sklearn | 0.1 (Adam) |" in text
    assert "skipped: keras not installed" in text


def test_the_script_measures_in_processes_of_their_own(tmp_path):
    script, file = Path(results.__file__).with_name("bench_peers.py"), tmp_path / "found.json"
    chosen = ["--workloads", "tiny", "--contestants", "fastmlp", "numpy", "--threads", "1", "--seconds", "0.01"]
    command = [sys.executable, str(script), *chosen, "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(file.read_text())
    assert min(table["peak"].values()) > 0
    assert {row["contestant"]: row["counts"] for row in table["rows"]} == {"fastmlp": True, "numpy": True}
