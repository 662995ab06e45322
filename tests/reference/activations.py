"""Elementwise activations: ``name(z, …)`` and its derivative ``name_grad(z, …)`` at the input z.

At a kink the derivative is that of the flatter or lower side. A gate that has shut gives 0, even for an infinite z.
"""

import math

import numpy as np

_erfc = np.vectorize(math.erfc, otypes=[float])


def _times_gate(z, gate):
    return np.where(gate == 0, 0.0, z * np.where(gate == 0, 1.0, gate))


def linear(z):
    return z


def linear_grad(z):
    return np.ones_like(z)


def scaled_linear(z, alpha):
    return alpha * z


def scaled_linear_grad(z, alpha):
    return np.full_like(z, alpha)


def relu(z):
    return np.where(z <= 0, 0.0, z)


def relu_grad(z):
    return np.where(z <= 0, 0.0, 1.0)


def relu_general(z, negative_slope, max_value, threshold):
    below = negative_slope * (z - threshold) if negative_slope else np.zeros_like(z)
    return np.where(np.isnan(z), z, np.where(z > threshold, np.minimum(z, max_value), below))


def relu_general_grad(z, negative_slope, max_value, threshold):
    return np.where(z > threshold, np.where(z < max_value, 1.0, 0.0), negative_slope)


def leaky_relu(z, negative_slope):
    return np.where(z > 0, z, negative_slope * z)


def leaky_relu_grad(z, negative_slope):
    return np.where(z > 0, 1.0, negative_slope)


def relu6(z):
    return np.clip(z, 0, 6)


def relu6_grad(z):
    return ((z > 0) & (z < 6)).astype(float)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_grad(z):
    return sigmoid(z) * sigmoid(-z)


def tanh(z):
    return np.tanh(z)


def tanh_grad(z):
    return 1 / np.cosh(np.clip(z, -300, 300)) ** 2


def elu(z, alpha):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_grad(z, alpha):
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def selu(z):
    return SELU_SCALE * elu(z, SELU_ALPHA)


def selu_grad(z):
    return SELU_SCALE * elu_grad(z, SELU_ALPHA)


def celu(z, alpha):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha))


def celu_grad(z, alpha):
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0) / alpha))


def softplus(z):
    return np.logaddexp(z, 0)


def softplus_grad(z):
    return sigmoid(z)


def softsign(z):
    return np.where(np.isinf(z), np.sign(z), z / (1 + np.abs(np.where(np.isinf(z), 0, z))))


def softsign_grad(z):
    return 1 / (1 + np.abs(z)) ** 2


def exponential(z):
    return np.exp(z)


def exponential_grad(z):
    return np.exp(z)


def gelu(z):
    return _times_gate(z, _erfc(-z / math.sqrt(2)) / 2)


def gelu_grad(z):
    t = np.clip(z, -40, 40)
    return _erfc(-t / math.sqrt(2)) / 2 + t * np.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def _gelu_two_u(z):
    return 2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)


def gelu_tanh(z):
    return _times_gate(z, sigmoid(_gelu_two_u(z)))


def gelu_tanh_grad(z):
    t = np.clip(z, -40, 40)
    two_u = _gelu_two_u(t)
    return sigmoid(two_u) + t * sigmoid_grad(two_u) * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * t * t)


def swish(z, beta):
    return _times_gate(z, sigmoid(beta * z))


def swish_grad(z, beta):
    return sigmoid(beta * z) + _times_gate(beta * z, sigmoid_grad(beta * z))


def silu(z):
    return swish(z, 1)


def silu_grad(z):
    return swish_grad(z, 1)


def mish(z):
    return _times_gate(z, np.tanh(softplus(z)))


def mish_grad(z):
    t = np.tanh(softplus(z))
    return t + _times_gate(z, tanh_grad(softplus(z)) * sigmoid(z))


def hard_sigmoid(z):
    return relu6(z + 3) / 6


def hard_sigmoid_grad(z):
    return relu6_grad(z + 3) / 6


def hard_tanh(z):
    return np.clip(z, -1, 1)


def hard_tanh_grad(z):
    return (np.abs(z) < 1).astype(float)


def hard_silu(z):
    return _times_gate(z, hard_sigmoid(z))


def hard_silu_grad(z):
    return np.where(z <= -3, 0.0, np.where(z >= 3, 1.0, (2 * z + 3) / 6))


def log_sigmoid(z):
    return -softplus(-z)


def log_sigmoid_grad(z):
    return sigmoid(-z)


def soft_shrink(z, threshold):
    return np.where(np.abs(z) <= threshold, 0.0, z - np.copysign(threshold, z))


def soft_shrink_grad(z, threshold):
    return (np.abs(z) > threshold).astype(float)


def hard_shrink(z, threshold):
    return np.where(np.abs(z) <= threshold, 0.0, z)


def hard_shrink_grad(z, threshold):
    return (np.abs(z) > threshold).astype(float)


def tanh_shrink(z):
    return z - np.tanh(z)


def tanh_shrink_grad(z):
    return np.tanh(z) ** 2


def threshold(z, threshold_value, default_value):
    return np.where(z <= threshold_value, default_value, z)


def threshold_grad(z, threshold_value, default_value):
    return (z > threshold_value).astype(float)


def sparse_plus(z):
    return np.where(z <= -1, 0.0, np.where(z >= 1, z, (np.clip(z, -1, 1) + 1) ** 2 / 4))


def sparse_plus_grad(z):
    return np.where(z <= -1, 0.0, np.where(z >= 1, 1.0, (np.clip(z, -1, 1) + 1) / 2))


def sparse_sigmoid(z):
    return np.where(z <= -1, 0.0, np.where(z >= 1, 1.0, (np.clip(z, -1, 1) + 1) / 2))


def sparse_sigmoid_grad(z):
    return np.where(np.abs(z) < 1, 0.5, 0.0)


def squareplus(z, b):
    root = np.hypot(z, math.sqrt(b))
    return np.where(z > 0, (z + root) / 2, b / 2 / (root + np.abs(z)))


def squareplus_grad(z, b):
    return squareplus(z, b) / np.hypot(z, math.sqrt(b))


def arctan(z):
    return np.arctan(z)


def arctan_grad(z):
    return 1 / (1 + z * z)


def binary_step(z):
    return np.where(z < 0, 0.0, np.where(z >= 0, 1.0, z))


def binary_step_grad(z):
    return np.zeros_like(z)
