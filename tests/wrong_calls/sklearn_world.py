"""What the wrong calls of the estimators are made with besides; scikit-learn need not be installed for all else."""

from __future__ import annotations

import fastmlp.sklearn as estimators
from scipy import sparse
from sklearn.exceptions import NotFittedError


def more(world):
    """Estimators, one of them fitted, and sparse rows."""
    fitted = estimators.MLPClassifier((4,), max_iter=2, random_state=1, tol=0.0, n_iter_no_change=50)
    fitted.fit(world["x"], world["labels"])
    return {
        "estimators": estimators,
        "NotFittedError": NotFittedError,
        "fitted": fitted,
        "MLPClassifier": estimators.MLPClassifier,
        "MLPRegressor": estimators.MLPRegressor,
        "ModelClassifier": estimators.ModelClassifier,
        "fit_many": estimators.fit_many,
        "sparse_rows": sparse.csr_matrix(world["x"]),
        "fresh": lambda: estimators.MLPClassifier((4,), max_iter=2),
    }
