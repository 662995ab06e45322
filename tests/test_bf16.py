"""Dense layers whose products take operands rounded to bfloat16: equal to the bit to the twin, and everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from network_cases import ADAM, CROSS, parts, train, weights
from reference import bf16
from tolerance import assert_trained_alike

SIZES = (1, 2, 7, 17, 33, 65)
SHAPES = [(n, k, m) for n in SIZES for k in SIZES for m in SIZES]
LEVELS = [name for name, usable in _core.levels().items() if usable]


@pytest.fixture
def own_level():
    before = _core.level()
    yield
    _core.emulate_bf16(False)
    _core.choose_level(before)


def numbers(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def layer(rng, n, k, m, activation="linear", **options):
    """A layer with random W and b, and those."""
    made = _core.Dense(n, k, m, "float32", activation, bf16=True, **options)
    w, b = numbers(rng, k, m), numbers(rng, m)
    made.set(0, w)
    made.set(1, b)
    return made, w, b


def test_rounding_is_to_the_nearest_and_to_even(rng):
    """By way of a product with one: the twin's integers and the numbers that are told apart by hand."""
    made = _core.Dense(1, 1, 1, bf16=True)
    made.set(0, [[1.0]])
    made.set(1, [0.0])
    step = 2.0**-7
    by_hand = {1 + step / 2: 1.0, 1 + 3 * step / 2: 1 + 2 * step, 1 + step * 0.51: 1 + step, 1 - step / 4: 1.0,
               3.4e38: np.inf, -3.4e38: -np.inf, 1e-40: 0.0, np.inf: np.inf, np.nan: np.nan}  # fmt: skip
    for value, want in by_hand.items():
        np.testing.assert_array_equal(made.forward(np.float32([[value]])), np.float32([[want]]))
    made = _core.Dense(4096, 1, 1, bf16=True)
    made.set(0, [[1.0]])
    bits = rng.integers(0, 2**32, 4096, np.uint64).astype(np.uint32).view(np.float32)[:, None]
    bits = np.where(np.abs(bits) < np.finfo(np.float32).tiny, 0, bits)
    got = made.forward(bits)
    np.testing.assert_array_equal(got, bf16.round_bf16(bits))
    assert (np.isfinite(got) & (got != bits)).sum() > 3000


@pytest.mark.parametrize("n", SIZES)
def test_products_equal_twin_to_the_bit(n, rng):
    for _, k, m in (shape for shape in SHAPES if shape[0] == n):
        made, w, b = layer(rng, n, k, m, "relu")
        x, dy = numbers(rng, n, k), numbers(rng, n, m)
        y = made.forward(x)
        z = bf16.dense(x, w, b)
        np.testing.assert_array_equal(y, np.maximum(z, 0), f"Y of {n, k, m}")
        exact = bf16.dense_grad(x, w, np.where(z > 0, dy, np.float32(0)))
        for got, want, label in zip(made.backward(dy), exact, ("dX", "dW", "db"), strict=True):
            np.testing.assert_array_equal(got, want, f"{label} of {n, k, m}")


def test_rows_that_a_larger_batch_left_are_not_in_the_sums(rng):
    """Odd rows and columns have no partner in their pair: what lay there before must not be one."""
    made, w, b = layer(rng, 40, 33, 17, "exponential")  # of zeros, in the padding, one
    made.forward(numbers(rng, 40, 33) * np.float32(1e30))
    made.backward(numbers(rng, 40, 17))
    x, dy = numbers(rng, 7, 33) / 8, numbers(rng, 7, 17)
    fresh, _, _ = layer(rng, 7, 33, 17, "exponential")
    fresh.set(0, w)
    fresh.set(1, b)
    assert made.forward(x).tobytes() == fresh.forward(x).tobytes()
    for got, want in zip(made.backward(dy), fresh.backward(dy), strict=True):
        assert got.tobytes() == want.tobytes()
        assert np.isfinite(got).all()


def test_long_sums_go_in_blocks(rng):
    """More pairs than one block holds."""
    made, w, b = layer(rng, 3, 9001, 5)
    x = numbers(rng, 3, 9001)
    np.testing.assert_array_equal(made.forward(x), bf16.dense(x, w, b))


def awkward(rng, *shape):
    """Any bits at all: infinities, NaN, denormals, and sums that end among them."""
    some = rng.integers(0, 2**32, shape, np.uint64).astype(np.uint32).view(np.float32)
    tiny = numbers(rng, *shape) * np.float32(2.0) ** rng.integers(-75, -55, shape)
    return np.where(rng.uniform(size=shape) < 0.1, some, tiny.astype(np.float32))


