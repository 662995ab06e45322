"""``keras.regularizers``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.regularizers import L1 as L1
from fastmlp.regularizers import L1L2 as L1L2
from fastmlp.regularizers import L2 as L2
from fastmlp.regularizers import OrthogonalRegularizer as OrthogonalRegularizer
from fastmlp.regularizers import Regularizer as Regularizer
from fastmlp.regularizers import deserialize as deserialize
from fastmlp.regularizers import get as get
from fastmlp.regularizers import l1 as l1
from fastmlp.regularizers import l1_l2 as l1_l2
from fastmlp.regularizers import l2 as l2
from fastmlp.regularizers import orthogonal_regularizer as orthogonal_regularizer
from fastmlp.regularizers import serialize as serialize

__getattr__ = rest(__name__)
