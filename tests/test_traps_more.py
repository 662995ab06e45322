"""Where Keras's rules differ from what one expects, and scripts rely on Keras's: traps 16 to 32."""

from __future__ import annotations

import io
import math
from contextlib import redirect_stdout

import numpy as np
import pytest
from fastmlp import (
    Input,
    Sequential,
    activations,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    set_random_seed,
)
from fastmlp.layers import Dense
from fastmlp.variables import Variable
from test_traps import fit, linear


def test_trap_16_weights_start_glorot_uniform_and_normal_draws_are_truncated():
    layer = Dense(300, activation="relu")
    layer.build((None, 200))
    w, limit = layer.kernel.numpy(), math.sqrt(6 / 500)
    assert limit * 0.999 < np.abs(w).max() <= limit
    assert np.std(w) == pytest.approx(limit / math.sqrt(3), rel=0.02)
    assert not layer.bias.numpy().any()
    for name, std in (("glorot_normal", math.sqrt(2 / 500)), ("he_normal", math.sqrt(2 / 200))):
        w = initializers.get(name)((200, 300))
        assert np.std(w) == pytest.approx(std, rel=0.02)
        assert np.abs(w).max() <= 2 * std / 0.87962566103423978 * (1 + 1e-6)
        assert np.abs(w).max() > 1.9 * std / 0.8796


def test_trap_17_one_initializer_draws_the_same_again_and_a_name_does_not():
    init = initializers.GlorotUniform()
    np.testing.assert_array_equal(init((3, 4)), init((3, 4)))
    model = Sequential([Input((4,)), Dense(4, kernel_initializer=init), Dense(4, kernel_initializer=init)])
    np.testing.assert_array_equal(model.get_weights()[0], model.get_weights()[2])
    model = Sequential([Input((4,)), Dense(4), Dense(4)])
    assert np.any(model.get_weights()[0] != model.get_weights()[2])
    a, b = (initializers.GlorotUniform(seed=5)((3, 4)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.any(initializers.GlorotUniform()((3, 4)) != initializers.GlorotUniform()((3, 4)))


def test_trap_18_slopes_of_functions_and_layers_differ_and_gelu_is_exact():
    assert activations.leaky_relu(-1.0) == pytest.approx(-0.2)
    assert layers.LeakyReLU()(np.full((1, 1), -1.0)) == pytest.approx(-0.3)
    model = Sequential([Input((1,)), Dense(1, "leaky_relu", kernel_initializer="ones")])
    assert model.predict(np.full((1, 1), -1.0), verbose=0) == pytest.approx(-0.2)
    assert layers.ELU()(np.full((1, 1), -1.0)) == pytest.approx(math.expm1(-1))
    assert activations.gelu(1.0) == pytest.approx((1 + math.erf(math.sqrt(0.5))) / 2)
    tanh = 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * 1.044715))
    assert activations.gelu(1.0, approximate=True) == pytest.approx(tanh)
    assert abs(tanh - (1 + math.erf(math.sqrt(0.5))) / 2) > 1e-4


def normed(**options):
    model = Sequential([Input((1,)), layers.BatchNormalization(**options)])
    model.compile(optimizers.SGD(0.0), "mse")
    return model


