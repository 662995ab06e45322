"""Data taken as it is, nothing that depends on how a run is cut into calls, state that resumes, and bad input."""

from __future__ import annotations

import contextlib
import threading
import time

import fastmlp
import numpy as np
import pytest
from fastmlp import _core
from fastmlp.layers import Dense, Input
from network_cases import ADAM, BINARY, CROSS, MSE, SGD, SHAPES, data, network, train, train_twin, weights
from tolerance import assert_trained_alike


@pytest.mark.parametrize("shape", SHAPES)
def test_cutting_a_run_changes_nothing(shape, dtype, every_thread):
    """Any number of steps a call, any threads, and steps by hand over the same rows: the same bits."""
    loss = CROSS if SHAPES[shape][1][-1] > 1 else BINARY
    ends = {}
    for label, threads, steps in (("whole", 1, 1 << 40), ("one by one", 2, 1), ("threes", 5, 3)):
        _core.set_threads(threads)
        net, _ = network(shape, dtype, loss, ADAM, logits=True)
        x, y, order = data(net, net.batch * 7 + 2, dtype)
        train(net, x, y, order, steps=steps)
        ends[label] = b"".join(w.tobytes() for w in weights(net))
    net, _ = network(shape, dtype, loss, ADAM, logits=True)
    for rows in np.split(order, range(net.batch, len(order), net.batch)):
        train(net, np.ascontiguousarray(x[rows]), y[rows], None)
    ends["by hand"] = b"".join(w.tobytes() for w in weights(net))
    assert len(set(ends.values())) == 1, [k for k, v in ends.items() if v != ends["whole"]]


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_resuming_from_read_state(shape, dtype):
    """Weights, slots and the step, written into a fresh network, go on to the same bits."""
    one, _ = network(shape, dtype, MSE, ADAM)
    x, y, order = data(one, one.batch * 8, dtype)
    half = one.batch * 4
    train(one, x, y, order[:half])
    two, _ = network(shape, dtype, MSE, ADAM, seed=99)
    for layer in range(one.count):
        for part in range(2 + 2 * one.slots):
            two.set(layer, part, one.get(layer, part))
    two.step = one.step
    for net in (one, two):
        train(net, x, y, order[half:])
    assert [w.tobytes() for w in weights(one)] == [w.tobytes() for w in weights(two)]
    two.step = 0
    train(one, x, y, order), train(two, x, y, order)
    assert [w.tobytes() for w in weights(one)] != [w.tobytes() for w in weights(two)], "the step must matter"


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_data_is_taken_as_it_is(shape, dtype, tmp_path):
    """Types, strides, memory maps: the bits of the converted array, and the source untouched."""
    net, _ = network(shape, dtype, MSE, SGD)
    x, y, order = data(net, 100, dtype)
    x = np.round(x * 20).clip(-100, 100)
    ends = []
    mapped = np.memmap(tmp_path / "x", np.int16, "w+", shape=x.shape)
    mapped[:] = x
    twice = np.zeros((200, 2 * x.shape[1]))
    twice[::2, ::2] = x
    sources = [x, x.astype(np.int8), mapped, twice[::2, ::2], np.asfortranarray(x), x.astype(">f4")]
    targets = [y, y.copy(order="F"), y[::1], y.astype(y.dtype.newbyteorder()), y, y]
    for source, target in zip(sources, targets, strict=True):
        net, _ = network(shape, dtype, MSE, SGD)
        before = source.tobytes(), target.tobytes()
        train(net, source, target, order)
        assert (source.tobytes(), target.tobytes()) == before
        ends.append((b"".join(w.tobytes() for w in weights(net)), net.predict(source).tobytes()))
    assert len(set(ends)) == 1


def test_the_clock_stops_a_run():
    net, _ = network("plain-wide", np.float32, CROSS, ADAM, logits=True)
    x, y, order = data(net, 320, np.float32)
    run = _core.Run(net, x, y)
    run.start(np.tile(order, 20), 32)
    calls = 1
    while not net.train(run, 1 << 40, 1e-3):
        calls += 1
    assert 1 < calls <= 200
    assert run.done[:2] == (6400, 200)


