"""Keras's own callbacks at an accelerated model: they see what Keras's fit shows them, and what they change counts."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from accelerated import FIT, X, Y, both, need_alike, network, twins

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

K = keras.callbacks


@pytest.mark.parametrize(
    "callbacks",
    [
        lambda: [K.EarlyStopping(monitor="val_loss", patience=1, min_delta=0.2, restore_best_weights=True)],
        lambda: [K.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.5, factor=0.5)],
        lambda: [K.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
        lambda: [K.TerminateOnNaN()],
        lambda: [K.History()],
        lambda: [K.LambdaCallback(on_train_batch_end=lambda batch, logs: None)],
        lambda: [K.EarlyStopping("loss", patience=0, min_delta=9.0), K.LearningRateScheduler(lambda e, r: 0.1)],
    ],
)  # fmt: skip
def test_keras_callbacks_do_what_they_do(callbacks):
    plain, fast = twins()
    both(plain, fast, X, Y, callbacks=callbacks, epochs=6, validation_split=0.2)
    need_alike(plain, fast)
    assert plain.stop_training == fast.stop_training


def test_averages_are_swapped():
    def make():
        return network(keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))

    plain, fast = twins(make)
    both(plain, fast, X, Y, callbacks=lambda: [K.SwapEMAWeights(swap_on_epoch=True)], epochs=3, validation_split=0.2)
    need_alike(plain, fast)


class Notes(K.Callback):
    """All hooks in their order, with what they are told and what the model has then."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def note(self, hook, *args):
        logs = {key: round(float(value), 4) for key, value in (args[-1] or {}).items()}
        weight = round(float(np.sum(self.model.get_weights()[0])), 3)
        self.seen.append((hook, args[:-1], logs, int(self.model.optimizer.iterations), weight))


for _hook in ("train_begin", "train_end", "test_begin", "test_end"):
    setattr(Notes, f"on_{_hook}", lambda self, logs=None, hook=_hook: self.note(hook, logs))
for _hook in ("epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end", "test_batch_begin", "test_batch_end"):
    setattr(Notes, f"on_{_hook}", lambda self, number, logs=None, hook=_hook: self.note(hook, number, logs))


def test_every_hook_is_told_the_same():
    plain, fast = twins()
    notes = [Notes(), Notes()]
    for model, note in zip((plain, fast), notes):
        model.fit(X[:30], Y[:30], callbacks=[note], epochs=2, validation_split=0.3, **FIT)
    want, found = ([(hook, args, sorted(logs), steps) for hook, args, logs, steps, _ in note.seen] for note in notes)
    assert found == want
    assert len(want) == 2 + 2 * (2 + 2 * 3 + 2 + 2 * 2)
    for a, b in zip(*(note.seen for note in notes)):
        np.testing.assert_allclose([*b[2].values(), b[4]], [*a[2].values(), a[4]], atol=2e-3)


