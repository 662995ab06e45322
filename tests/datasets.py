"""Data too large for this repository, where this machine has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def data_file(name):
    """A file in ``$FASTMLP_DATA`` or in ``shared/data`` beside a folder the tests lie in; else the test is skipped."""
    folders = [Path(os.environ["FASTMLP_DATA"])] if "FASTMLP_DATA" in os.environ else []
    folders += [parent / "shared" / "data" for parent in Path(__file__).resolve().parents]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"no {name}: put it into a folder and let FASTMLP_DATA name that")
