"""`patch` and `unpatch`: scikit-learn's names for our estimators, in a program that knows of none but scikit-learn."""

from __future__ import annotations

import contextlib
from typing import Any

from sklearn import neural_network

from fastmlp.sklearn import estimators

_OURS: dict[str, Any] = {"MLPClassifier": estimators.MLPClassifier, "MLPRegressor": estimators.MLPRegressor}
_THEIRS: dict[str, Any] = {name: getattr(neural_network, name) for name in _OURS}


def patch() -> contextlib.ExitStack:
    """Put our MLPClassifier and MLPRegressor in the place of ``sklearn.neural_network``'s.

    Call it before the program imports them: a name that was imported before stays what it was. Only the two public
    names are replaced, in this process; scikit-learn's own classes stay where its pickles look for them, and what is
    pickled of ours loads without a patch wherever fastmlp is installed. Workers of joblib get our estimators by name
    and need no patch for them; a function that imports the names in a process started afresh calls `patch` itself.

    After ``with patch():`` the names are again what they were before.

    Examples
    --------
    >>> with patch():
    ...     from sklearn.neural_network import MLPClassifier
    >>> MLPClassifier
    <class 'fastmlp.sklearn.MLPClassifier'>
    """
    before = contextlib.ExitStack()
    for name, ours in _OURS.items():
        before.callback(setattr, neural_network, name, getattr(neural_network, name))
        setattr(neural_network, name, ours)
    return before


def unpatch() -> None:
    """Give ``sklearn.neural_network`` its own MLPClassifier and MLPRegressor back; nothing happens if it has them."""
    for name, theirs in _THEIRS.items():
        setattr(neural_network, name, theirs)
