"""Training that was broken off goes on, from the middle of an epoch too, as if it never had been: to the same bits."""

from __future__ import annotations

import copy
import functools
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import fastmlp
import hypothesis
import numpy as np
import pytest
from fastmlp import callbacks, metrics, saving
from fastmlp.data import Augment, Dataset
from hypothesis import strategies as st
from resume_cases import ARRAYS, CASES, EPOCHS, Pieces, Stop, X, Y, broken_off, figures, fit, made, of_layers, state
from saving_cases import changed, note


@functools.cache
def straight(case):
    """What never stopping comes to."""
    model = made(case)
    return figures(fit(model, case)), state(model)


def assert_goes_on(model, case, *more, **settings):
    """It ends as the other did, its history being the end of the other's."""
    history = fit(model, case, *more, **{"resume": True, **settings})
    found, want = figures(history), straight(case)
    left = len(history.epoch)
    assert history.epoch == list(range(EPOCHS - left, EPOCHS))
    assert found == {name: values[-left:] for name, values in want[0].items() if left}
    assert state(model) == want[1]


def from_file(model, case, path):
    model.save(path)
    return saving.load_model(path)


def from_state(model, case, path):
    fresh = made(case)
    if not fresh.built:
        fresh.build_by_call(model.input_shape)
    saving.save_state(model, path)
    saving.load_state(fresh, path)
    return fresh


WAYS = {
    "itself": lambda model, case, path: model,
    "deepcopy": lambda model, case, path: copy.deepcopy(model),
    "pickle": lambda model, case, path: pickle.loads(pickle.dumps(model)),
    "file": from_file,
    "state": from_state,
}


@pytest.mark.parametrize("case", CASES)
def test_going_on_is_never_having_stopped(case, tmp_path):
    an_epoch = CASES[case][1]().get("steps_per_epoch", 6)
    for after, ways in ((an_epoch + 3, ("file",)), (an_epoch + 1, ("itself",)), (an_epoch, ("pickle", "state")),
                        (1, ("deepcopy",))):  # fmt: skip
        model = broken_off(case, after)
        copies = [WAYS[way](model, case, tmp_path / way) for way in ways]
        for one in copies:
            assert_goes_on(one, case)


@hypothesis.settings(max_examples=12, deadline=None)
@hypothesis.given(
    st.sampled_from(sorted(CASES)), st.sampled_from(sorted(WAYS)), st.lists(st.integers(1, 9), min_size=1)
)
def test_however_often_it_is_broken_off(tmp_path_factory, case, way, stops):
    model, path = made(case), tmp_path_factory.mktemp("file") / "it"
    settings = {}
    for after in stops:
        try:
            fit(model, case, Stop(after), **settings)
        except KeyboardInterrupt:
            pass
        else:
            break
        model, settings = WAYS[way](model, case, path), {"resume": True}
    assert_goes_on(model, case)


def test_another_process_with_other_threads_goes_on_the_same(tmp_path):
    cases = Path(__file__).with_name("resume_cases.py")
    for number, case in enumerate(CASES):
        broken_off(case, 8).save(tmp_path / f"{number}.safetensors")
    subprocess.run([sys.executable, cases, tmp_path], check=True, env=os.environ)
    for number, case in enumerate(CASES):
        history, end = straight(case)
        with np.load(tmp_path / f"{number}.npz") as found:
            assert [array.tobytes() for array in found.values()] == end[:-4], case
        with np.load(tmp_path / f"{number}-figures.npz") as found:
            epochs = len(found["loss"])
            for name, values in found.items():
                assert [np.asarray(value).tobytes() for value in values] == history[name][-epochs:], (case, name)


def test_rounds_that_one_epoch_takes_have_orders_of_their_own():
    class Listed(Pieces):
        asked = []

        def __getitem__(self, i):
            self.asked.append(i)
            return super().__getitem__(i)

    of_layers().fit(Listed(), steps_per_epoch=18, verbose=0)
    rounds = [Listed.asked[-18:][at : at + 6] for at in (0, 6, 12)]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(rounds[2]) == list(range(6))
    assert len({tuple(one) for one in rounds}) == 3


