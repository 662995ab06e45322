"""Whole scripts, as users of Keras write them, print the same numbers on fastmlp and on Keras with TensorFlow.

The scripts do not know of it: not a letter of theirs differs. All is in float32, and each script makes some tens of
steps; in these the roundings of the two part by a few units of the seventh digit. So losses and metrics are to agree to
1e-5 of their size (or 1e-6, of those near zero), predictions to 1e-5 of what they are and 1e-5.
"""

from __future__ import annotations

import math

import pytest
from script_runs import SCRIPTS, leaves, numbers

pytest.importorskip("keras", reason="the scripts run on Keras, too")
pytest.importorskip("tensorflow", reason="the scripts run on TensorFlow, too")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_finds_the_same(script, tmp_path):
    theirs = list(leaves(numbers(script, tmp_path, ours=False)))
    ours = list(leaves(numbers(script, tmp_path)))
    assert [path for path, _ in ours] == [path for path, _ in theirs]
    apart = [
        f"{path}: {b!r}, Keras {a!r}" for (path, a), (_, b) in zip(theirs, ours, strict=True) if not same(path, a, b)
    ]
    assert not apart


def same(path, a, b):
    """Whether two results are one, but for rounding."""
    if not isinstance(a, float) or not isinstance(b, float):
        return a == b
    return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-5 if path.startswith("/predict") else 1e-6)
