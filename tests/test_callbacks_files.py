"""Callbacks that step in or write files: learning rates, NaN, checkpoints, backups, averages, CSV, TensorBoard."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fastmlp.callbacks import (
    BackupAndRestore,
    CallbackList,
    CSVLogger,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    SwapEMAWeights,
    TensorBoard,
    TerminateOnNaN,
)
from fastmlp.variables import Variable
from scripted import Scripted, load_state, save_state

# ---- LearningRateScheduler, LambdaCallback, TerminateOnNaN


@pytest.mark.parametrize(
    "schedule", [lambda epoch, rate: rate / 2, lambda epoch: 0.25 / 2**epoch, lambda epoch, rate=None: 0.25 / 2**epoch]
)
def test_a_schedule_of_the_epoch_and_perhaps_of_the_rate(schedule):
    history = Scripted().fit(LearningRateScheduler(schedule), loss=[1.0, 1.0, 1.0])
    assert history.history == {"loss": [1.0] * 3, "learning_rate": [0.25, 0.125, 0.0625]}


def test_a_schedules_own_errors_are_its_own():
    def schedule(epoch, rate):
        return "a" + epoch

    with pytest.raises(TypeError, match="can only concatenate str"):
        Scripted().fit(LearningRateScheduler(schedule), loss=[1.0])


@pytest.mark.parametrize("rate", [None, "0.1", True])
def test_what_a_schedule_must_return(rate):
    with pytest.raises(TypeError, match="LearningRateScheduler: expected a number from the schedule"):
        Scripted().fit(LearningRateScheduler(lambda epoch: rate), loss=[1.0])
    with pytest.raises(TypeError, match="expected a function"):
        LearningRateScheduler(rate)


def test_the_schedule_says_so(capsys):
    Scripted().fit(LearningRateScheduler(lambda epoch: 0.125, verbose=1), loss=[1.0])
    assert capsys.readouterr().out == "\nEpoch 1: LearningRateScheduler setting learning rate to 0.125.\n"


def test_functions_as_a_callback():
    seen = []
    spy = LambdaCallback(on_train_end=lambda logs: seen.append(logs), on_test_begin=lambda logs: seen.append("test"),
                         on_epoch_begin=lambda epoch, logs: seen.append(epoch), note="mine")  # fmt: skip
    Scripted().fit(spy, loss=[1.0, 2.0])
    assert seen == [0, "test", 1, "test", {"loss": 2.0}]
    assert spy.note == "mine"
    with pytest.raises(ValueError, match="did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ended=print)


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_training_stops_when_the_loss_is_no_number(loss, capsys):
    model = Scripted(steps=3)
    assert model.fit(TerminateOnNaN(), loss=[1.0, loss, 1.0]).epoch == [0, 1]
    assert model.optimizer.iterations == 4, "after the first batch that shows it"
    assert capsys.readouterr().out == "\nBatch 0: Invalid loss, terminating training\n"
    with pytest.raises(RuntimeError, match=f"expected a finite loss, got {loss} by step 1"):
        model.fit(TerminateOnNaN(raise_error=True), loss=[1.0, loss, 1.0])


# ---- ModelCheckpoint


def test_a_checkpoint_of_every_epoch(tmp_path):
    model = Scripted()
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.safetensors"
    model.fit(ModelCheckpoint(path), val_loss=[0.5, 1.255])
    assert [Path(saved).name for saved in model.saved] == ["01-0.50.safetensors", "02-1.25.safetensors"]
    assert json.loads(Path(model.saved[1]).read_text()) == 2.0


def test_only_the_best_are_saved(tmp_path, capsys):
    model = Scripted()
    best = ModelCheckpoint(f"{tmp_path}/{{epoch}}.safetensors", save_best_only=True, verbose=1)
    model.fit(best, val_loss=[3.0, 4.0, 2.0])
    assert [Path(saved).name for saved in model.saved] == ["1.safetensors", "3.safetensors"]
    said = [line.replace(str(tmp_path), "") for line in capsys.readouterr().out.splitlines() if line]
    assert said == [
        "Epoch 1: val_loss improved from None to 3.00000, saving model to /1.safetensors",
        "Epoch 1: finished saving model to /1.safetensors",
        "Epoch 2: val_loss did not improve from 3.00000",
        "Epoch 3: val_loss improved from 3.00000 to 2.00000, saving model to /3.safetensors",
        "Epoch 3: finished saving model to /3.safetensors",
    ]
    model.fit(best, val_loss=[2.5])
    assert len(model.saved) == 2, "the best of an earlier fit counts"


@pytest.mark.parametrize(("options", "saved"), [({}, [1]), ({"mode": "min"}, [2]), ({"monitor": "loss"}, [2])])
def test_the_threshold_and_the_direction_of_the_best(tmp_path, options, saved):
    model = Scripted()
    options = {"monitor": "val_acc", "initial_value_threshold": 0.5, **options}
    script = {"loss": [0.6, 0.4], "val_acc": [0.6, 0.4]}
    model.fit(ModelCheckpoint(f"{tmp_path}/{{epoch}}.safetensors", save_best_only=True, **options), **script)
    assert [int(Path(path).stem) for path in model.saved] == saved


def test_only_weights(tmp_path):
    model = Scripted()
    model.fit(ModelCheckpoint(tmp_path / "{epoch}.safetensors", save_weights_only=True), loss=[1.0])
    assert model.saved == [f"weights:{tmp_path}/1.safetensors"]


@pytest.mark.parametrize(
    ("every", "expected"), [(2, ["1-2", "2-1", "2-3"]), (4, ["2-1"]), (3, ["1-3", "2-3"]), (7, [])]
)
def test_a_checkpoint_every_so_many_batches(tmp_path, every, expected):
    model = Scripted(steps=3)
    model.fit(ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_freq=every), loss=[1.0, 1.0])
    assert [Path(path).stem for path in model.saved] == expected


def test_several_batches_at_a_time_count_as_several(tmp_path):
    model = Scripted()
    calls = CallbackList(ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_freq=5), model=model)
    for epoch in range(2):
        calls.on_epoch_begin(epoch)
        for batch in (3, 7, 9):
            calls.on_train_batch_end(batch, {})
    assert [Path(path).stem for path in model.saved] == ["1-8", "2-4", "2-10"]


def test_the_best_without_its_number_is_every_one(tmp_path):
    model = Scripted()
    with pytest.warns(UserWarning, match="without it every model is saved"):
        model.fit(ModelCheckpoint(tmp_path / "a.safetensors", save_best_only=True), loss=[1.0, 2.0])
    assert len(model.saved) == 2


@pytest.mark.parametrize(
    ("path", "options", "what"),
    [
        ("a.pt", {}, r"ModelCheckpoint: expected a name that ends in .safetensors, got 'a.pt'"),
        ("a.keras", {"save_weights_only": True}, r"ends in \.weights\.h5 or \.safetensors, got 'a.keras'"),
        ("a.h5", {"save_weights_only": True}, r"ends in \.weights\.h5 or \.safetensors, got 'a.h5'"),
        (None, {}, "ModelCheckpoint: expected a path, got None"),
        ("a", {"save_freq": "batch"}, "save_freq: expected 'epoch' or a number of batches, got 'batch'"),
        ("a", {"save_freq": 0}, "save_freq: expected a whole number of at least 1"),
        ("a", {"save_freq": 1.5}, "save_freq: expected a whole number"),
    ],
)
def test_what_cannot_be_a_checkpoint(path, options, what):
    with pytest.raises((ValueError, TypeError), match=what):
        ModelCheckpoint(path, **options)


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"expected names among \['epoch', 'loss'\] in .*, got 'val_loss'"):
        Scripted().fit(ModelCheckpoint("{val_loss}.safetensors"), loss=[1.0])
    with pytest.raises(ValueError, match=r"expected names among \['epoch', 'loss'\] in 'a{}', got .*; change the path"):
        Scripted().fit(ModelCheckpoint("a{}"), loss=[1.0])
    with pytest.raises(IsADirectoryError, match="expected a path for a file"):
        Scripted().fit(ModelCheckpoint(tmp_path), loss=[1.0])


# ---- BackupAndRestore


@pytest.fixture(autouse=True)
def states(monkeypatch):
    """Scripted models have states of their own."""
    monkeypatch.setattr("fastmlp.saving.save_state", save_state)
    monkeypatch.setattr("fastmlp.saving.load_state", load_state)


@pytest.mark.parametrize("double", [False, True])
def test_an_interrupted_fit_goes_on_where_it_was(tmp_path, double):
    folder, losses = tmp_path / "backup", [4.0, 3.0, 2.0, 1.0]
    with pytest.raises(KeyboardInterrupt):
        Scripted().fit(BackupAndRestore(folder, double_checkpoint=double), loss=losses, crash_in=2)
    assert len(list(folder.glob("state-*"))) == 1 + double
    model = Scripted()
    history = model.fit(BackupAndRestore(folder, double_checkpoint=double), loss=losses)
    assert (history.epoch, list(model.ran)) == ([0, 1, 2, 3], [2, 3])
    assert history.history == {"loss": losses}, "that of the epochs before is in the backup"
    assert (model.weight, model.optimizer.iterations) == (4.0, 8)
    assert not folder.exists(), "done, so the backup is not needed any more"


def test_a_fit_that_is_done_is_not_run_again(tmp_path):
    keep = BackupAndRestore(tmp_path, delete_checkpoint=False)
    assert Scripted().fit(keep, loss=[2.0, 1.0]).epoch == [0, 1]
    model = Scripted()
    assert model.fit(keep, loss=[2.0, 1.0]).history == {"loss": [2.0, 1.0]}
    assert (model.weight, list(model.ran)) == (2.0, [])
    assert model.fit(keep, loss=[3.0, 2.0, 1.0]).history == {"loss": [2.0, 1.0, 1.0]}
    assert list(model.ran) == [2]


def test_a_backup_every_so_many_batches(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        Scripted(steps=5).fit(BackupAndRestore(tmp_path, save_freq=3), loss=[1.0] * 3, crash_in=1)
    note = json.loads((tmp_path / "training_metadata.json").read_text())
    assert (note["epoch"], note["batch"]) == (1, 1), "batches 3 and 6 of all; the first of epoch 1 is done"
    model = Scripted(steps=5)
    model.fit(BackupAndRestore(tmp_path, save_freq=3), loss=[1.0] * 3)
    assert list(model.ran) == [1, 2]
    assert model.optimizer.iterations == 6 + 10


def test_a_spoilt_backup(tmp_path):
    for double in (False, True):
        folder = tmp_path / str(double)
        with pytest.raises(KeyboardInterrupt):
            Scripted().fit(BackupAndRestore(folder, double_checkpoint=double), loss=[1.0] * 4, crash_in=2)
        note = json.loads((folder / "training_metadata.json").read_text())
        (folder / note["state"]).write_text("[")
    model = Scripted()
    model.fit(BackupAndRestore(tmp_path / "True"), loss=[1.0] * 4)
    assert list(model.ran) == [1, 2, 3], "the one before"
    with pytest.raises(RuntimeError, match=r"expected a backup that can be read in .*remove it to begin anew"):
        Scripted().fit(BackupAndRestore(tmp_path / "False"), loss=[1.0] * 4)


@pytest.mark.parametrize("moment", ["state", "note"])
def test_a_crash_while_backing_up_loses_one_backup_only(tmp_path, monkeypatch, moment):
    def halfway(model, path, extra):
        if model.weight == 3.0:
            if moment == "state":
                Path(path).write_text("[")
                raise KeyboardInterrupt
            patch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt()))
        save_state(model, path, extra)

    with monkeypatch.context() as patch:
        patch.setattr("fastmlp.saving.save_state", halfway)
        with pytest.raises(KeyboardInterrupt):
            Scripted().fit(BackupAndRestore(tmp_path, double_checkpoint=True), loss=[1.0] * 5)
    model = Scripted()
    model.fit(BackupAndRestore(tmp_path, double_checkpoint=True), loss=[1.0] * 5)
    assert list(model.ran) == [2, 3, 4]


def test_what_else_is_in_the_directory_stays(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    Scripted().fit(BackupAndRestore(tmp_path), loss=[1.0])
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(ValueError, match="expected a directory"):
        BackupAndRestore("")


# ---- SwapEMAWeights


class Averaged(Scripted):
    """Its weight is a Variable; the average is a tenth of it."""

    def __init__(self):
        self.variable, self.average = Variable([0.0], dtype="float64"), Variable([0.0], dtype="float64")
        super().__init__(use_ema=True, averages=[self.average], build=lambda variables: None)
        self.trainable_variables = [self.variable]

    weight = property(lambda self: float(self.variable.numpy()[0]))

    @weight.setter
    def weight(self, value):
        self.variable.assign([value])
        self.average.assign([value / 10])


def test_averages_are_what_is_evaluated():
    model, seen = Averaged(), []
    look = LambdaCallback(on_test_begin=lambda logs: seen.append(model.weight),
                          on_epoch_end=lambda epoch, logs: seen.append(model.weight))  # fmt: skip
    model.fit([SwapEMAWeights(), look], loss=[1.0, 1.0])
    assert seen == [0.1, 1.0, 0.2, 2.0]
    calls = CallbackList(SwapEMAWeights(), model=model)
    calls.on_predict_begin()
    assert model.weight == 0.2
    calls.on_predict_end()
    assert (model.weight, float(model.average.numpy()[0])) == (2.0, 0.2)


@pytest.mark.parametrize("stop", [False, True])
def test_averages_between_epochs(stop):
    model, seen = Averaged(), []

    def end(epoch, logs):
        model.stop_training = stop and epoch == 1

    look = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(model.weight),
                          on_epoch_end=lambda epoch, logs: seen.append(model.weight))  # fmt: skip
    model.fit(
        [LambdaCallback(on_epoch_end=end), SwapEMAWeights(swap_on_epoch=True), look], loss=[1.0] * (3 if stop else 2)
    )
    assert seen == [0.0, 0.1, 1.0, 0.2]
    assert float(model.average.numpy()[0]) == 0.2, "which the end of training writes into the weights"


def test_without_averages_it_says_so():
    with pytest.raises(ValueError, match="SwapEMAWeights: expected an optimizer that averages weights, .*use_ema=True"):
        Scripted().fit(SwapEMAWeights(), loss=[1.0])


# ---- CSVLogger


def test_the_csv_file(tmp_path):
    path = tmp_path / "log.csv"
    logs = {"loss": [1 / 3, 2.0], "acc": [1.0, 0.5], "val_loss": [1e-7, 3.0]}
    model = Scripted()
    model.fit(CSVLogger(path), **logs)
    assert path.read_bytes() == b"epoch,acc,loss,val_loss\r\n0,1.0,0.3333333333333333,1e-07\r\n1,0.5,2.0,3.0\r\n"
    model.fit(CSVLogger(path, append=True), initial_epoch=1, **logs)
    assert path.read_text().splitlines()[3:] == ["1,0.5,2.0,3.0"], "no second heading"
    again = CSVLogger(path, separator=";")
    for _ in range(2):
        model.fit(again, loss=[0.5])
        assert path.read_text() == "epoch;loss;val_loss\n0;0.5;NA\n", "begun anew, a column kept for validation"


def test_the_csv_file_of_odd_logs(tmp_path):
    path = tmp_path / "log.csv"
    with pytest.raises(RuntimeError, match="on_train_begin first"):
        CSVLogger(path).on_epoch_end(0, {})
    Scripted().fit(CSVLogger(path, append=True), loss=[np.array([1.0, 2.0])], text=["x"], val_loss=[1.0])
    assert path.read_text().splitlines() == ["epoch,loss,text,val_loss", '0,"""[1.0, 2.0]""",x,1.0']


def test_the_csv_file_agrees_with_keras(tmp_path):
    keras = pytest.importorskip("keras")
    for number, logger in enumerate((keras.callbacks.CSVLogger, CSVLogger)):
        callback = logger(str(tmp_path / str(number)), separator=";")
        callback.on_train_begin()
        callback.on_epoch_end(0, {"loss": 1 / 3, "acc": 1.0, "list": [1, 2], "text": "a;b"})
        callback.on_epoch_end(1, {"loss": 1e-9, "val_loss": 5.0})
        callback.on_train_end()
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()


# ---- TensorBoard


def curves(folder):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    found = {}
    for path in sorted(folder.iterdir()):
        for event in events.LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_curves_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    board = TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True)
    Scripted(steps=3).fit(board, loss=[3.0, 2.0], val_loss=[4.0, 5.0])
    train, validation = curves(tmp_path / "train"), curves(tmp_path / "validation")
    assert all(rate > 0 for _, rate in train.pop("epoch_steps_per_second"))
    assert train == {"epoch_loss": [(0, 3.0), (1, 2.0)], "epoch_learning_rate": [(0, 0.5), (1, 0.5)],
                     "batch_loss": [(2, 3.0), (4, 2.0), (6, 2.0)]}  # fmt: skip
    assert validation == {"epoch_loss": [(0, 4.0), (1, 5.0)],
                          "evaluation_loss_vs_iterations": [(3, 4.0), (6, 5.0)]}  # fmt: skip


def test_a_missing_tensorboard_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("tensorboard.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=re.escape("pip install tensorboard")):
        Scripted().fit(TensorBoard(tmp_path), loss=[1.0])


def test_what_tensorboard_does_not_get_is_said():
    with pytest.warns(UserWarning, match="histogram_freq, profile_batch asked for; only scalars are written"):
        TensorBoard(histogram_freq=1, profile_batch=(1, 2))
    with pytest.raises((TypeError, ValueError), match="update_freq"):
        TensorBoard(update_freq="often")


def test_the_stand_in_runs_as_fit_does():
    model = Scripted(steps=3)
    assert model.fit([], loss=[1.0, 1.0]).epoch == [0, 1]
    assert (model.weight, model.optimizer.iterations) == (2.0, 6)
    assert isinstance(model.optimizer, SimpleNamespace)
