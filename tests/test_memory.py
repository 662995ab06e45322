"""Data are read where they lie, nothing is kept that is not needed, and the report of it tells the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fastmlp
import numpy as np
import pytest
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input
from fastmlp.models import Sequential

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "bench_memory.py"


def can_measure():
    """Whether this system counts the peak of a process anew when asked to, and no sanitizer takes memory of its own."""
    if "san" in os.environ.get("LD_PRELOAD", ""):
        return False
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return "RssFile" in Path("/proc/self/status").read_text()


MEASURES = pytest.mark.skipif(not can_measure(), reason="nothing counts what this process takes at most")


@MEASURES
@pytest.mark.parametrize(
    ("kind", "megabytes"),
    [("float32", 60), ("uint8", 60), ("images", 60), ("strided", 60), ("columns", 60), ("memmap", 320)],
)
def test_data_are_not_copied(kind, megabytes):
    if not BENCHMARK.is_file():
        pytest.skip("the benchmarks are not beside the tests")
    command = [sys.executable, str(BENCHMARK), "--json", "--kinds", kind, "--megabytes", str(megabytes)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)[kind]
    little = 0.04 * found["x"]
    assert found["a copy"] > 0.95 * found["x"], "a copy would be seen"
    assert found["fit"] < little
    assert found["evaluate"] < little
    assert found["predict"] < little + 4 * 10 * found["rows"], "beside what it returns"


RESIDENT = """
_core.set_thread_grain(-1.0)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
"""

MANY_CALLS = """
import gc, sys
from fastmlp.layers import Dense, Input
x, y = np.random.default_rng(0).random((64, 5)), np.arange(64) % 3
model = fastmlp.Sequential([Input(shape=(5,)), Dense(8, "relu"), Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
def calls(times):
    for i in range(times):
        model.fit(x, y, verbose=0, validation_split=0.25)
        model.train_on_batch(x[: 1 + i % 64], y[: 1 + i % 64])
        model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)
        model(x, training=True)
        model.set_weights(model.get_weights())
        try:
            model.fit(x, y[:5], verbose=0)
        except ValueError:
            pass
    gc.collect()
    return sys.getallocatedblocks(), resident()
calls(200)
before = calls(100)
print(*(b - a for a, b in zip(before, calls(1500))))
"""

MANY_MODELS = """
import gc
from fastmlp.layers import Dense, Input
def models(count):
    for _ in range(count):
        model = fastmlp.Sequential([Input(shape=(300,)), Dense(300, "relu"), Dense(300)])
        model.compile("adam", "mse")
        model.fit(np.zeros((8, 300)), np.zeros((8, 300)), verbose=0)
        model.fit(np.zeros((64, 300)), np.zeros((64, 300)), batch_size=64, verbose=0)
        model.compile("sgd", "mse")
        model.predict(np.zeros((8, 300)), verbose=0)
        size = model.memory_report().network
        del model
        gc.collect()
    return size
models(10)
before = resident()
network = models(30)
print(network, resident() - before)
"""


@MEASURES
def test_thousands_of_calls_leave_nothing_behind(script):
    objects, more = map(int, script(RESIDENT + MANY_CALLS).split())
    assert objects < 300, "one in five rounds of calls"
    assert more < 2**20


@MEASURES
def test_models_that_go_leave_nothing_behind(script):
    network, more = map(int, script(RESIDENT + MANY_MODELS).split())
    assert network > 10**6
    assert more < 10 * network, "thirty models came and went"


CYCLES = """
sys.path.insert(0, os.environ["TESTS"])
import cycles
print(*cycles.main(160, stretches=4))
"""


@MEASURES
def test_all_kinds_of_models_come_and_go(script):
    """The long form, `python tests/cycles.py 100000`, sees a leak of bytes; this one that of models."""
    *_, told = script(CYCLES, TESTS=str(Path(__file__).parent), OMP_NUM_THREADS="1").splitlines()
    grown, objects = map(float, told.split())
    assert grown < 8192
    assert objects < 3, "a cycle: one model is hundreds"


LARGE_MODELS = """
import gc
from fastmlp.layers import Dense, Input
gc.disable()
before = resident()
for _ in range(16):
    model = fastmlp.Sequential([Input(shape=(2000,)), Dense(2000)])
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 2000)), np.zeros((2, 2000)), verbose=0)
print(model.memory_report().network, resident() - before)
"""


@MEASURES
def test_large_models_that_go_are_found_soon(script):
    """A model and the history of its training know each other: it takes a collector that is told to look."""
    network, more = map(int, script(RESIDENT + LARGE_MODELS).split())
    assert network > 48e6
    assert more < 2**28 + 4 * network < 10 * network


# ---- the report


def made(*layers, optimizer="adam"):
    model = Sequential([Input(shape=(784,)), *layers, Dense(10)])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(("optimizer", "slots"), [("sgd", 0), ("rmsprop", 1), ("adam", 2)])
def test_weights_and_state_are_counted(optimizer, slots):
    model = made(Dense(128, "relu"), optimizer=optimizer)
    report = model.memory_report()
    assert report.batch_size == 32
    assert report.weights == 4 * model.count_params() == 4 * (784 * 128 + 128 + 1280 + 10)
    assert report.optimizer == slots * report.weights
    rows = 784 + 2 * 128 + 3 * 10  # what there is of each row at least: x, Y and dZ of each layer, the target
    assert 4 * 32 * rows < report.buffers < 4 * (32 + 256) * 3 * rows
    assert report.network == model._program.network.bytes
    assert report.data == report.copies == 0


def test_weights_that_do_not_learn_have_no_state():
    model = made(Dense(16), BatchNormalization(), Dropout(0.5))
    report = model.memory_report()
    moments = 4 * 2 * 16
    assert report.weights == 4 * model.count_params()
    assert report.optimizer == 2 * (report.weights - moments)


def test_a_larger_batch_asks_for_more_and_is_not_made_by_asking():
    model = made(Dense(64))
    sizes = [model.memory_report(batch_size=n).buffers for n in (32, 64, 1024)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[2] - sizes[1] >= 4 * 960 * (784 + 2 * 64)
    assert model._program.network.batch == 32
    assert model.memory_report().buffers == sizes[0]


def test_once_it_has_trained_values_are_kept_once(rng):
    model = made(Dense(64, "softmax"))
    assert model.memory_report().variables >= 3 * 4 * model.count_params()
    model.fit(rng.random((64, 784)), np.zeros(64, int), verbose=0)
    assert model.memory_report().variables <= 16, "the learning rate"
    model.get_weights()
    assert model.memory_report().variables <= 16, "reading keeps nothing"
    model.set_weights(model.get_weights())
    assert model.memory_report().variables >= 4 * model.count_params()


def test_data_are_reported():
    model = made(Dense(64))
    x, y = np.zeros((1000, 784), np.uint8), np.zeros(1000, np.uint8)
    report = model.memory_report(x, y)
    assert report.data == x.nbytes + y.nbytes
    assert report.copies == 1000 * (8 + 4)
    assert report.total == report.network + report.variables + report.copies


def test_it_is_a_table():
    text = str(made(Dense(64)).memory_report(np.zeros((1000, 784), np.uint8), np.zeros(1000, np.uint8)))
    parts = [line[:30].strip() for line in text.splitlines()]
    assert parts == ["weights", "optimizer's state", "buffers for a batch of 32", "variables outside the network",
                     "made of the data", "total", "data, read in place"]  # fmt: skip
    assert len({len(line) for line in text.splitlines()}) == 1
    assert text.endswith(" 766.60 KB")


def test_a_model_that_only_predicts_has_less():
    plain = Sequential([Input(shape=(784,)), Dense(64), Dense(10)])
    report = plain.memory_report()
    assert report.optimizer == 0
    assert report.weights == 4 * plain.count_params()
    assert report.network <= made(Dense(64)).memory_report().network


def test_what_it_cannot_report():
    with pytest.raises(RuntimeError, match="memory_report: expected a built model"):
        fastmlp.Sequential([Dense(3)]).memory_report()
    with pytest.raises(ValueError, match="memory_report: batch_size: expected a whole number of at least 1"):
        made().memory_report(batch_size=0)
    with pytest.raises(ValueError, match="memory_report: expected x with 784 columns"):
        made().memory_report(np.zeros((3, 5)))
