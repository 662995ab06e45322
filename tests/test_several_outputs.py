"""Models of several outputs: losses, factors, metrics, targets and weights for each, by place and by name."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import callbacks, data, layers, metrics
from fastmlp.models import Model, Sequential, load_model

ROWS = 22
RNG = np.random.default_rng(5)
X = RNG.normal(size=(ROWS, 4)).astype("f")
PRICE = RNG.normal(size=(ROWS, 2)).astype("f")
KIND = RNG.integers(0, 3, ROWS)
SPARSE = "sparse_categorical_crossentropy"
QUIET = {"verbose": 0, "shuffle": False, "batch_size": 8}


def two_headed(form=list):
    """One hidden layer, a head of numbers and a head of classes."""
    x = layers.Input(shape=(4,), name="x")
    hidden = layers.Dense(6, activation="tanh", name="hidden", kernel_initializer=constant(4, 6))(x)
    price = layers.Dense(2, name="price", kernel_initializer=constant(6, 2))(hidden)
    kind = layers.Dense(3, activation="softmax", name="kind", kernel_initializer=constant(6, 3))(hidden)
    outputs = {"price": price, "kind": kind} if form is dict else form([price, kind])
    return Model(x, outputs)


def constant(n, m):
    """Always the same kernel, of different numbers."""
    return lambda shape, dtype=None: np.sin(np.arange(n * m).reshape(n, m)).astype(dtype)


def trained(model, compile_with, y, **fit):
    model.compile("sgd", **compile_with)
    history = model.fit(X, y, **{**QUIET, "epochs": 2, **fit}).history
    return history, weights_of(model)


def weights_of(model):
    """Those of layers in one order, whatever the outputs' is."""
    if "hidden" not in [layer.name for layer in model.layers]:
        return model.get_weights()
    return [w for name in ("hidden", "price", "kind") for w in model.get_layer(name).get_weights()]


def assert_same(a, b):
    assert set(a[0]) == set(b[0])
    for name, values in a[0].items():
        np.testing.assert_array_equal(values, b[0][name], err_msg=name)
    for one, other in zip(a[1], b[1], strict=True):
        np.testing.assert_array_equal(one, other)


LISTS = {"loss": ["mse", SPARSE], "metrics": [["mae"], ["accuracy"]], "loss_weights": [2.0, 0.5]}
DICTS = {
    "loss": {"kind": SPARSE, "price": "mse"},
    "metrics": {"kind": ["accuracy"], "price": "mae"},
    "loss_weights": {"kind": 0.5, "price": 2.0},
}


@pytest.mark.parametrize("form", [list, tuple, dict])
@pytest.mark.parametrize("compile_with", [LISTS, DICTS], ids=["lists", "dicts"])
@pytest.mark.parametrize("named", [False, True])
def test_lists_and_dicts_say_the_same(form, compile_with, named):
    wanted = trained(two_headed(), LISTS, [PRICE, KIND])
    y = {"kind": KIND, "price": PRICE} if named else [PRICE, KIND]
    if form is dict:  # places are those of the sorted keys
        y = y if named else y[::-1]
        if compile_with is LISTS:
            compile_with = {name: given[::-1] for name, given in LISTS.items()}
    found = trained(two_headed(form), compile_with, y)
    assert_same(wanted, found)


def test_the_loss_is_the_weighted_sum_and_each_is_logged_without_its_factor():
    model = two_headed()
    model.compile("sgd", **LISTS)
    price, kind = model.predict(X, verbose=0)
    found = model.evaluate(X, [PRICE, KIND], verbose=0, return_dict=True, batch_size=5)
    mse = np.square(price - PRICE).mean()
    entropy = -np.log(kind[np.arange(ROWS), KIND]).mean()
    assert model.metrics_names == ["loss", "price_loss", "kind_loss", "kind_accuracy", "price_mae"]
    np.testing.assert_allclose(found["price_loss"], mse, rtol=1e-5)
    np.testing.assert_allclose(found["kind_loss"], entropy, rtol=1e-5)
    np.testing.assert_allclose(found["loss"], 2 * mse + 0.5 * entropy, rtol=1e-5)
    np.testing.assert_allclose(found["kind_accuracy"], (kind.argmax(1) == KIND).mean())
    np.testing.assert_allclose(found["price_mae"], np.abs(price - PRICE).mean(), rtol=1e-5)
    assert list(found) == sorted(model.metrics_names)
    assert model.evaluate(X, [PRICE, KIND], verbose=0, batch_size=5) == [found[name] for name in model.metrics_names]


