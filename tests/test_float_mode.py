"""Our floating-point mode holds in all of a call: neither a host's rounding nor denormals reach a result."""

from __future__ import annotations

import contextlib
import ctypes
import platform

import fastmlp
import numpy as np
import pytest
from denormals import denormals_live
from fastmlp import Input, Model, Sequential, _core, callbacks, optimizers
from fastmlp.layers import Dense
from network_cases import BINARY, CROSS, SGD

DOWNWARD = {"x86_64": 0x400, "aarch64": 0x800000}  # FE_DOWNWARD of C's <fenv.h>
ADAM = (0.9, 0.999, 1e-7, 0.0)


@contextlib.contextmanager
def rounding_down():
    """As a host may have told this thread to."""
    if platform.machine() not in DOWNWARD:
        pytest.skip("on this CPU the host's mode is kept")
    set_rounding = ctypes.CDLL(None).fesetround
    assert set_rounding(DOWNWARD[platform.machine()]) == 0
    try:
        yield
    finally:
        set_rounding(0)


# ---- denormals


@pytest.mark.parametrize("ending", ["softmax", "sigmoid", "exponential"])
def test_forward_in_training_flushes_what_predict_flushes(ending, dtype):
    """An output, or the last activation where the loss takes what comes before it, gives the tiniest of numbers."""
    far = -np.log(np.finfo(dtype).tiny) + 8
    output = (ending, ()) if ending == "softmax" else None
    last = "linear" if output else ending
    loss = CROSS if output else BINARY
    layers = [{"units": 2, "activation": (last, ()), "use_bias": False}]
    net = _core.Network(dtype, 1, 4, layers, loss, SGD, output, True)
    net.set(0, 0, [[0, -far]])
    x = np.ones((3, 1))
    np.testing.assert_array_equal(net.predict(x)[:, 1], 0)
    assert net.forward(x).tobytes() == net.predict(x).tobytes()


def test_a_penalty_is_flushed_as_in_a_step(dtype):
    """Σw² of one weight whose square is a denormal: nothing, by itself and in the loss of a step."""
    layers = [{"units": 1, "activation": ("linear", ()), "use_bias": False, "weights": {"l2": 1.0}}]
    net = _core.Network(dtype, 1, 1, layers, ("mean_squared_error", ()), SGD)
    net.set(0, 0, [[np.sqrt(np.finfo(dtype).tiny) / 2]])
    assert net.penalty() == 0
    run = _core.Run(net, np.zeros((1, 1)), np.zeros((1, 1)))
    net.train(run, 1, 0)
    assert run.done == (1, 1, 0)


def test_losses_and_moments_are_flushed(dtype):
    small = np.finfo(dtype).tiny * np.array([0.25, 0.5], dtype)
    for reduction in ("sum", "sum_over_batch_size", "mean_with_sample_weight"):
        assert _core.loss_reduce(small, reduction) == 0
    quarter = np.full(2, 0.25, dtype)
    np.testing.assert_array_equal(_core.loss_weigh(np.full(2, np.finfo(dtype).tiny), quarter), 0)
    mean, _ = _core.feature_moments(np.array([[1.5], [0]]) * np.finfo(np.float64).tiny)
    assert mean == 0


# ---- denormals in models


class Own(Model):
    """Two layers, by the tape."""

    def __init__(self):
        super().__init__()
        self.first, self.last = Dense(40, "relu", use_bias=False), Dense(2)

    def call(self, inputs):
        return self.last(self.first(inputs))


def made(kind, **compiled):
    fastmlp.set_random_seed(3)
    model = Own() if kind == "taped" else None
    if model is None:
        fastmlp.config.set_dtype_policy("mixed_bfloat16" if kind == "bf16" else None)
        try:
            model = Sequential([Input((9,)), Dense(40, "relu", use_bias=False), Dense(2)])
        finally:
            fastmlp.config.set_dtype_policy(None)
    model.compile(**{"optimizer": "adam", "loss": "mse", **compiled})
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(70, 9)).astype("float32"), rng.normal(size=(70, 2)).astype("float32")


@pytest.mark.parametrize("kind", ["program", "taped", "bf16"])
def test_denormal_weights_and_features_count_as_zero(kind, data):
    """So they cost what zeros cost: no product meets one. The second layer would bring them to light."""
    x, y = data
    model = made(kind)
    tiny = np.finfo("float32").tiny / 8
    model.predict(x, verbose=0)
    first, last, bias = (np.ones_like(w) for w in model.get_weights())
    runs = []
    for weights, rows in ((0, x), (tiny, x), (1, x * 0), (1, x * np.float32(tiny))):
        model.set_weights([first * np.float32(weights), last * np.float32(1e37), bias])
        assert (weights == tiny) == (0 < model.get_weights()[0].max() < tiny * 2)
        runs.append((model.predict(rows, verbose=0).tobytes(), model.evaluate(rows, y, verbose=0)))
    assert runs[0] == runs[1]
    assert runs[2] == runs[3]


