"""Models from scikit-learn and to it: the same predictions, and training that goes on where the other left off."""

from __future__ import annotations

import copy
import pickle
import warnings

import fastmlp
import numpy as np
import pytest
from fastmlp import layers
from fastmlp.models import Model, Sequential
from fastmlp.optimizers import SGD, Adam
from fastmlp.regularizers import L2
from hypothesis import given, settings
from hypothesis import strategies as st

networks = pytest.importorskip(
    "sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[sklearn]'"
)
base = pytest.importorskip("sklearn.base")
MLPClassifier, MLPRegressor = networks.MLPClassifier, networks.MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(9)
X = RNG.normal(size=(60, 5))
TARGETS = {
    "binary": np.where(X[:, 0] > 0.3, "yes", "no"),
    "multiclass": np.array(["b", "c", "a"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)],
    "multilabel": (X[:, :3] + X[:, 1:4] > 0).astype(int),
    "regression": X[:, 0] * 2 + 1,
    "several": X[:, :3] @ RNG.normal(size=(3, 4)),
    "poisson": np.exp(X[:, 0]).round(),
}
CLASSIFY = ("binary", "multiclass", "multilabel")


def trained(task, epochs=4, dtype="float64", **given):
    kind = MLPClassifier if task in CLASSIFY else MLPRegressor
    loss = {"loss": "poisson"} if task == "poisson" else {}
    estimator = kind(**{"hidden_layer_sizes": (7, 6), "random_state": 1, "max_iter": epochs, **loss, **given})
    return estimator.fit(X.astype(dtype), TARGETS[task])


def wanted(estimator, x=X):
    """What the model is to predict, as columns."""
    if not hasattr(estimator, "classes_"):
        return estimator.predict(x).reshape(len(x), -1)
    found = estimator.predict_proba(x)
    return found[:, 1:] if estimator.n_outputs_ == 1 else found


def assert_same(model, estimator, x=X, tolerance=1e-6):
    want = wanted(estimator, x)
    assert want.std(0).min() > 1e-4, "the outputs vary"
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=tolerance, atol=tolerance)


# ---- from scikit-learn


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", TARGETS)
def test_predictions_are_the_estimators_and_back(task, activation, dtype):
    estimator = trained(task, activation=activation, dtype=dtype)
    before = copy.deepcopy(estimator)
    model = fastmlp.from_sklearn(estimator)
    assert model.layers[0].dtype == dtype
    x = X.astype(dtype)
    assert_same(model, estimator, x)
    assert not model.why_taped
    back = model.to_sklearn(getattr(estimator, "classes_", None))
    assert_same(model, back, x)
    np.testing.assert_array_equal(back.predict(x), estimator.predict(x))
    assert back.score(x, TARGETS[task]) == pytest.approx(estimator.score(x, TARGETS[task]))
    theirs = estimator.get_params()
    differing = {key: value for key, value in back.get_params().items() if value != theirs[key]}
    for name in {"alpha", "epsilon"} & set(differing):  # by what was multiplied and divided again
        assert differing.pop(name) == pytest.approx(theirs[name], rel=1e-12)
    assert differing == {"max_iter": 200, "random_state": None, "batch_size": 60}
    for mine, its in zip(estimator.coefs_ + estimator.intercepts_, before.coefs_ + before.intercepts_):
        np.testing.assert_array_equal(mine, its)


SOLVERS = [
    {"solver": "adam", "learning_rate_init": 0.01},
    {"solver": "adam", "epsilon": 1e-2, "beta_1": 0.8, "beta_2": 0.99},
    {"solver": "sgd", "learning_rate_init": 0.02},
    {"solver": "sgd", "learning_rate_init": 0.02, "nesterovs_momentum": False, "momentum": 0.5},
    {"solver": "sgd", "learning_rate_init": 0.02, "momentum": 0},
]


@pytest.mark.parametrize("given", SOLVERS, ids=str)
@pytest.mark.parametrize("task", TARGETS)
def test_training_goes_on_there_and_here_with_the_same_steps(task, given):
    estimator = trained(task, activation="tanh", alpha=0.5, batch_size=20, shuffle=False, **given)
    y = TARGETS[task]
    labels = np.searchsorted(estimator.classes_, y) if task in ("binary", "multiclass") else y
    model = fastmlp.from_sklearn(estimator)
    for _ in range(6):
        estimator.partial_fit(X, y)
    start = model.get_weights()[0]
    model.fit(X, labels, batch_size=20, epochs=3, shuffle=False, verbose=0)
    back = model.to_sklearn(getattr(estimator, "classes_", None)).set_params(shuffle=False)
    for _ in range(3):
        back.partial_fit(X, y)
    assert np.abs(estimator.coefs_[0] - start).max() > 1e-3, "it has moved"
    rtol = 1e-4 if task == "poisson" else 1e-6  # where ours has log(p + 1e-7)
    for mine, its in zip(back.coefs_ + back.intercepts_, estimator.coefs_ + estimator.intercepts_, strict=True):
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=rtol)
    if task not in ("several", "poisson"):
        assert back.loss_ == pytest.approx(estimator.loss_, rel=1e-5)


