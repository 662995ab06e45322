"""``info``: what was built and what runs on this machine."""

from __future__ import annotations

import argparse
import os
import platform

import numpy as np

import fastmlp
from fastmlp import _core

HELP = "what was built and what runs on this machine"


def options(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(arguments: argparse.Namespace) -> None:
    """Print what was built, what this machine runs of it, and with what."""
    levels = _core.levels()
    usable = [name for name, ok in levels.items() if ok]
    chosen = "FASTMLP_ISA" if os.environ.get("FASTMLP_ISA", "").strip() else "the best usable one"
    date, library = _core.openmp_version(), _core.openmp_library()
    openmp = f"{date} ({library or 'library not known'})" if date else "none: built without, single-threaded"
    rows = {
        "fastmlp": fastmlp.__version__,
        "levels": f"built {', '.join(levels)}; usable {', '.join(usable)}; in use {_core.level()} ({chosen})",
        "bfloat16": "products by an instruction of this CPU" if _core.bf16_by_instruction() else "products emulated",
        "threads": str(fastmlp.get_num_threads()),
        "OpenMP": openmp,
        "compiler": _core.compiler(),
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "NumPy": np.__version__,
    }
    for name, value in rows.items():
        print(f"{name:<10}{value}")
