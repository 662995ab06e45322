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
from fastmlp import _core
from fastmlp.__main__ import main
from fastmlp.bench import contestants, limits, plot, results, workloads

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


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


def test_what_no_loss_would_tell_is_in_the_model():
    """Without dropout, or in float32, losses would still be as close as they must be."""
    dropping, mixed = (
        contestants.load("fastmlp")(workloads.Problem(shrunk(workloads.WORKLOADS[name])), threads=1).model
        for name in ("mnist-mlp", "wide-bfloat16")
    )
    assert [layer.rate for layer in dropping.layers if isinstance(layer, fastmlp.layers.Dropout)] == [0.2, 0.2]
    assert [layer.compute_dtype for layer in mixed.layers] == ["bfloat16"] * 3 + ["float32"]


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


LIMITS = {"threads": 1, "peak": {"float32": 1e9, "float64": 5e8}, "bandwidth": {"1000": 8e9, "1000000": 1e9}}


def test_the_shortest_epoch_is_products_optimizer_and_input():
    workload = dataclasses.replace(workloads.WORKLOADS["lecture"], widths=(4, 3, 2), rows=250, batch=100)
    assert workload.flops == 250 * (6 * (12 + 6) - 2 * 12)
    state = 3 * 4 * (15 + 8)  # w, m and v; below the least that was measured
    expected = workload.flops / 1e9 + 3 * 2 * state / 8e9 + 4000 / limits.rate_at(4000, LIMITS)
    assert limits.shortest_epoch(workload, LIMITS) == pytest.approx(expected)
    assert limits.rate_at(10**4.5, LIMITS) == pytest.approx(8**0.5 * 1e9), "between, on logarithmic scales"
    plain = dataclasses.replace(workload, optimizer="sgd", dtype="float64")
    assert limits.shortest_epoch(plain, LIMITS) == pytest.approx(
        workload.flops / 5e8 + 3 * 2 * 8 * 23 / 8e9 + 8000 / limits.rate_at(8000, LIMITS)
    )


def test_limits_are_measured(monkeypatch):
    monkeypatch.setattr(limits, "SIZES", (32 * 1024, 256 * 1024))
    monkeypatch.setattr(limits, "ROUNDS", 1000)
    found = limits.measured(1)
    assert found["peak"].keys() == {"float32", "float64"}
    assert list(found["bandwidth"]) == ["32768", "262144"]
    assert min([*found["peak"].values(), *found["bandwidth"].values()]) > 1e6
    assert limits.aligned(4096, "float64").ctypes.data % 64 == 0
    assert limits.aligned(4096, "float64").nbytes == 4096


def row(contestant, loss, seconds, **more):
    measured = {"loss": loss, "seconds": seconds, "differs": "", "limit": 1e-4}
    return {"contestant": contestant, "workload": "tiny", "threads": 1, **measured, **more}


def rows():
    found = [
        row("fastmlp", 0.5, 1e-3),
        row("jax", 0.5001, 4e-3),
        row("numpy", 0.5, 2e-3),
        row("torch", 0.6, 1e-4),
        row("sklearn", 0.6, 1e-4, differs="Adam"),
        {"contestant": "keras-jax", "workload": "tiny", "threads": 1, "skipped": "keras not installed"},
    ]
    results.judge(found, 0.5)
    return found


def test_only_times_of_the_same_loss_count(capsys):
    found = rows()
    assert [row["counts"] for row in found] == [True, True, True, False, False, False]
    assert found[0]["ratio"] == pytest.approx(0.5)
    assert found[1]["ratio"] == pytest.approx(2)
    results.show(found)
    text = capsys.readouterr().out
    assert "| tiny | fastmlp | 1 | 0.50 | 10% | 0.5 (+0e+00) |" in text
    assert "| tiny | torch | other loss |" in text
    assert "| tiny | sklearn | 0.1 (Adam) |" in text
    assert "skipped: keras not installed" in text


def test_the_compact_table_has_a_row_a_workload(tmp_path, capsys):
    file = tmp_path / "found.json"
    record = results.Record(["fastmlp", "numpy"], str(file))
    assert results.read(str(file))["tables"] == [], "kept from the beginning"
    record.add({"threads": 1, "limits": LIMITS, "rows": rows()}, rows())
    record.add({"threads": 2, "limits": LIMITS, "rows": rows()[:3]}, [])
    head, _, only = results.summary(results.read(str(file))).splitlines()
    assert head.split(" | ") == [
        "| ms an epoch, 1 / 2 thread(s)", "fastmlp", "of the best peer's", "of the limit", "numpy", "sklearn", "torch",
        "jax |",
    ]  # fmt: skip
    assert only == (
        "| tiny | 1 / 1 | 0.50 numpy / 0.50 numpy | 10% / 10% | 2 / 2 | (0.1) / – | – / – | 4 / 4 |"
    )  # fmt: skip
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(ValueError, match="expected results of bench_peers"):
        results.read(str(other))


def test_a_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    plot.draw([{"threads": 1, "rows": rows()}], str(tmp_path / "times.png"))
    assert (tmp_path / "times.png").stat().st_size > 1000


def kept(file):
    """What a command kept, after a look at its head."""
    found = json.loads(file.read_text())
    assert found["machine"]["level"] == _core.level()
    assert found["machine"]["versions"]["fastmlp"] == fastmlp.__version__
    (table,) = found["tables"]
    assert min(table["limits"]["peak"].values()) > 0
    assert all(row["epochs"] >= 1 and 0 < row["least"] <= row["seconds"] for row in table["rows"])
    return {row["contestant"]: row["counts"] for row in table["rows"]}


def test_the_command_measures_in_processes_of_their_own(tmp_path, capsys):
    file = tmp_path / "found.json"
    chosen = ["--peers", "none", "--threads", "1", "--seconds", "0.01", "--json", str(file)]
    assert main(["bench", *chosen]) == 0
    assert kept(file) == {"fastmlp": True}
    assert "GB/s of memory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["--peers", "matlab"], "--peers: expected none or some of numpy"),
        (["--threads", "0"], "--threads: expected"),
        (["--seconds", "0"], "--seconds: expected a number above 0"),
        (["--data", "nowhere"], "--data: expected a folder with mnist.npz"),
    ],
)
def test_the_command_refuses(chosen, message, capsys, monkeypatch):
    monkeypatch.setenv("FASTMLP_DATA", "")
    assert main(["bench", *chosen]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="the benchmarks are not beside the tests")
def test_the_script_measures_too(tmp_path):
    file = tmp_path / "found.json"
    chosen = ["--workloads", "tiny", "--contestants", "fastmlp", "numpy", "--threads", "1", "--seconds", "0.01"]
    command = [sys.executable, str(BENCHMARKS / "bench_peers.py")]
    subprocess.run([*command, *chosen, "--json", str(file)], capture_output=True, text=True, check=True)
    assert kept(file) == {"fastmlp": True, "numpy": True}
    done = subprocess.run([*command, "--table", str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[2].startswith("| tiny | ")


def test_nobody_imports_it_unasked():
    code = "import sys, fastmlp.__main__; print([name for name in sys.modules if name.startswith('fastmlp.bench')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="the benchmarks are not beside the tests")
def test_predictions_are_timed_in_processes_of_their_own():
    command = [sys.executable, str(BENCHMARKS / "bench_predict.py"), "--rows", "2", "--threads", "1", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    head, _, line = (line.strip("| ").split(" | ") for line in done.stdout.splitlines())
    figures = dict(zip(head, line, strict=False))
    assert min(float(figures[way]) for way in ("model(x)", "predict_on_batch", "predict", "NumPy")) > 0
