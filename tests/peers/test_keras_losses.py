"""Every loss and every metric in training, beside Keras: weights, History, evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from keras_twins import BATCH, Case, assert_close, assert_same_scores, assert_same_training, data, mlp, models

pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
both_types = pytest.mark.parametrize("floatx", ["float32", "float64"], indirect=True)

# name: loss, targets, the last activation
LOSSES = {
    "mse": ("mse", "real", None),
    "mae": ("mae", "real", None),
    "mse-vector": ("mse", "vector", None),
    "mape": ("mape", "positive", "softplus"),
    "msle": ("msle", "positive", "softplus"),
    "log_cosh": ("log_cosh", "real", None),
    "huber": ("huber", "real", None),
    "huber-delta": (lambda k: k.losses.Huber(0.3), "real", None),
    "poisson": ("poisson", "positive", "softplus"),
    "cosine": ("cosine_similarity", "real", None),
    "kld": ("kld", "shares", "softmax"),
    "hinge": ("hinge", "signs", "tanh"),
    "hinge-of-bits": ("hinge", "bits", None),
    "squared_hinge": ("squared_hinge", "signs", None),
    "categorical_hinge": ("categorical_hinge", "onehot", None),
    "bce": ("binary_crossentropy", "binary", "sigmoid"),
    "bce-many": ("binary_crossentropy", "bits", "sigmoid"),
    "bce-logits": (lambda k: k.losses.BinaryCrossentropy(from_logits=True), "bits", None),
    "bce-smooth": (lambda k: k.losses.BinaryCrossentropy(label_smoothing=0.2), "bits", "sigmoid"),
    "bce-of-others": ("binary_crossentropy", "bits", "hard_sigmoid"),
    "focal": (lambda k: k.losses.BinaryFocalCrossentropy(gamma=1.5), "bits", "sigmoid"),
    "focal-balanced": (lambda k: k.losses.BinaryFocalCrossentropy(True, 0.3, from_logits=True), "bits", None),
    "cce": ("categorical_crossentropy", "onehot", "softmax"),
    "cce-logits": (lambda k: k.losses.CategoricalCrossentropy(from_logits=True), "onehot", None),
    "cce-smooth": (lambda k: k.losses.CategoricalCrossentropy(label_smoothing=0.2), "onehot", "softmax"),
    "cce-of-sigmoids": ("categorical_crossentropy", "onehot", "sigmoid"),
    "cce-shares": ("categorical_crossentropy", "shares", "softmax"),
    "scce": ("sparse_categorical_crossentropy", "labels", "softmax"),
    "scce-logits": (lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True), "labels", None),
    "scce-ignore": (lambda k: k.losses.SparseCategoricalCrossentropy(ignore_class=1), "labels", "softmax"),
    "scce-of-sigmoids": ("sparse_categorical_crossentropy", "labels", "sigmoid"),
    "ccfl": (lambda k: k.losses.CategoricalFocalCrossentropy(gamma=1.5), "onehot", "softmax"),
    "ccfl-logits": (lambda k: k.losses.CategoricalFocalCrossentropy(from_logits=True), "onehot", None),
    "sum": (lambda k: k.losses.MeanSquaredError(reduction="sum"), "real", None),
    "mean-weighted": (lambda k: k.losses.MeanSquaredError(reduction="mean_with_sample_weight"), "real", None),
}
OPTIMIZERS = {
    "sgd": lambda k: k.optimizers.SGD(0.02),
    "adam": lambda k: k.optimizers.Adam(0.01),
}
OUTPUTS = {"binary": 1, "vector": 1, "column": 1}


def case_of(name, **options):
    loss, y, last = LOSSES[name]
    return Case(name, mlp("tanh", last, OUTPUTS.get(y, 3)), loss=loss, y=y, metrics=lambda k: [], **options)


@both_types
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_train_as_in_keras(name, optimizer, floatx):
    assert_same_training(case_of(name, optimizer=OPTIMIZERS[optimizer]), floatx)


WEIGHTED = ["mse", "mse-vector", "bce", "cce", "scce", "scce-ignore", "huber", "cosine", "sum", "mean-weighted"]


@both_types
@pytest.mark.parametrize("name", WEIGHTED)
def test_sample_weights_scale_losses_as_in_keras(name, floatx):
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 2, 77).astype(floatx)
    weights[:8] = 0  # a batch that counts for nothing
    held = (*data(LOSSES[name][1], floatx, 21), rng.uniform(0, 2, 21).astype(floatx))
    case = case_of(name, fit={"sample_weight": weights, "validation_data": held})
    case.metrics = case.weighted = lambda k: ["mse" if "scce" not in name else "accuracy"]
    if name == "mean-weighted":
        case.fit["sample_weight"] = weights = np.maximum(weights, 0.1)
    mine, theirs = assert_same_training(case, floatx)
    x, y = data(case.y, floatx)
    assert_same_scores(mine, theirs, x, y, 1e-4, sample_weight=weights, batch_size=BATCH)


@pytest.mark.parametrize(("name", "y"), [("scce", "labels"), ("cce", "onehot"), ("bce", "binary")])
def test_class_weights_do_what_they_do_in_keras(name, y, floatx):
    case = case_of(name, fit={"class_weight": {0: 0.5, 1: 3.0}})
    case.metrics = case.weighted = lambda k: ["accuracy"]
    assert_same_training(case, floatx)


METRICS = {
    "labels": lambda k: [
        "accuracy", "sparse_categorical_crossentropy", k.metrics.SparseTopKCategoricalAccuracy(2, name="top2"),
        k.metrics.SparseCategoricalAccuracy(name="mine"),
    ],
    "onehot": lambda k: [
        "acc", "mse", k.metrics.TopKCategoricalAccuracy(2), k.metrics.F1Score(average="macro"),
        k.metrics.Precision(class_id=1), k.metrics.Recall(top_k=1), k.metrics.AUC(multi_label=True, num_labels=3),
        k.metrics.CategoricalCrossentropy(label_smoothing=0.1), k.metrics.OneHotMeanIoU(num_classes=3),
    ],
    "binary": lambda k: [
        "accuracy", "bce", k.metrics.AUC(), k.metrics.AUC(curve="PR", name="pr"), k.metrics.Precision(),
        k.metrics.Recall(thresholds=0.4), k.metrics.TruePositives(), k.metrics.FalseNegatives(),
        k.metrics.BinaryAccuracy(threshold=0.6, name="strict"), k.metrics.F1Score(threshold=0.5),
        k.metrics.SpecificityAtSensitivity(0.5), k.metrics.BinaryIoU([0, 1]),
    ],
    "real": lambda k: [
        "mse", "mae", "mape", "cosine_similarity", k.metrics.LogCoshError(), k.metrics.RootMeanSquaredError(),
        k.metrics.R2Score(), k.metrics.MeanSquaredError(name="second"),
    ],
}  # fmt: skip
USUAL = {"labels": "scce", "onehot": "cce", "binary": "bce", "real": "mse"}


@pytest.mark.parametrize("y", METRICS)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_in_history_are_those_of_keras(y, weighted, floatx):
    weights = np.random.default_rng(1).uniform(0, 2, 77).astype(floatx)
    case = case_of(USUAL[y], fit={"sample_weight": weights} if weighted else {})
    if weighted:
        case.weighted = METRICS[y]
    else:
        case.metrics = METRICS[y]
    assert_same_training(case, floatx)


@pytest.mark.parametrize("y", ["labels", "binary", "real"])
def test_single_batches_report_as_keras_does(y, floatx):
    case = case_of(USUAL[y])
    case.metrics = METRICS[y]
    mine, theirs = models(case)
    x, t = data(y, floatx)
    for rows in (slice(0, 8), slice(8, 20), slice(20, 21)):
        assert_close(mine.train_on_batch(x[rows], t[rows]), theirs.train_on_batch(x[rows], t[rows]), 1e-5, "train")
    for model in (mine, theirs):
        model.reset_metrics()
    for rows in (slice(0, 8), slice(8, 30)):
        assert_close(mine.test_on_batch(x[rows], t[rows]), theirs.test_on_batch(x[rows], t[rows]), 1e-5, "test")
    ours, other = (m.train_on_batch(x[:4], t[:4], return_dict=True) for m in (mine, theirs))
    assert sorted(ours) == sorted(other)
    for key in other:
        assert_close(ours[key], other[key], 1e-5, key)
    assert_close(mine.predict_on_batch(x[:5]), theirs.predict_on_batch(x[:5]), 1e-5, "predict")
