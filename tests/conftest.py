"""Fixtures and helpers every test file shares."""

from __future__ import annotations

import os

import numpy as np
import pytest
from fastmlp import _core
from isolated import run_script

os.environ.setdefault("KERAS_BACKEND", "jax")  # for the tests beside Keras, before they import it
os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX is without float64 unless told before it is imported


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Each element type in turn."""
    return np.dtype(request.param)


@pytest.fixture
def rng():
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20240229)


@pytest.fixture
def every_thread():
    """Starts threads however small the work is, so that small cases exercise the parallel paths."""
    _core.set_thread_grain(0.0)
    yield
    _core.set_thread_grain(-1.0)
    _core.set_threads(0)


@pytest.fixture
def script(tmp_path):
    """Runs Python text in a process of its own, under a watchdog: ``script(text, timeout=…, ok=…, VARIABLE=…)``."""
    return lambda text, **options: run_script(tmp_path / "script.py", text, **options)