def test_learning_rate_may_change():
    net, _ = network("plain", np.float64, MSE, SGD)
    x, y, order = data(net, net.batch, np.float64)
    net.set_learning_rate(0.0)
    before = weights(net)
    train(net, x, y, order)
    assert all((a == b).all() for a, b in zip(before, weights(net), strict=True))
    net.set_learning_rate(0.5)
    train(net, x, y, order)
    assert any((a != b).any() for a, b in zip(before, weights(net), strict=True))


def test_ignored_labels():
    loss = ("sparse_categorical_crossentropy_logits", (7,))
    net, twin = network("plain", np.float64, loss, SGD, logits=True)
    x, y, order = data(net, 66, np.float64)
    start = net.get(0, 0)
    train(net, x, y, order)
    train_twin(twin, x, y, order, net.batch)
    assert (y == 7).any()
    assert_trained_alike(net.get(0, 0), twin.weights[0][0], start)


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_rows_that_predict_sees_alone(shape, dtype, every_thread):
    """A row's prediction does not depend on its neighbours, nor on the threads."""
    net, _ = network(shape, dtype, MSE, SGD)
    x = np.random.default_rng(1).normal(size=(700, net.inputs)).astype(dtype)
    whole = net.predict(x)
    assert np.ptp(whole) > 0
    for threads in (2, 3, 8):
        _core.set_threads(threads)
        assert net.predict(x).tobytes() == whole.tobytes()
    assert net.predict(x, np.arange(699, -1, -1)).tobytes() == whole[::-1].tobytes()
    assert b"".join(net.predict(x[i : i + 1]).tobytes() for i in range(20)) == whole[:20].tobytes()
    assert net.predict(x[:0]).shape == (0, net.outputs)


def test_nan_reaches_the_loss_and_the_weights(dtype):
    for shape in ("plain", "tiny", "sharded"):
        net, _ = network(shape, dtype, MSE, SGD)
        x, y, order = data(net, net.batch, dtype)
        x[0, 0] = np.nan
        assert np.isnan(train(net, x, y, order).done[2])
        assert np.isnan(net.get(0, 0)).any()


def wait_until_busy(net):
    """Until another thread computes with it: the call keeps the GIL, so it cannot get in that thread's way."""
    with contextlib.suppress(RuntimeError):
        while True:
            net.set_learning_rate(1e-2)
            time.sleep(0)


def test_one_call_at_a_time():
    net, _ = network("plain-wide", np.float32, CROSS, ADAM, logits=True)
    x, y, order = data(net, 320, np.float32)
    run = _core.Run(net, x, y)
    calls = [
        lambda: net.predict(x[:1]),
        lambda: net.get(0, 0),
        lambda: net.step,
        lambda: setattr(net, "step", 1),
        lambda: net.set_learning_rate(1e-2),
    ]
    for call in calls:
        run.start(np.tile(order, 1000), 32)
        worker = threading.Thread(target=net.train, args=(run, 1 << 40, 1.0))
        worker.start()
        wait_until_busy(net)
        with pytest.raises(RuntimeError, match="one call at a time"):
            call()
        worker.join()
    assert net.predict(x[:1]).shape == (1, 10)


def test_predictions_run_at_once(dtype, every_thread):
    """In threads of Python and in those of C, each in a lane; whoever would change the network is told so."""
    net, _ = network("plain", dtype, CROSS, ADAM, logits=True)
    inputs = [data(net, rows, dtype, seed)[0] for seed, rows in enumerate((1, 3, 84, 85, 300, 1, 500, 20))]
    want = [net.predict(x).tobytes() for x in inputs]
    many = np.broadcast_to(inputs[0], (300_000, net.inputs))
    found, refused = [], set()

    def predict(i):
        found.extend(net.predict(inputs[i]).tobytes() == want[i] for _ in range(50))

    pool = [threading.Thread(target=predict, args=(i,)) for i in range(8)]
    long = threading.Thread(target=net.predict, args=(many,))
    for thread in (long, *pool):
        thread.start()
    while any(thread.is_alive() for thread in (long, *pool)):
        try:
            net.set(0, 1, net.get(0, 1))
        except RuntimeError as error:
            refused.add(str(error).split(";")[0])
        time.sleep(0)
    assert found == [True] * 400
    assert refused == {"Network: expected no predictions under way, got some of another thread"}
    net.set(0, 1, net.get(0, 1))
    assert [net.predict(x).tobytes() for x in inputs] == want


