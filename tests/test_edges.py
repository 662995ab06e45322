"""Networks at the edges: logits, rows, features, classes and weights as extreme, as few and as many as there are."""

from __future__ import annotations

import warnings

import fastmlp
import numpy as np
import pytest
from exported_c import shake
from exported_c_cases import LAYERS, REFUSED, single
from fastmlp import Input, Model, Sequential, gradcheck, layers, losses, optimizers
from fastmlp.layers import Dense
from small_nets import network, pairs

X = np.linspace(-1, 1, 36, dtype="float32").reshape(12, 3)
Y = 1 + np.sin(np.arange(12, dtype="float32"))


class Own(Model):
    """Layers one after the other, by the tape."""

    def __init__(self, *inner):
        super().__init__()
        self.inner = inner

    def call(self, x, training=False):
        for layer in self.inner:
            x = layer(x, training=training) if isinstance(layer, layers.BatchNormalization) else layer(x)
        return x


def chain(*inner, inputs=3):
    return Sequential([Input((inputs,)), *inner])


def taped(*inner, inputs=3):
    return Own(*inner)


BOTH = pytest.mark.parametrize("make", [chain, taped])


def fitted(model, x=X, y=Y, loss="mse", optimizer="adam", epochs=3, **options):
    """Trained; all weights and losses are numbers, and nothing was warned of as no number."""
    model.compile(optimizer, loss)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        history = model.fit(x, y, epochs=epochs, verbose=0, **options)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.isfinite(w).all() for w in model.get_weights())
    return history.history["loss"]


# ---- a row is its own affair


def assert_rows_are_apart(model, x, predict):
    clean = predict(x)
    for row in (0, 15, 16, len(x) - 1):
        for value in (np.nan, np.inf, -np.inf):
            spoilt = x.copy()
            spoilt[row] = value
            shown, rest = predict(spoilt), np.arange(len(x)) != row
            assert shown[rest].tobytes() == clean[rest].tobytes(), (row, value)
            assert np.isfinite(shown[rest]).all()
            if np.isnan(value):
                assert np.isnan(shown[row]).any(), "and it shows in its own"


@pytest.mark.parametrize("name", sorted({*LAYERS, *REFUSED} - {"CategoryEncoding", "Discretization", "Embedding"}))
def test_nan_in_a_row_of_any_layer_touches_no_other(name, rng):
    model = shake(single({**LAYERS, **REFUSED}[name]()), rng)
    x = rng.normal(size=(37, 12)).astype("float32")
    assert_rows_are_apart(model, x, lambda rows: model.predict(rows, verbose=0))
    assert_rows_are_apart(model, x, lambda rows: np.asarray(model(rows)))


@BOTH
@pytest.mark.parametrize("inputs", [4, 40, 3000])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_nan_in_a_row_of_a_network_touches_no_other(make, inputs, policy, rng):
    fastmlp.config.set_dtype_policy(policy)
    try:
        inner = Dense(20, "relu"), layers.BatchNormalization(), layers.LayerNormalization(), Dense(3, "softmax")
        model = make(*inner, inputs=inputs)
        x = rng.normal(size=(37, inputs)).astype("float32")
        assert_rows_are_apart(model, x, lambda rows: model.predict(rows, batch_size=32, verbose=0))
    finally:
        fastmlp.config.set_dtype_policy(None)


# ---- extreme logits


@BOTH
@pytest.mark.parametrize("size", [1e4, 1e37])
@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("loss", [losses.BinaryCrossentropy, losses.SparseCategoricalCrossentropy])
def test_extreme_logits_are_trained_on(make, size, logits, loss, rng):
    """Right or wrong, of probabilities or of logits: the loss and the step are numbers, and the step helps."""
    units, last = (1, "sigmoid") if loss is losses.BinaryCrossentropy else (2, "softmax")
    model = make(Dense(units, None if logits else last, use_bias=False))
    model.compile(optimizers.SGD(size / 8), loss(from_logits=logits))
    x, y = np.eye(3, dtype="float32"), np.array([0, 1, 1])
    model.predict(x, verbose=0)
    kernel = np.array([[-size], [size], [-size]]) if units == 1 else np.array([[size, -size], [-size, size], [size, 0]])
    model.set_weights([kernel])
    before = model.evaluate(x, y, verbose=0)
    (loss_before,) = model.fit(x, y, batch_size=3, verbose=0).history["loss"]
    np.testing.assert_allclose(before, loss_before, rtol=1e-6)
    assert np.isfinite(before)
    (after,) = model.get_weights()
    assert np.isfinite(after).all()
    if logits:
        assert before == pytest.approx(size / 3, rel=1e-6), "one of three is wrong"
        assert model.evaluate(x, y, verbose=0) < before
    assert (after[2] != kernel[2].astype("float32")).any() == (logits or make is chain), "the wrong one is pulled back"


