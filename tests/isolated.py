"""Runs a script in a process of its own, for what a test process must not do to itself: fork, hang, start afresh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

# What every script starts with: work for several threads, and the bits one thread makes of it.
PRELUDE = """
import faulthandler, os, sys
faulthandler.dump_traceback_later(float(os.environ.get("SCRIPT_SECONDS", 60)), exit=True)  # where it hangs
import numpy as np
import fastmlp
from fastmlp import _core

_core.set_thread_grain(0.0)
Z = np.random.default_rng(7).normal(0, 3, 50_021).astype(np.float32)

def compute(threads=2):
    with fastmlp.threads(threads):
        return _core.activation_fwd("tanh", Z).tobytes()

ONE = compute(1)
assert any(ONE)
"""


def run_script(path, text, *, timeout=60, ok=True, **environment):
    """What a script (the prelude, then ``text``) prints; its error output if it is to fail, as ``ok=False`` says."""
    path.write_text(PRELUDE + text)
    child = subprocess.Popen(
        [sys.executable, str(path)],
        env={**os.environ, "SCRIPT_SECONDS": str(0.9 * timeout), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = child.communicate(timeout=timeout)
    finally:
        if child.poll() is None:  # it hangs: end it with all it forked
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    assert (child.returncode == 0) is ok, out + err
    return out.strip() if ok else err.strip()
