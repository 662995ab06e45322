"""Programs of every kind of operation against the float64 twin, step for step; its own gradients by differences."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import slope
from optimizer_cases import KERNEL_PARAMS
from program_cases import (
    ADAM,
    ALL,
    DENSE,
    DENSE_METRICS,
    LAST,
    RULES,
    SAMPLES,
    Case,
    assert_same_course,
    build,
    data,
    metric_states,
    parts_of,
    ruled,
)

PLACES = {
    "first": lambda op: [op, DENSE, LAST],
    "middle": lambda op: [DENSE, op, LAST],
    "twice": lambda op: [DENSE, op, {"op": "batch_norm", "params": (0.9, 1e-2, 0)}, op],
    "last": lambda op: [DENSE, op],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_operation_everywhere(sample, place, dtype, every_thread):
    """Trained by Adam with penalties; that any number of threads gives the same bits, bit_cases say."""
    ops = PLACES[place](ruled(SAMPLES[sample]))
    assert_same_course(Case(72, 37, ops, optimizer=ADAM, steps=5), dtype)


@pytest.mark.parametrize("sample", SAMPLES)
def test_padding_counts_for_nothing(sample):
    """Behind columns whose panel's other lanes are not 0: norms and penalties run over whole panels of weights."""
    positive = {"units": 6, "activation": ("softplus", ())}
    ops = [positive, SAMPLES[sample], SAMPLES["gaussian_noise"], SAMPLES["activity"], positive, SAMPLES[sample]]
    optimizer = ("sgd", (), 0.1, {"global_clip_norm": 0.3})
    case = Case(7, 9, [ruled(op) for op in ops if op.get("op") != "pieces"], optimizer=optimizer, steps=4)
    assert_same_course(case, np.float64)


def test_all_kinds_are_here():
    kinds = {op.get("op", "dense") for op in SAMPLES.values()}
    assert kinds == set(_core.registry("op")), "give the new kind of operation a sample in tests/program_cases.py"
    trained = {op["kernel"][0] for op in SAMPLES.values() if op.get("op") == "trainable"}
    assert trained == set(_core.registry("trainable")), "give the new activation a sample in tests/program_cases.py"


@pytest.mark.parametrize("sample", SAMPLES)
def test_gradients_of_the_twin(sample):
    """Each gradient is the slope of the cost that the twin reports, by 4-point differences."""
    case = Case(12, 9, [{**DENSE, "units": 12}, ruled(SAMPLES[sample]), {**LAST, "units": 4}], weighted=True)
    net, twin = build(case, np.float64)
    x, y, weight, _ = data(case, net, np.float64, 9)
    twin.backward(x, y, weight)
    exact = {(op, part): twin.regularized(op, part) for op, part in twin.learnt()}
    rng = np.random.default_rng(1)
    for (op, part), gradient in exact.items():
        w = op.weights[part].copy()
        for place in rng.choice(w.size, min(w.size, 5), replace=False):

            def cost(h, op=op, part=part, w=w, place=place):
                op.weights[part] = w.copy()
                op.weights[part].flat[place] += h
                return twin.cost(x, y, weight)

            np.testing.assert_allclose(gradient.flat[place], slope(cost, 0.0, 1e-5), rtol=1e-6, atol=1e-9)
        op.weights[part] = w


# ---- what optimizers and rules do to every kind of weight

OPTIONS = [
    {},
    {"weight_decay": 0.02, "clip_value": 0.01},
    {"clip_norm": 0.05},
    {"global_clip_norm": 0.1, "weight_decay": 0.01},
    {"clip_norm": 0.05, "weight_decay": 0.02, "coupled": True},
]


@pytest.mark.parametrize("name", _core.registry("optimizer"))
def test_every_optimizer_on_every_kind(name, every_thread):
    ops = [ruled(op) for op in ALL]
    optimizer = (name, KERNEL_PARAMS[name][0], 2e-3, {"weight_decay": 0.01})
    assert_same_course(Case(72, 20, ops, optimizer=optimizer, steps=8), np.float64)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_clipping_and_decay_of_every_kind(optimizer, options, dtype, every_thread):
    ops = [ruled(op) for op in ALL]
    params = ADAM[1] if optimizer == "adam" else KERNEL_PARAMS[optimizer][0]
    assert_same_course(Case(72, 20, ops, optimizer=(optimizer, params, 2e-3, options), steps=8), dtype, threads=2)


