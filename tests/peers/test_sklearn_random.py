"""Our estimators beside scikit-learn's with parameters, data and calls by chance: the same in all that can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[sklearn]'")
from scipy import sparse  # noqa: E402
from sklearn_twins import difference  # noqa: E402

PARAMS = {
    "hidden_layer_sizes": st.sampled_from([(), 1, 3, (7,), (4, 5), [2, 3, 2], np.array([3, 4])]),
    "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
    "solver": st.sampled_from(["adam", "sgd", "adam", "sgd", "lbfgs"]),
    "alpha": st.sampled_from([0, 1e-4, 0.1, 3.0]),
    "batch_size": st.sampled_from(["auto", 1, 2, 5, 8, 64]),
    "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
    "learning_rate_init": st.sampled_from([1e-3, 0.003, 0.01]),  # near p = 1 their log(1 - p) has few true digits
    "power_t": st.sampled_from([0.0, 0.5, 0.9]),
    "max_iter": st.integers(1, 6),
    "shuffle": st.booleans(),
    "random_state": st.integers(0, 2**31),
    "tol": st.sampled_from([0.0, 1e-4, 0.05, 10.0]),
    "verbose": st.booleans(),
    "warm_start": st.booleans(),
    "momentum": st.sampled_from([0.0, 0.5, 0.9]),
    "nesterovs_momentum": st.booleans(),
    "early_stopping": st.sampled_from([False, False, True]),
    "validation_fraction": st.sampled_from([0.1, 0.3]),
    "beta_1": st.sampled_from([0.0, 0.9]),
    "beta_2": st.sampled_from([0.9, 0.999]),
    "epsilon": st.sampled_from([1e-8, 1e-3]),
    "n_iter_no_change": st.sampled_from([1, 2, 10, np.inf]),
    "max_fun": st.sampled_from([3, 15000]),
}
# set_params: warm starts keep layers of other sizes, for a part of a fit either of us may run into an IndexError
LATER = {**PARAMS, "random_state": st.just(1)}
del LATER["hidden_layer_sizes"]
TARGETS = {
    "binary": lambda z, rng: np.array(["no", "yes"])[(z[:, 0] > 0).astype(int)],
    "multiclass": lambda z, rng: rng.integers(0, 4, len(z)) * 10,
    "multilabel": lambda z, rng: (rng.normal(size=(len(z), 3)) > 0).astype(int),
    "regression": lambda z, rng: z.sum(axis=1),
    "several": lambda z, rng: rng.normal(size=(len(z), 2)),
    "poisson": lambda z, rng: rng.poisson(2.0, len(z)).astype(float),
}
KINDS = [np.asarray, np.asfortranarray, sparse.csr_matrix, sparse.csc_matrix]


@st.composite
def situations(draw):
    task = draw(st.sampled_from(sorted(TARGETS)))
    params = draw(st.fixed_dictionaries({}, optional=PARAMS))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    rows, features, kind = draw(st.integers(6, 40)), draw(st.integers(1, 6)), draw(st.sampled_from(KINDS))
    x = rng.normal(size=(rows, features)).round(2)
    y = TARGETS[task](x, rng)
    weights = draw(st.sampled_from([None, rng.integers(0, 3, rows), rng.uniform(0.5, 2, rows)]))
    calls = []
    for name in draw(st.lists(st.sampled_from(["fit", "partial_fit", "set_params"]), min_size=1, max_size=4)):
        if name == "set_params":
            other = draw(st.fixed_dictionaries({}, optional=LATER))
            calls.append((name, (), other))
            continue
        part = slice(draw(st.sampled_from([0, 0, 3])), None)
        named = {"classes": np.unique(y)} if name == "partial_fit" and task in ("binary", "multiclass") else {}
        if weights is not None:
            named["sample_weight"] = weights[part]
        calls.append((name, (kind(x[part]), y[part]), named))
    asked = ["predict", "predict_proba"] if task in ("binary", "multiclass", "multilabel") else ["predict"]
    calls += [(name, (kind(x),), {}) for name in asked]
    if task == "poisson":
        params["loss"] = "poisson"
    return ("MLPRegressor" if task in ("regression", "several", "poisson") else "MLPClassifier"), params, calls


def check(situation):
    kind, params, calls = situation
    apart, expected = difference(kind, {"max_iter": 5, **params}, calls)
    assert apart < 1e-6, expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(situations())
def test_any_calls_with_any_parameters(situation):
    check(situation)
