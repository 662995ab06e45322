"""Everything at once, for as long as asked.

Threads of several processes train, predict, save, load, copy and drop models in random order, while all processes but
the first are killed and started anew every few seconds:


    python tests/soak.py [--minutes 30] [--processes 2] [--threads 4] [--seed 0]

What must come out is known: each recipe is trained beforehand, by one thread, and the bits of its weights and optimizer
are noted after each epoch. Whoever trains it later, from whatever file, copy or thread, has to find the same; what is
predicted is compared with formulas in float64. The files are everybody's, and whole whenever somebody looks. The first
thing that is wrong ends it all with its traceback and status 1; so does a thread that does nothing for ten minutes.
"""

from __future__ import annotations

import argparse
import copy
import faulthandler
import hashlib
import json
import math
import os
import pickle
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import fastmlp
import numpy as np
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input

EPOCHS, SLOTS, KILL_EVERY, HANGS = 6, 8, 5, 600
RECIPES = [  # inputs, rows, batch, optimizer, layers
    (3, 90, 8, "sgd", lambda: [Dense(4, "tanh"), Dense(1)]),
    (20, 300, 32, "adam", lambda: [Dense(64, "relu"), Dropout(0.3), Dense(10, "softmax")]),
    (100, 500, 100, "rmsprop", lambda: [Dense(200, "gelu"), BatchNormalization(), Dense(5, "softmax")]),
    (64, 400, 200, "adam", lambda: [Dense(300, "relu"), Dense(300, "relu"), Dense(2, "sigmoid")]),
    (16, 64, 64, "nadam", lambda: [Dense(33, "selu", dtype="float64"), Dense(3, dtype="float64")]),
]

# ---- what has to come out


def rows_of(number):
    """The inputs and targets of a recipe."""
    inputs, rows, _, _, layers = RECIPES[number]
    rng = np.random.default_rng(number)
    x = rng.normal(size=(rows, inputs)).astype("float32")
    return x, rng.integers(0, 2, (rows, layers()[-1].units)).astype("float32")


def untrained(number):
    """The model of a recipe."""
    inputs, _, _, optimizer, layers = RECIPES[number]
    fastmlp.set_random_seed(number)
    model = fastmlp.Sequential([Input((inputs,)), *layers()], name=f"recipe_{number}")
    model.compile(optimizer, "mse")
    return model


def number_of(model):
    """Its recipe."""
    return int(model.name.rpartition("_")[2])


def epochs_of(model):
    """How many are behind it."""
    _, rows, batch, *_ = RECIPES[number_of(model)]
    return int(model.optimizer.iterations) // math.ceil(rows / batch)


def train(model):
    """An epoch."""
    number = number_of(model)
    model.fit(*rows_of(number), batch_size=RECIPES[number][2], epochs=1, verbose=0)


def digest(model):
    """Of its weights and, once it has one, its optimizer's memory."""
    content = hashlib.sha256()
    for variable in (*model.weights, *(model.optimizer.variables if epochs_of(model) else ())):
        content.update(variable.numpy().tobytes())
    return content.hexdigest()


def estimator():
    """The digest of a network of scikit-learn's kind; None without scikit-learn."""
    try:
        from fastmlp.sklearn import MLPClassifier
    except ImportError:
        return None
    x, y = rows_of(1)
    found = MLPClassifier((20,), max_iter=8, random_state=3, batch_size=50).fit(x, y.argmax(1))
    return hashlib.sha256(b"".join(coef.tobytes() for coef in found.coefs_)).hexdigest()


def prepare(folder):
    """The models to start with, and what becomes of them."""
    known = {"estimator": estimator(), "models": []}
    for number in range(len(RECIPES)):
        model, digests = untrained(number), []
        model.save(folder / f"start_{number}.safetensors")
        for _ in range(EPOCHS + 1):
            digests.append(digest(model))
            train(model)
        known["models"].append(digests)
    (folder / "known.json").write_text(json.dumps(known))


ERF = np.vectorize(math.erf)
ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
    "gelu": lambda z: z * (1 + ERF(z / math.sqrt(2))) / 2,
    "softmax": lambda z: (
        np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)
    ),
}


def predicted(model, x):
    """By the formulas, in float64."""
    z = x.astype(float)
    for layer in model.layers:
        weights = [w.astype(float) for w in layer.get_weights()]
        if isinstance(layer, Dense):
            z = ACTIVATIONS[layer.get_config()["activation"]](z @ weights[0] + weights[1])
        elif isinstance(layer, BatchNormalization):
            gamma, beta, mean, variance = weights
            z = gamma * (z - mean) / np.sqrt(variance + layer.epsilon) + beta
    return z


# ---- one thread


