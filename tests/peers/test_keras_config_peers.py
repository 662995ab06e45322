"""Every thing that both libraries have, over from Keras and back: settings stay what they are."""

from __future__ import annotations

import importlib
import json

import fastmlp
import pytest
from fastmlp.neighbours.keras_config import compile_as, description_of, model_of
from fastmlp.neighbours.keras_names import ONLY_OURS, ROOMS
from fastmlp.neighbours.keras_objects import our_object, their_object
from keras_alike import plain

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

L = keras.layers

ROOM_OF_KERAS = {room: getattr(keras, room, None) for room in ROOMS} | {"schedules": keras.optimizers.schedules}
BASES = {
    "Layer",
    "Initializer",
    "Regularizer",
    "Constraint",
    "Loss",
    "Metric",
    "KernelMetric",
    "KernelLoss",
    "Optimizer",
    "LearningRateSchedule",
    "EpochDecay",
    "MeanMetricWrapper",
    "Lambda",
    "InputLayer",
}


def public_classes(room):
    module = importlib.import_module(f"fastmlp.{room}")
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, type)
        and hasattr(found, "get_config")
        and found.__module__.startswith(f"fastmlp.{room}")
        and not name.startswith("_")
        and name == found.__name__
        and name not in BASES
    }


ALL = [(room, name) for room in ROOMS for name in public_classes(room)]

# Settings that are not the usual ones; what is not named here has only arguments that may be left out.
SOME = {
    "Dense": {
        "units": 3,
        "activation": "relu",
        "kernel_initializer": "he_normal",
        "kernel_regularizer": "l2",
        "bias_constraint": "non_neg",
        "activity_regularizer": lambda k: k.regularizers.L1(0.5),
        "use_bias": True,
        "trainable": False,
    },
    "Activation": {"activation": "gelu"},
    "Dropout": {"rate": 0.25, "seed": 3},
    "AlphaDropout": {"rate": 0.25},
    "GaussianDropout": {"rate": 0.25},
    "GaussianNoise": {"stddev": 0.5},
    "ActivityRegularization": {"l1": 0.5, "l2": 0.25},
    "BatchNormalization": {
        "momentum": 0.5,
        "epsilon": 0.25,
        "center": False,
        "gamma_regularizer": "l1",
        "beta_initializer": "ones",
    },
    "LayerNormalization": {"epsilon": 0.5, "scale": False},
    "GroupNormalization": {"groups": 2, "epsilon": 0.5},
    "RMSNormalization": {"epsilon": 0.5},
    "UnitNormalization": {"axis": -1},
    "LeakyReLU": {"negative_slope": 0.5},
    "ELU": {"alpha": 0.5},
    "ReLU": {"max_value": 2.0, "negative_slope": 0.5, "threshold": 0.25},
    "PReLU": {"alpha_initializer": "ones", "alpha_constraint": "non_neg"},
    "Softmax": {"axis": -1},
    "Embedding": {"input_dim": 5, "output_dim": 2, "embeddings_regularizer": "l2"},
    "CategoryEncoding": {"num_tokens": 4, "output_mode": "count"},
    "Discretization": {"bin_boundaries": [0.0, 1.5]},
    "Normalization": {"mean": [0.5, 1.0], "variance": [1.0, 4.0], "invert": True},
    "Rescaling": {"scale": 0.5, "offset": [1.0, 2.0]},
    "Reshape": {"target_shape": [2, 2]},
    "Permute": {"dims": [2, 1]},
    "RepeatVector": {"n": 3},
    "Concatenate": {"axis": -1},
    "Dot": {"axes": 1, "normalize": True},
    "RandomFlip": {"mode": "horizontal", "seed": 1},
    "RandomRotation": {"factor": 0.125, "seed": 2},
    "RandomTranslation": {"height_factor": 0.125, "width_factor": 0.25},
    "RandomZoom": {"height_factor": 0.125},
    "Constant": {"value": 2.5},
    "RandomNormal": {"mean": 0.5, "stddev": 0.25, "seed": 4},
    "Orthogonal": {"gain": 0.5},
    "RandomUniform": {"minval": -0.5, "maxval": 0.25},
    "TruncatedNormal": {"stddev": 0.25},
    "Identity": {},
    "VarianceScaling": {"scale": 0.5, "mode": "fan_avg", "distribution": "uniform", "seed": 7},
    "L1": {"l1": 0.5},
    "L2": {"l2": 0.5},
    "L1L2": {"l1": 0.5, "l2": 0.25},
    "OrthogonalRegularizer": {"factor": 0.5, "mode": "columns"},
    "MaxNorm": {"max_value": 1.5, "axis": 0},
    "MinMaxNorm": {"min_value": 0.25, "max_value": 0.5, "rate": 0.5},
    "UnitNorm": {"axis": 0},
    "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.25},
    "Huber": {"delta": 0.5, "reduction": "sum"},
    "CategoricalCrossentropy": {"from_logits": True},
    "SparseCategoricalCrossentropy": {"from_logits": True, "ignore_class": 1},
    "BinaryFocalCrossentropy": {"gamma": 1.5, "apply_class_balancing": True},
    "CategoricalFocalCrossentropy": {"alpha": 0.5},
    "MeanSquaredError": {"name": "distance"},
    "CosineSimilarity": {"name": "angle"},
    "AUC": {"num_thresholds": 5, "curve": "PR"},
    "Precision": {"thresholds": 0.25, "top_k": None},
    "Recall": {"class_id": 1},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "FBetaScore": {"beta": 0.5, "average": "micro"},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "TopKCategoricalAccuracy": {"k": 2},
    "SparseTopKCategoricalAccuracy": {"k": 2},
    "F1Score": {"average": "macro"},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "BinaryIoU": {"threshold": 0.25},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "R2Score": {"num_regressors": 1},
    "SGD": {"learning_rate": 0.5, "momentum": 0.25, "nesterov": True, "clipnorm": 0.5},
    "Adam": {"beta_1": 0.5, "epsilon": 0.25, "amsgrad": True},
    "AdamW": {"weight_decay": 0.125, "beta_2": 0.5},
    "RMSprop": {"rho": 0.5, "momentum": 0.25, "centered": True, "use_ema": True},
    "Adagrad": {"initial_accumulator_value": 0.5, "clipvalue": 0.5},
    "Adadelta": {"rho": 0.5, "ema_momentum": 0.5, "use_ema": True},
    "Adamax": {"beta_1": 0.5, "global_clipnorm": 0.5},
    "Nadam": {"beta_2": 0.5, "gradient_accumulation_steps": 2},
    "Ftrl": {"l1_regularization_strength": 0.5, "beta": 0.25},
    "Lion": {"beta_1": 0.5, "weight_decay": 0.5},
    "ExponentialDecay": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.25, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.25},
    "PolynomialDecay": {"initial_learning_rate": 0.5, "decay_steps": 4, "power": 2.0, "cycle": True},
    "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [0.5, 0.25, 0.125]},
    "CosineDecay": {
        "initial_learning_rate": 0.5,
        "decay_steps": 4,
        "alpha": 0.25,
        "warmup_target": 1.0,
        "warmup_steps": 2,
    },
    "CosineDecayRestarts": {"initial_learning_rate": 0.5, "first_decay_steps": 4, "t_mul": 1.5},
}


