"""Programs: many steps in one call, on each path, against the float64 twin; data taken as it is; nothing that depends on
how a run is cut into calls."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from fastmlp import _core
from reference.network import Network as Twin
from test_losses import PARAMS as LOSS_PARAMS
from test_optimizers import PARAMS as OPTIMIZER_PARAMS
from tolerance import assert_close, assert_trained_alike

ADAM = ("adam", (0.9, 0.999, 1e-7, 0.0), 1e-2, {})
SGD = ("sgd", (), 0.1, {})
CROSS = ("sparse_categorical_crossentropy_logits", (-1,))
BINARY = ("binary_crossentropy_logits", (0.0,))
MSE = ("mean_squared_error", ())

# path: inputs, widths, activations, batch
SHAPES = {
    "plain": (50, (65, 33, 40), ("tanh", "sigmoid", "linear"), 33),
    "plain-wide": (784, (128, 10), ("tanh", "linear"), 32),
    "plain-one-layer": (40, (35,), ("linear",), 64),
    "tiny": (2, (8, 8, 1), ("tanh", "sigmoid", "linear"), 32),
    "tiny-many-rows": (7, (16, 5, 3), ("tanh", "softplus", "linear"), 75),
    "sharded": (300, (20, 7, 1), ("tanh", "sigmoid", "linear"), 41),
    "sharded-wide": (784, (16, 16, 10), ("sigmoid", "sigmoid", "linear"), 32),
    "sharded-one-layer": (129, (3,), ("linear",), 5),
}


def network(shape, dtype, loss, optimizer, logits=False, output=None, seed=3, per_layer=None, last="linear"):
    """An engine network and its twin with the same random weights, and the start to measure moves from."""
    inputs, widths, names, batch = SHAPES[shape]
    names = (*names[:-1], last)
    layers = [{"units": w, "activation": (a, ()), **(per_layer or {})} for w, a in zip(widths, names, strict=True)]
    net = _core.Network(dtype, inputs, batch, layers, loss, optimizer, output, logits, seed)
    assert net.path == shape.split("-")[0]
    twin = Twin(inputs, layers, loss, optimizer, output, logits, seed)
    twin.start(_core.optimizer_slots(optimizer[0], optimizer[1]))
    rng = np.random.default_rng(seed)
    for i, (k, w) in enumerate(zip((inputs, *widths), widths, strict=False)):
        for part, values in enumerate((rng.normal(size=(k, w)) / np.sqrt(k), rng.normal(size=w) * 0.1)):
            net.set(i, part, values)
            twin.weights[i][part] = net.get(i, part).astype(np.float64)
    return net, twin


def data(net, rows, dtype, seed=5):
    """Inputs, targets that suit the loss, and an order of the rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, net.inputs)).astype(dtype)
    if net.labels:
        y = rng.integers(0, net.outputs, rows)
    else:
        y = rng.uniform(0.1, 0.9, (rows, net.outputs)).astype(dtype)
        y /= y.sum(axis=1, keepdims=True) if net.outputs > 1 else 1
    return x, y, rng.permutation(rows)


def weights(net):
    return [net.get(i, p) for i in range(len(net_layers(net))) for p in (0, 1)]


def net_layers(net):
    layers = 0
    while True:
        try:
            net.get(layers, 0)
        except IndexError:
            return range(layers)
        layers += 1


def train(net, x, y, order, batch=None, weight=None, steps=1 << 40):
    """One pass, `steps` steps a call; the run."""
    run = _core.Run(net, x, y, weight)
    run.start(order, batch or net.batch)
    while not net.train(run, steps, 0):
        pass
    return run


def train_twin(twin, x, y, order, batch, weight=None):
    return sum(
        twin.train_on_batch(x[rows], y[rows], None if weight is None else weight[rows])
        for rows in np.split(order, range(batch, len(order), batch))
    )