def test_training_follows_the_factors():
    only_price = trained(two_headed(), {"loss": ["mse", SPARSE], "loss_weights": [1.0, 0.0]}, [PRICE, KIND])[1]
    both = trained(two_headed(), {"loss": ["mse", SPARSE]}, [PRICE, KIND])[1]
    start = two_headed().get_weights()
    np.testing.assert_array_equal(only_price[4], start[4])  # the kernel of kind
    assert np.abs(both[4] - start[4]).max() > 1e-3
    assert np.abs(only_price[2] - start[2]).max() > 1e-3


@pytest.mark.filterwarnings("ignore:gradient", "ignore:apply")
@pytest.mark.parametrize("y", [[PRICE, KIND], [PRICE], PRICE, {"price": PRICE}], ids=["both", "one", "array", "dict"])
def test_an_output_without_a_loss_is_left_alone(y):
    history, weights = trained(two_headed(), {"loss": ["mse", None]}, y)
    assert sorted(history) == sorted(["loss"])
    np.testing.assert_array_equal(weights[4], two_headed().get_weights()[4])


def test_one_loss_is_for_all():
    y = [PRICE, np.eye(3, dtype="f")[KIND]]
    assert_same(trained(two_headed(), {"loss": "mse"}, y), trained(two_headed(), {"loss": ["mse", "mse"]}, y))


def test_weights_of_rows_for_all_or_for_each_output():
    w = RNG.uniform(0.1, 2, ROWS)
    given = {**LISTS, "weighted_metrics": [["mae"], [metrics.SparseCategoricalAccuracy(name="right")]]}
    one = trained(two_headed(), given, [PRICE, KIND], sample_weight=w)
    given["weighted_metrics"] = [["mae"], [metrics.SparseCategoricalAccuracy(name="right")]]
    each = trained(two_headed(), given, [PRICE, KIND], sample_weight=[w, w])
    assert_same(one, each)
    assert {"price_mae", "price_weighted_mae", "kind_accuracy", "kind_right"} <= set(one[0])
    named = trained(two_headed(), LISTS, {"kind": KIND, "price": PRICE}, sample_weight={"price": None, "kind": w})
    listed = trained(two_headed(), LISTS, [PRICE, KIND], sample_weight=[None, w])
    assert_same(named, listed)
    model = two_headed()
    model.compile("sgd", **LISTS)
    found = model.evaluate(X, [PRICE, KIND], sample_weight=[w, None], return_dict=True, verbose=0)
    price = model.predict(X, verbose=0)[0]
    np.testing.assert_allclose(found["price_loss"], (w * np.square(price - PRICE).mean(1)).mean(), rtol=1e-5)


def test_batches_may_be_structures():
    wanted = trained(two_headed(), LISTS, [PRICE, KIND])
    batches = data.Dataset.from_tensor_slices((X, (PRICE, KIND))).batch(8)
    model = two_headed()
    model.compile("sgd", **LISTS)
    assert_same(wanted, (model.fit(batches, epochs=2, verbose=0).history, weights_of(model)))
    named = data.Dataset.from_tensor_slices(({"x": X}, {"kind": KIND, "price": PRICE})).batch(8)
    model = two_headed()
    model.compile("sgd", **LISTS)
    assert_same(wanted, (model.fit(named, epochs=2, verbose=0).history, weights_of(model)))


def test_validation():
    model = two_headed()
    model.compile("sgd", **LISTS)
    history = model.fit(X, [PRICE, KIND], validation_split=0.25, **QUIET).history
    held = model.evaluate(X[16:], [PRICE[16:], KIND[16:]], verbose=0, batch_size=8, return_dict=True)
    for name, value in held.items():
        np.testing.assert_allclose(history[f"val_{name}"][-1], value, rtol=1e-6)
    again = model.evaluate(X, {"price": PRICE, "kind": KIND}, verbose=0, return_dict=True)
    history = model.fit(X[:0:-1], [PRICE[:0:-1], KIND[:0:-1]], epochs=0, validation_data=(X, [PRICE, KIND]), **QUIET)
    assert again["loss"] > 0
    assert history.history == {}