def test_lanes_are_used_again():
    """There are as many as were ever in use at once, whatever came in between."""
    net, _ = network("plain", np.float32, MSE, SGD)
    x, y, _ = data(net, 300, np.float32)
    _core.set_threads(1)
    before = net.bytes
    net.predict(x)
    one = net.bytes - before
    assert 0 < one < 300 * (net.inputs + 65 + 33 + 2 * 40 + 5 * 32) * 4
    for _ in range(20):
        net.predict(x)
        net.evaluate(_core.Run(net, x, y))
        with pytest.raises(ValueError, match="expected shape"):
            net.predict(x[:, 1:])
    assert net.bytes == before + one


def test_an_order_is_not_changed_under_a_run():
    """Neither by writing into the array it was given as, nor by a start that fails, nor by one during training."""
    net, _ = network("plain-wide", np.float32, CROSS, ADAM, logits=True)
    x, y, order = data(net, 320, np.float32)
    run = _core.Run(net, x, y)
    given = order.copy()
    run.start(given, 32)
    given[:] = 10**12
    with pytest.raises(IndexError):
        run.start(given, 8)
    with pytest.raises(TypeError):
        net.train(None, 1, 0)
    with pytest.raises(TypeError):
        net.evaluate(None)
    with pytest.raises(TypeError):
        _core.Run.__new__(_core.Run)
    assert net.train(run, 1 << 40, 0)
    assert run.done[:2] == (320, 10)
    run.start(np.tile(order, 1000), 32)
    worker = threading.Thread(target=net.train, args=(run, 1 << 40, 1.0))
    worker.start()
    wait_until_busy(net)
    with pytest.raises(RuntimeError, match="a start between calls"):
        run.start(order, 32)
    worker.join()


def test_no_rows_at_all():
    net, _ = network("tiny", np.float32, BINARY, ADAM, logits=True)
    x, y, _ = data(net, 5, np.float32)
    run = _core.Run(net, x, y)
    run.start([], 4)
    assert net.train(run, 1, 0)
    assert run.done == (0, 0, 0.0)
    assert net.evaluate(run).shape == (0,)
    assert net.predict(x, []).shape == (0, 1)