def everything(seed=4):
    """Numbers of layers of many sizes, then weights that a few steps of a network lead to."""
    rng = np.random.default_rng(seed)
    for n, k, m in [*SHAPES[::13], (256, 100, 70)]:
        made, _, _ = layer(rng, n, k, m, "tanh")
        x, dy = numbers(rng, n, k), numbers(rng, n, m)
        yield from (made.forward(x), *made.backward(dy))
    made, _, _ = layer(rng, 64, 64, 64)
    made.set(0, awkward(rng, 64, 64))
    made.set(1, np.zeros(64))
    for found in (made.forward(awkward(rng, 64, 64)), *made.backward(awkward(rng, 64, 64))):
        yield np.where(np.isnan(found), np.float32(0), found)  # whose sign and payload are nobody's promise
    net = network(("adam", (0.9, 0.999, 1e-7, 0.0), 1e-2, {"global_clip_norm": 0.3}), noise=("dropout", (0.2,)))
    yield from course(net)


def network(optimizer=ADAM, ema=(0.0, 0), widths=(65, 33, 10), batch=33, bf16=True, seed=3, **per_layer):
    layers = [{"units": m, "activation": ("tanh", ()), "bf16": bf16, **per_layer} for m in widths[:-1]]
    layers.append({"units": widths[-1], "activation": ("linear", ()), "bf16": bf16})
    net = _core.Network("float32", 17, batch, layers, CROSS, optimizer, None, True, seed, ema=ema)
    rng = np.random.default_rng(seed)
    for i, (k, m) in enumerate(zip((17, *widths), widths, strict=False)):
        net.set(i, 0, rng.normal(size=(k, m)) / np.sqrt(k))
        net.set(i, 1, rng.normal(size=m) / 10)
    return net


def some_data(net, rows):
    rng = np.random.default_rng(5)
    return rng.normal(size=(rows, net.inputs)).astype(np.float32), rng.integers(0, net.outputs, rows)


def course(net, rows=33 * 6 + 7):
    """Its weights after a pass whose last batch is ragged, and what it then predicts."""
    x, y = some_data(net, rows)
    train(net, x, y, np.random.default_rng(6).permutation(rows))
    return [*weights(net), net.predict(x)]


def test_same_bits_everywhere(every_thread, own_level):
    first = None
    ways = [(level, emulated) for level in LEVELS for emulated in (False, True)]
    for level, emulated in ways:
        _core.choose_level(level)
        _core.emulate_bf16(emulated)
        assert not (emulated and _core.bf16_by_instruction())
        for threads in (1, 2, 3, 5) if level == LEVELS[-1] else (2,):
            _core.set_threads(threads)
            got = [np.asarray(a).tobytes() for a in everything()]
            first = first or got
            assert got == first, f"at {level}, emulated: {emulated}, {threads} threads"


def test_a_course_equals_twin_to_the_bit():
    """Powers of two for the rate, the rows and the outputs, so that nothing outside the products rounds but once."""
    layers = [{"units": 17, "activation": ("relu", ()), "bf16": True},
              {"units": 4, "activation": ("linear", ()), "bf16": True}]  # fmt: skip
    rate, n = np.float32(2**-4), 8
    net = _core.Network("float32", 7, n, layers, ("mean_squared_error", ()), ("sgd", (), float(rate), {}), None)
    rng = np.random.default_rng(1)
    exact = [numbers(rng, 7, 17), numbers(rng, 17), numbers(rng, 17, 4), numbers(rng, 4)]
    for place, values in zip(((0, 0), (0, 1), (1, 0), (1, 1)), exact, strict=True):
        net.set(*place, values)
    x, y = numbers(rng, 5 * n, 7), numbers(rng, 5 * n, 4)
    train(net, x, y, np.arange(5 * n))
    w1, b1, w2, b2 = start = exact
    for i in range(0, 5 * n, n):
        z = bf16.dense(x[i : i + n], w1, b1)
        hidden = np.maximum(z, 0)
        dz2 = (bf16.dense(hidden, w2, b2) - y[i : i + n]) * np.float32(2 / (4 * n))
        dhidden, dw2, db2 = bf16.dense_grad(hidden, w2, dz2)
        _, dw1, db1 = bf16.dense_grad(x[i : i + n], w1, np.where(z > 0, dhidden, np.float32(0)))
        w1, b1, w2, b2 = (w - rate * g for w, g in zip((w1, b1, w2, b2), (dw1, db1, dw2, db2), strict=True))
    for got, want, before in zip(weights(net), (w1, b1, w2, b2), start, strict=True):
        np.testing.assert_array_equal(got, want)
        assert np.any(want != before)


NORM = {"constraint": ("max_norm", (1e-7, 0.8))}
RULES = {
    "plain": {},
    "clip_value": {"optimizer": (*ADAM[:3], {"clip_value": 0.01})},
    "clip_norm": {"optimizer": (*ADAM[:3], {"clip_norm": 0.01})},
    "global_clip_norm": {"optimizer": (*ADAM[:3], {"global_clip_norm": 0.1})},
    "weight_decay": {"optimizer": (*ADAM[:3], {"weight_decay": 0.1})},
    "l2": {"weights": {"l2": 0.01}, "bias": {"l1": 0.01}},
    "dropout": {"noise": ("dropout", (0.3,))},
    "max_norm": {"weights": NORM, "bias": NORM},
    "max_norm of rows": {"weights": {**NORM, "axis": 1}},
    "ema": {"ema": (0.9, 0)},
    "ema that overwrites": {"ema": (0.9, 3)},
}