RULED = {
    "columns to a largest norm": {"constraint": ("max_norm", (1e-7, 0.8)), "axis": 0},
    "rows to a largest norm": {"constraint": ("max_norm", (1e-7, 0.8)), "axis": 1},
    "columns between two norms": {"constraint": ("min_max_norm", (1e-7, 0.7, 1.1, 0.5)), "axis": 0},
    "rows between two norms": {"constraint": ("min_max_norm", (1e-7, 0.7, 1.1, 1.0)), "axis": 1},
    "columns of norm 1": {"constraint": ("unit_norm", (1e-7,)), "axis": 0},
    "rows of norm 1": {"constraint": ("unit_norm", (1e-7,)), "axis": 1},
    "nothing negative": {"constraint": ("non_neg", ()), "axis": 0},
    "nothing negative in rows": {"constraint": ("non_neg", ()), "axis": 1},
    "spared from decay": {"spared": True},
    "l1": {"l1": 0.01},
    "l2": {"l2": 0.01},
}


@pytest.mark.parametrize("part", ["weights", "bias"])
@pytest.mark.parametrize("rule", RULED)
def test_every_rule(rule, part, every_thread):
    """On W or b alone, of matrices, vectors and parameters."""
    ops = [DENSE, SAMPLES["apl"], SAMPLES["layer_norm"], SAMPLES["prelu, shared"], LAST]
    ops = [{**op, part: RULED[rule]} for op in ops]
    optimizer = ("sgd", (), 0.05, {"weight_decay": 0.1, "coupled": rule in ("l1", "spared from decay")})
    net, _ = assert_same_course(Case(40, 33, ops, optimizer=optimizer, steps=6), np.float64, threads=2)
    if rule == "rows of norm 1" and part == "weights":
        np.testing.assert_allclose(np.linalg.norm(net.get(0, 0), axis=1), 1, rtol=1e-6)
    if rule == "nothing negative" and part == "bias":
        assert net.get(0, 1).min() == 0


def test_frozen_operations_keep_every_bit(dtype):
    """Whatever penalties, decay, constraints and averages are asked for."""
    rule = {**RULES, "constraint": ("unit_norm", (1e-7,))}
    samples = ("dense, frozen", "prelu, frozen", "batch_norm, frozen", "affine")
    frozen = [{**SAMPLES[s], "frozen": True, "weights": rule, "bias": rule} for s in samples]
    optimizer = ("adam", ADAM[1], 0.1, {"weight_decay": 0.1})
    case = Case(12, 8, [DENSE, *frozen, LAST], optimizer=optimizer, ema=(0.9, 2))
    net, twin = build(case, dtype)
    before = {place: net.get(*place[1:]).tobytes() for place in parts_of(twin)}
    x, y, _, _ = data(case, net, dtype, 80)
    run = _core.Run(net, x, y)
    assert net.train(run, 10, 0)
    for (kind, op, part), value in before.items():
        if kind in ("weights", "moments"):
            assert (net.get(op, part).tobytes() == value) is (op not in (0, 5)), (op, part)
    with pytest.raises(IndexError):
        net.get(1, "ema_W")


def test_a_program_in_which_nothing_learns(dtype):
    case = Case(12, 8, [{**SAMPLES[s], "frozen": True} for s in ("dense, frozen", "prelu", "batch_norm", "activity")])
    net, twin = build(case, dtype)
    x, y, _, _ = data(case, net, dtype, 20)
    run = _core.Run(net, x, y)
    assert net.train(run, 10, 0)
    cost = sum(len(rows) * twin.cost(x[rows], y[rows]) for rows in np.split(np.arange(20), [8, 16]))
    np.testing.assert_allclose(run.done[2], cost, rtol=1e-5)


def bit_cases(dtype):
    """Each kind of operation trained behind and before dense layers, then predicted with; then all of them together."""
    rules = {"weights": RULES, "bias": {**RULES, "constraint": ("max_norm", (1e-7, 2.0)), "axis": 1}}
    programs = {s: [DENSE, {**op, **rules}, op, LAST] for s, op in SAMPLES.items() if op.get("op") != "pieces"}
    programs["all"] = [{**op, **rules} for op in ALL]
    for label, ops in programs.items():
        for options in ({}, {"global_clip_norm": 0.5}) if label == "all" else ({},):

            def run(ops=ops, options=options):
                optimizer = ("adam", (0.9, 0.999, 1e-7, 0.0), 1e-2, options)
                case = Case(72, 45, ops, optimizer=optimizer, ema=(0.9, 4), weighted=True)
                net, twin = build(case, dtype)
                x, y, weight, order = data(case, net, dtype, 45 * 6 - 11)
                states, metrics = metric_states(DENSE_METRICS, net)
                course = _core.Run(net, x, y, weight, metrics)
                course.start(order, 45)
                while not net.train(course, 4, 0):
                    pass
                prices = np.zeros(len(x))
                trained = [net.get(*place[1:]) for place in parts_of(twin)]
                return (*trained, net.predict(x), net.evaluate(course, prices), prices, *states, np.array(course.done))

            yield f"{label} {options}", run
