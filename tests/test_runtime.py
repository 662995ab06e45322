"""Threads, forks, levels and the floating-point mode: the engine as a guest in somebody's process."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time

import fastmlp
import numpy as np
import pytest
import threadpoolctl
from fastmlp import _core

OPENMP = pytest.mark.skipif(_core.openmp_version() == 0, reason="built without OpenMP: there are no threads")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# What every script below starts with: work for several threads, and the bits one thread makes of it.
PRELUDE = """
import os, sys
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


@pytest.fixture(autouse=True)
def own_settings():
    yield
    _core.set_threads(0)
    _core.set_thread_grain(-1.0)


@pytest.fixture
def script(tmp_path):
    """Runs Python text in a process of its own, under a watchdog, and returns what it printed."""

    def run(text, *, prelude=PRELUDE, timeout=60, ok=True, **environment):
        path = tmp_path / "script.py"
        path.write_text(prelude + text)
        done = subprocess.run(
            [sys.executable, str(path)],
            env={**{k: v for k, v in os.environ.items() if k not in ("FASTMLP_ISA", "OMP_NUM_THREADS")}, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout.strip() if ok else done.stderr.strip()

    return run


def work(n=50_021):
    return np.random.default_rng(7).normal(0, 3, n).astype(np.float32)


# ---- how many threads


@OPENMP
def test_threads_are_set_and_followed():
    fastmlp.set_num_threads(3)
    assert fastmlp.get_num_threads() == 3
    fastmlp.set_num_threads(np.int64(2))
    assert fastmlp.get_num_threads() == 2
    fastmlp.set_num_threads(10**30)
    assert 2 < fastmlp.get_num_threads() < 1000
    fastmlp.set_num_threads(None)
    assert fastmlp.get_num_threads() >= 1


@OPENMP
def test_context_manager_nests_and_restores_after_an_error():
    fastmlp.set_num_threads(4)
    with fastmlp.threads(3):
        with fastmlp.threads(1):
            assert fastmlp.get_num_threads() == 1
        assert fastmlp.get_num_threads() == 3
        with pytest.raises(KeyError), fastmlp.threads(2):
            raise KeyError
        assert fastmlp.get_num_threads() == 3
        with pytest.raises(ValueError, match="expected 1 or more"), fastmlp.threads(0):
            pass
        assert fastmlp.get_num_threads() == 3
    assert fastmlp.get_num_threads() == 4


@OPENMP
def test_context_manager_restores_follow_the_machine():
    fastmlp.set_num_threads(None)
    with fastmlp.threads(1):
        pass
    assert _core.wanted_threads() == 0


@pytest.mark.parametrize(("bad", "error"), [(0, ValueError), (-2, ValueError), (True, TypeError), (1.0, TypeError)])
def test_bad_thread_counts_are_refused(bad, error):
    before = fastmlp.get_num_threads()
    with pytest.raises(error, match="set_num_threads: expected .*, got .*; pass"):
        fastmlp.set_num_threads(bad)
    assert fastmlp.get_num_threads() == before


@OPENMP
@pytest.mark.parametrize("count", ["1", "3"])
def test_omp_num_threads_is_honoured(script, count):
    assert script("print(fastmlp.get_num_threads())", OMP_NUM_THREADS=count) == count


@OPENMP
def test_threadpoolctl_sees_and_limits_us():
    ours = os.path.realpath(_core.openmp_library())
    assert ours in {os.path.realpath(lib["filepath"]) for lib in threadpoolctl.threadpool_info()}
    with threadpoolctl.threadpool_limits(3, user_api="openmp"):
        assert fastmlp.get_num_threads() == 3
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert fastmlp.get_num_threads() == 1
        fastmlp.set_num_threads(2)
        assert fastmlp.get_num_threads() == 2, "a limit of our own goes before the runtime's"


@pytest.mark.skipif(_core.openmp_version() > 0, reason="built with OpenMP")
def test_without_openmp_there_is_one_thread():
    fastmlp.set_num_threads(4)
    assert fastmlp.get_num_threads() == 1


# ---- levels


@pytest.mark.parametrize("name", [name for name, usable in _core.levels().items() if usable])
def test_isa_is_forced_whatever_its_case(script, name):
    assert script("print(_core.level())", FASTMLP_ISA=f" {name.upper()} ") == name


def test_the_best_usable_level_is_the_default(script):
    usable = [name for name, ok in _core.levels().items() if ok]
    assert script("print(_core.level())") == script("print(_core.level())", FASTMLP_ISA="") == usable[-1]


def test_an_absent_isa_is_refused_with_what_is_usable(script):
    text = script("", FASTMLP_ISA="altivec", ok=False).splitlines()[-1]
    assert text.startswith("ValueError: level: expected one of scalar")
    assert "got 'altivec' (it was not built); set FASTMLP_ISA to one of these" in text


def test_an_isa_this_cpu_lacks_is_refused(monkeypatch):
    before = _core.level()
    monkeypatch.setattr(_core, "levels", lambda: {"scalar": True, "avx1024": False})
    with pytest.raises(
        ValueError, match="expected one of scalar, got 'avx1024' .this CPU cannot run it.; set FASTMLP_"
    ):
        _core.choose_level("avx1024")
    assert _core.level() == before


# ---- several threads, several processes


def test_python_threads_compute_at_once(every_thread):
    z = work()
    fastmlp.set_num_threads(1)
    expected = _core.activation_fwd("tanh", z).tobytes()
    fastmlp.set_num_threads(2)
    start, wrong = threading.Barrier(8), []

    def run():
        start.wait()
        for _ in range(20):
            if _core.activation_fwd("tanh", z).tobytes() != expected:
                wrong.append(threading.get_ident())

    pool = [threading.Thread(target=run) for _ in range(8)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(60)
    assert not any(thread.is_alive() for thread in pool)
    assert not wrong


def test_the_gil_is_released():
    z = np.tile(work(), 40)
    fastmlp.set_num_threads(1)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(1e-4)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        best = 0
        for _ in range(20):  # on a loaded machine the ticker may have to wait for a core
            begin = time.perf_counter()
            _core.activation_fwd("sigmoid", z)
            end = time.perf_counter()
            best = max(best, sum(begin < t < end for t in list(ticks)))
            if best > 3:
                break
    finally:
        stop.set()
        ticker.join()
    assert best > 3, "another Python thread stood still while a kernel ran"


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
        for _ in range(5): _core.activation_fwd("tanh", big)
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


# ---- in somebody else's process


def denormals_live():
    """Whether this thread computes with numbers below the smallest normal one."""
    return bool((np.full(5, 1e-39, np.float32) * np.float32(1) != 0).all()) and np.full(1, 1e-310)[0] * 1.0 != 0


def test_denormals_are_flushed_inside_and_live_outside(every_thread):
    z = np.full(50_021, 1e-39, np.float32)
    outside = []

    def run():
        for n in (1, 3):
            _core.set_threads(n)
            flushed = _core.activation_bwd("sigmoid", np.full_like(z, 0.5), z)
            assert not flushed.any(), "flush-to-zero is on inside a call"
            outside.append(denormals_live())

    assert denormals_live()
    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert outside == [True] * 4


def test_numpy_hears_of_no_exception_of_ours():
    with np.errstate(all="raise"):
        _core.activation_fwd("sigmoid", np.array([-1e4, 1e4, np.inf, np.nan] * 9, np.float32))
        assert np.float32(1) + np.float32(1) == 2


def test_next_to_blas(every_thread):
    """NumPy's BLAS threads and ours in turn and at once: neither changes the other's numbers."""
    fastmlp.set_num_threads(2)
    a, z = work(160_000).reshape(400, 400), work()
    product, ours = a @ a, _core.activation_fwd("tanh", z).tobytes()
    wrong = []

    def multiply():
        for _ in range(20):
            if not np.allclose(a @ a, product, rtol=1e-4, atol=1e-3):
                wrong.append("product")
            if not denormals_live():
                wrong.append("denormals")

    def activate():
        for _ in range(50):
            if _core.activation_fwd("tanh", z).tobytes() != ours:
                wrong.append("tanh")

    pool = [threading.Thread(target=multiply), threading.Thread(target=activate)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(60)
    assert not wrong


def test_next_to_torch(script):
    pytest.importorskip("torch", reason="torch is not installed")
    text = """
import torch
x = torch.from_numpy(Z)
torch.set_num_threads(2)
first = torch.tanh(x).numpy().tobytes()
for _ in range(20):
    assert compute(2) == ONE
    assert torch.tanh(x).numpy().tobytes() == first
print("same")
"""
    assert script(text) == "same"
