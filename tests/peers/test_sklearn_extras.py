"""The extras of fastmlp's MLPClassifier and MLPRegressor: each equals the same training by hand."""

from __future__ import annotations

import pickle

import fastmlp
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="fastmlp.sklearn is built on scikit-learn")

from fastmlp import layers, losses, optimizers, schedules
from reference.network import Network as Twin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn_cases import (
    BATCH,
    EPOCHS,
    NUMBERS,
    ROWS,
    TARGETS,
    THREE,
    TWO,
    X,
    assert_equal_weights,
    assert_same,
    by_hand,
    first_weights,
    make,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- each extra beside a network trained by hand


USUAL = [("two", "binary_crossentropy"), ("three", "sparse_categorical_crossentropy"), ("three", losses.KLDivergence),
         ("numbers", losses.mean_squared_error)]  # fmt: skip # whose slopes are those of scikit-learn's own


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("two", "binary_crossentropy"), ("two", losses.BinaryCrossentropy(label_smoothing=0.1)), ("two", "hinge"),
     ("three", losses.CategoricalCrossentropy(label_smoothing=0.2)), ("three", "sparse_categorical_crossentropy"),
     ("three", losses.KLDivergence), ("three", "binary_crossentropy"), ("labels", "binary_focal_crossentropy"),
     ("labels", "mse"), ("number", "mae"), ("number", losses.Huber(0.3)), ("numbers", "log_cosh"),
     ("numbers", losses.mean_squared_error)],
)  # fmt: skip
def test_losses(kind, loss):
    estimator = make(kind, loss=loss, solver="sgd", learning_rate_init=0.1, alpha=0.3, learning_rate="constant")
    estimator.fit(X, TARGETS[kind])
    optimizer = optimizers.SGD(0.1, momentum=0.9, nesterov=True, compat="sklearn")
    model = by_hand(estimator, kind, optimizer, losses.as_loss(loss), alpha=0.3)
    assert_same(estimator, model)
    usual = make(kind, solver="sgd", learning_rate_init=0.1, alpha=0.3).fit(X, TARGETS[kind])
    same = (kind, loss) in USUAL
    assert (np.abs(usual.coefs_[0] - estimator.coefs_[0]).max() > 1e-4) != same


@pytest.mark.parametrize(
    "optimizer",
    ["lion", optimizers.AdamW(0.02, weight_decay=0.1), optimizers.RMSprop(schedules.ExponentialDecay(0.05, 3, 0.7)),
     optimizers.SGD(lambda: 0.2, momentum=0.5), optimizers.Adam(0.05, clipnorm=0.01), optimizers.Nadam,
     optimizers.Adam(0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=5), optimizers.Ftrl(0.1),
     optimizers.SGD(0.1, global_clipnorm=0.02)],
    ids=str,
)  # fmt: skip
def test_optimizers(optimizer):
    estimator = make("two", optimizer=optimizer, alpha=0.1).fit(X, TWO)
    found = optimizers.get(optimizer)
    hand = optimizers.SGD(0.2, momentum=0.5) if found.asks_python else type(found).from_config(found.get_config())
    model = by_hand(estimator, "two", hand, "binary_crossentropy", alpha=0.1)
    if found.use_ema:  # fit ends with the averages
        hand.finalize_variable_values(model.trainable_weights)
    assert_same(estimator, model)
    assert not found.built  # that of the user is as it was
    assert found.iterations == 0


def test_what_an_optimizers_config_leaves_out():
    """Weights that do not decay, and a schedule that learns how many steps an epoch has."""
    optimizer = optimizers.AdamW(schedules.InverseEpochDecay(0.05, 0.5), weight_decay=0.3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    estimator = make("two", optimizer=optimizer).fit(X, TWO)
    hand = optimizers.AdamW(schedules.InverseEpochDecay(0.05, 0.5, steps_per_epoch=3), weight_decay=0.3)
    hand.exclude_from_weight_decay(var_names=["bias"])
    assert_same(estimator, by_hand(estimator, "two", hand, "binary_crossentropy"))
    assert optimizer.schedule.steps_per_epoch is None  # that of the user is as it was


def test_averages_end_a_fit_and_are_what_early_stopping_scores():
    optimizer = optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9)
    averaged = make("two", optimizer=optimizer).fit(X, TWO)
    model = by_hand(averaged, "two", optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9), "binary_crossentropy")
    plain = model.get_weights()[0].copy()
    model.optimizer.finalize_variable_values(model.trainable_weights)
    assert_same(averaged, model)
    assert np.abs(plain - averaged.coefs_[0]).max() > 1e-3
    stopped = make("two", optimizer=optimizer, early_stopping=True, max_iter=1, validation_fraction=0.5).fit(X, TWO)
    ended = stopped._optimizer.averages
    np.testing.assert_array_equal(stopped.coefs_[0], ended[0])
    with pytest.raises(ValueError, match="optimizer: expected ema_overwrite_frequency .* in partial_fit"):
        make("two", optimizer=optimizer).partial_fit(X, TWO, classes=["no", "yes"])


@pytest.mark.parametrize(
    ("given", "ours", "sigmoids"),
    [("gelu", ("gelu", "gelu"), ()), (["tanh", "softplus"], ("tanh", "softplus"), ()),
     (fastmlp.activations.selu, ("selu", "selu"), ()), (("logistic", "identity"), ("sigmoid", "linear"), (1, 0)),
     ("sigmoid", ("sigmoid", "sigmoid"), (1,)),
     ([layers.LeakyReLU(0.2), "softmax"], (layers.LeakyReLU(0.2), "softmax"), ())],
)  # fmt: skip
def test_activations(given, ours, sigmoids):
    estimator = make("three", activation=given).fit(X, THREE)
    model = by_hand(estimator, "three", optimizers.Adam(0.001, epsilon=1e-8, compat="sklearn"),
                    "categorical_crossentropy", ours, sigmoids=sigmoids)  # fmt: skip
    assert_same(estimator, model)
    np.testing.assert_allclose(estimator.predict_proba(X), model.predict(X, verbose=0), rtol=1e-12)
    if isinstance(given, list) and isinstance(given[0], layers.Layer):
        assert not given[0].built


