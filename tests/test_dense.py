"""The dense layer: three products with their fused epilogues, any source type and strides, rows through an index."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import slope, twin
from reference import activations
from reference.dense import dense, dense_grad
from shapes import DENSE
from tolerance import assert_close, assert_trained_alike

ADAM = (0.9, 0.999, 1e-7, 0.0)


def layer(n, k, m, dtype, rng, activation="linear", **options):
    """A layer with random weights, and those weights in float64."""
    made = _core.Dense(n, k, m, dtype, activation, **options)
    w = (rng.normal(size=(k, m)) / np.sqrt(k)).astype(dtype)
    b = rng.normal(size=m).astype(dtype)
    made.set(0, w)
    made.set(1, b)
    return made, w.astype(np.float64), b.astype(np.float64)


def product_scale(a, b):
    """Σ|a||b|: what a sum of products has to do with its rounding."""
    return np.abs(a) @ np.abs(b)


@pytest.mark.parametrize("shape", DENSE)
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "softplus"])
def test_forward_and_backward_equal_twin(shape, activation, dtype, rng):
    n, k, m = shape
    made, w, b = layer(n, k, m, dtype, rng, activation)
    x, dy = rng.normal(size=(n, k)).astype(dtype), rng.normal(size=(n, m)).astype(dtype)
    before = x.tobytes(), dy.tobytes()
    y = made.forward(x)
    dx, dw, db = made.backward(dy)
    assert (x.tobytes(), dy.tobytes()) == before

    x, dy = x.astype(np.float64), dy.astype(np.float64)
    z = dense(x, w, b)
    scale = product_scale(x, w) + np.abs(b)
    assert_close(y, twin("activations", activation)(z), terms=k + 4, scale=scale, label="Y")
    f = twin("activations", f"{activation}_grad")
    if activation == "relu":  # on which side of 0 a sum falls is decided by its rounding
        dz = dy * (y.astype(np.float64) > 0)
        dz_error = 0.0
    else:  # |f''| <= 1 for these
        dz = dy * f(z)
        dz_error = np.abs(dy) * (scale + 1)
    exact = dense_grad(x, w, dz)
    for got, want, lengths, scales, label in zip(
        (dx, dw, db),
        exact,
        (m, n, n),
        (
            product_scale(np.abs(dz) + (k + 8) * dz_error, w.T),
            product_scale(x.T, np.abs(dz) + (k + 8) * dz_error),
            (np.abs(dz) + (k + 8) * dz_error).sum(axis=0),
        ),
        ("dX", "dW", "db"),
        strict=True,
    ):
        assert_close(got, want, terms=lengths + 4, scale=scales, label=label)
        assert np.abs(want).sum() > 0


@pytest.mark.parametrize("name", [n for n in _core.registry("activation") if hasattr(activations, f"{n}_grad")])
def test_every_activation_as_epilogue(name, rng):
    """The fused forward and backward are those of the elementwise kernels, to the bit."""
    from test_activations import PARAMS

    params = PARAMS.get(name, [()])[0]
    made, _, _ = layer(37, 20, 41, np.float64, rng, name, params=params)
    plain, _, _ = layer(37, 20, 41, np.float64, rng, "linear")
    for part in (0, 1):
        plain.set(part, made.get(part))
    x, dy = rng.normal(size=(37, 20)), rng.normal(size=(37, 41))
    z, y = plain.forward(x), made.forward(x)
    assert y.tobytes() == _core.activation_fwd(name, z, params).tobytes()
    saved = z if _core.registry("activation")[name].traits else y
    dz = _core.activation_bwd(name, saved, dy, params)
    for got, want in zip(made.backward(dy), plain.backward(dz), strict=True):
        assert got.tobytes() == want.tobytes()


def test_long_sums_go_in_blocks(dtype, rng):
    """More inputs than one block holds: the chain of additions must go on where it stopped."""
    made, w, b = layer(5, 9001, 33, dtype, rng)
    x = rng.normal(size=(5, 9001)).astype(dtype)
    y = made.forward(x)
    x = x.astype(np.float64)
    assert_close(y, dense(x, w, b), terms=9005, scale=product_scale(x, w) + np.abs(b))
    chain = np.zeros((5, 33), dtype)  # float64 has no fused multiply-add to imitate, but exact small integers need none
    whole = rng.integers(-4, 5, (9001, 33)).astype(dtype)
    made.set(0, whole)
    made.set(1, np.zeros(33))
    small = rng.integers(-4, 5, (5, 9001))
    np.testing.assert_array_equal(made.forward(small), chain + small @ whole)


SOURCES = ["float16", "float32", "float64", "bool", *(f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64))]


@pytest.mark.parametrize("source", SOURCES)
def test_any_source_type_and_order(source, dtype, rng):
    made, _, _ = layer(40, 45, 3, dtype, rng)
    x = (rng.normal(0, 3, (40, 45)) + 5).astype(source)
    expected = made.forward(x.astype(dtype)).tobytes()
    assert made.forward(x).tobytes() == expected
    wide = np.zeros((80, 90), source)
    wide[::2, ::-2] = x
    rows = np.repeat(x, 2, axis=0)
    variants = {
        "fortran": np.asfortranarray(x),
        "strided": wide[::2, ::-2],
        "swapped": x.astype(x.dtype.newbyteorder()),
        "broadcast": rows[::2],
        "unaligned": np.frombuffer(b"\0" + x.tobytes(), source, offset=1).reshape(x.shape),
    }
    for label, variant in variants.items():
        assert made.forward(variant).tobytes() == expected, label
    frozen = x.copy()
    frozen.flags.writeable = False
    assert made.forward(frozen).tobytes() == expected


def test_every_half_is_taken_exactly(dtype):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(-1, 1)
    halves = halves[np.isfinite(halves[:, 0])]
    made = _core.Dense(len(halves), 1, 1, dtype, "linear", (), False)
    made.set(0, [[1.0]])
    np.testing.assert_array_equal(made.forward(halves), halves.astype(dtype))


def test_rows_through_an_index(dtype, rng):
    made, _, _ = layer(64, 33, 20, dtype, rng)
    x = rng.normal(size=(50, 33)).astype(dtype)
    index = rng.integers(0, 50, 64)
    assert made.forward(x, index).tobytes() == made.forward(x[index]).tobytes()
    for kind in ("int32", "uint8", "int64"):
        assert made.forward(x, index.astype(kind)).tobytes() == made.forward(x[index]).tobytes()
    with pytest.raises(IndexError, match="expected rows 0 to 49, got"):
        made.forward(x, [0, 50])
    with pytest.raises(IndexError, match="expected rows 0 to 49, got -1"):
        made.forward(x, [0, -1])


def test_gradients_by_finite_differences(rng):
    n, k, m = 6, 5, 7
    made, w, b = layer(n, k, m, np.float64, rng, "tanh")
    x, dy = rng.normal(size=(n, k)), rng.normal(size=(n, m))

    def loss(x, w, b):
        made.set(0, w)
        made.set(1, b)
        return (made.forward(x) * dy).sum()

    loss(x, w, b)
    grads = made.backward(dy)
    for which, (grad, at) in enumerate(zip(grads, (x, w, b), strict=True)):
        numeric = np.empty_like(at)
        for i in np.ndindex(at.shape):

            def along(h, i=i, which=which, at=at):
                moved = [x, w, b]
                moved[which] = at.copy()
                moved[which][i] += h
                return loss(*moved)

            numeric[i] = slope(along, 0.0)
        np.testing.assert_allclose(grad, numeric, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop", "adagrad"])
def test_fused_update_is_gradient_then_step(name, dtype, rng):
    """The update on each tile gives the bits of the gradient followed by the optimizer's kernel."""
    from optimizer_cases import KERNEL_PARAMS

    params = KERNEL_PARAMS[name][0]
    made, w, b = layer(30, 70, 45, dtype, rng, "tanh", optimizer=name)
    x, dy = rng.normal(size=(30, 70)).astype(dtype), rng.normal(size=(30, 45)).astype(dtype)
    starts = _core.optimizer_slots(name, params)
    for s, start in enumerate(starts):
        made.set(2 + 2 * s, np.full((70, 45), start))
        made.set(3 + 2 * s, np.full(45, start))
    for step in (1, 2, 3):
        held = [made.get(p) for p in range(2 + 2 * len(starts))]
        made.forward(x)
        dx, *grads = made.backward(dy)
        for p, g in enumerate(grads):
            slots = [held[2 + 2 * s + p] for s in range(len(starts))]
            _core.optimizer_step(name, held[p], g, slots, step, 0.01, params)
        assert made.backward_update(dy, step, 0.01, params).tobytes() == dx.tobytes()
        for p, want in enumerate(held):
            assert made.get(p).tobytes() == want.tobytes(), f"part {p} after step {step}"
    assert_trained_alike(made.get(0), made.get(0).astype(np.float64), w)


