"""How scikit-learn's networks are trained, in fastmlp's words, and back: only where every step is the same.

scikit-learn sums its losses over outputs where ours are means, and halves squares. So there is a factor f between the
gradients, ours being f times theirs. It changes no step if the penalty is f times theirs too, the learning rate of SGD
1/f times and Adam's ε f times.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmlp import losses
from fastmlp.optimizers import SGD, Adam
from fastmlp.regularizers import L2


class Task(NamedTuple):
    """What an output is trained for: our loss, others that will do, and f."""

    loss: str
    also: tuple[str, ...]
    factor: float


def task_of(out_activation: str, classifies: bool, outputs: int) -> Task:
    """The task of a network of scikit-learn with this output."""
    if out_activation == "softmax":
        return Task("sparse_categorical_crossentropy", ("categorical_crossentropy",), 1.0)
    if classifies:
        return Task("binary_crossentropy", (), 1 / outputs)
    return Task("poisson", (), 1 / outputs) if out_activation == "exp" else Task("mse", (), 2 / outputs)


# ---- from scikit-learn


def has_equal(estimator: Any) -> bool:
    """Whether an optimizer here makes the steps of the estimator's solver, down the same loss."""
    usual = ("log_loss",) if hasattr(estimator, "classes_") else ("squared_error", "poisson")
    if getattr(estimator, "optimizer", None) is not None or estimator.loss not in usual:
        return False  # those of fastmlp's may have other ones
    return bool(estimator.solver == "adam" or (estimator.solver, estimator.learning_rate) == ("sgd", "constant"))


def penalty(estimator: Any, task: Task) -> L2 | None:
    """That of its alpha, for batches as large as its own were."""
    if not has_equal(estimator) or not estimator.alpha:
        return None
    rows = estimator.batch_size
    if rows == "auto":
        epochs = len(getattr(estimator, "loss_curve_", ()))
        rows = min(200, round(estimator.t_ / epochs)) if epochs else 200
    return L2(estimator.alpha * task.factor, compat="sklearn", rows=int(rows))


def compile_as(model: Any, estimator: Any, task: Task) -> None:
    """Compile the model such that `fit` makes the estimator's steps, from where its solver is."""
    optimizer: Any
    theirs, rate = getattr(estimator, "_optimizer", None), estimator.learning_rate_init
    kept = {"ms": task.factor, "vs": task.factor**2} if estimator.solver == "adam" else {"velocities": 1.0}
    goes_on = all(hasattr(theirs, name) for name in kept)  # else there is none yet, or that of another solver
    if goes_on:  # a callback may have changed it
        rate = getattr(theirs, "learning_rate_init" if estimator.solver == "adam" else "learning_rate")
    if estimator.solver == "adam":
        optimizer = Adam(rate, estimator.beta_1, estimator.beta_2,
                         estimator.epsilon * task.factor, compat="sklearn")  # fmt: skip
    else:
        optimizer = SGD(rate / task.factor, estimator.momentum, bool(estimator.nesterovs_momentum), compat="sklearn")
    model.compile(optimizer, task.loss, metrics=["accuracy"] if "crossentropy" in task.loss else None)
    if not goes_on:
        return
    optimizer.build(model.trainable_weights)
    dense = [layer for layer in model.layers if layer.weights]
    order = [layer.kernel for layer in dense] + [layer.bias for layer in dense]
    for i, variable in enumerate(order):
        for slot, (name, scale) in zip(optimizer.slots(variable), kept.items()):  # without momentum there are none
            slot.assign(np.asarray(getattr(theirs, name)[i]) * scale)
    optimizer.iterations = getattr(theirs, "t", 0)


# ---- to scikit-learn


def settings_of(model: Any, task: Task) -> dict[str, Any]:
    """The arguments by which an estimator makes the steps that the model's optimizer makes; {} if there are none."""
    compiled = model._compiled
    if compiled is None or compiled.given["loss_weights"] is not None or not _is_usual(compiled.loss, task):
        return {}
    optimizer = compiled.optimizer
    rate = None if optimizer.schedule is not None or optimizer.asks_python else float(optimizer.learning_rate)
    if not rate or optimizer.compat not in ("keras", "sklearn"):
        return {}
    if type(optimizer) is Adam and optimizer.epsilon and _differing(optimizer) <= {"beta_1", "beta_2", "epsilon"}:
        return {"solver": "adam", "learning_rate_init": rate, "beta_1": optimizer.beta_1, "beta_2": optimizer.beta_2,
                "epsilon": optimizer.epsilon / task.factor}  # fmt: skip
    if type(optimizer) is SGD and _differing(optimizer) <= {"momentum", "nesterov"}:
        return {"solver": "sgd", "learning_rate_init": rate * task.factor, "momentum": optimizer.momentum,
                "nesterovs_momentum": optimizer.nesterov}  # fmt: skip
    return {}


def _is_usual(loss: Any, task: Task) -> bool:
    """Whether it is the task's loss, with nothing changed."""
    for usual in map(losses.as_loss, (task.loss, *task.also)):
        if usual is not None and type(loss) is type(usual):
            return bool(loss.get_config() == {**usual.get_config(), "name": loss.name})
    return False


def _differing(optimizer: Any) -> set[str]:
    """The settings that are not as usual, but for the learning rate and the name."""
    usual = type(optimizer)(compat=optimizer.compat).get_config()
    differing = {key for key, value in optimizer.get_config().items() if key not in usual or value != usual[key]}
    return differing - {"learning_rate", "name"}


def alpha_of(penalties: Sequence[Any], task: Task) -> dict[str, Any]:
    """The arguments that say the penalties of the kernels, if all are scikit-learn's and the same; else none at all."""
    first = penalties[0]
    same = all(type(one) is L2 and one.get_config() == first.get_config() for one in penalties)
    if not same or first.compat != "sklearn":
        return {"alpha": 0.0}
    return {"alpha": first.get_config()["l2"] / task.factor, "batch_size": first.rows}


def give_state(estimator: Any, model: Any, kernels: Sequence[Any], biases: Sequence[Any], task: Task) -> None:
    """Let the estimator's solver go on where the model's optimizer is, if it has made a step."""
    solvers: Any = importlib.import_module("sklearn.neural_network._stochastic_optimizers")
    optimizer = model.optimizer
    variables = [*kernels, *biases]
    if not optimizer.iterations or any(v not in optimizer._slots for v in variables):
        return
    theirs: Any
    rate, params = estimator.learning_rate_init, estimator.coefs_ + estimator.intercepts_
    if estimator.solver == "adam":
        theirs = solvers.AdamOptimizer(params, rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
        theirs.t = int(optimizer.iterations)
        theirs.ms = [optimizer.slots(v)[0].numpy() / task.factor for v in variables]
        theirs.vs = [optimizer.slots(v)[1].numpy() / task.factor**2 for v in variables]
    else:
        theirs = solvers.SGDOptimizer(params, rate, "constant", estimator.momentum, estimator.nesterovs_momentum,
                                      estimator.power_t)  # fmt: skip
        if optimizer.slot_names():
            theirs.velocities = [optimizer.slots(v)[0].numpy() for v in variables]
    estimator._optimizer = theirs
