"""Measurements in processes of their own, each with so many cores and nothing in its way."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # where these are set, NumPy is not what it could be


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """Processes that are started meanwhile have so many cores, where the system can be told."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def threads_of_all(count: int) -> dict[str, str]:
    """An environment that tells every library that asks to use so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return dict.fromkeys(names, str(count))


def elsewhere(
    program: Sequence[object], threads: int, environment: Mapping[str, str], timeout: float | None = None
) -> dict[str, Any]:
    """The last line, JSON, that Python prints when it runs this; or why there is none."""
    kept = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    command = [sys.executable, *map(str, program)]
    try:
        with cores(threads):
            done = subprocess.run(
                command, env={**kept, **environment}, capture_output=True, text=True, timeout=timeout, check=False
            )
    except subprocess.TimeoutExpired:
        return {"skipped": f"not done after {timeout:.0f} s"}
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines() or ["no word"]
    return {"skipped": lines[-1]} if done.returncode else json.loads(lines[-1])
