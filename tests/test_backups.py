"""What a backup keeps besides the model: what callbacks have counted, the History, and that training had stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import fastmlp
import numpy as np
import pytest
from fastmlp import callbacks, layers, optimizers, saving
from fastmlp.callbacks import BackupAndRestore, Callback, CallbackList, CSVLogger, EarlyStopping
from fastmlp.models import Sequential
from resume_cases import figures
from saving_cases import changed, note
from scripted import Scripted

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(30, 4)).astype("float32"), RNG.integers(0, 3, 30)


class Broken(Callback):
    """Ctrl-C at the n-th call of any hook, behind those before it in the list."""

    def __init__(self, at):
        self.left = at
        for name in vars(Callback):
            if name.startswith("on_") and "abort" not in name and "chunk" not in name:
                setattr(self, name, self._count)

    def _count(self, *given):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def made():
    fastmlp.random.set_random_seed(2)
    model = Sequential([layers.Input((4,)), layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.5, momentum=0.9, use_ema=True, ema_momentum=0.5), "sparse_categorical_crossentropy")
    return model


def fit(folder, freq, *more, first=True):
    """What training comes to: weights, History, what callbacks counted, the table."""
    kept = [EarlyStopping(patience=2, restore_best_weights=True), callbacks.ReduceLROnPlateau(patience=1, factor=0.7),
            callbacks.ModelCheckpoint(folder / "best", save_best_only=True),
            CSVLogger(folder / "log.csv", append=freq == 2), callbacks.SwapEMAWeights(swap_on_epoch=True)]  # fmt: skip
    backup = BackupAndRestore(folder / "backup", save_freq=freq, delete_checkpoint=False)
    model = made()
    calls = [backup, *more, *kept] if first else [*kept, *more, backup]
    history = model.fit(X, Y, batch_size=10, epochs=12, verbose=0, validation_split=0.2, callbacks=calls)
    counts = [(one.wait, one.best) for one in kept[:2]], kept[0].best_epoch, kept[0].stopped_epoch, kept[2].best
    files = [(folder / name).read_bytes() for name in ("best", "log.csv")]
    return [v.numpy().tobytes() for v in model.variables], figures(history), history.epoch, counts, files


@pytest.mark.parametrize("freq", ["epoch", 2])
def test_training_broken_off_in_any_hook_ends_as_it_would_have(tmp_path, freq):
    count = Broken(0)
    (tmp_path / "alone").mkdir()
    alone = fit(tmp_path / "alone", freq, count)
    hooks, epochs = -count.left, alone[2]
    assert 3 <= len(epochs) < 12, "EarlyStopping ended it"
    for at in range(1, hooks + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        with pytest.raises(KeyboardInterrupt):
            fit(folder, freq, Broken(at), first=at % 2 == 0)
        fastmlp.utils.clear_session()
        found = fit(folder, freq, first=at % 3 == 0)
        assert found[:4] == alone[:4], at
        assert found[4][1] == alone[4][1], at
        saving.load_model(folder / "best")
    again = fit(tmp_path / "alone", freq)
    assert again[:4] == alone[:4], "a training that is over is not gone on with"


def test_averages_end_a_fit_of_which_only_the_end_was_left(tmp_path):
    def run(*more):
        model = made()
        kept = BackupAndRestore(tmp_path / "backup")
        model.fit(X, Y, batch_size=10, epochs=2, verbose=0, callbacks=[*more, kept])
        return model.get_weights()

    alone = run()
    with pytest.raises(KeyboardInterrupt):
        run(callbacks.LambdaCallback(on_train_end=lambda logs: (_ for _ in ()).throw(KeyboardInterrupt)))
    assert (tmp_path / "backup").exists()
    for one, other in zip(run(), alone, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("left", [1, 2, 3, 4])
def test_a_backup_that_is_being_removed_is_whole_or_none(tmp_path, monkeypatch, left):
    def unlink(path, missing_ok=False, real=Path.unlink):
        calls.append(path)
        if len(calls) > left:
            raise KeyboardInterrupt
        real(path, missing_ok)

    def run():
        made().fit(X, Y, batch_size=10, epochs=3, verbose=0,
                   callbacks=[BackupAndRestore(tmp_path / "backup", double_checkpoint=True, save_freq=20)])  # fmt: skip

    calls = []
    model = made()
    backup = CallbackList(BackupAndRestore(tmp_path / "backup", double_checkpoint=True), add_history=True, model=model)
    for epoch in range(2):
        backup.on_epoch_end(epoch, {})
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        if left < 4:
            with pytest.raises(KeyboardInterrupt):
                backup.on_train_end()
        else:
            backup.on_train_end()
    assert len(calls) == min(left + 1, 4)
    run()
    assert not (tmp_path / "backup").exists()


def test_unfinished_files_in_a_backup_go_with_it(tmp_path):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / ".fastmlp-00.tmp").write_bytes(b"begun")
    made().fit(X, Y, epochs=1, verbose=0, callbacks=[BackupAndRestore(tmp_path / "backup")])
    assert not (tmp_path / "backup").exists()


# ---- which callbacks


class Counting(Callback):
    """One of a user's."""

    def __init__(self):
        self.seen = np.zeros(2, "float32")

    def on_epoch_end(self, epoch, logs=None):
        self.seen += [1, epoch]

    def get_state(self):
        return {"seen": self.seen.copy()}

    def set_state(self, state):
        self.seen = state["seen"]


