"""Places where no file can be written: what stands there stays, and the error names it."""

from __future__ import annotations

import errno
import os

import pytest
from fastmlp import callbacks, saving
from isolated import run_script
from saving_cases import made

SAVES = {
    "model": lambda model, path: model.save(path),
    "weights": lambda model, path: model.save_weights(path),
    "state": saving.save_state,
    "checkpoint": lambda model, path: checkpoint(callbacks.ModelCheckpoint(path), model),
    "export": lambda model, path: model.export(f"{path}.h"),
}


def checkpoint(callback, model):
    callbacks.CallbackList(callback, model=model).on_epoch_end(0, {"loss": 1.0})


# Permissions do not bind root, so a user of no rights tries; one who may write in the folder sees that it works.
DENIED = """
import shutil, tempfile
from pathlib import Path
from fastmlp import callbacks, layers, saving
from fastmlp.models import Sequential
import safetensors.numpy, csv, json, fastmlp.exporting

model = Sequential([layers.Input((6,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.optimizer.build(model.trainable_weights)
X, Y = np.ones((4, 6), "float32"), np.arange(4) % 3
folder = Path(tempfile.mkdtemp())  # below a folder that all may enter


def fit(*calls):
    model.fit(X, Y, verbose=0, callbacks=list(calls))

SAVES = {
    "model": model.save,
    "weights": model.save_weights,
    "state": lambda path: saving.save_state(model, path),
    "checkpoint": lambda path: fit(callbacks.ModelCheckpoint(path)),
    "table": lambda path: fit(callbacks.CSVLogger(path)),
    "backup": lambda path: fit(callbacks.BackupAndRestore(path.with_name("backup"))),
    "export.h": model.export,
}


def tried(place, what):
    for name, save in SAVES.items():
        path = place / name
        before = path.read_bytes() if path.exists() else None
        try:
            save(path)
        except PermissionError as error:
            assert str(place) in str(error), error
        else:
            raise AssertionError(f"{what}: {name} was written")
        assert (path.read_bytes() if path.exists() else None) == before, (what, name)


try:
    closed, kept = folder / "closed", folder / "kept"
    closed.mkdir()
    kept.mkdir()
    for place in (closed, kept):
        for name, save in SAVES.items():
            if name != "backup":
                save(place / name)
                (place / name).chmod(0o444)
    kept.chmod(0o777)
    dropped = folder / "dropped"  # to write in, not to look into
    dropped.mkdir()
    dropped.chmod(0o333)
    folder.chmod(0o755)
    child = os.fork() if os.geteuid() == 0 else 0
    if not child:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setuid(65534)
            closed.stat().st_uid == os.geteuid() and closed.chmod(0o555)
            listed = sorted(closed.iterdir())
            tried(closed, "a folder that is read only")
            assert sorted(closed.iterdir()) == listed
            SAVES.pop("backup")
            tried(kept, "a file that is read only")
            model.save(dropped / "new")
            saving.load_model(dropped / "new")
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(kept.iterdir()) == sorted(kept / name for name in SAVES if name != "backup")
finally:
    for path in folder.iterdir():
        path.chmod(0o755)
    shutil.rmtree(folder)
"""


def test_where_nothing_may_be_written_all_stays(tmp_path):
    if os.geteuid():
        pytest.skip("needs root, to become a user of no rights")
    run_script(tmp_path / "denied.py", DENIED)


@pytest.mark.parametrize("kind", SAVES)
def test_names_that_are_too_long(tmp_path, kind):
    with pytest.raises(OSError, match=r"expected a file that can be written whole, got 'File name too long'") as found:
        SAVES[kind](made(), tmp_path / ("long" * 70))
    assert found.value.errno == errno.ENAMETOOLONG
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", SAVES)
def test_names_no_file_can_have(tmp_path, kind):
    with pytest.raises(ValueError, match="expected a path without null characters"):
        SAVES[kind](made(), f"{tmp_path}/a\0b")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", SAVES)
def test_folders_stay_folders(tmp_path, kind):
    path = tmp_path / "it"
    for place in (path, tmp_path / "it.h"):
        place.mkdir()
        (place / "within").write_text("kept")
    with pytest.raises(IsADirectoryError, match="it"):
        SAVES[kind](made(), path)
    assert (path / "within").read_text() == (tmp_path / "it.h" / "within").read_text() == "kept"


@pytest.mark.parametrize("kind", [kind for kind in SAVES if kind != "checkpoint"])  # it makes its folder
def test_a_file_is_no_folder(tmp_path, kind):
    (tmp_path / "it").write_text("kept")
    with pytest.raises(OSError, match="it"):
        SAVES[kind](made(), tmp_path / "it" / "model")
    assert (tmp_path / "it").read_text() == "kept"


# A disk of 64 KiB, where the system lets one be made, and a limit at which it kills whoever writes beyond.
FULL = """
import shutil, signal, resource, subprocess
from pathlib import Path
from fastmlp import callbacks, layers, saving
from fastmlp.models import Sequential


def made(width):
    model = Sequential([layers.Input((6,)), layers.Dense(width, "relu"), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model

small, large = made(5), made(4000)
folder = Path(sys.argv[0]).parent / "disk"
folder.mkdir()
SAVES = {"model": lambda model: model.save(folder / "model"),
         "state": lambda model: saving.save_state(model, folder / "state")}
"""
TMPFS = """
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True).returncode:
    print("no disk")
    sys.exit()
try:
    for name, save in SAVES.items():
        save(small)
        old = (folder / name).read_bytes()
        try:
            save(large)
        except OSError as error:
            assert str(folder / name) in str(error) and "No space left on device" in str(error), error
        else:
            raise AssertionError("it did not fill the disk")
        assert (folder / name).read_bytes() == old
        assert not list(folder.glob(".fastmlp-*"))
        save(small)
    X, Y = np.ones((4, 6), "float32"), np.arange(4) % 3
    (folder / "fill").write_bytes(bytes(shutil.disk_usage(folder).free))
    logger = callbacks.CSVLogger(folder / "log.csv")
    try:
        small.fit(X, Y, epochs=1, verbose=0, callbacks=[logger])
    except OSError as error:
        assert "log.csv" in str(error), error
    else:
        raise AssertionError("it did not fill the disk")
    assert (folder / "log.csv").read_bytes() == b""
finally:
    subprocess.run(["umount", str(folder)], check=True)
print("full")
"""
LIMIT = """
small.save(folder / "model")
old = (folder / "model").read_bytes()
for action in (signal.SIG_IGN, signal.SIG_DFL):
    child = os.fork()
    if not child:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, action)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            large.save(folder / "model")
        except OSError as error:
            code = 7 * (str(folder / "model") in str(error))
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if action == signal.SIG_DFL:
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXFSZ, status
    else:
        assert os.WEXITSTATUS(status) == 7, status
        assert os.listdir(folder) == ["model"]
    assert (folder / "model").read_bytes() == old
"""


def test_a_full_disk_of_its_own(tmp_path):
    if run_script(tmp_path / "full.py", FULL + TMPFS) != "full":
        pytest.skip("needs the right to mount a small disk")


def test_a_limit_at_which_the_system_kills(tmp_path):
    run_script(tmp_path / "full.py", FULL + LIMIT)
