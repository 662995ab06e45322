"""Losses against their twins: values and derivatives, by rows, in panels and in blocks."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, twin
from loss_cases import CASES, ELEMENTWISE, KERNELS, MARGINS, PROBABILITIES, check, inputs
from shapes import ROWS


@pytest.mark.parametrize(("name", "params"), CASES)
def test_rows_equal_twin(name, params, dtype, rng):
    for n, k in [*ROWS, (70, 1), (40, 10), (3, 300)]:
        pred, target = inputs(name, n, k, dtype, rng)
        before, scale = pred.copy(), rng.normal(size=n).astype(dtype)
        out, grad = Guarded((n,), dtype), Guarded((n, k), dtype)
        loss, d = _core.loss(name, pred, target, params, scale, gradient=grad.array, out=out.array)
        out.check()
        grad.check()
        check(name, params, pred, target, loss, d, scale)
        assert pred.tobytes() == before.tobytes()
        if n * k > 16:
            assert len(np.unique(pred)) > n * k // 2, "the test's own inputs do not vary"
        if n > 16 and k > 1:
            assert np.abs(loss).sum() > 0
            assert np.abs(d).sum() > 0
        alone, nothing = _core.loss(name, pred, target, params, gradient=False)
        assert nothing is None
        assert alone.tobytes() == loss.tobytes(), "the loss must not depend on whether a gradient is wanted"
        inside, _ = _core.loss(name, pred, target, params, scale, gradient=pred)
        assert inside.tobytes() == loss.tobytes()
        assert pred.tobytes() == d.tobytes(), "the gradient may take the place of the prediction"


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("k", [1, 3, 10, 16, 17, 32, 40, 70])
def test_panels_equal_rows(name, params, k, dtype, rng):
    n = 37
    pred, target = inputs(name, n, k, dtype, rng)
    scale = rng.normal(size=n).astype(dtype)

    def panels(x):
        """Lanes past the last column hold what must not matter."""
        padded = np.full((n, -(-k // 32) * 32), np.nan, dtype)
        padded[:, :k] = x
        return np.ascontiguousarray(padded.reshape(n, -1, 32).transpose(1, 0, 2))

    t = target if KERNELS[name].traits else panels(target)
    grad = Guarded(panels(pred).shape, dtype)
    loss, d = _core.loss(name, panels(pred), t, params, scale, gradient=grad.array, columns=k)
    grad.check()
    flat = d.transpose(1, 0, 2).reshape(n, -1)
    expected_loss, expected = _core.loss(name, pred, target, params, scale)
    assert loss.tobytes() == expected_loss.tobytes()
    assert flat[:, :k].tobytes() == expected.tobytes()
    assert (flat[:, k : -(-k // 16) * 16] == 0).all(), "padding up to a multiple of 16 lanes must be zero"


@pytest.mark.parametrize(("name", "params"), ELEMENTWISE)
def test_block_equals_twin(name, params, dtype, rng):
    for n, k in [(1, 1), (5, 3), (16, 2), (33, 1), (100, 16)]:
        pred, target = inputs(name, n, k, dtype, rng)
        scale = rng.normal(size=n).astype(dtype)
        p, t = np.ascontiguousarray(pred.T), np.ascontiguousarray(target.T)
        out, grad = Guarded((n,), dtype), Guarded((k, n), dtype)
        loss, d = _core.loss_block(name, p, t, params, scale, gradient=grad.array, out=out.array)
        out.check()
        grad.check()
        check(name, params, pred, target, loss, d.T, scale)


@pytest.mark.parametrize(("name", "params"), ELEMENTWISE)
@pytest.mark.parametrize("n", [1, 5, 16, 19, 32])
def test_block_in_a_panel_ignores_and_clears_its_padding(name, params, n, dtype, rng):
    pred, target = inputs(name, n, 3, dtype, rng)
    scale = rng.normal(size=n).astype(dtype)
    panel = np.full((2, 3, 32), np.nan, dtype)
    panel[0, :, :n], panel[1, :, :n] = pred.T, target.T
    out, grad = Guarded((n,), dtype), Guarded((3, 32), dtype)
    _core.loss_block(name, *panel, params, scale, gradient=grad.array, out=out.array, samples=n)
    out.check()
    grad.check()
    loss, d = _core.loss_block(name, *np.ascontiguousarray(panel[:, :, :n]), params, scale)
    assert out.array.tobytes() == loss.tobytes()
    assert grad.array[:, :n].tobytes() == d.tobytes()
    assert (grad.array[:, n : -(-n // 16) * 16] == 0).all()


def partial_slopes(f, x, h=1e-3):
    """∂f(x)[i]/∂x[i, j] by 4-point central differences."""
    result = np.empty_like(x)
    for j in range(x.shape[1]):
        step = np.zeros_like(x)
        step[:, j] = h
        result[:, j] = (8 * (f(x + step) - f(x - step)) - (f(x + 2 * step) - f(x - 2 * step))) / (12 * h)
    return result


def away_from_kinks(name, pred, target, params):
    """Elements whose derivative does not jump within the points of the differences."""
    kinks = {"mean_absolute_error": [0.0], "mean_absolute_percentage_error": [0.0]}
    if name == "huber":
        kinks["huber"] = [-params[0], params[0]]
    smooth = np.ones(pred.shape, bool)
    for kink in kinks.get(name, []):
        smooth &= np.abs(pred - target - kink) > 0.01
    if name in MARGINS:
        smooth &= np.abs(1 - pred * target) > 0.01
    if name == "categorical_hinge":
        others = np.sort((1 - target) * pred, axis=1)
        loss = twin("losses", name)(pred, target)
        smooth &= ((others[:, -1] - others[:, -2] > 0.01) & (loss > 0.01))[:, None]
    assert smooth.mean() > 0.5, "too few elements left to test"
    return smooth


@pytest.mark.parametrize("source", ["twin", "kernel"])
@pytest.mark.parametrize(("name", "params"), CASES)
def test_derivative_by_finite_differences(name, params, source, rng):
    pred, target = inputs(name, 60, 4, np.float64, rng)
    if name in PROBABILITIES:
        pred = 0.1 + 0.8 * pred  # the logarithm's higher derivatives grow too fast near 0
    smooth = away_from_kinks(name, pred, target, params)
    if source == "twin":
        d = twin("losses", f"{name}_grad")(pred, target, *params)
        slopes = partial_slopes(lambda x: twin("losses", name)(x, target, *params), pred)
    else:
        d = _core.loss(name, pred, target, params)[1]
        slopes = partial_slopes(lambda x: _core.loss(name, x, target, params, gradient=False)[0], pred)
    np.testing.assert_allclose(d[smooth], slopes[smooth], rtol=1e-6, atol=1e-8)
    assert np.abs(slopes).max() > 0


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(2)
    for name, params in CASES:
        arrays = [inputs(name, n, k, dtype, rng) for n, k in [(150, 1), (66, 10), (65, 35)]]
        yield (
            f"{name}{params}",
            lambda name=name, params=params, arrays=arrays: [
                a for pred, target in arrays for a in _core.loss(name, pred, target, params)
            ],
        )
    for name, params in ELEMENTWISE:
        pred, target = (np.ascontiguousarray(a.T) for a in inputs(name, 100, 3, dtype, rng))
        yield (
            f"{name}{params} in a block",
            lambda name=name, params=params, pred=pred, target=target: _core.loss_block(name, pred, target, params),
        )
