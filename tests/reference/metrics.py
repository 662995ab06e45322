"""What a batch adds to a metric's state: ``name(pred, target, weights, …)`` → the flat state, from zero.

Losses are metrics, too: the mean of their rows. `thresholds` come before the parameters where there are any. Weights
that are None are ones.
"""

import numpy as np

from reference import losses


def by_row(weights, n):
    return np.ones(n) if weights is None else weights


def state_of_mean(values, weights):
    weights = by_row(weights, len(values))
    return np.array([np.sum(values * weights), np.sum(weights)])


def accuracy(pred, target, weights):
    return state_of_mean(np.mean(pred == target, axis=1), weights)


def binary_accuracy(pred, target, weights, threshold):
    said = (pred > pred.dtype.type(threshold)).astype(float)
    return state_of_mean(np.mean(said == target, axis=1), weights)


def categorical_accuracy(pred, target, weights):
    return state_of_mean(np.argmax(pred, axis=1) == np.argmax(target, axis=1), weights)


def sparse_categorical_accuracy(pred, target, weights):
    return state_of_mean(np.argmax(pred, axis=1) == target, weights)


def sparse_top_k_categorical_accuracy(pred, target, weights, k):
    inside = (target >= 0) & (target < pred.shape[1])
    own = pred[np.arange(len(pred)), np.where(inside, target, 0)]
    own = np.where(np.isnan(own), -np.inf, own)
    return state_of_mean(inside & (np.sum(pred > own[:, None], axis=1) < k), weights)


def top_k_categorical_accuracy(pred, target, weights, k):
    return sparse_top_k_categorical_accuracy(pred, np.argmax(target, axis=1), weights, k)


def pearson_correlation(pred, target, weights):
    with np.errstate(all="ignore"):
        p = pred.astype(np.float64) - pred.mean(axis=1, keepdims=True, dtype=np.float64)
        y = target.astype(np.float64) - target.mean(axis=1, keepdims=True, dtype=np.float64)
        cosine = np.sum(p * y, axis=1) / (np.linalg.norm(p, axis=1) * np.linalg.norm(y, axis=1))
    return state_of_mean(cosine, weights)


def concordance_correlation(pred, target, weights):
    p, y = pred.astype(np.float64), target.astype(np.float64)
    covariance = np.mean(p * y, axis=1) - p.mean(axis=1) * y.mean(axis=1)
    spread = p.var(axis=1) + y.var(axis=1) + (p.mean(axis=1) - y.mean(axis=1)) ** 2
    return state_of_mean(2 * covariance / (spread + 1e-7), weights)


def keep_top(pred, top_k):
    """All but the top k of each row become -1e10; of equals the first are kept."""
    kept = np.full_like(pred, -1e10)
    for row, out in zip(pred, kept):
        for j in sorted(range(len(row)), key=lambda j: (-np.inf if np.isnan(row[j]) else -row[j], j))[:top_k]:
            out[j] = row[j]
    return kept


def threshold_counts(pred, target, weights, thresholds, even, class_id, top_k, per_label):
    """By label, positives then negatives, by the number of thresholds the prediction is above."""
    real, weights = pred.dtype.type, by_row(weights, len(pred))
    x = keep_top(pred, int(top_k)) if top_k else pred
    if even:
        x = np.clip(x, 0, 1)
    above = np.sum(x[:, :, None] > np.asarray(thresholds, real), axis=2)
    state = np.zeros((pred.shape[1] if per_label else 1, 2, len(thresholds) + 1))
    for i, j in np.ndindex(pred.shape):
        if class_id < 0 or j == class_id:
            state[j if per_label else 0, 0 if target[i, j] else 1, above[i, j]] += weights[i]
    return state.ravel()


def fbeta_counts(pred, target, weights, threshold):
    if np.isnan(threshold):
        with np.errstate(invalid="ignore"):
            hit = (pred >= np.max(pred, axis=1, keepdims=True)) & (np.abs(pred) > 1e-9)
    else:
        hit = pred > pred.dtype.type(threshold)
    hit, y, w = hit.astype(float), target.astype(np.float64), by_row(weights, len(pred))[:, None]
    return np.concatenate([np.sum(w * v, axis=0) for v in (hit * y, hit * (1 - y), (1 - hit) * y, y)])


def r2_sums(pred, target, weights):
    p, y, w = pred.astype(np.float64), target.astype(np.float64), by_row(weights, len(pred))[:, None]
    sums = [np.sum(w * v, axis=0) for v in (y, y * y, (y - p) ** 2, np.ones_like(y))]
    return np.concatenate([[y.size], *sums])


def of_loss(name, sign=1):
    def metric(pred, target, weights, *params):
        return state_of_mean(sign * getattr(losses, name)(pred, target, *params), weights)

    return metric


def of_margins(name):
    """All targets 0 or 1: they stand for -1 and 1."""

    def metric(pred, target, weights):
        if np.isin(target, (0, 1)).all():
            target = 2 * target - 1
        return state_of_mean(getattr(losses, name)(pred, target), weights)

    return metric


def of_label_loss(name):
    """As in Keras weights leave rows with the ignored label out; without weights they count."""

    def metric(pred, target, weights, ignore_class):
        if weights is not None:
            weights = np.where(target == ignore_class, 0, weights)
        return state_of_mean(getattr(losses, name)(pred, target, ignore_class), weights)

    return metric


hinge, squared_hinge = of_margins("hinge"), of_margins("squared_hinge")
cosine_similarity = of_loss("cosine_similarity", -1)
mean_squared_error = of_loss("mean_squared_error")
mean_absolute_error = of_loss("mean_absolute_error")
mean_absolute_percentage_error = of_loss("mean_absolute_percentage_error")
mean_squared_logarithmic_error = of_loss("mean_squared_logarithmic_error")
huber = of_loss("huber")
log_cosh = of_loss("log_cosh")
poisson = of_loss("poisson")
half_squared_error = of_loss("half_squared_error")
half_poisson_logits = of_loss("half_poisson_logits")
log_loss_logits = of_loss("log_loss_logits")
sparse_log_loss_logits = of_label_loss("sparse_log_loss_logits")
kl_divergence = of_loss("kl_divergence")
categorical_hinge = of_loss("categorical_hinge")
binary_crossentropy = of_loss("binary_crossentropy")
binary_crossentropy_logits = of_loss("binary_crossentropy_logits")
binary_focal_crossentropy = of_loss("binary_focal_crossentropy")
binary_focal_crossentropy_logits = of_loss("binary_focal_crossentropy_logits")
categorical_crossentropy = of_loss("categorical_crossentropy")
categorical_crossentropy_logits = of_loss("categorical_crossentropy_logits")
categorical_focal_crossentropy = of_loss("categorical_focal_crossentropy")
categorical_focal_crossentropy_logits = of_loss("categorical_focal_crossentropy_logits")
sparse_categorical_crossentropy = of_label_loss("sparse_categorical_crossentropy")
sparse_categorical_crossentropy_logits = of_label_loss("sparse_categorical_crossentropy_logits")
