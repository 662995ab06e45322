"""Constraints as users hold them: what they do to an array, names, configs, kernels."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import constraints
from fastmlp.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm

EPS = 1e-7


def norms(w, axis):
    return np.sqrt((w.astype(np.float64) ** 2).sum(axis, keepdims=True))


FORMULAS = {
    "max": (MaxNorm(1.5), lambda w, n: w * np.minimum(n, 1.5) / (EPS + n)),
    "min_max": (MinMaxNorm(0.5, 1.5, 0.3), lambda w, n: w * (0.3 * np.clip(n, 0.5, 1.5) + 0.7 * n) / (EPS + n)),
    "unit": (UnitNorm(), lambda w, n: w / (EPS + n)),
    "non_neg": (NonNeg(), lambda w, n: np.maximum(w, 0)),
}


@pytest.mark.parametrize("case", FORMULAS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((7, 5), 0), ((7, 5), 1), ((7, 5), -1), ((7, 5), -2), ((9,), 0), ((9,), -1)]
)
def test_values(case, shape, axis, dtype, rng):
    constraint, formula = FORMULAS[case]
    if case != "non_neg":
        constraint = type(constraint)(**{**constraint.get_config(), "axis": axis})
    w = rng.normal(size=shape).astype(dtype)
    kept = w.copy()
    held = constraint(w)
    np.testing.assert_array_equal(w, kept)
    assert held.dtype == dtype
    np.testing.assert_allclose(held, formula(w, norms(w, axis)), rtol=1e-6 if dtype == np.float32 else 1e-14)
    assert not np.array_equal(held, w)


def test_a_weight_that_obeys_hardly_changes_and_zero_stays_zero():
    w = np.array([[0.6, 0.0], [0.8, 0.0]])
    np.testing.assert_allclose(MaxNorm(2)(w), w, rtol=2 * EPS)
    np.testing.assert_allclose(UnitNorm()(w), w, rtol=2 * EPS)


def test_lists_and_whole_numbers_are_taken():
    assert NonNeg()([-1, 2]).tolist() == [0, 2]
    assert NonNeg()([-1, 2]).dtype == np.float32


def test_defaults():
    assert MaxNorm().get_config() == {"max_value": 2, "axis": 0}
    assert MinMaxNorm().get_config() == {"min_value": 0, "max_value": 1, "rate": 1, "axis": 0}
    assert UnitNorm().get_config() == {"axis": 0}
    assert NonNeg().get_config() == {}


def test_kernels():
    assert MaxNorm(3).lower() == ("max_norm", (EPS, 3))
    assert MinMaxNorm(1, 2, 0.5).lower() == ("min_max_norm", (EPS, 1, 2, 0.5))
    assert UnitNorm(1).lower() == ("unit_norm", (EPS,))
    assert NonNeg().lower() == ("non_neg", ())


@pytest.mark.parametrize(
    "name", ["max_norm", "MaxNorm", "min_max_norm", "MinMaxNorm", "unit_norm", "UnitNorm", "non_neg", "NonNeg"]
)
def test_names(name):
    found = constraints.get(name)
    assert type(found) is getattr(constraints, name)
    copy = constraints.deserialize(constraints.serialize(found))
    assert type(copy) is type(found)
    assert copy.get_config() == found.get_config()


def test_get_takes_objects_classes_functions_and_none():
    held, own = MaxNorm(3), lambda w: w
    assert constraints.get(held) is held
    assert constraints.get(own) is own
    assert constraints.get(None) is None
    assert isinstance(constraints.get(UnitNorm), UnitNorm)
    with pytest.raises(ValueError, match="did you mean 'max_norm'"):
        constraints.get("maxnrom")


def test_axes():
    assert MaxNorm(axis=[1]).axis == 1
    assert [UnitNorm(axis=-1).axis_of(n) for n in (1, 2)] == [0, 1]
    with pytest.raises(TypeError, match="expected one axis"):
        MaxNorm(axis=[0, 1])
    with pytest.raises(ValueError, match="expected an axis of weights with 1 axes, got 1"):
        UnitNorm(axis=1)(np.ones(3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: MaxNorm(-1),
        lambda: MinMaxNorm(-1),
        lambda: MinMaxNorm(2, 1),
        lambda: MinMaxNorm(rate=2),
        lambda: MaxNorm(np.inf),
    ],
)
def test_settings_out_of_range(make):
    with pytest.raises(ValueError, match="expected a number"):
        make()


def test_one_of_ones_own():
    class Half(constraints.Constraint):
        def __call__(self, w):
            return w / 2

    assert Half()(np.ones(2)).tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match=r"expected one of fastmlp's own, got Half"):
        Half().lower()
