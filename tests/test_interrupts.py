"""Ctrl-C, exceptions in callbacks, several threads: what is left is a model after a whole step."""

from __future__ import annotations

import copy
import pickle
import threading

import fastmlp
import numpy as np
import pytest
from fastmlp import saving
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input
from fastmlp.models import Sequential
from fastmlp.models.hooks import Callback
from interrupted import TEXT

SOON = 1.5  # seconds: Python looks in every 50 ms, but the machine may be busy

FIT = """
delays = []
for after in (0.01, 0.05, 0.11, 0.24, 0.4):
    kinds = partial(Dense, 64, "relu"), partial(Dropout, 0.2), BatchNormalization, partial(Dense, 16, "tanh")
    model, twin = made(*kinds), made(*kinds)
    delays.append(interrupted(after, model.fit, X, Y, epochs=10**6, verbose=0))
    steps = int(model.optimizer.iterations)
    whole, rest = divmod(steps, len(X) // 32)
    assert whole - (rest == 0) <= len(model.history.history.get("loss", [])) <= whole
    twin.fit(X, Y, epochs=whole, verbose=0)
    if rest:
        twin.fit(X, Y, steps_per_epoch=rest, verbose=0)
    assert twin.optimizer.iterations == steps
    for one in (model, twin):
        one.optimizer.build(one.trainable_weights)  # Ctrl-C may come before fit has
    assert state(twin) == state(model), (after, steps)
    assert np.array_equal(twin.predict(X[:99], verbose=0), model.predict(X[:99], verbose=0))
    twin._epoch = model._epoch  # the same order of rows
    histories = [m.fit(X, Y, epochs=1, verbose=0).history for m in (model, twin)]
    assert histories[0] == histories[1]
    assert state(twin) == state(model)
    assert model.optimizer.iterations == steps + len(X) // 32
print(max(delays), steps)
"""

ANYWHERE = """
model, twin = (made(partial(Dense, 4, "relu"), metrics=metrics) for _ in range(2))
x, y = X[:64], Y[:64]
model.predict(x, verbose=0)  # there is a network to look at, however soon Ctrl-C comes
for after in rng.uniform(0, 0.004, 150):
    interrupted(after, model.fit, x, y, batch_size=64, epochs=10**6, shuffle=False, verbose=0)
    assert model.optimizer.iterations == model._program.network.step
steps = int(model.optimizer.iterations)
assert steps > 100
twin.fit(x, y, batch_size=64, epochs=steps, shuffle=False, verbose=0)
assert state(twin) == state(model)
assert model._turn.fitting is None and model._turn.writer is None
done = []
thread = threading.Thread(target=lambda: done.append(model.evaluate(x, y, verbose=0)))
thread.start()
thread.join(20)
assert done == [twin.evaluate(x, y, verbose=0)], "another thread can use it"
print("same")
"""

PREDICTING = """
model = made(partial(Dense, 4, "relu"))
def predict_on():
    while True:
        model(X[:1])
        model.predict(X[:3], verbose=0)
for after in rng.uniform(0, 0.004, 150):
    interrupted(after, predict_on)
    assert not model._turn.own.seat.inside
done = []
thread = threading.Thread(target=lambda: done.append(model.fit(X[:64], Y[:64], verbose=0)))
thread.start()
thread.join(20)
assert done, "another thread can change it: nobody is thought to predict"
print("same")
"""

WAITING = """
model, x, y = made(partial(Dense, 4, "relu")), X[:64], Y[:64]
over, done = threading.Event(), []
def change():
    while not over.is_set():
        model.evaluate(x, y, verbose=0)
thread = threading.Thread(target=change)
thread.start()
def wait_on():
    while True:
        model(x)
        model.test_on_batch(x, y)
for after in rng.uniform(0, 0.004, 150):
    interrupted(after, wait_on)
over.set()
thread.join(20)
turn = model._turn
assert (len(turn.queue), turn.writer, turn.fitting, turn.own.seat.inside) == (0, None, None, False)
thread = threading.Thread(target=lambda: done.append(model.fit(x, y, verbose=0)))
thread.start()
thread.join(20)
assert done, "another thread can change it: nobody is thought to have the turn"
print("same")
"""

LOOKING = """
model = made(*[partial(Dense, 256, "relu")] * 2)
many = np.broadcast_to(X[:1], (5_000_000, 64))  # without memory of their own
labels = np.zeros(len(many), bool)
before = model.predict(X, verbose=0).tobytes(), model.evaluate(X, Y, verbose=0), state(model)
delays = []
for after in (0.02, 0.2):
    delays.append(interrupted(after, model.predict, many, verbose=0))
    delays.append(interrupted(after, model.evaluate, many, labels, verbose=0))
assert before == (model.predict(X, verbose=0).tobytes(), model.evaluate(X, Y, verbose=0), state(model))
print(max(delays))
"""


