"""Descriptions, runs and calls that a network refuses: with words, never with a crash."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from network_cases import CROSS, MSE, SGD
from program_cases import ADAM, DENSE, LAST, SAMPLES, Case, build

NAN = float("nan")
FIVE = {"units": 5, "activation": ("relu", ())}


def network(*ops, inputs=6, batch=4, dtype="float32", loss=MSE, optimizer=SGD, **options):
    return _core.Network(dtype, inputs, batch, list(ops), loss, optimizer, **options)


BAD_OPERATIONS = {
    "no such operation": (ValueError, "op: expected one of dense, activation", {"op": "conv"}),
    "an operation without a name": (ValueError, "op: expected one of", {"op": None}),
    "no such activation": (ValueError, "activation: expected one of", {"units": 3, "activation": ("rleu", ())}),
    "too many params": (ValueError, "relu: expected 0 parameters", {"units": 3, "activation": ("relu", (1.0,))}),
    "too few params": (ValueError, "elu: expected 1 parameters", {"op": "activation", "kernel": ("elu", ())}),
    "params that are no numbers": (TypeError, "real number", {"op": "activation", "kernel": ("elu", ("a",))}),
    "no units": (ValueError, "sizes of 1 or more", {"units": 0, "activation": ("relu", ())}),
    "fewer than no units": (ValueError, "sizes of 1 or more", {"units": -3, "activation": ("relu", ())}),
    "half a unit": (TypeError, "as an integer", {"units": 2.5, "activation": ("relu", ())}),
    "a width of its own": (ValueError, "as many units as inputs, 6, got 7", {**SAMPLES["unit_norm"], "units": 7}),
    "no such noise": (ValueError, "noise: expected one of", {"op": "noise", "kernel": ("salt", ())}),
    "noise without a rate": (ValueError, "dropout: expected 1 parameters", {**DENSE, "noise": ("dropout", ())}),
    "no such row activation": (ValueError, "row_activation: expected", {**SAMPLES["softmax"], "kernel": ("tanh", ())}),
    "no such trainable": (ValueError, "trainable: expected", {"op": "trainable", "kernel": ("relu", ())}),
    "a row too few": (ValueError, "a row for each of a, b, got 1 rows", {"op": "trainable", "kernel": ("pelu", ())}),
    "a row too many": (ValueError, "got 2 rows", {**SAMPLES["prelu"], "count": 2}),
    "half a hinge": (ValueError, "got 3 rows", {**SAMPLES["apl"], "count": 3}),
    "too many hinges": (ValueError, "got 34 rows", {**SAMPLES["apl"], "count": 34}),
    "no hinges": (ValueError, "sizes of 1 or more", {**SAMPLES["apl"], "count": 0}),
    "no such pieces": (ValueError, "pieces: expected one of", {"op": "pieces", "kernel": ("max", ()), "pieces": 2}),
    "three of two pieces": (ValueError, "glu: expected pieces=2, got 3", {**SAMPLES["glu"], "pieces": 3}),
    "no pieces": (ValueError, "maxout: expected pieces", {**SAMPLES["maxout"], "pieces": 0}),
    "too many pieces": (ValueError, "maxout: expected pieces", {**SAMPLES["maxout"], "pieces": 65}),
    "pieces left over": (ValueError, "divisible by 4, got 6", {**SAMPLES["maxout"], "pieces": 4}),
    "no momentum": (ValueError, "batch_norm: expected 3 params, got 1", {"op": "batch_norm", "params": (0.9,)}),
    "two epsilons": (ValueError, "layer_norm: expected 1 params, got 2", {"op": "layer_norm", "params": (1, 2)}),
    "no epsilon": (ValueError, "unit_norm: expected 1 params, got 0", {"op": "unit_norm", "params": ()}),
    "one price": (ValueError, "activity: expected 2 params, got 1", {"op": "activity", "params": (1,)}),
    "no kernel": (KeyError, "kernel", {"op": "activation"}),
    "no params": (KeyError, "params", {"op": "batch_norm"}),
    "no such constraint": (ValueError, "constraint: expected one of", {**FIVE, "weights": {"constraint": ("max", ())}}),
    "a constraint's params": (ValueError, "max_norm: expected 2", {**FIVE, "bias": {"constraint": ("max_norm", (2,))}}),
    "no such axis": (ValueError, "expected axis 0 or 1, got 2", {**FIVE, "weights": {"axis": 2}}),
    "a penalty that is no number": (TypeError, "real number", {**FIVE, "weights": {"l1": "a"}}),
    "a seed below 0": (OverflowError, "negative", {**FIVE, "seed": -1}),
    "more than any machine has": (MemoryError, "no memory", {"units": 2**40, "activation": ("relu", ())}),
    "no description": (AttributeError, "NoneType", None),
}


@pytest.mark.parametrize("what", BAD_OPERATIONS)
def test_bad_operations(what):
    error, text, op = BAD_OPERATIONS[what]
    for ops in ([op], [FIVE | {"units": 6}, op], [op, FIVE]):
        with pytest.raises(error, match=text):
            network(*ops)


def test_bad_networks():
    label = ("sparse_categorical_accuracy", (), None, np.zeros(2), True)
    cases = [
        (ValueError, "sizes of 1 or more", lambda: network()),
        (ValueError, "sizes of 1 or more", lambda: network(FIVE, inputs=0)),
        (ValueError, "sizes of 1 or more", lambda: network(FIVE, batch=0)),
        (TypeError, "float32 or float64", lambda: network(FIVE, dtype="float16")),
        (TypeError, "float32 or float64", lambda: network(FIVE, dtype="int32")),
        (ValueError, "loss: expected one of", lambda: network(FIVE, loss=("mse", ()))),
        (ValueError, "huber: expected 1", lambda: network(FIVE, loss=("huber", ()))),
        (ValueError, "optimizer: expected one of", lambda: network(FIVE, optimizer=("adamw", (), 0.1, {}))),
        (ValueError, "adam: expected 4", lambda: network(FIVE, optimizer=("adam", (), 0.1, {}))),
        (ValueError, "row_activation: expected one of", lambda: network(FIVE, output=("relu", ()))),
        (ValueError, "reduction: expected one of", lambda: network(FIVE, reduction="none")),
        (ValueError, "logits: expected a dense layer", lambda: network(FIVE, SAMPLES["prelu"], logits=True)),
        (ValueError, "logits: expected a dense layer", lambda: network(SAMPLES["activity"], logits=True)),
        (ValueError, "a network that shows", lambda: _core.Run(network(FIVE), X, np.zeros((3, 5)), None, [label])),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()


X = np.zeros((3, 6), np.float32)


def bad_metric(name="mean_squared_error", params=(), thresholds=None, size=2, labels=False, dtype=np.float64):
    net = network(FIVE, loss=CROSS if labels else MSE, shows=True, logits=labels)
    y = [0, 1, 2] if labels else np.zeros((3, 5))
    return lambda: _core.Run(net, X, y, None, [(name, params, thresholds, np.zeros(size, dtype), False)])


def test_bad_metrics():
    cases = [
        (ValueError, "metric: expected one of", bad_metric("mse")),
        (ValueError, "takes y as the loss does .a matrix.", bad_metric("sparse_categorical_accuracy")),
        (ValueError, "takes y as the loss does .labels.", bad_metric(labels=True)),
        (ValueError, "huber: expected 1 parameters", bad_metric("huber")),
        (ValueError, "expected a state of shape .2,., got .3,.", bad_metric(size=3)),
        (TypeError, "float64 array", bad_metric(dtype=np.float32)),
        (ValueError, "ascending", bad_metric("threshold_counts", (0, -1, 0, 0), [0.5, 0.1], 6)),
        (ValueError, "class_id of at most 4", bad_metric("threshold_counts", (0, 5, 0, 0), [0.5], 4)),
        (ValueError, "top_k of at most 5", bad_metric("threshold_counts", (0, -1, 6, 0), [0.5], 4)),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()


def test_bad_parts():
    ops = [SAMPLES[s] for s in ("affine", "prelu", "apl, shared", "batch_norm without gamma", "layer_norm", "dropout")]
    net, _ = build(Case(6, 4, [*ops, LAST], optimizer=ADAM), np.float32)
    last = len(ops)
    missing = [
        *[(op, 0) for op in (0, 3, 5)],  # W
        *[(op, 1) for op in (1, 2, 5)],  # b
        *[(op, part) for op in (1, 4, 5, last) for part in ("moving_mean", "moving_variance")],
        *[(op, part) for op in range(last + 1) for part in ("ema_W", "ema_b")],  # no averages were asked for
        *[(op, part) for op in (-1, last + 1, 2**40) for part in (0, 1, 2)],
        *[(last, part) for part in (-1, 6, 7, 8, 9, 14, 99, 2**20, "W", "")],  # Adam has two slots
    ]
    for op, part in missing:
        with pytest.raises(IndexError, match="an operation below 7 and a part it has"):
            net.get(op, part)
        with pytest.raises(IndexError, match="an operation below 7 and a part it has"):
            net.set(op, part, np.zeros((1, 6)))
    for op, part, shape in [(1, 0, (6,)), (2, 0, (4, 6)), (3, "moving_mean", (1, 6)), (4, 1, ())]:
        with pytest.raises(ValueError, match="expected shape"):
            net.set(op, part, np.zeros(shape))
    with pytest.raises(ValueError, match="could not convert"):
        net.set(1, 0, [["a"] * 6])
    assert net.get(2, 0).shape == (4, 1)
    assert net.get(3, "moving_mean").shape == (6,)
    assert net.get(4, 0).shape == (1, 6)
    assert net.get(1, 2).shape == (1, 6)


def test_bad_runs():
    net, _ = build(Case(6, 4, [FIVE]), np.float32)
    run = _core.Run(net, X, np.zeros((3, 5)))
    for rates in ([], [0.1], 0.1, [[0.1, 0.1]]):
        with pytest.raises(ValueError, match="rates: expected one for each of 2 steps"):
            run.start(None, 2, rates)
        assert net.train(run, 9, 0), "a start that failed left something to run"
        assert run.done[0] == 0
    run.start(None, 2, [0.1, 0.1])
    assert net.train(run, 9, 0)
    run.start([0, 1, 2, 0, 1], 4, [0.1, 0.1, 0.1])
    assert net.train(run, 9, 0)
    assert run.done[:2] == (5, 2)
    for prices in (np.zeros(3), np.zeros(5, np.float32), np.zeros((5, 1)), np.zeros(10)[::2], [0.0] * 5):
        with pytest.raises(ValueError, match="prices: expected a writable float64 array of shape .5,."):
            net.evaluate(run, prices)
    with pytest.raises(ValueError, match="at most 4 rows, got 5"):
        net.forward(np.zeros((5, 6)))
    with pytest.raises(ValueError, match="at most 4 rows, got 5"):
        net.shown(5)
    with pytest.raises(ValueError, match="at most 4 rows, got -1"):
        net.shown(-1)
    with pytest.raises(RuntimeError, match="a network that shows"):
        network(FIVE).shown(1)
    assert net.forward(np.zeros((0, 6))).shape == (0, 5)
