"""Trainings killed again and again: all files can be read at any time, and the end is that of one left alone."""

from __future__ import annotations

import pytest
from isolated import run_script

# A process that has imported everything forks the one that trains, kills it at some moment and looks at all its files,
# until one comes to its end. What that has come to, files included, is compared with what one that was left alone did.
# A page of memory both see says whether a file was being written when the other died.
KILL = """
import csv, json, mmap, pickle, random, shutil, signal, time
from pathlib import Path
from fastmlp import callbacks, layers, optimizers, saving, schedules
from fastmlp.data import Dataset
from fastmlp.models import Sequential
from fastmlp.saving import atomic

_core.set_thread_grain(-1.0)
rng = np.random.default_rng(5)
X = rng.normal(size=(61, 6)).astype("float32")
Y = rng.integers(0, 3, 61)
DATA = {"x": X[:43], "y": Y[:43], "batch_size": 8, "validation_data": (X[43:], Y[43:])}
folder = Path(sys.argv[0]).parent / "run"
inside = mmap.mmap(-1, 1)


def whole_write(path, parts, real=atomic.write):
    inside[0] = 1
    real(path, parts)
    inside[0] = 0

atomic.write = whole_write


@saving.register_serializable("killed")
class Noisy(layers.Layer):
    "Draws in Python, so that the model is trained by the tape."

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = fastmlp.random.SeedGenerator(5)

    def call(self, inputs, training=False):
        noise = fastmlp.random.normal(inputs.shape, stddev=0.1, dtype="float32", seed=self.generator)
        return inputs + noise if training else inputs


class Rising(callbacks.Callback):
    "One of one's own: a momentum that follows how many epochs it has seen."

    def __init__(self):
        self.seen = 0

    def on_train_begin(self, logs=None):
        self.seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1
        logs["rising"] = np.float32(self.seen / 7)
        self.model.optimizer.learning_rate = 0.05 / self.seen

    def get_state(self):
        return {"seen": self.seen}

    def set_state(self, state):
        self.seen = state["seen"]


def made(optimizer, *more):
    fastmlp.utils.clear_session()  # names begin anew, too
    fastmlp.random.set_random_seed(9)
    model = Sequential([layers.Input((6,)), layers.Dense(7, "relu"), layers.Dropout(0.3), layers.BatchNormalization(),
                        *more, layers.Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def checkpoints():
    return [callbacks.ModelCheckpoint(folder / "last.safetensors", save_freq=2),
            callbacks.ModelCheckpoint(folder / "best.safetensors", save_best_only=True),
            callbacks.ModelCheckpoint(folder / "w-{epoch}-{batch}.safetensors", save_freq=7, save_weights_only=True)]


def backup(**options):
    return callbacks.BackupAndRestore(folder / "backup", **options)


# name: functions that make the model, the callbacks and the data
CASES = {
    "Adam and a schedule": (
        lambda: made(optimizers.Adam(schedules.ExponentialDecay(0.03, 4, 0.9))),
        lambda: [backup(save_freq=3), callbacks.EarlyStopping(patience=5, restore_best_weights=True), *checkpoints(),
                 callbacks.CSVLogger(folder / "log.csv")],
        lambda: {**DATA, "epochs": 30}),
    "momentum and a plateau": (
        lambda: made(optimizers.SGD(0.2, momentum=0.9, nesterov=True)),
        lambda: [callbacks.CSVLogger(folder / "log.csv", append=True), *checkpoints(),
                 backup(save_freq=4, double_checkpoint=True, delete_checkpoint=False),
                 callbacks.ReduceLROnPlateau(patience=1, factor=0.5, cooldown=1), callbacks.EarlyStopping(patience=6)],
        lambda: {**DATA, "epochs": 14}),
    "averages and whole epochs": (
        lambda: made(optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9)),
        lambda: [backup(), callbacks.SwapEMAWeights(swap_on_epoch=True), *checkpoints()[:2],
                 callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)],
        lambda: {**DATA, "epochs": 8}),
    "tape and data set": (
        lambda: made("sgd", Noisy()),
        lambda: [Rising(), backup(save_freq=2), *checkpoints()],
        lambda: {"x": Dataset.from_tensor_slices((X, Y)).shuffle(20, seed=3).batch(10), "epochs": 6,
                 "validation_data": (X, Y)}),
}


def trained(case):
    "What a training that comes to its end comes to."
    make, call, data = CASES[case]
    model, calls = make(), call()
    history = model.fit(**data(), callbacks=calls, verbose=0)
    counts = [{name: getattr(one, name, None) for name in ("best", "wait", "cooldown_counter", "stopped_epoch", "seen")}
              for one in calls]
    figures = {name: [np.asarray(value).tobytes() for value in values] for name, values in history.history.items()}
    return ([v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)], figures, history.epoch, counts,
            {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
             if path.is_file() and not path.name.startswith((".fastmlp-", "state-", "training_"))})


def look(case, before):
    "All files that are there can be read, and none has gone that was; those that are there now."
    reader = CASES[case][0]()
    now = {path for path in folder.glob("*") if path.is_file() and not path.name.startswith(".fastmlp-")}
    assert before <= now, before - now
    for path in folder.rglob("*"):
        if path.is_dir() or path.name.startswith((".fastmlp-", "state-")):  # being written; such as a note may name
            continue
        if path.name.startswith("training_metadata.json"):
            saving.load_state(reader, path.parent / json.loads(path.read_text())["state"])
        elif path.name.startswith("w-"):
            reader.load_weights(path)
        elif path.suffix == ".safetensors":
            saving.load_model(path)
        else:
            assert path.name == "log.csv", path
            assert len({len(row) for row in csv.reader(path.open(newline=""))}) <= 1, "whole lines"
    return now


def begun(case, result):
    child = os.fork()
    if not child:
        code = 1
        try:
            result.write_bytes(pickle.dumps(trained(case)))
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def alone(case):
    "The end, and how long it takes."
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    start = time.perf_counter()
    found = trained(case)
    return found, time.perf_counter() - start


def differing(one, other):
    if isinstance(one, dict):
        return sorted(key for key in {**one, **other} if one.get(key) != other.get(key))
    return [i for i, (a, b) in enumerate(zip(one, other)) if a != b], len(one), len(other)


draw, result = random.Random(8), folder.with_name("result")
counts = {"kills": 0, "in saves": 0, "cut": 0, "runs": 0}
ends = {case: alone(case) for case in CASES}
while counts["kills"] < KILLS:
    case = sorted(CASES)[counts["runs"] % len(CASES)]
    end, lasts = ends[case]
    shutil.rmtree(folder)
    folder.mkdir()
    seen = set()
    while True:
        left = set(folder.rglob(".fastmlp-*"))
        inside[0] = 0
        child = begun(case, result)
        time.sleep(draw.uniform(0, lasts / 4))
        os.kill(child, signal.SIGKILL)  # not waited for yet, so it is this one, at its end or not
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        counts["kills"] += 1
        counts["in saves"] += inside[0]
        counts["cut"] += bool(set(folder.rglob(".fastmlp-*")) - left)
        seen = look(case, seen)
    found = pickle.loads(result.read_bytes())
    for name, one, other in zip(("weights", "history", "epochs", "counts", "files"), found, end, strict=True):
        assert one == other, (case, name, differing(one, other))
    counts["runs"] += 1
    for one in folder.rglob(".fastmlp-*"):  # an hour later
        os.utime(one, (time.time() - 3600,) * 2)
    CASES[case][0]().save(folder / "last.safetensors")
    assert not list(folder.glob(".fastmlp-*"))
print(*counts.values())
"""


def killed(tmp_path, kills, timeout):
    text = KILL.replace("KILLS", str(kills))
    return [int(n) for n in run_script(tmp_path / "kill.py", text, timeout=timeout).split()]


def test_killed_trainings_end_as_one_left_alone(tmp_path):
    kills, saving, _, runs = killed(tmp_path, 24, 120)
    assert kills >= 24
    assert saving >= 1
    assert runs >= 1


@pytest.mark.slow
def test_trainings_killed_a_thousand_times_end_as_one_left_alone(tmp_path):
    kills, saving, cut, runs = killed(tmp_path, 1000, 3600)
    print(f"{kills} kills, {saving} within a save, {cut} left an unfinished file; {runs} trainings came to their end")
    assert kills >= 1000
    assert saving >= 200
    assert runs >= 20
