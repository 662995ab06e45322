"""Keras's names for what is in fastmlp: change ``import keras`` to ``import fastmlp.keras as keras``.

Modules, names and arguments are those of Keras 3.15. Spellings of older Keras, and of TensorFlow's, work with a
DeprecationWarning that says the newer one. What Keras has and fastmlp has not raises by its name.
"""

from __future__ import annotations

from fastmlp import Input as Input
from fastmlp import __version__ as __version__
from fastmlp.config import DTypePolicy as DTypePolicy
from fastmlp.initializers import Initializer as Initializer
from fastmlp.keras import activations as activations
from fastmlp.keras import backend as backend
from fastmlp.keras import callbacks as callbacks
from fastmlp.keras import config as config
from fastmlp.keras import constraints as constraints
from fastmlp.keras import datasets as datasets
from fastmlp.keras import dtype_policies as dtype_policies
from fastmlp.keras import initializers as initializers
from fastmlp.keras import layers as layers
from fastmlp.keras import losses as losses
from fastmlp.keras import metrics as metrics
from fastmlp.keras import mixed_precision as mixed_precision
from fastmlp.keras import models as models
from fastmlp.keras import ops as ops
from fastmlp.keras import optimizers as optimizers
from fastmlp.keras import random as random
from fastmlp.keras import regularizers as regularizers
from fastmlp.keras import saving as saving
from fastmlp.keras import utils as utils
from fastmlp.keras._rest import add_modules, rest
from fastmlp.layers import Layer as Layer
from fastmlp.layers.symbolic import KerasTensor as KerasTensor
from fastmlp.losses import Loss as Loss
from fastmlp.metrics import Metric as Metric
from fastmlp.models import Model as Model
from fastmlp.models import Sequential as Sequential
from fastmlp.optimizers import Optimizer as Optimizer
from fastmlp.regularizers import Regularizer as Regularizer
from fastmlp.runtime import device as device
from fastmlp.variables import Variable as Variable

FloatDTypePolicy = DTypePolicy

__getattr__ = rest(__name__)


def version() -> str:
    """That of fastmlp."""
    return __version__


add_modules()
