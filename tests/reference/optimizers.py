"""Optimizers: ``name(w, g, slots, step, lr, …)`` returns the new weights and the new slots.

Also what a step does before its own rule (``clipped``, ``decayed``, ``regularized``).
"""

import numpy as np


def sgd(w, g, slots, step, lr):
    return w - lr * g, ()


def momentum(w, g, slots, step, lr, momentum):
    (m,) = slots
    m = momentum * m - lr * g
    return w + m, (m,)


def nesterov(w, g, slots, step, lr, momentum):
    (m,) = slots
    m = momentum * m - lr * g
    return w + momentum * m - lr * g, (m,)


def ewa_momentum(w, g, slots, step, lr, beta):
    (v,) = slots
    v = beta * v + (1 - beta) * g
    return w - lr * v, (v,)


def velocity(w, g, slots, step, lr, momentum):
    (v,) = slots
    v = momentum * v + g
    return w - lr * v, (v,)


def velocity_nesterov(w, g, slots, step, lr, momentum):
    (v,) = slots
    v = momentum * v + g
    return w - lr * (g + momentum * v), (v,)


def rmsprop(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside):
    (s,) = slots
    s = rho * s + (1 - rho) * g**2
    return w - lr * g / (np.sqrt(s + epsilon_inside) + epsilon_outside), (s,)


def rmsprop_momentum(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside, momentum):
    s, m = slots
    s = rho * s + (1 - rho) * g**2
    m = momentum * m + lr * g / (np.sqrt(s + epsilon_inside) + epsilon_outside)
    return w - m, (s, m)


def rmsprop_centered(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside):
    s, mean = slots
    s = rho * s + (1 - rho) * g**2
    mean = rho * mean + (1 - rho) * g
    return w - lr * g / (np.sqrt(s - mean**2 + epsilon_inside) + epsilon_outside), (s, mean)


def rmsprop_centered_momentum(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside, momentum):
    s, m, mean = slots
    s = rho * s + (1 - rho) * g**2
    mean = rho * mean + (1 - rho) * g
    m = momentum * m + lr * g / (np.sqrt(s - mean**2 + epsilon_inside) + epsilon_outside)
    return w - m, (s, m, mean)


def rmsprop_velocity(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside, momentum):
    s, v = slots
    s = rho * s + (1 - rho) * g**2
    v = momentum * v + g / (np.sqrt(s + epsilon_inside) + epsilon_outside)
    return w - lr * v, (s, v)


def rmsprop_centered_velocity(w, g, slots, step, lr, rho, epsilon_inside, epsilon_outside, momentum):
    s, v, mean = slots
    s = rho * s + (1 - rho) * g**2
    mean = rho * mean + (1 - rho) * g
    v = momentum * v + g / (np.sqrt(s - mean**2 + epsilon_inside) + epsilon_outside)
    return w - lr * v, (s, v, mean)


def adam(w, g, slots, step, lr, beta_1, beta_2, epsilon_hat, epsilon):
    """Keras's form is that of epsilon_hat, the paper's that of epsilon; a test gives one of the two."""
    m, v = slots
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    return w - _adam_update(m, v, step, lr, beta_1, beta_2, epsilon_hat, epsilon), (m, v)


def amsgrad(w, g, slots, step, lr, beta_1, beta_2, epsilon_hat, epsilon):
    m, v, largest = slots
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    largest = np.maximum(largest, v)
    return w - _adam_update(m, largest, step, lr, beta_1, beta_2, epsilon_hat, epsilon), (m, v, largest)


def _adam_update(m, v, step, lr, beta_1, beta_2, epsilon_hat, epsilon):
    if epsilon_hat and epsilon:
        raise ValueError("one epsilon at a time")
    if epsilon_hat:
        alpha = lr * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        return alpha * m / (np.sqrt(v) + epsilon_hat)
    m_hat = m / (1 - beta_1**step)
    v_hat = v / (1 - beta_2**step)
    return lr * m_hat / (np.sqrt(v_hat) + epsilon)


def adamax(w, g, slots, step, lr, beta_1, beta_2, epsilon_inside, epsilon_outside):
    m, u = slots
    m = beta_1 * m + (1 - beta_1) * g
    u = np.maximum(beta_2 * u, np.abs(g) + epsilon_inside)
    return w - lr / (1 - beta_1**step) * m / (u + epsilon_outside), (m, u)


def nadam(w, g, slots, step, lr, beta_1, beta_2, epsilon, schedule_decay):
    schedule = beta_1 * (1 - 0.5 * schedule_decay ** np.arange(1.0, step + 2))
    now, following = schedule[-2:]
    m, v = slots
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = following * m / (1 - np.prod(schedule)) + (1 - now) * g / (1 - np.prod(schedule[:-1]))
    v_hat = v / (1 - beta_2**step)
    return w - lr * m_hat / (np.sqrt(v_hat) + epsilon), (m, v)


def adagrad(w, g, slots, step, lr, initial_accumulator_value, epsilon_inside, epsilon_outside):
    (s,) = slots
    s = s + g**2
    return w - lr * g / (np.sqrt(s + epsilon_inside) + epsilon_outside), (s,)


def adadelta(w, g, slots, step, lr, rho, epsilon):
    s, d = slots
    s = rho * s + (1 - rho) * g**2
    delta = np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g
    d = rho * d + (1 - rho) * delta**2
    return w - lr * delta, (s, d)


def ftrl(w, g, slots, step, lr, initial_accumulator_value, learning_rate_power, l1_regularization_strength,
         l2_regularization_strength, l2_shrinkage_regularization_strength, beta):  # fmt: skip
    n, z = slots
    l1, l2 = l1_regularization_strength, l2_regularization_strength + beta / (2 * lr)
    more = n + g**2
    sigma = (more**-learning_rate_power - n**-learning_rate_power) / lr
    z = z + g + 2 * l2_shrinkage_regularization_strength * w - sigma * w
    quadratic = more**-learning_rate_power / lr + 2 * l2
    return np.where(np.abs(z) <= l1, 0.0, (np.sign(z) * l1 - z) / quadratic), (more, z)


def lion(w, g, slots, step, lr, beta_1, beta_2):
    (m,) = slots
    direction = np.sign(beta_1 * m + (1 - beta_1) * g)
    return w - lr * direction, (beta_2 * m + (1 - beta_2) * g,)


def accumulate(w, g, slots, step, lr):
    (total,) = slots
    return w, (total + g,)


def regularized(w, g, l1, l2):
    """The gradient with that of ``l1·Σ|w| + l2·Σw²``."""
    return g + l1 * np.sign(w) + 2 * l2 * w


def clipped(g, value=0.0, norm=0.0):
    """The gradient with its norm, or each element, held to a limit; 0 is none."""
    if norm:
        g = g * min(1.0, norm / np.sqrt(np.sum(g**2)))
    if value:
        g = np.clip(g, -value, value)
    return g


def decayed(w, lr, weight_decay):
    return w - lr * weight_decay * w