def test_trap_19_moving_moments_take_the_biased_variance_slowly_and_in_training_only():
    x = np.array([[1.0], [2.0], [6.0]], "float32")
    model = normed()
    model.predict(x, verbose=0)
    model.evaluate(x, x, verbose=0)
    np.testing.assert_array_equal(np.ravel(model.get_weights()), [1, 0, 0, 1])
    fit(model, x, x)
    mean, variance = x.mean(), x.var()
    want = [1, 0, 0.01 * mean, 0.99 + 0.01 * variance]
    np.testing.assert_allclose(np.ravel(model.get_weights()), want, rtol=1e-6)
    np.testing.assert_allclose(model(x, training=True), (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-5)
    frozen = normed(trainable=False)
    loss = fit(frozen, x, x).history["loss"][0]
    np.testing.assert_array_equal(np.ravel(frozen.get_weights()), [1, 0, 0, 1])
    assert loss == pytest.approx(np.mean((x / math.sqrt(1.001) - x) ** 2), rel=1e-4)


def test_trap_20_layer_norm_has_a_large_epsilon_and_noise_is_for_training():
    x = np.array([[0.01, 0.03]], "float32")
    want = (x - 0.02) / math.sqrt(1e-4 + 1e-3)
    np.testing.assert_allclose(layers.LayerNormalization()(x), want, rtol=1e-4)
    x = np.ones((50, 20), "float32")
    for kind in (layers.Dropout, layers.GaussianNoise, layers.GaussianDropout, layers.AlphaDropout):
        model = Sequential([Input((20,)), kind(0.5)])
        model.compile("sgd", "mse")
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)
        assert model.evaluate(x, x, verbose=0) == 0
        assert np.any(model(x, training=True) != x)
    kept = Sequential([Input((20,)), layers.Dropout(0.5)])(x, training=True)
    assert set(np.unique(kept)) == {0.0, 2.0}


def test_trap_21_clipnorm_is_of_each_variable_and_global_clipnorm_of_all():
    a, b = np.array([3.0, 4.0]), np.array([0.0, 12.0])

    def moved(**clip):
        pair = [Variable(np.zeros(2), dtype=np.float64) for _ in "ab"]
        optimizers.SGD(1.0, **clip).apply([a, b], pair)
        return [-v.numpy() for v in pair]

    np.testing.assert_allclose(moved(clipnorm=1.0), [a / 5, b / 12])
    np.testing.assert_allclose(moved(clipnorm=6.0), [a, b / 2])
    np.testing.assert_allclose(moved(global_clipnorm=1.3), [a / 10, b / 10])
    np.testing.assert_allclose(moved(clipvalue=3.5), [[3, 3.5], [0, 3.5]])
    with pytest.raises(ValueError, match="clipnorm and clipvalue"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)


def test_trap_22_schedules_count_batches_and_their_rate_cannot_be_set():
    opt = optimizers.SGD(optimizers.schedules.ExponentialDecay(1.0, decay_steps=1, decay_rate=0.5))
    model = linear(optimizer=opt, loss="mae", kernel="zeros")
    x, y = np.ones((6, 1)), np.full((6, 1), 100.0)
    fit(model, x, y, batch_size=2, epochs=2)
    assert opt.iterations == 6
    assert float(opt.learning_rate) == pytest.approx(0.5**6)
    assert model.get_weights()[0][0, 0] == pytest.approx(sum(0.5**t for t in range(6)))
    with pytest.raises(TypeError, match="schedule"):
        opt.learning_rate = 0.1
    free = linear(optimizer=optimizers.SGD(1.0))
    free.optimizer.learning_rate = 0.25
    assert float(free.optimizer.learning_rate) == 0.25


def test_trap_23_an_optimizer_stays_with_its_variables_and_compiling_again_begins_anew(rng):
    x, y = rng.normal(size=(8, 1)), rng.normal(size=(8, 1))
    opt = optimizers.Adam()
    model = linear(optimizer=opt)
    fit(model, x, y)
    other = linear(optimizer=opt)
    with pytest.raises(ValueError, match="make a new optimizer"):
        fit(other, x, y)
    weights = model.get_weights()
    model.compile("adam", "mae")
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer.iterations == 0
    fit(model, x, y)
    assert model.optimizer.iterations == 1


