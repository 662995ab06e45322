"""A plugin of pytest, ``-p sklearn_patched``: tests written for scikit-learn run on our estimators, counted."""

from __future__ import annotations

from collections import Counter

from fastmlp.sklearn import MLPClassifier, MLPRegressor, patch
from fastmlp.sklearn.mlp import InC

FITS: Counter = Counter()
_fit = InC._fit


def _counted(self, *given, **named):
    FITS[type(self).__name__] += 1
    return _fit(self, *given, **named)


InC._fit = _counted
patch()  # before anything is collected


def pytest_collection_modifyitems(items):
    """What a test module has imported is ours."""
    for item in items:
        assert item.module.MLPClassifier is MLPClassifier
        assert item.module.MLPRegressor is MLPRegressor


def pytest_terminal_summary(terminalreporter):
    """How often each was trained."""
    terminalreporter.write_line(f"fits of ours: {dict(sorted(FITS.items()))}")