def test_without_bias(dtype, rng):
    made, w, _ = layer(9, 12, 5, dtype, rng, use_bias=False)
    np.testing.assert_array_equal(made.forward(np.zeros((9, 12))), np.zeros((9, 5)))
    made.forward(rng.normal(size=(9, 12)))
    assert made.backward(rng.normal(size=(9, 5)))[2] is None


def test_stale_rows_do_not_reach_results(dtype, rng):
    """A small batch after a large one full of NaN gives what a fresh layer gives."""
    made, _, _ = layer(64, 33, 20, dtype, rng, "tanh")
    fresh = _core.Dense(64, 33, 20, dtype, "tanh")
    for part in (0, 1):
        fresh.set(part, made.get(part))
    made.forward(np.full((64, 33), np.nan))
    made.backward(np.full((64, 20), np.nan))
    x, dy = rng.normal(size=(5, 33)), rng.normal(size=(5, 20))
    assert made.forward(x).tobytes() == fresh.forward(x).tobytes()
    for got, want in zip(made.backward(dy), fresh.backward(dy), strict=True):
        assert got.tobytes() == want.tobytes()


def test_nan_and_infinity_spread_as_they_should(dtype):
    made = _core.Dense(4, 3, 2, dtype, "relu")
    made.set(0, np.ones((3, 2)))
    y = made.forward([[np.nan, 0, 0], [np.inf, 0, 0], [np.inf, -np.inf, 0], [1, 2, 3]])
    np.testing.assert_array_equal(y, [[np.nan] * 2, [np.inf] * 2, [np.nan] * 2, [6] * 2])


