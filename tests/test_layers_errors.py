"""Layers: what is refused says what was expected, what came and what to do; what older scripts say still works."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import initializers, layers, regularizers


def built(layer, shape=(None, 4)):
    layer.build(shape)
    return layer


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dense(0), ValueError, r"Dense: units: expected a whole number of at least 1, got 0"),
        (lambda: layers.Dense(2.5), TypeError, r"Dense: units: expected a whole number, got 2.5"),
        (lambda: layers.Dense("3"), TypeError, "whole number"),
        (lambda: layers.Dense(3, "rleu"), ValueError, "did you mean 'relu'"),
        (lambda: layers.Dense(3, 5), TypeError, "expected a name"),
        (lambda: layers.Dense(3, kernel_initializer="glorot"), ValueError, "did you mean"),
        (lambda: layers.Dense(3, kernel_regularizer="l3"), ValueError, "did you mean"),
        (lambda: layers.Dense(3, lora_rank=4), ValueError, "lora_rank, got 4; not in fastmlp: use Keras for this"),
        (lambda: layers.Dense(3, quantization_config={"a": 1}), ValueError, "quantization_config.*use Keras"),
        (
            lambda: layers.Dense(3, activaton="relu"),
            TypeError,
            r"expected arguments among units, .*got \['activaton'\]",
        ),
        (lambda: layers.Dense(3, activation=layers.PReLU()), ValueError, "without weights.*put that layer after"),
        (lambda: layers.Dense(3, activation=layers.Dropout(0.5)), ValueError, "expected an activation"),
        (lambda: layers.Dense(3, dtype="mixed_float16"), ValueError, "got 'mixed_float16'; take 'mixed_bfloat16'"),
        (lambda: layers.Dense(3, dtype="float16"), ValueError, "or 'mixed_bfloat16', got 'float16'; take 'mixed_bf"),
        (lambda: layers.Dense(3, dtype="bfloat16"), ValueError, "got 'bfloat16'; take 'mixed_bfloat16', whose weights"),
        (lambda: layers.Dense(3, dtype="int32"), ValueError, "or 'mixed_bfloat16', got 'int32'; take one of these"),
        (lambda: built(layers.Dense(3), (None, None)), ValueError, r"put Input\(shape=\(features,\)\) first"),
        (lambda: built(layers.Dense(3), (None,)), ValueError, "known number of features"),
        (lambda: built(layers.Dense(3), (None, "4")), TypeError, "input shape: expected a whole number"),
        (lambda: layers.Maxout(3, pieces=65), ValueError, "at most 64, got 65"),
        (lambda: layers.Maxout(3, pieces=0), ValueError, "at least 1"),
        (lambda: layers.APL(17), ValueError, "at most 16, got 17"),
        (lambda: layers.PReLU(shared_axes=[1, 2]), ValueError, r"shared_axes None .* or \[1\]"),
        (lambda: layers.ReLU(max_value=-1), ValueError, "ReLU: max_value: expected a number at least 0"),
        (lambda: layers.ReLU(negative_slope=-1), ValueError, "ReLU: negative_slope"),
        (lambda: layers.LeakyReLU(None), TypeError, "LeakyReLU: negative_slope: expected a number"),
        (lambda: layers.ELU(float("nan")), ValueError, "ELU: alpha"),
        (lambda: layers.ActivationWith("celu", {"beta": 1}), TypeError, r"parameters of 'celu' among \['alpha'\]"),
        (lambda: layers.ActivationWith("celu", 0.5), TypeError, "expected parameters by name, got 0.5"),
        (lambda: layers.ActivationWith("softmax", {}), ValueError, "of single numbers, got 'softmax'; take Activation"),
        (lambda: built(layers.Softmax(axis=0)), ValueError, "expected axis=-1"),
        (lambda: built(layers.BatchNormalization(axis=0)), ValueError, "expected axis=-1, .* got 0"),
        (lambda: built(layers.LayerNormalization(axis=[1, 2])), ValueError, "expected axis=-1"),
        (lambda: built(layers.UnitNormalization(axis=2)), ValueError, "expected axis=-1"),
        (
            lambda: layers.BatchNormalization(momentum=1.5),
            ValueError,
            "momentum: expected a number at least 0 and at most 1",
        ),
        (lambda: layers.BatchNormalization(epsilon=-1), ValueError, "epsilon"),
        (lambda: layers.BatchNormalization(renorm=True), ValueError, "renorm, got True; not in fastmlp"),
        (lambda: layers.LayerNormalization(rms_scaling=True), ValueError, "rms_scaling, got True; not in fastmlp"),
        (lambda: layers.Dropout(1.0), ValueError, "at least 0 and below 1, got 1.0"),
        (lambda: layers.Dropout(-0.1), ValueError, "Dropout: rate"),
        (lambda: layers.Dropout(float("nan")), ValueError, "Dropout: rate"),
        (lambda: layers.Dropout("half"), TypeError, "Dropout: rate: expected a number"),
        (lambda: layers.Dropout(), TypeError, "expected a rate"),
        (lambda: layers.Dropout(0.5, seed="x"), TypeError, "expected an int or None as seed"),
        (lambda: layers.Dropout(0.5, noise_shape="x"), TypeError, "noise_shape: expected a tuple"),
        (lambda: built(layers.Dropout(0.5, noise_shape=(None, 1))), ValueError, "shared masks are not in fastmlp"),
        (lambda: built(layers.Dropout(0.5, noise_shape=(1, 4))), ValueError, "shared masks are not in fastmlp"),
        (lambda: built(layers.Dropout(0.5, noise_shape=(None, 4, 1))), ValueError, "shared masks are not in fastmlp"),
        (lambda: layers.GaussianDropout(1), ValueError, "below 1"),
        (lambda: layers.GaussianNoise(-1), ValueError, "stddev"),
        (lambda: layers.ActivityRegularization(l1=-1), ValueError, "l1"),
        (lambda: layers.Reshape((-1, -1)), ValueError, "at most one -1"),
        (lambda: layers.Reshape(4), TypeError, r"write \(784,\)"),
        (lambda: layers.Reshape((0,)), ValueError, "at least 1"),
        (lambda: built(layers.Reshape((5,))), ValueError, r"target_shape of 4 numbers.* got \(5,\)"),
        (lambda: built(layers.Reshape((3, -1))), ValueError, "target_shape of 4 numbers"),
        (lambda: layers.Flatten(data_format="channels_first"), ValueError, "use Keras"),
        (lambda: layers.Rescaling("x"), TypeError, "expected numbers as scale"),
        (lambda: built(layers.Rescaling([1, 2, 3])), ValueError, "spread over rows"),
        (lambda: layers.Input(3), TypeError, r"write \(784,\)"),
        (lambda: layers.Input(), ValueError, "either shape .* or batch_shape"),
        (lambda: layers.Input((3,), batch_shape=(None, 3)), ValueError, "either shape"),
        (lambda: layers.Input(batch_size=3, batch_shape=(None, 3)), ValueError, "either shape"),
        (lambda: layers.Input((0,)), ValueError, "at least 1"),
        (lambda: layers.Input((None,)), TypeError, "whole number, got None"),
        (lambda: layers.Input((3,), sparse=True), ValueError, "sparse, got True; not in fastmlp"),
        (lambda: layers.Input((3,), dtype="strange"), TypeError, "expected the type of numbers"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_weights_are_there_once_built():
    layer = layers.Dense(3)
    with pytest.raises(AttributeError, match="expected a built layer, got no kernel"):
        layer.kernel  # noqa: B018
    assert not hasattr(layer, "bias")
    with pytest.raises(AttributeError, match="no attribute 'kernle'"):
        layer.kernle  # noqa: B018
    with pytest.raises(RuntimeError, match="count_params: expected a built layer"):
        layer.count_params()
    with pytest.raises(AttributeError, match="got no gamma"):
        layers.BatchNormalization().gamma  # noqa: B018


def test_other_penalties_on_the_output_are_for_the_tape():
    layer = layers.Dense(2, activity_regularizer=regularizers.OrthogonalRegularizer())
    layer.build((None, 2))
    assert [operation["op"] for operation in layer.engine_operations()] == ["dense", "python"]


@pytest.mark.parametrize(
    "name",
    ["Conv2D", "Masking", "LSTM", "MultiHeadAttention", "Hashing", "MaxPooling2D", "Conv3DTranspose", "RandomHue"],
)
def test_what_keras_does_is_named(name):
    with pytest.raises(AttributeError, match=f"'{name}'; it is not in fastmlp: use Keras for this"):
        getattr(layers, name)
    with pytest.raises(ImportError, match=f"'{name}'; it is not in fastmlp: use Keras for this"):
        exec(f"from fastmlp.layers import {name}")
    assert not hasattr(layers, name)


def test_a_name_misspelt():
    with pytest.raises(AttributeError, match="got Dropuot; did you mean Dropout?"):
        layers.Dropuot  # noqa: B018
    with pytest.raises(ImportError):
        exec("from fastmlp.layers import Dropuot")


# ---- older spellings


def test_older_arguments_are_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="p= is the older spelling") as caught:
        assert layers.Dropout(p=0.3).rate == 0.3
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="alpha= is the older spelling"):
        assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1
    with pytest.warns(DeprecationWarning, match=r"put Input\(shape=\(8,\)\) first") as caught:
        assert layers.Dense(3, input_dim=8).declared_shape == (None, 8)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="older spelling") as caught:
        assert layers.Dropout(0.2, input_shape=(2,)).declared_shape == (None, 2)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="older spelling"):
        assert layers.Flatten(input_shape=[28, 28]).declared_shape == (None, 28, 28)
    with pytest.warns(DeprecationWarning, match="older spelling"):
        assert layers.InputLayer(input_shape=(5,)).batch_shape == (None, 5)


def test_inputs():
    assert layers.InputLayer((28, 28)).declared_shape == (None, 28, 28)
    assert layers.InputLayer(batch_shape=(32, 3)).batch_shape == (32, 3)
    assert layers.InputLayer(shape=(3,), batch_size=16).batch_shape == (16, 3)
    pixels = layers.InputLayer(shape=[3], dtype=np.uint8)
    assert (pixels.dtype, pixels.dtype_policy.name) == ("uint8", "float32"), "of the data, of what is computed"
    assert (pixels.compute_dtype, pixels.variable_dtype) == ("float32", "float32")
    assert layers.InputLayer.from_config(pixels.get_config()).dtype == "uint8"
    assert layers.InputLayer(shape=(3,)).lower() == []


def test_two_classes_of_one_name_are_told_apart():
    """Identity is a layer and an initializer."""
    dense = layers.Dense(2, kernel_initializer="identity")
    twin = layers.Dense.from_config(dense.get_config())
    assert isinstance(twin.kernel_initializer, initializers.Identity)
    twin.build((None, 2))
    assert twin.kernel.numpy().tolist() == [[1, 0], [0, 1]]
    assert isinstance(layers.deserialize(layers.serialize(layers.Identity())), layers.Identity)


@pytest.mark.parametrize(
    ("make", "setting"),
    [(lambda **fails: layers.Dense(2, **fails), "bias_initializer"), (layers.PELU, "b_initializer")],
)
def test_weights_of_a_build_that_fails_are_not_those_of_the_next(make, setting):
    class OnceTooOften:
        def __init__(self):
            self.calls = 0

        def __call__(self, shape, dtype=None):
            self.calls += 1
            if self.calls == 1:
                raise MemoryError
            return np.zeros(shape, dtype)

    layer, whole = make(**{setting: OnceTooOften()}), make()
    x = np.ones((4, 2), "float32")
    with pytest.raises(MemoryError):
        layer(x)
    assert (layer.weights, layer.built) == ([], False)
    assert layer(x).shape == whole(x).shape
    assert [v.name for v in layer.weights] == [v.name for v in whole.weights]
    assert [op["op"] for op in layer.lower()] == [op["op"] for op in whole.lower()]
    assert len(layer.lower()[0].get("theta", ())) == len(whole.lower()[0].get("theta", ()))


@pytest.mark.parametrize(
    "layer",
    [layers.Dropout(0.5), layers.Activation("relu"), layers.Flatten(), layers.Rescaling(2.0), layers.LeakyReLU(),
     layers.GaussianNoise(0.1), layers.Softmax(), layers.UnitNormalization()],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_a_layer_without_weights_takes_inputs_of_any_width(layer):
    rng = np.random.default_rng(0)
    for width in (4, 7, 2):
        x = rng.normal(size=(5, width)).astype(np.float32)
        assert layer(x).shape == (5, width)
        fresh = type(layer).from_config(layer.get_config())
        assert (layer(x).numpy() == fresh(x).numpy()).all()


def test_settings_of_a_width_still_have_to_fit():
    layer = layers.Rescaling([1.0, 2.0])
    layer(np.ones((3, 2)))
    with pytest.raises(ValueError, match="Rescaling|rescaling"):
        layer(np.ones((3, 4)))