def test_a_list_of_one_name_is_the_name():
    for name in ("logistic", "tanh"):
        assert_equal_weights(make("two", activation=name).fit(X, TWO), make("two", activation=[name] * 2).fit(X, TWO))


@pytest.mark.parametrize("rates", [0.4, [0.0, 0.5], (0.3, 0.1)])
def test_dropout_beside_the_float64_twin(rates):
    estimator = make("number", dropout=rates, alpha=0.2).fit(X, NUMBERS[:, 0])
    rng = np.random.RandomState(3)
    start = first_weights(estimator, 1, rng)
    seed = rng.randint(2**31)
    each = [rates] * 2 if isinstance(rates, float) else rates
    ops = [{"units": units, "activation": ("relu" if units > 1 else "linear", ()), "weights": {"l2": 0.1},
            **({"noise": ("dropout", (rate,))} if rate else {})}
           for units, rate in zip((7, 6, 1), [*each, 0.0])]  # fmt: skip
    adam = optimizers.Adam(0.001, epsilon=1e-8, compat="sklearn").lower()
    twin = Twin(5, ops, ("half_squared_error", ()), (*adam, 0.001, {}), seed=seed, reduction="mean_with_penalty")
    twin.start([0.0, 0.0])
    for op, kernel, bias in zip(twin.ops, start[::2], start[1::2], strict=True):
        op.weights = {0: kernel, 1: bias}
    order = np.arange(ROWS)
    for _ in range(EPOCHS):
        drawn = np.arange(ROWS)
        rng.shuffle(drawn)
        order = order[drawn]
        for at in range(0, ROWS, BATCH):
            rows = order[at : at + BATCH]
            twin.train_on_batch(X[rows], NUMBERS[rows, :1])
    for coef, intercept, weights in zip(estimator.coefs_, estimator.intercepts_, twin.weights, strict=True):
        np.testing.assert_allclose(coef, weights[0], rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(intercept, weights[1], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_dropout_is_drawn_from_random_state_and_parts_go_on_with_it(solver):
    once, again = (make("two", dropout=0.3, solver=solver).fit(X, TWO) for _ in range(2))
    assert_equal_weights(once, again)
    other = make("two", dropout=0.3, solver=solver, random_state=4).fit(X, TWO)
    assert np.abs(other.coefs_[0] - once.coefs_[0]).max() > 1e-3
    none = [make("two", dropout=rate, solver=solver).fit(X, TWO) for rate in (0.0, [0, 0.0])]
    assert_equal_weights(make("two", solver=solver).fit(X, TWO), none[0])
    assert_equal_weights(*none)
    np.testing.assert_array_equal(once.predict_proba(X), once.predict_proba(X))
    whole = make("two", dropout=0.3, solver=solver, shuffle=False).fit(X, TWO)
    parts = make("two", dropout=0.3, solver=solver, shuffle=False)
    for _ in range(EPOCHS):  # masks are of the step's number, not the same in each part
        parts = pickle.loads(pickle.dumps(parts.partial_fit(X, TWO, classes=["no", "yes"])))
    assert_equal_weights(whole, parts)


# ---- weights of classes


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("own", [False, True])
def test_class_weight_is_sample_weight(solver, own):
    weights = np.linspace(0.1, 2, ROWS) if own else None
    for kind, given in [("two", "balanced"), ("three", {"a": 3.0, "c": 0.5}), ("labels", "balanced"),
                        ("labels", [{0: 1, 1: 2}] * 3)]:  # fmt: skip
        each = compute_sample_weight(given, TARGETS[kind]) * (1.0 if weights is None else weights)
        ours = make(kind, class_weight=given, solver=solver).fit(X, TARGETS[kind], weights)
        assert_equal_weights(ours, make(kind, solver=solver).fit(X, TARGETS[kind], each))
        assert np.abs(ours.coefs_[0] - make(kind, solver=solver).fit(X, TARGETS[kind]).coefs_[0]).max() > 1e-5


def test_class_weight_of_parts_knows_the_classes_that_a_part_lacks():
    part = np.flatnonzero(THREE != "b")
    ours = make("three", class_weight={"b": 5.0, "a": 2.0})
    ours.partial_fit(X[part], THREE[part], classes=["a", "b", "c"])
    theirs = make("three")
    theirs.partial_fit(X[part], THREE[part], np.where(THREE[part] == "a", 2.0, 1.0), classes=["a", "b", "c"])
    assert_equal_weights(ours, theirs)
    assert_equal_weights(ours.partial_fit(X, THREE), theirs.partial_fit(
        X, THREE, np.array([{"a": 2.0, "b": 5.0, "c": 1.0}[label] for label in THREE])))  # fmt: skip
    with pytest.raises(ValueError, match="class_weight: expected weights for partial_fit.*'balanced'; give"):
        make("two", class_weight="balanced").partial_fit(X, TWO, classes=["no", "yes"])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        ours.partial_fit(X, np.where(THREE == "a", "d", THREE))
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(3,\)"):
        make("two", class_weight="balanced").fit(X, TWO, np.ones(3))