@pytest.mark.parametrize(("name", "up"), [("kind_loss", False), ("val_price_mae", False), ("val_kind_accuracy", True)])
def test_callbacks_know_which_way_is_better(name, up):
    class Watch(callbacks.EarlyStopping):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, name: float(epoch)})

    model = two_headed()
    model.compile("sgd", **LISTS)
    stop = Watch(monitor=name, patience=1)
    fit = {**QUIET, "validation_split": 0.2}
    assert len(model.fit(X, [PRICE, KIND], epochs=5, callbacks=[stop], **fit).epoch) == (5 if up else 2)


def test_single_batches():
    one, other = two_headed(), two_headed()
    one.compile("sgd", **LISTS)
    other.compile("sgd", **LISTS)
    logs = one.train_on_batch(X, [PRICE, KIND], return_dict=True)
    history = other.fit(X, [PRICE, KIND], verbose=0, shuffle=False, batch_size=ROWS).history
    assert {name: [value] for name, value in logs.items()} == history
    assert one.test_on_batch(X, [PRICE, KIND]) == other.evaluate(X, [PRICE, KIND], verbose=0, batch_size=ROWS)
    assert [p.shape for p in one.predict_on_batch(X)] == [(ROWS, 2), (ROWS, 3)]


@pytest.mark.parametrize("form", [list, tuple, dict])
def test_predictions_have_the_form_of_the_outputs(form):
    found = two_headed(form).predict(X, verbose=0, batch_size=5)
    assert type(found) is form
    found = [found["price"], found["kind"]] if form is dict else list(found)
    assert [one.shape for one in found] == [(ROWS, 2), (ROWS, 3)]
    assert all(isinstance(one, np.ndarray) for one in found)


class TwoHeads(Model):
    """Outputs that are known when it is called."""

    def __init__(self, form=list):
        super().__init__()
        self.price = layers.Dense(2, kernel_initializer=constant(4, 2))
        self.kind = layers.Dense(3, activation="softmax", kernel_initializer=constant(4, 3))
        self.form = form

    def call(self, x):
        a, b = self.price(x), self.kind(x)
        return {"price": a, "kind": b} if self.form is dict else [a, b]


def test_outputs_of_a_call_of_ones_own():
    history, weights = trained(TwoHeads(), {"loss": ["mse", SPARSE], "metrics": [["mae"], ["acc"]]}, [PRICE, KIND])
    assert set(history) == {"loss", "mae", "acc", "mse_loss", f"{SPARSE}_loss"}  # nobody has named its outputs
    named, same = trained(TwoHeads(dict), {"loss": {"price": "mse", "kind": SPARSE}}, {"price": PRICE, "kind": KIND})
    assert sorted(named) == sorted(["loss", "price_loss", "kind_loss"])
    for one, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(one, other)
    both = trained(TwoHeads(), {"loss": "mse"}, [PRICE, np.eye(3, dtype="f")[KIND]])[0]
    assert sorted(both) == sorted(["loss", "mse_loss", "mse_loss_1"])


def test_structures_of_structures():
    x = layers.Input(shape=(4,))
    a, b = layers.Dense(2, name="a")(x), layers.Dense(2, name="b")(x)
    model = Model(x, {"u": {"v": a, "w": [b]}})
    model.compile("sgd", "mse")
    history = model.fit(X, {"u": {"v": PRICE, "w": [PRICE]}}, **QUIET).history
    assert sorted(history) == sorted(["loss", "u/v_loss", "u/w/b_loss"])


# ---- one output


def chain():
    return Sequential([layers.Input(shape=(4,)), layers.Dense(2, kernel_initializer=constant(4, 2), name="out")])


@pytest.mark.parametrize("factor", [0.5, [0.5], {"out": 0.5}], ids=["number", "list", "dict"])
def test_a_factor_of_the_one_loss(factor):
    half = chain()
    half.compile("sgd", "mse", loss_weights=factor, metrics=["mae"])
    half_history = half.fit(X, PRICE, **QUIET).history
    whole = chain()
    whole.compile("sgd", "mse", metrics=["mae"])
    found = whole.evaluate(X, PRICE, verbose=0, batch_size=8)
    np.testing.assert_allclose(chain_loss(half_history, X), 0.5 * found[0], rtol=0.1)
    assert "loss_weights" in half.why_taped
    assert whole.why_taped == ""
    moved = half.get_weights()[0] - chain().get_weights()[0]
    whole.optimizer.learning_rate = 0.005
    whole.fit(X, PRICE, **QUIET)
    np.testing.assert_allclose(moved, whole.get_weights()[0] - chain().get_weights()[0], rtol=1e-3, atol=1e-6)


