"""Losses as users meet them: names, alignment, reductions, weights; numbers against NumPy twins."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from fastmlp import _core, losses
from fastmlp._objects import NotLowered
from lookup import twin
from loss_objects import OBJECTS, REDUCTIONS, data, label
from tolerance import assert_close


def expected(loss, y, p):
    kernel, parameters = loss.lower()
    y = 2 * y - 1 if loss.wants_signs else y
    return twin("losses", kernel)(p, y, *parameters)


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
def test_each_sample_against_its_twin(loss, rng, dtype):
    y, p = data(loss, rng, dtype=dtype)
    found = loss.call(y, p)
    assert found.dtype == dtype
    assert np.ptp(found) > 0
    assert_close(found, expected(loss, y, p), ulps=64, terms=8, scale=4.0, label=loss.kernel)


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
def test_the_function_is_the_class_by_sample(loss, rng):
    y, p = data(loss, rng)
    settings = {k: v for k, v in loss.get_config().items() if k not in ("name", "reduction")}
    function = getattr(losses, loss.kernel)
    np.testing.assert_array_equal(function(y, p, **settings), loss.call(y, p))


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
def test_config_makes_the_same_loss(loss, rng):
    config = json.loads(json.dumps(losses.serialize(loss)))
    again = losses.deserialize(config)
    assert type(again) is type(loss)
    np.testing.assert_equal(again.lower(), loss.lower())  # NaN, which stands for no class, equals itself here
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
def test_lowering_names_a_kernel_and_all_its_parameters(loss):
    kernel, parameters = loss.lower()
    names = _core.registry("loss")[kernel].params
    settings = [getattr(loss, name) for name in names]
    np.testing.assert_array_equal(parameters, [np.nan if value is None else value for value in settings])
    assert bool(_core.registry("loss")[kernel].traits) is loss.sparse


def test_lowering_for_logits():
    assert losses.BinaryCrossentropy(label_smoothing=0.1).lower(logits=True) == ("binary_crossentropy_logits", (0.1,))
    assert losses.CategoricalCrossentropy(from_logits=True).lower()[0] == "categorical_crossentropy_logits"
    with pytest.raises(ValueError, match="mean_squared_error: expected predictions after the activation, got logits"):
        losses.MeanSquaredError().lower(logits=True)
    with pytest.raises(ValueError, match="expected axis -1"):
        losses.CategoricalCrossentropy(axis=0).lower()


def test_every_kernel_has_a_class():
    names = {loss.lower()[0] for loss in OBJECTS}
    estimators = {"half_squared_error", "half_poisson_logits", "log_loss_logits", "sparse_log_loss_logits"}
    assert names | estimators >= set(_core.registry("loss"))


# ---- reductions and weights


def reduced(values, weights, reduction):
    w = np.ones_like(values) if weights is None else weights
    total = np.sum(values * w)
    if reduction in ("none", None):
        return values * w
    return total / {"sum": 1, "mean_with_sample_weight": w.sum()}.get(reduction, values.size)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_reductions(reduction, weighted, rng):
    y, p = rng.normal(size=(2, 7, 3))
    w = rng.uniform(0, 2, 7) if weighted else None
    found = losses.MeanSquaredError(reduction=reduction, dtype="float64")(y, p, sample_weight=w)
    np.testing.assert_allclose(found, reduced(np.mean((y - p) ** 2, axis=-1), w, reduction), rtol=1e-13)


def test_weights_divide_by_the_number_of_samples_not_by_their_sum():
    loss = losses.MeanSquaredError()
    assert loss([[1.0], [1.0]], [[0.0], [0.0]], sample_weight=[3.0, 0.0]) == 1.5
    assert losses.MeanSquaredError("mean_with_sample_weight")([[1.0], [1.0]], [[0.0], [0.0]], [3.0, 0.0]) == 1


def test_weights_of_other_shapes(rng):
    y, p = rng.normal(size=(2, 4, 3))
    loss, w = losses.MeanSquaredError(), rng.uniform(size=4)
    assert loss(y, p, w[:, None]) == loss(y, p, w)
    assert loss(y, p, 2.0) == 2 * loss(y, p)
    for wrong in (w[:3], np.ones((4, 3)), np.ones(1)):
        with pytest.raises(ValueError, match=r"sample_weight of the losses' shape \(4,\)"):
            loss(y, p, wrong)


def test_the_result_is_a_float32_number_unless_asked_otherwise(rng):
    y, p = rng.normal(size=(2, 4, 3))
    assert type(losses.MeanSquaredError()(y, p).numpy()) is np.float32
    assert type(losses.MeanSquaredError(dtype="float64")(y, p).numpy()) is np.float64
    assert losses.mean_squared_error(y, p).dtype == np.float64
    assert losses.mean_squared_error(y.tolist(), p.tolist()).dtype == np.float32
    assert losses.mean_squared_error(y, p.astype("float32")).dtype == np.float32
    assert losses.mean_squared_error(np.array([[1]]), np.array([[3]])) == [4]


def test_an_empty_batch_costs_nothing():
    assert losses.MeanSquaredError()(np.ones((0, 2)), np.ones((0, 2))) == 0


# ---- alignment


@pytest.mark.parametrize("shapes", [((5,), (5, 1)), ((5, 1), (5,)), ((5, 1), (5, 1))])
def test_a_column_meets_a_vector(shapes, rng):
    y, p = rng.normal(size=(2, 5))
    found = losses.mean_squared_error(y.reshape(shapes[0]), p.reshape(shapes[1]))
    np.testing.assert_allclose(found, (y - p) ** 2, rtol=1e-14)
    assert losses.BinaryCrossentropy()(np.ones(5), np.full((5, 1), 0.5)) == np.float32(np.log(2))


def test_two_vectors_are_one_sample(rng):
    y, p = rng.normal(size=(2, 5))
    assert losses.mean_squared_error(y, p).shape == ()
    np.testing.assert_allclose(losses.mean_squared_error(y, p), np.mean((y - p) ** 2))


@pytest.mark.parametrize(
    "shapes", [((5,), (5, 5)), ((5, 1), (5, 5)), ((5, 5), (5, 1)), ((1, 5), (5, 1)), ((5,), (4, 1))]
)
@pytest.mark.parametrize("function", [losses.mean_squared_error, losses.binary_crossentropy, losses.hinge])
def test_nothing_is_broadcast(shapes, function):
    with pytest.raises(ValueError, match=re.escape(f"{function.__name__}: expected y_true of the shape of y_pred")):
        function(np.ones(shapes[0]), np.full(shapes[1], 0.5))


def test_more_axes_than_two(rng):
    y, p = rng.normal(size=(2, 2, 3, 4))
    np.testing.assert_allclose(losses.mean_squared_error(y, p), np.mean((y - p) ** 2, axis=-1), rtol=1e-14)
    probabilities = rng.uniform(0.1, 1, (2, 4, 3))
    classes = rng.integers(0, 4, (2, 3))
    along = losses.sparse_categorical_crossentropy(classes, probabilities, axis=1)
    moved = np.moveaxis(probabilities, 1, -1)
    np.testing.assert_array_equal(along, losses.sparse_categorical_crossentropy(classes, moved))
    one_hot = np.moveaxis(np.eye(4)[classes], -1, 1)
    np.testing.assert_array_equal(losses.categorical_crossentropy(one_hot, probabilities, axis=1), along)
    np.testing.assert_allclose(losses.cosine_similarity(p, p, axis=0), -np.ones((3, 4)))


def test_labels(rng):
    p = rng.uniform(0.1, 1, (5, 3))
    y = rng.integers(0, 3, 5)
    want = losses.sparse_categorical_crossentropy(y, p)
    for same in (y[:, None], y.astype("float32"), y.astype("uint8"), y.tolist()):
        np.testing.assert_array_equal(losses.sparse_categorical_crossentropy(same, p), want)
    with pytest.raises(ValueError, match="expected whole numbers for labels"):
        losses.sparse_categorical_crossentropy(y + 0.5, p)
    with pytest.raises(ValueError, match="for one-hot rows use categorical_crossentropy"):
        losses.sparse_categorical_crossentropy(np.eye(3)[y], p)
    with pytest.raises(ValueError, match="labels from 0 to 2, got -1"):
        losses.sparse_categorical_crossentropy(y - 1 - y.min(), p)
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        losses.categorical_crossentropy(y, p)


@pytest.mark.parametrize("ignored", [1, -1, 255, 2**31 - 1])
def test_an_ignored_class_is_left_out_of_the_mean(ignored, rng):
    p = rng.uniform(0.1, 1, (6, 3))
    y = np.array([0, 2, 0, 2, 0, 2])
    kept = np.array([1, 1, 0, 1, 0, 1], bool)
    y[~kept] = ignored
    each = -np.log(p[np.arange(6), np.where(kept, y, 0)] / p.sum(axis=1))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=ignored, dtype="float64")
    np.testing.assert_allclose(loss.call(y, p), each * kept, rtol=1e-13)
    np.testing.assert_allclose(loss(y, p), each[kept].mean(), rtol=1e-13)
    w = rng.uniform(size=6)
    np.testing.assert_allclose(loss(y, p, w), (each * w)[kept].sum() / 4, rtol=1e-13)
    loss.reduction = "mean_with_sample_weight"
    np.testing.assert_allclose(loss(y, p, w), np.average(each[kept], weights=w[kept]), rtol=1e-13)


def test_hinges_turn_zeros_and_ones_into_signs(rng):
    p = rng.normal(size=(6, 1))
    y = np.array([0, 1, 1, 0, 1, 0.0])[:, None]
    np.testing.assert_array_equal(losses.hinge(y, p), losses.hinge(2 * y - 1, p))
    np.testing.assert_allclose(losses.hinge(y, p), np.maximum(0, 1 - (2 * y - 1) * p)[:, 0])
    mixed = np.array([0, 1, 2, 0, 1, 0.0])[:, None]
    np.testing.assert_array_equal(losses.Hinge().prepare(mixed), mixed)
    prepared = losses.SquaredHinge().prepare(np.array([0, 1, 1], "uint8"))
    assert prepared.tolist() == [-1, 1, 1]


def test_probabilities_are_clipped_and_those_of_classes_renormalised():
    """Traps 6 and 7: at most −log 1e-7 in float32, and what does not add up to one is divided by its sum."""
    clipped = losses.BinaryCrossentropy()
    assert clipped([[1.0]], [[0.0]]) == pytest.approx(16.118, abs=1e-3)
    assert clipped([[0.0]], [[1.0]]) == pytest.approx(15.942, abs=1e-3)
    found = losses.categorical_crossentropy([[0.0, 1.0]], [[1.0, 3.0]])
    assert found[0] == pytest.approx(-np.log(0.75), rel=1e-6)
    assert losses.sparse_categorical_crossentropy([1], [[1.0, 3.0]]) == found


def test_label_smoothing():
    """Trap 29: y(1−s) + s/2 of two sides, y(1−s) + s/k of k classes."""
    p = 0.8
    soft = 1 * (1 - 0.2) + 0.2 / 2
    want = -soft * np.log(p) - (1 - soft) * np.log(1 - p)
    np.testing.assert_allclose(losses.binary_crossentropy([[1.0]], [[p]], label_smoothing=0.2), [want], rtol=1e-6)
    q = np.array([[0.7, 0.2, 0.06, 0.04]])
    target = np.array([[1.0, 0, 0, 0]]) * 0.8 + 0.2 / 4
    found = losses.categorical_crossentropy([[1, 0, 0, 0]], q, label_smoothing=0.2)
    np.testing.assert_allclose(found, -np.sum(target * np.log(q), axis=-1), rtol=1e-12)
    with pytest.raises(ValueError, match="label_smoothing: expected a number at least 0 and at most 1"):
        losses.BinaryCrossentropy(label_smoothing=1.5)


def test_one_column_is_no_choice_of_classes():
    with pytest.warns(SyntaxWarning, match="use binary_crossentropy"):
        losses.categorical_crossentropy([[1.0]], [[0.3]])


# ---- names


@pytest.mark.parametrize("alias", ["mse", "mae", "mape", "msle", "kld", "bce"])
def test_aliases(alias):
    function = losses.get(alias)
    assert function is losses.get(alias.upper())
    assert function is getattr(losses, alias) is getattr(losses, alias.upper())
    assert losses.get(function.__name__) is function
    assert losses.as_loss(alias).kernel == function.__name__


def test_get():
    assert losses.get(None) is None
    assert losses.as_loss(None) is None
    for cls in {type(loss) for loss in OBJECTS}:
        assert type(losses.get(cls.__name__)) is cls
        assert type(losses.get(cls)) is cls
        assert type(losses.as_loss(cls.kernel)) is cls
    loss = losses.Huber(2.0)
    assert losses.get(loss) is losses.as_loss(loss) is loss
    assert losses.get({"class_name": "Huber", "config": {"delta": 3.0}}).delta == 3
    assert losses.deserialize(losses.serialize(losses.huber)) is losses.huber
    with pytest.raises(ValueError, match="did you mean 'log_cosh'"):
        losses.get("logcosh")
    with pytest.raises(ValueError, match="did you mean 'mse'"):
        losses.get("msee")
    with pytest.raises(TypeError, match="loss: expected"):
        losses.get(3)
    with pytest.raises(TypeError, match="loss: expected"):
        losses.as_loss(dict)


@pytest.mark.parametrize(
    "name", ["Dice", "Tversky", "Circle", "CTC", "CategoricalGeneralizedCrossEntropy", "dice", "ctc"]
)
def test_what_is_outside_says_so(name):
    with pytest.raises(ValueError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        losses.get(name)
    with pytest.raises(AttributeError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        getattr(losses, name)
    with pytest.raises(ImportError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        exec(f"from fastmlp.losses import {name}")
    assert not hasattr(losses, "Dicee")


def test_a_class_given_data_computes_what_its_function_does_and_says_so():
    y, p = np.float32([[1.0, 0.0], [0.0, 1.0]]), np.float32([[0.9, 0.2], [0.4, 0.7]])
    with pytest.warns(DeprecationWarning, match=r"write binary_crossentropy\(y_true, y_pred\)") as caught:
        found = losses.BinaryCrossentropy(y, p)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found, losses.binary_crossentropy(y, p))
    with pytest.warns(DeprecationWarning, match="mean_squared_error"):
        np.testing.assert_array_equal(losses.MeanSquaredError([1.0, 2.0], [1.0, 4.0]), 2.0)
    with pytest.warns(DeprecationWarning, match="sparse_categorical"):
        sparse = losses.SparseCategoricalCrossentropy([0, 1], p, from_logits=True)
    np.testing.assert_array_equal(sparse, losses.sparse_categorical_crossentropy([0, 1], p, from_logits=True))
    with pytest.raises(TypeError, match="from_logits: expected True or False, got 1.0"):
        losses.BinaryCrossentropy(1.0, 0.5)


def test_wrong_settings():
    with pytest.raises(ValueError, match="MeanSquaredError: reduction: expected one of .*'sum', .* got 'avg'"):
        losses.MeanSquaredError(reduction="avg")
    with pytest.raises(ValueError, match="expected dtype float32 or float64"):
        losses.MeanSquaredError(dtype="int32")
    with pytest.raises(ValueError, match="Huber: delta"):
        losses.Huber(-1)
    with pytest.raises(TypeError, match="y_pred: expected real numbers"):
        losses.mean_squared_error([["a"]], [["b"]])
    with pytest.raises(ValueError, match="at least one column"):
        losses.mean_squared_error(1.0, 2.0)


def test_names_of_losses():
    assert losses.Huber().name == "huber_loss"
    assert losses.MeanSquaredError().name == "mean_squared_error"
    assert losses.MeanSquaredError(name="mine").name == "mine"


# ---- custom losses


def test_a_function_is_a_loss(rng):
    y, p = rng.normal(size=(2, 5)).astype("float32")

    def cubes(y_true, y_pred, factor=1.0):
        return np.mean(np.abs(y_true - y_pred) ** 3, axis=-1) * factor

    loss = losses.as_loss(cubes)
    assert loss.name == "cubes"
    np.testing.assert_allclose(loss(y, p[:, None]), np.mean(np.abs(y - p) ** 3), rtol=1e-6)
    np.testing.assert_allclose(
        losses.FunctionLoss(cubes, factor=2.0)(y, p[:, None]), 2 * loss(y, p[:, None]), rtol=1e-6
    )
    with pytest.raises(NotLowered, match="the loss 'cubes' is a function of Python"):
        loss.lower()


def test_a_subclass_is_a_loss():
    class Largest(losses.Loss):
        def call(self, y_true, y_pred):
            return np.max(np.abs(y_true - y_pred), axis=-1)

    assert Largest()([[0.0, 1.0], [0.0, 0.0]], [[0.5, 3.0], [0.0, 0.0]]) == 1
    assert Largest(reduction="sum").name == "largest"
    with pytest.raises(NotImplementedError, match="define it"):
        losses.Loss()([1.0], [1.0])
