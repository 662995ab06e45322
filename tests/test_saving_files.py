"""Where and how files are written, and that no file does harm, whoever wrote it."""

from __future__ import annotations

import errno
import os
import pathlib
import random
import resource
import stat
import subprocess
import sys
import tracemalloc
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from fastmlp import layers, saving
from fastmlp._objects import deserialize
from fastmlp._room import claim, room
from fastmlp.models import Sequential
from saving_cases import assert_same, changed, fitted, made, note


@pytest.fixture(scope="module")
def model():
    return fitted(made())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(model, path):
    saving.save_model(model, path)
    return path


# ---- paths


def load_model(model, path):
    return saving.load_model(path)


FORMATS = (
    saving.save_model,
    saving.save_weights,
    saving.save_state,
    saving.load_weights,
    saving.load_state,
    load_model,
)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("m.pt", FORMATS),
        ("m.pth", FORMATS),
        ("m.keras", (saving.save_weights, saving.save_state, saving.load_state)),
        ("m.H5", (saving.save_weights, saving.save_state, saving.load_state)),
        ("m.weights.h5", (saving.save_state, saving.load_state)),
    ],
)
def test_names_of_other_formats_are_refused(model, tmp_path, name, calls):
    for call in calls:
        with pytest.raises(ValueError, match=r"expected a name that ends in .*\.safetensors, got"):
            call(model, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_any_other_name_will_do(model, tmp_path):
    for path in (tmp_path / "plain", str(tmp_path / "späte.r"), os.fsencode(tmp_path / "bytes")):
        saving.save_model(model, path)
        assert_same(model, saving.load_model(path))


def test_paths_that_cannot_be(model, tmp_path):
    with pytest.raises(TypeError, match="expected a path, got 3"):
        saving.save_model(model, 3)
    with pytest.raises(ValueError, match="expected a path, got ''"):
        saving.save_model(model, "")
    with pytest.raises(FileNotFoundError, match="expected a folder that is there.*makedirs"):
        saving.save_model(model, tmp_path / "none" / "m.safetensors")
    for folder in (tmp_path, f"{tmp_path}/new/"):
        with pytest.raises(IsADirectoryError, match="add a file name"):
            saving.save_model(model, folder)
    with pytest.raises(OSError, match="a device"):
        saving.save_model(model, os.devnull)
    with pytest.raises(FileNotFoundError, match="load_model: expected a file"):
        saving.load_model(tmp_path / "none.safetensors")
    with pytest.raises(IsADirectoryError, match="load_model: expected a file, got .*; check the path"):
        saving.load_model(tmp_path)


def test_a_path_relative_to_here_will_do(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saving.save_model(model, "m.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_files_are_replaced_only_if_they_may_be(model, saved, monkeypatch):
    before = saved.read_bytes()
    for call in (saving.save_model, saving.save_weights):
        with pytest.raises(FileExistsError, match="overwrite=True"):
            call(model, saved, overwrite=False)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="allow it"):
        saving.save_weights(model, saved)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    saving.save_weights(model, saved)
    assert saved.read_bytes() != before


# ---- writing


def test_permissions_are_those_of_any_new_file_or_of_the_old_one(model, path):
    before = os.umask(0o027)
    try:
        saving.save_model(model, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        saving.save_model(model, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_links_stay_links(model, tmp_path):
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.safetensors", tmp_path / "real" / "m"
    link.symlink_to(real)
    for _ in range(2):
        saving.save_model(model, link)
        assert link.is_symlink()
        assert real.is_file()
        assert_same(model, saving.load_model(link))
    assert [p.name for p in (tmp_path / "real").iterdir()] == ["m"]


@contextmanager
def small_disk():
    """The system cuts every file at 2000 bytes: those of pytest, too, so not for longer than need be."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_the_old_file(model, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_text("old")
    with small_disk(), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        saving.save_model(model, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    with small_disk(), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        saving.save_model(model, path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
def test_nothing_is_left_behind_whatever_fails(model, saved, monkeypatch, call):
    def fail(*args):
        raise KeyboardInterrupt

    before = saved.read_bytes()
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(KeyboardInterrupt):
        saving.save_weights(model, saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_content_is_on_the_disk_before_its_name_and_then_the_name(model, saved, monkeypatch):
    calls = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda old, new: (calls.append("replace"), replace(old, new)))
    saving.save_weights(model, saved)
    assert calls == [saved.stat().st_size, "replace", "folder"]


# ---- files that anyone may have written

BIG = 10**12


def with_layer(path, index=1, **settings):
    found = note(path, "config")
    found["layers"][index]["config"] |= settings
    changed(path, config=found)


@pytest.mark.parametrize("units", [BIG, 10**30, 10**7, 10**5, 6])
def test_sizes_that_the_file_does_not_hold_are_refused_before_memory_is_taken(saved, units):
    with_layer(saved, units=units)
    tracemalloc.start()
    with pytest.raises(ValueError, match="load_model: expected"):
        saving.load_model(saved)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_metrics_of_any_size_are_refused_before_memory_is_taken(saved):
    for metric in (
        {"class_name": "metrics>AUC", "config": {"num_thresholds": BIG}},
        {"class_name": "metrics>Precision", "config": {"thresholds": 0.5, "top_k": BIG}},
        {"class_name": "metrics>SensitivityAtSpecificity", "config": {"specificity": 0.5, "num_thresholds": BIG}},
        {"class_name": "metrics>MeanIoU", "config": {"num_classes": BIG}},
        {"class_name": "metrics>IoU", "config": {"num_classes": BIG, "target_class_ids": [0]}},
        {"class_name": "metrics>AUC", "config": {"multi_label": True, "num_labels": BIG}},
    ):
        changed(saved, compile_config={**note(saved, "compile_config"), "metrics": [metric]})
        tracemalloc.start()
        if "top_k" in metric["config"]:
            saving.load_model(saved)  # takes no room
        else:
            with pytest.raises(ValueError, match="sizes that the file has numbers for"):
                saving.load_model(saved)
        assert tracemalloc.get_traced_memory()[1] < 2e6
        tracemalloc.stop()


def test_room_is_counted_and_given_back():
    with room(10):
        claim("a", (2, 3))
        with pytest.raises(ValueError, match="a: expected sizes"):
            claim("a", (5,))
    claim("a", (BIG,))


@pytest.mark.parametrize(
    "notes",
    [
        {"format": "pt"},
        {"format": None},
        {"format_version": "2"},
        {"class_name": "Nothing"},
        {"class_name": "Dense"},
        {"class_name": "relu"},
        {"class_name": "os.system"},
        {"class_name": None},
        {"config": "{"},
        {"config": "[]"},
        {"config": "3"},
        {"config": "{}"},
        {"config": '{"layers": 3}'},
        {"config": '{"layers": [3]}'},
        {"config": '{"layers": [{"class_name": [], "config": {}}]}'},
        {"config": '{"layers": [{"class_name": "Dense", "config": []}]}'},
        {"config": '{"layers": [{"class_name": "relu", "config": {}}]}'},
        {"config": '{"layers": [{"function": "relu"}]}'},
        {"config": '{"layers": ' + "[" * 500 + "]" * 500 + "}"},
        {"config": "[" * 200_000},
        {"config": '{"layers": ' + "9" * 10_000 + "}"},
        {"compile_config": '{"nothing": 1}'},
        {"compile_config": '{"optimizer": {"class_name": "Dense", "config": {"units": 3}}}'},
        {"compile_config": "7"},
        {"training_state": "{}"},
        {"training_state": '{"epoch": -1, "shuffle_seed": 0, "program_seed": 0}'},
        {"training_state": '{"epoch": 0, "shuffle_seed": 1e30, "program_seed": 0}'},
        {"training_state": '{"epoch": NaN, "shuffle_seed": 0, "program_seed": 0}'},
    ],
    ids=lambda notes: str(notes)[:60],
)
def test_notes_that_make_no_sense_are_errors_that_name_the_file(saved, notes):
    changed(saved, **notes)
    with pytest.raises(ValueError, match="load_model: expected a whole file .*model.safetensors"):
        saving.load_model(saved)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"weights/dense/bias": None, "weights/more": np.zeros(5, "float32")},
            "weights/dense/bias .* is not in the file",
        ),
        ({"weights/dense/bias": np.zeros(5, "float64")}, "type F64 in the file and F32"),
        ({"weights/dense/bias": np.zeros(5, "float16")}, "type F16"),
        ({"weights/dense/bias": np.zeros((5, 1), "float32")}, r"has shape \(5, 1\)"),
        ({"weights/more": np.zeros(5, "float32")}, "is not in the model"),
        ({"optimizer/0": np.zeros((), "float32")}, "type F32 in the file and I64"),
        ({"optimizer/2": np.zeros(7, "float32")}, r"has shape \(7,\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(saved, tensors, message):
    changed(saved, tensors)
    with pytest.raises(ValueError, match=message):
        saving.load_model(saved)


def test_files_of_weights_are_no_models(model, path):
    saving.save_weights(model, path)
    with pytest.raises(ValueError, match="holds weights alone"):
        saving.load_model(path)


def test_headers_beyond_reason_are_not_read(path):
    with open(path, "wb") as file:
        file.write((90 << 20).to_bytes(8, "little"))
        file.truncate(95 << 20)
    tracemalloc.start()
    with pytest.raises(ValueError, match="a file of another kind"):
        saving.load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"a\n1\n", b"age,city\n1,Rome\n", b"\x89PNG\r\n\x1a\n" + bytes(90)])
def test_files_of_other_kinds_are_said_to_be_such(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a model file, written by save or .*, a file of another kind; check"):
        saving.load_model(path)


def test_what_could_not_be_read_is_not_written(path):
    model = Sequential([layers.Input((1,)), layers.Rescaling(1.0, name="x" * (1 << 24))])
    with pytest.raises(ValueError, match="save: expected settings of at most"):
        saving.save_model(model, path)
    assert not path.exists()


def test_damaged_files_raise_and_do_nothing_else(model, saved):
    """Cut files, bits flipped anywhere, characters of the header replaced by such as mean something to JSON."""
    whole, draw = saved.read_bytes(), random.Random(1)
    header = 8 + int.from_bytes(whole[:8], "little")
    raised = named = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in range(2000):
        data = bytearray(whole)
        if turn % 4 == 0:
            del data[draw.randrange(len(data)) :]
        for _ in range(draw.choice((1, 1, 2, 5)) if turn % 4 else 0):
            place = draw.randrange(header if turn % 4 < 3 else len(data))
            data[place] = (
                draw.choice(b'0123456789"{}[],:-eE.n') if turn % 4 == 2 else data[place] ^ 1 << draw.randrange(8)
            )
        saved.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                saving.load_model(saved)
            except (ValueError, OSError) as error:
                named += str(saved) in str(error)
                raised += 1
    assert named == raised > 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_configs_name_classes_that_are_registered_and_have_settings():
    for bad in (
        {"class_name": "builtins.eval", "config": {}},
        {"class_name": 3, "config": {}},
        {"class_name": "relu", "config": {}},
        {"class_name": "Dense", "config": "units"},
        {"function": "eval"},
        {"function": ["relu"]},
    ):
        with pytest.raises(ValueError, match="from_config: expected"):
            deserialize(bad)


def test_importing_saving_loads_no_safetensors():
    code = "import sys, fastmlp.saving; sys.exit('safetensors' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pathlib_and_methods_of_the_model_do_the_same(model, path):
    model.save(pathlib.Path(path))
    assert_same(model, saving.load_model(str(path)))
