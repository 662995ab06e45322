"""The promise: the same bits at every level and for every number of threads, kernel by kernel.

Every test file may define ``bit_cases(dtype)``: pairs of a label and a function that returns arrays.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from fastmlp import _core

MODULES = sorted(p.stem for p in Path(__file__).parent.glob("test_*.py") if "def bit_cases(" in p.read_text())
LEVELS = [name for name, usable in _core.levels().items() if usable]


@pytest.fixture
def own_level():
    before = _core.level()
    yield
    _core.choose_level(before)


@pytest.mark.parametrize("module", [m for m in MODULES if m != "test_bits"])
def test_same_bits_everywhere(module, dtype, every_thread, own_level):
    wrong = []
    first: dict[str, list[bytes]] = {}
    for level in LEVELS:
        _core.choose_level(level)
        for threads in (1, 2, 3, 5, 8) if level == LEVELS[-1] else (3,):
            _core.set_threads(threads)
            for label, run in importlib.import_module(module).bit_cases(dtype):
                got = [np.asarray(a).tobytes() for a in run()]
                assert any(any(b) for b in got), f"{label}: every output is zero"
                if first.setdefault(label, got) != got:
                    wrong.append(f"{label} at {level}, {threads} threads")
    assert first, "no cases"
    assert not wrong, "bits differ from the first level's, three threads: " + "; ".join(wrong)
