"""Each allocation of the engine fails once: MemoryError, and a model as it was, or after its last whole step."""

from __future__ import annotations

import copy
import functools
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import fastmlp
import numpy as np
import pytest
import resume_cases
from fastmlp import _core, losses, optimizers, saving
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input, Normalization
from fastmlp.models import Sequential
from refused import LAST, asked, each_refused, refused
from resume_cases import CASES, EPOCHS, figures, fit, made

RNG = np.random.default_rng(3)
X = RNG.normal(size=(180, 6)).astype("float32")
Y = RNG.integers(0, 3, 180)


@pytest.fixture
def several_threads(every_thread):
    _core.set_threads(3)


def network(*more, optimizer="adam", trained=True, noise=0.2, **compiled):
    fastmlp.set_random_seed(4)
    model = Sequential([Input((6,)), Dense(9, "relu", name="first"), BatchNormalization(name="moments"),
                        Dropout(noise), *more, Dense(3, "softmax", name="last")], name="whole")  # fmt: skip
    kind = optimizer() if callable(optimizer) else optimizer
    model.compile(kind, "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    model.optimizer.build(model.trainable_weights)
    if trained:
        model.train_on_batch(X[:32], Y[:32])
    return model


def state(model):
    found = [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)]
    history = model.history and str(model.history.history)
    return [*found, model._epoch, model._steps, model._program_seed, model._shuffle_seed, history]


def new(**settings):
    return functools.partial(network, trained=False, **settings)


def bits(found):
    return np.asarray(found).tobytes()


# ---- what does no step, or one


def by_tape(model):
    """A step of a loop of one's own."""
    with fastmlp.GradientTape() as tape:
        loss = losses.SparseCategoricalCrossentropy()(Y[:50], model(X[:50], training=True))
    gradients = tape.gradient(loss, model.trainable_weights)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_weights))
    return bits(loss)


def in_three_threads(model):
    """If one has no memory, that is what to tell of."""
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(model.predict, X, verbose=0) for _ in range(3)]
        return [bits(call.result()) for call in calls]


def exported(path, model):
    model.export(path / "net.h")
    return (path / "net.h").read_text()


def loaded(path, model):
    """Trained at once: it gets its network then."""
    model.save(path / "model.safetensors")
    fastmlp.set_random_seed(1)
    twin = saving.load_model(path / "model.safetensors")
    return bits(twin.train_on_batch(X, Y)), [bits(w) for w in twin.get_weights()]


