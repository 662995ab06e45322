"""Threads, levels and the floating-point mode: the engine as a guest in somebody's process."""

from __future__ import annotations

import os
import threading
import time

import fastmlp
import numpy as np
import pytest
import threadpoolctl
from denormals import denormals_live
from fastmlp import _core
from fastmlp.runtime import threads_here

OPENMP = pytest.mark.skipif(_core.openmp_version() == 0, reason="built without OpenMP: there are no threads")


@pytest.fixture(autouse=True)
def own_settings():
    yield
    _core.set_threads(0)
    _core.set_thread_grain(-1.0)


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
def test_blocks_that_overlap_leave_what_was_before():
    """As those of two Python threads do: the one entered first is left first."""
    fastmlp.set_num_threads(4)
    first, second = fastmlp.threads(3), fastmlp.threads(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert fastmlp.get_num_threads() == 2
    second.__exit__(None, None, None)
    assert fastmlp.get_num_threads() == 4
    with fastmlp.threads(3):
        fastmlp.set_num_threads(2)  # for as long as the block lasts
        with fastmlp.threads(1):
            pass
        assert fastmlp.get_num_threads() == 2
    assert fastmlp.get_num_threads() == 4


@OPENMP
def test_context_manager_restores_follow_the_machine():
    fastmlp.set_num_threads(None)
    with fastmlp.threads(1):
        pass
    assert _core.wanted_threads() == 0


@OPENMP
def test_a_limit_of_one_python_thread():
    """The lowest counts, and no other thread notices."""
    fastmlp.set_num_threads(4)
    found = []
    with threads_here(3):
        with threads_here(None):
            found.append(fastmlp.get_num_threads())
        with threads_here(2), threads_here(3):
            found.append(fastmlp.get_num_threads())
        with pytest.raises(KeyError), threads_here(1):
            raise KeyError
        with fastmlp.threads(2):
            found.append(fastmlp.get_num_threads())
        other = threading.Thread(target=lambda: found.append(fastmlp.get_num_threads()))
        other.start()
        other.join()
        found.append(fastmlp.get_num_threads())
    assert [*found, fastmlp.get_num_threads()] == [3, 2, 2, 4, 3, 4]


@OPENMP
def test_a_limit_of_one_python_thread_is_kept(script):
    """Work for several threads starts none."""
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("threads are counted in /proc, which this system lacks")
    text = """
from fastmlp.runtime import threads_here
fastmlp.set_num_threads(3)
before = len(os.listdir("/proc/self/task"))
with threads_here(1):
    _core.activation_fwd("tanh", Z)
    alone = len(os.listdir("/proc/self/task")) - before
_core.activation_fwd("tanh", Z)
print(alone, len(os.listdir("/proc/self/task")) - before)
"""
    assert script(text) == "0 2"


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
    assert script("print(_core.level())", FASTMLP_ISA="") == usable[-1]


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


# ---- several Python threads


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
    z = np.tile(work(), 400)  # for tens of milliseconds: the ticker shall have time to be scheduled
    y = np.empty_like(z)
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
        for _ in range(100):  # on a loaded machine the ticker may have to wait for a core
            ticks.clear()
            begin = time.perf_counter()
            _core.activation_fwd("sigmoid", z, out=y)
            end = time.perf_counter()
            best = max(best, sum(begin < t < end for t in list(ticks)))
            if best > 3:
                break
    finally:
        stop.set()
        ticker.join()
    assert best > 3, "another Python thread stood still while a kernel ran"


# ---- in somebody else's process


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


def test_more_threads_than_a_team_holds():
    assert _core.peak(np.float32, 1000, 10) > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2, 3, 1000])
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 63, 64, 65, 1000])
def test_a_sweep_turns_every_sign_once(dtype, threads, n):
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    before = x.copy()
    assert _core.sweep(x, threads, 3) == 6 * x.nbytes
    np.testing.assert_array_equal(x, -before)
    assert _core.sweep(x, threads, 2) == 4 * x.nbytes
    np.testing.assert_array_equal(x, -before)


def test_a_sweep_wants_an_array_it_can_write():
    frozen = np.ones(8)
    frozen.flags.writeable = False
    for x in (np.ones((8, 8))[:, ::2], frozen):
        with pytest.raises(ValueError, match="x: expected a writable C-contiguous array"):
            _core.sweep(x, 1, 1)
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.sweep(np.ones(8, np.int32), 1, 1)
