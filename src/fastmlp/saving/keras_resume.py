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

Kept = Sequence[tuple[str, Any]]  # names, if known, and arrays in the order of the file


def resume(where: str, path: str, kept: Kept, model: Any, build: bool) -> None:
    """Give a model's optimizer what it remembered; with a warning nothing, if it would not be for the same.

    With `build` an optimizer that has made no step yet is made ready for what a file has for it.
    """
    optimizer = model.optimizer
    if build and model.built and len(kept) > len(optimizer_variables(optimizer)):
        optimizer.build(model.trainable_weights)
    found = _matched(kept, optimizer)
    if found is None:
        warnings.warn(f"{where}: the optimizer of {path!r} has {len(kept)} variables, and the model's has "
                      f"{len(optimizer_variables(optimizer))} or is of another kind; the model's stays as it is",
                      UserWarning, stacklevel=user_level())  # fmt: skip
        return
    stored = Stored({f"optimizer/{i}": one for i, (_, one) in enumerate(found)})
    variables = {f"optimizer/{i}": variable for i, (variable, _) in enumerate(found)}
    wrong = weights.mismatches(stored, "", variables, exact=False)
    weights.refuse(where, path, wrong, "make and compile the model as it was when saved")
    with native.blaming(where, path):
        arrays = [stored.read(name) for name in variables]
        if arrays and int(arrays[0]) < 0:
            raise ValueError(f"optimizer: expected a count of steps, got {int(arrays[0])}")
    for variable, array in zip(variables.values(), arrays, strict=True):
        if variable is not getattr(optimizer, "_rate", None) or np.float32(variable.numpy()) != array:
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
    without_rate = [one for one in wanted if one is not getattr(optimizer, "_rate", None)]
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
