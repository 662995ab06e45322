"""Models of tables as files: a model's own file, of ours or Keras's, with the preparation as one more note, in JSON."""

from __future__ import annotations

import os
from typing import Any

from fastmlp._objects import registered_name
from fastmlp.cli.tabular import TablePreparation
from fastmlp.cli.target import Target
from fastmlp.saving import atomic, load_model, native, weights

_NOTE = "table"  # what the note is called


def output(option: str, path: str, *read: str) -> str:
    """Where to write, links followed: a place where that is possible, and none of the files that are read."""
    place = atomic.target(option, path, True, (".keras",))
    if place in map(os.path.realpath, read):
        raise ValueError(f"{option}: expected another file than those that are read, got {path!r}; give another name")
    return place


def save(path: str, model: Any, preparation: TablePreparation, target: Target) -> None:
    """Write all that predicting takes into one file."""
    note = {_NOTE: {"preparation": preparation.to_json(), "target": target.to_json()}}
    if atomic.ending(path):
        from fastmlp.saving import keras_files

        keras_files.save("train", os.path.realpath(path), model, False, note)
        return
    notes = {"class_name": registered_name(type(model)), "config": model.get_config(), **note}
    native.write(os.path.realpath(path), weights.values(weights.by_path(model)), notes)


def load(path: str) -> tuple[Any, TablePreparation, Target]:
    """Model, preparation and target of a file that `save` wrote."""
    note = _note(path)
    if note is None:
        raise ValueError(f"predict: expected a model that 'train' wrote, got {path!r}, which does not know the "
                         "columns of a table; give that of python -m fastmlp train")  # fmt: skip
    with native.blaming("predict", path):
        preparation, target = TablePreparation.from_json(note["preparation"]), Target.from_json(note["target"])
    model = load_model(path, compile=False)
    ends = len(preparation.names), target.outputs
    if (model.input_shape[-1], model.output_shape[-1]) != ends:
        raise ValueError(f"predict: expected a network from {ends[0]} to {ends[1]} numbers in {path!r}, as its columns "
                         f"have it, got {model.input_shape} to {model.output_shape}; train it again")  # fmt: skip
    return model, preparation, target


def _note(path: str) -> dict[str, Any] | None:
    """What a file says of the table; None if nothing."""
    if atomic.ending(atomic.checked_path("predict", path, (".keras",))):
        from fastmlp.saving import keras_files

        notes = keras_files.notes("predict", path)
        return native.as_dict(_NOTE, notes[_NOTE]) if _NOTE in notes else None
    with native.opened("predict", path) as file, native.blaming("predict", path):
        return file.json(_NOTE) if _NOTE in file.metadata else None
