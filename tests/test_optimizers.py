"""Optimizer steps against their twins over many steps, and what comes before a step: penalties, clipping, decay."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope, twin
from optimizer_cases import KERNEL_PARAMS as PARAMS
from reference.optimizers import clipped, decayed, regularized
from tolerance import assert_close

KERNELS = _core.registry("optimizer")
STEPS = 20
LR = 0.01

CASES = [(name, p) for name in KERNELS for p in PARAMS.get(name, []) if name != "accumulate"]  # which moves nothing
FIRST = [(name, params) for i, (name, params) in enumerate(CASES) if name not in dict(CASES[:i])]

OPTIONS = [
    {"weight_decay": 0.1},
    {"clip_value": 0.5},
    {"clip_norm": 3.0},
    {"l1": 0.05, "l2": 0.1},
    {"weight_decay": 0.1, "coupled": True},
    {"l2": 0.1, "clip_norm": 2.0, "clip_value": 0.4, "weight_decay": 0.2, "coupled": True},
    {"l1": 0.05, "l2": 0.1, "clip_norm": 2.0, "clip_value": 0.4, "weight_decay": 0.2},
]


def weights_and_gradients(n, dtype, rng, steps=STEPS):
    """Weights, and for each step a gradient: every element has its own size, from 1e-5 up."""
    w = rng.normal(0, 1, n).astype(dtype)
    size = 10.0 ** rng.uniform(-5, 1, n)
    return w, [(size * rng.normal(0.3, 1, n)).astype(dtype) for _ in range(steps)]


def start(name, params, like):
    return [np.full_like(like, value) for value in _core.optimizer_slots(name, params)]


def run(name, params, w, gradients, slots, first=1, lr=LR, **options):
    for step, g in enumerate(gradients, first):
        _core.optimizer_step(name, w, g, slots, step, lr, params, **options)
    return w, slots


def run_twin(
    name, params, w, gradients, lr=LR, weight_decay=0.0, clip_value=0.0, clip_norm=0.0, l1=0.0, l2=0.0, coupled=False
):
    """The same in float64: weights, slots and, for the tolerance, how much went through each of them."""
    step_of = twin("optimizers", name, "w, g, slots, step, lr, …")
    w = w.astype(np.float64)
    slots = tuple(np.full_like(w, value) for value in _core.optimizer_slots(name, params))
    moved, largest = np.abs(w), [np.abs(s) for s in slots]
    for step, g in enumerate(gradients, 1):
        before = w
        g = clipped(regularized(w, g.astype(np.float64), l1, l2), clip_value, clip_norm)
        g, start = (g + weight_decay * w, w) if coupled else (g, decayed(w, lr, weight_decay))
        w, slots = step_of(start, g, slots, step, lr, **dict(zip(KERNELS[name].params, params)))
        moved = moved + np.abs(w - before)
        largest = [np.maximum(a, np.abs(s)) for a, s in zip(largest, slots)]
        if name == "ftrl":  # z adds (n'^q − n^q)/lr · w: what cancels there is as large as n'^q/lr · w
            largest[1] = np.maximum(largest[1], slots[0] ** -params[1] / lr * np.abs(before))
    return w, slots, moved, largest


def check(name, params, w, slots, expected, steps=STEPS):
    exact, exact_slots, moved, largest = expected
    terms = 16 * steps  # a step rounds some ten times, and each rounding stays in the sums
    assert_close(w, exact, scale=moved, terms=terms, label=f"{name}{params}: w")
    for i, (s, e, size) in enumerate(zip(slots, exact_slots, largest)):
        assert_close(s, e, scale=size, terms=terms, label=f"{name}{params}: slot {i}")


@pytest.mark.parametrize("name", KERNELS)
def test_every_optimizer_is_tested(name):
    assert name in PARAMS, f"no parameters to test '{name}' with: add them to PARAMS"
    assert all(len(p) == len(KERNELS[name].params) for p in PARAMS[name])


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("n", [0, 1, 7, 16, 33, 1025])
def test_steps_equal_twin(name, params, n, dtype, rng):
    w, gradients = weights_and_gradients(n, dtype, rng)
    copies = [g.copy() for g in gradients]
    guards = [Guarded(w.shape, dtype) for _ in range(1 + KERNELS[name].traits)]
    guards[0].array[...] = w
    for guard, value in zip(guards[1:], _core.optimizer_slots(name, params)):
        guard.array[...] = value
    new, slots = run(name, params, guards[0].array, gradients, [guard.array for guard in guards[1:]])
    for guard in guards:
        guard.check()
    for g, copy in zip(gradients, copies):
        assert g.tobytes() == copy.tobytes()
    check(name, params, new, slots, run_twin(name, params, w, gradients))
    if n > 16:
        assert len(np.unique(w)) > n // 2, "the test's own inputs do not vary"
        assert (new != w).mean() > 0.7  # walks of ±lr may end where they began


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("name", "params"), FIRST)
def test_before_the_step(name, params, options, dtype, rng):
    w, gradients = weights_and_gradients(333, dtype, rng)
    new, slots = run(name, params, w.copy(), gradients, start(name, params, w), **options)
    check(name, params, new, slots, run_twin(name, params, w, gradients, **options))
    plain, _ = run(name, params, w.copy(), gradients, start(name, params, w))
    assert not np.array_equal(new, plain), "the option changed nothing"


@pytest.mark.parametrize(("name", "params"), CASES)
def test_resumed_run_has_the_same_bits(name, params, dtype, rng):
    w, gradients = weights_and_gradients(333, dtype, rng)
    whole, slots = run(name, params, w.copy(), gradients, start(name, params, w))
    half, saved = run(name, params, w.copy(), gradients[:10], start(name, params, w))
    half, saved = half.copy(), [s.copy() for s in saved]
    run(name, params, w.copy(), gradients[:3], start(name, params, w))  # another model's steps between
    resumed, saved = run(name, params, half, gradients[10:], saved, first=11)
    assert resumed.tobytes() == whole.tobytes()
    assert [s.tobytes() for s in saved] == [s.tobytes() for s in slots]


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("options", [{}, OPTIONS[1], OPTIONS[3]], ids=str)
def test_nan_in_a_gradient_reaches_its_weight(name, params, options, dtype, rng):
    w, gradients = weights_and_gradients(40, dtype, rng, 4)
    gradients[1][7] = np.nan
    w, slots = run(name, params, w, gradients[:2], start(name, params, w), **options)
    assert all(np.isnan(s[7]) for s in slots)
    w, slots = run(name, params, w, gradients[2:], slots, first=3, **options)
    assert np.isnan(w[7])
    assert np.isfinite(np.delete(w, 7)).all()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("options", [{}, {**OPTIONS[-1], "clip_norm": 0.0}], ids=str)
@pytest.mark.parametrize("lr", [LR, 0.0])
def test_what_never_had_a_gradient_stays_zero(name, options, lr, dtype):
    """The padded lanes of a panel, for every epsilon: 0 and what rounds to it included."""
    zero = np.zeros(48, dtype)
    for epsilon in (0.0, 1e-300, 1e-30, 1e-7):
        params = tuple(
            epsilon if "epsilon" in p else 0.0 if p.startswith(("initial", "l2")) else -0.5 if "power" in p else 0.9
            for p in KERNELS[name].params
        )
        w, slots = run(name, params, zero.copy(), [zero] * 5, start(name, params, zero), lr=lr, **options)
        assert not w.any(), f"{name}{params}"
        assert all(np.isfinite(s).all() for s in slots)


def test_accumulate_adds_up_gradients_and_moves_nothing(dtype, rng):
    w, gradients = weights_and_gradients(333, dtype, rng)
    new, (total,) = run("accumulate", (), w.copy(), gradients, [np.zeros_like(w)], l2=0.1)
    assert new.tobytes() == w.tobytes()
    exact = sum(
        twin("optimizers", "regularized")(w.astype(np.float64), g.astype(np.float64), 0.0, 0.1) for g in gradients
    )
    assert_close(total, exact, ulps=4, terms=len(gradients), scale=np.abs(exact) + 1)


def test_ewa_momentum_is_momentum_with_a_smaller_learning_rate(rng):
    w, gradients = weights_and_gradients(100, np.dtype(np.float64), rng)
    ewa, _ = run("ewa_momentum", (0.9,), w.copy(), gradients, [np.zeros_like(w)], lr=0.5)
    keras, _ = run("momentum", (0.9,), w.copy(), gradients, [np.zeros_like(w)], lr=0.5 * (1 - 0.9))
    np.testing.assert_allclose(ewa, keras, rtol=1e-13, atol=1e-14)


def test_bias_correction(dtype):
    """V₂ = 0.0196·θ₁ + 0.02·θ₂, and a constant gradient makes every corrected step exactly one learning rate."""
    for theta, weight in ((np.array([1, 0], dtype), 0.0196), (np.array([0, 1], dtype), 0.02)):
        w, m, v = (np.zeros(1, dtype) for _ in range(3))
        run("adam", (0.98, 0.999, 0.0, 0.0), w, [theta[:1], theta[1:]], [m, v])
        assert_close(m, [weight])
        np.testing.assert_allclose(m / (1 - 0.98**2), weight / 0.0396, rtol=1e-6)
    w, g = np.zeros(3, dtype), np.array([1e-3, -2.0, 50.0], dtype)
    run("adam", (0.9, 0.999, 0.0, 0.0), w, [g] * 100, [np.zeros_like(w), np.zeros_like(w)])
    assert_close(w, -100 * LR * np.sign(g), scale=1.0, terms=200)


def test_the_two_epsilons_of_adam_differ_by_the_bias_of_v(dtype, rng):
    """At the first step Keras's epsilon acts as one 1/√(1 − β₂) = 31.6 times as large does in the paper's form."""
    w, gradients = weights_and_gradients(64, dtype, rng, 1)
    keras, _ = run("adam", (0.9, 0.999, 1e-3, 0.0), w.copy(), gradients, start("adam", PARAMS["adam"][0], w))
    paper, _ = run(
        "adam", (0.9, 0.999, 0.0, 1e-3 * 31.6227766), w.copy(), gradients, start("adam", PARAMS["adam"][0], w)
    )
    same, _ = run("adam", (0.9, 0.999, 0.0, 1e-3), w.copy(), gradients, start("adam", PARAMS["adam"][0], w))
    np.testing.assert_allclose(keras, paper, rtol=1e-6)
    assert np.abs(keras - same).max() > 1e-3


def test_amsgrad_never_forgets_its_largest_v(dtype):
    w, slots = np.zeros(1, dtype), [np.zeros(1, dtype) for _ in range(3)]
    run("amsgrad", PARAMS["amsgrad"][1], w, [np.array([g], dtype) for g in (5, 1e-3, 1e-3, 1e-3)], slots)
    assert_close(slots[2], [0.1 * 25.0])
    assert slots[1] < slots[2]


@pytest.mark.parametrize("beta_1", [0.0, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("decay", [0.96, 0.96**0.004])
@pytest.mark.parametrize("step", [1, 2, 3, 60, 399, 400, 899, 900, 901, 5000, 100_000])
def test_nadam_schedule_at_any_step(beta_1, step, decay, rng):
    w, (g,) = weights_and_gradients(20, np.dtype(np.float64), rng, 1)
    slots = [rng.normal(size=20), rng.uniform(0.5, 1, 20)]
    exact, _ = twin("optimizers", "nadam")(w, g, slots, step, LR, beta_1, 0.999, 1e-7, decay)
    _core.optimizer_step("nadam", w, g, slots, step, LR, (beta_1, 0.999, 1e-7, decay))
    np.testing.assert_allclose(w, exact, rtol=1e-12)


@pytest.mark.parametrize("name", ["adam", "adamax", "nadam"])
def test_powers_of_beta_at_late_steps(name, rng):
    for step in (1000, 60_001, 10**6, 2**63 - 1):
        w, (g,) = weights_and_gradients(20, np.dtype(np.float64), rng, 1)
        slots = [rng.normal(size=20), rng.uniform(0.5, 1, 20)]
        params = PARAMS[name][0]
        like = dict(zip(KERNELS[name].params, params))
        exact, _ = twin("optimizers", name)(w, g, slots, min(step, 10**6), LR, **like)  # β²ᵗ is 0 long before
        _core.optimizer_step(name, w, g, slots, step, LR, params)
        np.testing.assert_allclose(w, exact, rtol=1e-11)


def test_centered_rmsprop_survives_a_constant_gradient(dtype):
    """Where s − a² cancels to less than nothing."""
    w, g = np.zeros(4, dtype), np.array([1.0, 10.0, 1e3, 1e-4], dtype)
    for name in ("rmsprop_centered", "rmsprop_centered_momentum"):
        params = PARAMS[name][0]
        w, _ = run(name, params, w, [g] * 500, start(name, params, w))
        assert np.isfinite(w).all()


def test_lion_does_not_move_where_its_direction_is_zero(dtype):
    w, m = np.array([1.0, 1.0, 1.0, 1.0], dtype), np.zeros(4, dtype)
    run("lion", (0.9, 0.99), w, [np.array([0.0, -0.0, 1e-8, -3.0], dtype)], [m], lr=0.25)
    np.testing.assert_array_equal(w, [1.0, 1.0, 0.75, 1.25])


def test_ftrl_l1_sets_small_weights_to_zero(dtype, rng):
    w, gradients = weights_and_gradients(200, dtype, rng)
    params = (0.1, -0.5, 3.0, 0.0, 0.0, 0.0)
    w, slots = run("ftrl", params, w, gradients, start("ftrl", params, w))
    small = np.abs(slots[1]) <= 3
    assert 20 < small.sum() < 180
    np.testing.assert_array_equal(w == 0, small)


def test_slots_start_from_the_accumulator_parameter():
    assert _core.optimizer_slots("adagrad", (0.25, 1e-7, 0.0)) == (0.25,)
    assert _core.optimizer_slots("ftrl", (0.5, -0.5, 0, 0, 0, 0)) == (0.5, 0.0)
    assert _core.optimizer_slots("sgd", ()) == ()
    for name, params in CASES:
        if name not in ("adagrad", "ftrl"):
            assert _core.optimizer_slots(name, params) == (0.0,) * KERNELS[name].traits


def test_penalty_and_its_gradient(rng):
    w = rng.normal(size=50)
    w = w[np.abs(w) > 0.01]
    np.testing.assert_allclose(_core.penalty(w, 0.3, 0.7), 0.3 * np.abs(w).sum() + 0.7 * (w**2).sum(), rtol=1e-14)
    stepped = w.copy()
    _core.optimizer_step("sgd", stepped, np.zeros_like(w), (), 1, 1.0, (), l1=0.3, l2=0.7)
    by_differences = [slope(lambda x, i=i: _core.penalty(np.where(np.arange(w.size) == i, x, w), 0.3, 0.7), w[i])
                      for i in range(w.size)]  # fmt: skip
    np.testing.assert_allclose(w - stepped, by_differences, rtol=1e-9)
    np.testing.assert_allclose(regularized(w, 0.0, 0.3, 0.7), by_differences, rtol=1e-9)
    zero = np.zeros(3)
    _core.optimizer_step("sgd", zero, np.zeros(3), (), 1, 1.0, (), l1=0.3)
    assert not zero.any(), "the penalty pushes no weight away from 0"


@pytest.mark.parametrize("n", [0, 1, 15, 17, 4095, 4096, 4097, 100_003, 4096 * 600 + 5])
def test_sums(n, dtype, rng):
    x, w = rng.normal(size=n).astype(dtype), rng.normal(size=n).astype(dtype)
    a, b = x.astype(np.float64), w.astype(np.float64)
    rtol = 300 * np.finfo(dtype).eps  # 256 additions a lane of a block
    np.testing.assert_allclose(_core.sum_abs(x), np.abs(a).sum(), rtol)
    np.testing.assert_allclose(_core.sum_squares(x), (a**2).sum(), rtol)
    np.testing.assert_allclose(_core.penalty(x, 0.2, 0.0), 0.2 * np.abs(a).sum(), rtol)
    assert _core.gradient_sum_squares(x, w, 0.0, 0.0) == _core.sum_squares(x)
    np.testing.assert_allclose(
        _core.gradient_sum_squares(x, w, 0.3, 0.1), (regularized(b, a, 0.3, 0.1) ** 2).sum(), rtol
    )


def test_clip_scale():
    assert _core.clip_scale(16.0, 1.0) == 0.25
    assert _core.clip_scale(0.25, 1.0) == 1.0
    assert _core.clip_scale(0.0, 1.0) == 1.0
    assert _core.clip_scale(np.inf, 1.0) == 0.0
    assert np.isnan(_core.clip_scale(np.nan, 1.0))
    assert _core.global_clip_scale(16.0, 1.0) == 0.25
    assert np.isnan(_core.global_clip_scale(np.inf, 1.0))
    assert np.isnan(_core.global_clip_scale(np.nan, 1.0))


def test_global_norm(dtype, rng):
    """Clipping several arrays by the norm of all, regularisation included."""
    arrays = [weights_and_gradients(n, dtype, rng, 1) for n in (5, 333, 64)]
    l1, l2, limit = 0.1, 0.2, 2.0
    total = sum(_core.gradient_sum_squares(g, w, l1, l2) for w, (g,) in arrays)
    scale = _core.global_clip_scale(total, limit)
    exact = [regularized(w.astype(np.float64), g.astype(np.float64), l1, l2) for w, (g,) in arrays]
    exact = np.split(clipped(np.concatenate(exact), norm=limit), [5, 338])
    assert 0 < scale < 1
    for (w, (g,)), e in zip(arrays, exact):
        before = w.astype(np.float64)
        _core.optimizer_step("sgd", w, g, (), 1, 1.0, (), l1=l1, l2=l2, grad_scale=scale)
        assert_close(w, before - e, scale=np.abs(before) + np.abs(e), terms=32)


def test_gradient_scale_counts_in_the_norm(dtype, rng):
    w, (g,) = weights_and_gradients(100, dtype, rng, 1)
    expected = w.astype(np.float64) - clipped(0.25 * g.astype(np.float64), norm=1.5)
    _core.optimizer_step("sgd", w, g, (), 1, 1.0, (), clip_norm=1.5, grad_scale=0.25)
    assert_close(w, expected, scale=np.abs(expected) + 1.5, terms=32)


def test_gradients_of_any_layout(rng):
    w = rng.normal(size=(6, 5))
    g = rng.normal(size=(6, 5))
    expected = w - LR * g
    for layout in (np.asfortranarray(g), np.repeat(g, 2, axis=1)[:, ::2], g.astype(">f8")):
        new = w.copy()
        _core.optimizer_step("sgd", new, layout, (), 1, LR, ())
        np.testing.assert_allclose(new, expected, rtol=1e-14)


def test_bad_arguments_raise(rng):
    w = rng.normal(size=(4, 4))
    z = np.zeros_like(w)
    adam = (0.9, 0.999, 1e-7, 0.0)
    locked = w.copy()
    locked.flags.writeable = False
    bad = [
        (ValueError, "expected one of", ("adamm", w, z, (z, z), 1, LR, adam)),
        (ValueError, "expected 4 parameters", ("adam", w, z, (z, z), 1, LR, (0.9,))),
        (ValueError, "expected 2 slots", ("adam", w, z, (z,), 1, LR, adam)),
        (ValueError, "step 1 or more", ("adam", w, z, (z, z), 0, LR, adam)),
        (ValueError, "expected shape", ("adam", w, z[:2], (z, z), 1, LR, adam)),
        (ValueError, "expected shape", ("adam", w, z, (z, z[:3].copy()), 1, LR, adam)),
        (ValueError, "expected shape", ("adam", w, z, (z, z.astype(np.float32)), 1, LR, adam)),
        (ValueError, "writable C-contiguous", ("adam", w.T, z, (z, z), 1, LR, adam)),
        (ValueError, "writable C-contiguous", ("adam", w, z, (z, z[::-1]), 1, LR, adam)),
        (ValueError, "writable C-contiguous", ("adam", locked, z, (z, z), 1, LR, adam)),
        (ValueError, "writable C-contiguous", ("adam", w.astype(">f8"), z, (z, z), 1, LR, adam)),
        (TypeError, "expected float32 or float64", ("adam", w.astype(int), z, (z, z), 1, LR, adam)),
        (TypeError, "expected a NumPy array", ("adam", w.tolist(), z, (z, z), 1, LR, adam)),
        (TypeError, "not iterable", ("adam", w, z, None, 1, LR, adam)),
    ]
    before = w.copy()
    for error, text, arguments in bad:
        with pytest.raises(error, match=text):
            _core.optimizer_step(*arguments)
    np.testing.assert_array_equal(w, before)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(1)
    w, gradients = weights_and_gradients(9001, dtype, rng, 3)

    def steps(name, params, options):
        new, slots = run(name, params, w.copy(), gradients, start(name, params, w), **options)
        return [new, *slots]

    for name, params in CASES:
        yield f"{name}{params}", lambda name=name, params=params: steps(name, params, {})
    for name, params in FIRST:
        yield f"{name} after all", lambda name=name, params=params: steps(name, params, OPTIONS[-1])
    yield "sums", lambda: [np.array([_core.sum_abs(w), _core.sum_squares(w), _core.gradient_sum_squares(w, w, 0.1, 1)])]
