"""Losses of each row: ``name(pred, target, …)``, and ``name_grad(pred, target, …)``, its derivative by pred.

Limits to which a formula clips are rounded to the type of pred, all else is float64.
"""

import numpy as np


def limits(pred):
    """Return ε and 1 - ε as pred's own type holds them."""
    kind = np.asarray(pred).dtype.type
    return float(kind(1e-7)), float(kind(1 - 1e-7))


def doubles(*arrays):
    return [np.asarray(a, dtype=np.float64) for a in arrays]


def per_element(pred, slope):
    """Return the derivative of a mean over the row from that of its elements."""
    return slope / np.shape(pred)[-1]


def mean_squared_error(pred, target):
    pred, target = doubles(pred, target)
    return np.mean((target - pred) ** 2, axis=-1)


def mean_squared_error_grad(pred, target):
    pred, target = doubles(pred, target)
    return per_element(pred, 2 * (pred - target))


def mean_absolute_error(pred, target):
    pred, target = doubles(pred, target)
    return np.mean(np.abs(target - pred), axis=-1)


def mean_absolute_error_grad(pred, target):
    pred, target = doubles(pred, target)
    return per_element(pred, np.sign(pred - target))


def mean_absolute_percentage_error(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    return 100 * np.mean(np.abs(target - pred) / np.maximum(np.abs(target), low), axis=-1)


def mean_absolute_percentage_error_grad(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    return per_element(pred, 100 * np.sign(pred - target) / np.maximum(np.abs(target), low))


def mean_squared_logarithmic_error(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    return np.mean((np.log(np.maximum(pred, low) + 1) - np.log(np.maximum(target, low) + 1)) ** 2, axis=-1)


def mean_squared_logarithmic_error_grad(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    gap = np.log(np.maximum(pred, low) + 1) - np.log(np.maximum(target, low) + 1)
    return per_element(pred, np.where(pred < low, 0.0, 2 * gap / (1 + np.maximum(pred, low))))


def huber(pred, target, delta):
    pred, target = doubles(pred, target)
    size = np.abs(pred - target)
    return np.mean(np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2), axis=-1)


def huber_grad(pred, target, delta):
    pred, target = doubles(pred, target)
    return per_element(pred, np.clip(pred - target, -delta, delta))


def log_cosh(pred, target):
    pred, target = doubles(pred, target)
    return np.mean(np.logaddexp(pred - target, target - pred) - np.log(2), axis=-1)


def log_cosh_grad(pred, target):
    pred, target = doubles(pred, target)
    return per_element(pred, np.tanh(pred - target))


def poisson(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    return np.mean(pred - target * np.log(pred + low), axis=-1)


def poisson_grad(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    return per_element(pred, 1 - target / (pred + low))


def hinge(pred, target):
    pred, target = doubles(pred, target)
    return np.mean(np.maximum(1 - target * pred, 0), axis=-1)


def hinge_grad(pred, target):
    pred, target = doubles(pred, target)
    return per_element(pred, np.where(target * pred < 1, -target, 0.0))


def squared_hinge(pred, target):
    pred, target = doubles(pred, target)
    return np.mean(np.maximum(1 - target * pred, 0) ** 2, axis=-1)


def squared_hinge_grad(pred, target):
    pred, target = doubles(pred, target)
    return per_element(pred, -2 * target * np.maximum(1 - target * pred, 0))


def categorical_hinge(pred, target):
    pred, target = doubles(pred, target)
    positive = np.sum(target * pred, axis=-1)
    negative = np.max((1 - target) * pred, axis=-1)
    return np.maximum(negative - positive + 1, 0)


def categorical_hinge_grad(pred, target):
    """Classes that tie for the maximum share it."""
    pred, target = doubles(pred, target)
    others = (1 - target) * pred
    winners = others == others.max(axis=-1, keepdims=True)
    slope = winners * (1 - target) / winners.sum(axis=-1, keepdims=True) - target
    return np.where(categorical_hinge(pred, target)[:, None] > 0, slope, 0.0)


def unit(x, low):
    """x / ‖x‖ and the factor used, which is at most 1/ε."""
    with np.errstate(divide="ignore"):
        factor = np.minimum(1 / np.linalg.norm(x, axis=-1, keepdims=True), 1 / low)
    return x * factor, factor


def cosine_similarity(pred, target):
    pred, target = doubles(pred, target)
    return -np.sum(unit(pred, 1e-7)[0] * unit(target, 1e-7)[0], axis=-1)


def cosine_similarity_grad(pred, target):
    pred, target = doubles(pred, target)
    (p, factor), (t, _) = unit(pred, 1e-7), unit(target, 1e-7)
    along = np.sum(p * t, axis=-1, keepdims=True) * (np.linalg.norm(pred, axis=-1, keepdims=True) > 1e-7)
    return (along * p - t) * factor


def kl_divergence(pred, target):
    low, _ = limits(pred)
    pred, target = np.clip(doubles(pred, target), low, 1)
    return np.sum(target * np.log(target / pred), axis=-1)


def kl_divergence_grad(pred, target):
    low, _ = limits(pred)
    pred, target = doubles(pred, target)
    inside = (pred >= low) & (pred <= 1)
    return np.where(inside, -np.clip(target, low, 1) / np.clip(pred, low, 1), 0.0)


def smooth_binary(target, label_smoothing):
    return target * (1 - label_smoothing) + 0.5 * label_smoothing


def smooth_classes(target, label_smoothing):
    return target * (1 - label_smoothing) + label_smoothing / target.shape[-1]


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))


def entropy(p, y, low, high):
    """Binary cross-entropy of each element and its derivative by p."""
    q = np.clip(p, low, high)
    value = -y * np.log(q) - (1 - y) * np.log(1 - q)
    return value, np.where((p >= low) & (p <= high), (1 - y) / (1 - q) - y / q, 0.0)


def entropy_logits(z, y):
    """Binary cross-entropy of each element and its derivative by the logit z."""
    value = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return value, (1 - y) * sigmoid(z) - y * sigmoid(-z)


def binary_crossentropy(pred, target, label_smoothing):
    p, y = doubles(pred, target)
    return np.mean(entropy(p, smooth_binary(y, label_smoothing), *limits(pred))[0], axis=-1)


def binary_crossentropy_grad(pred, target, label_smoothing):
    p, y = doubles(pred, target)
    return per_element(p, entropy(p, smooth_binary(y, label_smoothing), *limits(pred))[1])


def binary_crossentropy_logits(pred, target, label_smoothing):
    z, y = doubles(pred, target)
    return np.mean(entropy_logits(z, smooth_binary(y, label_smoothing))[0], axis=-1)


def binary_crossentropy_logits_grad(pred, target, label_smoothing):
    z, y = doubles(pred, target)
    return per_element(z, entropy_logits(z, smooth_binary(y, label_smoothing))[1])


def power_slope(x, gamma):
    """The derivative of x^γ."""
    return gamma * x ** (gamma - 1) if gamma else np.zeros_like(x)


def class_weight(y, alpha, apply_class_balancing):
    return y * alpha + (1 - y) * (1 - alpha) if apply_class_balancing else 1.0


def binary_focal_crossentropy(pred, target, alpha, gamma, apply_class_balancing, label_smoothing):
    p, y = doubles(pred, target)
    y = smooth_binary(y, label_smoothing)
    factor = (y * (1 - p) + (1 - y) * p) ** gamma
    weight = class_weight(y, alpha, apply_class_balancing)
    return np.mean(weight * factor * entropy(p, y, *limits(pred))[0], axis=-1)


def binary_focal_crossentropy_grad(pred, target, alpha, gamma, apply_class_balancing, label_smoothing):
    p, y = doubles(pred, target)
    y = smooth_binary(y, label_smoothing)
    x = y * (1 - p) + (1 - y) * p
    value, slope = entropy(p, y, *limits(pred))
    product_rule = x**gamma * slope + power_slope(x, gamma) * (1 - 2 * y) * value
    return per_element(p, class_weight(y, alpha, apply_class_balancing) * product_rule)


def binary_focal_crossentropy_logits(pred, target, alpha, gamma, apply_class_balancing, label_smoothing):
    z, y = doubles(pred, target)
    y = smooth_binary(y, label_smoothing)
    factor = (y * sigmoid(-z) + (1 - y) * sigmoid(z)) ** gamma
    return np.mean(class_weight(y, alpha, apply_class_balancing) * factor * entropy_logits(z, y)[0], axis=-1)


def binary_focal_crossentropy_logits_grad(pred, target, alpha, gamma, apply_class_balancing, label_smoothing):
    z, y = doubles(pred, target)
    y = smooth_binary(y, label_smoothing)
    x = y * sigmoid(-z) + (1 - y) * sigmoid(z)
    value, slope = entropy_logits(z, y)
    by_p = power_slope(np.maximum(x, 1e-300), gamma) * (1 - 2 * y) * value
    return per_element(
        z, class_weight(y, alpha, apply_class_balancing) * (x**gamma * slope + by_p * sigmoid(z) * sigmoid(-z))
    )


def normalised(pred):
    p = np.asarray(pred, dtype=np.float64)
    return p / p.sum(axis=-1, keepdims=True)


def through_normalisation(pred, slope):
    """∂/∂p from ∂/∂q for q = p / Σp."""
    p = np.asarray(pred, dtype=np.float64)
    return (slope - np.sum(slope * normalised(p), axis=-1, keepdims=True)) / p.sum(axis=-1, keepdims=True)


def within(q, low, high):
    return (q >= low) & (q <= high)


def categorical_crossentropy(pred, target, label_smoothing):
    (target,) = doubles(target)
    q = np.clip(normalised(pred), *limits(pred))
    return -np.sum(smooth_classes(target, label_smoothing) * np.log(q), axis=-1)


def categorical_crossentropy_grad(pred, target, label_smoothing):
    (target,) = doubles(target)
    q = normalised(pred)
    inside = within(q, *limits(pred))
    slope = -smooth_classes(target, label_smoothing) / np.where(inside, q, 1.0) * inside
    return through_normalisation(pred, slope)


def categorical_crossentropy_logits(pred, target, label_smoothing):
    z, target = doubles(pred, target)
    return -np.sum(smooth_classes(target, label_smoothing) * log_softmax(z), axis=-1)


def categorical_crossentropy_logits_grad(pred, target, label_smoothing):
    z, target = doubles(pred, target)
    t = smooth_classes(target, label_smoothing)
    return t.sum(axis=-1, keepdims=True) * np.exp(log_softmax(z)) - t


def categorical_focal_crossentropy(pred, target, alpha, gamma, label_smoothing):
    (target,) = doubles(target)
    q = np.clip(normalised(pred), *limits(pred))
    return np.sum(-alpha * smooth_classes(target, label_smoothing) * (1 - q) ** gamma * np.log(q), axis=-1)


def categorical_focal_crossentropy_grad(pred, target, alpha, gamma, label_smoothing):
    (target,) = doubles(target)
    inside = within(normalised(pred), *limits(pred))
    q = np.clip(normalised(pred), *limits(pred))
    by_q = power_slope(1 - q, gamma) * np.log(q) - (1 - q) ** gamma / q
    return through_normalisation(pred, alpha * smooth_classes(target, label_smoothing) * by_q * inside)


def categorical_focal_crossentropy_logits(pred, target, alpha, gamma, label_smoothing):
    z, target = doubles(pred, target)
    log_p = log_softmax(z)
    return np.sum(-alpha * smooth_classes(target, label_smoothing) * (1 - np.exp(log_p)) ** gamma * log_p, axis=-1)


def categorical_focal_crossentropy_logits_grad(pred, target, alpha, gamma, label_smoothing):
    z, target = doubles(pred, target)
    log_p = log_softmax(z)
    p = np.exp(log_p)
    weight = alpha * smooth_classes(target, label_smoothing)
    slope = power_slope(np.where(p == 1, 1, 1 - p), gamma)  # where log p vanishes the slope may be infinite
    by_log_p = weight * (slope * p * log_p - (1 - p) ** gamma)
    return by_log_p - p * by_log_p.sum(axis=-1, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def of_labels(dense, pred, target, ignore_class):
    """A dense loss with one-hot targets, zero in the rows whose label is the ignored one."""
    ignored = target == ignore_class
    result = dense(pred, one_hot(np.where(ignored, 0, target), pred.shape[-1]), 0.0)
    result[ignored] = 0
    return result


def sparse_categorical_crossentropy(pred, target, ignore_class):
    return of_labels(categorical_crossentropy, pred, target, ignore_class)


def sparse_categorical_crossentropy_grad(pred, target, ignore_class):
    return of_labels(categorical_crossentropy_grad, pred, target, ignore_class)


def sparse_categorical_crossentropy_logits(pred, target, ignore_class):
    return of_labels(categorical_crossentropy_logits, pred, target, ignore_class)


def sparse_categorical_crossentropy_logits_grad(pred, target, ignore_class):
    return of_labels(categorical_crossentropy_logits_grad, pred, target, ignore_class)


def half_squared_error(pred, target):
    pred, target = doubles(pred, target)
    return np.sum((target - pred) ** 2, axis=-1) / 2


def half_squared_error_grad(pred, target):
    return np.subtract(*doubles(pred, target))


def half_poisson_logits(pred, target):
    z, y = doubles(pred, target)
    return np.sum(y * np.log(np.where(y > 0, y, 1.0)) - y * z - y + np.exp(z), axis=-1)


def half_poisson_logits_grad(pred, target):
    z, y = doubles(pred, target)
    return np.exp(z) - y


def at_most(loss, pred):
    """No more than -log of the ε of pred's own type."""
    return np.minimum(loss, -np.log(float(np.finfo(np.asarray(pred).dtype).eps)))


def log_loss_logits(pred, target):
    z, y = doubles(pred, target)
    return np.sum(at_most(entropy_logits(z, y)[0], pred), axis=-1)


def log_loss_logits_grad(pred, target):
    return entropy_logits(*doubles(pred, target))[1]


def sparse_log_loss_logits(pred, target, ignore_class):
    return at_most(sparse_categorical_crossentropy_logits(pred, target, ignore_class), pred)


sparse_log_loss_logits_grad = sparse_categorical_crossentropy_logits_grad
