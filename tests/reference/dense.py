"""The dense layer's products."""


def dense(x, w, b):
    """Return Z = XW + b."""
    return x @ w + b


def dense_grad(x, w, dz):
    """Return dX, dW, db."""
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)
