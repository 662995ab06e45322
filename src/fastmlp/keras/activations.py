"""``keras.activations``."""

from __future__ import annotations

from fastmlp.activations import celu as celu
from fastmlp.activations import deserialize as deserialize
from fastmlp.activations import elu as elu
from fastmlp.activations import exponential as exponential
from fastmlp.activations import gelu as gelu
from fastmlp.activations import get as get
from fastmlp.activations import glu as glu
from fastmlp.activations import hard_shrink as hard_shrink
from fastmlp.activations import hard_sigmoid as hard_sigmoid
from fastmlp.activations import hard_silu as hard_silu
from fastmlp.activations import hard_swish as hard_swish
from fastmlp.activations import hard_tanh as hard_tanh
from fastmlp.activations import leaky_relu as leaky_relu
from fastmlp.activations import linear as linear
from fastmlp.activations import log_sigmoid as log_sigmoid
from fastmlp.activations import log_softmax as log_softmax
from fastmlp.activations import mish as mish
from fastmlp.activations import relu as relu
from fastmlp.activations import relu6 as relu6
from fastmlp.activations import selu as selu
from fastmlp.activations import serialize as serialize
from fastmlp.activations import sigmoid as sigmoid
from fastmlp.activations import silu as silu
from fastmlp.activations import soft_shrink as soft_shrink
from fastmlp.activations import softmax as softmax
from fastmlp.activations import softplus as softplus
from fastmlp.activations import softsign as softsign
from fastmlp.activations import sparse_plus as sparse_plus
from fastmlp.activations import sparse_sigmoid as sparse_sigmoid
from fastmlp.activations import sparsemax as sparsemax
from fastmlp.activations import squareplus as squareplus
from fastmlp.activations import swish as swish
from fastmlp.activations import tanh as tanh
from fastmlp.activations import tanh_shrink as tanh_shrink
from fastmlp.activations import threshold as threshold
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)