def test_trap_24_predictions_are_float32_matrices_and_results_have_an_order(rng):
    model = linear(2, 3, compiled={"metrics": ["mse", "accuracy"], "weighted_metrics": ["mae"]})
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))  # float64 data
    out = model.predict(x, verbose=0)
    assert (out.shape, out.dtype) == ((5, 2), np.float32)
    assert linear().predict([1.0, 2.0], verbose=0).shape == (2, 1)
    values = model.evaluate(x, y, verbose=0)
    named = model.evaluate(x, y, verbose=0, return_dict=True)
    assert values == [named[key] for key in ("loss", "mse", "accuracy", "mae")]
    assert isinstance(linear().evaluate(x[:, :1], y[:, :1], verbose=0), float)
    shown = io.StringIO()
    with redirect_stdout(shown):
        model.fit(x, y, verbose=2)
    places = [shown.getvalue().index(f"{name}:") for name in ("accuracy", "loss", "mae", "mse")]
    assert places == sorted(places)


def test_trap_25_float64_is_asked_for_layer_by_layer(rng):
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))

    def model(dtype):
        net = Sequential([Input((3,)), Dense(4, "tanh", dtype=dtype), Dense(1, dtype=dtype)])
        net.compile(optimizers.SGD(0.1), "mse")
        return net

    wide, usual = model("float64"), model(None)
    usual.set_weights(wide.get_weights())
    assert usual.get_weights()[0].dtype == np.float32
    w, v = (a.astype(np.float64) for a in (wide.get_weights()[0], wide.get_weights()[2]))
    want = np.tanh(x @ w) @ v
    assert wide.predict(x, verbose=0).dtype == np.float64
    np.testing.assert_allclose(wide.predict(x, verbose=0), want, rtol=1e-13, atol=1e-14)
    assert np.abs(usual.predict(x, verbose=0) - want).max() > 1e-10
    wide.fit(x, y, verbose=0)
    assert {a.dtype for a in wide.get_weights()} == {np.dtype(np.float64)}
    mixed = Sequential([Input((3,)), Dense(4, dtype="float64"), Dense(1, dtype="float32")])
    with pytest.raises(ValueError, match="one type"):
        mixed.predict(x, verbose=0)


