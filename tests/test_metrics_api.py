"""Metrics as users meet them: names, shapes, configs, states."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fastmlp import _core, losses, metrics
from metric_cases import CLASSES, NEEDED, batches


@pytest.mark.parametrize("name", CLASSES)
def test_a_config_makes_the_same_metric(name):
    options = {**NEEDED.get(name, {}), "name": "mine", "dtype": "float64"}
    metric = getattr(metrics, name)(**options)
    config = json.loads(json.dumps(metrics.serialize(metric)))
    for copy in (metrics.deserialize(config), metrics.get(config), type(metric).from_config(metric.get_config())):
        assert type(copy) is type(metric)
        assert copy.get_config() == metric.get_config()
    assert metrics.get({"class_name": name, "config": options}).name == "mine", "as Keras writes it"


def test_a_repr_shows_what_is_not_ordinary():
    metrics.forget_names()
    assert repr(metrics.BinaryAccuracy(threshold=0.4)) == "BinaryAccuracy(threshold=0.4)"
    assert repr(metrics.AUC(curve="PR")) == "AUC(curve='PR', name='auc')"
    assert repr(metrics.MeanMetricWrapper(np.add, by=2)).startswith("MeanMetricWrapper(<ufunc 'add'>, name=")


def test_auto_names_are_counted():
    metrics.forget_names()
    assert [metrics.AUC().name, metrics.AUC().name, metrics.Precision().name] == ["auc", "auc_1", "precision"]


# ---- finding one


@pytest.mark.parametrize(
    ("given", "cls"),
    [
        ("mse", "MeanSquaredError"),
        ("MSE", "MeanSquaredError"),
        ("mean_absolute_error", "MeanAbsoluteError"),
        ("AUC", "AUC"),
        ("auc", "AUC"),
        ("BinaryAccuracy", "BinaryAccuracy"),
        ("binary_accuracy", "BinaryAccuracy"),
        ("r2_score", "R2Score"),
        (metrics.Recall, "Recall"),
        (metrics.binary_accuracy, "BinaryAccuracy"),
    ],
)
def test_what_is_given_by_a_string_is_named_by_it(given, cls):
    metrics.forget_names()
    metric = metrics.resolve(given, (None, 3), 3)
    assert type(metric).__name__ == cls
    assert metric.name == (given if isinstance(given, str) else given.__name__.lower())


@pytest.mark.parametrize(
    ("y_shape", "outputs", "form"),
    [
        ((None,), 1, "Binary"),
        ((None, 1), 1, "Binary"),
        ((None,), 10, "SparseCategorical"),
        ((None, 1), 10, "SparseCategorical"),
        ((None, 10), 10, "Categorical"),
        ((None, 2), 2, "Categorical"),
    ],
)
def test_accuracy_and_crossentropy_go_by_shapes(y_shape, outputs, form):
    class Logits:
        from_logits = True

    for word in ("accuracy", "acc", "Accuracy"):
        metric = metrics.resolve(word, y_shape, outputs)
        assert (type(metric).__name__, metric.name) == (f"{form}Accuracy", word)
    for word in ("crossentropy", "ce"):
        metric = metrics.resolve(word, y_shape, outputs)
        assert (type(metric).__name__, metric.name, metric.from_logits) == (f"{form}Crossentropy", word, False)
        assert metrics.resolve(word, y_shape, outputs, Logits()).lower()[0].endswith("crossentropy_logits")


def test_losses_become_metrics(rng):
    y, p = rng.normal(size=(2, 6, 3))
    squared = metrics.resolve(losses.mean_squared_error, (None, 3), 3)
    assert (type(squared), squared.name) == (metrics.MeanSquaredError, "mean_squared_error")
    angle = metrics.resolve(losses.cosine_similarity, (None, 3), 3)  # as a loss it is the negative
    assert angle(y, p) == pytest.approx(-metrics.CosineSimilarity()(y, p))
    named = metrics.resolve("huber", (None, 3), 3)
    assert (named.name, named(y, p)) == ("huber", pytest.approx(losses.Huber()(y, p)))
    whole = metrics.resolve(losses.MeanAbsoluteError(), (None, 3), 3)
    assert (whole.name, whole.lower()) == ("mean_absolute_error", None)
    assert whole(y, p) == pytest.approx(np.abs(y - p).mean())


def test_functions_become_means():
    def off_by(y_true, y_pred):
        return np.abs(y_true - y_pred).mean(axis=-1)

    metric = metrics.resolve(off_by, (None, 1), 1)
    assert (metric.name, metric.lower()) == ("off_by", None)
    assert metric(np.ones((2, 1)), np.zeros((2, 1)), np.array([1.0, 3.0])) == 1.0
    scaled = metrics.MeanMetricWrapper(lambda y_true, y_pred, by: by * y_true, name="scaled", by=3)
    assert scaled(np.array([1.0, 2.0]), None) == 4.5


def test_unknown_ones_are_told():
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match="got None"):
        metrics.resolve(None, (None,), 1)
    with pytest.raises(TypeError, match="a name, an object or a function"):
        metrics.get(3)


def test_result_names_are_told_apart():
    made = [metrics.get(n) for n in ("mse", "mae", "mse")]
    assert metrics.result_names(made, made) == [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_squared_error_1",
        "weighted_mean_squared_error",
        "weighted_mean_absolute_error",
        "weighted_mean_squared_error_1",
    ]


# ---- shapes


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "Poisson", "BinaryCrossentropy", "BinaryAccuracy", "AUC", "R2Score"]
)
def test_a_flat_target_stands_beside_one_column_and_is_never_broadcast(name, rng):
    y, p = rng.integers(0, 2, 6).astype(np.float32), rng.random((6, 1), dtype=np.float32)
    assert getattr(metrics, name)()(y, p) == getattr(metrics, name)()(y[:, None], p)
    with pytest.raises(ValueError, match="expected y_true of the shape of y_pred"):
        getattr(metrics, name)()(y, np.hstack([p, p]))
    with pytest.raises(ValueError, match="expected y_true of the shape of y_pred"):
        getattr(metrics, name)()(np.ones((1, 6)), np.ones((6, 1)))


def test_labels_must_be_labels():
    metric = metrics.SparseCategoricalAccuracy()
    assert metric([1.0, 0.0], [[0.2, 0.8], [0.3, 0.7]]) == 0.5
    with pytest.raises(ValueError, match="whole numbers"):
        metric([0.5, 1.0], np.ones((2, 2)))
    with pytest.raises(ValueError, match="one label for each row"):
        metric(np.eye(2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="labels from 0 to 1"):
        metrics.SparseCategoricalCrossentropy()([0, 2], np.ones((2, 2)))
    with pytest.raises(ValueError, match="one-hot rows"):
        metrics.CategoricalAccuracy()([0, 1], np.ones((2, 2)))


def test_wrong_weights_and_settings_are_told():
    p = np.ones((4, 2))
    for weights in (np.ones(3), np.ones((4, 3)), np.ones((4, 2, 2))):
        with pytest.raises(ValueError, match="sample_weight of shape"):
            metrics.MeanSquaredError()(p, p, weights)
    for make in (
        lambda: metrics.Precision(thresholds=1.5),
        lambda: metrics.AUC(num_thresholds=1),
        lambda: metrics.AUC(curve="RCO"),
        lambda: metrics.AUC(summation_method="middle"),
        lambda: metrics.AUC(num_labels=3),
        lambda: metrics.F1Score(average="mean"),
        lambda: metrics.FBetaScore(beta=0.0),
        lambda: metrics.R2Score("mean"),
        lambda: metrics.PrecisionAtRecall(1.5),
        lambda: metrics.CosineSimilarity(axis=0),
        lambda: metrics.IoU(2, [2]),
        lambda: metrics.TopKCategoricalAccuracy(k=0),
    ):
        with pytest.raises(ValueError, match="expected"):
            make()
    with pytest.raises(ValueError, match="class_id of at most 1"):
        metrics.Recall(class_id=2)(p, p)
    with pytest.raises(ValueError, match="2 labels"):
        metrics.AUC(label_weights=[1.0, 2.0, 3.0])(p, p)


def test_the_number_of_columns_stays():
    score = metrics.F1Score()
    with pytest.raises(RuntimeError, match="a batch before the result"):
        score.result()
    score.update_state(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match="as many columns as before"):
        score.update_state(np.eye(2), np.eye(2))


# ---- state


@pytest.mark.parametrize("name", [n for n in CLASSES if n not in ("Mean", "Sum", "MeanMetricWrapper")])
def test_merged_parts_are_the_whole_and_reset_forgets(name, rng):
    options = NEEDED.get(name, {})
    sparse = name.startswith("Sparse")
    p = rng.integers(1, 9, (12, 4)).astype(np.float64) / 8
    y = rng.integers(0, 4, 12) if sparse else np.eye(4)[rng.integers(0, 4, 12)]
    if "IoU" in name:
        p, y = (np.eye(2)[rng.integers(0, 2, 12)] for _ in "py") if "OneHot" in name else rng.integers(0, 2, (2, 12))
    whole, first, second = (getattr(metrics, name)(**options) for _ in range(3))
    whole.update_state(y, p)
    first.update_state(y[:5], p[:5])
    second.update_state(y[5:], p[5:])
    merged = getattr(metrics, name)(**options)
    merged.merge_state([first, second])
    np.testing.assert_allclose(merged.state, whole.state, rtol=1e-12)
    np.testing.assert_allclose(merged.result(), whole.result(), rtol=1e-12)
    assert whole.state.any()
    held = whole.state
    whole.reset_state()
    assert not held.any()
    assert whole.state is held, "networks hold a pointer to it"


def test_lowered_metrics_add_the_same_in_c(rng):
    y, p = rng.integers(0, 2, (9, 3)).astype(np.float32), rng.random((9, 3), dtype=np.float32)
    for metric in (metrics.AUC(), metrics.F1Score(), metrics.BinaryAccuracy(), metrics.R2Score(), metrics.Hinge()):
        metric.update_state(y, p)
        name, params, thresholds = metric.lower()
        state = np.zeros_like(metric.state)
        _core.metric_update(name, params, thresholds, state, y, p)
        assert state.tobytes() == metric.state.tobytes()
    assert metrics.SparseCategoricalAccuracy().sparse
    assert not metrics.CategoricalAccuracy().sparse
    for metric in (metrics.Mean(), metrics.MeanIoU(2), metrics.AUC(from_logits=True)):
        assert metric.lower() is None


def test_metrics_of_ones_own():

    class Largest(metrics.Metric):
        def __init__(self, name="largest", **kwargs):
            super().__init__(name=name, **kwargs)
            self.found = self.add_weight(name="found", initializer="zeros")
            self.mean = metrics.Mean()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.found.assign(np.maximum(self.found.numpy(), np.max(y_pred)))
            self.mean.update_state(y_pred)

        def result(self):
            return {"largest": float(self.found.numpy()), "mean": self.mean.result()}

    metric = metrics.resolve(Largest(), (None,), 1)
    assert metric(None, [1.0, 3.0]) == {"largest": 3.0, "mean": 2.0}
    assert metric(None, [2.0]) == {"largest": 3.0, "mean": 2.0}
    metric.reset_state()
    assert metric.result() == {"largest": 0.0, "mean": 0.0}
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state()


@pytest.mark.parametrize("kind", ["one-hot", "labels"])
def test_functions_give_what_the_classes_have_the_mean_of(kind, rng):
    names = {
        "one-hot": ["binary_accuracy", "categorical_accuracy", "pearson_correlation", "concordance_correlation",
                    "top_k_categorical_accuracy"],
        "labels": ["sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"],
    }[kind]  # fmt: skip
    y, p, _ = next(batches(kind, rng))
    for name in names:
        values = getattr(metrics, name)(y, p)
        assert len(values) == len(p)
        np.testing.assert_allclose(values.mean(), metrics.get(name)(y, p), rtol=1e-5)


def test_sorted_class_numbers():
    metric = metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert metric([2, 1, 0], [[1, 0, 2], [1, 2, 0], [2, 0, 1]]) == 2 / 3
    assert metrics.sparse_top_k_categorical_accuracy([2, 1], [[1, 0, 2], [1, 2, 0]], 1, True).tolist() == [0, 1]
