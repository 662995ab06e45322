"""Files of this version of the format stay readable: models that were written long ago, and what they must come to."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from fastmlp import saving
from golden_cases import MAKERS, figures_of, read
from golden_files import FIGURES, FILES
from saving_cases import changed, note

PROMISE = (
    "this breaks a promise: a file that was written in version 1 of the format stays readable, and training goes on "
    "from it to the same bits (see src/fastmlp/saving/native.py). Mend the change, or read version 1 as it was beside "
    "the new one"
)


def written(name, tmp_path):
    path = tmp_path / "golden.safetensors"
    path.write_bytes(zlib.decompress(base64.b85decode(FILES[name])))
    return path


@pytest.mark.parametrize("name", MAKERS)
def test_golden_files_are_read_and_come_to_what_they_did(name, tmp_path):
    found = figures_of(name, read(name, written(name, tmp_path)))
    assert found == FIGURES[name], PROMISE


def test_every_golden_file_is_one_of_version_1(tmp_path):
    assert set(FILES) == set(FIGURES) == set(MAKERS)
    for name in FILES:
        path = written(name, tmp_path)
        assert note(path, "format_version") == 1, PROMISE


@pytest.mark.parametrize("name", MAKERS)
def test_files_that_are_written_now_have_what_golden_ones_have(name, tmp_path):
    """An older fastmlp looks for these notes and tensors: a file without them would be no file of version 1."""
    golden = written(name, tmp_path)
    now = tmp_path / "now.safetensors"
    model = read(name, golden)
    if name == "weights":
        model.save_weights(now)
    elif name.startswith("state"):
        saving.save_state(model, now, {"note": "golden"})
    else:
        model.save(now)
    then, here = (content(path) for path in (golden, now))
    assert here["tensors"].items() >= then["tensors"].items(), PROMISE
    for key, value in then["notes"].items():
        assert contains(here["notes"][key], value), (key, PROMISE)


def content(path):
    """What a file holds, by names alone: its tensors' types and shapes, and its notes."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    notes = header.pop("__metadata__")
    tensors = {name: (one["dtype"], one["shape"]) for name, one in header.items()}
    kept = {key: parsed(value) for key, value in notes.items() if key != "fastmlp_version"}
    return {"tensors": {name: str(one) for name, one in tensors.items()}, "notes": kept}


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def contains(now, then):
    """Whether all that was said then is said now; names that are given automatically, and seeds, are of no account."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and contains(now[key], then[key]) for key in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(contains, now, then))
    return now == then


def test_a_file_of_a_newer_version_says_so(tmp_path):
    path = written("sequential", tmp_path)
    changed(path, format_version="2")
    with pytest.raises(ValueError, match="format version '2', where this fastmlp reads '1': a newer one can read it"):
        saving.load_model(path)
