"""HasWeights: what layers and models do alike with their variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp.variables import Variable


class HasWeights:
    """Whoever has variables, says which by `weights` and `trainable_weights`, and so can copy and write them."""

    name: str

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order in which `get_weights` gives them."""
        raise NotImplementedError

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        raise NotImplementedError

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that it does not."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def variables(self) -> list[Variable]:
        """Another name of `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """Another name of `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Another name of `non_trainable_weights`."""
        return self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write what `get_weights` gave. All shapes are looked at before the first is written."""
        mine, given = self.weights, [np.asarray(w) for w in weights]
        want, got = [v.shape for v in mine], [w.shape for w in given]
        if want != got:
            raise ValueError(f"set_weights: expected arrays of shapes {want} for '{self.name}', got {got}; "
                             "take them from get_weights of what is built alike")  # fmt: skip
        for variable, values in zip(mine, given, strict=True):
            variable.assign(values)
