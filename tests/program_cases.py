"""Programs of any operations with their twins: samples of every kind, a start for all their numbers, a comparison."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastmlp import _core
from network_cases import MSE, SGD
from reference.network import Network as Twin
from tolerance import TRAINING, assert_close, assert_trained_alike

# a description of each kind, and of what it does in several ways; widths are whole numbers of two and of three
SAMPLES: dict[str, dict[str, Any]] = {
    "dense": {"units": 36, "activation": ("tanh", ())},
    "dense with noise": {"units": 36, "activation": ("gelu", ()), "noise": ("dropout", (0.2,))},
    "dense without bias": {"units": 36, "activation": ("linear", ()), "use_bias": False},
    "dense, frozen": {"units": 36, "activation": ("tanh", ()), "frozen": True},
    "activation of its input": {"op": "activation", "kernel": ("gelu", ())},
    "activation of its output": {"op": "activation", "kernel": ("elu", (0.7,))},
    "dropout": {"op": "noise", "kernel": ("dropout", (0.3,))},
    "alpha_dropout": {"op": "noise", "kernel": ("alpha_dropout", (0.2,)), "seed": 99},
    "gaussian_noise": {"op": "noise", "kernel": ("gaussian_noise", (0.2,))},
    "gaussian_dropout": {"op": "noise", "kernel": ("gaussian_dropout", (0.2,))},
    "softmax": {"op": "row_activation", "kernel": ("softmax", ())},
    "log_softmax": {"op": "row_activation", "kernel": ("log_softmax", ())},
    "prelu": {"op": "trainable", "kernel": ("prelu", ())},
    "prelu, shared": {"op": "trainable", "kernel": ("prelu", ()), "shared": True},
    "prelu, frozen": {"op": "trainable", "kernel": ("prelu", ()), "frozen": True},
    "swish_beta": {"op": "trainable", "kernel": ("swish_beta", ())},
    "pelu": {"op": "trainable", "kernel": ("pelu", ()), "count": 2},
    "srelu": {"op": "trainable", "kernel": ("srelu", ()), "count": 4},
    "apl": {"op": "trainable", "kernel": ("apl", ()), "count": 6},
    "apl, shared": {"op": "trainable", "kernel": ("apl", ()), "count": 4, "shared": True},
    "maxout": {"op": "pieces", "kernel": ("maxout", ()), "pieces": 3},
    "glu": {"op": "pieces", "kernel": ("glu", ()), "pieces": 2},
    "batch_norm": {"op": "batch_norm", "params": (0.9, 1e-3, 0)},
    "batch_norm, unbiased": {"op": "batch_norm", "params": (0.9, 1e-3, 1)},
    "batch_norm without gamma": {"op": "batch_norm", "params": (0.8, 1e-3, 0), "use_weights": False},
    "batch_norm, frozen": {"op": "batch_norm", "params": (0.9, 1e-3, 0), "frozen": True},
    "layer_norm": {"op": "layer_norm", "params": (1e-3,)},
    "layer_norm without beta": {"op": "layer_norm", "params": (1e-3,), "use_bias": False},
    "unit_norm": {"op": "unit_norm", "params": (1e-6,)},
    "affine": {"op": "affine"},
    "activity": {"op": "activity", "params": (0.01, 0.02)},
}
RULES = {"l1": 1e-3, "l2": 1e-2}
DENSE_METRICS = [
    ("mean_squared_error", (), None, False),
    ("mean_squared_error", (), None, True),
    ("categorical_accuracy", (), None, True),
    ("threshold_counts", (0, -1, 0, 0), [0.2, 0.5, 0.8], False),
    ("r2_sums", (), None, True),
]


DENSE = {"units": 72, "activation": ("tanh", ())}
LAST = {"units": 35, "activation": ("linear", ())}
ADAM = ("adam", (0.9, 0.999, 1e-3, 0.0), 1e-2, {})

# Every kind that learns, and what lies between. Nothing that BatchNormalization would undo comes right before it: the
# gradient of such a bias is rounding alone, and so would be where an optimizer takes it.
ALL = [
    SAMPLES["affine"],
    SAMPLES["batch_norm"],
    DENSE,
    SAMPLES["dropout"],
    SAMPLES["prelu"],
    SAMPLES["layer_norm"],
    SAMPLES["glu"],
    SAMPLES["apl, shared"],
    SAMPLES["activity"],
    SAMPLES["dense with noise"],
    SAMPLES["unit_norm"],
    SAMPLES["srelu"],
    SAMPLES["dense, frozen"],
    SAMPLES["batch_norm, frozen"],
    SAMPLES["maxout"],
    SAMPLES["pelu"],
    SAMPLES["swish_beta"],
    LAST,
]


def ruled(op, **rules):
    """A description whose weights are penalised, or what else the rules say."""
    return {**op, "weights": {**RULES, **rules}, "bias": {**RULES, **rules}}


@dataclass
class Case:
    """What a network is made of and trained on."""

    inputs: int
    batch: int
    ops: list[dict[str, Any]]
    loss: tuple = MSE
    optimizer: tuple = SGD
    output: tuple | None = None
    logits: bool = False
    reduction: str = "sum_over_batch_size"
    ema: tuple[float, int] = (0.0, 0)
    seed: int = 3
    steps: int = 12
    weighted: bool = False
    ignored: int | None = None
    rates: list[float] | None = None
    metrics: list = field(default_factory=list)


# ---- numbers to start from


def _theta(name, shape, rng):
    """Parameters in their usual range, different in every column."""
    q = rng.uniform(0.6, 1.4, shape)
    if name == "srelu":  # bends left and right of 0
        q[0], q[2] = q[0] - 1.6, q[2] - 0.4
    if name == "apl":
        q -= 0.9
    return q / 4 if name == "prelu" else q


def starting_values(op, part, rng):
    """Numbers for a part of an operation such as a model would have after a while."""
    shape = op.moments[part].shape if isinstance(part, str) else op.weights[part].shape
    if part == "moving_variance" or (part == 0 and "norm" in op.description["op"]):
        return rng.uniform(0.5, 1.5, shape)
    if part == 0 and op.description["op"] == "trainable":
        return _theta(op.name, shape, rng)
    return rng.normal(size=shape) / np.sqrt(shape[0]) if part == 0 else rng.normal(0, 0.2, shape)


def build(case, dtype):
    """An engine network and its twin with the same random numbers."""
    ops = [{"op": "dense", **op} for op in case.ops]
    rest = case.loss, case.optimizer, case.output, case.logits, case.seed, case.reduction
    net = _core.Network(dtype, case.inputs, case.batch, ops, *rest, True, case.ema)
    twin = Twin(case.inputs, ops, *rest, case.ema, np.dtype(dtype))
    twin.start(_core.optimizer_slots(case.optimizer[0], case.optimizer[1]))
    rng = np.random.default_rng(case.seed)
    for i, op in enumerate(twin.ops):
        for part in (*op.weights, *op.moments):
            net.set(i, part, starting_values(op, part, rng))
    copy_state(net, twin)
    return net, twin


def data(case, net, dtype, rows, seed=5):
    """Inputs, targets that suit the loss, weights of the rows or None, and an order."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, net.inputs)).astype(dtype)
    weight = rng.uniform(0.2, 2, rows) if case.weighted else None
    if net.labels:
        y = rng.integers(0, net.outputs, rows)
        if case.ignored is not None:
            y[rng.random(rows) < 0.3] = case.ignored
    else:
        y = rng.uniform(0.1, 0.9, (rows, net.outputs)).astype(dtype)
        y /= y.sum(axis=1, keepdims=True) if net.outputs > 1 else 1
    return x, y, weight, rng.permutation(rows)


