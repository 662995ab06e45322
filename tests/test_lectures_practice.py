"""What the lectures say of splits, regularisation, inputs and first weights: counts, equalities, moments."""

from __future__ import annotations

import fastmlp
import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp import Sequential, activations, initializers, layers, regularizers
from fastmlp.callbacks import EarlyStopping
from fastmlp.data import Augment, diagnose, load_digits, make_moons, train_dev_test_split
from fastmlp.layers import Dense, Input, Normalization
from fastmlp.lectures import vanishing_exploding
from fastmlp.optimizers import SGD

# ---- first weights


def test_weights_of_zero_stay_alike_and_random_ones_do_not():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 3)), rng.normal(size=(32, 1))
    for start, alike in (("zeros", True), ("ones", True), ("glorot_uniform", False)):
        fastmlp.set_random_seed(0)
        model = Sequential([Input(shape=(3,)), Dense(4, activation="sigmoid", kernel_initializer=start),
                            Dense(1, kernel_initializer=start)])  # fmt: skip
        model.compile(SGD(0.1), "mse")
        model.fit(x, y, epochs=10, verbose=0)
        spread = np.ptp(model.get_weights()[0], axis=1).max()  # between hidden units
        assert bool(spread == 0) is alike


@pytest.mark.parametrize(("variance", "expected"), [("2/n_in", 2 / 400), ("1/n_in", 1 / 400),
                                                    ("2/(n_in+n_out)", 2 / 1000)])  # fmt: skip
def test_factors_of_first_weights(variance, expected):
    w = initializers.ScaledNormal(variance, seed=1)((400, 600), dtype="float64")
    assert w.mean() == pytest.approx(0, abs=4 * np.sqrt(expected / w.size))  # randn: rand's would be 0.5
    assert w.var() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("name", "expected"), [("glorot_uniform", 2 / 1000), ("glorot_normal", 2 / 1000),
                                                ("he_uniform", 2 / 400), ("he_normal", 2 / 400),
                                                ("random_normal", 0.05**2), ("random_uniform", 0.05**2 / 3),
                                                ("zeros", 0)])  # fmt: skip
def test_moments_of_initializers(name, expected):
    fastmlp.set_random_seed(2)
    w = initializers.get(name)((400, 600))
    assert w.var(dtype=np.float64) == pytest.approx(expected, rel=0.02, abs=1e-12)
    assert w.mean(dtype=np.float64) == pytest.approx(0, abs=0.002)


@pytest.mark.parametrize(("variance", "activation"), [("1/n_in", "linear"), ("2/n_in", "relu")])
def test_activations_keep_their_size_through_twenty_layers(variance, activation):
    fastmlp.set_random_seed(3)
    a = fastmlp.random.normal((400, 400))
    sizes = []
    for _ in range(20):
        a = Dense(400, activation=activation, kernel_initializer=initializers.ScaledNormal(variance))(a).numpy()
        sizes.append(np.mean(a.astype(np.float64) ** 2) * (2 if activation == "relu" else 1))
    assert 0.4 < sizes[-1] / sizes[0] < 2.5
    small = fastmlp.random.normal((400, 400))
    for _ in range(20):
        small = Dense(400, activation=activation, kernel_initializer="random_normal")(small).numpy() * 0.2
    assert np.mean(small**2) < 1e-9


def test_without_a_bias_a_house_without_features_costs_nothing():
    x, y = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]]), np.float32([[120], [150], [140], [170]])
    said = {}
    for use_bias in (False, True):
        model = Sequential([Input(shape=(2,)), Dense(1, use_bias=use_bias)])
        assert not use_bias or (model.get_weights()[1] == 0).all()
        model.compile(SGD(0.3), "mse")
        model.fit(x, y, batch_size=4, epochs=500, verbose=0)
        said[use_bias] = model.predict(np.zeros((1, 2)), verbose=0)[0, 0]
    assert said[False] == 0  # exactly
    assert said[True] == pytest.approx(120, abs=0.01)
    constant = Sequential([Input(shape=(2,)), Dense(1)])
    constant.compile(SGD(0.3), "mse")
    constant.fit(np.zeros((4, 2)), y, batch_size=4, epochs=300, verbose=0)
    assert constant.predict(np.zeros((1, 2)), verbose=0)[0, 0] == pytest.approx(y.mean(), abs=0.01)


