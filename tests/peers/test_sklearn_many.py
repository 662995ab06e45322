"""fit_many: many estimators at once, as if they were fitted one after another."""

from __future__ import annotations

import threading
import time
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import fastmlp
import sklearn
from fastmlp.callbacks import Callback
from fastmlp.sklearn import MLPClassifier, MLPRegressor, ModelClassifier, fit_many
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)


def net(seed=0, **other):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": seed, **other})


def endless(seed=0, **other):
    """It would train for an hour at least."""
    return net(seed, **{"hidden_layer_sizes": (200,), "max_iter": 10**9, "max_fun": 10**9, "tol": 0.0,
                        "n_iter_no_change": 10**9, **other})  # fmt: skip


def bits(estimator):
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    return [w.tobytes() for w in (*last.coefs_, *last.intercepts_)]


def same(many, alone, jobs):
    """Fitted by fit_many as by these calls."""
    for n_jobs in jobs:
        fresh = [clone(one) for one in many[0]]
        found = fit_many(fresh, *many[1:-1], n_jobs=n_jobs, **many[-1])
        assert [a is b for a, b in zip(found, fresh)] == [True] * len(alone)
        assert [bits(one) for one in found] == [bits(one) for one in alone]


def test_seeds():
    nets = [net(seed) for seed in range(5)]
    alone = [clone(one).fit(X, Y) for one in nets]
    assert len({b"".join(bits(one)) for one in alone}) == 5
    same((nets, X, Y, {}), alone, (None, 1, 2, 8, -1, -2))


@pytest.mark.parametrize("kind", ["array", "list", "csr", "frame"])
def test_folds(kind):
    folds = [train for train, _ in KFold(4, shuffle=True, random_state=1).split(X)]
    data = {"array": X, "list": X.tolist(), "csr": sparse.csr_matrix(X)}
    if kind == "frame":
        data[kind] = pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(X, columns=list("abcd"))
    weights = np.linspace(0.5, 2, len(X))
    rows = [*folds, folds[0][np.zeros(60, int)], np.arange(len(X)) % 2 == 0, slice(10, 140), None]
    rows[4] = np.random.default_rng(0).integers(0, len(X), len(X))  # a bootstrap
    picked = [np.arange(len(X)) if some is None else np.arange(len(X))[some] for some in rows]
    whole = data[kind].to_numpy() if kind == "frame" else X
    alone = [net().fit(whole[some], Y[some], weights[some]) for some in picked]
    same(([net() for _ in rows], data[kind], Y, {"rows": rows, "sample_weight": weights}), alone, (2,))


def test_a_grid_of_pipelines_and_kinds():
    grid = ParameterGrid({"alpha": [1e-4, 1], "solver": ["adam", "sgd", "lbfgs"]})
    nets = [make_pipeline(StandardScaler(), net(**one)) for one in grid]
    nets += [MLPRegressor(hidden_layer_sizes=(4,), max_iter=9, random_state=1, early_stopping=True)]
    same((nets, X, Y, {}), [clone(one).fit(X, Y) for one in nets], (2, 3))


def model(units):
    return fastmlp.Sequential([fastmlp.layers.Dense(units, "relu"), fastmlp.layers.Dense(3, "softmax")])


def test_models_as_estimators():
    nets = [ModelClassifier(model, model__units=8, epochs=3, random_state=seed) for seed in range(4)]
    alone = [clone(one).fit(X, Y).predict_proba(X).tobytes() for one in nets]
    assert [one.predict_proba(X).tobytes() for one in fit_many(nets, X, Y, n_jobs=2)] == alone
    with pytest.raises(RuntimeError, match="of number 1, Failing"):
        fit_many([clone(nets[0]).set_params(epochs=10**7), Failing(0.2)], X, Y, n_jobs=2)


def test_nothing_to_fit():
    assert fit_many([], X, Y) == []


# ---- what goes wrong


def test_an_exception_ends_all_and_names_the_estimator():
    nets = [endless(), net(alpha=-1.0), endless()]
    message = r"fit_many: .* of number 1, MLPClassifier\(alpha=-1.*\): The 'alpha'"
    with pytest.raises(RuntimeError, match=message) as found:
        fit_many(nets, X, Y, n_jobs=2)
    assert isinstance(found.value.__cause__, ValueError)
    assert not hasattr(nets[2], "coefs_"), "it was not begun"
    assert threading.active_count() == before


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_search_within_ends_too(solver):
    """Searches take an Exception of a fit for a bad score, and go on."""
    search = GridSearchCV(endless(solver=solver), {"alpha": [0, 1e-9]}, cv=2)
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="of number 1, Failing"):
        fit_many([search, Failing(0.2)], rng.normal(size=(2000, 20)), rng.integers(0, 2, 2000), n_jobs=2)
    assert not hasattr(search, "best_score_"), "it came to its end"
    assert threading.active_count() == before


