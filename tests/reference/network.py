"""A chain of dense layers, trained step by step in float64: the textbook's forward, backward and update."""

import numpy as np

from . import activations, constraints, losses, optimizers, random, row_activations


def dense(x, w, b):
    """Return Z = XW + b."""
    return x @ w + b


def dense_grad(x, w, dz):
    """Return dX, dW, db."""
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


class Network:
    """The twin of the engine's program; the arguments are those of ``_core.Network``."""

    def __init__(self, inputs, layers, loss, optimizer, output=None, logits=False, seed=0):
        self.layers, self.loss, self.output, self.logits, self.seed = layers, loss, output, logits, seed
        self.name, self.params, self.lr, self.rest = optimizer
        widths = [inputs] + [layer["units"] for layer in layers]
        self.weights = [[np.zeros((k, m)), np.zeros(m)] for k, m in zip(widths[:-1], widths[1:], strict=True)]
        self.slots = None
        self.step = 0

    def start(self, slots):
        """Set what each slot starts from."""
        self.slots = [[[np.full(p.shape, s) for s in slots] for p in pair] for pair in self.weights]

    def noise(self, layer, noise, suffix, x):
        """Return x after a layer's noise in the step under way, or a gradient before it."""
        name, params = noise
        at = (self.seed, layer, self.step, 0, 0)
        return getattr(random, name + suffix)(x, at, np.float64, *params)

    def forward(self, x, training=False):
        """Return the input, Z and the output of each layer, then what goes into the row activation and its output."""
        trace = [(None, np.asarray(x, np.float64))]
        for i, (layer, (w, b)) in enumerate(zip(self.layers, self.weights, strict=True)):
            z = dense(trace[-1][1], w, b if layer.get("use_bias", True) else 0.0)
            name, params = layer["activation"]
            last = i == len(self.layers) - 1
            y = z if last and self.logits and training else getattr(activations, name)(z, *params)
            if training and layer.get("noise"):
                y = self.noise(i, layer["noise"], "", y)
            trace.append((z, y))
        if self.output and not (self.logits and training):
            trace.append((y, getattr(row_activations, self.output[0])(y, *self.output[1])))
        return trace

    def losses_of(self, x, target):
        """Return the loss of each row."""
        name, params = self.loss
        y = self.forward(x, training=self.logits)[-1][1] if self.logits else self.forward(x)[-1][1]
        return getattr(losses, name)(y, target, *params)

    def gradients(self, x, target, weight=None):
        """Return the mean loss of a batch and [dW, db] of each layer."""
        trace = self.forward(x, training=True)
        name, params = self.loss
        n = len(x)
        scale = (np.ones(n) if weight is None else np.asarray(weight, np.float64)) / n
        y = trace[-1][1]
        loss = getattr(losses, name)(y, target, *params)
        d = getattr(losses, f"{name}_grad")(y, target, *params) * scale[:, None]
        if self.output and not self.logits:
            d = getattr(row_activations, f"{self.output[0]}_grad")(trace[-1][0], d, *self.output[1])
        grads = []
        for i in range(len(self.layers) - 1, -1, -1):
            layer, (w, _) = self.layers[i], self.weights[i]
            last = i == len(self.layers) - 1
            if layer.get("noise"):
                d = self.noise(i, layer["noise"], "_grad", d)
            if not (last and self.logits):
                name, params = layer["activation"]
                d = d * getattr(activations, f"{name}_grad")(trace[i + 1][0], *params)
            d, dw, db = dense_grad(trace[i][1], w, d)
            grads.insert(0, [dw, db])
        return float((loss * scale).sum() * n), grads

    def train_on_batch(self, x, target, weight=None):
        """One step; return Σ weight · loss."""
        loss, grads = self.gradients(x, target, weight)
        self.step += 1
        value, norm, whole = (self.rest.get(k, 0.0) for k in ("clip_value", "clip_norm", "global_clip_norm"))
        flat = []
        for layer, pair, grad in zip(self.layers, self.weights, grads, strict=True):
            for p, names in enumerate((("l1", "l2"), ("bias_l1", "bias_l2"))):
                if p == 1 and not layer.get("use_bias", True):
                    continue
                l1, l2 = (layer.get(k, 0.0) for k in names)
                flat.append((layer, pair, p, optimizers.regularized(pair[p], grad[p], l1, l2)))
        total = np.sqrt(sum((g**2).sum() for *_, g in flat))
        for layer, pair, p, g in flat:
            slots = self.slots[next(i for i, other in enumerate(self.layers) if other is layer)][p]
            if whole:
                g = g * min(1.0, whole / total)
            g = optimizers.clipped(g, value=value, norm=norm)
            w = optimizers.decayed(pair[p], self.lr, self.rest.get("weight_decay", 0.0))
            pair[p], slots[:] = getattr(optimizers, self.name)(w, g, tuple(slots), self.step, self.lr, *self.params)
            if p == 0 and layer.get("constraint"):
                name, params = layer["constraint"]
                pair[0] = getattr(constraints, name)(pair[0], 0, *params)
        return loss