@pytest.mark.parametrize("scale", [0.5, 1.5])
@pytest.mark.parametrize("depth", [2, 10, 30])
def test_products_of_many_layers_vanish_and_explode(scale, depth):
    x = tf.constant([[1.0, 1.0]])
    model = vanishing_exploding.network(depth, scale)
    y = model(x).numpy()
    assert y == pytest.approx(np.full((1, 2), scale ** (depth - 1)), rel=1e-6)
    if scale == 0.5:
        assert (y == 0.5 ** (depth - 1)).all()  # exactly
    norms = vanishing_exploding.gradient_norms(model, x)
    assert norms[0] == pytest.approx(2 * scale ** (2 * depth - 3), rel=1e-5)  # |W|'s gradient: ŷ² / scale, twice
    assert norms[-1] == pytest.approx(2 * scale ** (2 * depth - 2), rel=1e-5)


# ---- regularisation


def test_l2_is_weight_decay():
    """J + (1/m)(λ/2)ΣW² is Keras's l2(λ/2m); a step of SGD with it is one with weights decayed by 1 − αλ/m."""
    lam, m, alpha = 0.7, 40, 0.1
    x, y = make_moons(m, seed=0)
    assert regularizers.L2(lam, compat="lecture", rows=m).l2 == lam / (2 * m)
    models = []
    for c in (0.0, lam / (2 * m)):
        fastmlp.set_random_seed(1)
        model = Sequential([Input(shape=(2,))] + [
            Dense(units, activation=activation, dtype="float64", bias_initializer="random_normal",
                  kernel_regularizer=regularizers.l2(c))
            for units, activation in ((6, "tanh"), (1, "sigmoid"))
        ])  # fmt: skip
        model.compile(SGD(alpha), "binary_crossentropy")
        models.append(model)
    plain, penalised = models
    before = plain.get_weights()
    squares = sum(np.sum(w**2) for w in before[::2])  # biases are not penalised
    losses = [model.evaluate(x, y, verbose=0) for model in models]
    assert losses[1] - losses[0] == pytest.approx(lam / (2 * m) * squares, rel=1e-5)
    reported = penalised.fit(x, y, batch_size=m, epochs=1, shuffle=False, verbose=0).history["loss"][0]
    assert reported == pytest.approx(losses[1], rel=1e-6)
    plain.fit(x, y, batch_size=m, epochs=1, shuffle=False, verbose=0)
    for old, unpenalised, found in zip(before, plain.get_weights(), penalised.get_weights()):
        backprop = (old - unpenalised) / alpha
        shrunk = (1 - alpha * lam / m) * old if old.ndim == 2 else old
        assert found == pytest.approx(shrunk - alpha * backprop, abs=1e-12)


def test_more_l2_smaller_weights():
    x, y = make_moons(60, noise=0.2, seed=0)
    sizes = []
    for c in (0.0, 0.003, 0.03, 0.3):
        fastmlp.set_random_seed(0)
        model = Sequential([Input(shape=(2,)), Dense(20, activation="relu", kernel_regularizer=regularizers.l2(c)),
                            Dense(1, activation="sigmoid", kernel_regularizer=regularizers.l2(c))])  # fmt: skip
        model.compile(SGD(0.1), "binary_crossentropy")
        model.fit(x, y, epochs=100, verbose=0)
        sizes.append(sum(np.sum(w**2) for w in model.get_weights()[::2]))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-2


