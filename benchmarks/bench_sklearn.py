"""Seconds of fits by scikit-learn's networks and by fastmlp.sklearn's, in one process, one after the other.

    python benchmarks/bench_sklearn.py [--rounds 7] [--epochs 10] [--threads 2] [--only digits]
        [--pause 0.2]

Each case is fitted by both in each round, in turns; a figure is the median over the rounds, the ratio the median of the
rounds' ratios. Before each fit there is a pause, for NumPy's threads spin for a tenth of a second after their last
product and would take a core from the other library's fit; `--pause 0` shows how much. The greatest difference of
weights stands beside it: both make the same steps. MNIST is read from the folder that `fastmlp.data.load_mnist` looks
into; without it its cases are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastmlp import data, get_num_threads, set_num_threads
from fastmlp import sklearn as ours
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

Case = tuple[str, str, np.ndarray, np.ndarray, dict[str, Any]]


def cases() -> Iterator[Case]:
    """A name, an estimator's, data, parameters."""
    x, y = datasets.load_digits(return_X_y=True)
    for dtype in ("float64", "float32"):
        yield f"digits {dtype}", "MLPClassifier", (x / 16).astype(dtype), y, {}
    yield "digits float64, early stopping", "MLPClassifier", x / 16, y, {"early_stopping": True}
    yield "digits float64, sgd", "MLPClassifier", x / 16, y, {"solver": "sgd"}
    yield "digits float64, lbfgs", "MLPClassifier", x / 16, y, {"solver": "lbfgs"}
    x, y = datasets.load_iris(return_X_y=True)
    yield "iris float64", "MLPClassifier", x, y, {}
    x, y = datasets.load_diabetes(return_X_y=True)
    yield "diabetes float64", "MLPRegressor", x, y, {}
    try:
        (x, y), _ = data.load_mnist()
    except FileNotFoundError:
        return
    for dtype in ("float64", "float32"):
        yield f"MNIST {dtype}", "MLPClassifier", x.reshape(len(x), -1).astype(dtype) / np.dtype(dtype).type(255), y, {}


def fitted(library: Any, case: Case, epochs: int, pause: float) -> tuple[float, Any]:
    """Seconds of a fit, and what came of it; without a look at convergence, so that both make as many epochs."""
    _, name, x, y, parameters = case
    estimator = getattr(library, name)(max_iter=epochs, random_state=0, tol=0, n_iter_no_change=epochs, **parameters)
    time.sleep(pause)
    start = time.perf_counter()
    estimator.fit(x, y)
    return time.perf_counter() - start, estimator


def compare(case: Case, rounds: int, epochs: int, pause: float) -> None:
    """Print a line."""
    pairs = []
    for turn in range(rounds + 1):
        order = [neural_network, ours] if turn % 2 else [ours, neural_network]
        found = {library: fitted(library, case, epochs, pause) for library in order}
        pairs.append((found[neural_network][0], found[ours][0]))
    theirs, mine = (found[library][1] for library in (neural_network, ours))
    apart = max(float(np.abs(a - b).max()) for a, b in zip(theirs.coefs_, mine.coefs_, strict=True))
    pairs = pairs[1:]  # the first warms up
    slow, fast = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{case[0]:32s} {slow:8.3f} s {fast:8.3f} s {ratio:6.1f} times   weights {apart:.0e} apart", flush=True)


def journey(library: Any) -> tuple[float, float]:
    """Seconds of a search over a pipeline's networks, and the best score."""
    x, y = datasets.load_digits(return_X_y=True)
    pipeline = Pipeline([("scale", MinMaxScaler()), ("mlp", library.MLPClassifier(max_iter=100, random_state=0))])
    grid = {"mlp__hidden_layer_sizes": [(50,), (100,), (100, 50)], "mlp__alpha": [1e-4, 1e-2]}
    start = time.perf_counter()
    search = GridSearchCV(pipeline, grid, cv=3).fit(x, y)
    return time.perf_counter() - start, search.best_score_


def compare_journeys(rounds: int) -> None:
    """Print a line: the README's example before and after its import is changed."""
    pairs = [(journey(neural_network), journey(ours)) for _ in range(rounds)]
    slow, fast = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    scores = {score for pair in pairs for _, score in pair}
    print(f"{'GridSearchCV over a Pipeline':32s} {slow:8.3f} s {fast:8.3f} s {ratio:6.1f} times   scores {scores}")


def main() -> None:
    """Compare all cases, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=get_num_threads())
    parser.add_argument("--pause", type=float, default=0.2, help="seconds before each fit")
    parser.add_argument("--only", default="", help="the beginning of the cases' names")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    set_num_threads(asked.threads)
    with threadpool_limits(asked.threads):
        print(f"{asked.epochs} epochs, {asked.threads} thread(s)")
        for case in cases():
            if case[0].startswith(asked.only):
                compare(case, asked.rounds, asked.epochs, asked.pause)
        if "GridSearchCV".startswith(asked.only):
            compare_journeys(min(3, asked.rounds))


if __name__ == "__main__":
    main()
