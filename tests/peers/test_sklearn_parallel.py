"""Estimators under joblib, after fork, and in Python threads that share them."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import fastmlp
from fastmlp import _core
from fastmlp.callbacks import Callback
from fastmlp.sklearn import MLPClassifier, MLPRegressor, network
from sharing import together
from sklearn.base import clone
from sklearn.datasets import load_iris

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
X, Y = load_iris(return_X_y=True)

HEAD = """
import warnings
os.environ["PYTHONWARNINGS"] = "ignore"  # of workers
warnings.simplefilter("ignore")
import joblib
from fastmlp.sklearn import MLPClassifier, MLPRegressor
from sklearn.datasets import load_iris

_core.set_thread_grain(-1.0)
X, Y = load_iris(return_X_y=True)
net = MLPClassifier((8,), max_iter=15, random_state=0).fit(X, Y)  # the parent has trained before it has workers
"""

META = """
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pipe, two = make_pipeline(StandardScaler(), net), np.c_[Y, Y > 0]
regressor = MLPRegressor(hidden_layer_sizes=(8,), max_iter=15, random_state=0)

def bagged(jobs):  # whose predictions are summed in another order for each number of jobs
    bag = BaggingClassifier(net, 4, random_state=1, n_jobs=jobs).fit(X, Y)
    return np.concatenate([w.ravel() for one in bag.estimators_ for w in one.coefs_])

CASES = {
    "search": lambda jobs: GridSearchCV(net, {"alpha": [1e-4, 1]}, cv=3, n_jobs=jobs).fit(X, Y).predict_proba(X),
    "scores": lambda jobs: cross_val_score(pipe, X, Y, cv=4, n_jobs=jobs),
    "calibrated": lambda jobs: CalibratedClassifierCV(net, cv=3, n_jobs=jobs).fit(X, Y).predict_proba(X),
    "bagged": bagged,
    "voting": lambda jobs: VotingClassifier([("a", net), ("b", pipe)], voting="soft", n_jobs=jobs).fit(X, Y)
                           .predict_proba(X),
    "outputs": lambda jobs: MultiOutputClassifier(net, n_jobs=jobs).fit(X, two).predict_proba(X)[0],
    "numbers": lambda jobs: MultiOutputRegressor(regressor, n_jobs=jobs).fit(X, two).predict(X),
    "one by one": lambda jobs: OneVsRestClassifier(net, n_jobs=jobs).fit(X, Y).predict_proba(X),
}
if BACKEND == "multiprocessing":
    del CASES["calibrated"]  # its results cannot be pickled, whichever estimator it has; loky does it by cloudpickle
alone = {name: case(1).tobytes() for name, case in CASES.items()}
with joblib.parallel_config(BACKEND):
    print([name for name, case in CASES.items() if case(2).tobytes() != alone[name]])
"""


@pytest.mark.parametrize("backend", ["loky", "threading", pytest.param("multiprocessing", marks=FORK)])
def test_joblib(script, backend):
    """No hang, and the bits of one job."""
    assert script(HEAD + META.replace("BACKEND", repr(backend)), timeout=240) == "[]"


def test_workers_share_the_cores(script):
    text = """
def most(_):
    net.fit(X, Y)
    return fastmlp.get_num_threads()

def spare(_):
    net.set_params(n_threads=64).fit(X, Y)
    return fastmlp.get_num_threads()

