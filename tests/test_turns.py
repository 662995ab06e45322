"""Whose turn it is with a shared model: no deadlock, no convoy, and forks that leave nobody behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from fastmlp.models.turns import Turn
from sharing import BESIDE, WAYS, Held, in_the_middle, made, together


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
    before = model(x).tobytes()
    writer = threading.Thread(target=doubled, args=(model,), daemon=True)

    def handler():
        writer.start()
        while model._turn.writer is None:
            pass
        found.append(WAYS[way](model, x).tobytes())
        assert writer.is_alive()

    in_the_middle(monkeypatch, rows, handler)
    together(lambda: found.append(WAYS[way](model, rows).tobytes()))
    writer.join(30)
    assert found == [before] * 2
    assert model(x).tobytes() != before
    assert not model._turn.own.seat.inside


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
    threads += [threading.Thread(target=lambda rows=rows: found.append(model(rows).tobytes())) for rows in many]
    for thread in threads[2:]:
        thread.start()
        thread.join(0.05)
    held.let.set()
    for thread in threads:
        thread.join(30)
    assert found == [model(x).tobytes()] * 2


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
