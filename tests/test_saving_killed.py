"""Runs that are killed while they save: the file is the old one or the new one, whole."""

from __future__ import annotations

import fcntl
import os

import pytest
from fastmlp import saving
from isolated import run_script
from saving_cases import made

# A process makes two models and forks others, which save them in turn until they are killed. It tells the old file and
# the new one by their bytes, since equal models make equal files, and looks every time whether the file can be read.
KILL = """
import random, signal, time
from pathlib import Path
from fastmlp import layers, saving
from fastmlp.models import Sequential

def made(seed):
    fastmlp.random.set_random_seed(seed)
    model = Sequential([layers.Input((200,)), layers.Dense(400, "relu"), layers.Dense(3)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_weights)
    return model

SAVE = {
    "model": lambda model, path: model.save(path),
    "weights": lambda model, path: model.save_weights(path),
    "state": lambda model, path: saving.save_state(model, path, {"seed": 1}),
}
READ = {
    "model": saving.load_model,
    "weights": lambda path: reader.load_weights(path),
    "state": lambda path: saving.load_state(reader, path),
}

folder, kills = Path(sys.argv[0]).parent / "saved", KILLS
folder.mkdir()
models, reader, draw = [made(1), made(2)], made(3), random.Random(4)
counts = {"kills": 0, "while writing": 0, "old": 0, "new": 0}
for number in range(kills):
    kind = draw.choice(sorted(SAVE))
    path = folder / f"{kind}.safetensors"
    whole = []
    for model in models:
        SAVE[kind](model, path)
        whole.append(path.read_bytes())
    start = time.perf_counter()
    SAVE[kind](models[1], path)
    lasts = time.perf_counter() - start
    left = set(folder.glob(".fastmlp-*"))
    child = os.fork()
    if not child:
        try:
            turn = 0
            while True:
                SAVE[kind](models[turn % 2], path)
                turn += 1
        finally:
            os._exit(1)
    time.sleep(draw.uniform(0.2, 3) * lasts)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
    new = [one for one in folder.glob(".fastmlp-*") if one not in left]
    assert len(new) <= 1, new
    assert path.read_bytes() in whole, f"kill {number}: neither the old file nor the new one"
    READ[kind](path)
    counts["kills"] += 1
    counts["while writing"] += any(one.stat().st_size for one in new)
    counts["old" if path.read_bytes() == whole[1] else "new"] += 1
left = list(folder.glob(".fastmlp-*"))
assert len(left) <= kills
for one in left:  # an hour later
    os.utime(one, (time.time() - 3600,) * 2)
models[0].save(path)
assert not list(folder.glob(".fastmlp-*")), "what the killed ones left"
print(*counts.values())
"""


def killed(tmp_path, kills, timeout):
    text = KILL.replace("KILLS", str(kills))
    return [int(n) for n in run_script(tmp_path / "kill.py", text, timeout=timeout).split()]


def test_killed_saves_leave_a_whole_file(tmp_path):
    kills, writing, *_ = killed(tmp_path, 12, 120)
    assert kills == 12
    assert writing >= 1


@pytest.mark.slow
def test_five_hundred_killed_saves_leave_a_whole_file(tmp_path):
    kills, writing, old, new = killed(tmp_path, 500, 1800)
    print(f"{kills} kills, {writing} between the first write and the new name; then old {old}, new {new}")
    assert kills == 500
    assert writing >= 100
    assert min(old, new) >= 50


@pytest.fixture
def left(tmp_path):
    """A file as a killed process leaves it, an hour ago."""
    path = tmp_path / ".fastmlp-0123456789abcdef.tmp"
    path.write_bytes(b"begun")
    aged(path)
    return path


def aged(path, seconds=3600):
    time = os.stat(path).st_mtime - seconds
    os.utime(path, (time, time))


def test_what_the_killed_left_is_swept_away(left, tmp_path):
    other = tmp_path / "fastmlp-0.tmp"
    other.write_bytes(b"someone's")
    aged(other)
    saving.save_model(made(), tmp_path / "m.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fastmlp-0.tmp", "m.safetensors"]


def test_what_is_being_written_is_not(left, tmp_path):
    with open(left, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        saving.save_model(made(), tmp_path / "m.safetensors")
        assert left.exists()
    saving.save_model(made(), tmp_path / "m.safetensors")
    assert not left.exists()


def test_nor_what_may_be_about_to_be(left, tmp_path):
    left.write_bytes(b"just made")
    saving.save_model(made(), tmp_path / "m.safetensors")
    assert left.exists()


def test_saving_locks_what_it_writes(tmp_path, monkeypatch):
    tried = []

    def sync(descriptor, real=os.fsync):
        for path in tmp_path.glob(".fastmlp-*"):
            with open(path, "rb") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried.append(path)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    saving.save_model(made(), tmp_path / "m.safetensors")
    assert len(tried) == 1


def test_names_that_are_no_such_files_stay(tmp_path):
    folder, link, pipe = (tmp_path / f".fastmlp-{name}.tmp" for name in ("folder", "link", "pipe"))
    target = tmp_path / "target"
    target.write_bytes(b"kept")
    folder.mkdir()
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path in (target, folder, pipe):
        aged(path)
    saving.save_model(made(), tmp_path / "m.safetensors")
    assert target.read_bytes() == b"kept"
    assert folder.is_dir()
    assert link.is_symlink()
    assert pipe.exists()
