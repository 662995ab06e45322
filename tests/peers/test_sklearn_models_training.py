"""Models as estimators of scikit-learn: what they are compiled with, how they train, searches, copies, frames."""

from __future__ import annotations

import copy
import pickle
import threading

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the estimators are scikit-learn's: pip install 'fastmlp[sklearn]'")

import fastmlp  # noqa: E402
import sklearn  # noqa: E402
from fastmlp import Model, Sequential, optimizers  # noqa: E402
from fastmlp.callbacks import EarlyStopping, LambdaCallback, ReduceLROnPlateau  # noqa: E402
from fastmlp.layers import Add, Dense, Dropout, Input, Normalization  # noqa: E402
from fastmlp.sklearn import ModelClassifier, ModelRegressor  # noqa: E402
from model_estimators import IRIS, TWO, build, quick  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import DataConversionWarning  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402


@pytest.fixture
def iris():
    return IRIS


@pytest.fixture
def two():
    return TWO


# ---- models and what they are compiled with


def test_a_model_is_cloned_for_each_fit(iris):
    model = Sequential([Input((4,)), Dense(8, "relu"), Dense(3, "softmax")])
    before = model.get_weights()
    found = quick(model).fit(*iris)
    assert found.score(*iris) > 0.9
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))
    assert not model.compiled
    first = found.model_.get_weights()
    found.fit(*iris)
    assert all((a == b).all() for a, b in zip(first, found.model_.get_weights()))
    assert not (first[0] == quick(model, random_state=1).fit(*iris).model_.get_weights()[0]).all()


def test_a_clone_knows_what_layers_were_told_of_data(iris):
    far, scale = 100 * iris[0] + 1000, Normalization()
    scale.adapt(far)
    model = Sequential([scale, Dense(3, "softmax")])
    found = quick(model).fit(far, iris[1])
    assert found.score(far, iris[1]) > 0.9
    assert found.model_.layers[0] is not scale
    assert not model.built


def test_what_is_not_asked_for_stays_as_compiled(iris):
    def compiled():
        model = Sequential([Dense(3, "softmax")])
        model.compile(optimizers.SGD(0.25, momentum=0.5), "categorical_crossentropy", metrics=["accuracy"])
        return model

    one = ModelClassifier(compiled).fit(*iris)
    assert repr(one.model_.optimizer) == repr(optimizers.SGD(0.25, momentum=0.5))
    assert one.model_._compiled.loss.name == "categorical_crossentropy"
    assert set(one.history_) == {"loss", "accuracy"}
    one = ModelClassifier(compiled, optimizer__learning_rate=0.125, loss__label_smoothing=0.1, metrics=[]).fit(*iris)
    assert repr(one.model_.optimizer) == repr(optimizers.SGD(0.125, momentum=0.5))
    assert one.model_._compiled.loss.label_smoothing == 0.1
    assert set(one.history_) == {"loss"}
    one = ModelClassifier(compiled, optimizer=optimizers.RMSprop, optimizer__rho=0.5).fit(*iris)
    assert repr(one.model_.optimizer) == repr(optimizers.RMSprop(rho=0.5))
    given = optimizers.SGD(0.5)
    one = ModelClassifier(compiled, optimizer=given, optimizer__momentum=0.5).fit(*iris)
    assert repr(one.model_.optimizer) == repr(optimizers.SGD(0.5, momentum=0.5))
    assert given.iterations == 0


def test_functions_may_compile_with_what_they_are_told(two):
    seen = {}

    def function(meta, compile_kwargs, hidden):
        seen.update(meta=meta, hidden=hidden)
        model = Sequential([Dense(hidden, "relu"), Dense(1, "sigmoid")])
        model.compile(**compile_kwargs)
        return model

    found = ModelClassifier(function, loss="bce", metrics="accuracy", optimizer__learning_rate=0.5, model__hidden=3)
    found.fit(*two)
    assert seen["hidden"] == 3
    meta = seen["meta"]
    assert (meta["n_features_in_"], meta["n_classes_"], meta["target_type_"]) == (5, 2, "binary")
    assert meta["classes_"].tolist() == [0, 1]
    assert (meta["X_shape_"], meta["n_outputs_"], meta["y_ndim_"], meta["n_outputs_expected_"]) == ((200, 5), 1, 1, 1)
    assert found.model_.optimizer.learning_rate == 0.5
    assert set(found.history_) == {"loss", "accuracy"}


