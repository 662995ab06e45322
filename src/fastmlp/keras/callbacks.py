"""``keras.callbacks``."""

from __future__ import annotations

from fastmlp.callbacks import BackupAndRestore as BackupAndRestore
from fastmlp.callbacks import Callback as Callback
from fastmlp.callbacks import CallbackList as CallbackList
from fastmlp.callbacks import CSVLogger as CSVLogger
from fastmlp.callbacks import EarlyStopping as EarlyStopping
from fastmlp.callbacks import History as History
from fastmlp.callbacks import LambdaCallback as LambdaCallback
from fastmlp.callbacks import LearningRateScheduler as LearningRateScheduler
from fastmlp.callbacks import ModelCheckpoint as ModelCheckpoint
from fastmlp.callbacks import ProgbarLogger as ProgbarLogger
from fastmlp.callbacks import ReduceLROnPlateau as ReduceLROnPlateau
from fastmlp.callbacks import SwapEMAWeights as SwapEMAWeights
from fastmlp.callbacks import TensorBoard as TensorBoard
from fastmlp.callbacks import TerminateOnNaN as TerminateOnNaN
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)