@pytest.mark.parametrize("rule", RULES)
def test_rounded_weights_follow_the_weights(rule, every_thread):
    """Whatever moved them: a network they are written into, rounding all of them, goes on as the one trained."""
    _core.set_threads(3)
    net = network(**RULES[rule])
    x, y = some_data(net, 33 * 7)
    train(net, x, y, np.arange(33 * 6))
    fresh = network(**RULES[rule], seed=9)
    for i, part in parts(net):
        for p in (part, *(2 + 2 * s + part for s in range(net.slots))):
            fresh.set(i, p, net.get(i, p))
        if net.count > i and "ema" in rule:
            fresh.set(i, ("ema_W", "ema_b")[part], net.get(i, ("ema_W", "ema_b")[part]))
    fresh.step = net.step
    assert net.predict(x).tobytes() == fresh.predict(x).tobytes()
    if rule == "dropout":
        return  # the seed names the masks
    for one in (net, fresh):
        train(one, x, y, np.arange(33 * 6, 33 * 7))
    assert net.predict(x).tobytes() == fresh.predict(x).tobytes()


@pytest.mark.parametrize("rule", RULES)
def test_it_trains_as_float32_does_but_for_roundings(rule):
    """A pass leads where a float32 one leads, within what 8 bits of mantissa allow; and not to the very same place."""
    start = weights(network(**RULES[rule]))
    got, exact = (course(network(**RULES[rule], bf16=bf16))[: len(start)] for bf16 in (True, False))
    for mine, plain, before in zip(got, exact, start, strict=True):
        moved = np.linalg.norm(plain - before)
        assert 0 < np.linalg.norm(mine - plain) < 0.15 * moved, rule


def test_frozen_layers_and_single_ones_that_stay_float32():
    """The flag is each layer's own; where none has it the bits are those of float32."""
    net = network(frozen=True)
    before = [net.get(0, 0), net.get(1, 0), net.get(2, 0)]
    course(net)
    for i, moves in enumerate((False, False, True)):
        assert (net.get(i, 0).tobytes() != before[i].tobytes()) == moves
    plain = [w.tobytes() for w in course(network(bf16=False))]
    assert plain == [w.tobytes() for w in course(network(bf16=False))]
    assert plain != [w.tobytes() for w in course(network())]


def test_gradients_are_those_of_float32_within_bfloat16(rng):
    """Each of two operands is off by at most 2^-9 of itself."""
    made, w, b = layer(rng, 65, 33, 17)
    plain = _core.Dense(65, 33, 17)
    plain.set(0, w)
    plain.set(1, b)
    x, dy = numbers(rng, 65, 33), numbers(rng, 65, 17)
    pairs = [(made.forward(x), plain.forward(x)), *zip(made.backward(dy), plain.backward(dy), strict=True)]
    scales = (np.abs(x) @ np.abs(w), np.abs(dy) @ np.abs(w.T), np.abs(x.T) @ np.abs(dy), np.abs(dy).sum(0))
    for (got, want), scale in zip(pairs, scales, strict=True):
        assert (np.abs(got - want) <= scale * (2.0**-8 + 2.0**-16)).all()
    assert np.abs(pairs[0][0] - pairs[0][1]).max() > 1e-3
    np.testing.assert_array_equal(*pairs[3])  # db is not a product


def test_paths_and_types():
    """Tiny and sharded networks add in other orders; float64 has no use for it."""
    for inputs, widths in ((2, (8, 1)), (784, (16, 10))):
        layers = [{"units": m, "activation": ("linear", ()), "bf16": True} for m in widths]
        net = _core.Network("float32", inputs, 32, layers, ("mean_squared_error", ()), ("sgd", (), 0.1, {}))
        assert net.path == "plain"
        layers[0]["bf16"] = False
        with pytest.raises(ValueError, match="expected float32 with bf16, got float64"):
            _core.Network("float64", inputs, 32, layers, ("mean_squared_error", ()), ("sgd", (), 0.1, {}))
    with pytest.raises(ValueError, match="expected float32 with bf16"):
        _core.Dense(1, 1, 1, "float64", bf16=True)


def test_update_on_the_tiles_equals_update_afterwards(rng):
    """The fused step and the gradient with a step of its own lead to the same weights, near those of the twin."""
    made, w, b = layer(rng, 33, 65, 17, optimizer="sgd")
    x, dy = numbers(rng, 33, 65), numbers(rng, 33, 17)
    made.forward(x)
    _, dw, _ = made.backward(dy)
    made.backward_update(dy, 1, 2**-5, ())
    np.testing.assert_array_equal(made.get(0), w - np.float32(2**-5) * dw)
    np.testing.assert_array_equal(made.forward(x), bf16.dense(x, made.get(0), made.get(1)))
    assert_trained_alike(made.get(0), w - 2**-5 * dw.astype(np.float64), w)
