"""A few seconds of what soak.py does for as long as one likes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def soaked(*arguments):
    command = [sys.executable, str(Path(__file__).with_name("soak.py")), *arguments]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        printed, _ = child.communicate(timeout=900)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    return child.returncode, printed


def test_threads_and_processes_that_do_everything_at_once():
    status, printed = soaked("--minutes", "0.1", "--threads", "3")
    assert status == 0, printed
    assert "actions" in printed
