"""``keras.optimizers``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.keras.optimizers import legacy as legacy
from fastmlp.keras.optimizers import schedules as schedules
from fastmlp.optimizers import SGD as SGD
from fastmlp.optimizers import Adadelta as Adadelta
from fastmlp.optimizers import Adagrad as Adagrad
from fastmlp.optimizers import Adam as Adam
from fastmlp.optimizers import Adamax as Adamax
from fastmlp.optimizers import AdamW as AdamW
from fastmlp.optimizers import Ftrl as Ftrl
from fastmlp.optimizers import Lion as Lion
from fastmlp.optimizers import Nadam as Nadam
from fastmlp.optimizers import Optimizer as Optimizer
from fastmlp.optimizers import RMSprop as RMSprop
from fastmlp.optimizers import deserialize as deserialize
from fastmlp.optimizers import get as get
from fastmlp.optimizers import serialize as serialize

__getattr__ = rest(__name__, {"RMSProp": "optimizers.RMSprop"})
