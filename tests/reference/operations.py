"""The operations of a program: forward, and backward from what forward left behind, as the textbooks write them.

Each keeps ``weights`` (0: W, 1: b, where it has them, W always a matrix), the ``moments`` it is told or moves, and
after ``backward`` the ``gradients`` of its weights, summed over the rows.
"""

import numpy as np

from . import activations, norm, pieces, random, row_activations, trainable
from .dense import dense, dense_grad


class Operation:
    """What all kinds have in common; the description is that of ``_core.Network``."""

    def __init__(self, description, k, seed, stream, real):
        self.description, self.k, self.m = description, k, description.get("units", k)
        self.seed, self.stream, self.real = description.get("seed", seed), stream, real
        self.frozen = description.get("frozen", False)
        self.weights, self.moments, self.gradients = {}, {}, {}
        self.slots, self.averages = {}, {}
        self.prepare()

    def prepare(self):
        """Make room for weights and moments."""

    def forward(self, x, training, step):
        raise NotImplementedError

    def backward(self, dy):
        raise NotImplementedError

    def price(self):
        """What the rows of the latest forward cost, beside the loss."""
        return 0.0

    def noisy(self, noise, suffix, x, step):
        """x after noise, or a gradient before it; every step, place, operation and type has draws of its own."""
        name, params = noise
        return getattr(random, name + suffix)(x, (self.seed, self.stream, step, 0, 0), self.real, *params)

    def may_have(self, **shapes):
        """Weights that a description may turn off."""
        for part, (use, shape) in enumerate(shapes.items()):
            if self.description.get(use, True):
                self.weights[part] = np.zeros(shape)

    def rule(self, part):
        """What training does to a weight beside following its gradient."""
        return self.description.get(("weights", "bias")[part], {})


class Dense(Operation):
    hidden = False  # is the activation left to the loss?

    def prepare(self):
        self.weights[0] = np.zeros((self.k, self.m))
        if self.description.get("use_bias", True):
            self.weights[1] = np.zeros(self.m)

    def forward(self, x, training, step):
        name, params = self.description["activation"]
        self.x, self.step = x, step
        self.z = dense(x, self.weights[0], self.weights.get(1, 0.0))
        y = self.z if self.hidden else getattr(activations, name)(self.z, *params)
        noise = self.description.get("noise")
        return self.noisy(noise, "", y, step) if noise and training else y

    def backward(self, dy):
        name, params = self.description["activation"]
        if self.description.get("noise"):
            dy = self.noisy(self.description["noise"], "_grad", dy, self.step)
        dz = dy if self.hidden else dy * getattr(activations, f"{name}_grad")(self.z, *params)
        dx, dw, db = dense_grad(self.x, self.weights[0], dz)
        self.gradients = {0: dw, 1: db}
        return dx


class Activation(Operation):
    def forward(self, x, training, step):
        name, params = self.description["kernel"]
        self.x = x
        return getattr(activations, name)(x, *params)

    def backward(self, dy):
        name, params = self.description["kernel"]
        return dy * getattr(activations, f"{name}_grad")(self.x, *params)


class Noise(Operation):
    def forward(self, x, training, step):
        self.step = step
        return self.noisy(self.description["kernel"], "", x, step) if training else x

    def backward(self, dy):
        return self.noisy(self.description["kernel"], "_grad", dy, self.step)


class RowActivation(Operation):
    def forward(self, x, training, step):
        name, params = self.description["kernel"]
        self.x = x
        return getattr(row_activations, name)(x, *params)

    def backward(self, dy):
        name, params = self.description["kernel"]
        return getattr(row_activations, f"{name}_grad")(self.x, dy, *params)


class Trainable(Operation):
    def prepare(self):
        self.name, self.shared = self.description["kernel"][0], self.description.get("shared", False)
        self.weights[0] = np.zeros((self.description.get("count", 1), 1 if self.shared else self.m))

    def forward(self, x, training, step):
        self.x = x
        return getattr(trainable, self.name)(x, self.weights[0])

    def backward(self, dy):
        dx, dtheta = getattr(trainable, f"{self.name}_grad")(self.x, self.weights[0])
        sums = np.sum(dtheta * dy, axis=1)
        self.gradients = {0: sums.sum(axis=1, keepdims=True) if self.shared else sums}
        return dx * dy


