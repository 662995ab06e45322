"""Python threads that each train a model of their own, all at once: the bits that each would have by itself."""

from __future__ import annotations

import os

import pytest

# One job a kind of model and of training; `run` gives the SHA-256 of all that came of it.
JOBS = """
import hashlib, threading
from fastmlp import config, mixed_precision, random
from fastmlp.data import Dataset
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input
from fastmlp.models import Sequential

sys.setswitchinterval(1e-5)
rng = np.random.default_rng(1)
X = rng.normal(size=(600, 20)).astype(np.float32)
Y = (X[:, :3] > 0.3).astype(np.float32)

def layers(job):
    model = MODELS[job % len(MODELS)]()
    model.compile("adam", "mse", metrics=["mae"])
    return model

def stack(*kinds):
    return Sequential([Input(shape=(20,)), *kinds, Dense(3, "sigmoid")])

MODELS = [
    lambda: stack(Dense(8, "tanh")),  # tiny
    lambda: stack(Dense(150, "relu"), Dense(90, "gelu")),
    lambda: stack(Dense(40, "relu"), Dropout(0.3), BatchNormalization(), Dropout(0.1)),
    lambda: stack(Dense(3, "relu")),
]

def program(job):
    model = layers(job)
    told = model.fit(X, Y, epochs=3, batch_size=(16, 64, 7)[job % 3], validation_split=0.2, verbose=0).history
    return [*model.get_weights(), model.predict(X, verbose=0), repr(sorted(told.items())).encode()]

def steps(job):
    model = layers(job)
    for at in range(0, 600, 50):
        model.train_on_batch(X[at : at + 50], Y[at : at + 50])
        model(X[:9])
    return [*model.get_weights(), repr(model.evaluate(X, Y, verbose=0)).encode()]

def tape(job):
    model = layers(job)
    for at in range(0, 200, 50):
        with fastmlp.GradientTape() as tape:
            loss = fastmlp.ops.mean((model(X[at : at + 50], training=True) - Y[at : at + 50]) ** 2)
        model.optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))
    return model.get_weights()

class ByTape(Sequential):
    def train_step(self, data):
        return super().train_step(data)

def taped(job):
    model = ByTape([Input(shape=(20,)), Dense(30, "relu"), Dropout(0.3), Dropout(0.2), Dense(3, "sigmoid")])
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=30, epochs=2, verbose=0)
    return model.get_weights()

def streamed(job):
    model = layers(job)
    data = Dataset.from_tensor_slices((X, Y)).shuffle(100, seed=job).batch(32).prefetch(2)
    model.fit(data, epochs=2, verbose=0)
    return model.get_weights()

def kept(job):
    "Saved in the middle, loaded, gone on with."
    model, path = layers(job), f"{__file__}.{job}.{threading.get_ident()}"
    model.fit(X, Y, verbose=0)
    model.save(path)
    model = fastmlp.load_model(path)
    os.remove(path)
    model.fit(X, Y, verbose=0)
    return model.get_weights()

def estimator(job):
    from fastmlp.sklearn import MLPClassifier
    net = MLPClassifier((9,), max_iter=6, random_state=job, solver=("adam", "lbfgs", "sgd")[job % 3])
    net.fit(X, Y[:, 0])
    return [*net.coefs_, net.predict_proba(X)]

KINDS = [program, tape, taped, streamed, kept, estimator, taped, steps]
if os.environ.get("WITHOUT_SKLEARN"):
    KINDS[5] = steps

def run(job):
    digest = hashlib.sha256()
    with random.seeds_from(random.SeedGenerator(job)):
        for part in KINDS[job % len(KINDS)](job):
            digest.update(np.asarray(part).tobytes())
    return digest.hexdigest()

COUNT = 8
def alone():
    with fastmlp.threads(1):
        return [run(job) for job in range(COUNT)]

def at_once(rounds, *others):
    "What eight threads get, each all jobs, each beginning with another."
    found, failed, over = [[] for _ in range(COUNT)], [], threading.Event()
    start = threading.Barrier(COUNT + len(others))
    def work(number):
        start.wait()
        for i in range(rounds):
            job = (number + i) % COUNT
            found[job].append(run(job))
    def besides(act):
        start.wait()
        while not over.is_set():
            act()
    def noted(act, *args):
        try:
            act(*args)
        except BaseException as error:
            failed.append(error)
            start.abort()
    workers = [threading.Thread(target=noted, args=(work, number)) for number in range(COUNT)]
    rest = [threading.Thread(target=noted, args=(besides, act)) for act in others]
    for thread in workers + rest:
        thread.start()
    for thread in workers:
        thread.join()
    over.set()
    for thread in rest:
        thread.join()
    if failed:
        raise failed[0]
    return found
import warnings
warnings.simplefilter("ignore")  # of fits that are to be short
want = alone()
assert len(set(want)) == COUNT
"""

AT_ONCE = """
found = at_once(ROUNDS)
print([job for job in range(COUNT) if set(found[job]) != {want[job]}])
"""

SETTINGS = """
def one_thread():
    with fastmlp.threads(1):
        pass

def number():
    fastmlp.set_num_threads(2)
    fastmlp.set_num_threads(None)

def policy():
    mixed_precision.dtype_policy(), config.floatx(), config.epsilon()

def seed():
    random.set_random_seed(5)  # the jobs have seeds of their own
    random.next_seed()

found = at_once(ROUNDS, one_thread, number, policy, seed)
print([job for job in range(COUNT) if set(found[job]) != {want[job]}])
"""


@pytest.fixture
def jobs(script):
    """What a script prints after `JOBS`: every thread does so many of them."""

    def printed(text, rounds):
        try:
            import sklearn  # noqa: F401
        except ImportError:
            os.environ.setdefault("WITHOUT_SKLEARN", "1")
        return script(JOBS + text.replace("ROUNDS", str(rounds)), timeout=600)

    return printed


ROUNDS = pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.slow)])


@ROUNDS
def test_the_bits_of_one_thread(jobs, rounds):
    assert jobs(AT_ONCE, rounds) == "[]"


@ROUNDS
def test_while_others_change_settings(jobs, rounds):
    """Of threads and seeds: no result depends on the first, and each of these threads has seeds of its own."""
    assert jobs(SETTINGS, rounds) == "[]"


def test_one_global_seed(script):
    """Threads that draw from it at once get each of its seeds once."""
    text = """
import threading
from fastmlp import random
sys.setswitchinterval(1e-6)
random.set_random_seed(3)
want = [random.next_seed() for _ in range(8000)]
random.set_random_seed(3)
found = []
threads = [threading.Thread(target=lambda: found.extend([random.next_seed() for _ in range(1000)])) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(found) == sorted(want))
"""
    assert script(text) == "True"


def test_settings_are_for_all_threads(script):
    """The type and the policy of layers to come, as in Keras; the number of threads; not `seeds_from`."""
    text = """
import threading
from fastmlp import config, mixed_precision, random
from fastmlp.layers import Dense

def made_there():
    found = []
    def make():
        layer = Dense(2)
        layer.build((None, 3))
        found.append((layer.kernel.dtype.name, layer.dtype_policy.name, fastmlp.get_num_threads()))
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return found[0]

before = fastmlp.get_num_threads()
assert made_there() == ("float32", "float32", before)
config.set_floatx("float64")
with fastmlp.threads(1):
    assert made_there() == ("float64", "float64", 1)
config.set_floatx("float32")
mixed_precision.set_global_policy("mixed_bfloat16")
assert made_there() == ("float32", "mixed_bfloat16", before)
print("for all")
"""
    assert script(text) == "for all"
