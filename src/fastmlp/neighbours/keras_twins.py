"""Models alike, one of Keras's and one of ours: which variable is which, and their numbers from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastmlp.neighbours.keras_weights import kerass_array, optimizer_variables
from fastmlp.variables import Variable

Pair = tuple[Any, Variable]  # Keras's variable and ours


def number_of(theirs: Any) -> np.ndarray:
    """What a variable of Keras's holds, whatever its backend."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(getattr(theirs, "value", theirs)))


class Twins:
    """Two models made of the same layers.

    Parameters
    ----------
    theirs, mine
        Keras's and ours, built alike.
    """

    def __init__(self, theirs: Any, mine: Any) -> None:
        self.theirs, self.mine = theirs, mine
        self.weights: list[Pair] = list({id(pair[1]): pair for pair in _pairs(theirs, mine)}.values())

    @property
    def of_optimizer(self) -> list[Pair]:
        """What the optimizers remember, once both are built; the count of steps last, which says that all is done."""
        first, *rest = zip(self.theirs.optimizer.variables, optimizer_variables(self.mine.optimizer), strict=True)
        return [*rest, first]

    def need_same_learn(self) -> None:
        """Refuse weights that learn in one library alone: Keras may freeze single weights of a layer."""
        learns = {id(their) for their in self.theirs.trainable_variables}
        here = {id(my) for my in self.mine.trainable_weights}
        for their, my in self.weights:
            if (id(their) in learns) != (id(my) in here):
                raise ValueError(f"weights: expected those of a layer to learn as it says itself, got '{their.path}', "
                                 "which is otherwise; set trainable of its layer")  # fmt: skip

    def bind_mine(self) -> None:
        """Build our optimizer for the variables that Keras's is for, those left out of decay left out here, too."""
        theirs, mine = self.theirs.optimizer, self.mine.optimizer
        ours = {id(their): my for their, my in self.weights}
        trained = theirs._trainable_variables if theirs.built else self.theirs.trainable_variables
        left_out = [ours[id(their)] for their in trained if not theirs._use_weight_decay(their)]
        if mine.weight_decay is not None and left_out:
            mine.exclude_from_weight_decay(left_out)
        if theirs.built:
            mine.build([ours[id(their)] for their in trained])

    def bind_theirs(self) -> None:
        """Build Keras's optimizer for the variables that ours is for."""
        theirs, mine = self.theirs.optimizer, self.mine.optimizer
        kerass = {id(my): their for their, my in self.weights}
        trained = mine._trained if mine.built else self.mine.trainable_weights
        left_out = [kerass[id(my)] for my in trained if not mine.decays(my)]
        if mine.weight_decay is not None and left_out:
            theirs.exclude_from_weight_decay(left_out)
        if mine.built:
            theirs.build([kerass[id(my)] for my in trained])

    def give_me(self, pairs: list[Pair]) -> None:
        """Write Keras's numbers into our variables."""
        for their, my in pairs:
            my.assign(number_of(their))

    def give_them(self, pairs: list[Pair]) -> None:
        """Write our numbers into Keras's variables."""
        for their, my in pairs:
            their.assign(kerass_array(my))


def _pairs(theirs: Any, mine: Any) -> Iterator[Pair]:
    """The variables of both, layer by layer, shared ones as often as their layers are."""
    if hasattr(mine, "compile_from_config") and hasattr(mine, "get_layer") and hasattr(theirs, "layers"):
        for layer in theirs.layers:
            yield from _pairs(layer, mine.get_layer(layer.name))
        return
    shapes = [tuple(v.shape) for v in theirs.weights], [tuple(v.shape) for v in mine.weights]
    if shapes[0] != shapes[1]:
        raise ValueError(f"layer '{mine.name}': expected weights of the same shapes in both libraries, got {shapes[0]} "
                         f"in Keras and {shapes[1]} here; build both for the same input")  # fmt: skip
    yield from zip(theirs.weights, mine.weights)
