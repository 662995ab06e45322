"""Models for any target, estimators of them and small data, for the tests of models as estimators."""

from __future__ import annotations

from fastmlp import Sequential, losses, optimizers
from fastmlp.layers import Dense, Input
from fastmlp.sklearn import ModelClassifier
from sklearn.datasets import load_iris, make_classification
from sklearn.preprocessing import StandardScaler

IRIS = StandardScaler().fit_transform(load_iris().data), load_iris().target
TWO = make_classification(n_samples=200, n_features=5, random_state=1)


def build(meta, hidden=16):
    """A model for any target."""
    kind = meta["target_type_"]
    last = {"binary": "sigmoid", "multilabel-indicator": "sigmoid", "multiclass": "softmax"}.get(kind)
    units = meta["n_classes_"] if kind == "multiclass" else meta["n_outputs_"]
    return Sequential([Input((meta["n_features_in_"],)), Dense(hidden, "relu"), Dense(units, last)])


def build_exactly(meta):
    """The same whose training does not know a row given twice from one of weight 2: in float64, by means of weights."""
    model, even = build(meta), "mean_with_sample_weight"
    double = [Input(model.input_shape[1:], dtype="float64")]
    double += [Dense(one.units, one.activation, dtype="float64") for one in model.layers]
    loss = {"softmax": losses.SparseCategoricalCrossentropy, "sigmoid": losses.BinaryCrossentropy}
    sort = loss.get(getattr(model.layers[-1].activation, "__name__", ""), losses.MeanSquaredError)
    model = Sequential(double)
    model.compile(optimizers.Adam(0.05), sort(reduction=even))
    return model


def quick(model=build, **settings):
    return ModelClassifier(model, **{"epochs": 30, "optimizer__learning_rate": 0.02, "random_state": 0, **settings})


def ending(*layers):
    return lambda: Sequential([Dense(16, "relu"), *layers])
