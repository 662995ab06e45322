"""Fuzzes the loading of models, weights and states from files in fastmlp's own format. See harness.py."""

from __future__ import annotations

import json
import os
import random
import warnings

import atheris
import harness
import settings
from fastmlp import _room

with atheris.instrument_imports(include=["fastmlp"]):
    import small_models
    from fastmlp import layers, saving

PLACE = harness.place("m.safetensors")


def seeds():
    for model in small_models.models():
        yield written(model.save)
    yield written(MODEL.save_weights)
    yield written(lambda path: saving.save_state(MODEL, path, {"best": 0.5}))


def written(save):
    save(PLACE)
    return PLACE.read_bytes()


def load(data):
    """The file is read as what it seems to be: a model, the state of one, or weights."""
    PLACE.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if b'"config"' in data:
            saving.load_model(PLACE)
        elif b'"training_state"' in data:
            saving.load_state(MODEL, PLACE)
        else:
            MODEL.load_weights(PLACE)
    SOUND.add(data)


def parts(data):
    """The header with its notes as what they say, and the tensors' bytes."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    notes = header.get("__metadata__", {})
    for name in list(notes):
        try:
            notes[name] = {"as JSON": json.loads(notes[name])}
        except (ValueError, TypeError, RecursionError):
            continue
    return header, data[8 + size :]


def joined(header, tensors):
    for name, note in header.get("__metadata__", {}).items():
        if isinstance(note, dict) and set(note) == {"as JSON"}:
            header["__metadata__"][name] = json.dumps(note["as JSON"])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + tensors


def mutated(data, max_size, seed):
    """Bytes changed anywhere or, mostly, settings changed."""
    draw = random.Random(seed)
    data = SOUND.or_this(data, draw)
    try:
        if draw.random() < 0.15:
            raise ValueError("any bytes")
        header, tensors = parts(data)
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            notes = [note["as JSON"] for note in header.get("__metadata__", {}).values() if isinstance(note, dict)]
            notes = [note for note in notes if isinstance(note, dict) and note]
            chosen = draw.choice(notes) if notes and draw.random() < 0.9 else header  # tensors are soon at odds
            settings.change(chosen, OBJECTS, draw)
        new = joined(header, tensors)
        if len(new) <= max_size:
            return new
    except harness.UNCHANGED:
        pass
    return atheris.Mutate(data, max_size)


if __name__ == "__main__":
    OBJECTS = settings.objects()
    _room._LEAST_LENT, _room._LEAST_AT_ONCE = 1 << 20, 1 << 18  # else some inputs take a second
    dense, normal = layers.Dense(2, activation="relu"), layers.BatchNormalization()
    MODEL = small_models.fitted(small_models.made(dense, normal))
    SOUND = harness.Sound(seeds())
    try:
        harness.run(load, SOUND, mutated)
    finally:
        os.remove(PLACE)
