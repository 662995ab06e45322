"""Whose turn it is with a shared model: no deadlock, no convoy, and forks that leave nobody behind."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from fastmlp.callbacks import Callback
from fastmlp.models import turns
from fastmlp.models.turns import Turn
from sharing import BESIDE, WAYS, Held, in_the_middle, made, together

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def x(rng):
    return rng.normal(size=(40, 5)).astype(np.float32)


def doubled(model):
    model.set_weights([w * 2 for w in model.get_weights()])


@pytest.mark.parametrize("way", [*BESIDE, "predict, callbacks"])
def test_an_object_that_asks_the_model_for_its_rows(way, x):
    """While another thread changes it: neither waits for the other."""
    model, entered, changed, found = made(), threading.Event(), threading.Event(), []
    model(x)

    class Asks:
        def __len__(self):
            return len(x)

        def __array__(self, dtype=None, copy=None):
            entered.set()
            while model._turn.writer is None and not changed.is_set():
                pass
            return np.hstack([model(x), x[:, :2]])

    def change():
        assert entered.wait(30)
        if way == "predict, callbacks":  # who has the turn then, and asks
            changed.set()
        doubled(model)
        changed.set()

    together(lambda: found.append(WAYS[way](model, Asks())), change)
    assert found[0].shape == (40, 3)


@pytest.mark.parametrize("way", BESIDE)
def test_a_prediction_in_the_middle_of_a_prediction(way, x, monkeypatch):
    """A signal's handler may predict; a change that waits for the one prediction waits for both."""
    model, rows, found = made(), x.copy(), []
    before = model(x).numpy().tobytes()
    writer = threading.Thread(target=doubled, args=(model,), daemon=True)

    def handler():
        writer.start()
        while model._turn.writer is None:
            pass
        found.append(np.asarray(WAYS[way](model, x)).tobytes())
        assert writer.is_alive()

    in_the_middle(monkeypatch, rows, handler)
    together(lambda: found.append(np.asarray(WAYS[way](model, rows)).tobytes()))
    writer.join(30)
    assert found == [before] * 2
    assert model(x).numpy().tobytes() != before
    assert not model._turn.own.seat.inside