def test_graphs_and_classes_of_one_s_own(iris):
    class Own(Model):
        def __init__(self, units):
            super().__init__()
            self.hidden, self.out = Dense(units, "relu"), Dense(3, "softmax")

        def call(self, x):
            return self.out(self.hidden(x))

    def graph(last="softmax"):
        x = Input((4,))
        return Model(x, Dense(3, last)(Add()([x, Dense(4, "relu")(x)])))

    few = iris[0][::3], iris[1][::3]
    assert quick(graph, epochs=20).fit(*few).score(*few) > 0.8
    found = quick(graph, model__last="linear", epochs=20).fit(*few)
    assert found.model_._compiled.loss.from_logits
    assert found.score(*few) > 0.8
    found = quick(Own, model__units=8, epochs=20, loss="sparse_categorical_crossentropy").fit(*few)
    assert found.score(*few) > 0.8
    with pytest.raises(ValueError, match="loss: expected one to be given where .*got one that is not known"):
        quick(Own, model__units=8).fit(*few)


# ---- training


def test_fits_are_the_same_for_a_random_state_and_leave_the_global_seeds(iris):
    def build(rate=0.2):
        return Sequential([Dense(16, "relu"), Dropout(rate), Dense(3, "softmax")])

    def numbers(state):
        return quick(build, random_state=state, epochs=3).fit(*iris).predict_proba(iris[0])

    fastmlp.set_random_seed(3)
    first, after = numbers(5), (fastmlp.random.next_seed(), np.random.rand())
    assert (numbers(5) == first).all()
    assert not (numbers(6) == first).all()
    assert (numbers(np.random.RandomState(5)) == first).all()
    fastmlp.set_random_seed(3)
    assert after == (fastmlp.random.next_seed(), np.random.rand())
    fastmlp.set_random_seed(3)
    free = numbers(None)
    assert not (numbers(None) == free).all()
    fastmlp.set_random_seed(3)
    assert (numbers(None) == free).all()
    together = [None] * 4

    def fit(i):
        together[i] = numbers(5)

    threads = [threading.Thread(target=fit, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((one == first).all() for one in together)


def test_early_stopping_and_other_callbacks_are_made_for_each_fit(iris):
    order = np.random.default_rng(0).permutation(150)
    X, y = iris[0][order], iris[1][order]
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    for callbacks, settings in [
        (stop, {}),
        (EarlyStopping, {"callbacks__patience": 2}),
        ([ReduceLROnPlateau, EarlyStopping], {"callbacks__0__patience": 50, "callbacks__1__patience": 2}),
        ({"stop": EarlyStopping, "less": ReduceLROnPlateau()}, {"callbacks__stop__patience": 2}),
    ]:
        found = quick(epochs=500, validation_split=0.2, callbacks=callbacks, optimizer__learning_rate=0.05, **settings)
        found.fit(X, y)
        losses = found.history_["val_loss"]
        assert found.n_iter_ == len(losses) == np.argmin(losses) + 3 < 500
    assert stop.model is None
    assert stop.wait == 0
    seen = []
    quick(callbacks=LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)), epochs=3).fit(X, y)
    assert seen == [0, 1, 2]


def test_warm_starts_and_parts_go_on(iris):
    whole = quick(epochs=6).fit(*iris)
    warm = quick(epochs=2, warm_start=True)
    parts = quick().partial_fit(*iris, classes=[0, 1, 2])
    for _ in range(3):
        warm.fit(*iris)
    for _ in range(5):
        parts.partial_fit(*iris)
    for one in (warm, parts):
        assert one.n_iter_ == len(one.history_["loss"]) == 6
        assert (one.predict_proba(iris[0]) == whole.predict_proba(iris[0])).all()
    assert not (quick(epochs=2).fit(*iris).fit(*iris).predict_proba(iris[0]) == whole.predict_proba(iris[0])).all()
    with pytest.raises(ValueError, match=r"among classes_, got \[3\] besides \[0, 1, 2\]"):
        warm.fit(iris[0], iris[1] + 1)
    with pytest.raises(ValueError, match="expected y of 1 columns"):
        ModelRegressor(build, warm_start=True).fit(*iris).fit(iris[0], iris[0][:, :2])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        quick().partial_fit(*iris)
    part = quick().partial_fit(iris[0][:50], iris[1][:50], classes=[0, 1, 2])  # all of one class
    assert part.predict_proba(iris[0]).shape == (150, 3)


def test_initialize_makes_a_model_that_is_not_trained(iris):
    found = quick().initialize(*iris)
    assert (found.n_iter_, found.history_) == (0, {})
    weights = [np.full_like(one, 0.5) for one in found.model_.get_weights()]
    found.model_.set_weights(weights)
    np.testing.assert_allclose(found.predict_proba(iris[0]), 1 / 3, rtol=1e-6)
    assert found.partial_fit(*iris).n_iter_ == 1


@pytest.mark.parametrize("incremental", [False, True])
def test_weights_of_classes_are_weights_of_samples(two, incremental):
    X, y = two[0], np.where(two[1], "yes", "no")
    own = np.where(y == "yes", 3.0, 1.0)
    fit = "partial_fit" if incremental else "fit"
    rest = {"classes": ["no", "yes"]} if incremental else {}
    found = getattr(quick(class_weight={"yes": 3.0}), fit)(X, y, sample_weight=np.full(200, 2.0), **rest)
    same = getattr(quick(), fit)(X, y, sample_weight=2 * own, **rest)
    assert (found.predict_proba(X) == same.predict_proba(X)).all()
    plain = getattr(quick(), fit)(X, y, **rest)
    assert not (found.predict_proba(X) == plain.predict_proba(X)).all()