def test_the_l2_network_of_the_slide_reports_its_penalty():
    with pytest.warns(DeprecationWarning, match="l= is the older spelling"):
        penalty = tf.keras.regularizers.l2(l=0.01)
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(20, activation=tf.nn.relu),
        tf.keras.layers.Dense(3, activation=tf.nn.relu, kernel_regularizer=penalty),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid),
    ])  # fmt: skip
    x, y = make_moons(50, seed=0)
    model.compile("sgd", "binary_crossentropy")
    model.build((None, 2))
    reported = model.evaluate(x, y, batch_size=50, verbose=0)
    entropy = float(tf.keras.losses.BinaryCrossentropy()(y[:, None], model(x)))
    assert reported == pytest.approx(entropy + 0.01 * np.sum(model.get_weights()[2] ** 2), rel=1e-5)


def test_inverted_dropout_keeps_the_mean_and_acts_in_training_alone():
    fastmlp.set_random_seed(0)
    keep = 0.8
    layer, x = layers.Dropout(1 - keep), np.random.default_rng(0).uniform(1, 2, (2000, 50)).astype(np.float32)
    dropped = layer(x, training=True).numpy()
    gone = dropped == 0
    assert dropped[~gone] == pytest.approx((x / keep)[~gone], rel=1e-6)
    assert gone.mean() == pytest.approx(1 - keep, abs=0.01)
    assert dropped.mean() == pytest.approx(x.mean(), rel=0.01)
    assert (layer(x, training=False).numpy() == x).all()
    assert (layer(x).numpy() == x).all()


def test_dropout_of_ten_numbers():
    """Which of them drop is the generator's affair: TensorFlow's own masks have changed. Ours is what it is here."""
    data = np.arange(10).reshape(5, 2).astype(np.float32)
    found = []
    for _ in range(2):
        tf.random.set_seed(0)
        layer = tf.keras.layers.Dropout(0.2)
        found.append(layer(data, training=True).numpy())
    allowed = np.stack([np.zeros((5, 2)), [[0, 1.25], [2.5, 3.75], [5, 6.25], [7.5, 8.75], [10, 11.25]]])
    assert (found[0] == allowed).any(axis=0).all()
    assert (found[0] == found[1]).all()
    assert (found[0] == 0).tolist() == [[True, True], [False, False], [False, False], [True, True], [False, True]]
    others = {tuple(tf.keras.layers.Dropout(0.2, seed=seed)(data, training=True).numpy().ravel()) for seed in range(8)}
    assert len(others) > 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_networks_with_dropout_predict_without_it():
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(20, activation=tf.nn.relu),
        tf.keras.layers.Dropout(0.3),
        tf.keras.layers.Dense(3, activation=tf.nn.relu),
        tf.keras.layers.Dropout(p=0.3),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid),
    ])  # fmt: skip
    x, y = make_moons(200, seed=0)
    model.compile("adam", "binary_crossentropy")
    history = model.fit(x, y, epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert (model.predict(x, verbose=0) == model.predict(x, verbose=0)).all()
    assert model.layers[3].rate == 0.3


def test_early_stopping_restores_the_best_epoch():
    fastmlp.set_random_seed(0)
    x, y = make_moons(260, noise=0.35, seed=1)
    model = Sequential([Input(shape=(2,)), Dense(100, activation="relu"), Dense(1, activation="sigmoid")])
    model.compile(fastmlp.optimizers.Adam(0.02), "binary_crossentropy")
    stop = EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    history = model.fit(x[:60], y[:60], validation_data=(x[60:], y[60:]), epochs=300, verbose=0, callbacks=[stop])
    held = history.history["val_loss"]
    assert len(held) < 300
    assert int(np.argmin(held)) == stop.best_epoch == len(held) - 6
    assert model.evaluate(x[60:], y[60:], verbose=0) == pytest.approx(min(held), rel=1e-6)
    assert history.history["loss"][-1] < history.history["loss"][stop.best_epoch]  # training went on, dev did not


def test_augmentation_keeps_labels_and_is_the_same_for_a_seed():
    (x, y), _ = load_digits()
    images = np.kron(x[y == 4][:5], np.ones((1, 3, 3)))[:, :, :]
    images = np.pad(images, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    assert images.shape[1:] == (28, 28)
    settings = {"shift": 0.1, "rotate": 15, "zoom": 0.1}
    found, labels = Augment(**settings, seed=3)(images, np.full(5, 4))
    assert labels.tolist() == [4] * 5
    assert (found == Augment(**settings, seed=3)(images)).all()
    assert (found != Augment(**settings, seed=4)(images)).any()
    assert (found != images).any(axis=(1, 2)).all()
    assert found.sum() == pytest.approx(images.sum(), rel=0.3)  # still the ink of a 4


# ---- data


def test_inputs_are_normalised_by_the_training_data():
    rng = np.random.default_rng(0)
    train, test = rng.normal([5, -300], [2, 40], (500, 2)), rng.normal([6, -280], [3, 50], (200, 2))
    normalize = Normalization()
    normalize.adapt(train)
    assert normalize(train).numpy().mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert normalize(train).numpy().std(axis=0) == pytest.approx([1, 1], abs=1e-4)
    expected = (test - train.mean(axis=0)) / train.std(axis=0)
    assert normalize(test).numpy() == pytest.approx(expected, abs=1e-4)
    assert np.abs(normalize(test).numpy().mean(axis=0)).min() > 0.1


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ((0.7, 0.3), [70_000, 30_000]),
        ((0.6, 0.2, 0.2), [60_000, 20_000, 20_000]),
        ((0.98, 0.01, 0.01), [98_000, 1_000, 1_000]),
        ((0.995, 0.0025, 0.0025), [99_500, 250, 250]),
        ((0.995, 0.004, 0.001), [99_500, 400, 100]),
    ],
)
def test_splits(sizes, counts):
    labels = np.arange(100_000) % 10
    parts = train_dev_test_split(labels, sizes=sizes, stratify=labels, seed=0)
    assert [len(part) for part in parts] == counts
    for part in parts:
        assert np.ptp(np.bincount(part, minlength=10)) <= 1


