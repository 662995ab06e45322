"""``keras.initializers``."""

from __future__ import annotations

from fastmlp.initializers import Constant as Constant
from fastmlp.initializers import GlorotNormal as GlorotNormal
from fastmlp.initializers import GlorotUniform as GlorotUniform
from fastmlp.initializers import HeNormal as HeNormal
from fastmlp.initializers import HeUniform as HeUniform
from fastmlp.initializers import Identity as Identity
from fastmlp.initializers import IdentityInitializer as IdentityInitializer
from fastmlp.initializers import Initializer as Initializer
from fastmlp.initializers import LecunNormal as LecunNormal
from fastmlp.initializers import LecunUniform as LecunUniform
from fastmlp.initializers import Ones as Ones
from fastmlp.initializers import Orthogonal as Orthogonal
from fastmlp.initializers import OrthogonalInitializer as OrthogonalInitializer
from fastmlp.initializers import RandomNormal as RandomNormal
from fastmlp.initializers import RandomUniform as RandomUniform
from fastmlp.initializers import TruncatedNormal as TruncatedNormal
from fastmlp.initializers import VarianceScaling as VarianceScaling
from fastmlp.initializers import Zeros as Zeros
from fastmlp.initializers import constant as constant
from fastmlp.initializers import deserialize as deserialize
from fastmlp.initializers import get as get
from fastmlp.initializers import glorot_normal as glorot_normal
from fastmlp.initializers import glorot_uniform as glorot_uniform
from fastmlp.initializers import he_normal as he_normal
from fastmlp.initializers import he_uniform as he_uniform
from fastmlp.initializers import identity as identity
from fastmlp.initializers import lecun_normal as lecun_normal
from fastmlp.initializers import lecun_uniform as lecun_uniform
from fastmlp.initializers import ones as ones
from fastmlp.initializers import orthogonal as orthogonal
from fastmlp.initializers import random_normal as random_normal
from fastmlp.initializers import random_uniform as random_uniform
from fastmlp.initializers import serialize as serialize
from fastmlp.initializers import truncated_normal as truncated_normal
from fastmlp.initializers import variance_scaling as variance_scaling
from fastmlp.initializers import zeros as zeros
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)
