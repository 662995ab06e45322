"""Networks of every path with their twins, data for them, and a pass over it."""

from __future__ import annotations

import contextlib

import numpy as np
from fastmlp import _core
from reference.network import Network as Twin
from tolerance import assert_trained_alike

ADAM = ("adam", (0.9, 0.999, 1e-7, 0.0), 1e-2, {})
SGD = ("sgd", (), 0.1, {})
CROSS = ("sparse_categorical_crossentropy_logits", (-1,))
BINARY = ("binary_crossentropy_logits", (0.0,))
MSE = ("mean_squared_error", ())

# path: inputs, widths, activations, batch
SHAPES = {
    "plain": (50, (65, 33, 40), ("tanh", "sigmoid", "linear"), 33),
    "plain-wide": (784, (128, 10), ("tanh", "linear"), 32),
    "plain-one-layer": (40, (35,), ("linear",), 64),
    "tiny": (2, (8, 8, 1), ("tanh", "sigmoid", "linear"), 32),
    "tiny-many-rows": (7, (16, 5, 3), ("tanh", "softplus", "linear"), 75),
    "tiny-wide": (32, (17, 32, 24), ("tanh", "sigmoid", "linear"), 50),
    "tiny-large-batch": (3, (9, 8, 2), ("tanh", "sigmoid", "linear"), 300),
    "plain-beyond-tiny": (20, (24, 3), ("tanh", "linear"), 65),
    "sharded": (300, (20, 7, 1), ("tanh", "sigmoid", "linear"), 41),
    "sharded-wide": (784, (16, 16, 10), ("sigmoid", "sigmoid", "linear"), 32),
    "sharded-large": (1000, (3, 2), ("tanh", "linear"), 1100),
    "sharded-one-layer": (129, (3,), ("linear",), 5),
}


def path_of(shape, per_layer):
    """What a shape is named after; but penalties are summed over all weights, which shards have apart."""
    path = shape.split("-")[0]
    penalised = any(rule in (per_layer or {}).get(part, {}) for part in ("weights", "bias") for rule in ("l1", "l2"))
    return "plain" if path == "sharded" and penalised else path


def steps_of(shape, most):
    """How many steps are enough to show it: of large batches fewer, they take their time in plain C."""
    inputs, _, _, batch = SHAPES[shape]
    return max(4, min(most, 1_000_000 // (inputs * batch)))


def network(shape, dtype, loss, optimizer, logits=False, output=None, seed=3, per_layer=None, last="linear",
            reduction="sum_over_batch_size"):  # fmt: skip
    """An engine network and its twin with the same random weights, and the start to measure moves from."""
    inputs, widths, names, batch = SHAPES[shape]
    names = (*names[:-1], last)
    layers = [{"units": w, "activation": (a, ()), **(per_layer or {})} for w, a in zip(widths, names, strict=True)]
    net = _core.Network(dtype, inputs, batch, layers, loss, optimizer, output, logits, seed, reduction)
    assert net.path == path_of(shape, per_layer)
    twin = Twin(inputs, layers, loss, optimizer, output, logits, seed, reduction)
    twin.start(_core.optimizer_slots(optimizer[0], optimizer[1]))
    rng = np.random.default_rng(seed)
    for i, (k, w) in enumerate(zip((inputs, *widths), widths, strict=False)):
        for part, values in enumerate((rng.normal(size=(k, w)) / np.sqrt(k), rng.normal(size=w) * 0.1)):
            if (i, part) not in parts(net):
                continue
            net.set(i, part, values)
            twin.weights[i][part] = net.get(i, part).astype(np.float64)
    return net, twin


def data(net, rows, dtype, seed=5):
    """Inputs, targets that suit the loss, and an order of the rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, net.inputs)).astype(dtype)
    if net.labels:
        y = rng.integers(0, net.outputs, rows)
    else:
        y = rng.uniform(0.1, 0.9, (rows, net.outputs)).astype(dtype)
        y /= y.sum(axis=1, keepdims=True) if net.outputs > 1 else 1
    return x, y, rng.permutation(rows)


def parts(net):
    """The weights it has: (operation, 0) for W, (operation, 1) for b."""
    found = []
    for i in range(net.count):
        for part in (0, 1):
            with contextlib.suppress(IndexError):
                net.get(i, part)
                found.append((i, part))
    return found


def weights(net):
    return [net.get(*place) for place in parts(net)]


def train(net, x, y, order, batch=None, weight=None, steps=1 << 40):
    """One pass, `steps` steps a call; the run."""
    run = _core.Run(net, x, y, weight)
    run.start(order, batch or net.batch)
    while not net.train(run, steps, 0):
        pass
    return run


def train_twin(twin, x, y, order, batch, weight=None):
    return sum(
        twin.train_on_batch(x[rows], y[rows], None if weight is None else weight[rows])[0]
        for rows in np.split(order, range(batch, len(order), batch))
    )


def assert_same_course(shape, dtype, loss, optimizer, steps=20, weighted=False, **options):
    """A pass of `steps` batches, the last one ragged, ends where the twin's ends."""
    net, twin = network(shape, dtype, loss, optimizer, **options)
    steps = steps_of(shape, steps)
    x, y, order = data(net, net.batch * (steps - 1) + max(1, net.batch // 3), dtype)
    weight = np.random.default_rng(8).uniform(0, 2, len(x)) if weighted else None
    start = [w.astype(np.float64) for w in weights(net)]
    run = train(net, x, y, order, weight=weight)
    total = train_twin(twin, x.astype(np.float64), y, order, net.batch, weight)
    exact = [twin.weights[i][part] for i, part in parts(net)]
    for place, got, want, before in zip(parts(net), weights(net), exact, start, strict=True):
        if np.any(want != before):
            assert_trained_alike(got, want, before, label=f"operation, part: {place}")
        else:
            np.testing.assert_array_equal(got, before)
    rows, done, loss_sum = run.done
    assert (rows, done) == (len(x), steps)
    np.testing.assert_allclose(loss_sum, total, rtol={"float32": 1e-4, "float64": 1e-10}[np.dtype(dtype).name])
    return net, twin, x, y, order
