"""Models to be exported to C: each kernel by itself, each layer, whole networks."""

from __future__ import annotations

import fastmlp
import numpy as np
from exported_c import Operation, shake
from fastmlp import Sequential, _core, layers
from fastmlp.layers import (
    ActivityRegularization,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Normalization,
    Rescaling,
)

DTYPES = ("float32", "float64")
PARAMS = (0.25, 0.75, 0.5)
FEW = 32  # columns up to which rows are worked a lane each


# ---- what there is: kernels, layers


def one(operation, dtype, inputs=9, **settings):
    return Sequential([Input((inputs,), dtype=dtype), Operation(operation, dtype=dtype, **settings)])


def kernels():
    """``{name: (a model of one operation, its dtype)}`` for every kernel that predictions can meet."""
    for short, dtype in (("f", "float32"), ("d", "float64")):
        for name, entry in _core.registry("activation").items():
            operation = {"op": "activation", "name": name, "params": PARAMS[: len(entry.params)]}
            yield f"{short}_activation_{name}", one(operation, dtype)
        for name in _core.registry("row_activation"):
            for width in (1, 5, FEW, FEW + 1, 70):
                operation = {"op": "row_activation", "name": name, "params": ()}
                yield f"{short}_{name}_{width}", one(operation, dtype, width)
        for name, entry in _core.registry("trainable").items():
            names = [f"{of}_{i}" for of in entry.params for i in range(3)] if entry.traits else list(entry.params)
            for shared in (False, True):
                weights = dict.fromkeys(names, 1 if shared else 19)
                operation = {"op": "trainable", "name": name, "shared": shared}
                yield f"{short}_{name}_{'shared' if shared else 'each'}", one(operation, dtype, 19, weights=weights)
        for name, entry in _core.registry("pieces").items():
            pieces = entry.traits or 3
            operation = {"op": "pieces", "name": name, "pieces": pieces}
            yield f"{short}_{name}", one(operation, dtype, 7 * pieces, columns=7)


# Layers by name: how to make one for 12 features, or why it is refused.
LAYERS = {
    "APL": lambda: layers.APL(),
    "ELU": lambda: layers.ELU(0.7),
    "PELU": lambda: layers.PELU(),
    "Activation": lambda: layers.Activation("gelu"),
    "ActivationWith": lambda: layers.ActivationWith("celu", {"alpha": 0.5}),
    "ActivityRegularization": lambda: ActivityRegularization(0.1, 0.1),
    "AlphaDropout": lambda: layers.AlphaDropout(0.3),
    "BatchNormalization": lambda: BatchNormalization(),
    "Dense": lambda: Dense(7, "tanh"),
    "Dropout": lambda: Dropout(0.5),
    "Flatten": lambda: Flatten(),
    "GaussianDropout": lambda: layers.GaussianDropout(0.3),
    "GaussianNoise": lambda: layers.GaussianNoise(0.3),
    "Identity": lambda: layers.Identity(),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "LeakyReLU": lambda: layers.LeakyReLU(0.2),
    "Maxout": lambda: layers.Maxout(5, 3),
    "Normalization": lambda: Normalization(mean=np.arange(12.0), variance=np.arange(12.0) ** 2),
    "PReLU": lambda: layers.PReLU(),
    "ReLU": lambda: layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.3),
    "Rescaling": lambda: Rescaling(1 / 7, offset=-0.3),
    "Reshape": lambda: layers.Reshape((3, 4)),
    "SReLU": lambda: layers.SReLU(),
    "Softmax": lambda: layers.Softmax(),
    "SwishBeta": lambda: layers.SwishBeta(),
    "UnitNormalization": lambda: layers.UnitNormalization(),
}
REFUSED = {
    "CategoryEncoding": lambda: layers.CategoryEncoding(5),
    "Discretization": lambda: layers.Discretization([0.0, 1.0]),
    "Embedding": lambda: layers.Embedding(5, 2),
    "GroupNormalization": lambda: layers.GroupNormalization(3),
    "Lambda": lambda: layers.Lambda(np.sort),
    "RMSNormalization": lambda: layers.RMSNormalization(),
    "RepeatVector": lambda: layers.RepeatVector(2),
}
PICTURES = {"RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"}
OF_SEVERAL = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
NO_STEP = {"Input", "InputLayer", "Layer", "Permute"}


def single(layer, dtype="float32", shape=(12,)):
    return Sequential([Input(shape, dtype=dtype), layer])


def double(make):
    layer = make()
    layer.dtype_policy = "float64"
    return layer


def made_of_layers():
    for name, make in LAYERS.items():
        yield f"f_layer_{name.lower()}", single(make())
        yield f"d_layer_{name.lower()}", single(double(make), "float64")


def networks():
    """Whole networks, and what a single operation does not show."""
    for short, dtype in (("f", "float32"), ("d", "float64")):
        fastmlp.config.set_floatx(dtype)
        yield f"{short}_deep", Sequential([
            Input((5, 4)), Flatten(), Rescaling(0.5, offset=0.1), Dense(33, "relu"), Dropout(0.5), BatchNormalization(),
            Dense(64, "swish", use_bias=False), layers.LayerNormalization(), layers.PReLU(shared_axes=[1]),
            layers.Maxout(17, 2), Dense(3, "softmax")])  # fmt: skip
        yield f"{short}_wide", Sequential([Input((130,)), Dense(129), Dense(1, "sigmoid")])
        yield f"{short}_halved", Sequential([Input((6,)), Dense(8, "glu"), layers.Activation("tanh")])
        yield (
            f"{short}_bare",
            Sequential(
                [Input((6,)), BatchNormalization(center=False, scale=False), layers.LayerNormalization(center=False)]
            ),
        )
        yield f"{short}_long", Sequential([Input((5000,)), Dense(2, use_bias=False)])  # beyond a block of the engine
        yield f"{short}_ones", Sequential([Input((6,)), layers.PReLU("ones"), layers.PReLU("ones", shared_axes=[1])])
        x = layers.Input((7,))
        h = Dense(9, "mish")(Dense(9, layers.LeakyReLU(0.9))(x))
        yield f"{short}_functional", fastmlp.Model(x, Dense(4, "log_softmax")(h))
    fastmlp.config.set_floatx("float32")


def shaken(made):
    """Models with random weights; those that are about their own keep them."""
    rng = np.random.default_rng(0)
    return {name: model if name.endswith("_ones") else shake(model, rng) for name, model in made}


def few():
    """Some that differ."""
    return {
        name: model for name, model in shaken(networks()).items() if name.endswith(("deep", "halved", "functional"))
    }
