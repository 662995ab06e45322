"""Activations that learn: ``name(x, q)`` with a row of q for each parameter, and ``name_grad(x, q)``.

The gradient is a pair: the derivative with respect to x, and a stack of those with respect to each row of q, both
elementwise, before any sum over the batch.
"""

import numpy as np


def prelu(x, q):
    return np.where(x > 0, x, q[0] * x)


def prelu_grad(x, q):
    return np.where(x > 0, 1.0, q[0] + 0 * x), np.stack([np.where(x > 0, 0.0, x)])


def _sigmoid(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1, e) / (1 + e)


def swish_beta(x, q):
    return x * _sigmoid(q[0] * x)


def swish_beta_grad(x, q):
    s = _sigmoid(q[0] * x)
    slope = s * _sigmoid(-q[0] * x)
    return s + q[0] * x * slope, np.stack([x * x * slope])


def pelu(x, q):
    a, b = q
    return np.where(x >= 0, a / b * x, a * np.expm1(np.minimum(x, 0) / b))


def pelu_grad(x, q):
    a, b = q
    e = np.exp(np.minimum(x, 0) / b)
    return a / b * e, np.stack([np.where(x >= 0, x / b, e - 1), -a * x / b**2 * e])


def srelu(x, q):
    t_left, a_left, t_right, a_right = q
    right, left = t_right + a_right * (x - t_right), t_left + a_left * (x - t_left)
    return np.where(x >= t_right, right, np.where(x <= t_left, left, x))


def srelu_grad(x, q):
    t_left, a_left, t_right, a_right = q
    right, left = x >= t_right, (x <= t_left) & (x < t_right)
    dx = np.where(right, a_right, np.where(left, a_left, 1.0))
    return dx, np.stack([left * (1 - a_left), left * (x - t_left), right * (1 - a_right), right * (x - t_right)])


def apl(x, q):
    a, b = np.split(q, 2)
    return np.maximum(x, 0) + sum(a[s] * np.maximum(b[s] - x, 0) for s in range(len(a)))


def apl_grad(x, q):
    a, b = np.split(q, 2)
    dx = (x > 0) - sum((a[s] * (x < b[s]) for s in range(len(a))), 0 * x)
    da = [np.maximum(b[s] - x, 0) for s in range(len(a))]
    db = [a[s] * (x < b[s]) for s in range(len(a))]
    return dx, np.stack(da + db)
