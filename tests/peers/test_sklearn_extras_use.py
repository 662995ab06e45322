"""Estimators with extras: copied, shared, searched over, given weights by hand, made models; what is refused."""

from __future__ import annotations

import copy
import pickle
import threading
import time

import fastmlp
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="fastmlp.sklearn is built on scikit-learn")

from fastmlp import callbacks, layers, losses, optimizers, schedules
from sklearn.base import clone
from sklearn_cases import (
    BATCH,
    EPOCHS,
    NUMBERS,
    ROWS,
    TARGETS,
    TWO,
    X,
    assert_equal_weights,
    assert_same,
    columns,
    make,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- one estimator among others


EXTRAS = {
    "sgd, dropout": {"optimizer": optimizers.SGD(0.1, momentum=0.9), "dropout": [0.2, 0.1]},
    "scikit-learn's sgd, dropout": {"solver": "sgd", "dropout": 0.2},
    "schedule": {"optimizer": optimizers.Adam(schedules.CosineDecay(0.05, 40)), "activation": ["gelu", "tanh"]},
    "averages": {"optimizer": optimizers.Adam(0.02, use_ema=True, ema_overwrite_frequency=4), "loss": "mse"},
    "lion": {"optimizer": "lion", "class_weight": {"yes": 2.0}, "dtype": "float32", "n_threads": 1},
}


@pytest.mark.parametrize("copied", [pickle, copy, "joblib"], ids=["pickle", "deepcopy", "joblib"])
@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
def test_copies_go_on_exactly_where_they_were(copied, extras, tmp_path):
    stop = callbacks.EarlyStopping("loss", patience=99)
    estimator = make("two", shuffle=False, callbacks=[stop], **extras)
    whole = clone(estimator)
    for _ in range(2):
        estimator.partial_fit(X, TWO, classes=["no", "yes"])
    if copied == "joblib":
        joblib = pytest.importorskip("joblib", reason="scikit-learn brings it")
        joblib.dump(estimator, tmp_path / "m")
        twin = joblib.load(tmp_path / "m")
    else:
        twin = copy.deepcopy(estimator) if copied is copy else pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(twin.predict_proba(X), estimator.predict_proba(X))
    for _ in range(2):
        estimator.partial_fit(X, TWO)
        twin.partial_fit(X, TWO)
    assert_equal_weights(estimator, twin)
    assert estimator._optimizer.t == twin._optimizer.t == 4 * ROWS // BATCH
    if not getattr(extras.get("optimizer"), "use_ema", False):  # a fit ends with the averages
        assert_equal_weights(estimator, whole.fit(X, TWO))
    assert stop.model is None


def test_two_estimators_share_what_a_user_made():
    optimizer, loss, rates, names = optimizers.Adam(0.05), losses.Huber(0.5), [0.1, 0.2], ["tanh", "relu"]
    before = repr([optimizer.get_config(), loss.get_config(), rates, names])
    share = {"optimizer": optimizer, "loss": loss, "dropout": rates, "activation": names}
    a, b = make("number", **share), make("number", **share)
    frozen = X.copy()
    frozen.flags.writeable = False
    for _ in range(EPOCHS):
        a.partial_fit(frozen, NUMBERS[:, 0])
        b.partial_fit(X, NUMBERS[:, 0])
    assert_equal_weights(a, b)
    assert repr([optimizer.get_config(), loss.get_config(), rates, names]) == before
    assert not optimizer.built
    assert loss.reduction == "sum_over_batch_size"
    names[0] = "relu"  # in place: what predicts knows it
    assert np.abs(a.predict(X) - make("number", **share, max_iter=1).fit(X, NUMBERS[:, 0]).predict(X)).max() > 0
    names[:] = ["tanh", "relu"]
    np.testing.assert_array_equal(a.predict(X), b.predict(X))


def test_another_optimizer_begins_anew_and_warm_starts_do():
    estimator = make("two", optimizer="adam", shuffle=False).partial_fit(X, TWO, classes=["no", "yes"])
    assert estimator._optimizer.t == 3
    estimator.set_params(optimizer=optimizers.SGD(0.1, momentum=0.5)).partial_fit(X, TWO)
    assert estimator._optimizer.t == 3
    estimator.set_params(optimizer=None, solver="sgd").partial_fit(X, TWO)
    assert type(estimator._optimizer).__name__ == "SGDOptimizer"
    estimator.set_params(solver="adam").partial_fit(X, TWO)  # as scikit-learn: until fit
    assert type(estimator._optimizer).__name__ == "SGDOptimizer"
    warm = make("two", optimizer="lion", warm_start=True, max_iter=2).fit(X, TWO)
    first = copy.deepcopy(warm.coefs_)
    warm.fit(X, TWO)
    assert warm._optimizer.t == 6
    assert 0 < np.abs(first[0] - warm.coefs_[0]).max() < 0.02
    wide = make("two", warm_start=True, dtype="float32").fit(X, TWO)
    assert wide.set_params(dtype="float64").fit(X, TWO).coefs_[0].dtype == np.float64


def test_search_over_extras():
    from sklearn.model_selection import GridSearchCV

    grid = {"dropout": [0.0, [0.1, 0.2]], "activation": ["relu", ["gelu", "tanh"]],
            "optimizer": [None, "lion", optimizers.SGD(0.1)], "class_weight": [None, "balanced"]}  # fmt: skip
    search = GridSearchCV(make("two", max_iter=2), grid, cv=2, error_score="raise").fit(X, TWO)
    assert len(search.cv_results_["params"]) == 24
    assert set(grid) <= set(search.best_estimator_.get_params())
    cloned = clone(make("two", **EXTRAS["schedule"]))
    assert cloned.get_params()["activation"] == ["gelu", "tanh"]
    assert "CosineDecay" in repr(cloned.get_params()["optimizer"].get_config())


# ---- types, threads


def test_dtype():
    for solver in ("adam", "lbfgs"):
        ours = make("two", dtype="float32", solver=solver).fit(X, TWO)
        assert {w.dtype.name for w in [*ours.coefs_, *ours.intercepts_, ours.predict_proba(X)]} == {"float32"}
    narrow = make("two", dtype=np.float32).fit(X, TWO)
    assert_equal_weights(narrow, make("two").fit(X.astype(np.float32), TWO))
    wide = make("two", dtype=np.dtype("float64")).fit(X.astype(np.float32), TWO)
    assert_equal_weights(wide, make("two").fit(X.astype(np.float32).astype(np.float64), TWO))


def test_threads_are_as_asked_and_as_before():
    seen = []
    note = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(fastmlp.get_num_threads()))
    with fastmlp.threads(2):
        one = make("two", n_threads=1, callbacks=[note]).fit(X, TWO)
        assert set(seen) == {1}
        assert fastmlp.get_num_threads() == 2
        assert_equal_weights(one, make("two").fit(X, TWO))
        one.predict(X)
        with pytest.raises(ValueError, match="expected 1 or more"):
            one.set_params(n_threads=0).predict(X)
        assert fastmlp.get_num_threads() == 2
        # two fits at once, the one that began first ending first
        inside, over = threading.Event(), threading.Event()
        first = callbacks.LambdaCallback(on_train_begin=lambda logs: inside.wait(20))
        second = callbacks.LambdaCallback(on_train_begin=lambda logs: (inside.set(), over.wait(20)))
        fits = [make("two", n_threads=1, callbacks=[first]), make("two", n_threads=3, callbacks=[second])]
        running = [threading.Thread(target=lambda fit=fit: fit.fit(X, TWO)) for fit in fits]
        running[0].start()
        while not vars(fits[0]).get("coefs_"):
            time.sleep(0.001)
        running[1].start()
        running[0].join()
        over.set()
        running[1].join()
        assert_equal_weights(*fits)
        assert fastmlp.get_num_threads() == 2


