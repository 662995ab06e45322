"""Callbacks and real models: what they write is what models save, what they take they give back."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from fastmlp import optimizers, random
from fastmlp.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    LambdaCallback,
    ModelCheckpoint,
    SwapEMAWeights,
    TensorBoard,
)
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential
from fastmlp.saving import load_model
from fastmlp.variables import Variable
from scripted import Scripted


@pytest.fixture
def rows(rng):
    return rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")


def made(optimizer="adam"):
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(2)])
    model.compile(optimizer, "mse")
    return model


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_checkpoints_are_files_of_models_and_of_weights(rows, tmp_path):
    model, twin = made(), made()
    whole = ModelCheckpoint(tmp_path / "new" / "{epoch}-{loss:.1f}.safetensors")
    weights = ModelCheckpoint(f"{tmp_path}/best.safetensors", "loss", save_best_only=True, save_weights_only=True)
    losses = model.fit(*rows, epochs=2, callbacks=[whole, weights], verbose=0).history["loss"]
    assert losses[1] < losses[0]
    assert same(load_model(f"{tmp_path}/new/2-{losses[1]:.1f}.safetensors").get_weights(), model.get_weights())
    twin.load_weights(tmp_path / "best.safetensors")
    assert same(twin.get_weights(), model.get_weights())


def test_averages_of_a_real_optimizer():
    weights, model = Variable(np.array([1.0, 2.0], "f4")), Scripted()
    model.optimizer, model.trainable_variables = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5), [weights]
    for _ in range(2):
        model.optimizer.apply_gradients([(np.array([1.0, -1.0], "f4"), weights)])
    trained, (average,) = weights.numpy(), [mean.numpy() for mean in model.optimizer.averages]
    assert not np.array_equal(trained, average)
    calls = CallbackList(SwapEMAWeights(), model=model)
    calls.on_test_begin()
    np.testing.assert_array_equal(weights.numpy(), average)
    calls.on_test_end()
    np.testing.assert_array_equal(weights.numpy(), trained)


@pytest.mark.parametrize("use", ["fit", "evaluate", "predict"])
def test_after_an_interruption_weights_are_weights_not_their_averages(rows, use):
    model = made(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
    model.fit(*rows, verbose=0)
    model.set_weights([w + 1 for w in model.get_weights()])
    before, within = [], []

    def look(logs):
        before.extend(model.get_weights())

    def fail(logs):
        within.extend(model.get_weights())
        raise KeyboardInterrupt

    callbacks = [LambdaCallback(on_test_begin=look, on_predict_begin=look), SwapEMAWeights(),
                 LambdaCallback(on_test_begin=fail, on_predict_begin=fail)]  # fmt: skip
    given = {"fit": {"y": rows[1], "validation_data": rows}, "evaluate": {"y": rows[1]}, "predict": {}}[use]
    with pytest.raises(KeyboardInterrupt):
        getattr(model, use)(rows[0], **given, callbacks=callbacks, verbose=0)
    assert not same(before, within), "the averages were there"
    assert same(before, model.get_weights())
    assert same(within, [average.numpy() for average in model.optimizer.averages])


def test_tensorboards_files_are_closed_however_training_ends(rows, tmp_path):
    pytest.importorskip("tensorboard")
    model, board, threads = made(), TensorBoard(tmp_path, update_freq="batch"), threading.active_count()

    def fail(epoch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(*rows, validation_data=rows, callbacks=[board, LambdaCallback(on_epoch_end=fail)], verbose=0)
    assert threading.active_count() == threads
    model.evaluate(*rows, callbacks=board, verbose=0)
    assert threading.active_count() == threads
    model.fit(*rows, validation_data=rows, epochs=2, callbacks=board, verbose=0)
    assert len(list((tmp_path / "validation").iterdir())) == 3, "one for each use, not for each epoch"


def test_a_log_that_cannot_be_written_says_what_to_do(rows, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"CSVLogger: expected a file to write, got .*; make its folder first"):
        made().fit(*rows, callbacks=CSVLogger(tmp_path / "nope" / "a.csv"), verbose=0)


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_a_hook_that_trains_on_a_larger_batch(hook, rng):
    """For which another network is made: the rows that are left go through one as it was."""
    x = rng.normal(size=(100, 4)).astype(np.float32)

    def made():
        random.set_random_seed(7)
        model = Sequential([Input(shape=(4,)), Dense(5, "tanh"), Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        return model

    class Trains(Callback):
        def more(self, *_, **__):
            if not found:
                found.append(int(self.model.optimizer.iterations))
                self.model.train_on_batch(x, x[:, :1])

    found, callback = [], Trains()
    setattr(callback, hook, callback.more)
    model, twin = made(), made()
    seen = model.fit(x, x[:, :1], batch_size=30, shuffle=False, verbose=0, callbacks=callback)
    batches = [x[:30], x[30:60], x[60:90], x[90:]]
    batches.insert(found[0], x)
    losses = [(len(batch), twin.train_on_batch(batch, batch[:, :1])[0]) for batch in batches]
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in twin.get_weights()]
    del losses[found[0]]
    assert seen.history["loss"] == [pytest.approx(sum(rows * loss for rows, loss in losses) / 100, rel=1e-6)]
