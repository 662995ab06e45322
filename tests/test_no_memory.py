"""No memory for threads, for NumPy, for Python itself; sizes no machine has: exceptions, and models that go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LIMITS = pytest.mark.skipif(
    not sys.platform.startswith("linux") or "san" in os.environ.get("LD_PRELOAD", ""),
    reason="the address space cannot be limited, or a sanitizer has taken it",
)

# ---- threads

FEW = """
import resource
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential
X = np.random.default_rng(0).normal(size=(4000, 64)).astype(np.float32)
Y = np.arange(4000) % 3

def made():
    fastmlp.set_random_seed(1)
    model = Sequential([Input((64,)), Dense(64, "relu"), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model

def bits(model):
    history = model.fit(X, Y, verbose=0).history
    return history, model.predict(X, verbose=0).tobytes()

_core.set_threads(1)
want = bits(made())
model, megabytes = made(), float(os.environ["MEGABYTES"])
model.predict(X[:1], verbose=0)
_core.set_threads(8)
held = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
limit = int(held + megabytes * 2**20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
assert bits(model) == want
if megabytes < 50:
    try:
        Sequential([Input((64,)), Dense(4096), Dense(4096)]).predict(X, verbose=0)
    except MemoryError:
        print("no memory", end=" ")
print("trained")
"""


@LIMITS
@pytest.mark.parametrize("megabytes", [3, 12, 30, 400])
def test_threads_that_cannot_be_started(script, megabytes):
    """OpenMP would end the process. Eight threads want 64 MB of address space for their stacks."""
    told = script(FEW, MEGABYTES=str(megabytes))
    assert told == ("trained" if megabytes > 50 else "no memory trained")


# ---- NumPy

NUMBERS = """
import ctypes
sys.path.insert(0, os.environ["TESTS"])
from resume_cases import figures, fit, made, state

library = ctypes.CDLL(os.environ["LIBRARY"])
library.refuse.argtypes, library.refuse.restype = [ctypes.c_long] * 2, ctypes.c_long
new, pointer = ctypes.pythonapi.PyCapsule_New, ctypes.pythonapi.PyCapsule_GetPointer
new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
umath = getattr(np, "_core", None) or np.core
api = ctypes.cast(pointer(umath._multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(api[304])  # PyDataMem_SetHandler
set_handler(new(ctypes.addressof(ctypes.c_char.in_dll(library, "handler")), b"mem_handler", None))

_core.set_thread_grain(-1.0)
case, stride = os.environ["CASE"], int(os.environ["STRIDE"])
model = made(case)
library.refuse(0, 0)
want = figures(fit(model, case, epochs=2))
count, after, raised = library.refuse(0, 0), state(model), 0
for which in range(1, count + 1, stride):
    model, error = made(case), None
    library.refuse(which, which)
    try:
        found = fit(model, case, epochs=2)
    except MemoryError as no_memory:
        error = no_memory
    finally:
        library.refuse(0, 0)
    if error is not None:
        raised += 1
        found = fit(model, case, epochs=2, resume=True)
    left = len(found.epoch)
    assert figures(found) == {name: values[-left:] for name, values in want.items() if left}, which
    assert state(model) == after, which
print(count, raised)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None or "san" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("no C compiler, or a sanitizer that its library does not know")
    path = tmp_path_factory.mktemp("library") / "refused.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", str(HERE / "refused_numbers.c"), "-o", str(path)], check=True)
    return path


def without_numbers(script, library, case, stride):
    told = script(NUMBERS, LIBRARY=str(library), TESTS=str(HERE), CASE=case, STRIDE=str(stride), timeout=600)
    count, raised = map(int, told.split())
    assert count > 50
    assert raised > 0.8 * (count // stride), "nearly all of them are needed"


@pytest.mark.parametrize(
    ("case", "stride"), [("validation", 11), ("rows of figures", 3), ("averages", 3), ("own layer", 61)]
)
def test_arrays_that_numpy_cannot_make(script, library, case, stride):
    without_numbers(script, library, case, stride)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["shuffled", "classes weighed", "rows of figures", "averages", "tape", "own layer",
                                  "own step", "data set ahead", "numbered batches for ever"])  # fmt: skip
def test_every_array_that_numpy_cannot_make(script, library, case):
    without_numbers(script, library, case, 1)


# ---- Python

NOTHING = """
import _testcapi
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential
X, Y = np.ones((8, 4), np.float32), np.zeros(8, int)
model = Sequential([Input((4,)), Dense(3, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.train_on_batch(X, Y)
network, run = model._program.network, _core.Run(model._program.network, X, Y)
calls = [lambda: network.predict(X), lambda: network.get(0, 0), lambda: _core.Run(network, X, Y),
         lambda: run.start(None, 8), lambda: network.evaluate(run),
         lambda: _core.random_permutation(9, (1, 0, 0, 0, 0)),
         lambda: model.predict_on_batch(X), lambda: model.train_on_batch(X, Y)]
raised = 0
for call in calls:
    call()
    for which in range(60):
        _testcapi.set_nomemory(which, which + 1)
        try:
            call()
        except MemoryError:
            raised += 1
        except (SystemError, RuntimeError):
            pass  # of NumPy and of locks, which do not say that it is for want of memory
        finally:
            _testcapi.remove_mem_hooks()
weights = model.get_weights()
model.train_on_batch(X, Y)
assert np.isfinite(weights[0]).all() and not np.array_equal(weights[0], model.get_weights()[0])
print(raised)
"""


def test_objects_that_python_cannot_make(script):
    """The door and a step under it: no crash, no hang, and the model is of use afterwards."""
    pytest.importorskip("_testcapi")
    assert int(script(NOTHING)) > 20