def test_fits_of_fits_end_too():
    class Nest(BaseEstimator):
        def fit(self, x, y):
            fit_many([endless(seed) for seed in range(3)], x, y)

    with pytest.raises(RuntimeError, match="of number 1, Failing"):
        fit_many([Nest(), Failing(0.2)], X, Y, n_jobs=2)
    assert threading.active_count() == before


class Failing(BaseEstimator):
    """After some seconds."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        raise OSError("no more")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c(script, solver):
    text = f"""
import signal, threading, time
from fastmlp.sklearn import MLPClassifier, fit_many

_core.set_thread_grain(-1.0)
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(0)
X = rng.normal(size=(40_000, 100))
Y = rng.integers(0, 2, len(X))
nets = [MLPClassifier((300,), max_iter=10**9, max_fun=10**9, tol=0, n_iter_no_change=10**9, random_state=i,
                      solver={solver!r}) for i in range(4)]
sent = []
press = threading.Timer(2, lambda: (sent.append(time.perf_counter()), os.kill(os.getpid(), signal.SIGINT)))
press.start()
try:
    fit_many(nets, X, Y, n_jobs=2)
except KeyboardInterrupt:
    assert time.perf_counter() - sent[0] < 10
    press.join()
    assert threading.active_count() == 1
    print([hasattr(net, "coefs_") for net in nets])
"""
    assert script(text) == "[True, True, False, False]"


def test_warnings_reach_the_caller():
    nets = [net(seed, max_iter=1) for seed in range(6)]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.warns(ConvergenceWarning) as found:
            fit_many(nets, X, Y, n_jobs=3)
        assert len(found) == 6
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="ConvergenceWarning of number 0") as raised:
            fit_many(nets, X, Y, n_jobs=1)
    assert isinstance(raised.value.__cause__, ConvergenceWarning)


class Filtering(BaseEstimator):
    """Two that change the filters for a while: the first goes back to those before while the second has its own."""

    events = tuple(threading.Event() for _ in range(3))

    def __init__(self, number):
        self.number = number

    def fit(self, X, y):
        first_in, second_in, first_out = self.events
        if self.number == 0:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                first_in.set()
                assert second_in.wait(30)
            first_out.set()
            return
        assert first_in.wait(30)
        with warnings.catch_warnings():
            second_in.set()
            assert first_out.wait(30)


def test_filters_of_fits_do_not_outlive_them():
    before = list(warnings.filters)
    fit_many([Filtering(0), Filtering(1)], X, Y, n_jobs=2)
    assert warnings.filters == before


SHARED = {
    "estimator": lambda: [one := net(), net(), one],
    "step": lambda: (lambda scale: [make_pipeline(scale, net()) for _ in range(2)])(StandardScaler()),
    "generator": lambda: (lambda random: [net(random) for _ in range(2)])(np.random.RandomState(0)),
    "callback": lambda: (lambda callback: [net(callbacks=[callback]) for _ in range(2)])(Callback()),
}


@pytest.mark.parametrize("what", SHARED)
def test_what_fitting_changes_is_not_shared(what):
    with pytest.raises(ValueError, match=r"estimators: expected no two to share .* in numbers 0 and [12]; .*clone"):
        fit_many(SHARED[what](), X, Y)


@pytest.mark.parametrize(("bad", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError), ("2", TypeError)])
def test_bad_n_jobs(bad, error):
    with pytest.raises(error, match="n_jobs: expected .*, got .*; "):
        fit_many([net()], X, Y, n_jobs=bad)


def test_rows_for_each():
    with pytest.raises(ValueError, match="rows: expected those of each of 2 estimators, got 1; give as many"):
        fit_many([net(), net()], X, Y, rows=[[0, 1]])


# ---- what a fit finds around it


class Spy(BaseEstimator):
    def fit(self, X, y):
        self.found = fastmlp.get_num_threads(), sklearn.get_config()["assume_finite"], np.geterr()["over"]


def test_settings_of_the_caller_and_a_share_of_the_cores():
    with fastmlp.threads(6), sklearn.config_context(assume_finite=True), np.errstate(over="raise"):
        for jobs, share in {None: 1, 1: 6, 2: 3, 4: 1, 9: 1}.items():
            spies = fit_many([Spy() for _ in range(9)], X, Y, n_jobs=jobs)
            assert {spy.found for spy in spies} == {(share, True, "raise")}
        assert fastmlp.get_num_threads() == 6


@pytest.fixture(autouse=True)
def _count():
    global before
    before = threading.active_count()