QUIET = {"verbose": 0}
CALLS = {
    "train_on_batch": (new(), lambda path, m: m.train_on_batch(X[:50], Y[:50]), 7),
    "a larger batch": (network, lambda path, m: m.train_on_batch(X[:150], Y[:150]), 7),
    "clipped": (new(optimizer=lambda: optimizers.SGD(0.1, momentum=0.9, global_clipnorm=1.0)),
                lambda path, m: m.train_on_batch(X, Y), 7),
    "averages": (new(optimizer=lambda: optimizers.RMSprop(0.1, use_ema=True, ema_overwrite_frequency=1)),
                 lambda path, m: m.train_on_batch(X, Y), 7),
    "bfloat16": (lambda: network(Dense(40, "relu", dtype="mixed_bfloat16"), trained=False),
                 lambda path, m: m.train_on_batch(X, Y), 7),
    "evaluate": (network, lambda path, m: m.evaluate(X, Y, **QUIET), 4),
    "test_on_batch": (new(), lambda path, m: m.test_on_batch(X, Y), 10),
    "predict": (network, lambda path, m: bits(m.predict(X, **QUIET)), 3),
    "predict at first": (new(), lambda path, m: bits(m.predict(X, **QUIET)), 9),
    "predict in three threads": (network, lambda path, m: in_three_threads(m), 3),
    "call": (network, lambda path, m: bits(m(X)), 3),
    "call in training": (lambda: network(noise=0.0), lambda path, m: bits(m(X, training=True)), 2),
    "the tape": (lambda: network(noise=0.0), lambda path, m: by_tape(m), 4),
    "memory_report": (network, lambda path, m: str(m.memory_report(batch_size=999)), 6),
    "pickle": (network, lambda path, m: bits(pickle.loads(pickle.dumps(m)).predict(X, **QUIET)), 9),
    "deepcopy": (network, lambda path, m: bits(copy.deepcopy(m).train_on_batch(X, Y)), 7),
    "load_model": (network, loaded, 7),
    "export to C": (network, exported, 6),
    "adapt": (network, lambda path, m: Normalization().adapt(X), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call(name, tmp_path, several_threads):
    make, call, least = CALLS[name]
    assert each_refused(make, functools.partial(call, tmp_path), state) >= least


def test_a_layer_and_reductions(several_threads):
    """What is no model: nothing to leave as it was."""
    x = np.ones((70, 5), np.float32)
    for call in (lambda _: bits(_core.Dense(8, 5, 3).forward(x[:8])), lambda _: _core.reduce_all("sum", x),
                 lambda _: bits(_core.feature_moments(x))):  # fmt: skip
        assert each_refused(lambda: None, call, lambda _: None) >= 1


def test_predictions_go_on_with_fewer_threads(several_threads):
    """Each thread has buffers of its own; that of one is enough."""
    model = network()
    want, count = asked(lambda: bits(network().predict(X, verbose=0)))
    assert refused(2, LAST, lambda: bits(model.predict(X, verbose=0))) == want
    assert count > 2


def test_one_thread_without_memory_leaves_the_others_alone(several_threads):
    model = network()
    model.predict(X[:1], verbose=0)  # one lane is there: who finds it taken makes another
    found, gate = [], threading.Barrier(3)

    def predict():
        gate.wait()
        for _ in range(20):
            try:
                found.append(bits(model.predict_on_batch(X)))
            except MemoryError:
                found.append(None)

    threads = [threading.Thread(target=predict) for _ in range(3)]
    _core.refuse_allocations(1, LAST)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        _core.refuse_allocations(0, 0)
    want = bits(model.predict_on_batch(X))
    assert want in found
    assert set(found) <= {want, None}


# ---- fit


@functools.cache
def straight(case, epochs, steps):
    """What it comes to, and how many allocations it takes."""
    model = made(case)
    history, count = asked(trained, model, case, epochs, steps)
    return figures(history), resume_cases.state(model), count


def trained(model, case, epochs, steps, **settings):
    if steps is not None:
        settings = {"steps_per_epoch": steps, **settings}
    return fit(model, case, epochs=epochs, **settings)


def goes_on(case, first, last, epochs, steps):
    """Without that allocation and all up to `last`; then fit goes on, to the same end."""
    history, after, _ = straight(case, epochs, steps)
    model = made(case)
    found = refused(first, last, trained, model, case, epochs, steps)
    if isinstance(found, MemoryError):
        assert "no memory" in str(found), "it says for what"
        found = trained(model, case, epochs, steps, resume=True)
        history = {name: values[-len(found.epoch) :] for name, values in history.items()}
    assert figures(found) == history, (first, last)
    assert resume_cases.state(model) == after, (first, last)


IN_PYTHON = ("gathered", "tape", "own layer", "own step", "several outputs")
STREAMS = ("data set", "data set ahead", "data set for ever", "numbered batches", "numbered batches for ever")


@pytest.mark.parametrize("case", CASES)
def test_fit_goes_on_from_the_last_whole_step(case):
    epochs, steps = (2, 2) if case in IN_PYTHON else (2, None)
    count = straight(case, epochs, steps)[-1]
    assert count >= 7
    for first in range(1, count + 1) if case not in IN_PYTHON + STREAMS else (1, 2, count // 2, count - 3, count):
        goes_on(case, first, first, epochs, steps)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_fit_goes_on_from_every_place(case):
    for first in range(1, straight(case, EPOCHS, None)[-1] + 1):
        for last in (first, LAST):
            goes_on(case, first, last, EPOCHS, None)


# ---- estimators


class Estimator:
    """One of scikit-learn's kind, as the models above are looked at."""

    def __init__(self, make, fitted):
        self.made = make()
        if fitted:
            self.made.fit(X, Y)

    def state(self):
        held = {name: value for name, value in vars(self.made).items() if name.endswith("_")}
        weights = [*held.get("coefs_", ()), *held.get("intercepts_", ())]
        if "model_" in held:
            weights = held["model_"].get_weights()
        return sorted(held), [bits(w) for w in weights], str(held.get("loss_curve_")), str(held.get("history_"))


@functools.cache
def estimators():
    pytest.importorskip("sklearn")
    from fastmlp.sklearn import MLPClassifier, MLPRegressor, ModelClassifier

    def layers():
        return Sequential([Input((6,)), Dense(5, "relu"), Dense(3, "softmax")])

    def ours(kind, **settings):
        return lambda: kind(hidden_layer_sizes=(8,), max_iter=3, random_state=1, **settings)

    return {
        "adam": ours(MLPClassifier),
        "lbfgs": ours(MLPRegressor, solver="lbfgs"),
        "early stopping": ours(MLPClassifier, solver="sgd", early_stopping=True),
        "a model": lambda: ModelClassifier(layers, epochs=2, random_state=1),
    }


ESTIMATORS = ("adam", "lbfgs", "early stopping", "a model")


@pytest.mark.parametrize("fitted", [False, True], ids=["at first", "again"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator(name, fitted):
    make = functools.partial(Estimator, estimators()[name], fitted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert each_refused(make, lambda e: e.made.fit(X, Y) is e.made, Estimator.state) >= 7
        if fitted:
            fresh = X + np.float32(1)  # early stopping has predicted, and keeps what it has for that
            each_refused(make, lambda e: bits(e.made.predict(fresh)), Estimator.state)


def test_parts_of_a_fit():
    make = functools.partial(Estimator, estimators()["adam"], True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert each_refused(make, lambda e: e.made.partial_fit(X, Y) is e.made, Estimator.state) >= 7
