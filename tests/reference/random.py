"""Philox for either word width, and what is made of its words."""

import numpy as np

# bits of a word: the rounds' two multipliers and the two Weyl constants by which the keys grow
CONSTANTS = {
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}
SELU_FLOOR = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


def philox(counter, key, bits):
    """Philox 4×bits-10 on Python integers: four words of the counter, two of the key."""
    mask = (1 << bits) - 1
    (m0, m1), (w0, w1) = CONSTANTS[bits]
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p, q = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (q >> bits) ^ c1 ^ k0, q & mask, (p >> bits) ^ c3 ^ k1, p & mask
        k0, k1 = (k0 + w0) & mask, (k1 + w1) & mask
    return c0, c1, c2, c3


def philox_arrays(counter, key):
    """The 32-bit generator on arrays (of uint64, each element below 2^32)."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    (m0, m1), (w0, w1) = CONSTANTS[32]
    c0, c1, c2, c3 = (np.asarray(c, np.uint64) for c in counter)
    k0, k1 = key
    for _ in range(10):
        p, q = np.uint64(m0) * c0, np.uint64(m1) * c2
        c0, c1, c2, c3 = (q >> half) ^ c1 ^ np.uint64(k0), q & low, (p >> half) ^ c3 ^ np.uint64(k1), p & low
        k0, k1 = (k0 + w0) & 0xFFFFFFFF, (k1 + w1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def counters(rows, cols, at, per, attempt=0):
    """The four words for each element when one counter serves `per` rows, and the row's place among these."""
    seed, stream, step, row, col = at
    key = seed & 0xFFFFFFFF, seed >> 32 ^ (stream * 0x9E3779B1 & 0xFFFFFFFF)
    step ^= attempt << 56
    i, j = np.meshgrid(np.arange(row, row + rows), np.arange(col, col + cols), indexing="ij")
    return philox_arrays((i // per, j, step & 0xFFFFFFFF, step >> 32), key), i % per


def words(rows, cols, at):
    """One 32-bit word for each element."""
    w, place = counters(rows, cols, at, 4)
    return np.choose(place, w)


def standard_uniform(rows, cols, at, dtype, attempt=0):
    """In [0, 1): one word in float32, two in float64."""
    if dtype == np.float32:
        w, place = counters(rows, cols, at, 4, attempt)
        return (np.choose(place, w) >> np.uint64(8)) * 2.0**-24
    w, place = counters(rows, cols, at, 2, attempt)
    w = np.choose(place, [w[0] | w[1] << np.uint64(32), w[2] | w[3] << np.uint64(32)])
    return (w >> np.uint64(11)) * 2.0**-53


def standard_normal(rows, cols, at, dtype, attempt=0):
    """Box–Muller: rows 2i and 2i + 1 are made of these two rows' uniforms."""
    seed, stream, step, row, col = at
    odd = row % 2
    u = standard_uniform(rows + odd + (rows + odd) % 2, cols, (seed, stream, step, row - odd, col), dtype, attempt)
    radius, angle = np.sqrt(-2 * np.log(1 - u[::2])), 2 * np.pi * u[1::2]
    z = np.empty_like(u)
    z[::2], z[1::2] = radius * np.cos(angle), radius * np.sin(angle)
    return z[odd : odd + rows]


def uniform(rows, cols, at, dtype, low, high):
    return low + (high - low) * standard_uniform(rows, cols, at, dtype)


def normal(rows, cols, at, dtype, mean, stddev):
    return mean + stddev * standard_normal(rows, cols, at, dtype)


def truncated_normal(rows, cols, at, dtype, mean, stddev):
    z = standard_normal(rows, cols, at, dtype)
    attempt = 0
    while (np.abs(z) > 2).any():
        attempt += 1
        z = np.where(np.abs(z) > 2, standard_normal(rows, cols, at, dtype, attempt), z)
    return mean + stddev * z


def kept(shape, at, rate):
    """Which units dropout keeps: the low 23 bits of their words are not below rate · 2^23."""
    return (words(*shape, at) & np.uint64(0x7FFFFF)) >= np.rint(rate * 2**23)


def dropout(x, at, dtype, rate):
    return np.where(kept(x.shape, at, rate), x / (1 - rate), 0)


def dropout_grad(dy, at, dtype, rate):
    return dropout(dy, at, dtype, rate)


def alpha_dropout(x, at, dtype, rate):
    a = ((1 - rate) * (1 + rate * SELU_FLOOR**2)) ** -0.5
    return a * np.where(kept(x.shape, at, rate), x, SELU_FLOOR) - a * SELU_FLOOR * rate


def alpha_dropout_grad(dy, at, dtype, rate):
    return np.where(kept(dy.shape, at, rate), dy, 0) * ((1 - rate) * (1 + rate * SELU_FLOOR**2)) ** -0.5


def gaussian_dropout(x, at, dtype, rate):
    return x * (1 + np.sqrt(rate / (1 - rate)) * standard_normal(*x.shape, at, dtype))


def gaussian_dropout_grad(dy, at, dtype, rate):
    return gaussian_dropout(dy, at, dtype, rate)


def gaussian_noise(x, at, dtype, stddev):
    return x + stddev * standard_normal(*x.shape, at, dtype)


def gaussian_noise_grad(dy, at, dtype, stddev):
    return dy


def integers(n, below, at):
    """n integers of [0, below) by the high half of a 64-bit product, in sequence."""
    drawn = numbers(at)
    return [draw_below(drawn, below) for _ in range(n)]


def permutation(n, at):
    """Fisher and Yates, from the last place down."""
    drawn, order = numbers(at), list(range(n))
    for i in range(n - 1, 0, -1):
        j = draw_below(drawn, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def numbers(at):
    """64-bit numbers in sequence: words 0, 1 and 2, 3 of one column after another."""
    seed, stream, step, _, _ = at
    column = 0
    while True:
        w = words(4, 256, (seed, stream, step, 0, column)).T.reshape(-1, 2)
        yield from (int(low) | int(high) << 32 for low, high in w)
        column += 256


def draw_below(drawn, n):
    """Unbiased: the first 2^64 mod n values of the product's low half are surplus."""
    while True:
        product = next(drawn) * n
        if product % 2**64 >= 2**64 % n:
            return product >> 64