def test_trap_26_constraints_run_over_the_inputs_of_a_unit():
    w = np.array([[3.0, 0.3], [4.0, 0.4]])
    np.testing.assert_allclose(constraints.UnitNorm()(w), [[0.6, 0.6], [0.8, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(constraints.MaxNorm(1)(w), [[0.6, 0.3], [0.8, 0.4]], rtol=1e-6)
    model = linear(2, 2, optimizer=optimizers.SGD(0.0), kernel_constraint="max_norm")
    model.set_weights([w, np.zeros(2)])
    fit(model, np.zeros((1, 2)), np.zeros((1, 2)))
    np.testing.assert_allclose(model.get_weights()[0], [[1.2, 0.3], [1.6, 0.4]], rtol=1e-6)


def test_trap_27_names_come_from_classes_and_are_counted():
    from fastmlp.layers.base import forget_names

    forget_names()
    model = Sequential([Input((2,)), Dense(2), Dense(2), layers.BatchNormalization(), layers.PReLU(), Dense(1)])
    names = ["dense", "dense_1", "batch_normalization", "p_re_lu", "dense_2"]
    assert [layer.name for layer in model.layers] == names
    assert (model.name, Sequential().name) == ("sequential", "sequential_1")
    assert optimizers.RMSprop().name == "rm_sprop"
    assert losses.Huber().name == "huber_loss"
    assert metrics.MeanSquaredError().name == "mean_squared_error"


def test_trap_28_auc_has_200_thresholds_and_precision_one_half():
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 2, 500), rng.uniform(size=500)
    thresholds = np.concatenate([[-1e-7], np.arange(1, 199) / 199, [1 + 1e-7]])
    above = p[:, None] > thresholds
    tpr, fpr = above[y == 1].mean(axis=0), above[y == 0].mean(axis=0)
    want = np.sum((fpr[:-1] - fpr[1:]) * (tpr[:-1] + tpr[1:]) / 2)
    assert float(metrics.AUC()(y, p)) == pytest.approx(want, rel=1e-5)
    exact = np.mean(p[y == 1][:, None] > p[y == 0])
    assert 0 < abs(float(metrics.AUC()(y, p)) - exact) < 0.01
    assert float(metrics.Precision()([1, 0, 1], [0.5, 0.51, 0.9])) == 0.5
    assert float(metrics.Recall()([1, 0, 1], [0.5, 0.51, 0.9])) == 0.5


def test_trap_29_smoothing_moves_labels_to_a_half_or_to_all_classes():
    p = np.array([[0.7]])
    want = -(0.9 * math.log(0.7) + 0.1 * math.log(0.3))
    assert losses.binary_crossentropy([[1.0]], p, label_smoothing=0.2) == pytest.approx(want)
    q = np.array([[0.5, 0.2, 0.2, 0.1]])
    want = -(0.85 * math.log(0.5) + 0.05 * (2 * math.log(0.2) + math.log(0.1)))
    assert losses.categorical_crossentropy([[1, 0, 0, 0]], q, label_smoothing=0.2) == pytest.approx(want)


def test_trap_30_averages_become_the_weights_when_training_ends():
    opt = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    model = linear(optimizer=opt, loss="mae", kernel="zeros", use_bias=False)
    during = []

    class Look(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            during.append(float(self.model.get_weights()[0][0, 0]))

    fit(model, np.ones((1, 1)), np.full((1, 1), 100.0), epochs=3, callbacks=[Look()])
    assert during == [1.0, 2.0, 3.0]
    assert model.get_weights()[0][0, 0] == pytest.approx(0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 3)


def test_trap_31_equal_weights_in_one_order_train_alike_whatever_the_seed(rng):
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))

    def trained(seed, shuffle):
        set_random_seed(seed)
        model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(2)])
        model.compile("adam", "mse")
        model.set_weights([np.full(v.shape, 0.1) for v in model.weights])
        model.fit(x, y, batch_size=8, epochs=2, shuffle=shuffle, verbose=0)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(trained(1, False), trained(2, False))
    np.testing.assert_array_equal(trained(1, True), trained(1, True))
    assert np.any(trained(1, True) != trained(2, True))


def test_trap_32_older_spellings_work_and_warn():
    with pytest.warns(DeprecationWarning, match="learning_rate"):
        assert float(optimizers.SGD(lr=0.3).learning_rate) == pytest.approx(0.3)
    with pytest.warns(UserWarning, match="decay is ignored"):
        optimizers.Adam(decay=1e-3)
    with pytest.warns(DeprecationWarning, match="Input"):
        model = Sequential([Dense(2, input_dim=3), Dense(1, "sigmoid")])
    assert model.input_shape == (None, 3)
    with pytest.warns(DeprecationWarning, match="Input"):
        assert Sequential([layers.Flatten(input_shape=(2, 3))]).output_shape == (None, 6)
    with pytest.warns(DeprecationWarning, match="negative_slope"):
        assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1
    with pytest.warns(DeprecationWarning, match="l2="):
        assert regularizers.L2(l=0.5).l2 == 0.5
    metric = metrics.Mean()
    metric.update_state([2.0])
    with pytest.warns(DeprecationWarning, match="reset_state"):
        metric.reset_states()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("outputs", [1, 3])
def test_trap_32_classes_are_predicted_with_a_warning(outputs, rng):
    model = linear(outputs, 2, kernel="glorot_uniform", activation="sigmoid" if outputs == 1 else "softmax", loss="bce")
    x = rng.normal(size=(7, 2))
    p = model.predict(x, verbose=0)
    with pytest.warns(DeprecationWarning, match="predict"):
        classes = model.predict_classes(x)
    np.testing.assert_array_equal(classes, (p > 0.5).astype(int) if outputs == 1 else p.argmax(axis=1))
    with pytest.warns(DeprecationWarning, match="predict"):
        np.testing.assert_array_equal(model.predict_proba(x), p)
