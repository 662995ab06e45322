"""JAX: a whole epoch under `jit`, its steps a `lax.scan`, the state donated, the optimizer written by hand."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fastmlp.bench.contestants.base import Contestant
from fastmlp.bench.workloads import Problem, Workload

State = dict[str, Any]


def loss_of(workload: Workload, weights: list[Any], x: Any, y: Any, key: Any) -> Any:
    """The mean loss of a batch, with its penalty."""
    h = x
    for i, (w, b) in enumerate(zip(weights[::2], weights[1::2])):
        if i:
            h = jax.nn.relu(h) if workload.activation == "relu" else jax.nn.sigmoid(h)
            if workload.dropout:
                keep = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - workload.dropout, h.shape)
                h = jnp.where(keep, h / (1 - workload.dropout), 0)
        if workload.policy and i < len(workload.layers) - 1:  # the last layer is of float32
            h, w = h.astype(jnp.bfloat16), w.astype(jnp.bfloat16)
        h = (h @ w).astype(b.dtype) + b
    penalty = workload.l2 * sum(jnp.vdot(w, w) for w in weights[::2]) if workload.l2 else 0
    if workload.loss == "mse":
        return jnp.mean((h - y) ** 2) + penalty
    if workload.loss == "binary_crossentropy":
        return jnp.mean(jnp.logaddexp(0, h) - y * h) + penalty
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], axis=1)) + penalty


def moved(workload: Workload, state: State, gradients: list[Any]) -> State:
    """The state after a step of the optimizer."""
    settings, step = workload.settings, state["step"] + 1
    rate = settings["learning_rate"]
    each = jax.tree.map
    if workload.optimizer == "sgd":
        return {**state, "step": step, "w": each(lambda w, g: w - rate * g, state["w"], gradients)}
    decay = settings["rho"] if workload.optimizer == "rmsprop" else settings["beta_2"]
    v = each(lambda v, g: decay * v + (1 - decay) * g * g, state["v"], gradients)
    if workload.optimizer == "rmsprop":
        root = lambda w, g, v: w - rate * g * lax.rsqrt(v + settings["epsilon"])
        return {**state, "step": step, "v": v, "w": each(root, state["w"], gradients, v)}
    beta = settings["beta_1"]
    m = each(lambda m, g: beta * m + (1 - beta) * g, state["m"], gradients)
    t = step.astype(workload.dtype)
    bias = [-jnp.expm1(t * math.log(b)) for b in (beta, decay)]  # 1 − βᵗ, whose digits a float32 β would lose
    alpha = rate * jnp.sqrt(bias[1]) / bias[0]
    w = each(lambda w, m, v: w - alpha * m / (jnp.sqrt(v) + settings["epsilon"]), state["w"], m, v)
    return {**state, "step": step, "m": m, "v": v, "w": w}


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def epoch_of(workload: Workload, state: State, x: Any, y: Any, order: Any) -> State:
    """The state after an epoch; what is left over when whole batches are done is a batch, too. No order: all rows."""

    def step_over(state: State, x: Any, y: Any) -> State:
        key = jax.random.fold_in(state["key"], state["step"]) if workload.dropout else None
        return moved(workload, state, jax.grad(partial(loss_of, workload))(state["w"], x, y, key))

    def step(state: State, rows: Any) -> tuple[State, None]:
        batch = (a.at[rows].get(mode="promise_in_bounds") for a in (x, y))
        return step_over(state, *batch), None

    if order is None:
        return step_over(state, x, y)
    whole = len(order) // workload.batch * workload.batch
    state, _ = lax.scan(step, state, order[:whole].reshape(-1, workload.batch))
    return step(state, order[whole:])[0] if whole < len(order) else state


class Jax(Contestant):
    """One call an epoch."""

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        self.x, self.y = jnp.asarray(problem.x), jnp.asarray(problem.y)
        self.state = {"w": [jnp.array(w) for w in problem.weights], "step": jnp.int32(0)}
        slots = {"sgd": (), "rmsprop": ("v",), "adam": ("m", "v")}[problem.workload.optimizer]
        self.state |= {name: [jnp.zeros_like(w) for w in problem.weights] for name in slots}
        if problem.workload.dropout:
            self.state["key"] = jax.random.key(3, impl="rbg")  # the fast one

    def epoch(self, order: np.ndarray | None = None) -> None:
        """Until its last number is there."""
        if order is None and self.shuffles:
            order = self.rng.permutation(len(self.x))
        rows = None if order is None else order.astype(np.int32)
        self.state = epoch_of(self.workload, self.state, self.x, self.y, rows)
        jax.block_until_ready(self.state)

    def weights(self) -> list[np.ndarray]:
        """Of the state."""
        return [np.asarray(w) for w in self.state["w"]]