# ---- callbacks


def test_callbacks_count_from_the_batch_resumed(tmp_path, capsys):
    model, later = broken_off("shuffled", 8), Stop(100)
    assert_goes_on(copy.deepcopy(model), "shuffled", later)
    assert later.numbers == [2, 3, 4, 5, 0, 1, 2, 3, 4, 5]
    assert_goes_on(model, "shuffled", verbose=1)
    heading, line = capsys.readouterr().out.splitlines()[:2]
    assert heading == "Epoch 2/3"
    assert line.startswith("6/6 ")


@pytest.mark.parametrize("case", ["shuffled", "rates by epoch", "own step", "data set for ever"])
@pytest.mark.parametrize("freq", ["epoch", 3])
def test_backups_are_gone_on_with_by_themselves(case, freq, tmp_path):
    model, backup = made(case), functools.partial(callbacks.BackupAndRestore, tmp_path / "backup", save_freq=freq)
    with pytest.raises(KeyboardInterrupt):
        fit(model, case, backup(), Stop(CASES[case][1]().get("steps_per_epoch", 6) + 4))
    with pytest.raises(KeyboardInterrupt):
        fit(made(case), case, backup(), Stop(2))
    assert_goes_on(made(case), case, backup(), resume=False)
    assert not (tmp_path / "backup").exists()


def test_checkpoints_within_an_epoch_are_gone_on_with(tmp_path):
    path = tmp_path / "{epoch}-{batch}.safetensors"
    fit(made("shuffled"), "shuffled", callbacks.ModelCheckpoint(path, save_freq=4))
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == [f"{name}.safetensors" for name in ("1-4", "2-2", "2-6", "3-4")]
    for name in names:
        model = saving.load_model(tmp_path / name)
        assert_goes_on(model, "shuffled", callbacks.ModelCheckpoint(tmp_path / "again-{epoch}-{batch}", save_freq=4))
        if name.startswith("1-4"):
            assert sorted(one.name for one in tmp_path.glob("again*")) == ["again-2-2", "again-2-6", "again-3-4"]


class Saved(callbacks.Callback):
    """Saves in one hook, once."""

    def __init__(self, hook, path):
        setattr(self, hook, lambda *given: path.exists() or self.model.save(path))


@pytest.mark.parametrize(("hook", "epochs"), [
    ("on_train_begin", 3), ("on_epoch_begin", 3), ("on_train_batch_begin", 3), ("on_test_begin", 3),
    ("on_test_batch_end", 3), ("on_epoch_end", 2), ("on_train_end", 0),
])  # fmt: skip
@pytest.mark.parametrize("case", ["validation", "own step"])
def test_models_saved_in_any_hook_go_on(case, hook, epochs, tmp_path):
    if case == "own step" and hook in ("on_train_begin", "on_epoch_begin", "on_train_batch_begin"):
        pytest.skip("it is not built before its first batch")
    fit(made(case), case, Saved(hook, tmp_path / "it"))
    model = saving.load_model(tmp_path / "it")
    assert_goes_on(model, case)
    assert len(model.history.epoch) == epochs


