"""Gradients of gradients through layers and losses: against differences of the first ones, in float64."""

from __future__ import annotations

import loss_cases
import numpy as np
import pytest
import test_activations
from fastmlp import Input, Sequential, layers, ops
from fastmlp.autodiff import GradientTape, constant
from fastmlp.losses import get as loss_named
from test_definitions import CASES


def wave(shape):
    """Weights, so that each number counts differently."""
    return np.sin(np.arange(np.prod(shape, dtype=int)) + 1.0).reshape(shape)


def differences(function, x, h=1e-4):
    """∂ function / ∂ x by four points."""
    found = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        for step, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = x.copy()
            moved[at] += step * h
            found[at] += weight * float(function(moved)) / (12 * h)
    return found


def first(function, x):
    """Σ of the gradient's waves: what the second gradient is the gradient of."""
    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    g = tape.gradient(y, x, unconnected_gradients="zero")
    return ops.sum(g * wave(g.shape))


def check(function, x, rtol=2e-6, atol=2e-7):
    """The second gradient equals differences of the first, which come by the kernels' own backward passes."""
    tensor = constant(x)
    with GradientTape() as outer:
        outer.watch(tensor)
        bent = first(function, tensor)
    second = outer.gradient(bent, tensor, unconnected_gradients="zero")
    np.testing.assert_allclose(second.numpy(), differences(lambda v: first(function, constant(v)), x), rtol, atol)
    return second.numpy()


# ---- every kernel there is


def smooth_inputs(case):
    """The case's numbers, away from where a function bends."""
    arrays = [np.array(x) for x in case.inputs]
    if case.primitive.name == "activation":
        x = np.linspace(-3.3, 3.7, 23)
        bends = [*test_activations.KINKS.get(case.settings["name"], []), *case.settings["params"]]
        return [x[[all(abs(v - b) > 0.02 and abs(v + b) > 0.02 for b in bends) for v in x]]]
    if case.primitive.name == "unit_norm":  # but for rows of length 0, which have no direction
        return [arrays[0][:6]]
    if case.primitive.name in ("piecewise", "penalty", "trainable"):
        arrays[0] = arrays[0] + 0.1 * wave(arrays[0].shape)
    return arrays


SMALL = {name: case for name, case in CASES.items() if sum(x.size for x in case.inputs[:1]) <= 80}


@pytest.mark.parametrize("name", SMALL)
def test_kernels(name):
    case = SMALL[name]
    arrays = smooth_inputs(case)
    if case.primitive.name == "loss" and arrays[0].size and case.settings["name"] in loss_cases.PROBABILITIES:
        arrays[0] = np.clip(arrays[0], 0.05, 0.95)
    learnt = [0] if case.primitive.name == "loss" else range(len(arrays))
    for i in learnt:
        others = [constant(a) for a in arrays]

        def function(x, i=i, others=others):
            inputs = (*others[:i], x, *others[i + 1 :])
            y = case.primitive.on(inputs, case.settings)
            return ops.sum(y * wave(y.shape) + ops.square(y))

        check(function, arrays[i], 5e-6, 5e-6)


# ---- models


def small(*stack, loss="mean_squared_error", dtype="float64"):
    """A model of these layers in float64, with rows, targets and the price of its predictions."""
    rng = np.random.default_rng(9)
    model = Sequential([Input(shape=(3,)), *stack])
    x = rng.normal(size=(5, 3))
    y = rng.uniform(0.1, 0.9, model.compute_output_shape((5, 3)))
    criterion = loss_named(loss)
    criterion.dtype = dtype
    return model, x, y, criterion


def dense(units, activation=None, **settings):
    return layers.Dense(units, activation=activation, dtype="float64", bias_initializer="glorot_normal" if False
                        else "ones", **settings)  # fmt: skip