# ---- constants


@BOTH
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e-30, 1e-42, 1e15])
@pytest.mark.parametrize(
    "layer", [layers.BatchNormalization, layers.LayerNormalization, layers.UnitNormalization, layers.RMSNormalization]
)
def test_constant_features_are_brought_to_a_scale(make, layer, value):
    """No variance at all: batch and layer normalisation give β, and the rest of the network learns on."""
    model = make(layer(), Dense(4, "tanh"), Dense(1))
    x = np.full((12, 3), value, "float32")
    loss = fitted(model, x, epochs=20)
    assert loss[-1] < loss[0]
    shown = model.predict(x, verbose=0)
    assert np.isfinite(shown).all()
    assert (shown == shown[0]).all()
    alone = layer()(x, **({"training": True} if layer is layers.BatchNormalization else {})).numpy()
    if layer in (layers.BatchNormalization, layers.LayerNormalization):
        assert (np.abs(alone) < (1e-3 if value < 1e15 else 1.001)).all(), "a sum of twelve may round, and ε is no match"
    assert np.isfinite(alone).all()


@pytest.mark.parametrize("layer", [layers.BatchNormalization, layers.LayerNormalization, layers.RMSNormalization])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_gradients_of_constants_are_those_of_differences(layer, value, rng):
    x = np.full((5, 4), value) + np.arange(5)[:, None] * (layer is layers.LayerNormalization)
    report = gradcheck(Sequential([Input((4,)), layer(), Dense(2, "tanh")]), x, loss="mse",
                                     y=rng.normal(size=(5, 2)), inputs=True)  # fmt: skip
    assert report, report


@pytest.mark.parametrize("value", [0.0, 0.1, 1e20, -1e-40])
def test_adapting_to_constants(value):
    layer = layers.Normalization()
    x = np.full((7, 3), value, "float32")
    layer.adapt(x)
    np.testing.assert_array_equal(layer.variance, [[0, 0, 0]])
    np.testing.assert_allclose(layer(x), 0, atol=1e-30)
    fitted(Sequential([Input((3,)), layer, Dense(1)]), np.full((12, 3), value, "float32"))


def test_a_constant_target_is_learnt():
    model = chain(Dense(4, "tanh"), Dense(1))
    assert fitted(model, y=np.full(12, 5.0), optimizer=optimizers.Adam(0.1), epochs=200)[-1] < 1e-4


# ---- one class


@BOTH
@pytest.mark.parametrize("one", [0, 1])
def test_one_class(make, one):
    """All rows of one class: each form of it says so in the end."""
    for units, last, loss, y in (
        (1, "sigmoid", "binary_crossentropy", np.full(12, one)),
        (3, "softmax", "sparse_categorical_crossentropy", np.full(12, one)),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[np.full(12, one)]),
        (1, "tanh", "hinge", np.full(12, one)),
    ):
        model = make(Dense(units, last))
        loss = fitted(model, y=y, loss=loss, optimizer=optimizers.Adam(0.1), epochs=60)
        assert loss[-1] < min(loss[0], 0.1)
        shown = model.predict(X, verbose=0)
        assert ((shown.argmax(axis=1) if units > 1 else shown[:, 0] > 0.5) == one).all()


def test_metrics_of_one_class_are_numbers():
    for y in (np.zeros(12), np.ones(12)):
        model = chain(Dense(1, "sigmoid"))
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy", "AUC", "Precision", "Recall", "R2Score"])
        assert np.isfinite(model.evaluate(X, y, verbose=0)).all()
        assert np.isfinite(model.fit(X, y, verbose=0, validation_split=0.25).history["val_AUC"]).all()


# ---- one row, one feature, none, 100,000


@BOTH
@pytest.mark.parametrize("inner", [(), (layers.BatchNormalization,), (layers.LayerNormalization,)])
def test_one_row_and_one_feature(make, inner):
    for x in (X[:1], X[:, :1], X[:1, :1]):
        model = make(*(kind() for kind in inner), Dense(4, "tanh"), Dense(1), inputs=x.shape[1])
        losses_ = fitted(model, x, Y[: len(x)], epochs=30)
        assert losses_[-1] < losses_[0]
        assert np.isfinite(model.evaluate(x, Y[: len(x)], verbose=0))
        assert model.predict(x, verbose=0).shape == (len(x), 1)
    assert len(fitted(chain(Dense(1), inputs=1), X[:, 0], Y)) == 3, "a column may come as a vector"


