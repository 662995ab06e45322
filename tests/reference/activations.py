"""Elementwise activations: ``name(z, …)`` and its derivative ``name_grad(z, …)`` at the input z."""

import numpy as np


def linear(z):
    return z


def linear_grad(z):
    return np.ones_like(z)


def relu(z):
    return np.where(z <= 0, 0.0, z)


def relu_grad(z):
    return np.where(z <= 0, 0.0, 1.0)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_grad(z):
    return sigmoid(z) * sigmoid(-z)


def tanh(z):
    return np.tanh(z)


def tanh_grad(z):
    return 1 / np.cosh(z) ** 2
