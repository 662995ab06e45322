"""Our estimators beside scikit-learn's: after the same calls all that can be seen of them is the same.

That is every attribute, private ones and the optimizer's memory included, what methods give, the state of the
`RandomState`, what is printed, and warnings and errors, word for word. The largest difference of two numbers was 1e-12.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[sklearn]'")
from scipy import sparse  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn_twins import difference, ours, theirs  # noqa: E402

ROWS = 57
RNG = np.random.default_rng(5)
X = RNG.normal(size=(ROWS, 5))
TASKS = {
    "binary": ("MLPClassifier", np.where(X[:, 0] > 0.3, "yes", "no")),
    "multiclass": ("MLPClassifier", np.array([7, 2, 5])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]),
    "multilabel": ("MLPClassifier", (X[:, :3] + X[:, 1:4] > 0).astype(int)),
    "regression": ("MLPRegressor", X[:, 0] * 2 + 1),
    "several": ("MLPRegressor", X[:, :3] @ RNG.normal(size=(3, 2))),
    "poisson": ("MLPRegressor", np.exp(X[:, 0]).round()),
}
SMALL = {"hidden_layer_sizes": (6, 4), "max_iter": 20, "batch_size": 16, "learning_rate_init": 0.01, "alpha": 0.01}
WEIGHTS = RNG.uniform(0.1, 3, ROWS).round(1)
ASK = {"MLPClassifier": ("predict", "predict_proba", "predict_log_proba"), "MLPRegressor": ("predict",)}


def fit(x, y, **named):
    return ("fit", (x, y), named)


def check(task, given, *calls, tolerance=1e-6, x=X, **named):
    """Given calls, else a fit, then all questions there are."""
    kind, y = TASKS[task]
    few = {"max_iter": 10} if given.get("solver") == "lbfgs" else {}  # whose line search makes much of a last digit
    params = {**SMALL, **({"loss": "poisson"} if task == "poisson" else {}), **few, **given}
    questions = [(ask, (x,), {}) for ask in ASK[kind][: 2 if few else 3]] + [("score", (x, y), {})]
    apart, expected = difference(kind, params, [*(calls or [fit(x, y)]), *questions], **named)
    assert apart < tolerance
    return expected


# ---- solvers, activations, losses


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_every_solver_activation_and_loss(task, solver, activation):
    expected = check(task, {"solver": solver, "activation": activation})
    assert expected["warned"][0][0] == "ConvergenceWarning"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
@pytest.mark.parametrize("momentum", [{"momentum": 0.0}, {"momentum": 0.7, "nesterovs_momentum": False}, {}])
@pytest.mark.parametrize(
    "rate",
    [
        {"learning_rate": "constant"},
        {"learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.1},
        {"learning_rate": "adaptive", "tol": 0.02, "n_iter_no_change": 2, "max_iter": 60},
    ],
    ids=lambda given: given["learning_rate"],
)
def test_every_schedule_and_momentum_of_sgd(task, momentum, rate):
    check(task, {"solver": "sgd", "verbose": True, **momentum, **rate})


@pytest.mark.parametrize("given", [{"beta_1": 0.0}, {"beta_2": 0.5, "epsilon": 1e-3}, {"alpha": 0.0}, {"alpha": 5.0},
                                   {"hidden_layer_sizes": 3}, {"hidden_layer_sizes": ()}])  # fmt: skip
def test_numbers_of_adam_penalty_and_sizes(given):
    check("multiclass", given)


# ---- data


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_sample_weight(task, solver):
    check(task, {"solver": solver}, fit(X, TASKS[task][1], sample_weight=WEIGHTS))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("matrix", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse(matrix, solver):
    x = matrix(np.where(X > 0.5, X, 0))
    for task in ("multiclass", "several"):
        check(task, {"solver": solver}, x=x)
    check("binary", {"early_stopping": True, "shuffle": False, "solver": solver}, x=x)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_float32(task, solver):
    check(task, {"solver": solver, "activation": "tanh", "max_iter": 10}, x=X.astype(np.float32), tolerance=3e-3)


@pytest.mark.parametrize("trained", ["float32", "float64"])
@pytest.mark.parametrize("asked", ["?", "i1", "u2", "i4", "f2", "f4", "f8"])
def test_types_of_predictions(asked, trained):
    y, rows = TASKS["multiclass"][1], (X * 3).astype(asked)
    calls = [fit(X.astype(trained), y), ("predict_proba", (rows,), {}),
             ("predict_proba", (sparse.csr_matrix(rows.astype("f4" if asked == "f2" else asked)),), {})]  # fmt: skip
    assert difference("MLPClassifier", SMALL, calls)[0] < 1e-3


@pytest.mark.parametrize("size", [1, 16, ROWS, "auto", 1000])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches(size, shuffle):
    expected = check("multiclass", {"batch_size": size, "shuffle": shuffle, "max_iter": 5})
    assert ("clipped" in str(expected["warned"])) == (size == 1000)


@pytest.mark.parametrize("kind", [list, np.asfortranarray, lambda x: x[::-1], lambda x: (x * 9).astype(int)])
def test_layouts_and_types_of_data(kind):
    x = kind(X)
    check("binary", {}, x=x)
    check("several", {}, fit(x, kind(TASKS["several"][1])), x=x)


# ---- when it ends, and how it goes on


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_early_stopping(task, solver):
    given = {"early_stopping": True, "n_iter_no_change": 3, "verbose": True, "max_iter": 40, "solver": solver}
    check(task, given)
    check(task, {**given, "validation_fraction": 0.3}, fit(X, TASKS[task][1], sample_weight=WEIGHTS))


@pytest.mark.parametrize("given", [{"tol": 0.05, "n_iter_no_change": 2}, {"tol": 0.5, "n_iter_no_change": np.inf}, {}])
def test_when_the_loss_no_longer_falls(given):
    expected = check("binary", {"verbose": True, "max_iter": 30, **given})
    assert any("Stopping" in line for line in expected["printed"]) == (given.get("tol") == 0.05)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_fit_again_with_and_without_warm_start(task, solver):
    y = TASKS[task][1]
    calls = [fit(X, y), ("set_params", (), {"max_iter": 7}), fit(X[:40], y[:40]), fit(X, y)]
    for warm in (False, True):
        check(task, {"solver": solver, "warm_start": warm, "learning_rate": "invscaling"}, *calls)
    check(task, {"solver": solver, "warm_start": True, "early_stopping": True}, *calls)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("task", TASKS)
def test_partial_fit_in_pieces(task, solver):
    y = TASKS[task][1]
    first = {"classes": np.unique(y)} if task in ("binary", "multiclass") else {}
    pieces = [("partial_fit", (X[:20], y[:20]), first), ("partial_fit", (X[20:50], y[20:50]), {}),
              ("partial_fit", (X[50:], y[50:]), {"sample_weight": WEIGHTS[50:]})]  # fmt: skip
    given = {"solver": solver, "learning_rate": "invscaling", "verbose": True}
    check(task, given, *pieces * 3)
    check(task, given, fit(X, y), *pieces[1:], fit(X, y))
    check(task, given, *pieces, ("set_params", (), {"alpha": 1.0, "learning_rate_init": 0.5}), *pieces[1:])


def test_weights_set_by_hand_and_refits_on_other_data():
    y = TASKS["binary"][1]
    labels = TASKS["multiclass"][1]
    check("multiclass", {}, fit(X, y), fit(X[:, :3], y), fit(X, labels))
    check("binary", {"random_state": 3, "max_iter": 1}, *[fit(X, y)] * 3)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_ctrl_c(solver):
    expected = check("binary", {"solver": solver, "verbose": True}, stopped_at="Iteration 3")
    assert expected["warned"][0][:2] == ["UserWarning", "Training interrupted by user."]
    assert len(expected["printed"]) == 2


# ---- errors and warnings

Y = TASKS["binary"][1]
PIECE = ("partial_fit", (X, Y), {})
HUGE = np.where(np.arange(5) == 0, 1e150, 1.0) * X


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({"hidden_layer_sizes": (3, 0)}, [fit(X, Y)]),
        ({"hidden_layer_sizes": -1}, [fit(X, Y)]),
        ({"solver": "adamw"}, [fit(X, Y)]),
        ({"alpha": -1}, [fit(X, Y)]),
        ({"momentum": 2}, [fit(X, Y)]),
        ({"batch_size": 0}, [fit(X, Y)]),
        ({"learning_rate": "falling"}, [fit(X, Y)]),
        ({"max_iter": 0}, [fit(X, Y)]),
        ({"shuffle": "yes"}, [fit(X, Y)]),
        ({}, [fit(X[:5], Y)]),
        ({}, [fit(X[0], Y)]),
        ({}, [fit(np.full_like(X, np.nan), Y)]),
        ({}, [fit(X, X[:, 0])]),
        ({}, [fit(X, Y, sample_weight=WEIGHTS[:3])]),
        ({}, [fit(X, Y, sample_weight=np.zeros(ROWS))]),
        ({"solver": "lbfgs"}, [fit(X, Y, sample_weight=np.zeros(ROWS))]),
        ({"batch_size": 8, "shuffle": False}, [fit(X, Y, sample_weight=np.arange(ROWS) > 30)]),
        ({}, [fit(X, Y.reshape(-1, 1))]),
        ({}, [("predict", (X,), {})]),
        ({}, [("predict_proba", (X,), {})]),
        ({}, [fit(X, Y), ("predict", (X[:, :2],), {})]),
        ({}, [PIECE]),
        ({}, [("partial_fit", (X, Y), {"classes": ["yes"]})]),
        ({"solver": "lbfgs"}, [PIECE]),
        ({"early_stopping": True}, [("partial_fit", (X, Y), {"classes": ["no", "yes"]})]),
        ({"early_stopping": True}, [fit(X[:8], Y[:8])]),
        ({"early_stopping": True, "validation_fraction": 0.0}, [fit(X, Y)]),
        ({"early_stopping": True}, [fit(X, Y, sample_weight=np.arange(ROWS) == 1)]),
        ({"warm_start": True}, [fit(X, Y), fit(X, TASKS["multiclass"][1])]),
        ({"warm_start": True}, [fit(X, Y), fit(X[:, :2], Y)]),
        ({}, [fit(X, Y), ("partial_fit", (X, TASKS["multiclass"][1]), {})]),
        ({"solver": "sgd", "learning_rate_init": 1e5, "activation": "identity"}, [fit(X * 1e100, Y)]),
        ({"solver": "lbfgs"}, [fit(HUGE, Y)]),
    ],
)
def test_errors_and_warnings_word_for_word(given, calls):
    apart, expected = difference("MLPClassifier", {**SMALL, **given}, calls)
    assert apart < 1e-6
    assert expected["raised"] or expected["warned"]


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_filters_by_scikit_learns_module_hold(kind):
    seen = []
    for library in (theirs, ours):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                getattr(library, kind)(max_iter=1).fit(X, X[:, 0] > 0)
            seen.append(len(caught))
            warnings.filterwarnings("ignore", module="sklearn", category=ConvergenceWarning)
            getattr(library, kind)(max_iter=2).fit(X, X[:, 0] > 0)
            assert len(caught) == seen[-1]
    assert seen[0] == seen[1] > 0


@pytest.mark.parametrize("y", [-np.ones(ROWS), X, X[:, :1], X[:3], np.full(ROWS, np.inf)])
def test_errors_of_regressors(y):
    for given in ({}, {"loss": "poisson"}, {"early_stopping": True, "solver": "sgd"}):
        assert difference("MLPRegressor", {**SMALL, **given}, [fit(X, y)])[0] < 1e-6