# ---- what is refused


@pytest.mark.parametrize(
    ("kind", "extras", "message"),
    [
        ("two", {"loss": "squared_error"}, "loss: expected 'log_loss', or one of fastmlp.losses, got 'squared_error'"),
        ("number", {"loss": "log_loss"}, "loss: expected 'squared_error' or 'poisson'.*got 'log_loss'"),
        ("two", {"loss": "sparse_categorical_crossentropy"}, "sigmoids, got sparse.*take binary_crossentropy"),
        ("labels", {"loss": "kld"}, "ends with sigmoids, got kl_divergence, which is for a softmax"),
        ("numbers", {"loss": "binary_crossentropy"}, "any numbers, got binary_crossentropy.*take mse, mae or huber"),
        ("number", {"loss": losses.Poisson()}, "any numbers, got poisson"),
        ("two", {"loss": losses.BinaryCrossentropy(from_logits=True)}, "loss: expected.*from_logits=True; leave"),
        ("two", {"loss": losses.MeanSquaredError(reduction="sum")}, "loss: expected a mean.*'sum'; leave it out"),
        ("two", {"loss": lambda y, p: abs(y - p)}, "loss: expected one that C has.*ModelClassifier or ModelRegressor"),
        ("two", {"loss": 3}, "loss: expected a name, an object or a function, got 3; for instance"),
        ("two", {"optimizer": "adm"}, "optimizer: expected one of .*did you mean 'adam'"),
        ("two", {"optimizer": optimizers.SGD(gradient_accumulation_steps=2)}, "optimizer: .* take a batch_size 2"),
        ("two", {"activation": ["relu"]}, "activation: expected one for each of 2 hidden layers, got 1; give as many"),
        ("two", {"activation": ["relu", "rleu"]}, "activation: expected one of .*did you mean 'relu'"),
        ("two", {"activation": "rleu"}, "The 'activation' parameter of MLPClassifier must be a str among"),
        ("two", {"activation": "glu", "hidden_layer_sizes": (6, 4)},
         "activation: expected as many numbers behind it as before it, 6, got 'glu' with 3"),
        ("two", {"activation": layers.PReLU()}, "expected an activation without weights"),
        ("two", {"activation": lambda x: np.sort(np.asarray(x))}, "activation: expected one that C has"),
        ("two", {"dropout": [0.1]}, "dropout: expected one for each of 2 hidden layers, got 1"),
        ("two", {"dropout": [0.1, 1.0]}, r"dropout: expected shares in \[0, 1\), got"),
        ("two", {"dropout": 1.0}, "The 'dropout' parameter of MLPClassifier must be"),
        ("two", {"callbacks": 5}, "callbacks: expected Callback objects, got 5; derive it"),
        ("two", {"callbacks": callbacks.EarlyStopping}, "callbacks: expected Callback objects"),
        ("two", {"class_weight": "even"}, "The 'class_weight' parameter of MLPClassifier must be"),
        ("two", {"dtype": "float16"}, "The 'dtype' parameter of MLPClassifier must be"),
        ("two", {"dtype": int}, "dtype: expected float32 or float64, got int64; or None"),
        ("two", {"n_threads": 0}, "The 'n_threads' parameter of MLPClassifier must be"),
        ("two", {"verbose": "line"}, "The 'verbose' parameter of MLPClassifier must be"),
        *[("two", {"solver": "lbfgs", name: value}, f"{name}: expected none with solver='lbfgs'.*take solver='adam'")
          for name, value in {"optimizer": "adam", "dropout": 0.1, "callbacks": [callbacks.History()],
                              "verbose": "bar"}.items()],
    ],
)  # fmt: skip
def test_refused_before_anything_is_done(kind, extras, message):
    estimator = make(kind, **extras)
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, TARGETS[kind])
    late = "activation: expected as many", "activation: expected one that C", "expected an activation without"
    assert hasattr(estimator, "coefs_") == message.startswith(late)