def interrupted(folder, *calls, epochs=3):
    last = callbacks.LambdaCallback(on_train_end=lambda logs: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        made().fit(X, Y, epochs=epochs, verbose=0, callbacks=[BackupAndRestore(folder), *calls, last])


def gone_on(folder, *calls, epochs=5):
    return made().fit(X, Y, epochs=epochs, verbose=0, callbacks=[BackupAndRestore(folder), *calls])


def test_callbacks_are_told_apart_by_class_and_order(tmp_path):
    old = [Counting(), EarlyStopping("loss", patience=9), Counting()]
    interrupted(tmp_path / "backup", *old)
    old[2].seen[...] = -1
    new = [Counting(), callbacks.TerminateOnNaN(), Counting(), Counting()]
    gone_on(tmp_path / "backup", *new)
    assert [one.seen.tolist() for one in new if isinstance(one, Counting)] == [[5, 10], [5, 10], [2, 7]]
    assert new[0].seen.dtype == np.float32


class Odd(Callback):
    def get_state(self):
        return {"it": object()}

    def set_state(self, state):
        raise AssertionError("nothing was kept")


def test_what_cannot_be_kept_is_told(tmp_path):
    with pytest.warns(UserWarning, match=r"BackupAndRestore: Odd.get_state: expected extra values .* begins anew"):
        interrupted(tmp_path / "backup", Odd(), Counting())
    counting = Counting()
    with pytest.warns(UserWarning, match="Odd"):
        gone_on(tmp_path / "backup", Odd(), counting)
    assert counting.seen.tolist() == [5, 10]


def test_backups_of_before_know_the_model_alone(tmp_path):
    interrupted(tmp_path)
    path = tmp_path / json.loads((tmp_path / "training_metadata.json").read_text())["state"]
    arrays = len(note(path, "extra_arrays")["places"])
    changed(path, {f"extra/{i}": None for i in range(arrays)}, extra={}, extra_arrays=None)
    assert gone_on(tmp_path).epoch == [3, 4]


def test_backups_come_last_and_see_what_the_others_did():
    first, second = BackupAndRestore("a"), BackupAndRestore("b")
    others = [Counting(), EarlyStopping()]
    calls = CallbackList([first, others[0], second], add_history=True)
    calls.append(others[1])
    assert calls.callbacks == [others[0], calls.history, others[1], first, second]
    assert list(first._by_name()) == ["Counting", "History", "EarlyStopping"]


def test_the_history_keeps_what_logs_are(tmp_path):
    history = callbacks.History()
    history.epoch = [0, 1]
    history.history = {"loss": [0.1, float("nan")], "each": [np.ones(3), np.zeros(3)], "note": ["a", "b"],
                       "rate": [np.float32(0.1), 1], "late": [0.5]}  # fmt: skip
    model, fresh = made(), callbacks.History()
    saving.save_state(model, tmp_path / "it", history.get_state())
    fresh.set_state(saving.load_state(model, tmp_path / "it"))
    assert fresh.epoch == [0, 1]
    for name, values in history.history.items():
        assert [type(one) for one in fresh.history[name]] == [type(one) for one in values], name
        for one, other in zip(fresh.history[name], values, strict=True):
            np.testing.assert_array_equal(one, other)


# ---- extra values


def test_extra_values_may_be_arrays(tmp_path):
    arrays = {"a": np.arange(3), "b": [np.float64(0.1), {"c/d": np.ones((0, 2), "float32")}], "~": np.bool_(True),
              "big": np.arange(2, dtype=">f4"), 3: {"x": np.int8(5)}, "deep": [[[np.zeros((2, 1), "u2")]]],
              "none": None, "tuple": (1, "t")}  # fmt: skip
    model = made()
    saving.save_state(model, tmp_path / "it", arrays)
    found = saving.load_state(model, tmp_path / "it")
    np.testing.assert_array_equal(found["a"], arrays["a"])
    assert found["a"].dtype == np.int64
    assert (found["b"][0], type(found["b"][0])) == (0.1, np.float64)
    assert found["b"][1]["c/d"].shape == (0, 2)
    assert found["~"] is np.True_ or bool(found["~"]) is True
    assert found["big"].tolist() == [0.0, 1.0]
    assert found["3"]["x"] == 5
    assert found["deep"][0][0][0].shape == (2, 1)
    assert (found["none"], found["tuple"]) == (None, [1, "t"])


@pytest.mark.parametrize("extra", [{"a": np.array([object()])}, {"a": np.array(["x"])}, {"a": np.ones(1, complex)},
                                   {"a": {1, 2}}, {("a", "b"): np.ones(1)}])  # fmt: skip
def test_extra_values_that_no_file_holds(tmp_path, extra):
    with pytest.raises(ValueError, match="save_state: expected extra values that JSON can hold, and arrays"):
        saving.save_state(made(), tmp_path / "it", extra)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("places", [3, [3], [[]], [["b"]], [["a", 1]], [["a"], ["a"]], [["a"], ["more"]], [[0]]])
def test_places_that_make_no_sense_are_errors_that_name_the_file(tmp_path, places):
    model = made()
    saving.save_state(model, tmp_path / "it", {"a": np.ones(2), "more": 1})
    before = [v.numpy().tobytes() for v in model.variables]
    changed(tmp_path / "it", extra_arrays={"places": places})
    with pytest.raises(ValueError, match=r"load_state: expected a whole file .*, got .*it'"):
        saving.load_state(model, tmp_path / "it")
    assert [v.numpy().tobytes() for v in model.variables] == before


# ---- the table


def test_the_table_goes_on_behind_the_backup(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("before\n")
    logger = CSVLogger(path, append=True)
    Scripted().fit(logger, loss=[1.0, 2.0])
    kept = logger.get_state()
    with path.open("a") as file:
        file.write("2,half a li")
    again = CSVLogger(path, append=True)
    again.on_train_begin()
    again.set_state(kept)
    again.on_epoch_end(2, {"loss": 3.0})
    again.on_train_end()
    assert path.read_bytes() == b"before\n0,1.0,NA\r\n1,2.0,NA\r\n2,3.0,NA\r\n"


def test_a_table_that_is_gone_or_begun_anew_is_written_again(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    Scripted().fit(logger, loss=[1.0, 2.0])
    whole, kept = path.read_bytes(), logger.get_state()
    for change in (path.unlink, lambda: path.write_text("x")):
        change()
        again = CSVLogger(path)
        again.on_train_begin()
        again.set_state(kept)
        again.on_train_end()
        assert path.read_bytes() == whole


def test_a_table_that_goes_into_a_device_goes_on():
    logger = CSVLogger(os.devnull)
    Scripted().fit(logger, loss=[1.0])
    again = CSVLogger(os.devnull)
    again.on_train_begin()
    again.set_state(logger.get_state())
    assert again.keys == ["loss", "val_loss"]