def test_bad_input_is_refused(rng):
    made, _, _ = layer(8, 4, 3, np.float32, rng)
    cases = [
        (ValueError, "expected shape .rows, 4.", lambda: made.forward(np.zeros((2, 5)))),
        (ValueError, "expected shape", lambda: made.forward(np.zeros(4))),
        (ValueError, "at most 8 rows, got 9", lambda: made.forward(np.zeros((9, 4)))),
        (TypeError, "expected numbers", lambda: made.forward(np.array([["a"] * 4]))),
        (TypeError, "expected numbers", lambda: made.forward(np.zeros((2, 4), complex))),
        (ValueError, "expected shape .4, 3.", lambda: made.set(0, np.zeros((3, 4)))),
        (ValueError, "expected a part below 2", lambda: made.get(2)),
        (ValueError, "sizes", lambda: _core.Dense(0, 4, 3)),
        (ValueError, "activation: expected one of", lambda: _core.Dense(1, 1, 1, "float32", "rleu")),
        (TypeError, "float32 or float64", lambda: _core.Dense(1, 1, 1, "float16")),
        (MemoryError, "no memory", lambda: _core.Dense(1, 2**40, 2**40)),
        (MemoryError, "no memory", lambda: _core.Dense(2**60, 2**60, 2**60)),
        (RuntimeError, "call forward first", lambda: _core.Dense(1, 4, 3).backward(np.zeros((1, 3)))),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()
    made.forward(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="expected dy of shape"):
        made.backward(np.zeros((3, 3)))


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    for n, k, m in [(5, 17, 15), (32, 100, 20), (65, 129, 67), (100, 13, 97), (33, 5000, 3)]:

        def run(n=n, k=k, m=m):
            rng = np.random.default_rng(n)
            made, _, _ = layer(n, k, m, dtype, rng, "tanh", optimizer="adam")
            y = made.forward(rng.normal(size=(n, k)))
            grads = made.backward(rng.normal(size=(n, m)))
            made.backward_update(rng.normal(size=(n, m)), 1, 0.01, ADAM)
            return (y, *grads, made.get(0), made.get(1), made.get(2))

        yield f"dense {n} × ({k}, {m})", run
