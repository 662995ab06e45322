"""Penalties: values against plain NumPy, names, configs, older spellings."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Input, Sequential, ops, regularizers
from fastmlp.autodiff import GradientTape, Tensor, constant
from fastmlp.layers import Dense
from fastmlp.regularizers import L1, L1L2, L2, OrthogonalRegularizer
from fastmlp.variables import Variable


@pytest.mark.parametrize(
    ("regularizer", "l1", "l2"),
    [
        (L1(), 0.01, 0),
        (L2(), 0, 0.01),
        (L1L2(), 0, 0),
        (L1(0.3), 0.3, 0),
        (L2(0.2), 0, 0.2),
        (L1L2(0.3, 0.2), 0.3, 0.2),
    ],
    ids=repr,
)
def test_penalty(regularizer, l1, l2, dtype, rng):
    assert (regularizer.l1, regularizer.l2) == (l1, l2)
    w = rng.normal(size=(37, 11)).astype(dtype)
    exact = l1 * np.abs(w.astype(np.float64)).sum() + l2 * (w.astype(np.float64) ** 2).sum()
    penalty = regularizer(w)
    assert isinstance(penalty, float)
    np.testing.assert_allclose(penalty, exact, rtol=1e-6 if dtype == np.float32 else 1e-13)


def test_no_half_and_no_mean():
    """The lectures' (1/m)(λ/2) Σ w² is L2(λ / 2m)."""
    w, lam, m = np.arange(6.0), 0.7, 10
    np.testing.assert_allclose(L2(lam / (2 * m))(w), lam / (2 * m) * 55, rtol=1e-14)


def test_lists_and_whole_numbers():
    assert L1L2(0.5, 0.25)([[1, -2], [0, 3]]) == 0.5 * 6 + 0.25 * 14
    assert L2(1)(np.zeros((0, 3))) == 0


@pytest.mark.parametrize(
    "name", ["l1", "L1", "l2", "L2", "l1_l2", "L1L2", "orthogonal_regularizer", "OrthogonalRegularizer"]
)
def test_names(name):
    found = regularizers.get(name)
    assert type(found).__name__.lower() == name.replace("_", "").lower()
    assert type(found) is getattr(regularizers, name)


def test_get_takes_objects_classes_functions_and_none():
    own = lambda w: 0.0
    regularizer = L2(0.1)
    assert regularizers.get(regularizer) is regularizer
    assert regularizers.get(own) is own
    assert regularizers.get(None) is None
    assert isinstance(regularizers.get(L1), L1)
    with pytest.raises(ValueError, match="did you mean 'l2'"):
        regularizers.get("l22")


@pytest.mark.parametrize("made", [L1(0.3), L2(0.2), L1L2(0.1, 0.2), OrthogonalRegularizer(0.5, "columns")], ids=repr)
def test_config_leads_back(made, rng):
    copy = regularizers.deserialize(regularizers.serialize(made))
    w = rng.normal(size=(4, 3))
    assert type(copy) is type(made)
    assert copy.get_config() == made.get_config()
    assert copy(w) == made(w) > 0


def test_older_spelling():
    with pytest.warns(DeprecationWarning, match="write l2="):
        assert L2(l=0.3).l2 == 0.3
    with pytest.warns(DeprecationWarning, match="write l1="):
        assert regularizers.l1(l=0.3).l1 == 0.3
    with pytest.raises(TypeError, match="expected the argument l2, got"):
        L2(alpha=0.3)
    assert L2(None).l2 == 0.01


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
@pytest.mark.parametrize("make", [L1, L2, lambda v: L1L2(l1=v), lambda v: L1L2(l2=v), OrthogonalRegularizer])
def test_factors_out_of_range(make, value):
    with pytest.raises(ValueError, match="expected a number at least 0"):
        make(value)
    with pytest.raises(TypeError, match="expected a number"):
        make("much")


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal(mode, rng):
    w = rng.normal(size=(5, 4))
    vectors = list(w) if mode == "rows" else list(w.T)
    cosines = [
        abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for i, a in enumerate(vectors) for b in vectors[i + 1 :]
    ]
    np.testing.assert_allclose(OrthogonalRegularizer(0.3, mode)(w), 0.3 * np.mean(cosines), rtol=1e-12)


