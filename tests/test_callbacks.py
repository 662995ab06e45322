"""Hooks: who is called when and with what; and the callbacks that watch a number, against Keras's rules."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
)
from scripted import Scripted

NAN = float("nan")


class Recorder(Callback):
    """Writes down what is called."""

    def __init__(self):
        self.calls = []


def _record(hook):
    def call(self, *arguments, logs=None):
        self.calls.append((hook, *arguments))

    return call


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
for _hook in HOOKS:
    setattr(Recorder, _hook, _record(_hook))


# ---- the list


@pytest.mark.parametrize("hook", HOOKS)
def test_the_list_calls_every_hook_of_each_in_turn(hook):
    one, two = Recorder(), Recorder()
    calls = CallbackList([one, [two]])
    numbered = hook not in {f"on_{run}_{end}" for run in ("train", "test", "predict") for end in ("begin", "end")} | {
        "on_abort"
    }
    getattr(calls, hook)(*([7] if numbered else []), {"loss": np.float32(0.5)})
    (first, *chunk) = one.calls
    assert first == ((hook, 7, {"loss": 0.5}) if numbered else (hook, {"loss": 0.5}))
    assert two.calls == one.calls
    is_batch_end = hook.endswith("_batch_end") and hook != "on_batch_end"
    assert [name for name, *_ in chunk] == [hook.replace("batch", "chunk")] * is_batch_end
    assert [steps for _, steps, _ in chunk] == [8] * is_batch_end, "8 batches are done"


def test_a_list_within_a_list_calls_each_once():
    one, own = Recorder(), History()
    calls = CallbackList([CallbackList([one, own])], add_history=True, model=Scripted())
    calls.on_train_batch_end(0, {})
    assert [name for name, *_ in one.calls] == ["on_train_batch_end", "on_train_chunk_end"]
    assert calls.callbacks == [one, own]
    assert calls.history is own


def test_logs_are_sorted_floats_and_shared():
    seen = []
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(more=1))
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))
    given = {"loss": np.float32(0.5), "acc": np.array(1), "nested": {"b": 2}, "rows": np.ones(2), "text": "x"}
    CallbackList([add, look]).on_epoch_end(0, given)
    (logs,) = seen
    assert list(logs) == ["acc", "loss", "b", "rows", "text", "more"]
    assert [type(logs[name]) for name in ("acc", "loss", "b")] == [float] * 3
    assert logs["text"] == "x"
    assert logs["rows"] is given["rows"]
    assert "more" not in given


def test_no_logs_are_an_empty_dict():
    seen = []
    CallbackList(LambdaCallback(on_train_begin=seen.append)).on_train_begin()
    assert seen == [{}]


def test_model_and_params_are_told_also_to_one_that_comes_later():
    one, two, model = Callback(), Callback(), Scripted()
    calls = CallbackList(one, model=model, epochs=3)
    calls.append(two)
    assert [(c.model, c.params) for c in (one, two)] == [(model, {"epochs": 3})] * 2


def test_a_callback_that_forgets_its_base_class():
    class Own(Callback):
        def __init__(self):
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs = self.params["epochs"]

    own = Own()
    Scripted().fit(own, loss=[1.0, 2.0])
    assert own.epochs == 2


@pytest.mark.parametrize(
    ("wrong", "mend"), [(EarlyStopping, r"make one: EarlyStopping\("), (3, "derive"), ([print], "derive")]
)
def test_what_is_no_callback(wrong, mend):
    with pytest.raises(TypeError, match=f"callbacks: expected Callback objects, got .*; {mend}"):
        CallbackList([wrong])


def test_whether_batches_have_hooks():
    class OldName(Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    class Both(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            pass

    def nothing(*arguments):
        pass

    def hooks(callback):
        calls = CallbackList([Callback(), callback])
        return calls.batch_hooks, calls.test_batch_hooks, calls.predict_batch_hooks

    none = (False, False, False)
    for free in (EarlyStopping(), TerminateOnNaN(), History(), ModelCheckpoint("a"), TensorBoard(),
                 LambdaCallback(on_epoch_end=nothing), CallbackList([])):  # fmt: skip
        assert hooks(free) == none, free
    for train in (OldName(), ModelCheckpoint("a", save_freq=3), Both("a"), TensorBoard(update_freq="batch"),
                  LambdaCallback(on_train_batch_begin=nothing), LambdaCallback(on_batch_end=nothing)):  # fmt: skip
        assert hooks(train) == (True, False, False), train
    assert hooks(LambdaCallback(on_test_batch_end=nothing)) == (False, True, False)
    assert hooks(LambdaCallback(on_predict_batch_begin=nothing)) == (False, False, True)
    assert hooks(Recorder()) == (True, True, True)


def test_the_old_names_of_batch_hooks_are_called():
    seen = []
    old = LambdaCallback(on_batch_begin=lambda b, _: seen.append(b), on_batch_end=lambda _, c: seen.append(c))
    calls = CallbackList(old)
    calls.on_train_batch_begin(4)
    calls.on_train_batch_end(4, {"loss": 1})
    assert seen == [4, {"loss": 1.0}]


# ---- History


def test_history():
    model = Scripted()
    history = model.fit([], loss=[3.0, 2.0], val_loss=[4.0, 5.0], acc=[0.1, 0.2])
    assert list(history.history.items()) == [("acc", [0.1, 0.2]), ("loss", [3.0, 2.0]), ("val_loss", [4.0, 5.0])]
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert history is model.history
    again = model.fit([], loss=[3.0, 2.0, 1.0], initial_epoch=2)
    assert (again.history, again.epoch) == ({"loss": [1.0]}, [2])


def test_a_history_of_ones_own_goes_on():
    model, own = Scripted(), History()
    for _ in range(2):
        assert model.fit(own, loss=[3.0]) is own
    assert (own.history, own.epoch) == ({"loss": [3.0, 3.0]}, [0])


# ---- EarlyStopping


def epochs_run(losses, **options):
    return len(Scripted().fit(EarlyStopping(**options), val_loss=losses).epoch)


@pytest.mark.parametrize(
    ("losses", "options", "epochs"),
    [
        ([3, 2, 1, 1, 1], {}, 4),
        ([3, 3, 1], {}, 2),
        ([NAN, NAN, 1], {}, 2),
        ([3, 4, 5, 2, 3, 3, 3, 3], {"patience": 3}, 7),
        ([3, 4, 5, 2, 3], {"patience": 2}, 3),
        ([3, 2.95, 2.9, 2.85], {"min_delta": 0.1}, 2),
        ([3, 2.95, 2.9, 2.85], {"min_delta": -0.1}, 2),
        ([3, 2.5, 2.0, 1.5], {"min_delta": 0.1}, 4),
        ([3, 4, 5], {"mode": "max"}, 3),
        ([5, 4, 4, 4], {"start_from_epoch": 2}, 4),
        ([5, 4, 3, 2, 2], {"baseline": 1, "patience": 2}, 5),
        ([5, 4, 3, 3, 3, 3], {"baseline": 1, "patience": 3}, 4),
        ([5, 4, 3, 3, 3, 3], {"patience": 3}, 6),
        ([0.5, 4, 3, 2], {"baseline": 1, "patience": 2}, 3),
    ],
)
def test_when_training_stops(losses, options, epochs):
    assert epochs_run([float(loss) for loss in losses], **options) == epochs


def test_it_does_not_stop_in_the_first_epoch_of_all():
    model = Scripted()
    stopping = EarlyStopping(baseline=0.0)
    model.fit(stopping, val_loss=[1.0])
    assert (model.stop_training, stopping.stopped_epoch) == (False, 0)


@pytest.mark.parametrize(("monitor", "best"), [("val_loss", 3), ("loss", 3), ("val_acc", 1), ("acc", 1), ("mae", 3)])
def test_the_direction_is_that_of_the_metric(monitor, best):
    stopping = EarlyStopping(monitor, patience=9, restore_best_weights=True)
    model = Scripted()
    model.fit(stopping, **{monitor: [5.0, 4.0, 1.0, 4.0]})
    assert (model.weight, stopping.best_epoch) == (best, best - 1)


def test_a_metric_of_unknown_direction_needs_a_mode():
    with pytest.raises(ValueError, match="EarlyStopping: expected a metric .*monitor='val_odd'; say mode='max'"):
        Scripted().fit(EarlyStopping("val_odd"), val_odd=[1.0])
    Scripted().fit(EarlyStopping("val_odd", mode="max"), val_odd=[1.0])


def test_the_best_weights_come_back_at_the_end_early_or_not(capsys):
    for patience, run in ((2, 4), (9, 5)):
        model = Scripted()
        stopping = EarlyStopping(patience=patience, restore_best_weights=True, verbose=1)
        assert len(model.fit(stopping, val_loss=[3.0, 1.0, 2.0, 2.0, 2.0]).epoch) == run
        assert model.weight == 2.0
    back = "Restoring model weights from the end of the best epoch: 2.\n"
    assert capsys.readouterr().out == "Epoch 4: early stopping\n" + back + back
    model.fit(EarlyStopping(patience=9), val_loss=[3.0, 1.0, 2.0])
    assert model.weight == 3.0, "left as they are unless asked"


def test_best_weights_when_none_is_better_than_the_baseline():
    model = Scripted()
    model.fit(EarlyStopping(baseline=0.5, patience=3, restore_best_weights=True), val_loss=[3.0, 2.0, 4.0, 4.0, 4.0])
    assert model.weight == 2.0


def test_an_early_stopping_is_used_again():
    stopping, model = EarlyStopping(restore_best_weights=True), Scripted()
    assert len(model.fit(stopping, val_loss=[1.0, 2.0, 3.0]).epoch) == 2
    assert len(model.fit(stopping, val_loss=[9.0, 8.0, 7.0]).epoch) == 3
    assert model.weight == 3.0


@pytest.mark.parametrize("callback", [EarlyStopping(), ReduceLROnPlateau()])
def test_a_missing_number_is_only_warned_of(callback):
    with pytest.warns(UserWarning, match=r"expected 'val_loss' among the logs \['.*loss'\]"):
        history = Scripted().fit(callback, loss=[1.0, 2.0, 3.0])
    assert len(history.epoch) == 3


def test_an_unknown_mode_is_auto():
    with pytest.warns(UserWarning, match="expected mode 'auto', 'min' or 'max', got 'least'"):
        assert EarlyStopping(mode="least").mode == "auto"


# ---- ReduceLROnPlateau


def rates(losses, **options):
    """The learning rate in the logs of every epoch: that with which it ran."""
    history = Scripted().fit(ReduceLROnPlateau(factor=0.5, **options), val_loss=[float(loss) for loss in losses])
    return history.history["learning_rate"]


@pytest.mark.parametrize(
    ("losses", "options", "expected"),
    [
        ([3, 3, 3, 3], {"patience": 1}, [0.5, 0.5, 0.25, 0.125]),
        ([3, 3, 3, 3, 3, 3], {"patience": 2}, [0.5, 0.5, 0.5, 0.25, 0.25, 0.125]),
        ([3, 3, 3, 3, 3, 3, 3], {"patience": 1, "cooldown": 2}, [0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625]),
        ([3, 3, 2, 2, 2], {"patience": 2}, [0.5] * 5),
        ([3, 3, 3, 3], {"patience": 1, "min_lr": 0.2}, [0.5, 0.5, 0.25, 0.2]),
        ([3, 2.9999, 2.9998], {"patience": 1}, [0.5, 0.5, 0.25]),
        ([3, 2.9, 2.8], {"patience": 1}, [0.5, 0.5, 0.5]),
        ([3, 4, 5], {"patience": 1, "mode": "max"}, [0.5, 0.5, 0.5]),
    ],
)
def test_the_rate_falls_on_a_plateau(losses, options, expected):
    assert rates(losses, **options) == pytest.approx(expected, abs=0)


def test_it_says_so_and_a_factor_above_one_is_refused(capsys):
    rates([3, 3], patience=1, verbose=1)
    assert capsys.readouterr().out == "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.25.\n"
    with pytest.raises(ValueError, match="expected a factor below 1, got 1.0"):
        ReduceLROnPlateau(factor=1.0)


# ---- against Keras


@pytest.mark.parametrize("seed", range(8))
def test_stopping_and_reducing_agree_with_keras(seed):
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(seed)
    losses = np.round(rng.uniform(1, 1.5, 30), 1).tolist()
    options = {"patience": int(rng.integers(1, 4)), "min_delta": float(rng.choice([0, 0.05])), "mode": "min"}
    stop = {"baseline": float(rng.choice([1.0, 1.2])), "start_from_epoch": int(rng.integers(3)), **options}
    for make, more in (("EarlyStopping", stop), ("ReduceLROnPlateau", {"cooldown": seed % 3, **options})):
        outcomes = []
        for callback in (getattr(keras.callbacks, make)(**more), globals()[make](**more)):
            model, run = Scripted(), []
            callback.set_model(model)
            callback.on_train_begin()
            for epoch, loss in enumerate(losses):
                callback.on_epoch_end(epoch, {"val_loss": loss})
                run.append((model.optimizer.learning_rate, callback.wait, callback.best))
                if model.stop_training:
                    break
            outcomes.append(run)
        assert outcomes[0] == outcomes[1]
        assert len(outcomes[0]) > 1
