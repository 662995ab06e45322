"""Many estimators trained at once, in one process: each by a Python thread, for the engine releases the GIL.

Threads are the better way for scikit-learn's own searches, too: no processes to start, nothing to pickle.

    with joblib.parallel_config("threading"):
        GridSearchCV(MLPClassifier(), grid, n_jobs=-1).fit(X, y)
"""

from __future__ import annotations

import contextvars
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import sklearn
from sklearn.utils import _safe_indexing

from fastmlp import runtime
from fastmlp._validate import brief
from fastmlp.models.hooks import Callback
from fastmlp.sklearn import stopping

_LOOK = 0.05  # seconds between two looks of who waits


def fit_many(
    estimators: Iterable[Any],
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    rows: Iterable[Any] | None = None,
    n_jobs: int | None = None,
) -> list[Any]:
    """Fit each estimator, many at once, as ``estimator.fit(X, y)`` one after another would.

    Nothing is copied to other processes. What epochs take in C is done on all cores at once; what they take in Python,
    some 30 µs each and a few ms a fit, is not, so that networks for a hundred rows gain nothing. Weights are the same
    to the bit, whatever `n_jobs` is, if `random_state` is a number; with None estimators draw from NumPy's global
    generator in the order they come to it.

    An exception ends all fits, and so does Ctrl-C: networks stop in the middle of an epoch, the fit of another kind of
    estimator is waited for. It is raised as a RuntimeError that names the estimator and has it as its cause.

    Parameters
    ----------
    estimators
        Anything with `fit`: networks, pipelines, searches. No two may share what fitting changes.
    X, y, sample_weight
        What all are fitted on, in any form they take.
    rows
        For each estimator the rows of X, y and `sample_weight` that it sees: indices, a mask, or a slice.
    n_jobs
        How many train at once. None or -1: as many as there are cores (`fastmlp.get_num_threads`); -2: one less.

    Examples
    --------
    Networks that begin with other weights:

    >>> import numpy as np
    >>> from fastmlp.sklearn import MLPClassifier, fit_many
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> kind = MLPClassifier((10,), learning_rate_init=0.01, max_iter=1000, random_state=0)
    >>> nets = fit_many([clone(kind).set_params(random_state=seed) for seed in range(5)], X, y)
    >>> bool((np.mean([net.predict_proba(X) for net in nets], axis=0).argmax(axis=1) == y).mean() > 0.95)
    True

    Folds:

    >>> from sklearn.model_selection import StratifiedKFold
    >>> folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    >>> nets = fit_many([clone(kind) for _ in folds], X, y, rows=[train for train, _ in folds])
    >>> bool(np.mean([net.score(X[test], y[test]) for net, (_, test) in zip(nets, folds)]) > 0.9)
    True

    A grid:

    >>> from sklearn.model_selection import ParameterGrid, train_test_split
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> grid = ParameterGrid({"alpha": [1e-4, 1e-2, 1], "hidden_layer_sizes": [(5,), (20,)]})
    >>> nets = fit_many([clone(kind).set_params(**one) for one in grid], X, y)
    >>> bool(max(net.score(X_test, y_test) for net in nets) > 0.9)
    True
    """
    if not isinstance(estimators, Iterable):
        raise TypeError(f"fit_many: expected a list of estimators, got {brief(estimators)}; put it into one")
    estimators = list(estimators)
    _need_apart(estimators)
    parts = [None] * len(estimators) if rows is None else list(rows)
    if len(parts) != len(estimators):
        raise ValueError(f"rows: expected those of each of {len(estimators)} estimators, got {len(parts)}; give as "
                         "many")  # fmt: skip

    def fit(number: int) -> None:
        x, targets, weights = (_part(data, parts[number]) for data in (X, y, sample_weight))
        estimators[number].fit(x, targets, **({} if weights is None else {"sample_weight": weights}))

    fits = _Fits(fit, len(estimators), _jobs(n_jobs))
    fits.run()
    for number, error in sorted(fits.failed, key=lambda pair: pair[0]):
        if not isinstance(error, Exception):
            raise error
        raise RuntimeError(f"fit_many: expected estimators that can be fitted, got {type(error).__name__} of number "
                           f"{number}, {brief(estimators[number])}: {error}; mend or leave it "
                           "out") from error  # fmt: skip
    return estimators


class _Fits:
    """Numbered calls, which threads take one after another until there are none or one has failed."""

    def __init__(self, fit: Callable[[int], None], count: int, jobs: int) -> None:
        self.fit, self.jobs = fit, max(1, min(jobs, count))
        self.waiting = deque(range(count))
        self.failed: list[tuple[int, BaseException]] = []
        self.stop = threading.Event()
        self.ended = threading.Semaphore(0)  # once for each thread; a join that Ctrl-C breaks off takes it for ended

    def run(self) -> None:
        """Begin them all and wait for their end."""
        share = max(1, runtime.get_num_threads() // self.jobs)
        around = self._work, share, sklearn.get_config()
        threads = [threading.Thread(target=contextvars.copy_context().run, args=around, daemon=True)
                   for _ in range(self.jobs)]  # fmt: skip
        with warnings.catch_warnings():  # scikit-learn does so in each thread: the filters of one may outlive another's
            try:
                for thread in threads:
                    thread.start()
                for _ in threads:
                    while not self.ended.acquire(timeout=_LOOK):
                        stopping.look()  # as one of the fits of another call
            finally:
                self.stop.set()
                for thread in threads:
                    if thread.ident is not None:
                        thread.join()

    def _work(self, share: int, config: dict[str, Any]) -> None:
        try:
            with stopping.stopped_by(self.stop), sklearn.config_context(**config), runtime.threads_here(share):
                while not self.stop.is_set() and (number := self._next()) is not None:
                    self._try(number)
        finally:
            self.ended.release()

    def _next(self) -> int | None:
        try:
            return self.waiting.popleft()
        except IndexError:
            return None

    def _try(self, number: int) -> None:
        try:
            self.fit(number)
        except stopping.Stopped:
            pass
        except BaseException as error:  # it is raised in the thread that waits
            self.failed.append((number, error))
            self.stop.set()


def _part(data: Any, rows: Any) -> Any:
    return data if data is None or rows is None else _safe_indexing(data, rows)


def _jobs(n_jobs: int | None) -> int:
    """How many at once."""
    cores = runtime.get_num_threads()
    if n_jobs is None:
        return cores
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        raise TypeError(f"n_jobs: expected an integer or None, got {n_jobs!r}; -1 is as many as there are cores")
    if n_jobs == 0:
        raise ValueError("n_jobs: expected 1 or more, or a negative number that counts from the cores, got 0; leave it "
                         "out")  # fmt: skip
    return int(n_jobs) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))


def _need_apart(estimators: list[Any]) -> None:
    """Refuse estimators that share what fitting changes: the results would depend on who is first."""
    found: dict[int, int] = {}
    for number, estimator in enumerate(estimators):
        for part in _changing(estimator):
            other = found.setdefault(id(part), number)
            if other != number:
                raise ValueError(f"estimators: expected no two to share what fitting changes, got the same "
                                 f"{type(part).__name__} in numbers {other} and {number}; give each its own, by "
                                 "sklearn.base.clone for one")  # fmt: skip


def _changing(estimator: Any) -> Iterator[Any]:
    """The estimator, and of its parameters estimators, generators and callbacks."""
    yield estimator
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for value in parameters.values():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            known = isinstance(one, (np.random.RandomState, np.random.Generator, Callback))
            if known or (hasattr(one, "fit") and not isinstance(one, type)):
                yield one