class Worker:
    """It has a model, which may come from anywhere, and does something with it."""

    likely = {
        "train": 8,
        "predict": 8,
        "ask_a_shared_model": 4,
        "save": 2,
        "load": 3,
        "copy": 1,
        "begin": 1,
        "fit_estimator": 1,
    }

    def __init__(self, folder, seed, shared):
        self.folder, self.random, self.shared, self.done = folder, random.Random(seed), shared, Counter()
        self.known = json.loads((folder / "known.json").read_text())
        self.begin()

    def something(self):
        (action,) = self.random.choices(list(self.likely), list(self.likely.values()))
        getattr(self, action)()
        self.done[action] += 1

    def check(self):
        number, epochs = number_of(self.model), epochs_of(self.model)
        assert digest(self.model) == self.known["models"][number][epochs], f"recipe {number}, {epochs} epochs"

    def begin(self):
        self.model = fastmlp.load_model(self.folder / f"start_{self.random.randrange(len(RECIPES))}.safetensors")
        self.check()

    def train(self):
        if epochs_of(self.model) == EPOCHS:
            self.begin()
        train(self.model)
        self.check()

    def predict(self, model=None):
        model = model or self.model
        x = rows_of(number_of(model))[0][: self.random.randint(1, 90)]
        found, wanted = model.predict(x, verbose=0), predicted(model, x)
        assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5), f"{np.abs(found - wanted).max()} apart"

    def ask_a_shared_model(self):
        self.predict(self.random.choice(self.shared))

    def slot(self):
        return self.folder / f"slot_{self.random.randrange(SLOTS)}.safetensors"

    def save(self):
        self.model.save(self.slot())

    def load(self):
        slot = self.slot()
        if slot.exists():
            self.model = fastmlp.load_model(slot)
            self.check()

    def copy(self):
        through_bytes = self.random.random() < 0.5
        self.model = pickle.loads(pickle.dumps(self.model)) if through_bytes else copy.deepcopy(self.model)
        self.check()

    def fit_estimator(self):
        assert estimator() == self.known["estimator"]


# ---- one process of several threads


def memory():
    """Resident, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_threads(folder, seed, threads, until):
    """Until then; what was done is noted every second."""
    shared = [fastmlp.load_model(folder / f"start_{number}.safetensors") for number in range(len(RECIPES))]
    workers = [Worker(folder, f"{seed} {thread}", shared) for thread in range(threads)]
    seen, failed, first = [time.time()] * threads, threading.Event(), 0.0

    def work(thread):
        try:
            while time.time() < until and not failed.is_set():
                workers[thread].something()
                seen[thread] = time.time()
        except BaseException:
            traceback.print_exc()
            failed.set()

    crew = [threading.Thread(target=work, args=(thread,), daemon=True) for thread in range(threads)]
    for one in crew:
        one.start()
    began = time.time()
    while any(one.is_alive() for one in crew):
        time.sleep(1)
        if time.time() - min(seen) > HANGS + max(0, time.time() - until):
            faulthandler.dump_traceback()
            os._exit(3)
        if not first and time.time() - began > 0.2 * (until - began):
            first = memory()
        note = {"done": sum((worker.done for worker in workers), Counter()), "memory": [first, memory()]}
        place = folder / f"done_{seed}.json"
        place.with_suffix(".new").write_text(json.dumps(note))
        place.with_suffix(".new").replace(place)
    sys.exit(failed.is_set())


# ---- the parent


def started(folder, seed, asked, until):
    command = [sys.executable, __file__, "--worker", str(folder), "--seed", str(seed), "--threads", str(asked.threads)]
    return subprocess.Popen([*command, "--until", str(until)])


def soak(folder, asked):
    """Whether all went well."""
    prepare(folder)
    chance, until, kills = random.Random(asked.seed), time.time() + 60 * asked.minutes, 0
    seeds = iter(range(1000 * asked.seed, 1000 * (asked.seed + 1)))
    first = next(seeds)
    children = [
        started(folder, seed, asked, until) for seed in (first, *(next(seeds) for _ in range(1, asked.processes)))
    ]
    while children:
        time.sleep(chance.uniform(0, 2 * KILL_EVERY) if time.time() < until else 0.5)
        ended = [child.returncode for child in children if child.poll() is not None]
        if any(ended):
            for child in children:
                child.kill()
            print("a process ended with status", ended)
            return False
        children = [child for child in children if child.returncode is None]
        if asked.processes > 1 and time.time() < until:
            victim = chance.randrange(1, asked.processes)
            children[victim].kill()
            children[victim].wait()
            kills += 1
            children[victim] = started(folder, next(seeds), asked, until)
    notes = {path.stem: json.loads(path.read_text()) for path in folder.glob("done_*.json")}
    done = sum((Counter(note["done"]) for note in notes.values()), Counter())
    print(f"{sum(done.values())} actions, {kills} processes killed:", dict(done))
    print("MB of the first process after a fifth of the time and at the end:", notes[f"done_{first}"]["memory"])
    return True


def main():
    """The parent, or one of its processes."""
    warnings.filterwarnings("ignore", "Stochastic Optimizer")  # scikit-learn's about convergence
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        run_threads(asked.worker, asked.seed, asked.threads, asked.until)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not soak(Path(folder), asked))


if __name__ == "__main__":
    main()
