"""What may lie where a model file is expected, and what may happen to it meanwhile: an error; nothing hangs or dies."""

from __future__ import annotations

import json
import os
import socket
import sys

import numpy as np
import pytest
from fastmlp import saving
from fastmlp.saving import native
from safetensors.numpy import save
from saving_cases import X, fitted, made

LOADS = {
    "load_model": lambda model, path: saving.load_model(path),
    "load_weights": lambda model, path: model.load_weights(path),
    "load_state": lambda model, path: saving.load_state(model, path),
}
every_load = pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)


@pytest.fixture(scope="module")
def model():
    return fitted(made())


def weights(model):
    return [array.tobytes() for array in model.get_weights()]


@every_load
def test_folders_pipes_sockets_and_devices_are_no_files(model, load, tmp_path):
    os.mkdir(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "round", tmp_path / "round")
    os.symlink(tmp_path / "nowhere", tmp_path / "link")
    before, listening = weights(model), socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    for name, what in (("folder", "a folder"), ("pipe", "a pipe, a device or the like"), ("socket", "No such device"),
                       ("round", "Too many levels"), ("link", "No such file"), ("nothing", "No such file"),
                       ("folder/../pipe/x", "Not a directory"), ("/dev/zero", "a pipe, a device")):  # fmt: skip
        with pytest.raises(OSError, match=f"expected a file, got .*{name}': .*{what}"):
            load(model, tmp_path / name)
    listening.close()
    assert weights(model) == before
    with pytest.raises(IsADirectoryError):
        load(model, tmp_path / "folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@every_load
def test_what_may_not_be_read_is_said(model, load, tmp_path):
    path = tmp_path / "it"
    model.save(path)
    path.chmod(0)
    with pytest.raises(PermissionError, match="expected a file, got .*it': Permission denied; check the path"):
        load(model, path)


def test_links_are_followed(model, tmp_path):
    model.save(tmp_path / "it")
    os.symlink(tmp_path / "it", tmp_path / "link")
    os.link(tmp_path / "it", tmp_path / "second")
    for name in ("link", "second"):
        assert weights(saving.load_model(tmp_path / name)) == weights(model)


@pytest.mark.parametrize("what", ["shorter", "longer", "gone", "other"])
def test_a_file_that_changes_while_it_is_read(model, what, tmp_path):
    """One that is mapped into memory and cut off would end the process."""
    path = tmp_path / "it"
    model.save(path)
    with native.opened("load", str(path)) as file:
        names = file.under("weights")
        kept = {name: file.read(name).tobytes() for name in names}
        if what == "shorter":
            os.truncate(path, 700)
            with pytest.raises(ValueError, match="the file ends there"):
                [file.read(name) for name in names]
            return
        if what == "longer":
            with path.open("ab") as end:
                end.write(b"more")
        elif what == "gone":
            path.unlink()
        else:
            made(width=4).save(path)  # which puts another file in its place
        assert {name: file.read(name).tobytes() for name in names} == kept
    if what == "longer":
        with pytest.raises(ValueError, match="it was cut off, or added to"):
            saving.load_model(path)


@every_load
def test_huge_files_of_holes_are_refused_by_what_they_say(model, load, tmp_path):
    path = tmp_path / "it"
    rows = 1 << 38
    notes = {"format": "fastmlp", "format_version": "1", "class_name": "Sequential", "config": "{}"}
    kernel = {"dtype": "F32", "shape": [rows, 1], "data_offsets": [0, 4 * rows]}
    header = json.dumps({"__metadata__": {**notes, "training_state": "{}"}, "weights/dense/kernel": kernel})
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        try:
            file.truncate(8 + len(header) + 4 * rows)
        except OSError:
            pytest.skip("the disk takes no file of 1 TB, holes or not")
    with pytest.raises(ValueError, match="load_"):
        load(model, path)


def entry(begin=0, end=8, dtype="F32", shape=(2,), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end], **more}


@pytest.mark.parametrize("header", [
    {"a": entry(0, 8), "b": entry(4, 12)},  # one over the other
    {"a": entry(0, 8), "b": entry(12, 20)},  # a hole
    {"a": entry(8, 16)},
    {"a": entry(0, 4)},
    {"a": entry(0, 8, shape=(3,))},
    {"a": entry(-8, 0)},
    {"a": entry(8, 0)},
    {"a": entry(0, 8, shape=(-2,))},
    {"a": entry(0, 8, shape=(2.0,))},
    {"a": entry(0, 8, shape=(True, 2))},
    {"a": entry(0, 8, shape=(1 << 62, 1 << 62, 0))},
    {"a": entry(0, 8, dtype="F31")},
    {"a": entry(0, 8, dtype=["F32"])},
    {"a": entry(0, 8, more=1)},
    {"a": {"dtype": "F32", "shape": [2]}},
    {"a": [0, 8]},
    {"__metadata__": {"format": 3}},
    {"__metadata__": []},
    [],
    3,
], ids=str)  # fmt: skip
def test_headers_that_lie_are_refused(header, tmp_path):
    text = json.dumps(header).encode()
    entries = [one for one in header.values() if "data_offsets" in one] if isinstance(header, dict) else []
    end = max([8, *(one["data_offsets"][1] for one in entries)])  # so that the length is no reason
    (tmp_path / "it").write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    with pytest.raises(ValueError, match="load: expected a whole file .*it'"):
        native.opened("load", str(tmp_path / "it"), ours=False).__enter__()


def test_every_type_of_numbers_is_read_as_safetensors_reads_it(tmp_path):
    rng = np.random.default_rng(1)
    arrays = {code: rng.normal(0, 50, (3, 2)).astype(code) for code in
              ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}  # fmt: skip
    arrays |= {"empty": np.zeros((0, 3), "f4"), "one": np.array(2.5), "none": np.zeros((2, 0), "i8")}
    (tmp_path / "it").write_bytes(save(arrays))
    with native.opened("load", str(tmp_path / "it"), ours=False) as file:
        assert file.shapes == {name: array.shape for name, array in arrays.items()}
        for name, array in arrays.items():
            found = file.read(name)
            np.testing.assert_array_equal(found, array)
            assert found.dtype == (np.float32 if name == "f2" else array.dtype)
            assert found.flags.writeable


def test_reading_imports_nothing_that_a_file_names(model, tmp_path, monkeypatch):
    """Names in configs are looked up among what is registered: no module is imported for them."""
    path = tmp_path / "it"
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil_module.py").write_text("raise SystemExit('it was imported')")
    model.save(path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    notes = header["__metadata__"]
    for key in ("class_name", "config", "compile_config"):
        for old in ('"Dense"', '"relu"', '"Adam"', '"sparse_categorical_crossentropy"', '"accuracy"', "Sequential"):
            for new in (
                "evil_module.Evil",
                "evil_module>Evil",
                "operations>evil_module.evil",
                "os.system",
                "builtins>eval",
            ):
                wrong = {**notes, key: notes[key].replace(old, f'"{new}"' if old[0] == '"' else new)}
                if wrong == notes:
                    continue
                text = json.dumps({**header, "__metadata__": wrong}).encode()
                path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
                before = set(sys.modules)
                with pytest.raises(ValueError, match="load_model: expected"):
                    saving.load_model(path)
                assert "evil_module" not in sys.modules
                assert set(sys.modules) == before
    assert model.predict(X, verbose=0).shape == (90, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folders_that_may_not_be_written_into(model, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        model.save(tmp_path / "it")
    tmp_path.chmod(0o700)
    assert not list(tmp_path.iterdir())