def test_unbiased_variances_of_one_row():
    """Divided by n - 1, which is 0; no number moves, and none is lost."""
    model = chain(layers.BatchNormalization(compat="torch"), Dense(1))
    fitted(model, X[:1], Y[:1])
    fitted(model, X, Y, batch_size=11)


@BOTH
def test_no_rows_are_refused_before_anything_changes(make):
    model = make(Dense(1))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    before = [w.tobytes() for w in model.get_weights()]
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match=rf"{method}: expected at least one row, got x\.shape=\(0, 3\); check"):
            getattr(model, method)(X[:0], Y[:0])
    for source in (lambda: iter([(X[:0], Y[:0])]), lambda: iter([(X[:0], Y[:0]), (X, Y)])):
        with pytest.raises(ValueError, match=r"expected at least one row, got x\.shape=\(0, 3\)"):
            model.fit(source(), verbose=0)
    assert [w.tobytes() for w in model.get_weights()] == before
    assert model.predict(X[:0], verbose=0).shape == model.predict_on_batch(X[:0]).shape == (0, 1)


@pytest.mark.parametrize("shuffle", [False, "batch"])
@pytest.mark.parametrize("batch_size", [13, 1000, 2**31, 2**63, 2**70])
@BOTH
def test_a_batch_larger_than_all_rows_is_all_rows(make, batch_size, shuffle):
    runs = []
    for size in (12, batch_size):
        fastmlp.set_random_seed(3)
        model = make(Dense(4, "tanh"), Dense(1))
        found = fitted(model, batch_size=size, shuffle=shuffle)
        assert model.optimizer.iterations == 3
        found += [model.evaluate(X, Y, batch_size=size, verbose=0)]
        held = model.fit(X, Y, validation_split=0.5, validation_batch_size=size, verbose=0).history["val_loss"]
        runs.append(found + held + model.predict(X, batch_size=size, verbose=0).tolist())
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("widths", "dtype"), [((1,), "float32"), ((1,), "float64"), ((33,), "float32")])
def test_a_hundred_thousand_features(widths, dtype, tmp_path, rng):
    """A step, an output and a file of them, against NumPy; few outputs and many go different ways."""
    fastmlp.config.set_floatx(dtype)
    try:
        model = network(100_000, widths, optimizer=optimizers.SGD(1e-4))
    finally:
        fastmlp.config.set_floatx("float32")
    x, y = pairs(rng, 9, 100_000, widths[0], dtype)
    kernel, bias = (w.astype(float) for w in model.get_weights())
    rows = x.astype(float)
    slope = 2 * (rows @ kernel + bias - y) / y.size
    exact = rows @ (kernel - 1e-4 * rows.T @ slope) + bias - 1e-4 * slope.sum(axis=0)
    model.fit(x, y, batch_size=9, verbose=0)
    shown = model.predict(x, verbose=0)
    assert np.abs(exact).max() > 0.1
    np.testing.assert_allclose(shown, exact, atol=2e-4 if dtype == "float32" else 1e-10)
    np.testing.assert_array_equal(model.predict(x[3:4], verbose=0), shown[3:4])
    model.save(tmp_path / "wide.safetensors")
    again = fastmlp.load_model(tmp_path / "wide.safetensors")
    np.testing.assert_array_equal(again.predict(x, verbose=0), shown)


# ---- weights of rows and classes


@BOTH
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_rows_that_all_weigh_nothing_teach_nothing(make, reduction):
    model = make(Dense(4, "tanh"), Dense(1))
    model.predict(X, verbose=0)
    before = model.get_weights()
    loss = losses.MeanSquaredError(reduction=reduction)
    assert fitted(model, loss=loss, sample_weight=np.zeros(12)) == [0, 0, 0]
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.evaluate(X, Y, sample_weight=np.zeros(12), verbose=0) == 0
    assert model.train_on_batch(X, Y, sample_weight=np.zeros(12)) == 0


@BOTH
def test_weights_of_classes_that_are_not_there_change_nothing(make):
    y = np.arange(12) % 2
    runs = []
    for weights in ({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0, 7: 5.0, -3: 9.0}):
        fastmlp.set_random_seed(3)
        model = make(Dense(3, "softmax"))
        runs.append(fitted(model, y=y, loss="sparse_categorical_crossentropy", class_weight=weights))
    assert runs[0] == runs[1]
    only = make(Dense(3, "softmax"))
    assert fitted(only, y=y, loss="sparse_categorical_crossentropy", class_weight={0: 0.0, 1: 0.0}) == [0, 0, 0]
