"""Eager steps of optimizers, and what comes before and after one: against NumPy twins and against Keras."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core, optimizers
from fastmlp.optimizers import SGD, Adam, Momentum, RMSprop
from fastmlp.variables import Variable
from lookup import twin
from optimizer_cases import OPTIONS, OURS, SETTINGS, label, make, problem, run, variables
from reference import optimizers as reference

# ---- steps


@pytest.mark.parametrize("case", SETTINGS + OURS, ids=label)
def test_five_steps_against_the_twin(case, rng):
    optimizer = make(*case)
    start, gradients = problem(rng)
    found = run(optimizer, start, gradients)
    kernel, parameters = optimizer.lower()
    rate, decay = float(optimizer.learning_rate), optimizer.weight_decay or 0.0
    for i, w in enumerate(start):
        slots = tuple(np.full(w.shape, s) for s in _core.optimizer_slots(kernel, parameters))
        for t, g in enumerate(gradients, 1):
            coupled = optimizer.clipping()["coupled"]
            gradient, w = (g[i] + decay * w, w) if coupled else (g[i], reference.decayed(w, rate, decay))
            w, slots = twin("optimizers", kernel)(w, gradient, slots, t, rate, *parameters)
        assert np.abs(found[i] - start[i]).max() > 1e-4
        np.testing.assert_allclose(found[i], w, rtol=1e-10, atol=1e-13)
    assert optimizer.iterations == 5


def test_formulas_of_the_lectures(rng):
    """Rows 33 to 35, written out: EWA momentum, RMSprop and Adam with ε = 1e-8 beside the root."""
    start, gradients = problem(rng, steps=4)
    w, v, s, m = start[0], 0.0, 0.0, 0.0
    for g, _ in gradients:
        v = 0.9 * v + 0.1 * g
        w = w - 0.02 * v
    np.testing.assert_allclose(run(Momentum(0.02, 0.9), start, gradients)[0], w, rtol=1e-12)
    w = start[0]
    for g, _ in gradients:
        s = 0.9 * s + 0.1 * g**2
        w = w - 0.02 * g / (np.sqrt(s) + 1e-8)
    found = run(RMSprop(0.02, 0.9, epsilon=1e-8, epsilon_mode="paper"), start, gradients)[0]
    np.testing.assert_allclose(found, w, rtol=1e-12)
    w, s = start[0], 0.0
    for t, (g, _) in enumerate(gradients, 1):
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        w = w - 0.02 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    found = run(Adam(0.02, epsilon=1e-8, epsilon_mode="paper"), start, gradients)[0]
    np.testing.assert_allclose(found, w, rtol=1e-10)


def test_epsilon_stands_where_it_should():
    """At a first gradient of 1e-4, where ε matters: trap 2."""
    g = 1e-4

    def step(optimizer):
        return -run(optimizer, [np.zeros(1)], [[np.full(1, g)]])[0][0]

    s = 0.1 * g**2
    np.testing.assert_allclose(step(RMSprop(1.0, epsilon=1e-7)), g / np.sqrt(s + 1e-7), rtol=1e-9)
    np.testing.assert_allclose(
        step(RMSprop(1.0, epsilon=1e-7, epsilon_mode="paper")), g / (np.sqrt(s) + 1e-7), rtol=1e-9
    )
    hat = np.sqrt(1 - 0.999) / 0.1 * (0.1 * g) / (np.sqrt(0.001 * g**2) + 1e-5)
    np.testing.assert_allclose(step(Adam(1.0, epsilon=1e-5)), hat, rtol=1e-9)
    np.testing.assert_allclose(step(Adam(1.0, epsilon=1e-5, epsilon_mode="paper")), g / (g + 1e-5), rtol=1e-9)


def test_momentum_of_averages_is_keras_momentum_at_another_rate(rng):
    start, gradients = problem(rng, steps=8)
    averaged = run(Momentum(0.1, 0.9), start, gradients)
    keras_form = run(SGD(0.1 * (1 - 0.9), momentum=0.9), start, gradients)
    for a, b in zip(averaged, keras_form):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


def test_weights_of_averages():
    """Rows 31 and 32."""
    theta = np.eye(2)
    np.testing.assert_allclose(optimizers.ewa(theta, 0.98)[1], [0.0196, 0.02], rtol=1e-12)
    corrected = optimizers.ewa(theta, 0.98, bias_correction=True)
    np.testing.assert_allclose(corrected[1], [0.494949, 0.505050], atol=1e-6)
    np.testing.assert_allclose(corrected[0], [1, 0], atol=1e-15)
    series = np.random.default_rng(0).normal(size=40)
    weights = 0.1 * 0.9 ** np.arange(40)[::-1]
    np.testing.assert_allclose(optimizers.ewa(series, 0.9)[-1], weights @ series, rtol=1e-12)
    assert optimizers.ewa([], 0.9).shape == (0,)
    with pytest.raises(ValueError, match="ewa: expected a series"):
        optimizers.ewa(3.0)
    with pytest.raises(ValueError, match="ewa: expected beta below 1"):
        optimizers.ewa([3.0], 1, bias_correction=True)


# ---- before and after a step


def test_decay_is_decoupled_and_follows_the_learning_rate(rng):
    """Trap 4: off the weights before the step and after clipping, biases too."""
    start, (g,) = problem(rng, steps=1)
    found = run(SGD(0.1, weight_decay=0.5, clipvalue=0.3), start, [g])
    for w, d, after in zip(start, g, found):
        np.testing.assert_allclose(after, w - w * 0.5 * 0.1 - 0.1 * np.clip(d, -0.3, 0.3), rtol=1e-13)


def test_what_is_excluded_does_not_decay(rng):
    start, _ = problem(rng)
    zero = [np.zeros_like(w) for w in start]
    kernel, bias = variables(start)
    for exclude in ({"var_list": [bias]}, {"var_names": ["bias", "gamma"]}):
        kernel.assign(start[0])
        optimizer = SGD(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(**exclude)
        assert optimizer.decays(kernel)
        assert not optimizer.decays(bias)
        optimizer.apply(zero, [kernel, bias])
        np.testing.assert_allclose(kernel.numpy(), start[0] * 0.95, rtol=1e-14)
        np.testing.assert_array_equal(bias.numpy(), start[1])
    with pytest.raises(RuntimeError, match="expected an optimizer before its first step"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])
    assert not SGD().decays(kernel)


def test_clipping(rng):
    """Trap 21: clipnorm looks at each variable, global_clipnorm at all of them."""
    start, (g,) = problem(rng, steps=1)
    together = np.sqrt(sum(np.sum(d**2) for d in g))
    expected = {
        "clipnorm": [d * min(1, 0.8 / np.linalg.norm(d)) for d in g],
        "global_clipnorm": [d * min(1, 0.8 / together) for d in g],
        "clipvalue": [np.clip(d, -0.8, 0.8) for d in g],
    }
    for key, clipped in expected.items():
        found = run(SGD(1.0, **{key: 0.8}), start, [g])
        for w, d, after in zip(start, clipped, found):
            np.testing.assert_allclose(after, w - d, rtol=1e-12)
        loose = run(SGD(1.0, **{key: 1e3}), start, [g])
        np.testing.assert_allclose(loose[0], start[0] - g[0], rtol=1e-13)
    assert SGD(clipvalue=2, weight_decay=0.1).clipping() == {
        "weight_decay": 0.1, "coupled": False, "clip_value": 2, "clip_norm": 0, "global_clip_norm": 0,
    }  # fmt: skip
    assert set(SGD().clipping().values()) == {0}
    with pytest.raises(ValueError, match="expected one of clipnorm, .* got clipnorm and global_clipnorm"):
        SGD(clipnorm=1.0, global_clipnorm=1.0)


def test_gathered_gradients_make_one_step_of_their_mean(rng):
    start, gradients = problem(rng, steps=6)
    gathering = Adam(0.1, gradient_accumulation_steps=3)
    moved = variables(start)
    for i, g in enumerate(gradients):
        gathering.apply(g, moved)
        assert gathering.iterations == (i + 1) // 3
        if i < 2:
            np.testing.assert_array_equal(moved[0].numpy(), start[0])
    means = [[np.mean(d, axis=0) for d in zip(*gradients[i : i + 3])] for i in (0, 3)]
    for v, w in zip(moved, run(Adam(0.1), start, means)):
        np.testing.assert_allclose(v.numpy(), w, rtol=1e-12)


def test_averages_of_weights(rng):
    """Trap 30: they become the weights at the end, or every so many steps."""
    start, gradients = problem(rng, steps=4)
    moved = variables(start)
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.6)
    mean, w = None, start[0]
    for g in gradients:
        optimizer.apply(g, moved)
        w = w - 0.1 * g[0]
        mean = w if mean is None else 0.6 * mean + 0.4 * w
    np.testing.assert_allclose(moved[0].numpy(), w, rtol=1e-12)
    optimizer.finalize_variable_values(moved)
    np.testing.assert_allclose(moved[0].numpy(), mean, rtol=1e-12)
    with pytest.raises(ValueError, match="expected the 2 variables it was built with, got 1"):
        optimizer.finalize_variable_values(moved[:1])
    mean, w = None, start[0]
    for i, g in enumerate(gradients, 1):
        w = w - 0.1 * g[0]
        mean = w if mean is None else 0.6 * mean + 0.4 * w
        w = mean if i % 2 == 0 else w
    overwriting = SGD(0.1, use_ema=True, ema_momentum=0.6, ema_overwrite_frequency=2)
    np.testing.assert_allclose(run(overwriting, start, gradients)[0], w, rtol=1e-12)
    plain = variables(start)
    SGD().finalize_variable_values(plain)
    np.testing.assert_array_equal(plain[0].numpy(), start[0])


def test_constraints_hold_after_a_step(rng):
    v = Variable(np.array([0.1, 0.5]), constraint=lambda w: np.maximum(w, 0))
    SGD(1.0).apply([np.array([1.0, 0.2])], [v])
    np.testing.assert_allclose(v.numpy(), [0, 0.3])


def test_scaled_losses_have_their_gradients_scaled_back(rng):
    start, gradients = problem(rng)
    optimizer = Adam(0.1, loss_scale_factor=16.0)
    assert optimizer.scale_loss(2.0) == 32
    scaled = run(optimizer, start, [[16 * d for d in g] for g in gradients])
    np.testing.assert_array_equal(scaled[0], run(Adam(0.1), start, gradients)[0])
    assert SGD().scale_loss(2.0) == 2


# ---- Keras


def keras_run(keras, optimizer, start, gradients):
    moved = [keras.Variable(w, name=name) for w, name in zip(start, ("kernel", "bias"))]
    for g in gradients:
        optimizer.apply_gradients(list(zip([keras.ops.convert_to_tensor(d) for d in g], moved)))
    return optimizer, [np.asarray(v) for v in moved]


@pytest.mark.parametrize("case", SETTINGS, ids=label)
def test_five_steps_against_keras(case, rng):
    keras = pytest.importorskip("keras")
    start, gradients = problem(rng, "float32")
    theirs, expected = keras_run(keras, getattr(keras.optimizers, case[0])(**case[1]), start, gradients)
    mine = make(*case)
    for a, w, b in zip(run(mine, start, gradients), start, expected):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * np.abs(b - w).max())
    remembered = [v for v in theirs.variables[2:] if v.shape]  # but Nadam's product, which ours works out anew
    assert len(remembered) == len(mine.variables[2:])
    for a, b in zip(mine.variables[2:], remembered):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=2e-5, atol=1e-6, err_msg=b.path)
    config = theirs.get_config()
    assert config["learning_rate"] == pytest.approx(mine.get_config()["learning_rate"], rel=1e-6)
    assert {k: v for k, v in config.items() if k != "learning_rate"} == {
        k: v for k, v in mine.get_config().items() if k != "learning_rate"
    } | ({"name": config["name"]})


@pytest.mark.parametrize("options", OPTIONS, ids=label)
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_options_against_keras(name, options, rng):
    keras = pytest.importorskip("keras")
    start, gradients = problem(rng, "float32", steps=7)
    theirs, expected = keras_run(keras, getattr(keras.optimizers, name)(0.1, **options), start, gradients)
    mine = make(name, {"learning_rate": 0.1, **options})
    found = run(mine, start, gradients)
    for a, w, b in zip(found, start, expected):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * np.abs(b - w).max())
    for a, b in zip(mine.variables[2:], theirs.variables[2:], strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=2e-5, atol=1e-5, err_msg=b.path)
    assert mine.iterations == int(theirs.iterations)