share = max(1, joblib.cpu_count() // 2)
print(joblib.Parallel(2)(joblib.delayed(one)(0) for one in (most, spare) * 2) == [share] * 4)
"""
    assert script(HEAD + text, timeout=120) == "True"


@FORK
def test_fork_while_threads_train_and_predict(script):
    """A child has none of the parent's threads, and nothing that they held."""
    text = """
import threading
big = np.repeat(X, 200, axis=0)
want, grown = net.predict_proba(X).tobytes(), [w.tobytes() for w in net.coefs_]
done = threading.Event()
others = [MLPClassifier((30,), random_state=i, max_iter=10**6, n_iter_no_change=10**6) for i in range(2)]

def predict():
    while not done.is_set():
        net.predict_proba(big)

def train(other):
    while not done.is_set():
        other.partial_fit(big, np.repeat(Y, 200))

for other in others:
    other.partial_fit(X, Y, classes=[0, 1, 2])
threads = [threading.Thread(target=predict), *(threading.Thread(target=train, args=(one,)) for one in others)]
for thread in threads: thread.start()
codes = []
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        good = net.predict_proba(X).tobytes() == want
        again = MLPClassifier((8,), max_iter=15, random_state=0).fit(X, Y)
        others[0].partial_fit(X, Y)
        os._exit(0 if good and [w.tobytes() for w in again.coefs_] == grown else 3)
    codes.append(os.waitpid(pid, 0)[1])
done.set()
for thread in threads: thread.join()
print(codes, net.predict_proba(X).tobytes() == want)
"""
    assert script(HEAD + text, timeout=120) == "[0, 0, 0, 0, 0, 0, 0, 0] True"


# ---- Python threads


@pytest.fixture
def often():
    """Threads change places at every opportunity."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def net(seed=0, **other):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 8, "random_state": seed, **other})


def rows(count):
    return np.random.default_rng(count).normal(3, 2, (count, 4))


def test_eight_threads_ask_one_estimator(often):
    fitted = net().fit(X, Y)
    inputs = [rows(count) for count in (1, 2, 5, 33, 100, 1, 3000, 7)]
    want = [clone(fitted).fit(X, Y).predict_proba(x).tobytes() for x in inputs]
    found = []

    def ask(i):
        found.extend(fitted.predict_proba(inputs[i]).tobytes() == want[i] for _ in range(30))

    together(*(lambda i=i: ask(i) for i in range(8)))
    assert found == [True] * 240


def test_eight_threads_fit_eight_estimators(often):
    kinds = [{}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"early_stopping": True}, {"dropout": 0.2}, {"n_threads": 1},
             {"alpha": 1.0}, {"activation": "tanh", "dtype": "float32"}]  # fmt: skip
    alone = [net(i, **kind).fit(X, Y) for i, kind in enumerate(kinds)]
    nets = [clone(one) for one in alone]
    together(*(lambda one=one: one.fit(X, Y) for one in nets))
    assert [[w.tobytes() for w in one.coefs_] for one in nets] == [[w.tobytes() for w in one.coefs_] for one in alone]


def test_weights_change_between_predictions_not_in_them(often):
    """Two sets of weights, given in turn: every prediction is that of the one or of the other."""
    fitted = net().fit(X, Y)
    x = rows(4000)
    sets, want = [], []
    for shift in (0.0, 0.25):
        sets.append([w + shift for w in fitted.coefs_])
        other = clone(fitted).fit(X, Y)
        other.coefs_ = sets[-1]
        want.append(other.predict_proba(x).tobytes())
    found, done = [], threading.Event()

    def change():
        for i in range(200):
            fitted.coefs_ = sets[i % 2]
            fitted.predict_proba(x[:1])
        done.set()

    def ask():
        while not done.is_set():
            found.append(fitted.predict_proba(x).tobytes())

    together(change, ask, ask)
    assert set(found) <= set(want)
    assert len(found) >= 2


def test_predictions_while_it_trains_on(often):
    fitted = net().partial_fit(X, Y, classes=[0, 1, 2])
    done, found = threading.Event(), []

    def train():
        try:
            for _ in range(100):
                fitted.partial_fit(X, Y)
        finally:
            done.set()

    def ask():
        while not done.is_set():
            found.append(np.allclose(fitted.predict_proba(X).sum(axis=1), 1))

    together(train, ask, ask)
    assert found
    assert all(found)
    alone = net().partial_fit(X, Y, classes=[0, 1, 2])
    for _ in range(100):
        alone.partial_fit(X, Y)
    assert [w.tobytes() for w in fitted.coefs_] == [w.tobytes() for w in alone.coefs_]


def test_a_limit_of_threads_is_of_that_fit_alone():
    """Whoever ends first or last: nothing of it is left, and nobody else notices."""
    before, seen = fastmlp.get_num_threads(), []
    begun, go_on = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(_core.get_threads())
            begun.set()
            assert go_on.wait(30)

    def first():
        net(n_threads=1, max_iter=1, callbacks=[Wait()]).fit(X, Y)

    def second():
        assert begun.wait(30)
        seen.append(_core.get_threads())
        go_on.set()

    with fastmlp.threads(5):
        together(first, second)
        assert seen == [1, 5]
        assert fastmlp.get_num_threads() == 5
    assert fastmlp.get_num_threads() == before


# ---- networks beside estimators


def test_weights_changed_by_hand_count():
    fitted = net().fit(X, Y)
    before = fitted.predict_proba(X)
    fitted.coefs_[0][0, 0] += 1  # in place
    after = fitted.predict_proba(X)
    assert not np.array_equal(before, after)
    fitted.coefs_[0][0, 0] = np.nan
    assert np.isnan(fitted.predict_proba(X)).any()
    fitted.coefs_ = clone(fitted).fit(X, Y).coefs_
    assert np.array_equal(fitted.predict_proba(X), before)
    fitted.set_params(hidden_layer_sizes=(3, 2)).fit(X, Y)
    assert np.array_equal(fitted.predict_proba(X), clone(fitted).fit(X, Y).predict_proba(X))


def test_estimators_go_and_take_their_networks_with_them():
    class Knows(Callback):
        estimator = None

    def used(seed):
        callback = Knows()
        one = net(seed, max_iter=2, callbacks=[callback])
        callback.estimator = one
        one.fit(X, Y).partial_fit(X, Y)
        one.predict(X)
        MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=2).fit(X, Y).predict(X)
        return weakref.ref(one)

    def left():
        gc.collect()
        return sum(isinstance(one, (network.Network, fastmlp.Sequential)) for one in gc.get_objects())

    used(0)
    before = left()
    gone = [used(seed) for seed in range(20)]
    assert left() == before
    assert [one() for one in gone] == [None] * 20