def test_balanced_classes(two):
    X, y = two[0], two[1] * (np.arange(200) % 5 == 0)
    rows = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)])
    weight = np.where(y == 1, 100 / (y == 1).sum(), 100 / (y == 0).sum())
    found, same = quick(class_weight="balanced").fit(X, y), quick().fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(found.predict_proba(X), same.predict_proba(X), rtol=1e-4, atol=1e-5)
    assert found.predict(X[rows]).mean() > quick().fit(X, y).predict(X[rows]).mean()
    with pytest.raises(ValueError, match="class_weight: expected weights for partial_fit"):
        quick(class_weight="balanced").partial_fit(X, y, classes=[0, 1])


def test_arguments_of_fit_and_predict(iris):
    X, y = iris[0], np.array(["a", "b", "c"])[iris[1]]
    found = quick(fit__epochs=2, fit__validation_data=(X[::2], y[::2]), predict__batch_size=7, metrics=["accuracy"])
    found.fit(X, y)
    assert found.n_iter_ == 2
    np.testing.assert_allclose(found.history_["val_accuracy"][-1], found.score(X[::2], y[::2]), rtol=1e-6)


# ---- scikit-learn's machinery


def test_searches_set_routed_parameters(iris):
    grid = {"clf__model__hidden": [2, 32], "clf__optimizer__learning_rate": [1e-5, 0.05], "clf__epochs": [10]}
    line = make_pipeline(StandardScaler(), quick()).set_params()
    line.steps[1] = ("clf", line.steps[1][1])
    search = GridSearchCV(line, grid, cv=3).fit(*iris)
    assert search.best_score_ > 0.85
    assert search.best_params_["clf__optimizer__learning_rate"] == 0.05
    model = search.best_estimator_.named_steps["clf"].model_
    assert model.layers[0].units == search.best_params_["clf__model__hidden"]
    assert line.get_params()["clf__optimizer__learning_rate"] == 0.02
    with joblib.parallel_config("threading"):
        scores = cross_val_score(quick(epochs=5), *iris, n_jobs=2)
    assert (scores == cross_val_score(quick(epochs=5), *iris)).all()


def test_clones_keep_all_parameters():
    own = quick(model__hidden=3, callbacks=[EarlyStopping], fit__shuffle=False)
    other = clone(own)
    assert other.get_params() == own.get_params()
    assert other.get_params()["model__hidden"] == 3
    assert other.set_params(model__hidden=5, epochs=2).get_params()["model__hidden"] == 5
    assert own.get_params()["model__hidden"] == 3
    assert "model__hidden=3" in repr(own)
    assert isinstance(own._repr_html_(), str)


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "joblib"])
def test_copies_predict_and_go_on_the_same(iris, way, tmp_path):
    found = quick(epochs=3).fit(*iris)
    if way == "joblib":
        joblib.dump(found, tmp_path / "found")
        other = joblib.load(tmp_path / "found")
    else:
        other = pickle.loads(pickle.dumps(found)) if way == "pickle" else copy.deepcopy(found)
    assert (other.predict_proba(iris[0]) == found.predict_proba(iris[0])).all()
    found.partial_fit(*iris)
    other.partial_fit(*iris)
    assert (other.predict_proba(iris[0]) == found.predict_proba(iris[0])).all()


def test_frames_give_names_and_routing_gives_weights(two):
    pandas = pytest.importorskip("pandas", reason="frames are pandas's")
    X = pandas.DataFrame(two[0], columns=list("abcde"))
    y = pandas.Series(np.where(two[1], "yes", "no"))
    with sklearn.config_context(enable_metadata_routing=True):
        line = make_pipeline(
            StandardScaler().set_output(transform="pandas").set_fit_request(sample_weight=False),
            quick().set_fit_request(sample_weight=True),
        )
        line.fit(X, y, sample_weight=np.where(y == "yes", 3.0, 1.0))
    found = line[-1]
    assert found.feature_names_in_.tolist() == list("abcde")
    plain = make_pipeline(StandardScaler(), quick()).fit(X, y)
    assert (found.predict(X) == "yes").mean() != (plain[-1].predict(X) == "yes").mean()
    with pytest.raises(ValueError, match="The feature names should match"):
        found.predict(X.rename(columns={"a": "z"}))


def test_a_column_of_labels_is_flattened_with_a_warning(iris):
    with pytest.warns(DataConversionWarning):
        found = quick(epochs=1).fit(iris[0], iris[1][:, None])
    assert found.predict(iris[0]).shape == (150,)
