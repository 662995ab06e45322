"""A program trained step by step in float64: forward, loss, backward and update, as Keras orders them."""

import numpy as np

from . import constraints, losses, optimizers, row_activations
from .operations import KINDS


class Network:
    """The twin of the engine's program; the arguments are those of ``_core.Network``."""

    def __init__(self, inputs, ops, loss, optimizer, output=None, logits=False, seed=0,
                 reduction="sum_over_batch_size", ema=(0, 0), real=np.float64):  # fmt: skip
        """Real is the type of the engine's numbers: its noise is drawn in them."""
        self.ops, width = [], inputs
        for stream, description in enumerate(ops):
            self.ops.append(KINDS[description.get("op", "dense")](description, width, seed, stream, real))
            width = self.ops[-1].m
        self.loss, self.output, self.logits, self.reduction = loss, output, logits, reduction
        self.name, self.params, self.lr, self.rest = optimizer
        self.ema_momentum, self.ema_overwrite = ema
        self.step = 0

    def start(self, slots):
        """Set what each slot starts from."""
        for op in self.ops:
            op.slots = {part: [np.full(w.shape, s) for s in slots] for part, w in op.weights.items()}
            if self.ema_momentum and not op.frozen:
                op.averages = {part: np.zeros_like(w) for part, w in op.weights.items()}

    @property
    def weights(self):
        """``weights[op][part]``."""
        return [op.weights for op in self.ops]

    def learnt(self):
        """Each operation and part that training moves."""
        return [(op, part) for op in self.ops if not op.frozen for part in op.weights]

    # ---- forward

    def compute(self, x, training, for_loss):
        """The prediction or, for a loss that takes logits, what comes before its last activation."""
        self.ops[-1].hidden = self.logits and for_loss and self.output is None
        y = np.asarray(x, np.float64)
        for op in self.ops:
            y = op.forward(y, training, self.step)
        self.before_output = y
        if self.output is None or (self.logits and for_loss):
            return y
        return getattr(row_activations, self.output[0])(y, *self.output[1])

    def predict(self, x):
        return self.compute(x, training=False, for_loss=False)

    def losses_of(self, x, target):
        """The loss of each row, as evaluation sees it, and what activities ask for it."""
        name, params = self.loss
        loss = getattr(losses, name)(self.compute(x, training=False, for_loss=True), target, *params)
        return loss, sum((op.prices() for op in self.ops if hasattr(op, "prices")), np.zeros(len(x)))

    def shown(self, y):
        """The prediction from what the loss of the step under way took."""
        if not self.logits:
            return y
        if self.output is not None:
            return getattr(row_activations, self.output[0])(y, *self.output[1])
        self.ops[-1].hidden = False
        y = self.ops[-1].forward(self.ops[-1].x, True, self.step)
        self.ops[-1].hidden = True
        return y

    # ---- what a step brings down

    def penalty(self):
        """l1·Σ|w| + l2·Σw² over all weights that are trained."""
        total = 0.0
        for op, part in self.learnt():
            w, rule = op.weights[part], op.rule(part)
            total += rule.get("l1", 0.0) * np.abs(w).sum() + rule.get("l2", 0.0) * (w**2).sum()
        return total

    def shares(self, target, weight):
        """What each row's loss counts for; rows with the ignored label count for no divisor."""
        name, params = self.loss
        weight = np.ones(len(target)) if weight is None else np.asarray(weight, np.float64)
        counted = target != params[0] if name.startswith("sparse") else np.ones(len(target), bool)
        divisors = {
            "sum": 1.0,
            "sum_over_batch_size": counted.sum(),
            "mean_with_sample_weight": weight[counted].sum(),
            "mean_with_penalty": weight[counted].sum(),
        }
        divisor = divisors[self.reduction]
        self.penalty_share = 1.0 if self.reduction != "mean_with_penalty" else 1 / divisor if divisor else 0.0
        return weight / divisor if divisor else 0 * weight

    def cost(self, x, target, weight=None):
        """What a step descends: the batch's loss with all penalties."""
        name, params = self.loss
        self.taken = self.compute(x, training=True, for_loss=True)
        loss = getattr(losses, name)(self.taken, target, *params) @ self.shares(target, weight)
        return float(loss + self.penalty_share * self.penalty() + sum(op.price() for op in self.ops))

    def backward(self, x, target, weight=None):
        """Leave the gradients of the loss and of activities in the operations; the cost, and the batch's prediction."""
        cost = self.cost(x, target, weight)
        name, params = self.loss
        y = self.taken
        d = getattr(losses, f"{name}_grad")(y, target, *params) * self.shares(target, weight)[:, None]
        if self.output is not None and not self.logits:
            d = getattr(row_activations, f"{self.output[0]}_grad")(self.before_output, d, *self.output[1])
        for op in reversed(self.ops):
            d = op.backward(d)
        return cost, self.shown(y)

    def regularized(self, op, part):
        """The gradient of the cost by a weight."""
        rule = op.rule(part)
        l1, l2 = (self.penalty_share * rule.get(key, 0.0) for key in ("l1", "l2"))
        return optimizers.regularized(op.weights[part], op.gradients[part], l1, l2)

    # ---- a step

    def clipped(self):
        """The gradients of all that learns, held to the limits on norms and values."""
        gradients = [self.regularized(op, part) for op, part in self.learnt()]
        value, norm, whole = (self.rest.get(k, 0.0) for k in ("clip_value", "clip_norm", "global_clip_norm"))
        if whole:
            total = np.sqrt(sum((g**2).sum() for g in gradients))
            gradients = [g * min(1.0, whole / total) for g in gradients]
        return [optimizers.clipped(g, value=value, norm=norm) for g in gradients]

    def average(self, op, part):
        """The moving average, which the first step starts, and which now and then takes the weights' place."""
        w, before = op.weights[part], op.averages[part]
        momentum = self.ema_momentum if self.step > 1 else 0.0
        op.averages[part] = momentum * before + (1 - momentum) * w
        if self.ema_overwrite and self.step % self.ema_overwrite == 0:
            op.weights[part] = op.averages[part].copy()

    def train_on_batch(self, x, target, weight=None, rate=None):
        """One step: Σ batch's loss · rows, and what the batch was predicted to be before it."""
        cost, prediction = self.backward(x, target, weight)
        rate = self.lr if rate is None else rate
        self.step += 1
        for (op, part), g in zip(self.learnt(), self.clipped(), strict=True):
            rule, slots = op.rule(part), op.slots[part]
            decay = 0.0 if rule.get("spared") else self.rest.get("weight_decay", 0.0)
            w = op.weights[part]
            g, w = (g + decay * w, w) if self.rest.get("coupled") else (g, optimizers.decayed(w, rate, decay))
            step = getattr(optimizers, self.name)
            op.weights[part], slots[:] = step(w, g, tuple(slots), self.step, rate, *self.params)
            if self.ema_momentum:
                self.average(op, part)
            if rule.get("constraint"):
                name, params = rule["constraint"]
                w = np.atleast_2d(op.weights[part])  # a bias is one row
                w = getattr(constraints, name)(w, rule.get("axis", 0), *params)
                op.weights[part] = w.reshape(op.weights[part].shape)
        return len(x) * cost, prediction