def test_batches_that_are_found_out_themselves_count_for_the_penalty():
    model = fastmlp.from_sklearn(trained("binary", alpha=0.5))
    penalty = model.layers[0].kernel_regularizer
    assert (penalty.rows, penalty.l2) == (60, 0.5 / 120)
    assert fastmlp.from_sklearn(trained("binary", alpha=0)).layers[0].kernel_regularizer is None
    estimator = MLPClassifier((3,), alpha=0.5)
    for _ in range(3):
        estimator.partial_fit(X[:40], TARGETS["binary"][:40], classes=["no", "yes"])
    assert fastmlp.from_sklearn(estimator).layers[0].kernel_regularizer.rows == 40


@pytest.mark.parametrize(
    "given", [{"solver": "lbfgs"}, *({"solver": "sgd", "learning_rate": r} for r in ("invscaling", "adaptive"))]
)
def test_solvers_without_an_equal_leave_it_uncompiled(given):
    estimator = trained("multiclass", **given)
    model = fastmlp.from_sklearn(estimator)
    assert_same(model, estimator)
    assert not model.compiled
    assert model.layers[0].kernel_regularizer is None
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, np.searchsorted(estimator.classes_, TARGETS["multiclass"]), verbose=0)


def test_an_estimator_whose_solver_was_changed_since_begins_anew():
    estimator = trained("binary", solver="adam").set_params(solver="sgd")
    model = fastmlp.from_sklearn(estimator)
    assert isinstance(model.optimizer, SGD)
    assert model.optimizer.iterations == 0


def test_what_is_no_fitted_network():
    with pytest.raises(RuntimeError, match="from_sklearn: expected a fitted MLPRegressor, got one before fit"):
        fastmlp.from_sklearn(MLPRegressor())
    from sklearn.pipeline import make_pipeline

    with pytest.raises(TypeError, match="got Pipeline; of a pipeline give the last step"):
        fastmlp.from_sklearn(make_pipeline(MLPRegressor()))


# ---- to scikit-learn


def chain(*made, width=5, dtype="float32", seed=3):
    model = Sequential([layers.Input((width,)), *made])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@st.composite
def architectures(draw):
    hidden = draw(st.sampled_from(["relu", "tanh", "sigmoid", "linear", None]))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    made = []
    for _ in range(draw(st.integers(0, 3))):
        bias = draw(st.booleans())
        if draw(st.booleans()):
            made.append(layers.Dense(draw(st.integers(1, 9)), hidden, bias, dtype=dtype))
        else:
            made += [
                layers.Dense(draw(st.integers(1, 9)), None, bias, dtype=dtype),
                layers.Activation(hidden or "linear"),
            ]
        made += draw(st.sampled_from([[], [layers.Dropout(0.5)], [layers.GaussianNoise(0.1), layers.Identity()]]))
    out = draw(st.sampled_from(["linear", "sigmoid", "softmax", "exponential"]))
    made.append(layers.Dense(draw(st.integers(2 if out == "softmax" else 1, 5)), out, dtype=dtype))
    return chain(*made, width=draw(st.integers(1, 6)), seed=draw(st.integers(0, 99))), out


@settings(max_examples=120, deadline=None)
@given(architectures(), st.randoms())
def test_any_architecture_predicts_the_same(drawn, random):
    model, out = drawn
    x = np.random.default_rng(1).normal(size=(25, model.input_shape[1])).astype(model.layers[0].dtype) / 2
    got, units = model.predict(x, verbose=0), model.output_shape[1]
    if out in ("linear", "exponential"):
        estimator = model.to_sklearn()
        np.testing.assert_allclose(estimator.predict(x).reshape(got.shape), got, rtol=1e-4, atol=1e-6)
        return
    count = 2 if units == 1 else units
    labels = list(range(count))
    if out == "softmax" or units == 1:
        labels = [f"class {i}" for i in labels]
        random.shuffle(labels)
    estimator = model.to_sklearn(classes=labels)
    p = np.hstack([1 - got, got]) if units == 1 else got
    order = np.argsort(labels)
    np.testing.assert_allclose(estimator.predict_proba(x), p[:, order], rtol=1e-4, atol=2e-6)
    if out == "sigmoid" and units > 1:
        sure = np.abs(p - 0.5).min(1) > 1e-5
        np.testing.assert_array_equal(estimator.predict(x)[sure], (p > 0.5)[sure])
    else:
        sure = np.diff(np.sort(p, 1)[:, -2:], axis=1)[:, 0] > 1e-5
        np.testing.assert_array_equal(estimator.predict(x)[sure], np.asarray(labels)[p.argmax(1)][sure])


