"""Programs: many steps in one call, on each path, against the float64 twin, for every loss, optimizer and noise."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from loss_cases import PARAMS as LOSS_PARAMS
from network_cases import (
    ADAM,
    BINARY,
    CROSS,
    MSE,
    SGD,
    SHAPES,
    assert_same_course,
    data,
    network,
    steps_of,
    train,
    train_twin,
    weights,
)
from optimizer_cases import KERNEL_PARAMS
from reference.network import Network as Twin
from tolerance import assert_close, assert_trained_alike


@pytest.mark.parametrize("shape", SHAPES)
def test_course_equals_twin(shape, dtype):
    loss = CROSS if SHAPES[shape][1][-1] > 1 else BINARY
    net, twin, x, y, order = assert_same_course(shape, dtype, loss, ADAM, logits=True)
    exact = twin.predict(x)
    assert_close(net.predict(x), exact, ulps=64, terms=400, scale=np.abs(exact).max() + 1, label="predict")
    run = _core.Run(net, x, y)
    run.start(order, net.batch)
    want, _ = twin.losses_of(x[order], y[order])
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


@pytest.mark.parametrize("last", ["sigmoid", "squareplus", "gelu"])
@pytest.mark.parametrize("shape", ["plain", "tiny-many-rows", "sharded-wide"])
def test_output_after_an_activation(shape, last, dtype, every_thread):
    """The activation's backward wants its own output or input, not what the row activation made of it."""
    per_layer = {"activation": (last, (4.0,) if last == "squareplus" else ())}
    for threads in (1, 3):
        _core.set_threads(threads)
        loss = ("categorical_crossentropy", (0.0,))
        assert_same_course(shape, dtype, loss, ADAM, output=("softmax", ()), per_layer=per_layer)


@pytest.mark.parametrize("shape", ["plain", "sharded-wide"])
def test_output_after_noise(shape, dtype):
    per_layer = {"noise": ("dropout", (0.3,)), "activation": ("tanh", ())}
    assert_same_course(shape, dtype, MSE, SGD, output=("softmax", ()), per_layer=per_layer)


@pytest.mark.parametrize("name", _core.registry("optimizer"))
@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_every_optimizer(name, shape, dtype):
    optimizer = (name, KERNEL_PARAMS[name][0], 1e-2, {"weight_decay": 0.01})
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
        {"units": w, "activation": (a, ()), "weights": {"l1": 1e-3, "l2": 1e-3}}
        for w, a in zip(widths, names, strict=True)
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
        exact = [w for pair in twin.weights for w in pair.values()]
        for got, want, before in zip(weights(net), exact, start, strict=True):
            assert_trained_alike(got, want, before)
        ends.add(b"".join(w.tobytes() for w in weights(net)))
    assert len(ends) == 1


@pytest.mark.parametrize("shape", ["plain", "tiny", "sharded"])
def test_regularisation_constraints_and_no_bias(shape, dtype):
    for per_layer in (
        {"weights": {"l1": 0.01, "l2": 0.02}, "bias": {"l1": 0.01, "l2": 0.03}},
        {"use_bias": False},
    ):
        assert_same_course(shape, dtype, MSE, ADAM, per_layer=per_layer)
    net, twin = network("plain", dtype, MSE, SGD, per_layer={"weights": {"constraint": ("max_norm", (1e-7, 0.5))}})
    x, y, order = data(net, 100, dtype)
    start = net.get(0, 0).astype(np.float64)
    train(net, x, y, order)
    train_twin(twin, x.astype(np.float64), y, order, net.batch)
    assert_trained_alike(net.get(0, 0), twin.weights[0][0], start)
    assert (np.linalg.norm(net.get(0, 0), axis=0) < 0.5001).all()


@pytest.mark.parametrize("shape", ["plain", "tiny-many-rows", "sharded-wide"])
@pytest.mark.parametrize("weighted", [False, True])
def test_penalties_shared_out_as_losses_are(shape, weighted, dtype, every_thread):
    """(Σ w·loss + penalties) / Σ w of each batch, the smaller last one too; what penalties came to is known."""
    rule = {"l1": 0.05, "l2": 0.2}
    for threads in (1, 3):
        _core.set_threads(threads)
        options = {"reduction": "mean_with_penalty", "per_layer": {"weights": rule, "bias": rule}}
        assert_same_course(shape, dtype, MSE, ADAM, weighted=weighted, **options)
    net, _ = network(shape, dtype, MSE, ("sgd", (), 0.0, {}), **options)
    x, y, _ = data(net, net.batch + 3, dtype)
    run = train(net, x, y, None)
    np.testing.assert_allclose(run.penalty, 2 * net.penalty(), rtol=1e-6)
    np.testing.assert_allclose(run.done[2] - run.penalty, net.evaluate(_core.Run(net, x, y)).sum(), rtol=1e-5)


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


def bit_cases(dtype):
    """Up to fifty steps of training on each path, with prediction and evaluation, at every level and thread count."""
    for shape in SHAPES:

        def run(shape=shape):
            loss = CROSS if SHAPES[shape][1][-1] > 1 else BINARY
            per_layer = {} if shape.startswith("sharded") else {"weights": {"l2": 1e-4}}
            if not shape.startswith("tiny"):  # noise takes another path
                per_layer["noise"] = ("dropout", (0.1,))
            net, _ = network(shape, dtype, loss, ADAM, logits=True, per_layer=per_layer)
            x, y, order = data(net, net.batch * steps_of(shape, 50) - 1, dtype)
            done = train(net, x, y, order).done
            return (*weights(net), net.predict(x), net.evaluate(_core.Run(net, x, y)), np.array(done))

        yield f"steps, {shape}", run
