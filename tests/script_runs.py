"""Runs the scripts of tests/peers/scripts, each in a process of its own, and reads the numbers they print last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = sorted((HERE / "peers" / "scripts").glob("*.py"))
_AS_TENSORFLOW = str(HERE / "as_tensorflow.py")


def numbers(script, tmp_path, ours=True):
    """What a script finds: on fastmlp, or on TensorFlow and Keras themselves."""
    quiet = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, *([_AS_TENSORFLOW] if ours else []), str(script)]
    done = subprocess.run(
        command, env={**os.environ, **quiet, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def leaves(tree, path=""):
    """Path and value of each number and word, in their order."""
    if isinstance(tree, (dict, list)):
        pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in pairs:
            yield from leaves(value, f"{path}/{key}")
    else:
        yield path, tree