CHANGES = {
    "set_weights": doubled,
    "evaluate": lambda model: model.evaluate(np.ones((3, 5)), np.ones((3, 3)), verbose=0),
    "fit": lambda model: model.fit(np.ones((3, 5)), np.ones((3, 3)), verbose=0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_middle_of_a_prediction(change, x, monkeypatch):
    """As a signal's handler may want it: while another thread waits for the prediction it is refused, else not."""
    model, rows, found = made(), x.copy(), []
    before = model(x).numpy().tobytes()
    writer = threading.Thread(target=doubled, args=(model,), daemon=True)

    def handler():
        CHANGES[change](model)
        writer.start()
        while model._turn.writer is None:
            pass
        with pytest.raises(RuntimeError, match="expected a model that no other thread changes, got one that waits to"):
            CHANGES[change](model)
        assert writer.is_alive()
        found.append(change)

    in_the_middle(monkeypatch, rows, handler)
    together(lambda: model(rows))
    writer.join(30)
    assert not writer.is_alive()
    assert found == [change]
    assert model(x).numpy().tobytes() != before
    CHANGES[change](model)


class Stays(Callback):
    """What it is a callback of does not go on before it is let to."""

    def __init__(self, act=lambda: None):
        self.act, self.entered, self.let = act, threading.Event(), threading.Event()

    def on_test_begin(self, logs=None):
        self.entered.set()
        assert self.let.wait(30)
        self.act()

    on_train_begin = on_test_begin


@pytest.mark.parametrize("use", [*WAYS, "set_weights", "evaluate"])
@pytest.mark.parametrize("within", [False, True])
def test_who_waits_for_another_does_not_wait_for_a_fit(within, use, x):
    """That comes before him; be it that of a callback of what he waits for."""
    model, y = made(), np.ones((40, 3))
    model(x)
    uses = {**CHANGES, **{way: lambda model, way=way: WAYS[way](model, x) for way in WAYS}}
    fit = Stays()
    train = lambda: model.fit(x, y, verbose=0, callbacks=fit)
    first = Stays(train if within else lambda: None)

    def evaluate_and_fit():
        model.evaluate(x, y, verbose=0, callbacks=first)
        if not within:
            train()

    told = []

    def wait():
        try:
            uses[use](model)
        except RuntimeError as error:
            told.append(str(error))

    threads = [threading.Thread(target=target, daemon=True) for target in (evaluate_and_fit, wait)]
    threads[0].start()
    assert first.entered.wait(30)
    threads[1].start()
    threads[1].join(0.05)
    assert threads[1].is_alive()
    first.let.set()
    assert fit.entered.wait(30)
    threads[1].join(30)
    waits = threads[1].is_alive()
    fit.let.set()
    for thread in threads:
        thread.join(30)
    assert not waits
    assert all("expected a model that no other thread trains" in text for text in told)
    assert told or not within  # else he may come before the fit


def test_who_waited_for_a_change_predicts_beside_others(x, monkeypatch):
    """One change among many predictions: soon nobody takes the model for himself any more."""
    model, alone, calls, many = made(), [], [], np.tile(x, (100, 1))
    act_alone = Turn.alone

    def counted(turn, where, act):
        alone.append(where)
        return act_alone(turn, where, act)

    model(x)
    monkeypatch.setattr(Turn, "alone", counted)
    rounds, changed = threading.Barrier(9), threading.Event()

    def predict():
        rounds.wait(30)
        while not changed.is_set():
            model(many)
        for _ in range(20):
            model(many)
        rounds.wait(30)
        calls.append(len(alone))
        for _ in range(50):
            model(many)

    def change():
        rounds.wait(30)
        doubled(model)
        changed.set()
        rounds.wait(30)

    together(change, *[predict] * 8)
    assert calls == [len(alone)] * 8
    assert "set_weights" in alone


def test_long_predictions_beside_each_other_after_a_change(x, monkeypatch):
    """Two that met the change are in the middle of their predictions at once."""
    model, meet = made(), threading.Barrier(2)
    model(x)
    held, many = Held(monkeypatch, x), [x.copy(), x.copy()]
    for rows in many:
        in_the_middle(monkeypatch, rows, lambda: meet.wait(20))
    threads = [threading.Thread(target=model, args=(held.rows,)), threading.Thread(target=doubled, args=(model,))]
    threads[0].start()
    assert held.entered.wait(30)
    threads[1].start()
    while model._turn.writer is None:
        pass
    found = []
    threads += [threading.Thread(target=lambda rows=rows: found.append(model(rows).numpy().tobytes())) for rows in many]
    for thread in threads[2:]:
        thread.start()
        thread.join(0.05)
    held.let.set()
    for thread in threads:
        thread.join(30)
    assert found == [model(x).numpy().tobytes()] * 2


def test_a_fit_interrupted_while_it_waits_is_over(x, monkeypatch):
    model = made()

    def interrupted(turn):
        assert turn.fitting == threading.get_ident()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Turn, "_let_out", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, np.ones((40, 3)), verbose=0)
    assert model._turn.fitting is None
    assert model._turn.writer is None
    together(lambda: model(x), lambda: model.evaluate(x, np.ones((40, 3)), verbose=0))


@pytest.mark.parametrize("readers", [1, 4])
def test_some_predict_on_and_on_beside_one_who_changes_the_model_on_and_on(readers, x, monkeypatch):
    """Neither waits for a pause of the other's: between two changes is room for many, and in none of them is one."""
    model, over, changes, predictions, changing = made(), threading.Event(), 100, [], set()
    model(x)

    def look():
        time.sleep(1e-5)  # so that whoever wants to may run
        assert not changing

    in_the_middle(monkeypatch, x, look)

    def one_change():
        changing.add(True)
        time.sleep(0.002)
        changing.clear()

    def change():
        for _ in range(changes):
            model._turn.alone("change", one_change)
        over.set()

    def predict():
        while not over.is_set():
            predictions.append(model(x).shape)

    together(change, *[predict] * readers)
    assert len(predictions) > readers * changes


def test_who_is_interrupted_while_others_predict_leaves_nothing_open(x, monkeypatch):
    model, found = made(), []
    model(x)
    model._turn.asked = True  # as somebody who waits to predict says

    def interrupted(seconds):
        found.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(turns, "_SLICE", 30)
    with monkeypatch.context() as patched:
        patched.setattr(turns.time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            doubled(model)
    assert found == [30]
    reader = threading.Thread(target=lambda: found.append(model(x).shape), daemon=True)

    def change():
        reader.start()
        reader.join(0.1)
        assert reader.is_alive()

    model._turn.alone("change", change)
    reader.join(20)
    assert found == [30, (40, 3)]


FORKED = """
import os, signal, threading
from fastmlp.callbacks import Callback
from fastmlp.layers import Dense, Input
model = fastmlp.Sequential([Input(shape=(50,)), Dense(64, "relu"), Dense(3)])
model.compile("sgd", "mse")
x, y = np.zeros((100_000, 50), np.float32), np.zeros((100_000, 3), np.float32)
model(x[:1])
def child():
    signal.alarm(30)
    out = [model(x[:9]), model.predict(x[:9], verbose=0), model.predict_on_batch(x[:9])]
    model.evaluate(x[:9], y[:9], verbose=0)
    model.fit(x[:9], y[:9], verbose=0)
    os._exit(0 if all(a.shape == (9, 3) for a in out) else 1)
def forked():
    pid = os.fork()
    if pid == 0:
        child()
    return os.waitpid(pid, 0)[1]
"""

FORKS = {
    "in C": """
stop = threading.Event()
class Stops(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = stop.is_set()
def fit():
    model.fit(x, y, epochs=10**6, verbose=0, callbacks=Stops())
thread = threading.Thread(target=fit, daemon=True)
thread.start()
def busy():
    try:
        model._program.network.step
    except RuntimeError:
        return True
while not busy():
    pass
codes = [forked() for _ in range(3)]
stop.set()
thread.join(30)
print(codes)
""",
    "in a callback": """
entered, let = threading.Event(), threading.Event()
class Waits(Callback):
    def on_train_begin(self, logs=None):
        entered.set()
        let.wait(60)
def fit():
    model.fit(x, y, verbose=0, callbacks=Waits())
thread = threading.Thread(target=fit, daemon=True)
thread.start()
entered.wait(30)
codes = [forked() for _ in range(3)]
let.set()
thread.join(30)
print(codes)
""",
}


@FORK
@pytest.mark.parametrize("where", FORKS)
def test_a_fork_while_another_thread_trains(where, script):
    """The child has the model for itself, as the training left it."""
    assert script(FORKED + FORKS[where]) == "[0, 0, 0]"


@FORK
def test_a_fork_by_who_trains(script):
    """The child is in the middle of fit as well: it may predict, its other threads may not."""
    text = """
class Forks(Callback):
    def on_epoch_end(self, epoch, logs=None):
        pid = os.fork()
        if pid == 0:
            signal.alarm(30)
            self.model.predict(x[:9], verbose=0)
            told = []
            def other():
                try:
                    self.model(x[:9])
                except RuntimeError:
                    told.append(True)
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            os._exit(told != [True])
        print(os.waitpid(pid, 0)[1])
model.fit(x, y, epochs=1, verbose=0, callbacks=Forks())
"""
    assert script(FORKED + text) == "0"