def made_by_keras(room, name):
    given_ = {key: one(keras) if callable(one) else one for key, one in SOME.get(name, {}).items()}
    return getattr(ROOM_OF_KERAS[room], name)(**given_)


def test_there_is_nothing_in_between():
    """What fastmlp has is in Keras, or named as fastmlp's alone."""
    theirs = {name for room in ROOMS for name in dir(ROOM_OF_KERAS[room])} | set(dir(keras.activations))
    ours = {name for room in ROOMS for name in public_classes(room)} | set(fastmlp.activations._functions)
    inner = {"BiasScaling", "Values", "ScaledNormal"}
    assert {name for name in ours if name not in theirs} | inner == ONLY_OURS
    assert not ONLY_OURS & theirs
    assert len(ALL) > 100


@pytest.mark.parametrize(("room", "name"), [pair for pair in ALL if pair[1] not in ONLY_OURS], ids="-".join)
def test_goes_over_and_back(room, name):
    """What Keras makes is ours with the same settings, and from ours Keras makes what writes the same."""
    if room == "layers" and name == "Identity":
        assert public_classes(room)[name] is fastmlp.layers.Identity
    written = keras.saving.serialize_keras_object(made_by_keras(room, name))
    described = our_object("here", written, room)
    made = fastmlp._objects.find_class(described["class_name"]).from_config(described["config"])
    assert type(made) is getattr(importlib.import_module(f"fastmlp.{room}"), name)
    back = their_object("here", fastmlp._objects.serialize(made))
    again = keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(json.loads(json.dumps(back))))
    assert plain(again) == plain(written)
    unusual = {key: one for key, one in SOME.get(name, {}).items() if key in written["config"]}
    unusual = {key: one for key, one in unusual.items() if type(one) in (int, float, bool)}
    unusual = {key: one for key, one in unusual.items() if key not in ("factor", "thresholds")}  # kept as lists
    assert {key: getattr(made, key) for key in unusual} == unusual  # what was read is what was written


def test_a_description_is_what_keras_writes():
    """Not only does Keras read it: it is what Keras itself would write of the model."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = L.Dense(2, name="shared")
    model = keras.Model([a, b], {"x": L.Concatenate(name="x")([shared(a), shared(b)]), "y": L.Add(name="y")([a, b])})
    model.compile("adam", {"x": "mse", "y": keras.losses.Huber()})
    written = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    mine = model_of(written)
    compile_as(mine, written["compile_config"])
    described = json.loads(json.dumps(description_of(mine)))
    assert described["module"] == written["module"]
    again = json.loads(
        json.dumps(keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(described)))
    )
    assert plain(again) == plain(written)
