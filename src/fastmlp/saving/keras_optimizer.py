"""What an optimizer of Keras's remembers, in the order of any version, into one of ours."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp._spelling import user_level
from fastmlp.neighbours.keras_weights import optimizer_variables
from fastmlp.saving import native, weights
from fastmlp.saving.keras_hdf5 import Stored
from fastmlp.variables import Variable

Kept = Sequence[tuple[str, Any]]  # names, if known, and datasets in the order of the file
Remembered = list[tuple[Variable, np.ndarray]]


def remembered(where: str, path: str, kept: Kept, model: Any, build: bool) -> Remembered:
    """What a model's optimizer is to hold; with a warning nothing, if the file's has not learned the same.

    With `build` an optimizer that has made no step yet is made ready for what a file has for it.
    """
    optimizer = model.optimizer
    if build and model.built and len(kept) > len(optimizer_variables(optimizer)):
        optimizer.build(model.trainable_weights)
    with native.blaming(where, path):
        found = _matched(kept, optimizer) or []
        stored = Stored({str(i): one for i, (_, one) in enumerate(found)})
    variables = {str(i): variable for i, (variable, _) in enumerate(found)}
    if not found or weights.mismatches(stored, "", variables, exact=False):
        warnings.warn(f"{where}: {path!r} has nothing for the model's optimizer, {optimizer.name}: {len(kept)} "
                      f"variables, of another kind or for others than its {len(optimizer_variables(optimizer))}; it "
                      "stays as it is", UserWarning, stacklevel=user_level())  # fmt: skip
        return []
    with native.blaming(where, path):
        arrays = [stored.read(name) for name in variables]
        if int(arrays[0]) < 0:
            raise ValueError(f"optimizer: expected a count of steps, got {int(arrays[0])}")
    return list(zip(variables.values(), arrays, strict=True))


def give(optimizer: Any, values: Remembered) -> None:
    """Let an optimizer hold these."""
    for variable, array in values:
        if variable is not optimizer._rate or np.float32(variable.numpy()) != array:
            variable.assign(array)  # Keras's rate has 32 bits; ours, from the config, may know more


def _matched(kept: Kept, optimizer: Any) -> list[tuple[Variable, Any]] | None:
    """Variables with the arrays meant for them; None if these are another optimizer's."""
    wanted, arrays = list(optimizer_variables(optimizer)), [one for _, one in kept]
    if not arrays:
        return None
    if kept[0][0].rpartition("/")[2] == "iter:0":
        return _of_keras_2(kept, optimizer)
    if len(arrays) == len(wanted):
        return list(zip(wanted, arrays, strict=True))
    without_rate = [one for one in optimizer.variables if one is not optimizer._rate]
    trained = optimizer._trained
    unused = not optimizer._state and [one.shape for one in arrays[1:]] == [tuple(v.shape) for v in trained]
    if len(arrays) == len(without_rate) or unused:  # Keras 2 keeps no rate, and momenta even where there is none
        return list(zip(without_rate, arrays, strict=False))
    return None


def _of_keras_2(kept: Kept, optimizer: Any) -> list[tuple[Variable, Any]] | None:
    """The same for optimizers before Keras 2.11, whose memories stand kind by kind: all momenta, all velocities."""
    kinds: dict[str, list[Any]] = {}
    for name, one in kept[1:]:
        kinds.setdefault(name.rpartition("/")[2], []).append(one)
    kinds.pop("momentum_cache:0", None)  # Nadam's, which follows from the count of steps
    trained = optimizer._trained
    slots = [optimizer.slots(v) for v in trained]
    fits = all(len(one) == len(kinds) for one in slots) and all(len(one) == len(trained) for one in kinds.values())
    if not fits:
        return None
    pairs = [(slot, kinds[kind][i]) for i, mine in enumerate(slots) for slot, kind in zip(mine, kinds, strict=True)]
    return [(optimizer._batches, kept[0][1]), *pairs]