# ---- the state of both, part by part


def parts_of(twin):
    """``{(kind of part, operation, part): value}``: the parts of one kind are of one size."""
    found = {}
    for i, op in enumerate(twin.ops):
        found |= {("weights", i, part): w for part, w in op.weights.items()}
        found |= {("moments", i, part): w for part, w in op.moments.items()}
        found |= {("ema", i, ("ema_W", "ema_b")[part]): w for part, w in op.averages.items()}
        for part, slots in op.slots.items():
            found |= {(f"slot {s}", i, 2 + 2 * s + part): w for s, w in enumerate(slots)}
    return found


def copy_state(net, twin):
    """Take over the engine's numbers."""
    for (_, i, part), _ in parts_of(twin).items():
        value = net.get(i, part).astype(np.float64)
        op = twin.ops[i]
        if part in (0, 1):
            op.weights[part] = value
        elif part in op.moments:
            op.moments[part] = value
        elif isinstance(part, str):
            op.averages[("ema_W", "ema_b").index(part)] = value
        else:
            op.slots[part % 2][part // 2 - 1] = value
    twin.step = net.step


def assert_same_parts(net, twin):
    """Neither has a weight, a moment or an average that the other has not."""
    for i, op in enumerate(twin.ops):
        for part in (0, 1, *_core.PARTS):
            with contextlib.suppress(IndexError):
                net.get(i, part)
                assert (part in op.weights) or (part in op.moments) or str(part).startswith("ema") and op.averages


def assert_same_state(net, twin, start):
    """Every kind of part has moved from the start to where the twin moved it."""
    flat = lambda values: np.concatenate([np.ravel(v) for v in values])
    expected = parts_of(twin)
    got = {place: net.get(*place[1:]) for place in expected}
    for kind in {place[0] for place in expected}:
        places = [place for place in expected if place[0] == kind]
        was, want, is_ = (flat(state[p] for p in places) for state in (start, expected, got))
        if np.any(want != was):
            assert_trained_alike(is_, want, was, label=kind)
        else:
            np.testing.assert_array_equal(is_, was, err_msg=kind)


# ---- courses


def metric_states(metrics, net):
    """A zeroed state for each metric, and the metrics as a run takes them."""
    states = [np.zeros(_core.metric_size(*metric[:3], net.outputs)) for metric in metrics]
    return states, [(*metric[:3], state, metric[3]) for metric, state in zip(metrics, states, strict=True)]


def add_metrics(case, states, y, prediction, weight):
    """What a batch of the twin's adds to the states."""
    y = y if y.ndim == 1 else y.astype(np.float64)
    for (name, params, thresholds, weighted), state in zip(case.metrics, states, strict=True):
        _core.metric_update(name, params, thresholds, state, y, prediction, weight if weighted else None)


def close(actual, expected, label):
    """After a forward pass from equal numbers."""
    expected = np.asarray(expected)
    scale = np.abs(expected).max(initial=0) + 1
    assert_close(actual, expected, ulps=64, terms=400, scale=scale, label=label)


def train_both(case, net, twin, rows):
    """A pass over so many rows; the run, the twin's sum of losses, the states of metrics of both."""
    x, y, weight, order = data(case, net, net.dtype, rows)
    states, metrics = metric_states(case.metrics, net)
    run = _core.Run(net, x, y, weight, metrics)
    run.start(order, case.batch, case.rates)
    while not net.train(run, 5, 0):
        pass
    exact, total = [np.zeros_like(s) for s in states], 0.0
    for step, batch in enumerate(np.split(order, range(case.batch, rows, case.batch))):
        of_rows = None if weight is None else weight[batch]
        loss, prediction = twin.train_on_batch(x[batch], y[batch], of_rows, case.rates and case.rates[step])
        add_metrics(case, exact, y[batch], prediction, of_rows)
        total += loss
    return run, total, states, exact


def assert_same_inference(case, net, twin):
    """Prediction, evaluation with metrics and prices, a forward pass of training: from equal numbers, equal."""
    x, y, weight, order = data(case, net, net.dtype, 2 * case.batch + 300, seed=6)
    close(net.predict(x), twin.predict(x), "predict")
    np.testing.assert_array_equal(net.predict(x, order), net.predict(x)[order])
    states, metrics = metric_states(case.metrics, net)
    run = _core.Run(net, x, y, weight, metrics)
    run.start(order, case.batch)
    prices, exact = np.full(len(x), np.nan), [np.zeros_like(s) for s in states]
    losses = net.evaluate(run, prices)
    want, asked = twin.losses_of(x[order], y[order])
    close(losses, want, "evaluate")
    close(prices.astype(net.dtype), asked, "prices")
    prediction = twin.predict(x[order])
    for lo in range(0, len(x), 256):  # as the engine cuts them
        rows = order[lo : lo + 256]
        add_metrics(case, exact, y[rows], prediction[lo : lo + 256], None if weight is None else weight[rows])
    for (name, *_), state, wanted in zip(case.metrics, states, exact, strict=True):
        np.testing.assert_allclose(state, wanted, rtol=100 * np.finfo(net.dtype).eps, err_msg=name)
    close(np.array([net.penalty()]).astype(net.dtype), [twin.penalty()], "penalty")
    close(net.forward(x[: case.batch]), twin.compute(x[: case.batch], True, False), "forward")
    for i, op in enumerate(twin.ops):
        for part, moment in op.moments.items():
            close(net.get(i, part), moment, f"{part} after forward")


def assert_same_course(case, dtype, threads=1):
    """Training with a ragged last batch, then one step from equal numbers, then inference: all as the twin's."""
    _core.set_threads(threads)
    net, twin = build(case, dtype)
    assert_same_parts(net, twin)
    start = parts_of(twin)
    rows = case.batch * (case.steps - 1) + max(1, case.batch // 3)
    run, total, states, exact = train_both(case, net, twin, rows)
    assert run.done[:2] == (rows, case.steps)
    rtol = TRAINING[np.dtype(dtype).name]
    np.testing.assert_allclose(run.done[2], total, rtol=rtol, atol=64 * np.finfo(dtype).eps * rows)
    for (name, *_), state, wanted in zip(case.metrics, states, exact, strict=True):
        np.testing.assert_allclose(state, wanted, rtol=rtol, atol=rtol, err_msg=name)
    assert_same_state(net, twin, start)
    copy_state(net, twin)
    assert_same_step(case, net, twin)
    copy_state(net, twin)
    assert_same_inference(case, net, twin)
    return net, twin


def assert_same_step(case, net, twin):
    """One step from equal numbers: what was predicted on the way."""
    x, y, weight, _ = data(case, net, net.dtype, case.batch, seed=7)
    run = _core.Run(net, x, y, weight)
    run.start(None, case.batch)
    net.train(run, 1, 0)
    loss, prediction = twin.train_on_batch(x, y, weight)
    close(net.shown(case.batch), prediction, "shown")
    close(np.array([run.done[2] / case.batch]).astype(net.dtype), [loss / case.batch], "loss of a step")
