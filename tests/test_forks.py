"""Forks in the middle of what other threads do: the child hangs on nothing of theirs, the parent notices nothing."""

from __future__ import annotations

import multiprocessing
import os

import pytest

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

MODELS = """
import signal, threading, time
from fastmlp.layers import Dense, Dropout, Input
from fastmlp.models import Sequential
_core.set_thread_grain(-1.0)
rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 30)).astype(np.float32)
Y = X[:, :1] * 2

def made():
    fastmlp.random.set_random_seed(3)
    model = Sequential([Input(shape=(30,)), Dense(64, "relu"), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse")
    return model

def trained(epochs):
    model = made()
    model.fit(X, Y, epochs=epochs, verbose=0)
    return [w.tobytes() for w in model.get_weights()]

def forked(child):
    "The status of a fork that runs a function, and must be over in half a minute."
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        status = 1
        try:
            status = 0 if child() else 3
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


@FORK
def test_in_the_middle_of_a_fit(script):
    """The child predicts with that model, trains it, and trains others; the parent trains on to the same bits."""
    text = """
want, short = trained(60), trained(1)
model, others = made(), []
def child():
    shape = model.predict(X, verbose=0).shape
    model.fit(X, Y, verbose=0)
    return shape == (4000, 1) and trained(1) == short
thread = threading.Thread(target=lambda: model.fit(X, Y, epochs=60, verbose=0))
thread.start()
codes = []
while thread.is_alive():
    codes.append(forked(child))
thread.join()
print(len(codes) > 1, set(codes), [w.tobytes() for w in model.get_weights()] == want)
"""
    assert script(MODELS + text, timeout=120) == "True {0} True"


@FORK
def test_while_others_enter_and_leave_blocks_of_threads(script):
    text = """
sys.setswitchinterval(1e-6)
over = False
def enter():
    while not over:
        with fastmlp.threads(2):
            pass
def child():
    with fastmlp.threads(1):
        return fastmlp.get_num_threads() == 1
threads = [threading.Thread(target=enter) for _ in range(3)]
for thread in threads: thread.start()
codes = [forked(child) for _ in range(20)]
over = True
for thread in threads: thread.join()
print(set(codes))
"""
    assert script(MODELS + text, timeout=120) == "{0}"


@FORK
def test_in_the_middle_of_a_draw(script):
    """A debugger may stop a thread there; a fork waits for it."""
    text = """
from fastmlp import random
inside = threading.Event()
def stop(frame, event, arg):
    if frame.f_code.co_name == "next" and frame.f_code.co_filename == random.__file__:
        if event == "line" and "count" in open(random.__file__).read().splitlines()[frame.f_lineno - 1]:
            inside.set()
            time.sleep(0.5)
        return stop
def draw():
    sys.settrace(stop)
    random.next_seed()
thread = threading.Thread(target=draw)
thread.start()
inside.wait()
print(forked(lambda: random.next_seed() is not None))
thread.join()
"""
    assert script(MODELS + text) == "0"


@FORK
@pytest.mark.parametrize("waits", [True, False])
def test_in_the_middle_of_a_dataset_that_is_read_ahead(script, waits):
    """The child may begin it anew, and is told so; it ends without waiting for the thread that is not there."""
    text = """
from fastmlp.data import Dataset
def slow(x):
    time.sleep(0.01)
    return x
data = Dataset.from_tensor_slices(np.arange(20.0)).map(slow if WAITS else lambda x: x).prefetch(2)
iterator = iter(data)
next(iterator)
time.sleep(0.05)
def child():
    try:
        list(iterator)
    except RuntimeError as error:
        return "expected the process in which the iteration began" in str(error) and len(list(data)) == 20
def drops():
    global iterator
    del iterator
    return True
print(forked(child), forked(drops), len(list(iterator)))
"""
    assert script(MODELS + text.replace("WAITS", str(waits))) == "0 0 19"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_train(script, method):
    """In a pool of processes, of which some begin while the parent trains: the same bits."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    text = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

if __name__ == "__main__":
    want = trained(2)
    thread = threading.Thread(target=trained, args=(20,))
    thread.start()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(METHOD)) as pool:
        print([weights == want for weights in pool.map(trained, [2, 2, 2])])
    thread.join()
"""
    assert script(MODELS + text.replace("METHOD", repr(method)), timeout=120) == "[True, True, True]"
