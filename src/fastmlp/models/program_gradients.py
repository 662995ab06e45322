"""The gradients of a program in C: what a step of plain descent at rate 1 takes off the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.lowering import operations_of
from fastmlp.optimizers import SGD
from fastmlp.program import Program


def program_gradients(model: Any, x: Any, y: Any, weights: Any, seed: int) -> dict[int, np.ndarray] | None:
    """Of each trainable weight, by the id of its variable; penalties are part of them.

    None where there are none to look at: the tape runs the model, something draws noise, or a constraint moves weights
    besides. The variables are afterwards as they were.
    """
    if model.why_taped or any(op["op"] == "noise" for op in operations_of(model.in_line())):
        return None
    learnt = model.trainable_weights
    if any(v.constraint is not None for v in learnt):
        return None
    criterion = model._compiled.loss
    feed = model._feed_of("gradcheck", x, y, weights)
    program = Program(model.in_line(), criterion, SGD(1.0), feed.rows, seed=seed, learns=model.trainable)
    before = [(v, v.numpy()) for v in model.weights]
    run = _core.Run(program.network, program.flat(feed.x), criterion.prepare(feed.y), feed.weights, [])
    run.start(None, feed.rows)
    try:
        program.train(run, 1, np.inf)
        after = {id(v): v.numpy() for v in learnt}
    finally:
        for variable, value in before:
            variable.assign(value)
    return {id(v): value - after[id(v)] for v, value in before if id(v) in after}
