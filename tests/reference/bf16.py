"""Products of numbers rounded to bfloat16, to the bit: pairs along the sum, each step rounded to float32.

A fused multiply-add is worked out in float64: products of two bfloat16 have 16 bits, so their sum with a float32 is
exact there, or one of the two is too small to bring the other near a place where rounding twice would matter.
"""

import numpy as np


def round_bf16(x):
    """Return the nearest bfloat16 to each float32, of two the even one, as float32; a NaN stays one."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    nearest = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return np.where(np.isnan(x), np.float32(np.nan), nearest.astype(np.uint32).view(np.float32))


def flush(x):
    """Return x with denormals as zeros."""
    x = np.float32(x)
    return np.where(np.abs(x) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), x), x)


def fma(a, b, c):
    """Return ab + c rounded once."""
    with np.errstate(all="ignore"):
        exact = flush(a).astype(np.float64) * flush(b).astype(np.float64) + flush(c).astype(np.float64)
        return flush(exact.astype(np.float32))


def product(x, w):
    """Return XW: for each pair along the sum the second product is added first; an odd one's partner is zero."""
    odd = x.shape[1] % 2
    x = np.pad(round_bf16(x), ((0, 0), (0, odd)))
    w = np.pad(round_bf16(w), ((0, odd), (0, 0)))
    z = np.zeros((x.shape[0], w.shape[1]), np.float32)
    for k in range(0, x.shape[1], 2):
        z = fma(x[:, k + 1, None], w[None, k + 1], z)
        z = fma(x[:, k, None], w[None, k], z)
    return z


def dense(x, w, b):
    """Return Z = XW + b."""
    return product(x, w) + b


def dense_grad(x, w, dz):
    """Return dX, dW, db; db is a float32 sum of what was not rounded."""
    db = np.zeros(dz.shape[1], np.float32)
    for row in dz:
        db = db + row
    return product(dz, w.T), product(x.T, dz), db
