"""Weight constraints against their twins: by columns, by rows, whole vectors."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, twin
from shapes import ROWS
from tolerance import assert_close

KERNELS = _core.registry("constraint")
PARAMS = {
    "max_norm": [(1e-7, 2.0), (0.0, 0.5)],
    "min_max_norm": [(1e-7, 0.0, 1.0, 1.0), (1e-7, 2.0, 3.0, 1.0), (1e-7, 1.0, 2.0, 0.3)],
    "unit_norm": [(1e-7,), (1e-2,)],
    "non_neg": [()],
}
CASES = [(name, p) for name in KERNELS for p in PARAMS.get(name, [])]
SHAPES = [*ROWS, (0, 3), (3, 0), (100, 97), (70, 200)]


@pytest.mark.parametrize("name", KERNELS)
def test_every_constraint_is_tested(name):
    assert name in PARAMS, f"no parameters to test '{name}' with: add them to PARAMS"


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("axis", [0, 1])
def test_equals_twin(name, params, shape, axis, dtype, rng):
    w = rng.normal(size=shape).astype(dtype)
    out = Guarded(shape, dtype)
    out.array[...] = w
    _core.constrain(name, out.array, axis, params)
    out.check()
    exact = twin("constraints", name, "w, axis, …")(w.astype(np.float64), axis, *params)
    assert_close(out.array, exact, ulps=8 + shape[axis], label=name)
    if w.size > 40:
        assert len(np.unique(w)) > w.size // 2, "the test's own inputs do not vary"
        assert not np.array_equal(out.array, w), "the constraint changed nothing"


@pytest.mark.parametrize(("name", "params"), CASES)
def test_a_vector_is_held_as_a_whole(name, params, dtype, rng):
    w = rng.normal(size=77).astype(dtype)
    exact = twin("constraints", name)(w.astype(np.float64), 0, *params)
    _core.constrain(name, w, 0, params)
    assert_close(w, exact, ulps=8 + w.size, label=name)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("axis", [0, 1])
def test_zero_stays_zero(name, axis, dtype):
    """The padded columns of a panel, for every epsilon."""
    for epsilon in (0.0, 1e-300, 1e-7):
        params = tuple({"epsilon": epsilon, "rate": 0.5}.get(p, 5.0) for p in KERNELS[name].params)
        w = np.zeros((5, 40), dtype)
        _core.constrain(name, w, axis, params)
        assert not w.any()


@pytest.mark.parametrize(("name", "params"), CASES)
def test_nan_survives_in_its_own_column(name, params, dtype, rng):
    w = rng.normal(size=(9, 20)).astype(dtype)
    w[4, 3] = np.nan
    _core.constrain(name, w, 0, params)
    assert np.isnan(w[4, 3])
    assert np.isfinite(np.delete(w, 3, axis=1)).all()


def test_non_neg_leaves_positive_weights_alone(dtype, rng):
    w = rng.normal(size=(9, 20)).astype(dtype)
    before = w.copy()
    _core.constrain("non_neg", w, 0, ())
    np.testing.assert_array_equal(w, np.maximum(before, 0))


def test_bad_arguments_raise(rng):
    w = rng.normal(size=(3, 4))
    bad = [
        (ValueError, "expected one of", ("max_norms", w, 0, (1e-7, 2.0))),
        (ValueError, "expected 2 parameters", ("max_norm", w, 0, ())),
        (ValueError, "expected an axis", ("max_norm", w, 2, (1e-7, 2.0))),
        (ValueError, "expected an axis", ("max_norm", w, -1, (1e-7, 2.0))),
        (ValueError, "expected an axis", ("max_norm", w[0].copy(), 1, (1e-7, 2.0))),
        (ValueError, "a vector or a matrix", ("max_norm", w.reshape(3, 2, 2), 0, (1e-7, 2.0))),
        (ValueError, "a vector or a matrix", ("max_norm", np.array(1.0), 0, (1e-7, 2.0))),
        (ValueError, "writable C-contiguous", ("max_norm", w.T, 0, (1e-7, 2.0))),
        (TypeError, "expected float32 or float64", ("max_norm", w.astype(int), 0, (1e-7, 2.0))),
        (TypeError, "expected a NumPy array", ("max_norm", w.tolist(), 0, (1e-7, 2.0))),
    ]
    before = w.copy()
    for error, text, arguments in bad:
        with pytest.raises(error, match=text):
            _core.constrain(*arguments)
    np.testing.assert_array_equal(w, before)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    w = np.random.default_rng(1).normal(size=(67, 131)).astype(dtype)

    def held(name, axis, params):
        new = w.copy()
        _core.constrain(name, new, axis, params)
        return [new]

    for name, params in CASES:
        for axis in (0, 1):
            yield f"{name}{params} axis {axis}", lambda name=name, axis=axis, params=params: held(name, axis, params)