class Meddler(K.Callback):
    """Changes weights and the learning rate in the midst of an epoch, and ends the training in another."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 2:
            self.model.optimizer.learning_rate = 0.2

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            self.model.set_weights([w * 0.5 for w in self.model.get_weights()])

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.layers[0].kernel.assign(self.model.layers[0].kernel.numpy() + 0.1)

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 2


def test_what_a_callback_changes_counts():
    plain, fast = twins()
    found = both(plain, fast, X, Y, callbacks=lambda: [Meddler()], epochs=9)
    assert len(found[1].epoch) == 3
    need_alike(plain, fast)


class Stop(K.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 1


def test_a_batch_can_be_the_last():
    plain, fast = twins()
    both(plain, fast, X, Y, callbacks=lambda: [Stop()], epochs=3)
    need_alike(plain, fast)
    assert int(fast.optimizer.iterations) == 2


class NewSchedule(K.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.optimizer.learning_rate = keras.optimizers.schedules.InverseTimeDecay(0.1, 3, 0.5)


def test_a_schedule_takes_over():
    plain, fast = twins(lambda: network("sgd"))
    plain.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)  # what Keras compiles keeps the rate there was
    both(plain, fast, X, Y, callbacks=lambda: [NewSchedule()], epochs=3)
    need_alike(plain, fast)


def test_checkpoints_hold_the_weights_of_their_epoch(tmp_path):
    plain, fast = twins()
    for name, model in (("plain", plain), ("fast", fast)):
        save = K.ModelCheckpoint(str(tmp_path / f"{name}{{epoch}}.keras"))
        model.fit(X, Y, epochs=3, callbacks=[save], **FIT)
    for epoch in (1, 2, 3):
        a, b = (keras.models.load_model(tmp_path / f"{name}{epoch}.keras") for name in ("plain", "fast"))
        need_alike(a, b)
        assert int(b.optimizer.iterations) == 7 * epoch


class Crash(Exception):
    pass


class CrashAt(K.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Crash


def test_a_backup_goes_on_where_training_ended(tmp_path):
    plain, fast = twins()
    for name, model in (("plain", plain), ("fast", fast)):
        backup = K.BackupAndRestore(str(tmp_path / name))
        with pytest.raises(Crash):
            model.fit(X, Y, epochs=5, callbacks=[backup, CrashAt(2)], **FIT)
        again = network()
        if model is fast:
            fastmlp.accelerate(again)
        history = again.fit(X, Y, epochs=5, callbacks=[K.BackupAndRestore(str(tmp_path / name))], **FIT)
        model.set_weights(again.get_weights())
        model.optimizer = again.optimizer
        assert history.epoch == [3, 4]
    need_alike(plain, fast)


@pytest.mark.parametrize("error", [Crash, KeyboardInterrupt])
@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end", "on_train_chunk_end"])
def test_an_exception_leaves_the_weights_so_far(error, hook):
    """Raised by a callback of Keras's, or by what happens between two of them."""
    model = fastmlp.accelerate(network())
    before = [w.copy() for w in model.get_weights()]

    def fail(number, logs=None):
        if number == 1:
            raise error

    if hook == "on_train_chunk_end":

        def batches():
            for i in range(9):
                if i == 5:
                    raise error
                yield X[i * 5 : i * 5 + 5], Y[i * 5 : i * 5 + 5]

        steps = 5
        with pytest.raises(error):
            model.fit(batches(), verbose=0)
    else:
        steps = 14 if hook == "on_epoch_end" else 2
        with pytest.raises(error):
            model.fit(X, Y, epochs=3, callbacks=[K.LambdaCallback(**{hook: fail})], **FIT)
    assert int(model.optimizer.iterations) == steps
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_an_exception_leaves_what_a_callback_did_last():
    model = fastmlp.accelerate(network())

    class Zero(K.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([w * 0 for w in self.model.get_weights()])
            raise Crash

    with pytest.raises(Crash):
        model.fit(X, Y, callbacks=[Zero()], **FIT)
    assert not any(w.any() for w in model.get_weights())


def test_the_progress_bar_is_keras_own(capsys):
    plain, fast = twins()
    shown = []
    for model in (plain, fast):
        model.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=2)
        shown.append(capsys.readouterr().out)
    without_times = [
        [part for part in text.replace("\n", " ").split(" ") if not part.endswith(("s/step", "s"))] for text in shown
    ]
    assert without_times[0] == without_times[1]
    assert "Epoch 2/2" in shown[1]
    fast.fit(X, Y, epochs=1, verbose=1)
    bar = capsys.readouterr().out
    assert "2/2" in bar
    assert "loss" in bar
    assert capsys.readouterr().out == ""
    fast.fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def test_batches_stay_in_c_unless_a_callback_asks(monkeypatch):
    """Weights go back and forth once an epoch, and after every batch only for who wants to see them there."""
    from fastmlp.neighbours.keras_twins import Twins

    calls = []
    give = Twins.give_them
    monkeypatch.setattr(Twins, "give_them", lambda self, pairs: (calls.append(1), give(self, pairs))[1])
    model = fastmlp.accelerate(network())
    model.fit(X, Y, epochs=3, callbacks=[K.EarlyStopping("loss", patience=5)], batch_size=8, verbose=2)
    assert len(calls) == 4  # three epochs and the end, where weights may become their means
    calls.clear()
    model.fit(X, Y, callbacks=[K.LambdaCallback(on_train_batch_end=lambda batch, logs: None)], **FIT)
    assert len(calls) == 7 + 1