@pytest.mark.parametrize("kind", ["program", "taped", "bf16"])
def test_moments_that_fade_away_end_as_zero(kind, data):
    """After the last gradient Adam's first moments become smaller for ever: 0.9^900 of them is no normal number."""
    x, y = data
    model = made(kind)
    model.fit(x, y, verbose=0)
    model.fit(x, y, epochs=320, sample_weight=np.zeros(70), verbose=0)
    slots = np.concatenate([v.numpy().ravel() for v in model.optimizer.variables if v.shape and v.dtype == np.float32])
    assert len(slots) > 500
    assert not ((slots != 0) & (np.abs(slots) < np.finfo("float32").tiny)).any()
    assert (slots == 0).mean() > 0.3, "the first moments are gone"


@pytest.mark.parametrize("kind", ["program", "taped", "bf16"])
def test_the_callers_mode_is_back_after_every_call(kind, data, every_thread):
    """Also after one that failed; and what callbacks compute in the middle is computed as the caller has it."""
    x, y = data
    model, seen = made(kind), []

    def look(*_):
        seen.append(denormals_live())

    def fail(*_):
        raise KeyboardInterrupt

    assert denormals_live()
    watch = callbacks.LambdaCallback(on_train_batch_end=look, on_epoch_end=look, on_test_batch_end=look)
    for threads in (1, 2):
        _core.set_threads(threads)
        calls = (
            lambda: model.fit(x, y, verbose=0, validation_data=(x, y), callbacks=[watch]),
            lambda: model.predict(x, verbose=0),
            lambda: model(x),
            lambda: model.evaluate(x, y, verbose=0),
            lambda: model.train_on_batch(x, y),
            lambda: model.fit(x, y, verbose=0, callbacks=[callbacks.LambdaCallback(on_train_batch_end=fail)]),
            lambda: model.fit(x, y[:3], verbose=0),
        )
        for number, call in enumerate(calls):
            with contextlib.suppress(KeyboardInterrupt, ValueError):
                call()
            assert denormals_live(), number
    assert len(seen) > 8
    assert all(seen)


def test_a_schedule_of_ones_own_computes_as_the_caller_has_it(data):
    """Python code that training asks in between."""
    seen = []

    class Rate(optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            seen.append(denormals_live())
            return 0.01

    made("program", optimizer=optimizers.SGD(Rate())).fit(*data, verbose=0)
    assert len(seen) >= 3
    assert all(seen)


# ---- rounding


def calls(dtype):
    """What computes outside its threads' shares, too: a label, and a function that returns an array."""
    rng = np.random.default_rng(7)
    a, b = (1 + rng.uniform(size=(2, 9001))).astype(dtype)
    rows = rng.normal(size=(15, 9)).astype(dtype)
    rules = {"weights": {"l1": 0.1, "l2": 0.3}, "bias": {"l2": 0.7}}
    layers = [{"units": m, "activation": (f, ()), **rules} for m, f in ((37, "tanh"), (5, "sigmoid"))]
    for output in (None, ("softmax", ())):
        net = _core.Network(dtype, 9, 16, layers, ("categorical_crossentropy", (0.0,)), SGD, output)
        for op, shape in enumerate([(9, 37), (37, 5)]):
            net.set(op, 0, rng.normal(size=shape).astype(dtype))
        yield f"forward, {output}", lambda net=net: net.forward(rows)
        yield f"predict, {output}", lambda net=net: net.predict(rows)
    yield "penalty of a network", lambda: np.array(net.penalty())
    adagrad = ("adagrad", (0.1, 1e-7, 0.0), 0.1, {})
    yield "start of slots", lambda: _core.Network(dtype, 3, 4, layers, BINARY, adagrad).get(0, 2)

    for reduction in ("sum", "sum_over_batch_size", "mean_with_sample_weight"):
        yield f"loss_reduce, {reduction}", lambda reduction=reduction: np.array(_core.loss_reduce(a, reduction, b))
    yield "loss_weigh", lambda: _core.loss_weigh(a, b)
    yield "feature_moments", lambda: np.concatenate(_core.feature_moments(a[:9000].reshape(3000, 3)))
    yield "sum_abs", lambda: np.array(_core.sum_abs(a))
    yield "sum_squares", lambda: np.array(_core.sum_squares(a))
    yield "penalty", lambda: np.array(_core.penalty(a, 0.1, 0.3))
    yield "clip_scale", lambda: np.array(_core.clip_scale(7.0, 0.3))
    yield "global_clip_scale", lambda: np.array(_core.global_clip_scale(5.0, 0.7))

    def stepped():
        w, slots = a.copy(), np.zeros((2, len(a)), dtype)
        _core.optimizer_step("adam", w, b, slots, 3, 0.01, ADAM, weight_decay=0.1, clip_norm=0.3)
        return w

    def updated():
        layer = _core.Dense(16, 9, 37, dtype, optimizer="adam")
        layer.forward(rows)
        layer.backward_update(a[: 15 * 37].reshape(15, 37), 3, 0.01, ADAM)
        return layer.get(0)

    yield "optimizer_step", stepped
    yield "backward_update", updated


def test_the_hosts_rounding_does_not_come_in(dtype):
    one, three, wrong = np.ones(1), np.full(1, 3.0), []
    for label, call in calls(dtype):
        want = call()
        assert want.any(), label
        with rounding_down():
            got, third = call(), -one / three
        assert third < -1 / 3, "the host rounds down"
        if got.tobytes() != want.tobytes():
            wrong.append(label)
    assert not wrong
