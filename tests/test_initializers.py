"""Initializers: formulas and moments, which seeds give the same numbers, names and configs."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from fastmlp import initializers, random
from fastmlp.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    ScaledNormal,
    TruncatedNormal,
    Values,
    VarianceScaling,
    Zeros,
)

N_IN, N_OUT = 300, 200
SHAPE = (N_IN, N_OUT)
CUT = 0.8796256610342398  # the standard deviation of a standard normal number cut off at ±2

# what it draws with a seed, its standard deviation, the largest size it can have
DRAWN = [
    (RandomNormal(seed=1), 0.05, None),
    (RandomNormal(0, 0.3, seed=1), 0.3, None),
    (RandomUniform(seed=1), 0.05 / 3**0.5, 0.05),
    (TruncatedNormal(seed=1), 0.05 * CUT, 0.1),
    (GlorotUniform(seed=1), (2 / (N_IN + N_OUT)) ** 0.5, (6 / (N_IN + N_OUT)) ** 0.5),
    (GlorotNormal(seed=1), (2 / (N_IN + N_OUT)) ** 0.5, 2 / CUT * (2 / (N_IN + N_OUT)) ** 0.5),
    (HeUniform(seed=1), (2 / N_IN) ** 0.5, (6 / N_IN) ** 0.5),
    (HeNormal(seed=1), (2 / N_IN) ** 0.5, 2 / CUT * (2 / N_IN) ** 0.5),
    (LecunUniform(seed=1), (1 / N_IN) ** 0.5, (3 / N_IN) ** 0.5),
    (LecunNormal(seed=1), (1 / N_IN) ** 0.5, 2 / CUT * (1 / N_IN) ** 0.5),
    (VarianceScaling(seed=1), (1 / N_IN) ** 0.5, 2 / CUT * (1 / N_IN) ** 0.5),
    (VarianceScaling(3, "fan_out", "uniform", seed=1), (3 / N_OUT) ** 0.5, (9 / N_OUT) ** 0.5),
    (VarianceScaling(2, "fan_avg", "untruncated_normal", seed=1), (2 / 250) ** 0.5, None),
    (ScaledNormal(seed=1), (2 / N_IN) ** 0.5, None),
    (ScaledNormal("1/n_in", seed=1), (1 / N_IN) ** 0.5, None),
    (ScaledNormal("2 / (n_in + n_out)", seed=1), (2 / (N_IN + N_OUT)) ** 0.5, None),
]
KINDS = [
    (RandomNormal, "random_normal"),
    (RandomUniform, "random_uniform"),
    (TruncatedNormal, "truncated_normal"),
    (VarianceScaling, "variance_scaling"),
    (GlorotUniform, "glorot_uniform"),
    (GlorotNormal, "glorot_normal"),
    (HeUniform, "he_uniform"),
    (HeNormal, "he_normal"),
    (LecunUniform, "lecun_uniform"),
    (LecunNormal, "lecun_normal"),
    (ScaledNormal, "scaled_normal"),
    (Orthogonal, "orthogonal"),
]
FIXED = [(Zeros, "zeros"), (Ones, "ones"), (Constant, "constant"), (Identity, "identity")]


@pytest.mark.parametrize(("initializer", "stddev", "most"), DRAWN, ids=lambda v: repr(v) if callable(v) else "")
def test_moments_and_bounds(initializer, stddev, most, dtype):
    w = initializer(SHAPE, dtype=dtype)
    n = w.size
    assert w.shape == SHAPE
    assert w.dtype == dtype
    assert abs(w.mean(dtype=np.float64)) < 4 * stddev / n**0.5
    assert w.std(dtype=np.float64) == pytest.approx(stddev, rel=4 / (2 * n) ** 0.5)
    if most is None:  # a normal number beyond 3 standard deviations is one in 370
        assert (np.abs(w) > 3 * stddev).mean() == pytest.approx(0.0027, rel=0.35)
    else:
        assert 0.98 * most < np.abs(w).max() <= most * (1 + 1e-6)


def test_defaults():
    assert initializers.get("random_normal").get_config() == {"mean": 0, "stddev": 0.05, "seed": None}
    assert initializers.get("random_uniform").get_config() == {"minval": -0.05, "maxval": 0.05, "seed": None}
    assert initializers.get("truncated_normal").get_config() == {"mean": 0, "stddev": 0.05, "seed": None}
    assert GlorotUniform().get_config() == {"seed": None, "input_axes": None, "output_axes": None}
    scaling = VarianceScaling()
    assert (scaling.scale, scaling.mode, scaling.distribution) == (1, "fan_in", "truncated_normal")
    assert VarianceScaling(distribution="normal").distribution == "truncated_normal"


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((7,), (7, 7)), ((3, 5), (3, 5)), ((2, 3, 5), (6, 10)), ((2, 4, 3, 5), (24, 40))],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans
    assert HeNormal().stddev(shape) == pytest.approx((2 / fans[0]) ** 0.5)
    assert HeNormal(seed=1)(shape).shape == shape


def test_axes_that_count_as_inputs():
    init = VarianceScaling(1, "fan_in", "untruncated_normal", input_axes=[0, 2], output_axes=[1])
    assert init.stddev((3, 5, 7)) == pytest.approx((1 / 21) ** 0.5)


def test_no_inputs_at_all():
    assert GlorotUniform()((0, 5)).shape == (0, 5)
    assert HeNormal()((0, 5)).shape == (0, 5)


# ---- which numbers are the same again


@pytest.mark.parametrize("kind", [k for k, _ in KINDS])
def test_an_instance_repeats_itself_even_unseeded(kind):
    one, other = kind(), kind()
    assert np.array_equal(one((4, 5)), one((4, 5)))
    assert not np.array_equal(one((4, 5)), other((4, 5)))


@pytest.mark.parametrize("kind", [k for k, _ in KINDS])
def test_the_same_seed_gives_the_same_numbers(kind):
    assert np.array_equal(kind(seed=3)((4, 5)), kind(seed=3)((4, 5)))
    assert not np.array_equal(kind(seed=3)((4, 5)), kind(seed=4)((4, 5)))


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_name_makes_a_fresh_one_that_set_random_seed_settles(kind, name):
    random.set_random_seed(1)
    first, then = initializers.get(name)((4, 5)), initializers.get(name)((4, 5))
    assert not np.array_equal(first, then)
    random.set_random_seed(1)
    assert np.array_equal(initializers.get(name)((4, 5)), first)
    random.set_random_seed(1)
    assert np.array_equal(kind()((4, 5)), first)


@pytest.mark.parametrize("kind", [k for k, _ in KINDS])
def test_a_seed_generator_gives_new_numbers_each_time(kind):
    init = kind(seed=random.SeedGenerator(2))
    first = init((4, 5))
    assert not np.array_equal(init((4, 5)), first)
    again = initializers.deserialize(initializers.serialize(init))
    assert np.array_equal(again((4, 5)), first)


def test_clone_of_an_unseeded_one_draws_its_own_and_a_copy_does_not():
    init = HeNormal()
    assert not np.array_equal(init.clone()((4, 5)), init((4, 5)))
    assert np.array_equal(copy.deepcopy(init)((4, 5)), init((4, 5)))
    seeded = HeNormal(seed=5)
    assert np.array_equal(seeded.clone()((4, 5)), seeded((4, 5)))


# ---- fixed ones


def test_fixed_numbers(dtype):
    np.testing.assert_array_equal(Zeros()((2, 3), dtype), np.zeros((2, 3)))
    np.testing.assert_array_equal(Ones()((2, 3), dtype), np.ones((2, 3)))
    np.testing.assert_array_equal(Constant(0.5)((2, 3), dtype), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(Constant([1, 2, 3])((2, 3), dtype), [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(Identity(3)((2, 3), dtype), [[3, 0, 0], [0, 3, 0]])
    for init in (Zeros(), Ones(), Constant(2), Identity()):
        assert init((2, 3), dtype).dtype == dtype
        assert init((2, 3)).dtype == np.float32


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (2, 3, 5), (5, 2, 3)])
def test_orthogonal(shape, dtype):
    w = Orthogonal(gain=2, seed=1)(shape, dtype)
    assert w.shape == shape
    assert w.dtype == dtype
    m = w.reshape(-1, shape[-1]).astype(np.float64) / 2
    product = m.T @ m if m.shape[0] >= m.shape[1] else m @ m.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6 if dtype == np.float32 else 1e-14)


def test_orthogonal_has_no_favourite_sign():
    signs = [Orthogonal(seed=i)((1, 1)).item() for i in range(200)]
    assert set(signs) == {-1, 1}
    assert abs(sum(signs)) < 60


# ---- the lectures


@pytest.mark.parametrize(
    ("formula", "activation"),
    [("2/n_in", lambda z: np.maximum(z, 0)), ("1/n_in", lambda z: z), ("2/(n_in+n_out)", lambda z: z)],
)
def test_variance_stays_through_twenty_layers(formula, activation):
    """With weights of the formula that suits the activation; with small ones it vanishes."""
    scaled = small = random.normal((200, 256), seed=1, dtype="float64")
    for layer in range(20):
        scaled = activation(scaled) @ ScaledNormal(formula, seed=layer)((256, 256), "float64")
        small = activation(small) @ RandomNormal(stddev=0.01, seed=layer)((256, 256), "float64")
    assert 0.3 < (scaled**2).mean() < 3
    assert (small**2).mean() < 1e-10


# ---- names, configs, what else is an initializer


@pytest.mark.parametrize(("kind", "name"), KINDS + FIXED)
def test_names(kind, name):
    for spelled in (name, name.upper(), kind.__name__):
        assert type(initializers.get(spelled)) is kind
    assert getattr(initializers, name) is kind
    assert type(initializers.get(kind)) is kind


@pytest.mark.parametrize(
    ("name", "kind"), [("zero", Zeros), ("one", Ones), ("normal", RandomNormal), ("uniform", RandomUniform)]
)
def test_short_names(name, kind):
    assert type(initializers.get(name)) is kind


@pytest.mark.parametrize("made", [d for d, _, _ in DRAWN] + [Orthogonal(2, seed=3), Constant(3), Identity(2)], ids=repr)
def test_config_leads_back(made):
    copied = initializers.deserialize(initializers.serialize(made))
    assert type(copied) is type(made)
    assert np.array_equal(copied((4, 5)), made((4, 5)))
    assert np.any(made((4, 5)) != 0)


def test_repr_shows_what_was_given():
    assert repr(HeNormal()) == "HeNormal()"
    assert repr(HeNormal(seed=3)) == "HeNormal(seed=3)"


def test_functions_objects_and_none():
    own = lambda shape, dtype=None: np.full(shape, 7, dtype)
    assert initializers.get(own) is own
    made = Zeros()
    assert initializers.get(made) is made
    assert initializers.get(None) is None
    with pytest.raises(ValueError, match="did you mean 'he_normal'"):
        initializers.get("he_norml")
    with pytest.raises(TypeError, match="initializer: expected a name"):
        initializers.get(3)


def test_an_array_gives_the_weights_themselves(rng):
    w = rng.normal(size=(3, 4))
    init = initializers.get(w)
    assert isinstance(init, Values)
    np.testing.assert_array_equal(init((3, 4), "float64"), w)
    w[0] = 9
    assert init((3, 4), "float64")[0, 0] != 9, "it keeps a copy"
    init((3, 4), "float64")[...] = 0
    assert np.all(init((3, 4), "float64") != 0), "and hands out copies"
    with pytest.raises(ValueError, match=r"expected values of shape \(4, 3\), got \(3, 4\)"):
        init((4, 3))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: VarianceScaling(0), ValueError, "scale: expected a number above 0"),
        (lambda: VarianceScaling(mode="fan"), ValueError, "expected mode among"),
        (lambda: VarianceScaling(distribution="cauchy"), ValueError, "expected distribution among"),
        (lambda: ScaledNormal("3/n"), ValueError, "expected variance among"),
        (lambda: RandomNormal(stddev=-1), ValueError, "stddev: expected a number at least 0"),
        (lambda: RandomUniform(1, 0), ValueError, "maxval: expected a number at least 1"),
        (lambda: HeNormal(seed="1"), TypeError, "expected an int, a SeedGenerator or None as a seed"),
        (lambda: HeNormal()((2, 3), "int32"), TypeError, "expected dtype 'float32' or 'float64'"),
        (lambda: Orthogonal()((3,)), ValueError, "Orthogonal: expected a shape of 2 or more axes"),
        (lambda: Identity()((3,)), ValueError, "Identity: expected the shape of a matrix"),
        (lambda: Constant("x"), TypeError, "Constant: expected a number"),
        (lambda: Constant([1, 2])((3,)), ValueError, r"Constant: expected a value that spreads over \(3,\)"),
        (lambda: initializers.Initializer()((2,)), NotImplementedError, "expected a method __call__"),
    ],
)
def test_mistakes(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_one_of_ones_own():
    class Rows(initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return np.arange(math.prod(shape), dtype=dtype).reshape(shape)

    assert initializers.get(Rows)((2, 2)).tolist() == [[0, 1], [2, 3]]