def test_bad_input_is_refused():
    net, _ = network("plain", np.float32, CROSS, ADAM, logits=True)
    other, _ = network("plain", np.float32, CROSS, ADAM, logits=True)
    x, y, _ = data(net, 20, np.float32)

    def bad(inputs=1, batch=1, layers=({"units": 9, "activation": ("relu", ())},), loss=MSE):
        return lambda: _core.Network("float32", inputs, batch, list(layers), loss, SGD)

    cases = [
        (ValueError, "expected shape .rows, 50.", lambda: _core.Run(net, x[:, :3], y)),
        (ValueError, "expected shape .20,., got .19", lambda: _core.Run(net, x, y[:19])),
        (ValueError, "labels from 0 to 39, got 40 in row 3", lambda: _core.Run(net, x, [0, 0, 0, 40] * 5)),
        (TypeError, "integer labels", lambda: _core.Run(net, x, y * 1.0)),
        (ValueError, "one weight a row", lambda: _core.Run(net, x, y, np.ones(3))),
        (ValueError, "another's", lambda: net.train(_core.Run(other, x, y), 1, 0)),
        (ValueError, "1 to 33 rows, got 34", lambda: _core.Run(net, x, y).start(None, 34)),
        (IndexError, "rows 0 to 19", lambda: _core.Run(net, x, y).start([20], 4)),
        (ValueError, "expected shape .50, 65.", lambda: net.set(0, 0, np.zeros((65, 50)))),
        (IndexError, "an operation below 3", lambda: net.get(3, 0)),
        (ValueError, "expected 0 or more", lambda: setattr(net, "step", -1)),
        (ValueError, "loss: expected one of", bad(loss=("mae", ()))),
        (ValueError, "sizes", bad(layers=())),
        (TypeError, "NoneType", bad(layers=({"units": 9, "activation": None},))),
        (ValueError, "sizes of 1 or more, got 0", bad(layers=({"units": 0, "activation": ("relu", ())},))),
        (MemoryError, "no memory", bad(2**40, 2**40)),
        (MemoryError, "no memory for a size", bad(2**63 - 1)),
        (MemoryError, "no memory for a size", bad(1, 2**63 - 1)),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()


@pytest.mark.parametrize(
    "kind",
    [
        "f2",
        "f4",
        "f8",
        ">f4",
        "?",
        "u1",
        "u2",
        "u4",
        "u8",
        "i1",
        "i2",
        "i4",
        ">i4",
        "i8",
        "longlong",
        "ulonglong",
        "intc",
    ],
)
def test_rows_that_need_no_conversion(kind):
    x = np.ones((4, 6, 5), kind)
    for rows in (x, x[::2], x[::-1], x.transpose(2, 0, 1).copy().transpose(1, 2, 0), x[:0]):
        assert _core.is_rows(rows, (6, 5))
    net, _ = network("plain", np.float32, MSE, SGD)
    rows = np.arange(150).reshape(3, 50) % 2
    assert net.predict(rows.astype(kind)).tobytes() == net.predict(rows.astype(np.float32)).tobytes()


def test_rows_that_need_one():
    x = np.ones((4, 6, 5))
    others = [x.tolist(), x[0], x[..., None], x[:, :, 1:], x.astype(complex), x.astype(object), x.astype("U"), None,
              x.astype("m8[s]"), np.ma.array(x), np.rec.array(x), np.zeros((4, 6, 5), "V4")]  # fmt: skip
    assert not any(_core.is_rows(other, (6, 5)) for other in others)


def test_evaluation_does_not_depend_on_threads(every_thread):
    """Also where a metric looks at all the rows it is given: whether targets are 0 and 1, or -1 and 1, say."""
    model = fastmlp.Sequential([Input(shape=(3,)), Dense(1, "tanh")])
    model.compile("sgd", "mse", metrics=["hinge", "squared_hinge"])
    x = np.random.default_rng(0).normal(size=(420, 3))
    for rows in (84, 169, 420):
        y, found = np.where(np.arange(rows) < 42, 0.0, -1.0), {}
        for threads in range(1, 9):
            _core.set_threads(threads)
            found[threads] = model.evaluate(x[:rows], y, verbose=0, batch_size=rows)
        assert all(got == found[1] for got in found.values()), found


@pytest.mark.parametrize("compiled", [True, False])
def test_threads_are_hired_by_the_work_there_is(compiled, script):
    """Each has a lane. What a step of training takes beside its rows is no work of a prediction."""
    text = """
from fastmlp.layers import Dense, Input
_core.set_thread_grain(-1.0)
fastmlp.set_num_threads(3)
model = fastmlp.Sequential([Input(shape=(784,)), Dense(128, "relu"), Dense(10)])
if COMPILED:
    model.compile("adam", "mse")
x = np.zeros((1000, 784), np.float32)
sizes = []
for rows in (1, 80, 120, 1000):  # 2 µs each; 100 µs pay for a thread
    model(x[:rows])
    sizes.append(model._program.network.bytes)
print([size > sizes[0] for size in sizes])
"""
    assert script(text.replace("COMPILED", str(compiled))) == "[False, False, True, True]"
