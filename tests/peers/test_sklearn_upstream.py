"""scikit-learn's own tests of its networks and of estimators, on ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

neural_network = pytest.importorskip(
    "sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[sklearn]'"
)
import fastmlp  # noqa: E402
from fastmlp.sklearn import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

TESTS = Path(__file__).resolve().parents[1]


def test_scikit_learns_tests_pass_under_the_patch(tmp_path):
    paths = os.pathsep.join([str(TESTS), *(path for path in sys.path if path)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "sklearn_patched", "--pyargs",
         "sklearn.neural_network.tests.test_mlp"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(r"\d+ passed( in .*|, \d+ warnings? in .*)", last), last  # none skipped, none expected to fail
    assert int(last.split()[0]) >= 58  # as many as 1.7 has
    fits = dict(re.findall(r"'(\w+)': (\d+)", done.stdout.split("fits of ours: ")[1].splitlines()[0]))
    assert int(fits["MLPClassifier"]) > 80
    assert int(fits["MLPRegressor"]) > 30


SMALL = {"hidden_layer_sizes": (20,), "max_iter": 60}
WAYS = [
    {},
    {"solver": "sgd", "learning_rate_init": 0.05, **SMALL},
    {"solver": "lbfgs", **SMALL},
    {"early_stopping": True, **SMALL},
    {"dtype": "float32", "learning_rate_init": 0.05, **SMALL},
]
ROUNDED = "compares to 1e-7 what is rounded to float32"


@parametrize_with_checks(
    [estimator(**given) for estimator in (MLPClassifier, MLPRegressor) for given in WAYS],
    expected_failed_checks=lambda estimator: {
        f"check_sample_weight_equivalence_on_{kind}_data": ROUNDED for kind in ("dense", "sparse") if estimator.dtype
    },
)
@pytest.mark.filterwarnings("ignore")  # of fits that are stopped early, and of checks that are left out
def test_scikit_learns_checks_of_estimators(estimator, check):
    if estimator.early_stopping and check.func.__name__ == "check_class_weight_classifiers":
        pytest.skip("weighs one class so much that those few rows that are held back say nothing of the others")
    with fastmlp.threads(1):  # of networks this small
        found = failure(check, estimator)
    if not estimator.early_stopping:
        assert found is None
    elif found is not None:  # rows are held back, there is no partial_fit: theirs fails alike
        theirs = getattr(neural_network, type(estimator).__name__)
        assert failure(check, theirs(early_stopping=True, **SMALL)) == found


def failure(check, estimator):
    """Kind and first words of a check's error, None without one."""
    try:
        check(estimator)
    except Exception as error:
        if not estimator.early_stopping:
            raise
        return type(error), str(error).strip()[:30]
