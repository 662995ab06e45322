"""Fuzzes the loading of Keras's files: archives of models (.keras), models (.h5) and weights (.weights.h5).

See harness.py. What is fuzzed is a letter, for the kind of file, before its bytes.
"""

from __future__ import annotations

import io
import json
import os
import random
import warnings
import zipfile
import zlib
from pathlib import Path

import atheris
import harness
import hdf5 as hdf5_bytes
import settings
from fastmlp import _room
from fastmlp._objects import serialize
from fastmlp.saving.hdf5 import source

with atheris.instrument_imports(include=["fastmlp"]):
    import small_models
    from fastmlp import layers, saving
    from fastmlp.neighbours import keras_objects

FOLDER = harness.place("keras")
KINDS = {b"k": "m.keras", b"l": "m.h5", b"w": "m.weights.h5"}


def seeds():
    for model in small_models.models():
        for kind, name in KINDS.items():
            path = FOLDER / name
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    (model.save_weights if kind == b"w" else model.save)(path)
            except (ValueError, RuntimeError):  # what that kind of file has no place for
                continue
            if path.stat().st_size < harness.LONGEST:
                yield kind + path.read_bytes()


def load(data):
    path = FOLDER / KINDS.get(data[:1], "m.keras")
    path.write_bytes(data[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if data[:1] == b"w":
            MODEL.load_weights(path)
        else:
            saving.load_model(path)
    SOUND.add(data)


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def joined(members, draw):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, held in members.items():
            archive.writestr(name, held)
    return buffer.getvalue()


def mutated(data, max_size, seed):
    """Settings changed, or bytes of the weights, within a zip that stays one; or any bytes."""
    draw = random.Random(seed)
    data = SOUND.or_this(data, draw)
    kind, held = data[:1], data[1:]
    try:
        if kind != b"k":
            new = with_settings(held, draw) if kind == b"l" and draw.random() < 0.5 else None
            new = new or hdf5_bytes.mutated(held, max_size - 1, seed)
        elif draw.random() < 0.1:
            new = atheris.Mutate(held, max_size - 1)
        else:
            members = parts(held)
            name = draw.choice(["config.json"] * 3 + ["model.weights.h5"] * 2 + sorted(members))
            if name.endswith(".json"):
                members[name] = changed(members[name], draw)
            else:
                members[name] = hdf5_bytes.mutated(members[name], max_size // 2, seed)
            new = joined(members, draw)
    except (*harness.UNCHANGED, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        new = atheris.Mutate(held, max_size - 1)
    return kind + new[: max_size - 1]


def changed(text, draw):
    value = json.loads(text)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        settings.change(value, OBJECTS, draw)
    return json.dumps(value).encode()


def with_settings(data, draw):
    """A model's config in an .h5 file, which is one of its texts, changed to one of the same length."""
    start = data.find(b'{"class_name"')
    value, length = json.JSONDecoder().raw_decode(data[start:].decode("latin-1"))
    settings.change(value, OBJECTS, draw)
    text = json.dumps(value, separators=(",", ":")).encode()
    return data[:start] + text.ljust(length) + data[start + length :] if len(text) <= length else None


if __name__ == "__main__":
    FOLDER.mkdir()
    source.Source.verify = hdf5_bytes.unchecked
    dense, normal = layers.Dense(2, activation="relu"), layers.BatchNormalization()
    MODEL = small_models.fitted(small_models.made(dense, normal))
    OBJECTS = settings.objects(lambda thing: keras_objects.theirs("fuzz", serialize(thing)))
    _room._LEAST_LENT, _room._LEAST_AT_ONCE = 1 << 20, 1 << 18  # else some inputs take a second
    SOUND = harness.Sound(seeds())
    try:
        harness.run(load, SOUND, mutated)
    finally:
        for name in KINDS.values():
            Path(FOLDER / name).unlink(missing_ok=True)
        os.rmdir(FOLDER)
