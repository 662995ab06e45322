"""Estimators on SciPy's sparse matrices: the numbers of arrays, and of scikit-learn; rows are never made dense."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import optimizers
from fastmlp.callbacks import LambdaCallback

sparse = pytest.importorskip("scipy.sparse", reason="needs SciPy")
networks = pytest.importorskip("sklearn.neural_network", reason="needs scikit-learn")

from fastmlp.sklearn import MLPClassifier, MLPRegressor  # noqa: E402 - if there is a scikit-learn

# wide enough that arrays, too, are trained on by plain steps
HIDDEN = {"hidden_layer_sizes": (40,), "random_state": 0, "batch_size": 32, "max_iter": 3}
SETTINGS = {
    "adam": {},
    "penalty": {"alpha": 0.1},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "nesterovs_momentum": False},
    "early": {"early_stopping": True},
    "in-order": {"shuffle": False},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def rows():
    x = sparse.random(110, 300, density=0.03, format="csr", random_state=np.random.default_rng(1))
    x.data[x.indptr[5] : x.indptr[6]] = 0  # a row of zeros that are there
    return x


@pytest.fixture(autouse=True)
def no_dense_rows(monkeypatch):
    """Nobody asks SciPy for arrays of rows; scikit-learn does for its columns of labels, which are few."""
    for kind in (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array):

        def only_few(x, *rest, whole=kind.toarray, **options):
            assert x.shape[1] < 10, "made dense"
            return whole(x, *rest, **options)

        monkeypatch.setattr(kind, "toarray", only_few)


def dense(x):
    found = np.zeros(x.shape, x.dtype)
    whole = x.tocoo()
    np.add.at(found, (whole.row, whole.col), whole.data)
    return found


def labels(x):
    return np.asarray(x.sum(axis=1)).ravel() > 4.5


def assert_same(one, other, **bounds):
    for got, want in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        if bounds:
            np.testing.assert_allclose(got, want, **bounds)
        else:
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SETTINGS)
def test_fit_is_that_of_the_array_and_of_sklearn(name, dtype, rows):
    rows, settings = rows.astype(dtype), HIDDEN | SETTINGS[name]
    y, x = labels(rows), dense(rows)
    found = MLPClassifier(**settings).fit(rows, y)
    array = MLPClassifier(**settings).fit(x, y)
    assert_same(found, array)
    assert found.loss_curve_ == array.loss_curve_ if name != "lbfgs" else found.loss_ == array.loss_
    np.testing.assert_array_equal(found.predict_proba(rows), array.predict_proba(x))
    np.testing.assert_array_equal(found.predict_proba(x), found.predict_proba(rows))
    theirs = networks.MLPClassifier(**settings).fit(rows, y)
    assert_same(found, theirs, rtol=1e-7, atol={"float32": 2e-5, "float64": 1e-10}[dtype])
    np.testing.assert_allclose(found.predict_proba(rows), theirs.predict_proba(rows), atol=1e-4)


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "csc_matrix", "csc_array"])
def test_formats_and_sample_weights(kind, rows):
    y, weight = labels(rows), np.random.default_rng(2).integers(1, 4, 110)
    found = MLPClassifier(**HIDDEN).fit(getattr(sparse, kind)(rows), y, weight)
    assert_same(found, MLPClassifier(**HIDDEN).fit(dense(rows), y, weight))
    np.testing.assert_array_equal(found.predict_proba(getattr(sparse, kind)(rows)), found.predict_proba(dense(rows)))


def test_regression_with_what_is_ours(rows):
    y = np.asarray(rows.sum(axis=1)).ravel()
    settings = HIDDEN | {"optimizer": optimizers.RMSprop(0.01), "dropout": 0.2, "loss": "huber"}
    found, array = MLPRegressor(**settings).fit(rows, y), MLPRegressor(**settings).fit(dense(rows), y)
    assert_same(found, array)


def test_partial_fit_takes_either(rows):
    """The memory of the solver goes from batches of sparse rows to arrays and back."""
    y, (one, two) = labels(rows), (MLPClassifier(**HIDDEN) for _ in range(2))
    for part, as_array in ((range(40), False), (range(40, 80), True), (range(70, 110), False), (range(40), False)):
        x = rows[part]
        one.partial_fit(dense(x) if as_array else x, y[part], classes=[False, True])
        two.partial_fit(dense(x), y[part], classes=[False, True])
    assert_same(one, two)
    assert one.t_ == two.t_ == 160


def test_callbacks_may_ask_the_model_for_arrays(rows):
    asked, x = [], dense(rows)
    estimator = MLPClassifier(**HIDDEN)
    ask = LambdaCallback(on_epoch_end=lambda epoch, logs: asked.append(ask.model.predict(x, verbose=0)))
    estimator.set_params(callbacks=[ask]).fit(rows, labels(rows))
    np.testing.assert_array_equal(asked[-1], estimator.predict_proba(rows)[:, 1:])
    assert len(asked) == 3


def test_features_by_the_hundred_thousand():
    """A batch of them as an array would take 3 GB."""
    x = sparse.random(2000, 200_000, density=1e-5, format="csr", random_state=np.random.default_rng(3))
    found = MLPClassifier((1,), batch_size=2000, max_iter=1, random_state=0).fit(x, np.arange(2000) % 2)
    assert found.predict_proba(x).shape == (2000, 2)
