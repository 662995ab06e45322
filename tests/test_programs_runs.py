"""Runs of programs against the float64 twin: averages, rates, reductions, outputs, metrics on every path."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from network_cases import BINARY, CROSS, MSE
from program_cases import (
    ADAM,
    ALL,
    DENSE,
    DENSE_METRICS,
    LAST,
    SAMPLES,
    Case,
    assert_same_course,
    build,
    data,
    ruled,
)

CATEGORICAL = ("categorical_crossentropy", (0.0,))


@pytest.mark.parametrize("overwrite", [0, 1, 3])
def test_moving_averages(overwrite, dtype, every_thread):
    """The first step starts them; they take the weights' place before constraints are seen to, as in Keras."""
    ops = [ruled(op, constraint=("max_norm", (1e-7, 0.7)), axis=1) for op in ALL]
    assert_same_course(Case(72, 20, ops, optimizer=ADAM, steps=7, ema=(0.8, overwrite)), dtype)


@pytest.mark.parametrize("ops", [[DENSE, LAST], [{"units": 4, "activation": ("tanh", ())}] * 2, ALL])
def test_a_rate_for_each_step(ops, every_thread):
    """Of a run: afterwards the network's own is in force again."""
    for inputs in (8, 200):
        ops = [DENSE, *ops[1:]] if inputs == 8 and len(ops) > 2 else ops
        case = Case(inputs, 16, ops, optimizer=("momentum", (0.9,), 0.01, {"weight_decay": 0.1}), steps=9)
        case.rates = [0.0, *np.geomspace(0.1, 1e-3, 8)]
        assert_same_course(case, np.float64)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 1, 255])
def test_reductions(reduction, weighted, ignored, every_thread):
    """Rows that are ignored are not in the count, nor their weights."""
    for widths, inputs in (((72, 35), 20), ((8, 4), 8), ((20, 7), 300)):
        loss = ("sparse_categorical_crossentropy_logits", (float("nan") if ignored is None else ignored,))
        ops = [{**DENSE, "units": widths[0]}, {**LAST, "units": widths[1]}]
        optimizer = ("sgd", (), 1e-3, {})
        case = Case(inputs, 16, ops, loss, optimizer, logits=True, reduction=reduction, weighted=weighted)
        case.ignored = ignored
        assert_same_course(case, np.float64)


def test_a_batch_without_a_row_that_counts(dtype):
    """Costs nothing and moves nothing."""
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight"):
        case = Case(6, 4, [LAST], ("sparse_categorical_crossentropy_logits", (7,)), logits=True, reduction=reduction)
        net, _ = build(case, dtype)
        before = net.get(0, 0)
        run = _core.Run(net, np.ones((4, 6), dtype), [7, 7, 7, 7])
        assert net.train(run, 1, 0)
        assert run.done == (4, 1, 0.0)
        np.testing.assert_array_equal(net.get(0, 0), before)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("output", ["softmax", "log_softmax", None])
@pytest.mark.parametrize("last", ["dense", "prelu", "layer_norm", "dropout", "activity"])
def test_outputs_after_every_sort_of_operation(last, output, logits, dtype, every_thread):
    """With logits the loss takes what comes before the output; a dense layer's own activation stays."""
    if output is None and logits and last != "dense":
        return  # refused, as test_bad_programs says
    loss = ("categorical_crossentropy_logits" if logits else "categorical_crossentropy", (0.0,))
    loss = MSE if output != "softmax" and not logits else loss
    op = {"units": 35, "activation": ("softplus", ())} if last == "dense" else SAMPLES[last]
    case = Case(40, 33, [DENSE, op], loss, ADAM, (output, ()) if output else None, logits, steps=6)
    assert_same_course(case, dtype)


# ---- metrics on the three paths

LABEL_METRICS = [
    ("sparse_categorical_accuracy", (), None, False),
    ("sparse_top_k_categorical_accuracy", (2,), None, True),
    ("sparse_categorical_crossentropy", (float("nan"),), None, True),
]
PATHS = {"plain": (50, (65, 40)), "tiny": (9, (16, 5)), "sharded": (300, (20, 7))}
ENDS = {  # loss, output, the last activation, logits, metrics
    "probabilities": (CATEGORICAL, ("softmax", ()), "linear", False, DENSE_METRICS),
    "before softmax": (("categorical_crossentropy_logits", (0.0,)), ("softmax", ()), "linear", True, DENSE_METRICS),
    "labels": (CROSS, ("softmax", ()), "linear", True, LABEL_METRICS),
    "before sigmoid": (BINARY, None, "sigmoid", True, DENSE_METRICS),
    "plainly": (MSE, None, "softplus", False, DENSE_METRICS),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("path", PATHS)
def test_metrics_see_predictions(path, end, weighted, dtype, every_thread):
    """In training and in evaluation, after the last activation, whatever the loss takes."""
    inputs, widths = PATHS[path]
    loss, output, last, logits, metrics = ENDS[end]
    ops = [{**DENSE, "units": widths[0]}, {"units": widths[1], "activation": (last, ())}]
    case = Case(inputs, 41, ops, loss, ADAM, output, logits, weighted=weighted, metrics=metrics, steps=6)
    assert build(case, dtype)[0].path == path
    assert_same_course(case, dtype)


def test_metrics_of_every_kind_of_operation(dtype, every_thread):
    assert_same_course(Case(72, 20, ALL, optimizer=ADAM, metrics=DENSE_METRICS, steps=6), dtype)


@pytest.mark.parametrize("own", [float("nan"), 2])
def test_ignored_labels_and_losses_as_metrics(own):
    """What the loss ignores, a loss as a metric knows; without weights it counts as a row that costs nothing."""
    metrics = [("sparse_categorical_crossentropy", (own,), None, True), LABEL_METRICS[0]]
    loss = ("sparse_categorical_crossentropy_logits", (2,))
    case = Case(9, 20, [{**LAST, "units": 5}], loss, ADAM, ("softmax", ()), logits=True, ignored=2)
    net, twin = build(case, np.float64)
    x, y, _, _ = data(case, net, np.float64, 60)
    states = [np.zeros(2), np.zeros(2)]
    for weight in (None, np.ones(60)):
        run = _core.Run(net, x, y, weight, [(*m[:3], s, m[3]) for m, s in zip(metrics, states, strict=True)])
        net.evaluate(run)
    p = twin.predict(x)
    cost = -np.log(p[np.arange(60), y])[y != 2].sum()
    np.testing.assert_allclose(states[0], [2 * cost, 60 + (y != 2).sum()])
    np.testing.assert_allclose(states[1], [2 * ((p.argmax(axis=1) == y) & (y != 2)).sum(), 120])
    other = [("sparse_categorical_crossentropy", (3,), None, states[0], True)]
    with pytest.raises(ValueError, match="expected to ignore 2 as the loss does, got 3"):
        _core.Run(net, x, y, None, other)