@pytest.mark.parametrize("task", TARGETS)
def test_the_estimator_is_one_of_scikit_learn(task):
    y = TARGETS[task]
    units = {"binary": 1, "multiclass": 3, "multilabel": 3, "several": 4}.get(task, 1)
    out = {"multiclass": "softmax", "regression": None, "several": None, "poisson": "exponential"}.get(task, "sigmoid")
    classes = np.unique(y) if task in ("binary", "multiclass") else None
    model = chain(layers.Dense(4, "tanh"), layers.Dense(units, out))
    estimator = model.to_sklearn(classes)
    fitted = trained(task, hidden_layer_sizes=(4,), activation="tanh")
    private = {"_optimizer", "_random_state"}  # made by its training
    assert set(vars(fitted)) - set(vars(estimator)) <= private
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(estimator, name) == getattr(fitted, name)
    assert [c.shape for c in estimator.coefs_ + estimator.intercepts_] == [
        c.shape for c in fitted.coefs_ + fitted.intercepts_]  # fmt: skip
    if task in CLASSIFY:
        np.testing.assert_array_equal(estimator.classes_, fitted.classes_)
        assert vars(estimator._label_binarizer).keys() == vars(fitted._label_binarizer).keys()
        assert estimator._label_binarizer.y_type_ == fitted._label_binarizer.y_type_
        np.testing.assert_allclose(np.exp(estimator.predict_log_proba(X)), estimator.predict_proba(X), rtol=1e-6)
    assert_same(pickle.loads(pickle.dumps(model)), pickle.loads(pickle.dumps(estimator)), X.astype("float32"), 1e-5)
    twin = base.clone(estimator)
    assert twin.get_params() == estimator.get_params()
    assert not hasattr(twin, "coefs_")
    twin.set_params(max_iter=2).fit(X, y)

    score = estimator.set_params(learning_rate_init=0.05, random_state=0).score(X, y)
    for _ in range(60):
        estimator.partial_fit(X, y)
    assert estimator.score(X, y) > score
    before = estimator.coefs_[0].copy()
    estimator.set_params(warm_start=True, max_iter=1, learning_rate_init=1e-6).fit(X, y)
    assert 0 < np.abs(estimator.coefs_[0] - before).max() < 1e-3, "a warm start goes on from these"


def test_two_classes_of_a_softmax_are_one_sigmoid():
    model = chain(layers.Dense(4, "relu"), layers.Dense(2, "softmax"), dtype="float64")
    model.compile("adam", "sparse_categorical_crossentropy")
    estimator = model.to_sklearn(["late", "early"])
    assert estimator.classes_.tolist() == ["early", "late"]
    assert estimator.coefs_[-1].shape == (4, 1)
    w, b = model.get_weights()[2:]
    np.testing.assert_array_equal(estimator.coefs_[-1], w[:, :1] - w[:, 1:])
    np.testing.assert_array_equal(estimator.intercepts_[-1], b[:1] - b[1:])
    x = X.astype("float32")
    np.testing.assert_allclose(estimator.predict_proba(x)[:, ::-1], model.predict(x, verbose=0), atol=1e-6)


def test_what_it_was_compiled_with_comes_along_where_it_has_an_equal():
    def made(loss="binary_crossentropy", optimizer="adam", penalty=None, **given):
        model = chain(layers.Dense(4, "relu", kernel_regularizer=penalty),
                      layers.Dense(1, "sigmoid", kernel_regularizer=penalty))  # fmt: skip
        model.compile(optimizer, loss, **given)
        return model.to_sklearn().get_params()

    usual = MLPClassifier().get_params()
    found = made(optimizer=Adam(0.02, 0.8, 0.9, 1e-5), penalty=L2(0.3, compat="sklearn", rows=16))
    assert (found["learning_rate_init"], found["beta_1"], found["beta_2"], found["epsilon"]) == (0.02, 0.8, 0.9, 1e-5)
    assert (found["alpha"], found["batch_size"]) == (0.3, 16)
    found = made(optimizer=SGD(0.05, 0.7, nesterov=True))
    assert (found["solver"], found["momentum"], found["nesterovs_momentum"]) == ("sgd", 0.7, True)
    assert found["alpha"] == 0
    for other in (
        {"optimizer": "rmsprop"},
        {"optimizer": Adam(0.5, clipnorm=1.0)},
        {"optimizer": Adam(0.5, compat="torch")},
        {"optimizer": Adam(0.5, epsilon_mode="paper")},
        {"optimizer": SGD(0.5, 0.9, compat="torch")},
        {"optimizer": Adam(fastmlp.schedules.ExponentialDecay(0.5, 10, 0.9))},
        {"optimizer": Adam(0.5), "loss": "mse"},
        {"optimizer": Adam(0.5), "loss": fastmlp.losses.BinaryCrossentropy(label_smoothing=0.1)},
        {"optimizer": Adam(0.5), "loss_weights": [0.5]},
        {"optimizer": fastmlp.optimizers.AdamW(0.5)},
    ):
        assert made(**other, penalty="l2") == {**usual, "hidden_layer_sizes": (4,), "alpha": 0.0}