def test_a_shuffled_test_set_has_148_target_pictures_and_a_better_one_has_them_all():
    mobile = np.arange(108_000) >= 100_000
    sizes = (104_000, 2_000, 2_000)
    assert int(2000 * 8 / 108) == 148
    found = [train_dev_test_split(mobile, sizes=sizes, seed=seed)[2].sum() for seed in range(40)]
    assert np.mean(found) == pytest.approx(2000 * 8 / 108, abs=6)  # σ of the mean is 1.8
    exact = train_dev_test_split(mobile, sizes=sizes, stratify=mobile, seed=0)
    assert [int(part.sum()) for part in exact[1:]] in ([148, 148], [148, 149], [149, 148])
    train, dev, test = train_dev_test_split(mobile, sizes=sizes, target_mask=mobile, seed=0)
    assert [len(part) for part in (train, dev, test)] == list(sizes)
    assert dev.all()
    assert test.all()
    assert train.sum() == 4_000


SCENARIOS = [((1, 16), "low", "high"), ((15, 16), "high", "low"), ((15, 30), "high", "high"), ((0.5, 1), "low", "low")]


@pytest.mark.parametrize(("errors", "bias", "variance"), SCENARIOS)
def test_bias_and_variance_of_four_scenarios(errors, bias, variance):
    found = diagnose(*errors)
    assert (found.bias, found.variance) == (bias, variance)
    advice = " ".join(found.advice)
    assert ("bigger network" in advice) == (bias == "high")
    assert ("more data" in advice) == (variance == "high")


def test_a_binary_step_cannot_be_trained_through():
    """Why activations have to be differentiable: nothing comes back through a threshold."""
    x = tf.constant([[0.5, -1.0]])
    layer = Dense(1, activation=activations.binary_step)
    layer(x)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(x))
    assert (tape.gradient(y, layer.trainable_weights)[0].numpy() == 0).all()