def test_orthogonal_edges():
    assert OrthogonalRegularizer()(np.eye(3)) == 0
    assert OrthogonalRegularizer()(np.ones((1, 3))) == 0
    assert OrthogonalRegularizer()([[0, 0], [1, 1]]) == 0
    with pytest.raises(ValueError, match="expected a matrix"):
        OrthogonalRegularizer()(np.ones(3))
    with pytest.raises(ValueError, match="expected mode 'rows' or 'columns'"):
        OrthogonalRegularizer(mode="diagonals")


MADE = [L1(0.3), L2(0.2), L1L2(0.1, 0.2), OrthogonalRegularizer(0.5), OrthogonalRegularizer(0.5, "columns")]


@pytest.mark.parametrize("regularizer", MADE, ids=repr)
def test_of_a_tensor_it_is_a_tensor_with_gradients_of_any_order(regularizer, rng):
    w = rng.normal(size=(4, 3))
    x = constant(w)

    def slopes(x):
        with GradientTape() as tape:
            tape.watch(x)
            penalty = regularizer(x)
        return tape.gradient(penalty, x)

    assert isinstance(regularizer(x), Tensor)
    assert regularizer(x) == regularizer(Variable(w))
    assert float(regularizer(x)) == pytest.approx(regularizer(w), rel=1e-12)
    weights = np.sin(np.arange(12.0)).reshape(4, 3)
    with GradientTape() as tape:
        tape.watch(x)
        bent = ops.sum(slopes(x) * weights)
    curves, h = tape.gradient(bent, x), 1e-5
    for at in np.ndindex(4, 3):
        step = np.zeros((4, 3))
        step[at] = h
        slope = (regularizer(w + step) - regularizer(w - step)) / (2 * h)
        assert slopes(x).numpy()[at] == pytest.approx(slope, abs=1e-8)
        bend = (slopes(constant(w + step)).numpy() - slopes(constant(w - step)).numpy()) / (2 * h)
        assert curves.numpy()[at] == pytest.approx((bend * weights).sum(), abs=1e-8)


def test_slopes_are_finite_where_nothing_is():
    for regularizer in MADE:
        x = constant([[0.0, 0.0], [1.0, 0.0]])
        with GradientTape() as tape:
            tape.watch(x)
            penalty = regularizer(x)
        assert np.isfinite(tape.gradient(penalty, x).numpy()).all()
        assert penalty.dtype == np.float32


def test_the_losses_of_a_model_add_up_on_a_tape():
    """A class, a function and one of ours."""

    class Largest(regularizers.Regularizer):
        def __call__(self, x):
            return ops.max(ops.abs(x))

    def cubes(x):
        return ops.sum(x * x * x)

    model = Sequential([
        Input(shape=(3,)),
        Dense(4, kernel_regularizer=Largest(), bias_regularizer=cubes, bias_initializer="ones"),
        Dense(2, kernel_regularizer=L2(0.5), activity_regularizer=L1(0.1)),
    ])  # fmt: skip
    with GradientTape() as tape:
        model(np.ones((5, 3), "float32"))
        total = sum(model.losses)
    assert len(model.losses) == 4
    found = tape.gradient(total, model.trainable_weights)
    np.testing.assert_allclose(
        float(total), np.abs(model.weights[0]).max() + 4 + 0.5 * np.square(model.weights[2]).sum()
        + 0.1 * np.abs(model(np.ones((1, 3), "float32"))).sum(), rtol=1e-5,
    )  # fmt: skip
    for variable, g in zip(model.trainable_weights, found, strict=True):
        value, at, h = variable.numpy(), np.unravel_index(np.abs(g.numpy()).argmax(), g.shape), 1e-2
        prices = []
        for step in (h, -h):
            moved = value.copy()
            moved[at] += step
            variable.assign(moved)
            model(np.ones((5, 3), "float32"))
            prices.append(float(sum(model.losses)))
        variable.assign(value)
        assert g.numpy()[at] == pytest.approx((prices[0] - prices[1]) / (2 * h), rel=2e-3)


def test_one_of_ones_own():
    class Largest(regularizers.Regularizer):
        def __call__(self, x):
            return float(np.max(x))

    assert Largest()([1.0, 4.0]) == 4
    assert regularizers.get(Largest)([2.0]) == 2