def assert_same_course(shape, dtype, loss, optimizer, steps=20, weighted=False, **options):
    """A pass of `steps` batches, the last one ragged, ends where the twin's ends."""
    net, twin = network(shape, dtype, loss, optimizer, **options)
    x, y, order = data(net, net.batch * (steps - 1) + max(1, net.batch // 3), dtype)
    weight = np.random.default_rng(8).uniform(0, 2, len(x)) if weighted else None
    start = [w.astype(np.float64) for w in weights(net)]
    run = train(net, x, y, order, weight=weight)
    total = train_twin(twin, x.astype(np.float64), y, order, net.batch, weight)
    exact = [p for pair in twin.weights for p in pair]
    for i, (got, want, before) in enumerate(zip(weights(net), exact, start, strict=True)):
        if np.any(want != before):
            assert_trained_alike(got, want, before, label=f"layer {i // 2} part {i % 2}")
        else:
            np.testing.assert_array_equal(got, before)
    rows, done, loss_sum = run.done
    assert (rows, done) == (len(x), steps)
    np.testing.assert_allclose(loss_sum, total, rtol={"float32": 1e-4, "float64": 1e-10}[np.dtype(dtype).name])
    return net, twin, x, y, order


@pytest.mark.parametrize("shape", SHAPES)
def test_course_equals_twin(shape, dtype):
    loss = CROSS if SHAPES[shape][1][-1] > 1 else BINARY
    net, twin, x, y, order = assert_same_course(shape, dtype, loss, ADAM, logits=True)
    exact = twin.forward(x)[-1][1]
    assert_close(net.predict(x), exact, ulps=64, terms=400, scale=np.abs(exact).max() + 1, label="predict")
    run = _core.Run(net, x, y)
    run.start(order, net.batch)
    want = twin.losses_of(x[order], y[order])
    assert_close(net.evaluate(run), want, ulps=64, terms=400, scale=want.max() + 1, label="evaluate")


@pytest.mark.parametrize("name", _core.registry("loss"))
@pytest.mark.parametrize("shape", ["plain", "tiny-many-rows", "sharded-wide"])
def test_every_loss(name, shape):
    """Behind the output such a loss is used with: none for logits, else probabilities or positive numbers."""
    loss = (name, (-1,) if _core.registry("loss")[name].traits else LOSS_PARAMS.get(name, [()])[0])
    logits = name.endswith("_logits")
    probabilities = not logits and ("crossentropy" in name or name == "kl_divergence")
    output = ("softmax", ()) if probabilities and not name.startswith("binary") else None
    last = "sigmoid" if probabilities and output is None else "exponential" if name == "poisson" else "linear"
    rate = 1e-4 if "percentage" in name else 0.1  # a hundredfold gradient, which jumps where prediction meets target
    assert_same_course(
        shape, "float64", loss, ("sgd", (), rate, {}), logits=logits, output=output, last=last, weighted=True
    )


@pytest.mark.parametrize("name", _core.registry("optimizer"))
@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_every_optimizer(name, shape, dtype):
    optimizer = (name, OPTIMIZER_PARAMS[name][0], 1e-2, {"weight_decay": 0.01})
    assert_same_course(shape, dtype, MSE, optimizer)


@pytest.mark.parametrize(
    "rest",
    [
        {"clip_norm": 0.02},
        {"global_clip_norm": 0.05},
        {"clip_value": 1e-3},
        {"weight_decay": 0.1, "global_clip_norm": 0.05, "clip_value": 1e-3},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_clipping(rest, shape, dtype, every_thread):
    """Norms need every gradient before the first update: another route, the plain path's, for every shape."""
    inputs, widths, names, batch = SHAPES[shape]
    layers = [
        {"units": w, "activation": (a, ()), "l1": 1e-3, "l2": 1e-3} for w, a in zip(widths, names, strict=True)
    ]
    optimizer = ("adam", ADAM[1], 1e-2, rest)
    ends = set()
    for threads in (1, 3):
        _core.set_threads(threads)
        net = _core.Network(dtype, inputs, batch, layers, MSE, optimizer, None, False, 3)
        twin = Twin(inputs, layers, MSE, optimizer)
        twin.start(_core.optimizer_slots("adam", ADAM[1]))
        rng = np.random.default_rng(3)
        for i, (k, w) in enumerate(zip((inputs, *widths), widths, strict=False)):
            net.set(i, 0, rng.normal(size=(k, w)) / np.sqrt(k))
            twin.weights[i][0] = net.get(i, 0).astype(np.float64)
        x, y, order = data(net, batch * 9 + 1, dtype)
        start = [w.astype(np.float64) for w in weights(net)]
        train(net, x, y, order)
        train_twin(twin, x.astype(np.float64), y, order, batch)
        exact = [p for pair in twin.weights for p in pair]
        for got, want, before in zip(weights(net), exact, start, strict=True):
            assert_trained_alike(got, want, before)
        ends.add(b"".join(w.tobytes() for w in weights(net)))
    assert len(ends) == 1


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_regularisation_constraints_and_no_bias(shape, dtype):
    for per_layer in (
        {"l1": 0.01, "l2": 0.02, "bias_l1": 0.01, "bias_l2": 0.03},
        {"use_bias": False},
    ):
        assert_same_course(shape, dtype, MSE, ADAM, per_layer=per_layer)
    net, twin = network("plain", dtype, MSE, SGD, per_layer={"constraint": ("max_norm", (1e-7, 0.5))})
    x, y, order = data(net, 100, dtype)
    start = net.get(0, 0).astype(np.float64)
    train(net, x, y, order)
    train_twin(twin, x.astype(np.float64), y, order, net.batch)
    assert_trained_alike(net.get(0, 0), twin.weights[0][0], start)
    assert (np.linalg.norm(net.get(0, 0), axis=0) < 0.5001).all()


NOISES = {"dropout": (0.3,), "gaussian_dropout": (0.3,), "gaussian_noise": (0.2,), "alpha_dropout": (0.2,)}


@pytest.mark.parametrize("name", _core.registry("noise"))
@pytest.mark.parametrize("shape", ["plain", "sharded"])
def test_every_noise(name, shape):
    """The twin draws the very same masks: forward and backward use one draw, each step and layer another."""
    assert_same_course(shape, "float64", MSE, SGD, per_layer={"noise": (name, NOISES[name])})


def test_noise_only_in_training(dtype):
    net, _ = network("plain", dtype, MSE, SGD, per_layer={"noise": ("dropout", (0.5,))})
    calm, _ = network("plain", dtype, MSE, SGD)
    x, y, _ = data(net, 100, dtype)
    assert net.predict(x).tobytes() == calm.predict(x).tobytes()
    assert net.evaluate(_core.Run(net, x, y)).tobytes() == calm.evaluate(_core.Run(calm, x, y)).tobytes()
    assert train(net, x, y, None).done[2] != train(calm, x, y, None).done[2]


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_gradient_by_finite_differences(shape):
    """One SGD step of rate 1 moves each weight by minus its gradient: of the loss the engine itself reports."""
    loss = ("mean_squared_error", ())
    net, _ = network(shape, np.float64, loss, ("sgd", (), 1.0, {}))
    x, y, _ = data(net, net.batch, np.float64)
    run = _core.Run(net, x, y)
    before = weights(net)
    train(net, x, y, None)
    after = weights(net)
    rng = np.random.default_rng(2)
    for part, (was, now) in enumerate(zip(before, after, strict=True)):
        for _ in range(4):
            i = tuple(rng.integers(0, s) for s in was.shape)

            def mean_loss(h, part=part, was=was, i=i):
                for p, values in enumerate(before):
                    net.set(p // 2, p % 2, values)
                moved = was.copy()
                moved[i] += h
                net.set(part // 2, part % 2, moved)
                run.start(None, net.batch)
                return net.evaluate(run).mean()

            h = 1e-3
            numeric = (8 * (mean_loss(h) - mean_loss(-h)) - (mean_loss(2 * h) - mean_loss(-2 * h))) / (12 * h)
            np.testing.assert_allclose((was - now)[i], numeric, rtol=1e-7, atol=1e-11)


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
    for layer in net_layers(one):
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
    run.start(np.tile(order, 200), 32)
    calls = 1
    while not net.train(run, 1 << 40, 1e-3):
        calls += 1
    assert 1 < calls <= 2000
    assert run.done[:2] == (64000, 2000)


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


def test_one_call_at_a_time():
    net, _ = network("plain-wide", np.float32, CROSS, ADAM, logits=True)
    x, y, order = data(net, 320, np.float32)
    run = _core.Run(net, x, y)
    run.start(np.tile(order, 400), 32)
    worker = threading.Thread(target=net.train, args=(run, 1 << 40, 0))
    worker.start()
    refused = None
    while worker.is_alive() and refused is None:
        try:
            net.predict(x[:1])
        except RuntimeError as error:
            refused = str(error)
        time.sleep(0)
    worker.join()
    assert refused is None or "one call at a time" in refused
    assert run.done[1] == 4000
    assert net.predict(x[:1]).shape == (1, 10)


def test_bad_input_is_refused():
    net, _ = network("plain", np.float32, CROSS, ADAM, logits=True)
    other, _ = network("plain", np.float32, CROSS, ADAM, logits=True)
    x, y, _ = data(net, 20, np.float32)
    relu = ("relu", ())
    cases = [
        (ValueError, "expected shape .rows, 50.", lambda: _core.Run(net, x[:, :3], y)),
        (ValueError, "expected shape .20,., got .19", lambda: _core.Run(net, x, y[:19])),
        (ValueError, "labels from 0 to 39, got 40 in row 3", lambda: _core.Run(net, x, np.where(np.arange(20) == 3, 40, y))),
        (TypeError, "integer labels", lambda: _core.Run(net, x, y * 1.0)),
        (ValueError, "one weight a row", lambda: _core.Run(net, x, y, np.ones(3))),
        (ValueError, "another's", lambda: net.train(_core.Run(other, x, y), 1, 0)),
        (ValueError, "1 to 33 rows, got 34", lambda: _core.Run(net, x, y).start(None, 34)),
        (IndexError, "rows 0 to 19", lambda: _core.Run(net, x, y).start([20], 4)),
        (ValueError, "expected shape .50, 65.", lambda: net.set(0, 0, np.zeros((65, 50)))),
        (IndexError, "a layer below 3", lambda: net.get(3, 0)),
        (ValueError, "expected 0 or more", lambda: setattr(net, "step", -1)),
        (ValueError, "loss: expected one of", lambda: _core.Network("float32", 1, 1, [{"units": 1, "activation": relu}], ("mae", ()), SGD)),
        (ValueError, "sizes", lambda: _core.Network("float32", 1, 1, [], MSE, SGD)),
        (ValueError, "units of 1 or more", lambda: _core.Network("float32", 1, 1, [{"units": 0, "activation": relu}], MSE, SGD)),
        (MemoryError, "no memory", lambda: _core.Network("float32", 2**40, 2**40, [{"units": 9, "activation": relu}], MSE, SGD)),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()


def bit_cases(dtype):
    """Fifty steps of training on each path, with prediction and evaluation, at every level and thread count."""
    for shape in SHAPES:

        def run(shape=shape):
            loss = CROSS if SHAPES[shape][1][-1] > 1 else BINARY
            per_layer = {"l2": 1e-4}
            if not shape.startswith("tiny"):  # noise takes another path
                per_layer["noise"] = ("dropout", (0.1,))
            net, _ = network(shape, dtype, loss, ADAM, logits=True, per_layer=per_layer)
            x, y, order = data(net, net.batch * 50 - 1, dtype)
            done = train(net, x, y, order).done
            return (*weights(net), net.predict(x), net.evaluate(_core.Run(net, x, y)), np.array(done))

        yield f"50 steps, {shape}", run