def test_ctrl_c_in_fit_leaves_a_model_after_a_whole_step(script):
    delay, steps = script(TEXT + FIT).split()
    assert float(delay) < SOON
    assert int(steps) > 20


@pytest.mark.parametrize("metrics", ["()", "('accuracy',)"])
def test_ctrl_c_anywhere(script, metrics):
    """A network so small that most of the time is Python's: interrupts hit every line of the loop."""
    assert script(TEXT + f"metrics = {metrics}\n" + ANYWHERE) == "same"


def test_ctrl_c_anywhere_in_predictions(script):
    assert script(TEXT + PREDICTING) == "same"


def test_ctrl_c_anywhere_beside_another_thread(script):
    """Where one waits for the other, most of the time."""
    assert script(TEXT + WAITING) == "same"


def test_ctrl_c_in_predict_and_evaluate(script):
    assert float(script(TEXT + LOOKING)) < SOON


def test_ctrl_c_in_a_step_per_call(script):
    """With a batch hook Python looks in after every step."""
    text = """
from fastmlp.callbacks import Callback
class Counts(Callback):
    batches = 0
    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
model, counts = made(partial(Dense, 16, "relu")), Counts()
delay = interrupted(0.2, model.fit, X, Y, epochs=10**6, verbose=0, callbacks=counts)
assert 0 <= model.optimizer.iterations - counts.batches <= 1
print(delay)
"""
    assert float(script(TEXT + text)) < SOON


# ---- exceptions in callbacks


class Trouble(Exception):
    pass