class Enough(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training |= (self.model.optimizer.iterations) == 8


def test_an_epoch_that_a_callback_ended_is_gone_on_with():
    model = made("shuffled")
    assert fit(model, "shuffled", Enough()).epoch == [0, 1]
    assert_goes_on(model, "shuffled")


# ---- what is broken off within a step


class Fragile(metrics.Metric):
    """A mean in Python, whose update can be broken off half-way."""

    left = 1 << 30

    def __init__(self, name="fragile", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total, self.mean = self.add_weight(name="total"), metrics.Mean()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.mean.update_state(np.asarray(y_pred)[:, 0])
        Fragile.left -= 1
        if not Fragile.left:
            raise KeyboardInterrupt
        self.total.assign_add(1.0)

    def result(self):
        return float(self.total.numpy()) + float(self.mean.result())


@pytest.mark.parametrize("optimizer", ["adam", {"class_name": "Adam", "config": {"gradient_accumulation_steps": 2}}])
def test_ctrl_c_in_the_middle_of_a_step_or_of_a_metric(optimizer):
    def new():
        fastmlp.random.set_random_seed(2)
        return of_layers(optimizer=optimizer, metrics=[Fragile(), "accuracy"])

    settings = {**ARRAYS, "epochs": 2, "verbose": 0}
    model = new()
    want = figures(model.fit(**settings)), state(model)
    broken = new()
    Fragile.left = 9
    with pytest.raises(KeyboardInterrupt):
        broken.fit(**settings)
    assert broken._place.batches == (3 if optimizer == "adam" else 2), "C's step was done, that of the tape is undone"
    other = copy.deepcopy(broken)
    for one in (broken, other):
        found = figures(one.fit(**settings, resume=True))
        assert (found, state(one)) == ({name: values[1:] for name, values in want[0].items()}, want[1])


def test_a_step_of_the_tape_that_fails_has_changed_nothing(monkeypatch):
    model, calls = made("tape"), []
    fit(model, "tape", epochs=1)
    before, optimizer = state(model)[:-4], type(model.optimizer)
    original = optimizer.apply

    def half(self, grads, variables):
        calls.append(1)
        original(self, grads, variables)
        raise KeyboardInterrupt

    monkeypatch.setattr(optimizer, "apply", half)
    with pytest.raises(KeyboardInterrupt):
        fit(model, "tape", resume=True)
    assert (calls, state(model)[:-4]) == ([1], before)
    monkeypatch.undo()
    assert_goes_on(model, "tape")


# ---- other data, other settings


def test_without_resume_the_epoch_begins_anew():
    model, twin = broken_off("shuffled", 8), broken_off("shuffled", 8)
    history = fit(model, "shuffled", initial_epoch=1)
    assert history.epoch == [1, 2]
    assert figures(history) != figures(fit(twin, "shuffled", resume=True))
    assert fit(model, "shuffled", resume=True).epoch == []
    assert fit(model, "shuffled", resume=True, epochs=4).epoch == [3]
    assert fit(made("shuffled"), "shuffled", resume=True).epoch == [0, 1, 2], "what was never trained begins"


@pytest.mark.parametrize(("other", "named"), [
    ({"batch_size": 4}, "batch_size 8 then and 4 now"),
    ({"x": X[:40], "y": Y[:40]}, "rows 43 then and 40 now"),
    ({"shuffle": False}, "shuffle True then and False now"),
    ({"steps_per_epoch": 3}, "steps None then and 3 now"),
    ({"x": Dataset.from_tensor_slices((X, Y)).batch(8), "y": None, "batch_size": None}, "rows 43 then and None now"),
])  # fmt: skip
def test_other_data_are_refused_within_an_epoch_and_told_of_between_two(other, named):
    with pytest.raises(ValueError, match=named):
        fit(broken_off("shuffled", 8), "shuffled", resume=True, **other)
    model = made("shuffled")
    fit(model, "shuffled")
    with pytest.warns(UserWarning, match=f"goes on with other data, .*{named}"):
        assert fit(model, "shuffled", resume=True, epochs=4, **other).epoch == [3]


def test_what_goes_on_is_said_once():
    with pytest.raises(ValueError, match="expected initial_epoch or resume"):
        fit(made("shuffled"), "shuffled", resume=True, initial_epoch=1)
    with pytest.raises(TypeError, match="resume: expected True or False"):
        fit(made("shuffled"), "shuffled", resume=2)


def batches():
    yield from Dataset.from_tensor_slices((X, Y)).batch(8).repeat(4)


def test_what_gives_each_batch_once_cannot_be_gone_back_in(tmp_path):
    model, settings = of_layers(), {"steps_per_epoch": 6, "epochs": 3, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        model.fit(batches(), **settings, callbacks=[callbacks.BackupAndRestore(tmp_path, save_freq=2), Stop(8)])
    with pytest.raises(ValueError, match=r"can be gone through again, to go on after 2 batches of epoch 2.*generator"):
        copy.deepcopy(model).fit(batches(), **settings, resume=True)
    with pytest.warns(UserWarning, match="which gives each batch once; the epoch begins anew"):
        history = model.fit(batches(), **settings, callbacks=[callbacks.BackupAndRestore(tmp_path, save_freq=2)])
    assert history.epoch == [0, 1, 2], "the first is that of the backup"
    assert model.fit(batches(), **{**settings, "epochs": 4}, resume=True).epoch == [3], "between epochs it can"
    broken = of_layers()
    with pytest.raises(KeyboardInterrupt):
        broken.fit(Dataset.from_generator(batches), epochs=1, verbose=0, callbacks=[Stop(4)])
    with pytest.raises(ValueError, match="in the middle of, 4 batches or more, got 3"):
        broken.fit(Dataset.from_generator(batches).take(3), epochs=1, verbose=0, resume=True)


@pytest.mark.parametrize("more", ["", "cache", "zip", "concatenate", "augment"])
def test_data_sets_tell_their_turns_and_go_back_to_them(more):
    def new(seed=None):
        found = Dataset.range(12).shuffle(5, seed=seed)
        if more == "cache":
            found = found.cache()
        if more == "zip":
            return Dataset.zip(found, Dataset.range(12).shuffle(12, seed=1)).batch(5)
        if more == "concatenate":
            return found.concatenate(Dataset.range(3).shuffle(3)).batch(5)
        if more == "augment":
            return Dataset.from_tensor_slices(np.ones((12, 4, 4), "float32")).batch(5).map(Augment(shift=0.3))
        return found.batch(5)

    def numbers(dataset):
        return [
            np.asarray(one).tolist() for batch in dataset for one in (batch if isinstance(batch, tuple) else [batch])
        ]

    dataset, passes = new(), []
    for _ in range(3):
        passes.append((json.loads(json.dumps(dataset.turns())), numbers(dataset)))
    assert (passes[0][1] == passes[1][1]) == (more == "cache")
    for other in (dataset, new()):
        for turns, found in reversed(passes):
            other.turn_to(turns)
            assert numbers(other) == found
    with pytest.raises(ValueError, match="expected what turns"):
        dataset.turn_to([])


# ---- files


def test_metrics_that_keep_other_numbers_count_from_here(tmp_path):
    model = broken_off("rows weighed", 8)
    model.save(tmp_path / "it")
    changed(tmp_path / "it", {"epoch/metrics/1/1": np.zeros(3)})
    with pytest.warns(UserWarning, match="'spread' keeps other numbers than when training stopped"):
        fit(saving.load_model(tmp_path / "it"), "rows weighed", resume=True)


def test_older_files_know_whole_epochs(tmp_path):
    model = made("shuffled")
    fit(model, "shuffled", epochs=2)
    model.save(tmp_path / "it")
    kept = note(tmp_path / "it", "training_state")
    state = {name: kept[name] for name in ("epoch", "shuffle_seed", "program_seed", "optimizer")}
    changed(tmp_path / "it", {"epoch/loss": None, "epoch/model/0/0": None}, training_state=state)
    assert_goes_on(saving.load_model(tmp_path / "it"), "shuffled")


BAD = [{"batches": -1}, {"epoch": "1"}, {"rows": 1 << 70}, {"ended": 2}, {"feed": 3}, {"feed": {"pass": 0}},
       {"feed": {"pass": 0, "taken": -3}}, {"feed": {"pass": 0, "taken": 0, "begun": [1]}}, {"metrics": [5]},
       {"metrics": 7}, {"counted": None}, {"model": [1 << 62]}]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD)
def test_damaged_places_are_errors_that_name_the_file(wrong, tmp_path):
    broken_off("shuffled", 8).save(tmp_path / "it")
    kept = note(tmp_path / "it", "training_state")
    changed(tmp_path / "it", training_state={**kept, "place": {**kept["place"], **wrong}})
    with pytest.raises(ValueError, match=r"load_model: expected a whole file .*, got .*it'"):
        saving.load_model(tmp_path / "it")