def chain_loss(history, x):
    return history["loss"][0]


@pytest.mark.parametrize("given", [{"loss": {"out": "mse"}}, {"loss": ["mse"]}, {"loss": "mse", "loss_weights": [1]}])
def test_one_output_by_name_or_in_a_list_is_a_program_still(given):
    model = chain()
    model.compile("sgd", **given)
    assert model.why_taped == ""
    plain = chain()
    plain.compile("sgd", "mse")
    for y in (PRICE, [PRICE], {"out": PRICE}):
        assert model.evaluate(X, y, verbose=0) == plain.evaluate(X, PRICE, verbose=0)


def test_a_file_keeps_what_compile_was_given(tmp_path):
    model = two_headed_plain()
    model.compile("adam", **LISTS)
    model.fit(X, [PRICE, KIND], **QUIET)
    model.save(tmp_path / "m.safetensors")
    same = load_model(tmp_path / "m.safetensors")
    assert same.evaluate(X, [PRICE, KIND], verbose=0) == model.evaluate(X, [PRICE, KIND], verbose=0)
    one, other = (m.fit(X, [PRICE, KIND], **QUIET).history for m in (model, same))
    assert one == other


def two_headed_plain():
    x = layers.Input(shape=(4,), name="x")
    hidden = layers.Dense(6, activation="tanh")(x)
    return Model(x, [layers.Dense(2, name="price")(hidden), layers.Dense(3, "softmax", name="kind")(hidden)])


# ---- what does not fit


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"loss": ["mse"]}, "loss: expected one for each of the 2 outputs"),
        ({"loss": ["mse"] * 3}, "got 3 of them"),
        ({"loss": {"price": "mse"}}, "by the names of outputs"),
        ({"loss": {"price": "mse", "sort": SPARSE}}, "sort"),
        ({"loss": ["mse", SPARSE], "loss_weights": [1.0]}, "loss_weights: expected one for each"),
        ({"loss": ["mse", SPARSE], "loss_weights": 2.0}, "loss_weights: expected one for each"),
        ({"loss": ["mse", SPARSE], "loss_weights": ["a", "b"]}, "loss_weights"),
        ({"loss": ["mse", SPARSE], "metrics": ["mae"]}, "metrics: expected one for each"),
        ({"loss": ["mse", SPARSE], "metrics": {"sort": "mae"}}, "metrics: expected a dict"),
        ({"loss": ["mse", SPARSE], "metrics": "mae"}, "metrics: expected a list or a dict"),
        ({"loss": ["mse", "no-such-loss"]}, "no-such-loss"),
    ],
)
def test_what_compile_is_given_must_belong_to_outputs(given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        two_headed().compile("sgd", **given)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([PRICE], "y: expected one for each of the 2 outputs"),
        (PRICE, "y: expected one for each"),
        ([PRICE, KIND, KIND], "got 3 of them"),
        ({"price": PRICE}, "none for"),
        ({"price": PRICE, "sort": KIND}, "sort"),
        ([PRICE, KIND[:5]], "as many rows"),
        ([PRICE[:5], KIND[:5]], "as many rows|rows, as x has"),
        ([KIND, PRICE], "'price'"),
        ([PRICE * np.nan, KIND], "without NaN"),
    ],
)
def test_targets_must_belong_to_outputs(y, words):
    model = two_headed()
    model.compile("sgd", **LISTS)
    with pytest.raises(ValueError, match=words):
        model.fit(X, y, **QUIET)


def test_an_output_with_metrics_wants_targets():
    model = two_headed()
    model.compile("sgd", loss=["mse", None], metrics=[[], ["accuracy"]])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"with metrics, got none for 'kind'"):
        model.fit(X, [PRICE], **QUIET)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_weights_must_belong_to_outputs():
    model, w = two_headed(), np.ones(ROWS)
    model.compile("sgd", **LISTS)
    for wrong in ([w, w, w], {"price": w}, [w, w[:3]], {"price": w, "sort": w}):
        with pytest.raises(ValueError, match="sample_weight"):
            model.fit(X, [PRICE, KIND], sample_weight=wrong, **QUIET)
    with pytest.raises(ValueError, match="several outputs"):
        model.fit(X, [PRICE, KIND], class_weight={0: 2.0}, **QUIET)
