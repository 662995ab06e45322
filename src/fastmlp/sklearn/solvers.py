"""What makes an estimator's steps: scikit-learn's optimizer, which its `_optimizer` is, beside the engine's.

The engine's holds the numbers while it trains; between fits they are scikit-learn's, to be copied and pickled with it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, BaseOptimizer, SGDOptimizer

from fastmlp import optimizers
from fastmlp._validate import brief


class OwnOptimizer(BaseOptimizer):  # type: ignore[misc]
    """What an optimizer of fastmlp's remembers between fits, in the place of scikit-learn's own."""

    def __init__(self, given: Any) -> None:
        super().__init__(float(own(given)._rate.numpy()))  # 0 if it follows a schedule
        self.given = given
        self.t = 0  # batches
        self.slots: Any = None  # a list for each slot, None before the first step
        self.averages: list[np.ndarray] = []


def own(given: Any) -> Any:
    """The optimizer that is given anew: with the same settings, before its first step."""
    found: Any = optimizers.get(given)
    steps = found.gradient_accumulation_steps
    if steps:
        raise ValueError(f"optimizer: expected one that makes a step of each batch, got gradient_accumulation_steps="
                         f"{steps}; take a batch_size {steps} times as large")  # fmt: skip
    if found.steps_in_python():
        raise ValueError(f"optimizer: expected one that C has, got {brief(found)}, whose steps are Python; take one of "
                         "fastmlp.optimizers, or a ModelClassifier or ModelRegressor, which run those too")  # fmt: skip
    plain = copy.copy(found)
    plain._start(0.0)  # a rate that is a function has no config
    made = type(found).from_config(plain.get_config())
    rate = found._follow
    made.learning_rate = float(found.learning_rate) if rate is None else copy.deepcopy(found.schedule) or rate
    made._excluded_names = found._excluded_names
    return made


def new(estimator: Any) -> Any:
    """What the estimator's steps are made by, before the first."""
    parameters, rate = estimator.coefs_ + estimator.intercepts_, estimator.learning_rate_init
    if estimator.optimizer is not None:
        return OwnOptimizer(estimator.optimizer)
    if estimator.solver == "adam":
        return AdamOptimizer(parameters, rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    return SGDOptimizer(parameters, rate, estimator.learning_rate, estimator.momentum, estimator.nesterovs_momentum,
                        estimator.power_t)  # fmt: skip


def goes_on(estimator: Any) -> bool:
    """Whether a part of a fit takes up the memory that is there; as in scikit-learn, unless another one is given."""
    theirs = getattr(estimator, "_optimizer", None)
    given = theirs.given if isinstance(theirs, OwnOptimizer) else None
    return theirs is not None and (given is estimator.optimizer or given == estimator.optimizer)


def settings_of(theirs: Any) -> tuple[Any, ...]:
    """Its kind and what its steps depend on, but for the learning rate."""
    if isinstance(theirs, AdamOptimizer):
        return AdamOptimizer, theirs.beta_1, theirs.beta_2, theirs.epsilon
    if isinstance(theirs, SGDOptimizer):
        return SGDOptimizer, theirs.momentum, bool(theirs.nesterov and theirs.momentum)
    return OwnOptimizer, theirs.given


def engines(theirs: Any) -> Any:
    """The engine's optimizer that makes the same steps."""
    kind, *rest = settings_of(theirs)
    if kind is OwnOptimizer:
        return own(theirs.given)
    rate = getattr(theirs, _rate(theirs))
    made = optimizers.Adam if kind is AdamOptimizer else optimizers.SGD
    return made(rate, *rest, compat="sklearn")


def need_no_end(optimizer: Any) -> None:
    """Refuse averages of weights that would never be used, for parts of a fit have no end."""
    if optimizer.use_ema and not optimizer.ema_overwrite_frequency:
        raise ValueError("optimizer: expected ema_overwrite_frequency with use_ema in partial_fit, which does not know "
                         "when training ends, got None; give a number of steps")  # fmt: skip


# ---- the learning rate, which callbacks may change


def _rate(theirs: Any) -> str:
    """Where it is: Adam's other one is what a step makes of it."""
    return "learning_rate_init" if isinstance(theirs, AdamOptimizer) else "learning_rate"


def take_rate(optimizer: Any, theirs: Any) -> None:
    """Let the engine's have the rate of scikit-learn's, unless it follows a schedule."""
    rate = getattr(theirs, _rate(theirs))
    if optimizer._follow is None and float(optimizer.learning_rate) != rate:
        optimizer.learning_rate = rate


def give_rate(optimizer: Any, theirs: Any) -> None:
    """Let scikit-learn's have the rate of the engine's."""
    if optimizer._follow is None:
        setattr(theirs, _rate(theirs), float(optimizer.learning_rate))


# ---- memory


def take(optimizer: Any, variables: Any, theirs: Any) -> None:
    """Let the engine's remember what scikit-learn's does."""
    kept: Any = getattr(theirs, "slots", None)
    if isinstance(theirs, AdamOptimizer):
        kept = [theirs.ms, theirs.vs]
    elif isinstance(theirs, SGDOptimizer):
        kept = [theirs.velocities] if theirs.momentum else []
    for k, group in enumerate(kept or []):
        for variable, value in zip(variables, group):
            optimizer.slots(variable)[k].assign(value)
    for mean, value in zip(averages(optimizer, variables), getattr(theirs, "averages", [])):
        mean.assign(value)
    optimizer.variables[0].assign(getattr(theirs, "t", 0))
    take_rate(optimizer, theirs)


def give(optimizer: Any, variables: Any, theirs: Any, drops: bool) -> None:
    """Let scikit-learn's remember what the engine's does; dropout goes by the number of the step."""
    slots = [[slot.numpy() for slot in group] for group in zip(*map(optimizer.slots, variables))]
    t = int(optimizer.variables[0].numpy())
    if drops or not isinstance(theirs, SGDOptimizer):  # scikit-learn's SGD has none
        theirs.t = t
    if isinstance(theirs, AdamOptimizer):
        theirs.ms, theirs.vs = slots
        if t:
            root = np.sqrt(1 - theirs.beta_2**t)
            theirs.learning_rate = theirs.learning_rate_init * root / (1 - theirs.beta_1**t)
    elif isinstance(theirs, SGDOptimizer):
        theirs.velocities = slots[0] if slots else theirs.velocities
    else:
        theirs.slots = slots
        theirs.averages = [mean.numpy() for mean in averages(optimizer, variables)]


def averages(optimizer: Any, variables: Any) -> list[Any]:
    """The means of these variables that an optimizer with `use_ema` keeps; else none."""
    means = dict(zip(optimizer._trained, optimizer.averages))
    return [means[variable] for variable in variables] if means else []
