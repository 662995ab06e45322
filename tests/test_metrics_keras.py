"""Metrics beside Keras's own: results batch by batch, names, defaults."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest
from fastmlp import metrics
from metric_cases import CLASSES, NEEDED, batches

COLUMNS = ("binary", "flat binary", "flat beside column", "column beside flat", "labels of columns", "deep")
EVEN = [0.0, 0.25, 0.5, 0.75, 1.0]
CASES = [
    *[
        ("MeanSquaredError", {}, kind)
        for kind in ("real", "binary", "flat beside column", "column beside flat", "deep")
    ],
    ("RootMeanSquaredError", {}, "real"),
    ("RootMeanSquaredError", {}, "deep"),
    ("RootMeanSquaredError", {}, "flat beside column"),
    ("MeanAbsoluteError", {}, "real"),
    ("MeanAbsolutePercentageError", {}, "real"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("CosineSimilarity", {}, "real"),
    ("CosineSimilarity", {}, "deep"),
    ("LogCoshError", {}, "real"),
    ("PearsonCorrelation", {}, "real"),
    ("ConcordanceCorrelation", {}, "real"),
    ("Hinge", {}, "logits of columns"),
    ("Hinge", {}, "real"),
    ("SquaredHinge", {}, "logits of columns"),
    ("CategoricalHinge", {}, "one-hot logits"),
    ("KLDivergence", {}, "one-hot"),
    ("Poisson", {}, "positive"),
    ("BinaryCrossentropy", {}, "labels of columns"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "logits of columns"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, "one-hot"),
    ("CategoricalCrossentropy", {"from_logits": True}, "one-hot logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {}, "column of labels"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "label logits"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "labels"),
    *[("Accuracy", {}, kind) for kind in ("ids", "binary", "flat beside column", "labels of columns", "deep")],
    *[("BinaryAccuracy", {}, kind) for kind in COLUMNS],
    ("BinaryAccuracy", {"threshold": 0.25}, "labels of columns"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("CategoricalAccuracy", {}, "deep"),
    *[("SparseCategoricalAccuracy", {}, kind) for kind in ("labels", "column of labels", "deep labels")],
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "deep labels"),
    *[(name, {}, kind) for name in ("Precision", "Recall") for kind in COLUMNS if kind != "deep"],
    *[(name, {"thresholds": EVEN}, "labels of columns") for name in ("Precision", "Recall")],
    *[(name, {"thresholds": [0.7, 0.2, 0.5]}, "labels of columns") for name in ("Precision", "Recall")],
    *[(name, {"top_k": 2}, "one-hot logits") for name in ("Precision", "Recall")],
    *[(name, {"top_k": 2, "class_id": 1}, "one-hot logits") for name in ("Precision", "Recall")],
    *[(name, {"class_id": 2, "thresholds": 0.25}, "labels of columns") for name in ("Precision", "Recall")],
    *[
        (name, options, "labels of columns")
        for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        for options in ({}, {"thresholds": EVEN}, {"thresholds": [0.9, 0.1]})
    ],
    ("SensitivityAtSpecificity", {"specificity": 0.6}, "labels of columns"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 5}, "labels of columns"),
    ("PrecisionAtRecall", {"recall": 0.4, "num_thresholds": 1}, "labels of columns"),
    ("RecallAtPrecision", {"precision": 0.55, "class_id": 3}, "labels of columns"),
    *[("AUC", {}, kind) for kind in COLUMNS if kind != "deep"],
    *[
        ("AUC", {"curve": curve, "summation_method": method, "num_thresholds": count}, "labels of columns")
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "majoring", "minoring")
        for count in (9, 200)
    ],
    ("AUC", {"thresholds": [0.2, 0.5, 0.9]}, "labels of columns"),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75]}, "labels of columns"),
    ("AUC", {"from_logits": True}, "logits of columns"),
    ("AUC", {"num_thresholds": 2}, "labels of columns"),
    ("AUC", {"multi_label": True}, "labels of columns"),
    ("AUC", {"multi_label": True, "curve": "PR", "num_labels": 4}, "labels of columns"),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5, 0.0]}, "labels of columns"),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5, 0.0]}, "labels of columns"),
    *[
        (name, {"average": average, "threshold": threshold}, "labels of columns")
        for name in ("F1Score", "FBetaScore")
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.4)
    ],
    ("FBetaScore", {"beta": 2.0}, "one-hot"),
    *[
        ("R2Score", {"class_aggregation": aggregation, "num_regressors": count}, "real")
        for aggregation in (None, "uniform_average", "variance_weighted_average")
        for count in (0, 2)
    ],
    ("R2Score", {}, "flat beside column"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "ids"),
    ("IoU", {"num_classes": 4, "target_class_ids": [1], "sparse_y_pred": False}, "labels"),
    ("IoU", {"num_classes": 4, "target_class_ids": [1, 3], "ignore_class": 1, "dtype": "float32"}, "ids"),
    ("BinaryIoU", {"threshold": 0.25}, "labels of columns"),
    ("MeanIoU", {"num_classes": 3}, "ids"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 1]}, "one-hot"),
    ("OneHotMeanIoU", {"num_classes": 4}, "one-hot"),
]
UNWEIGHTED = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}  # their weights are cut to whole numbers


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "numpy")  # the quickest
    return pytest.importorskip("keras")


@pytest.mark.parametrize(("name", "options", "kind"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_batch_by_batch_as_keras(keras, name, options, kind, weighted, rng):
    theirs, ours = getattr(keras.metrics, name)(**options), getattr(metrics, name)(**options)
    for y, p, w in batches(kind, rng):
        weights = w if weighted and name not in UNWEIGHTED else None
        theirs.update_state(y, p, sample_weight=weights)
        ours.update_state(y, p, sample_weight=weights)
        if name == "R2Score" and len(y) == 1:
            continue  # its sums of squares cancel in float32
        expected = np.asarray(theirs.result())
        np.testing.assert_allclose(ours.result(), expected, rtol=3e-5, atol=3e-6)
    assert np.shape(ours.result()) == expected.shape
    ours.reset_state()
    assert not ours.state.any()


@pytest.mark.parametrize("shape", [(5,), (5, 1), (), (5, 3)])
@pytest.mark.parametrize("name", ["Mean", "Sum", "Accuracy", "RootMeanSquaredError"])
def test_weights_of_every_shape_as_keras(keras, name, shape, rng):
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    for _ in range(2):
        values, w = rng.integers(0, 3, (2, 5, 3)).astype(np.float32), rng.random(shape).astype(np.float32)
        given = (values[0],) if name in ("Mean", "Sum") else values
        theirs.update_state(*given, sample_weight=w)
        ours.update_state(*given, sample_weight=w)
        np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=1e-5)
    if name != "Sum":
        np.testing.assert_allclose(ours.state[1], np.asarray(theirs.count), rtol=1e-5)


@pytest.mark.parametrize("values", [3.0, [1.0, 4.0], [[1.0, 2.0], [3.0, 7.0]], np.arange(24.0).reshape(2, 3, 4)])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_values_of_every_shape_as_keras(keras, name, values):
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    for given in (values, [1.0, 2.0, 6.0]):
        np.testing.assert_allclose(ours(given), np.asarray(theirs(given)), rtol=1e-6)


def test_every_class_of_keras_is_here_with_its_defaults(keras):
    theirs = {n: c for n, c in vars(keras.metrics).items() if inspect.isclass(c)}
    assert set(theirs) <= set(vars(metrics)), "missing classes"
    for name, cls in theirs.items():
        expected, ours = (list(inspect.signature(c).parameters.values()) for c in (cls, getattr(metrics, name)))
        if name == "Metric":
            continue  # its arguments come in another order: see the next test
        assert [p.name for p in ours] == [p.name for p in expected], name
        defaults = {p.name: p.default for p in expected if p.name != "name"}
        assert {p.name: p.default for p in ours if p.name != "name"} == defaults, name
    functions = {name for name, function in vars(keras.metrics).items() if inspect.isfunction(function)}
    assert functions <= set(vars(metrics)), "missing functions"


@pytest.mark.parametrize("name", CLASSES)
def test_ordinary_names_are_those_of_keras(keras, name):
    from keras.src.utils.naming import reset_uids

    reset_uids()
    metrics.forget_names()
    options = NEEDED.get(name, {})
    theirs, ours = getattr(keras.metrics, name)(**options), getattr(metrics, name)(**options)
    assert ours.name == theirs.name
    assert ours._direction == getattr(theirs, "_direction", None)
