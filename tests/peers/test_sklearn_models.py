"""Models as estimators of scikit-learn: its own checks, labels and targets of all kinds, errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the estimators are scikit-learn's: pip install 'fastmlp[sklearn]'")

from fastmlp import Model, Sequential, losses  # noqa: E402
from fastmlp.callbacks import EarlyStopping  # noqa: E402
from fastmlp.layers import Dense, Flatten, Input  # noqa: E402
from fastmlp.sklearn import ModelClassifier, ModelRegressor  # noqa: E402
from model_estimators import IRIS, TWO, build, build_exactly, ending, quick  # noqa: E402
from sklearn.datasets import make_multilabel_classification  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import TunedThresholdClassifierCV  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402


@pytest.fixture
def iris():
    return IRIS


@pytest.fixture
def two():
    return TWO


@pytest.mark.filterwarnings("ignore:fit. the features range")
@parametrize_with_checks([ModelClassifier(build_exactly, epochs=200, batch_size=500),
                          ModelRegressor(build_exactly, epochs=200, batch_size=500)])  # fmt: skip
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


# ---- labels


@pytest.mark.parametrize("names", [np.array(["rose", "iris", "lily"]), np.array([7, -1, 3]),
                                   np.array(["a", "b", "c"], dtype=object)], ids=["str", "int", "object"])  # fmt: skip
@pytest.mark.parametrize("loss", [None, "categorical_crossentropy", "sparse_categorical_crossentropy", "mse"])
def test_many_classes_by_any_name(iris, names, loss):
    X, y = iris[0], names[iris[1]]
    found = quick(loss=loss, epochs=60).fit(X, y)
    assert found.score(X, y) > 0.9
    assert found.classes_.tolist() == sorted(names.tolist())
    assert found.target_type_ == "multiclass"
    shares = found.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert (found.classes_[shares.argmax(axis=1)] == found.predict(X)).all()


@pytest.mark.parametrize(
    "last", [Dense(1, "sigmoid"), Dense(2, "softmax"), Dense(1), Dense(2)], ids=["sigmoid", "softmax", "logit", "two"]
)
def test_two_classes_by_one_output_or_two_and_by_logits(two, last):
    X, y = two[0], np.where(two[1], "yes", "no")
    found = quick(lambda: Sequential([Dense(16, "relu"), Dense.from_config(last.get_config())])).fit(X, y)
    assert found.score(X, y) > 0.9
    shares = found.predict_proba(X)
    assert shares.shape == (len(X), 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert 0 <= shares.min() < 0.1 < 0.9 < shares.max() <= 1
    assert found.model_._compiled.loss.from_logits == (last.activation.__name__ == "linear")


def test_given_logits_become_probabilities(iris):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    found = quick(ending(Dense(3)), loss=loss).fit(*iris)
    logits = found.model_.predict(iris[0], verbose=0).astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.predict_proba(iris[0]), shares, rtol=1e-4, atol=1e-6)


def test_several_labels_a_row_and_one_of_several(iris):
    X, y = make_multilabel_classification(n_samples=200, n_classes=4, random_state=0)
    found = quick(epochs=60).fit(X / 10, y)
    assert found.target_type_ == "multilabel-indicator"
    assert (found.predict(X / 10) == y).mean() > 0.8
    assert found.predict_proba(X / 10).shape == y.shape
    one_hot = np.eye(3, dtype=int)[iris[1]]
    found = quick(ending(Dense(3, "softmax"))).fit(iris[0], one_hot)
    guess = found.predict(iris[0])
    assert (guess.sum(axis=1) == 1).all()
    assert guess.dtype == one_hot.dtype
    assert found.score(iris[0], one_hot) > 0.9
    with pytest.raises(ValueError, match=r"expected y with a single 1 in each row for 'softmax', got \d in row \d"):
        quick(ending(Dense(4, "softmax"))).fit(X / 10, y)


def test_a_threshold_of_one_s_own(two):
    found = TunedThresholdClassifierCV(quick(epochs=5), scoring="balanced_accuracy", cv=3).fit(*two)
    assert found.score(*two) > 0.8


# ---- targets of regressors


def test_targets_of_one_axis_and_of_two(iris):
    X = iris[0][:, :3]
    slope = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
    for y in (X @ slope[:, 0], X @ slope, X @ slope[:, :1]):
        found = ModelRegressor(build, epochs=100, optimizer="sgd", optimizer__learning_rate=0.1, random_state=0)
        assert found.fit(X, y).score(X, y) > 0.95
        assert found.predict(X).shape == y.shape
        assert found.model_._compiled.loss.name == "mean_squared_error"


def test_rows_that_are_pictures():
    X = np.random.default_rng(0).normal(size=(60, 4, 4)).astype("float32")
    y = X[:, 0, 0]
    found = ModelRegressor(lambda meta: Sequential([Input(meta["X_shape_"][1:]), Flatten(), Dense(1)]), epochs=40,
                           optimizer__learning_rate=0.05, random_state=0)  # fmt: skip
    assert found.fit(X, y).score(X, y) > 0.95


# ---- errors say what to change


@pytest.mark.parametrize(
    ("layer", "settings", "message"),
    [
        (Dense(2, "softmax"), {}, "expected a model with 3 outputs for 3 classes, got 2; .*'n_classes_'"),
        (Dense(3, "sigmoid"), {}, "expected 'softmax' for one of 3 classes behind 3 outputs, got 'sigmoid'"),
        (Dense(3, "tanh"), {}, "loss: expected one to be given where .* got 'tanh'"),
        (Dense(3, "tanh"), {"loss": "mse"}, "expected outputs that are probabilities, got 'tanh'"),
        (Dense(3), {"loss": "sparse_categorical_crossentropy"}, "probabilities, got 'linear'; end .* 'softmax'"),
        (Dense(3, "softmax"), {"loss": "binary_crossentropy"}, "goes with 'softmax' .*'sparse_categorical_cross"),
        (Dense(3), {"loss": "hinge"}, "expected outputs that are probabilities, got the loss 'hinge'"),
        (Dense(3, "softmax"), {"loss__from_logit": True}, "loss__from_logit: .*did you mean 'from_logits'"),
        (Dense(3, "softmax"), {"optimizer__lr": 0.1}, "optimizer__lr: expected one of .*'learning_rate'"),
        (Dense(3, "softmax"), {"model__hidden": 4}, "model__hidden: expected one of"),
        (Dense(3, "softmax"), {"fit__epoch": 4}, "fit__epoch: expected one of .*did you mean 'epochs'"),
        (Dense(3, "softmax"), {"compile__los": 4}, "compile__los: expected one of .*did you mean 'loss"),
        (Dense(3, "softmax"), {"callbacks__patience": 4}, "callbacks__patience: expected a callback that takes it"),
        (Dense(3, "softmax"), {"callbacks": EarlyStopping("loss"), "callbacks__patience": 4},
         "callbacks__patience: expected a class to be made with it.*callbacks=EarlyStopping"),
        (Dense(3, "softmax"), {"callbacks": EarlyStopping, "callbacks__wait": 4}, "callbacks__wait: expected one of"),
    ],
)  # fmt: skip
def test_errors_of_classifiers(iris, layer, settings, message):
    settings = {"optimizer__learning_rate": 0.1, **settings}
    with pytest.raises(ValueError, match=message):
        ModelClassifier(lambda: Sequential([Dense.from_config(layer.get_config())]), **settings).fit(*iris)


def test_errors_of_models(iris):
    X, y = iris
    for model, error, message in [
        (None, TypeError, "model: expected a function that builds and returns a model, or a model, got None"),
        (lambda: None, TypeError, "got None from it; end it with return model"),
        (lambda: Sequential([Flatten()]), ValueError, "expected a model with 3 outputs for 3 classes, got 4"),
        (_two_outputs, ValueError, "expected a model with one input and one output"),
    ]:
        with pytest.raises(error, match=message):
            ModelClassifier(model).fit(X, y)
    with pytest.raises(TypeError, match=r"its argument 'hidden' is to be, got nothing; write model__hidden"):
        ModelClassifier(lambda hidden: None).fit(X, y)
    with pytest.raises(ValueError, match="model__hidden: expected a function as model, which takes it, got a model"):
        ModelClassifier(Sequential([Dense(3, "softmax")]), model__hidden=4).fit(X, y)
    with pytest.raises(TypeError, match=r"ModelClassifier: expected one of .* got 'hidden'; .* is model__hidden"):
        ModelClassifier(build, hidden=4)
    with pytest.raises(ValueError, match="Invalid parameter 'hidden'"):
        ModelClassifier(build).set_params(hidden=4)
    with pytest.raises(ValueError, match="expected labels, or a column of 0 and 1 for each label, got multiclass-mult"):
        ModelClassifier(build).fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="as many outputs as y has columns, 2, got 1"):
        ModelRegressor(lambda: Sequential([Dense(1)])).fit(X, X[:, :2])
    with pytest.raises(ValueError, match=r"loss: expected one of numbers, got 'sparse_categorical_crossentropy'"):
        ModelRegressor(build, loss="sparse_categorical_crossentropy").fit(X, y)
    with pytest.raises(TypeError, match="Sparse data was passed"):
        ModelClassifier(build).fit(pytest.importorskip("scipy.sparse").csr_array(X), y)
    with pytest.raises(NotFittedError):
        ModelClassifier(build).predict(X)


def _two_outputs():
    x = Input((4,))
    return Model(x, [Dense(3, "softmax")(x), Dense(1)(x)])
