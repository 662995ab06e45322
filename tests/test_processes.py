"""Forks and worker processes: a child computes what its parent does, and nothing hangs."""

from __future__ import annotations

import multiprocessing
import os

import pytest
from fastmlp import _core

OPENMP = pytest.mark.skipif(_core.openmp_version() == 0, reason="built without OpenMP: there are no threads")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

FORK_CHILD = """
pid = os.fork()
if pid == 0:
    same = all(compute(n) == ONE for n in (1, 2, 5, 2))
    os._exit(0 if same else 3)
assert os.waitpid(pid, 0)[1] == 0
assert compute(2) == ONE, "the parent goes on"
print("same")
"""


@FORK
def test_fork_before_any_region(script):
    assert script(FORK_CHILD) == "same"


@FORK
@OPENMP
def test_fork_after_a_region(script):
    assert script("assert compute(2) == ONE\n" + FORK_CHILD) == "same"


@FORK
@OPENMP
def test_fork_of_a_fork_and_from_a_thread(script):
    text = """
import threading
assert compute(3) == ONE
def fork():
    pid = os.fork()
    if pid == 0:
        assert compute(2) == ONE
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if compute(3) == ONE else 3)
        os._exit(os.waitpid(grandchild, 0)[1] != 0)
    codes.append(os.waitpid(pid, 0)[1])
codes = []
pool = [threading.Thread(target=fork) for _ in range(3)]
for t in pool: t.start()
for t in pool: t.join()
print(codes)
"""
    assert script(text) == "[0, 0, 0]"


@FORK
@OPENMP
def test_the_cost_rule_still_starts_threads_after_fork(script):
    """With the default grain, long work in a child uses several threads: they show in /proc while it runs."""
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("threads are counted in /proc, which this system lacks")
    text = """
import threading, time
assert compute(2) == ONE
_core.set_thread_grain(-1.0)
big = np.tile(Z, 200)
pid = os.fork()
if pid == 0:
    fastmlp.set_num_threads(3)
    most, done = 0, False
    def compute_long():
        global done
        for _ in range(300):
            _core.activation_fwd("tanh", big)
            if most >= 2 + 3: break
        done = True
    thread = threading.Thread(target=compute_long)
    thread.start()
    while not done:
        most = max(most, len(os.listdir("/proc/self/task")))
        time.sleep(1e-3)
    thread.join()
    os._exit(0 if most >= 2 + 3 else 100 + most)  # main, the caller, the team of a fresh thread
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert script(text) == "0"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(script, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    text = """
import multiprocessing

def child(n):
    return compute(n) == ONE

if __name__ == "__main__":
    assert compute(2) == ONE
    with multiprocessing.get_context(METHOD).Pool(2) as pool:
        print(pool.map(child, [1, 2, 3, 2]))
"""
    assert script(text.replace("METHOD", repr(method))) == "[True, True, True, True]"


def test_concurrent_futures(script):
    text = """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def child(n):
    return compute(n) == ONE

if __name__ == "__main__":
    for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
        with kind(2) as pool:
            print(all(pool.map(child, [1, 2, 3, 2])))
"""
    assert script(text).split() == ["True", "True"]


def test_joblib_workers(script):
    pytest.importorskip("joblib", reason="joblib is not installed")
    text = """
import joblib
assert compute(2) == ONE
print(all(joblib.Parallel(2, backend="loky")(joblib.delayed(lambda n: compute(n) == ONE)(n) for n in (1, 2, 3, 2))))
"""
    assert script(text) == "True"