class Pieces(Operation):
    def prepare(self):
        self.name, self.count = self.description["kernel"][0], self.description["pieces"]
        self.m = self.k // self.count

    def forward(self, x, training, step):
        self.x = x
        return getattr(pieces, self.name)(x, self.count)

    def backward(self, dy):
        return getattr(pieces, f"{self.name}_grad")(self.x, dy, self.count)


class Normalisation(Operation):
    def prepare(self):
        self.may_have(use_weights=(1, self.m), use_bias=self.m)

    def scale_and_shift(self):
        """Gamma and beta, 1 and 0 where there are none."""
        return self.weights[0][0] if 0 in self.weights else 1.0, self.weights.get(1, 0.0)


class BatchNorm(Normalisation):
    def prepare(self):
        super().prepare()
        self.moments = {"moving_mean": np.zeros(self.m), "moving_variance": np.zeros(self.m)}

    def forward(self, x, training, step):
        momentum, epsilon, unbiased = self.description["params"]
        self.x = x
        if not training or self.frozen:
            mean, variance = self.moments["moving_mean"], self.moments["moving_variance"]
            return norm.batch_norm(x, *self.scale_and_shift(), mean, variance, epsilon)
        variance = x.var(axis=0, ddof=1 if unbiased and len(x) > 1 else 0)
        for name, value in (("moving_mean", x.mean(axis=0)), ("moving_variance", variance)):
            self.moments[name] = norm.moving_update(self.moments[name], value, momentum)
        return norm.batch_norm_training(x, *self.scale_and_shift(), epsilon)

    def backward(self, dy):
        gamma, epsilon = self.scale_and_shift()[0], self.description["params"][1]
        if self.frozen:
            mean, variance = self.moments["moving_mean"], self.moments["moving_variance"]
            return norm.batch_norm_grad(self.x, gamma, mean, variance, epsilon, dy)[0]
        dx, dgamma, dbeta = norm.batch_norm_training_grad(self.x, gamma, epsilon, dy)
        self.gradients = {0: dgamma[None], 1: dbeta}
        return dx


class LayerNorm(Normalisation):
    def forward(self, x, training, step):
        self.x = x
        return norm.layer_norm(x, *self.scale_and_shift(), *self.description["params"])

    def backward(self, dy):
        gamma = self.scale_and_shift()[0]
        dx, dgamma, dbeta = norm.layer_norm_grad(self.x, gamma, *self.description["params"], dy)
        self.gradients = {0: dgamma[None], 1: dbeta}
        return dx


class UnitNorm(Operation):
    def forward(self, x, training, step):
        self.x = x
        return norm.unit_norm(x, *self.description["params"])

    def backward(self, dy):
        return norm.unit_norm_grad(self.x, *self.description["params"], dy)


class Affine(Operation):
    """(x - shift) · scale + b, whose numbers are never trained."""

    def prepare(self):
        self.frozen = True
        self.weights[1] = np.zeros(self.m)
        self.moments = {"moving_mean": np.zeros(self.m), "moving_variance": np.zeros(self.m)}

    def forward(self, x, training, step):
        return (x - self.moments["moving_mean"]) * self.moments["moving_variance"] + self.weights[1]

    def backward(self, dy):
        return dy * self.moments["moving_variance"]


class Activity(Operation):
    """Passes on what comes, at a price: the mean over the rows of l1·Σ|x| + l2·Σx²."""

    def forward(self, x, training, step):
        self.x = x
        return x

    def prices(self):
        """What each row of the latest forward costs."""
        l1, l2 = self.description["params"]
        return l1 * np.abs(self.x).sum(axis=1) + l2 * (self.x**2).sum(axis=1)

    def price(self):
        return self.prices().mean()

    def backward(self, dy):
        l1, l2 = self.description["params"]
        return dy + (l1 * np.sign(self.x) + 2 * l2 * self.x) / len(self.x)


KINDS = {
    "dense": Dense,
    "activation": Activation,
    "noise": Noise,
    "row_activation": RowActivation,
    "trainable": Trainable,
    "pieces": Pieces,
    "batch_norm": BatchNorm,
    "layer_norm": LayerNorm,
    "unit_norm": UnitNorm,
    "affine": Affine,
    "activity": Activity,
}