def test_copies_and_models_without_hidden_layers():
    model = chain(layers.Dense(1, dtype="float64"))
    estimator = model.to_sklearn()
    assert estimator.hidden_layer_sizes == ()
    assert_same(model, estimator)
    estimator.coefs_[0][:] = 0
    assert np.abs(model.get_weights()[0]).min() > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base.clone(estimator).fit(X, TARGETS["regression"])


@pytest.mark.parametrize(
    ("made", "classes", "message"),
    [
        (lambda: [layers.Dense(2, "gelu", name="g"), layers.Dense(1)], None, "to_sklearn: g: Dense: .* got gelu"),
        (lambda: [layers.Dense(2, "relu"), layers.Dense(2, "tanh", name="t"), layers.Dense(1)], None,
         "t: Dense: .*got tanh after relu in 'dense"),
        (lambda: [layers.Dense(2, "exponential", name="e"), layers.Dense(1)], None, "e: Dense: .*exponential between"),
        (lambda: [layers.Dense(2, "tanh", name="t")], None, "t: Dense: .*tanh at the end; take one of linear, sigmoid"),
        (lambda: [layers.BatchNormalization(name="b"), layers.Dense(2)], None, "b: BatchNormalization: .*batch norm"),
        (lambda: [layers.Rescaling(2.0, name="r"), layers.Dense(2)], None, "r: Rescaling: .*pipeline"),
        (lambda: [layers.Dense(4, "relu"), layers.ReLU(name="r"), layers.Dense(2)], None, "r: ReLU: .*behind another"),
        (lambda: [layers.ReLU(name="r"), layers.Dense(2)], None, "r: ReLU: .*relu behind the input"),
        (lambda: [layers.Maxout(2, name="m")], None, "m: Maxout: .*maxout"),
        (lambda: [layers.Lambda(lambda x: x * x, name="l"), layers.Dense(2)], None, "l: Lambda: .*Python"),
        (lambda: [layers.Dense(2, dtype="mixed_bfloat16", name="b")], None, "b: Dense: .*mixed_bfloat16"),
        (lambda: [layers.Dense(2), layers.Dense(2, dtype="float64")], None, "expected layers of one type"),
        (lambda: [layers.Dropout(0.5)], None, "expected a Dense, got none"),
        (lambda: [layers.Dense(2)], ["a", "b"], "no classes, for a last activation 'linear' makes a regressor"),
        (lambda: [layers.Dense(3, "softmax")], ["a", "b"], "expected 3 different classes, got"),
        (lambda: [layers.Dense(1, "sigmoid")], ["a", "a"], "expected 2 different classes, got"),
        (lambda: [layers.Dense(2, "sigmoid")], ["a", "b"], "several sigmoids make a classifier of several labels"),
    ],
)  # fmt: skip
def test_what_scikit_learn_has_not_is_named_by_its_layer(made, classes, message):
    with pytest.raises(ValueError, match=message):
        chain(*made()).to_sklearn(classes)


@pytest.mark.filterwarnings("ignore:.*softmax of one feature")
def test_models_that_are_no_chain_of_rows_or_not_built():
    x = layers.Input((3,))
    with pytest.raises(ValueError, match="to_sklearn: expected layers one after the other"):
        Model(x, layers.Add()([x, layers.Dense(3)(x)])).to_sklearn()
    with pytest.raises(ValueError, match="InputLayer: .*rows of shape .3, 4."):
        Sequential([layers.Input((3, 4)), layers.Flatten(), layers.Dense(2)]).to_sklearn()
    with pytest.raises(RuntimeError, match="to_sklearn: expected a built model"):
        Sequential([layers.Dense(3)]).to_sklearn()
    with pytest.raises(ValueError, match="a softmax of one number, which is always 1"):
        chain(layers.Dense(1, "softmax")).to_sklearn()
