"""Runs a script of TensorFlow and Keras on fastmlp: ``python tests/as_tensorflow.py SCRIPT``.

The script stays as it is; what it imports by the names of the two is `fastmlp.tf` and `fastmlp.keras`.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import runpy
import sys

STANDS_FOR = {"tensorflow": "fastmlp.tf", "keras": "fastmlp.keras", "tensorflow.keras": "fastmlp.keras"}


def stand_in():
    """Puts our modules, all of them, under the names of theirs."""
    for theirs, ours in STANDS_FOR.items():
        package = importlib.import_module(ours)
        for module in pkgutil.walk_packages(package.__path__, ours + "."):
            importlib.import_module(module.name)
        for name, module in list(sys.modules.items()):
            if name == ours or name.startswith(ours + "."):
                sys.modules[theirs + name[len(ours) :]] = module


if __name__ == "__main__":
    stand_in()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # as Python does
    runpy.run_path(sys.argv[0], run_name="__main__")
