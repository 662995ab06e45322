"""In which order Keras keeps what an optimizer remembers, and in which types all variables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmlp.variables import Variable


def optimizer_variables(optimizer: Any) -> list[Variable]:
    """What an optimizer remembers, as ``optimizer.variables`` of Keras has it.

    The count of steps, the learning rate unless it follows a schedule, then what is remembered of weights; of `Nadam`
    in the end the product of its momenta so far, which is here worked out from the count: what is assigned to it is
    of no account.
    """
    found = list(optimizer.variables)
    if hasattr(optimizer, "schedule_decay") and optimizer.built:
        steps, beta, decay = int(optimizer.iterations), optimizer.beta_1, optimizer.schedule_decay
        product = math.prod(beta * (1 - 0.5 * decay**step) for step in range(1, steps + 1))
        found.append(Variable(product, dtype="float32", name="u_product", trainable=False))
    return found


def kerass_array(variable: Variable) -> np.ndarray:
    """What a variable holds, in the type that Keras has for it: counts of 32 bits, rates as weights."""
    array = np.asarray(variable.numpy())
    if array.dtype.kind in "iu":
        return array.astype(np.int32)
    return array.astype(np.float32) if variable.name == "learning_rate" else array
