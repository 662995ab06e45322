"""Runs the same calls on scikit-learn's estimator and on ours, and compares all that can be seen of both."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Mapping

import numpy as np
from fastmlp import sklearn as ours
from sklearn import neural_network as theirs
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

EXTRAS = set(ours.MLPClassifier().get_params()) - set(theirs.MLPClassifier().get_params())


class Ctrl_C(io.StringIO):  # noqa: N801
    """A terminal whose user stops the program when it has shown a text."""

    def __init__(self, text=None):
        super().__init__()
        self.text = text

    def write(self, text):
        if self.text is not None and text.startswith(self.text):
            raise KeyboardInterrupt
        return super().write(text)


def outcome(library, kind, params, calls, stopped_at=None):
    """An estimator after calls ``(method, arguments, named)``; what they gave, printed, warned of and raised."""
    params = {**params, "random_state": np.random.RandomState(params.get("random_state", 7))}
    estimator, given, raised, out = getattr(library, kind)(**params), [], None, Ctrl_C(stopped_at)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out), np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            for method, arguments, named in calls:
                value = getattr(estimator, method)(*arguments, **named)
                given.append(None if value is estimator else value)
        except Exception as error:
            raised = error
    optimizer = vars(estimator).get("_optimizer")
    if isinstance(optimizer, SGDOptimizer):
        vars(optimizer).pop("t", None)  # ours counts steps for dropout
        if optimizer.momentum == 0:
            del optimizer.velocities  # kept there, used by no step
    return {
        "raised": None if raised is None else [type(raised).__name__, str(raised).replace(kind, "MLP")],
        "warned": [[w.category.__name__, str(w.message), os.path.basename(w.filename)] for w in caught],
        "printed": out.getvalue().splitlines(),
        "given": given,
        "estimator": {}
        if isinstance(raised, ZeroDivisionError)  # ours is told before the epoch, not in its midst
        else {name: value for name, value in vars(estimator).items() if name not in EXTRAS or name == "loss"},
    }


def furthest(a, b, path=""):
    """The largest difference of two numbers, by the larger of 1 and the first; all else has to be equal."""
    if isinstance(a, np.random.RandomState):
        a, b = a.get_state(), b.get_state()
    if isinstance(a, np.ndarray) and a.dtype.kind == "f":
        memory = "._optimizer." in path  # scikit-learn's is in float64 where float32 rows have float64 targets
        assert a.shape == b.shape, path
        assert a.dtype == b.dtype or memory, path
        finite = np.isfinite(a)
        np.testing.assert_array_equal(a[~finite], b[~finite], err_msg=path)
        a, b = a[finite], b[finite]
        return float(np.max(np.abs(a - b) / np.maximum(1, np.abs(a)), initial=0))
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, err_msg=path, strict=True)
        return 0.0
    assert type(a).__name__ == type(b).__name__, f"{path}: {a!r}, {b!r}"
    if isinstance(a, float):
        return furthest(np.array([a], float), np.array([b], float), path)
    if isinstance(a, Mapping):
        assert a.keys() == b.keys(), f"{path}: {a.keys() ^ b.keys()}"
        return max((furthest(a[key], b[key], f"{path}.{key}") for key in a), default=0.0)
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b), f"{path}: {a}, {b}"
        return max((furthest(*pair, f"{path}[{k}]") for k, pair in enumerate(zip(a, b))), default=0.0)
    if hasattr(a, "__dict__") and not isinstance(a, type) and not callable(a):
        return furthest(vars(a), vars(b), path)
    assert a == b, f"{path}: {a!r}, {b!r}"
    return 0.0


def difference(kind, params, calls, stopped_at=None):
    """Between the two after these calls; their outcome."""
    expected = outcome(theirs, kind, params, calls, stopped_at)
    return furthest(expected, outcome(ours, kind, params, calls, stopped_at)), expected
