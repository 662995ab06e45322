"""Normalisation layers and their derivatives, as the papers and Keras write them."""

import numpy as np


def batch_norm(x, gamma, beta, mean, variance, epsilon):
    """Each column by the given mean and variance."""
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def batch_norm_training(x, gamma, beta, epsilon):
    return batch_norm(x, gamma, beta, x.mean(axis=0), x.var(axis=0), epsilon)


def batch_norm_training_grad(x, gamma, epsilon, dy):
    """dx, dgamma, dbeta through the batch's own mean and variance, one chain rule after the other."""
    n = len(x)
    mean, variance = x.mean(axis=0), x.var(axis=0)
    dxhat = dy * gamma
    dvariance = np.sum(dxhat * (x - mean), axis=0) * -0.5 * (variance + epsilon) ** -1.5
    dmean = -np.sum(dxhat, axis=0) / np.sqrt(variance + epsilon)
    dx = dxhat / np.sqrt(variance + epsilon) + dvariance * 2 * (x - mean) / n + dmean / n
    return dx, np.sum(dy * (x - mean) / np.sqrt(variance + epsilon), axis=0), np.sum(dy, axis=0)


def batch_norm_grad(x, gamma, mean, variance, epsilon, dy):
    """The same with a mean and a variance that are constants."""
    deviation = np.sqrt(variance + epsilon)
    return dy * gamma / deviation, np.sum(dy * (x - mean) / deviation, axis=0), np.sum(dy, axis=0)


def moving_update(moving, batch, momentum):
    return moving * momentum + batch * (1 - momentum)


def layer_norm(x, gamma, beta, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def layer_norm_grad(x, gamma, epsilon, dy):
    """dx, dgamma, dbeta: a row is to layer normalisation what a column is to batch normalisation."""
    dx, _, _ = batch_norm_training_grad(x.T, 1.0, epsilon, (dy * gamma).T)
    return dx.T, np.sum(dy * layer_norm(x, 1.0, 0.0, epsilon), axis=0), np.sum(dy, axis=0)


def unit_norm(x, epsilon):
    return x / np.maximum(np.sqrt(np.sum(x**2, axis=-1, keepdims=True)), epsilon)


def unit_norm_grad(x, epsilon, dy):
    length = np.sqrt(np.sum(x**2, axis=-1, keepdims=True))
    along = np.sum(x * dy, axis=-1, keepdims=True) / np.where(length == 0, 1, length) ** 2
    return np.where(length < epsilon, dy / epsilon, (dy - x * along) / np.maximum(length, epsilon))
