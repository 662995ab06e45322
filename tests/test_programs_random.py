"""Programs drawn at random, trained by the engine and by the float64 twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program_cases import DENSE_METRICS, SAMPLES, Case, assert_same_course

WIDTHS = st.one_of(st.integers(1, 5), st.integers(6, 40), st.sampled_from([16, 31, 32, 33, 48, 64, 65]))
ACTIVATIONS = [("tanh", ()), ("linear", ()), ("softplus", ()), ("relu", ()), ("elu", (0.5,)), ("silu", ())]
# nothing that goes by a gradient's sign, and no epsilon so small that a gradient which is rounding alone would move
OPTIMIZERS = [
    ("sgd", ()),
    ("nesterov", (0.9,)),
    ("rmsprop_centered", (0.9, 1e-2, 0.0)),
    ("adam", (0.9, 0.999, 1e-2, 0.0)),
    ("amsgrad", (0.9, 0.99, 0.0, 1e-2)),
    ("adagrad", (0.1, 1e-7, 0.0)),
]
CONSTRAINTS = [
    None,
    ("max_norm", (1e-7, 0.9)),
    ("min_max_norm", (1e-7, 0.5, 1.2, 0.7)),
    ("unit_norm", (1e-7,)),
]
CLIPPING = [{}, {"clip_value": 0.05}, {"clip_norm": 0.2}, {"global_clip_norm": 0.3}]


@st.composite
def rules(draw):
    """What training does to a weight; most often nothing of its own."""
    if draw(st.integers(0, 2)):
        return {}
    rule = {"l1": draw(st.sampled_from([0.0, 1e-3])), "l2": draw(st.sampled_from([0.0, 1e-2]))}
    rule |= {"constraint": draw(st.sampled_from(CONSTRAINTS)), "axis": draw(st.integers(0, 1))}
    return rule | {"spared": draw(st.booleans())}


@st.composite
def operations(draw, width):
    """A description that fits a width."""
    op = dict(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))])
    if op.get("op", "dense") == "dense":
        op |= {"units": draw(WIDTHS), "activation": draw(st.sampled_from(ACTIVATIONS))}
    if op.get("op") == "pieces" and width % op["pieces"]:
        op = {"op": "pieces", "kernel": ("maxout", ()), "pieces": 1}
    return op | {"weights": draw(rules()), "bias": draw(rules()), "frozen": draw(st.integers(0, 4)) == 0}


@st.composite
def programs(draw):
    """A case of up to six operations before a dense layer, and how it is trained."""
    inputs = width = draw(WIDTHS)
    ops = []
    for _ in range(draw(st.integers(0, 6))):
        ops.append(draw(operations(width)))
        width = width // ops[-1]["pieces"] if "pieces" in ops[-1] else ops[-1].get("units", width)
    last = {"units": draw(WIDTHS), "activation": draw(st.sampled_from(ACTIVATIONS[:3])), "weights": draw(rules())}
    loss, output, logits = ("mean_squared_error", ()), None, False
    if draw(st.booleans()):
        loss, output, logits = draw(
            st.sampled_from(
                [
                    (("categorical_crossentropy", (0.1,)), ("softmax", ()), False),
                    (("categorical_crossentropy_logits", (0.0,)), ("softmax", ()), True),
                    (("binary_crossentropy_logits", (0.0,)), None, True),
                ]
            )
        )
        last["activation"] = ("linear", ()) if output else ("sigmoid", ())
    rest = {
        "weight_decay": draw(st.sampled_from([0.0, 0.1])),
        "coupled": draw(st.booleans()),
        **draw(st.sampled_from(CLIPPING)),
    }
    optimizer = (*draw(st.sampled_from(OPTIMIZERS)), 5e-3, rest)
    case = Case(inputs, draw(st.integers(2, 70)), [*ops, last], loss, optimizer, output, logits, steps=20)
    case.reduction = draw(st.sampled_from(["sum_over_batch_size", "mean_with_sample_weight"]))
    case.ema = draw(st.sampled_from([(0.0, 0), (0.9, 0), (0.7, 4)]))
    case.weighted, case.seed = draw(st.booleans()), draw(st.integers(0, 99))
    case.rates = draw(st.sampled_from([None, list(np.geomspace(1e-2, 1e-3, 20))]))
    case.metrics = draw(st.sampled_from([[], DENSE_METRICS]))
    return case


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=programs())
def test_any_program(threads, case, every_thread):
    assert_same_course(case, np.float64, threads)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=programs())
def test_any_program_in_single_precision(case, every_thread):
    case.metrics = []  # a prediction next to a threshold may come to lie on its other side
    assert_same_course(case, np.float32)
