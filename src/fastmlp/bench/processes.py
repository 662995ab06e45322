"""Measurements in processes of their own, each with so many cores and nothing in its way."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # where these are set, NumPy is not what it could be


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """Processes that are started meanwhile have so many cores, where the system can be told.

    CPUs that are threads of one core share its arithmetic: one of each core comes before any second.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    if count > len(before):
        raise ValueError(f"threads: expected at most the {len(before)} cores there are, got {count}; ask for fewer")
    os.sched_setaffinity(0, sorted(before, key=lambda cpu: (_place_in_core(cpu), cpu))[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _place_in_core(cpu: int) -> int:
    """0 for the first of the CPUs that are threads of one core, 1 for the second."""
    file = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    if not file.is_file():
        return 0
    parts = [part.split("-") for part in file.read_text().strip().split(",")]  # as in 0-1 or 0,64
    siblings = [n for part in parts for n in range(int(part[0]), int(part[-1]) + 1)]
    return siblings.index(cpu)


def threads_of_all(count: int) -> dict[str, str]:
    """An environment that tells every library that asks to use so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return dict.fromkeys(names, str(count))


def elsewhere(
    program: Sequence[object], threads: int, environment: Mapping[str, str], timeout: float | None = None
) -> dict[str, Any]:
    """The JSON that Python prints as its last line but for what libraries say at exit; or why there is none."""
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
    found = next((line for line in reversed(lines) if line.startswith("{")), None)
    return {"skipped": lines[-1]} if done.returncode or found is None else json.loads(found)
