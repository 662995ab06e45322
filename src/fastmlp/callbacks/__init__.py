"""Callbacks: what to do while training runs. Names, defaults and behaviour are those of Keras 3."""

from fastmlp.callbacks.checkpoint import BackupAndRestore, ModelCheckpoint
from fastmlp.callbacks.control import LambdaCallback, LearningRateScheduler, SwapEMAWeights, TerminateOnNaN
from fastmlp.callbacks.logs import CSVLogger
from fastmlp.callbacks.monitor import EarlyStopping, MonitorCallback, ReduceLROnPlateau
from fastmlp.callbacks.tensorboard import TensorBoard
from fastmlp.models.hooks import Callback, CallbackList, History
from fastmlp.models.progress import ProgbarLogger

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
