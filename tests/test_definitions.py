"""Definitions of kernels in operations: the same values, the same gradients, and one for every kernel there is."""

from __future__ import annotations

import loss_cases
import numpy as np
import pytest
import test_activations
import test_trainable
from fastmlp import _core
from fastmlp.autodiff import GradientTape, Primitive, Tensor, constant, definitions, kernels

PLACES = {
    "activation": definitions.ACTIVATIONS,
    "row_activation": definitions.ROW_ACTIVATIONS,
    "pieces": definitions.PIECES,
    "trainable": definitions.TRAINABLE,
    "loss": definitions.LOSSES,
}
HOME = {"loss": "losses"}


@pytest.mark.parametrize("kind", PLACES)
def test_every_kernel_has_a_definition(kind):
    for name in _core.registry(kind):
        assert name in PLACES[kind], (
            f"the {kind} kernel '{name}' has no definition, so there are no gradients of its gradients: add it to "
            f"src/fastmlp/autodiff/{HOME.get(kind, 'definitions')}.py"
        )
    gone = set(PLACES[kind]) - set(_core.registry(kind))
    assert not gone, f"definitions of {kind} kernels that do not exist: {gone}; remove them"


# ---- each kernel's primitive, and numbers to try it on


class Case:
    """A kernel's primitive, the numbers it is given, and its settings."""

    def __init__(self, primitive, definition, inputs, **settings):
        self.primitive, self.definition, self.inputs, self.settings = primitive, definition, inputs, settings


def edges(name, params):
    """Numbers of all sizes, where functions bend and where they end."""
    rng = np.random.default_rng(3)
    bends = [*test_activations.KINKS.get(name, []), *[p for p in params if np.isfinite(p)], 0.0, -0.0]
    return np.concatenate([rng.normal(0, 2, 40), rng.normal(0, 20, 20), bends, np.negative(bends)])


def activations():
    for name, params in test_activations.CASES:
        yield f"{name}{params}", Case(kernels.activation, definitions.activation, [edges(name, params)], name=name,
                                      params=params)  # fmt: skip


def rows():
    rng = np.random.default_rng(4)
    for name in _core.registry("row_activation"):
        for shape in [(5, 7), (3, 1), (0, 4), (2, 3, 4)]:
            yield f"{name}{shape}", Case(kernels.row_activation, definitions.row_activation, [rng.normal(0, 2, shape)],
                                         name=name)  # fmt: skip


def pieces():
    rng = np.random.default_rng(5)
    for name in _core.registry("pieces"):
        for count in (2,) if name == "glu" else (2, 3, 5):
            x = np.round(rng.normal(0, 2, (4, 3 * count)), 0 if name == "maxout" else 9)  # some are equally large
            yield f"{name}{count}", Case(kernels.piecewise, definitions.pieces, [x], name=name, pieces=count)


def trainables():
    rng = np.random.default_rng(6)
    for name, repeats in test_trainable.CASES:
        for shared in (False, True) if repeats else ():
            x, _, theta = test_trainable.case(name, repeats, (6, 5), shared, np.float64, rng)
            x[0, :2] = 0, -0.0
            yield f"{name}{repeats}{shared}", Case(kernels.trainable, definitions.trainable, [x, theta], name=name,
                                                   shared=shared)  # fmt: skip


def losses():
    rng = np.random.default_rng(7)
    for name, params in loss_cases.CASES:
        for shape in [(9, 4), (5, 1), (6, 40)]:
            pred, target = loss_cases.inputs(name, *shape, np.float64, rng)
            if name in loss_cases.PROBABILITIES and "focal" not in name:
                pred[0, 0], pred[1, 0] = 0, 1  # beyond what they are clipped to
            yield f"{name}{params}{shape}", Case(kernels.loss, definitions.loss, [pred, target], name=name,
                                                 params=params)  # fmt: skip


def layers():
    rng = np.random.default_rng(8)
    x, kernel, bias = rng.normal(size=(6, 5)), rng.normal(size=(5, 4)), rng.normal(size=4)
    gamma, beta, moving = rng.normal(size=5), rng.normal(size=5), (rng.normal(size=5), rng.uniform(0.5, 2, 5))
    yield "dense", Case(kernels.dense, definitions.dense, [x, kernel, bias], bf16=False)
    yield "dense without bias", Case(kernels.dense, definitions.dense, [x, kernel], bf16=False)
    for training in (False, True):
        yield f"batch_norm{training}", Case(kernels.batch_norm, definitions.batch_norm, [x, gamma, beta], moving=moving,
                                            momentum=0.9, epsilon=1e-3, training=training)  # fmt: skip
    yield "penalty", Case(kernels.penalty, definitions.penalty, [np.round(x)], l1=0.3, l2=0.2)
    yield "layer_norm", Case(kernels.layer_norm, definitions.layer_norm, [x, gamma, beta], epsilon=1e-3)
    x = np.concatenate([x, np.zeros((1, 5)), np.full((1, 5), 1e-4)])
    for epsilon in (1e-12, 1e-2):
        yield f"unit_norm{epsilon}", Case(kernels.unit_norm, definitions.unit_norm, [x], epsilon=epsilon)


CASES = dict(case for some in (activations, rows, pieces, trainables, losses, layers) for case in some())
ALL = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])


def test_every_primitive_of_the_kernels_is_tried():
    own = {value.name for value in vars(kernels).values() if isinstance(value, Primitive) and value.saves}
    tried = {case.primitive.name for case in CASES.values()}
    assert own == tried, f"no case in tests/test_definitions.py for {own - tried}: add one"
    for kind in PLACES:
        names = {case.settings.get("name") for case in CASES.values()}
        assert not set(_core.registry(kind)) - names, f"no case for {kind} {set(_core.registry(kind)) - names}: add one"


def wanted(case):
    """Those of the inputs that the kernel gives a gradient of."""
    return [0] if case.primitive is kernels.loss else list(range(len(case.inputs)))


def run_by(case):
    """The primitive as it is called inside, where targets keep their type."""
    return lambda *tensors, **settings: case.primitive.on(tensors, settings)


def weights(shape):
    return np.cos(np.arange(np.prod(shape, dtype=int)) + 1.0).reshape(shape)


def gradients(function, case, dtype):
    tensors = [constant(x.astype(dtype) if x.dtype.kind == "f" else x) for x in case.inputs]
    moving = {"moving": tuple(m.astype(dtype) for m in case.settings["moving"])} if "moving" in case.settings else {}
    with GradientTape() as tape:
        tape.watch([tensors[i] for i in wanted(case)])
        y = function(*tensors, **{**case.settings, **moving})
    g = Tensor(weights(y.shape).astype(dtype))
    found = tape.gradient(y, [tensors[i] for i in wanted(case)], output_gradients=g, unconnected_gradients="zero")
    return y, found


@ALL
def test_definitions_equal_kernels(case, dtype):
    kernel_y, kernel_d = gradients(run_by(case), case, dtype)
    y, d = gradients(case.definition, case, dtype)
    close = 64 * np.finfo(dtype).eps
    for one, other in [(kernel_y, y), *zip(kernel_d, d)]:
        assert one.dtype == other.dtype == dtype
        assert one.shape == other.shape
        size = max(1.0, np.abs(one.numpy()).max(initial=0))
        np.testing.assert_allclose(other.numpy(), one.numpy(), close * 8, close * size)
