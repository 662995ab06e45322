"""Layers: the steps of a network."""

from __future__ import annotations

import difflib
from typing import NoReturn

from fastmlp._objects import described, deserializer
from fastmlp._objects import serialize as serialize
from fastmlp._validate import no_such_name, outside
from fastmlp.layers.activation import ELU, Activation, ActivationWith, LeakyReLU, ReLU, Softmax
from fastmlp.layers.base import Layer
from fastmlp.layers.categories import CategoryEncoding, Discretization, Embedding
from fastmlp.layers.core import Dense, Input, InputLayer
from fastmlp.layers.functions import Lambda
from fastmlp.layers.groups import GroupNormalization, RMSNormalization
from fastmlp.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from fastmlp.layers.normalization import BatchNormalization, LayerNormalization, UnitNormalization
from fastmlp.layers.pictures import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from fastmlp.layers.preprocessing import Normalization, Rescaling
from fastmlp.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
)
from fastmlp.layers.shaping import Flatten, Identity, Permute, RepeatVector, Reshape
from fastmlp.layers.trainable import APL, PELU, Maxout, PReLU, SReLU, SwishBeta

deserialize = deserializer(described)

__all__ = [
    "APL",
    "ELU",
    "PELU",
    "Activation",
    "ActivationWith",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "CategoryEncoding",
    "Concatenate",
    "Dense",
    "Discretization",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Maxout",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SReLU",
    "Softmax",
    "Subtract",
    "SwishBeta",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

# What Keras has besides. Endings stand for all names that end so, with 1D, 2D or 3D behind.
_KERAS_ENDINGS = (
    "Pooling",
    "Pool",
    "Conv",
    "Convolution",
    "Transpose",
    "Cropping",
    "ZeroPadding",
    "UpSampling",
    "LSTM",
)
_KERAS_NAMES = """
    AdditiveAttention Attention AugMix AutoContrast Bidirectional CenterCrop
    ContrastLimitedAdaptiveHistogramEqualization CutMix EinsumDense Equalization FlaxLayer GRU GRUCell
    GroupQueryAttention HashedCrossing Hashing InputSpec IntegerLookup JaxLayer LSTM LSTMCell Masking
    MaxNumBoundingBoxes MelSpectrogram MixUp MultiHeadAttention Pipeline RNN RandAugment RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
    RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomSaturation
    RandomSharpness RandomShear Resizing ReversibleEmbedding STFTSpectrogram SimpleRNN SimpleRNNCell Solarization
    SpectralNormalization StackedRNNCells StringLookup TFSMLayer TextVectorization TimeDistributed
    TorchModuleWrapper Wrapper
    """


def _is_outside(name: str) -> bool:
    """Whether Keras has a layer of that name, and fastmlp has not."""
    stem = name[:-2] if name[-2:] in ("1D", "2D", "3D") else ""
    return name in _KERAS_NAMES.split() or stem.endswith(_KERAS_ENDINGS) or name.endswith("DTranspose")


def __getattr__(name: str) -> NoReturn:
    if not _is_outside(name):
        near = difflib.get_close_matches(name, __all__, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "dir(fastmlp.layers) lists them"
        raise no_such_name(f"layers: expected one of its names, got {name}; {hint}")
    raise no_such_name(outside("layers", name))
