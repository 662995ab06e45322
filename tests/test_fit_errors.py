"""fit, evaluate and predict refuse what cannot be meant, say how to mend it, and warn of what is silently wrong."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from fastmlp import Input, Sequential, layers, losses
from fastmlp.data import Dataset
from fastmlp.layers import Dense

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = np.zeros((8, 2), "float32")
LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 0])
NAN = np.where(np.arange(16).reshape(8, 2) == 5, np.nan, 0.0)
SPARSE = {"loss": "sparse_categorical_crossentropy", "last": "softmax"}


def made(outputs=2, loss="mse", last=None, **compiled):
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(outputs, last)])
    model.compile("sgd", loss, **compiled)
    return model


def data_error(model, error, match, *args, **kwargs):
    """An error of fit with a message in three parts, after which nothing has changed."""
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(error, match=match) as caught:
        model.fit(*args, verbose=0, **kwargs)
    assert re.search(r"(?s): expected .*, got .*; .", str(caught.value)), caught.value
    assert [w.tobytes() for w in model.get_weights()] == before


@pytest.mark.parametrize(
    ("x", "y", "error", "says"),
    [
        (X[:, :2], Y, ValueError, r"3 columns.*x\.shape=\(8, 2\)"),
        (X.reshape(8, 3, 1), Y, ValueError, r"3 columns.*\(8, 3, 1\)"),
        (X[0], Y[:1], ValueError, r"3 columns.*\(3,\)"),
        (np.float32(1), Y, ValueError, r"3 columns.*\(\)"),
        (1.5, Y, TypeError, "x as an array"),
        (X.astype(str), Y, TypeError, "x: expected numbers"),
        (X.astype(complex), Y, TypeError, "x: expected numbers"),
        ([[1, 2, 3], [1, 2]], Y[:2], ValueError, "x: expected rows of one length"),
        (None, Y, TypeError, "features"),
        ({"a": X}, None, TypeError, r"x: expected one array, got a mapping of \['a'\]"),
        (X, {"a": Y}, TypeError, r"y: expected one array, got a mapping of \['a'\]"),
        (X[:0], Y[:0], ValueError, "at least one row"),
        (X, Y[:7], ValueError, "8 rows.*pair them up"),
        (X, None, ValueError, "y, got None"),
        (X, Y[:, 0], ValueError, r"shape \(8, 2\).*got \(8,\)"),
        (X, Y[:, :1], ValueError, r"shape \(8, 2\).*got \(8, 1\)"),
        (X, np.zeros((8, 3)), ValueError, r"shape \(8, 2\).*got \(8, 3\)"),
        (X, LABELS, ValueError, r"sparse_categorical_crossentropy.*to_categorical"),
        (X, NAN, ValueError, "without NaN, got one in row 2"),
        (X, np.full((8, 2), "a"), TypeError, "y: expected numbers"),
        (X, 3.0, ValueError, "8 rows"),
    ],
)  # fmt: skip
def test_data_that_do_not_fit(x, y, error, says):
    data_error(made(), error, says, x, y)


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (LABELS + 1, r"(?i)label.*2"),
        (LABELS - 1, r"(?i)label.*-1"),
        (np.where(LABELS == 1, np.nan, 0), "without NaN, got one in row 1"),
        (LABELS + 0.5, "whole numbers"),
        (np.eye(2)[LABELS], "categorical_crossentropy.*one-hot"),
        (np.zeros((8, 3)), r"one class number a row, got.*\(8, 3\)"),
        (np.full(8, "a"), "y: expected numbers"),
        (LABELS[:5], "8 rows"),
    ],
)  # fmt: skip
def test_labels_that_do_not_fit(y, says):
    data_error(made(**SPARSE), (TypeError, ValueError), says, X, y)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2.5}, TypeError, "batch_size"),
        ({"epochs": -1}, ValueError, "epochs"),
        ({"epochs": "3"}, TypeError, "epochs"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch"),
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch"),
        ({"validation_split": 1.0}, ValueError, "validation_split"),
        ({"validation_split": -0.1}, ValueError, "validation_split"),
        ({"validation_split": "a"}, TypeError, "validation_split"),
        ({"validation_data": (X,)}, ValueError, "validation_data"),
        ({"validation_data": (X[:, :2], Y)}, ValueError, "validation_data.*3 columns"),
        ({"validation_data": (X, Y[:3])}, ValueError, "validation_data.*8 rows"),
        ({"validation_data": (X, Y), "validation_freq": 0}, ValueError, "validation_freq"),
        ({"validation_data": (X, Y), "validation_steps": 0}, ValueError, "validation_steps"),
        ({"validation_data": (X, Y), "validation_batch_size": 0}, ValueError, "validation_batch_size"),
        ({"sample_weight": np.ones(7)}, ValueError, r"sample_weight of shape \(8,\), got \(7,\)"),
        ({"sample_weight": np.ones((8, 2))}, ValueError, "sample_weight"),
        ({"sample_weight": np.full(8, np.nan)}, ValueError, "sample_weight"),
        ({"class_weight": [1, 2]}, TypeError, "class_weight as a dict"),
        ({"class_weight": {0: None}}, TypeError, "class_weight of class 0: expected a number, got None"),
        ({"class_weight": {0: np.nan}}, ValueError, "class_weight of class 0"),
        ({"class_weight": {"0": 2.0}}, TypeError, "class numbers as the keys of class_weight, got '0'"),
        ({"class_weight": {0.5: 2.0}}, TypeError, "class numbers as the keys of class_weight, got 0.5"),
        ({"class_weight": {0: 1.0}, "sample_weight": np.ones(8)}, ValueError, "both"),
        ({"callbacks": [print]}, TypeError, "callbacks"),
        ({"verbose": "loud"}, (TypeError, ValueError), "verbose"),
        ({"shuffle": "rows"}, ValueError, "shuffle"),
        ({"shuffle": np.array([True, False])}, ValueError, "shuffle"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(options, error, says):
    given = {"epochs": 1, **options}
    before = (model := made()).get_weights()
    with pytest.raises(error, match=says) as caught:
        model.fit(X, Y, **{"verbose": 0, **given})
    assert re.search(r"expected .*, got .*; .", str(caught.value)), caught.value
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"optimizer": "adamm"}, "did you mean 'adam"),
        ({"loss": "msee"}, "did you mean 'mse'"),
        ({"metrics": ["acuracy"]}, "did you mean '.*accuracy'"),
        ({"weighted_metrics": ["nothing-like-it"]}, "metric"),
        ({"optimizer": None}, "optimizer"),
        ({"loss": ["mse", "mae"]}, "one for the one output"),
        ({"loss_weights": [0.5, 2.0]}, "loss_weights"),
    ],
)  # fmt: skip
def test_names_that_compile_does_not_know(arguments, says):
    model = Sequential([Input((3,)), Dense(2)])
    with pytest.raises(ValueError, match=says):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    assert not model.compiled


def test_calls_in_the_wrong_order():
    model = Sequential([Dense(2)])
    for call in (lambda: model.fit(X, Y), lambda: model.evaluate(X, Y), lambda: model.train_on_batch(X, Y)):
        with pytest.raises(RuntimeError, match=r"before compile; call compile\(optimizer, loss\)"):
            call()
    for call in (lambda: model.count_params(), lambda: model.output_shape, lambda: model.set_weights([])):
        with pytest.raises(RuntimeError, match="built"):
            call()
    model.compile("sgd")
    with pytest.raises(ValueError, match="give loss= to compile"):
        model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (8, 2)
    with pytest.raises(RuntimeError, match="empty"):
        Sequential().pop()
    empty = Sequential()
    empty.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="model with layers"):
        empty.fit(X, Y, verbose=0)


def test_one_layer_is_no_list_and_one_number_no_shape():
    with pytest.raises(TypeError, match=r"Sequential: expected a list of layers, got .*Dense.*; put it into one"):
        Sequential(Dense(1))
    with pytest.raises(TypeError, match=r"build: expected an input shape.* got 3; give \(None, 3\)"):
        Sequential([Dense(1)]).build(3)


def test_batches_come_with_all_they_need():
    model = made()
    stream = lambda *parts: iter([parts])
    for arguments, says in (
        ({"x": stream(X, Y), "y": Y}, "inside the batches"),
        ({"x": stream(X, Y), "sample_weight": np.ones(8)}, "inside the batches"),
        ({"x": stream(X, Y), "batch_size": 4}, "batch_size"),
        ({"x": stream(X, Y), "validation_split": 0.5}, "validation_split"),
        ({"x": stream(X, Y, None, None)}, "one to three parts.*got 4"),
        ({"x": iter([{"x": X, "y": Y}])}, r"a mapping of \['x', 'y'\].*tuples"),
        ({"x": stream(X)}, "expected y, got None"),
        ({"x": stream(X, Y[:3])}, "8 rows"),
        ({"x": stream(X[:, :1], Y)}, "3 columns"),
    ):
        with pytest.raises((ValueError, TypeError), match=says):
            model.fit(**arguments, verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("use", ["evaluate", "test_on_batch", "train_on_batch"])
def test_other_methods_check_their_data_too(use):
    call = getattr(made(), use)
    with pytest.raises(ValueError, match=rf"{use}.*3 columns"):
        call(X[:, :2], Y)
    with pytest.raises(ValueError, match=rf"{use}.*\(8, 2\).*got \(8,\)"):
        call(X, Y[:, 0])
    with pytest.raises(ValueError, match=rf"{use}.*sample_weight"):
        call(X, Y, sample_weight=np.ones(3))


def test_predict_checks_its_data_and_answers_no_rows_with_none():
    model = made()
    for call in (model.predict, model.predict_on_batch, model):
        with pytest.raises(ValueError, match="3 columns"):
            call(X[:, :2])
        with pytest.raises(TypeError, match="numbers"):
            call(X.astype(str))
    assert model.predict(X[:0], verbose=0).shape == (0, 2)


# ---- what runs and yet is not what was meant


def warned(model, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(*args, verbose=0, **kwargs)
    assert {w.filename for w in caught} <= {__file__}
    return [str(w.message) for w in caught]


def test_features_far_from_unit_size():
    (message,) = warned(made(), X * 255, Y)
    assert "range from -255 to 255" in message
    scaled = Sequential([Input((3,)), layers.Rescaling(1 / 255), Dense(2)])
    scaled.compile("sgd", "mse")
    assert warned(scaled, X * 255, Y) == []
    assert warned(made(), X, Y) == []


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (lambda: made(3, **SPARSE), np.arange(8) // 3),
        (lambda: made(3, **SPARSE), np.arange(8.0) // 3),
        (lambda: made(3, "categorical_crossentropy", "softmax"), np.eye(3)[np.arange(8) // 3]),
        (lambda: made(1, "bce", "sigmoid"), np.arange(8) // 4),
        (lambda: made(1, "bce", "sigmoid"), np.arange(8.0)[:, None] // 4),
    ],
    ids=["labels", "floats", "one-hot", "bits", "columns"],
)
def test_sorted_labels_with_a_split(model, y):
    (message,) = warned(model(), X, y, validation_split=0.5 if len(np.shape(y)) < 3 and np.max(y) == 1 else 0.3)
    assert "sorted" in message
    mixed = np.random.default_rng(0).permutation(8)
    assert warned(model(), X, y[mixed], validation_split=0.125) == []
    assert warned(model(), X, y, validation_data=(X, y)) == []


@pytest.mark.parametrize("metrics", [["accuracy"], ["mae", "binary_accuracy"]])
def test_accuracy_of_logits(metrics):
    loss = losses.BinaryCrossentropy(from_logits=True)
    (message,) = warned(made(1, loss, metrics=metrics), X, LABELS)
    assert "from_logits" in message
    assert metrics[-1] in message
    assert warned(made(1, "bce", "sigmoid", metrics=metrics), X, LABELS) == []


def test_softmax_of_one_output():
    with pytest.warns(UserWarning, match="always 1"):
        made(1, "mse", "softmax")


@pytest.mark.parametrize(
    ("made_with", "y", "says"),
    [
        (
            {"loss": "sparse_categorical_crossentropy"},
            LABELS,
            "takes probabilities, and the model ends with any numbers",
        ),
        (
            {"loss": losses.SparseCategoricalCrossentropy(from_logits=True), "last": "softmax"},
            LABELS,
            "takes the softmax itself",
        ),
        ({"outputs": 1, "loss": "binary_crossentropy"}, LABELS, "give the last layer activation='sigmoid'"),
        ({"outputs": 1, "loss": "binary_crossentropy", "last": "sigmoid"}, LABELS * 9, "y is from 0 to 9"),
    ],
)
def test_outputs_and_targets_that_do_not_fit_the_loss_are_warned_of(made_with, y, says):
    with pytest.warns(UserWarning, match=says):
        made(**made_with).fit(X, y, verbose=0)


def test_data_that_never_end_want_a_number_of_steps():
    data = Dataset.from_tensor_slices((X, Y)).batch(4).repeat()
    model = made()
    with pytest.raises(ValueError, match="fit: expected a number of steps .*; give steps_per_epoch"):
        model.fit(data, verbose=0)
    with pytest.raises(ValueError, match="validation_data: expected a number of steps"):
        model.fit(X, Y, validation_data=data, verbose=0)
    assert len(model.fit(data, steps_per_epoch=2, verbose=0).history["loss"]) == 1


def test_hints_for_classes_from_one_single_rows_and_layers_on_layers():
    with pytest.raises(ValueError, match="number the classes from 0: y - 1"):
        made(**SPARSE).fit(X, LABELS + 1, verbose=0)
    with pytest.raises(ValueError, match="take loss='binary_crossentropy' for one output"):
        made(1, "sparse_categorical_crossentropy", "sigmoid").fit(X, LABELS, verbose=0)
    with pytest.raises(ValueError, match=r"give a single row as x\[None\]"):
        made().predict(X[0], verbose=0)
    with pytest.raises(TypeError, match="expected an array, got the layer"):
        Dense(3)(Dense(4))