def made(*kinds):
    fastmlp.random.set_random_seed(3)
    model = Sequential([Input(shape=(5,)), Dense(8, "relu"), *(kind() for kind in kinds), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.evaluate(np.zeros((1, 5)), np.zeros(1), verbose=0)  # the optimizer has its variables now
    return model


def state(model):
    return [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)]


@pytest.fixture
def rows(rng):
    return rng.normal(size=(320, 5)).astype(np.float32), rng.normal(size=320)


@pytest.mark.parametrize(
    ("hook", "steps"),
    [("on_train_begin", 0), ("on_epoch_begin", 0), ("on_train_batch_begin", 0), ("on_train_batch_end", 1),
     ("on_train_chunk_end", 10), ("on_test_begin", 10), ("on_test_batch_end", 10), ("on_test_end", 10),
     ("on_epoch_end", 10), ("on_train_end", 20)],
)  # fmt: skip
def test_an_exception_in_a_hook(rows, hook, steps):
    def fail(*_, **__):
        raise Trouble

    callback = Callback()
    setattr(callback, hook, fail)
    model, twin = made(BatchNormalization), made(BatchNormalization)
    with pytest.raises(Trouble):
        model.fit(*rows, epochs=2, validation_data=rows, callbacks=callback, verbose=0)
    assert model.optimizer.iterations == steps
    if steps:
        twin.fit(*rows, epochs=-(-steps // 10), steps_per_epoch=min(steps, 10), verbose=0)
    assert state(model) == state(twin)
    model._epoch = twin._epoch
    assert model.fit(*rows, epochs=2, verbose=0).history == twin.fit(*rows, epochs=2, verbose=0).history
    assert state(model) == state(twin)


@pytest.mark.parametrize("use", ["evaluate", "predict"])
def test_an_exception_in_a_hook_of_evaluate_and_predict(rows, use):
    def fail(*_, **__):
        raise Trouble

    callback = Callback()
    setattr(callback, {"evaluate": "on_test_batch_end", "predict": "on_predict_batch_end"}[use], fail)
    model = made()
    before = state(model), model.evaluate(*rows, verbose=0)
    with pytest.raises(Trouble):
        getattr(model, use)(*rows[: 1 + (use == "evaluate")], callbacks=callback, verbose=0)
    assert before == (state(model), model.evaluate(*rows, verbose=0))


def test_callbacks_are_told_of_the_end(rows):
    class Ends(Callback):
        def __init__(self):
            self.calls = []

        def on_epoch_begin(self, epoch, logs=None):
            raise Trouble

        def on_train_end(self, logs=None):
            self.calls.append("end")

        def on_abort(self, logs=None):
            self.calls.append("abort")

    ends = Ends()
    with pytest.raises(Trouble):
        made().fit(*rows, callbacks=ends, verbose=0)
    assert ends.calls == ["abort"]


def test_a_generator_that_fails(rows):
    def batches():
        yield rows[0][:32], rows[1][:32]
        raise Trouble

    model, twin = made(), made()
    with pytest.raises(Trouble):
        model.fit(batches(), verbose=0)
    twin.train_on_batch(rows[0][:32], rows[1][:32])
    assert state(model) == state(twin)


# ---- callbacks that use the model


def test_callbacks_may_use_the_model_they_train(rows):
    """For more rows than a batch a new network is made: training goes on with it."""

    class Uses(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model(rows[0][:100], training=True)
            self.model.evaluate(*rows, verbose=0)
            self.model.predict(rows[0], verbose=0)
            self.model.get_weights()

    model, twin = made(), made()
    assert (
        model.fit(*rows, epochs=3, callbacks=Uses(), verbose=0).history == twin.fit(*rows, epochs=3, verbose=0).history
    )
    assert model.optimizer.iterations == 30
    assert state(model) == state(twin)


def test_callbacks_may_change_the_model_they_train(rows, tmp_path):
    class Changes(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.set_weights([w + 1 for w in self.model.get_weights()])
                self.model.save_weights(tmp_path / "w.safetensors")
                self.model.load_weights(tmp_path / "w.safetensors")
                self.model.compile("sgd", "mse")

    model, twin = made(), made()
    model.fit(*rows, epochs=2, callbacks=Changes(), verbose=0)
    twin.fit(*rows, verbose=0)
    twin.set_weights([w + 1 for w in twin.get_weights()])
    twin.compile("sgd", "mse")
    twin.fit(*rows, verbose=0)
    assert state(model) == state(twin)


def test_the_count_of_steps_can_be_set(rows):
    model, twin = made(), made()
    model.fit(*rows, verbose=0)
    twin.fit(*rows, verbose=0)
    model.optimizer.iterations = 1000  # Adam corrects its means by it
    assert model.optimizer.iterations == 1000
    for one in (model, twin):
        one.fit(*rows, verbose=0)
    assert model.optimizer.iterations == 1010
    assert twin.optimizer.iterations == 20
    assert state(model)[0] != state(twin)[0]


def test_a_call_in_training_is_no_step(rows):
    model, twin = made(), made()
    first, second = (model(rows[0][:16], training=True) for _ in range(2))
    assert not np.array_equal(first, second), "noise is drawn anew"
    assert model.optimizer.iterations == 0
    for one in (model, twin):
        one.fit(*rows, verbose=0)
    assert model.optimizer.iterations == 10
    assert state(model) == state(twin)


# ---- threads


class Started(Callback):
    """Training that goes on until it is told to stop."""

    def __init__(self):
        self.event, self.stop = threading.Event(), threading.Event()

    def on_train_chunk_end(self, step, logs=None):
        self.event.set()
        if self.stop.is_set():
            self.model.stop_training = True


def test_while_one_thread_trains_others_are_told_so(rows, tmp_path):
    model, twin = made(), made()
    twin.save_weights(tmp_path / "w.safetensors")
    saving.save_state(twin, tmp_path / "s.safetensors")
    training = Started()
    thread = threading.Thread(
        target=model.fit, args=rows, kwargs={"epochs": 10**6, "callbacks": training, "verbose": 0}, daemon=True
    )
    thread.start()
    assert training.event.wait(30)
    uses = {
        "fit": lambda: model.fit(*rows, verbose=0),
        "evaluate": lambda: model.evaluate(*rows, verbose=0),
        "predict": lambda: model.predict(rows[0], verbose=0),
        "train_on_batch": lambda: model.train_on_batch(*rows),
        "test_on_batch": lambda: model.test_on_batch(*rows),
        "predict_on_batch": lambda: model.predict_on_batch(rows[0]),
        "call": lambda: model(rows[0]),
        "compile": lambda: model.compile("sgd", "mse"),
        "add": lambda: model.add(Dense(1)),
        "pop": lambda: model.pop(),
        "set_weights": lambda: model.set_weights(twin.get_weights()),
        "load_weights": lambda: model.load_weights(tmp_path / "w.safetensors"),
        "get_weights": model.get_weights,
        "load_state": lambda: saving.load_state(model, tmp_path / "s.safetensors"),
        "save": lambda: model.save(tmp_path / "m.safetensors"),
        "save_weights": lambda: model.save_weights(tmp_path / "w.safetensors"),
        "save_state": lambda: saving.save_state(model, tmp_path / "s.safetensors"),
        "memory_report": model.memory_report,
    }
    for name, use in uses.items():
        with pytest.raises(RuntimeError, match=f"{name}: expected a model that no other thread trains"):
            use()
    training.stop.set()
    thread.join(30)
    assert not thread.is_alive()
    steps = int(model.optimizer.iterations)
    twin.fit(*rows, epochs=steps // 10, verbose=0)
    if steps % 10:
        twin.fit(*rows, steps_per_epoch=steps % 10, verbose=0)
    assert state(model) == state(twin)
    assert uses["predict"]().shape == (320, 1), "and now others can"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_train_on_their_own(rows, copied):
    model = made(BatchNormalization)
    model.fit(*rows, verbose=0)
    twin = copied(model)
    assert state(twin) == state(model)
    before = state(model)
    history = twin.fit(*rows, verbose=0).history
    assert state(model) == before != state(twin)
    assert model.fit(*rows, verbose=0).history == history
    assert state(twin) == state(model)