def test_an_optimizer_in_python_is_refused():
    class Signs(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(learning_rate * np.sign(gradient))

    with pytest.raises(ValueError, match="optimizer: expected one that C has, got .*Signs.*ModelClassifier"):
        make("two", optimizer=Signs(0.1)).fit(X, TWO)


@pytest.mark.parametrize(("kind", "extras"), [("three", {"loss": "mse"}), ("number", {"loss": "huber"}),
                                          ("two", {"activation": ["gelu", "tanh"]})])  # fmt: skip
def test_lbfgs_takes_losses_and_activations(kind, extras):
    """The gradient it goes by is that of the value it goes by."""
    estimator = make(kind, solver="lbfgs", alpha=0.1, max_iter=3, **extras).fit(X, TARGETS[kind])
    y = columns(kind) if kind.startswith("number") else columns(kind).astype(bool)
    packed = np.concatenate([w.ravel() for w in [*estimator.coefs_, *estimator.intercepts_]])
    at = [0, 20, 40, len(packed) - 1]

    def value(weights):
        return estimator._loss_grad_lbfgs(weights, X, y, None, None, None, None, None)

    slopes = value(packed.copy())[1]
    for i in at:
        step = np.zeros_like(packed)
        step[i] = 1e-6
        numeric = (value(packed + step)[0] - value(packed - step)[0]) / 2e-6
        assert slopes[i] == pytest.approx(numeric, rel=1e-5, abs=1e-8)


# ---- weights set by hand, other people's tools


def test_weights_set_by_hand():
    given = make("two").fit(X, TWO)
    plain, parts = given.predict_proba(X), copy.deepcopy(given).partial_fit(X, TWO)
    lists = copy.deepcopy(given)
    lists.coefs_ = [w.tolist() for w in given.coefs_]
    lists.intercepts_ = tuple(w.tolist() for w in given.intercepts_)
    np.testing.assert_array_equal(lists.predict_proba(X), plain)
    assert_equal_weights(lists.partial_fit(X, TWO), parts)
    still = copy.deepcopy(given)
    for w in still.coefs_:
        w.flags.writeable = False
    assert_equal_weights(still.partial_fit(X, TWO), parts)
    given.coefs_[0][0, 0] += 1.0  # in place
    assert np.abs(given.predict_proba(X) - plain).max() > 1e-6
    for name, i, value, message in [
        ("coefs_", 0, np.zeros((5, 9)), r"coefs_\[1\]: expected shape \(9, 6\), got \(7, 6\)"),
        ("coefs_", 0, np.zeros(5), r"coefs_: expected matrices, one for each layer, got shapes \[\(5,\)"),
        ("intercepts_", 1, np.zeros((6, 1)), r"intercepts_\[1\]: expected shape \(6,\), got \(6, 1\)"),
    ]:
        wrong = copy.deepcopy(given)
        getattr(wrong, name)[i] = value
        with pytest.raises(ValueError, match=message):
            wrong.predict(X)
        with pytest.raises(ValueError, match="expected (shape|matrices)"):
            wrong.partial_fit(X, TWO)
    few = copy.deepcopy(given)
    few.intercepts_ = few.intercepts_[:2]
    with pytest.raises(ValueError, match="coefs_, intercepts_: expected 3 of each.*got 5 in all"):
        few.predict(X)


def test_inspection():
    from sklearn.inspection import partial_dependence, permutation_importance

    estimator = make("two", optimizer="adam", dropout=0.1, activation=["gelu", "tanh"], max_iter=200).fit(X, TWO)
    found = permutation_importance(estimator, X, TWO, n_repeats=3, random_state=0)
    assert found.importances_mean.shape == (5,)
    assert found.importances_mean[:2].min() > found.importances_mean[2:].max()
    assert partial_dependence(estimator, X, [0], grid_resolution=4)["average"].shape == (1, 4)


# ---- models made of estimators


@pytest.mark.parametrize(("kind", "extras"), [
    ("two", {"activation": ["gelu", "logistic"], "dropout": [0.0, 0.3]}), ("three", {"activation": fastmlp.ops.tanh}),
    ("number", {"loss": "huber"}), ("two", {"optimizer": "lion", "dtype": "float32"}), ("two", {"loss": "poisson"}),
])  # fmt: skip
def test_from_sklearn(kind, extras):
    estimator = make(kind, **extras).fit(X, TARGETS[kind])
    model = fastmlp.from_sklearn(estimator)
    theirs = estimator.predict_proba(X)[:, -1] if kind != "number" else estimator.predict(X)
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, -1], theirs, rtol=1e-6)
    assert (model._compiled is not None) == (not {"loss", "optimizer"} & set(extras))
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    assert rates == [rate for rate in extras.get("dropout", ()) if rate]


def test_from_sklearn_goes_on_with_the_rate_it_had():
    flat = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    for solver in ("adam", "sgd"):
        estimator = make("two", solver=solver, learning_rate_init=0.1, callbacks=[flat], shuffle=False).fit(X, TWO)
        model = fastmlp.from_sklearn(estimator)
        assert float(model.optimizer.learning_rate) == 0.1 * 0.5 ** (EPOCHS - 1)
        model.fit(X, TWO == "yes", batch_size=BATCH, shuffle=False, verbose=0)
        assert_same(estimator.set_params(callbacks=None).partial_fit(X, TWO), model)
