"""The vector maths, from NumPy's own functions and textbook series; in the precision of x (tests pass long doubles)."""

import numpy as np


def pi(x):
    return x.dtype.type("3.14159265358979323846264338327950288")


def exp(x):
    return np.exp(x)


def expm1(x):
    return np.expm1(x)


def log(x):
    return np.log(x)


def log1p(x):
    return np.log1p(x)


def tanh(x):
    return np.tanh(x)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def exp_minus_square(x):
    """e^(-x²), with x split so that the square of its first part is exact."""
    head = x.astype(np.float32).astype(x.dtype)
    return np.exp(-head * head) * np.exp(-(x - head) * (x + head))


def erf_series(x):
    """2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), for |x| ≤ 1."""
    term = total = x
    for n in range(1, 40):
        term = term * (2 * x * x / (2 * n + 1))
        total = total + term
    return 2 / np.sqrt(pi(x)) * exp_minus_square(x) * total


def erfc_fraction(x):
    """e^(-x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), for x ≥ 1."""
    f = np.zeros_like(x)
    for n in range(500, 0, -1):
        f = (n * x.dtype.type(0.5)) / (x + f)
    return exp_minus_square(x) / (np.sqrt(pi(x)) * (x + f))


def erf(x):
    y = np.sign(x)  # what it is beyond, to any precision
    near, far = np.abs(x) < 1, (np.abs(x) >= 1) & (np.abs(x) < 8)
    y[near] = erf_series(x[near])
    y[far] *= 1 - erfc_fraction(np.abs(x[far]))
    return np.copysign(y, x)


def erfc(x):
    y = 1 - erf(x)
    far = (x >= 1) & (x < 40)
    y[far] = erfc_fraction(x[far])
    return y


def atan(x):
    return np.arctan(x)


def quarter_turns(x):
    """x in quarters of a turn: how many, and sine and cosine of the angle left."""
    quarters = np.round(4 * x)
    angle = 2 * pi(x) * (x - quarters / 4)
    return np.nan_to_num(quarters).astype(np.int64) % 4, np.sin(angle), np.cos(angle)


def sin2pi(x):
    q, s, c = quarter_turns(x)
    return np.choose(q, [s, c, -s, -c])


def cos2pi(x):
    q, s, c = quarter_turns(x)
    return np.choose(q, [c, -s, -c, s])
