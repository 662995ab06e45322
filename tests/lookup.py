"""Finds a kernel's twin by its name, and says what to do when there is none."""

from __future__ import annotations

import importlib

import numpy as np
import pytest


def twin(module, name, signature=""):
    """``tests/reference/<module>.py``'s function ``name``; fails with the sentence to act on."""
    functions = vars(importlib.import_module(f"reference.{module}"))
    if name not in functions:
        pytest.fail(f"no reference for kernel '{name}': add {name}({signature}) to tests/reference/{module}.py")
    return functions[name]


def slope(f, x, h=1e-3):
    """The derivative of f at x by 4-point central differences (error of order h⁴)."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


class Guarded:
    """An output array with a canary on each side: ``.array`` to hand out, ``.check()`` after."""

    CANARY = 12345.678

    def __init__(self, shape, dtype, pad=64):
        size = int(np.prod(shape))
        self.pad = pad
        self.whole = np.full(size + 2 * pad, self.CANARY, dtype)
        self.array = self.whole[pad : pad + size].reshape(shape)

    def check(self):
        expected = np.dtype(self.whole.dtype).type(self.CANARY)
        assert (self.whole[: self.pad] == expected).all(), "wrote before the output"
        assert (self.whole[len(self.whole) - self.pad :] == expected).all(), "wrote past the output"
