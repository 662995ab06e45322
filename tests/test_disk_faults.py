"""A disk that fails at any call of a save: it is done, or it raises an OSError that names the file; nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from exported_c import compiler
from isolated import run_script

# Everything that writes files writes one over an older one, while one call after the other fails: once, and from there
# on. Files are equal if what they hold is, so that the old one and the new one are known by their bytes.
FAULTS = """
import ctypes, errno, json, time
from pathlib import Path
from fastmlp import callbacks, layers, saving
from fastmlp.models import Sequential

disk = ctypes.CDLL(None)
ERRORS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EINTR]
ALL = b"owsrtcmu"  # open, write, sync, rename, truncate, close, mode, unlink
folder = Path(sys.argv[0]).parent / "disk"
folder.mkdir()
X, Y = np.ones((12, 6), "float32"), np.arange(12) % 3
made = []


def model_of(epochs):
    fastmlp.utils.clear_session()
    fastmlp.random.set_random_seed(1)
    model = Sequential([layers.Input((6,)), layers.Dense(5, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0)
    return model


def state(model):
    return [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)], model._epoch, model._place


class Written:
    "One file, written anew."

    def __init__(self, name, save):
        self.name, self.path, self._save = name, folder / name, save

    def begin(self):
        self.save(OLD)

    def save(self, model):
        self._save(model, self.path)

    def held(self):
        return self.path.read_bytes()

    def end(self):
        self.path.unlink()


class Logged(Written):
    "A line at the end of a table."

    def __init__(self):
        super().__init__("log.csv", None)

    def begin(self):
        self.logger = callbacks.CSVLogger(self.path)
        self.logger.on_train_begin()
        self.save(OLD)

    def save(self, model):
        self.logger.on_epoch_end(model._epoch, {"loss": model._epoch / 3})

    def end(self):
        self.logger.on_train_end()
        super().end()


class BackedUp(Written):
    "A backup, told by what another fit goes on from."

    def __init__(self, double):
        super().__init__(f"backup {double}", None)
        self.double = double

    def calls(self, model):
        kept = callbacks.BackupAndRestore(self.path, double_checkpoint=self.double, delete_checkpoint=False)
        return callbacks.CallbackList([kept, callbacks.EarlyStopping()], add_history=True, model=model)

    def save(self, model):
        calls = self.calls(model)
        calls.history.epoch = list(range(model._epoch))
        calls.on_epoch_end(model._epoch, {"loss": 1.0, "val_loss": 0.5})

    def held(self):
        READER._initial_epoch = None
        calls = self.calls(READER)
        calls.on_train_begin()
        return state(READER)[:2], READER._initial_epoch, calls.history.epoch, calls.callbacks[0].best

    def end(self):
        for path in self.path.iterdir():
            path.unlink()
        self.path.rmdir()


def save_at_end(model, path):
    callbacks.CallbackList(callbacks.ModelCheckpoint(path), model=model).on_epoch_end(0, {})


OF_OURS = [
    Written("model.safetensors", lambda model, path: model.save(path)),
    Written("weights.safetensors", lambda model, path: model.save_weights(path)),
    Written("state", lambda model, path: saving.save_state(model, path, {"more": np.ones(3)})),
    Written("checkpoint.safetensors", save_at_end),
    Written("model.h", lambda model, path: model.export(path)),
    Logged(), BackedUp(False), BackedUp(True),
]
OF_KERAS = [
    Written("model.keras", lambda model, path: model.save(path)),
    Written("model.h5", lambda model, path: model.save(path)),
    Written("model.weights.h5", lambda model, path: model.save_weights(path)),
]
OF_ONNX = [Written("model.onnx", lambda model, path: model.export(path))]


def open_files():
    return len(os.listdir("/proc/self/fd"))


def left_behind():
    return list(folder.rglob(".fastmlp-*"))


def tried(writer, model, kinds, call, error, onwards):
    "How many calls there were, and the error, if there was one."
    disk.disk_fails(bytes(folder), kinds, call, error, onwards)
    raised = None
    try:
        writer.save(model)
    except OSError as found:
        raised = found
    count = disk.disk_calls()
    disk.disk_fails(bytes(folder), b"", 0, 0, 0)
    return count, raised


disk.disk_fails(bytes(folder), b"", 0, 0, 0)
OLD, NEW, READER = model_of(1), model_of(2), model_of(1)
counts = {"saves": 0, "raised": 0, "old": 0, "swept": 0}
for writer in WRITERS:
    writer.begin()
    old, files = writer.held(), open_files()
    calls, raised = tried(writer, NEW, ALL, 0, 0, 0)
    new = writer.held()
    assert raised is None and old != new and calls >= (1 if isinstance(writer, Logged) else 6), (writer.name, calls)
    writer.end()
    cases = [(ALL, call, error, onwards) for call in range(1, calls + 1) for error in ERRORS[:MOST]
             for onwards in ((0, 1) if error != errno.EINTR else (0,))]
    cases += [(b"w", call, 0, onwards) for call in (1, 2, 3) for onwards in (0, 1)]  # writes that take half
    cases += [(b"w", call, errno.ENOSPC, 2) for call in (1, 2)]
    needed = [b"w"] if isinstance(writer, Logged) else [b"o", b"w", b"s", b"r"]
    cases += [(kind, 1, errno.EIO, 0) for kind in needed]  # without which nothing is saved
    for kinds, call, error, onwards in cases:
        told = writer.name, call, errno.errorcode.get(error, "short"), onwards
        writer.begin()
        before = state(NEW)
        _, raised = tried(writer, NEW, kinds, call, error, onwards)
        counts["saves"] += 1
        assert state(NEW) == before, told
        held = writer.held()
        assert raised is not None and held == old or kinds not in needed or error != errno.EIO, told
        if raised is None:
            assert held == new, told
            assert not (error == errno.ENOSPC and kinds == ALL and onwards and call <= 3), told
        else:
            assert error and raised.errno == error, (told, raised)
            assert str(writer.path) in str(raised), (told, raised)
            if isinstance(writer, BackedUp):  # several files, and the removal of older ones
                assert held in (old, new), told
            else:
                assert held == (new if "stands there, write it again" in str(raised) else old), told
            counts["raised"] += 1
            counts["old"] += held == old
        if left_behind():  # what could not be unlinked is, by the save of an hour later
            assert onwards, told
            counts["swept"] += 1
            for path in left_behind():
                os.utime(path, (time.time() - 3600,) * 2)
        if not isinstance(writer, Logged) or held == old:
            writer.save(NEW)
            assert writer.held() == new, told
        assert not left_behind(), told
        assert open_files() == files, told
        if isinstance(writer, BackedUp):
            assert len(list(writer.path.glob("state-*"))) == 1 + writer.double, told
        writer.end()
    made.append(writer.name)
assert not list(folder.iterdir())
print(*counts.values(), len(made))
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """The library that lets calls fail."""
    library = tmp_path_factory.mktemp("disk") / "disk.so"
    source = Path(__file__).with_name("faults") / "disk.c"
    command = [compiler(), "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", source, "-o", library, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def faults(tmp_path, disk, writers, errors, timeout=300):
    text = FAULTS.replace("WRITERS", writers).replace("MOST", str(errors))
    found = run_script(tmp_path / "faults.py", text, timeout=timeout, LD_PRELOAD=str(disk))
    return [int(n) for n in found.split()]


@pytest.mark.parametrize("errors", [1, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("writers", "kinds", "needed"), [("OF_OURS", 8, "fastmlp"), ("OF_KERAS", 3, "h5py"), ("OF_ONNX", 1, "onnx")]
)
def test_saves_on_a_disk_that_fails(tmp_path, disk, errors, writers, kinds, needed):
    pytest.importorskip(needed)
    saves, raised, old, swept, made = faults(tmp_path, disk, writers, errors)
    print(
        f"{made} kinds of files: {saves} saves with a fault; {raised} raised, {old} left the old, {swept} one to sweep"
    )
    assert made == kinds
    assert min(raised, old) >= kinds * errors * 3


# Training whose checkpoint fails at one call after the other, and then goes on.
FIT = """
import ctypes, errno
from pathlib import Path
from fastmlp import callbacks, layers, saving
from fastmlp.models import Sequential

disk = ctypes.CDLL(None)
folder = Path(sys.argv[0]).parent / "disk"
folder.mkdir()
X, Y = np.random.default_rng(1).normal(size=(40, 6)).astype("float32"), np.arange(40) % 3


def made():
    fastmlp.random.set_random_seed(1)
    model = Sequential([layers.Input((6,)), layers.Dense(5, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def fit(model, *calls, **settings):
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=list(calls), **settings)
    return [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)]


end = fit(made())
call = raised = calls = 0
while calls >= call:  # until there is no such call any more
    call += 1
    model, checkpoint = made(), callbacks.ModelCheckpoint(folder / "it.safetensors", save_freq=4)
    disk.disk_fails(bytes(folder), b"owsr", call, errno.EIO, 0)
    try:
        assert fit(model, checkpoint) == end
    except OSError as error:
        assert "it.safetensors" in str(error), error
        raised += 1
    calls = disk.disk_calls()
    disk.disk_fails(b"", b"", 0, 0, 0)
    assert fit(model, checkpoint, resume=True) == end
    if (folder / "it.safetensors").exists():
        assert fit(saving.load_model(folder / "it.safetensors"), resume=True) == end
        (folder / "it.safetensors").unlink()
    assert not list(folder.iterdir())
print(call, raised)
"""


def test_training_goes_on_after_a_checkpoint_that_failed(tmp_path, disk):
    calls, raised = map(int, run_script(tmp_path / "fit.py", FIT, timeout=120, LD_PRELOAD=str(disk)).split())
    assert calls > raised >= 15, (
        "three checkpoints, each a file opened, written, synchronised and renamed, and its folder"
    )
