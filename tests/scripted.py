"""A stand-in for a model: its losses are given, and it calls callbacks as fit does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from fastmlp.callbacks import CallbackList


def save_state(model, path, extra=None):
    """What `fastmlp.saving` does for models."""
    kept = [model.weight, model.optimizer.iterations, extra or {}]
    Path(path).write_text(json.dumps(kept, default=lambda array: {"array": [array.tolist(), array.dtype.str]}))


def load_state(model, path):
    """What `fastmlp.saving` does for models."""
    text = Path(path).read_text()
    model.weight, model.optimizer.iterations, extra = json.loads(
        text, object_hook=lambda found: np.array(*found["array"]) if "array" in found else found
    )
    return extra


class Scripted:
    """``fit`` runs epochs whose logs are given as lists, and counts them in its one weight."""

    def __init__(self, steps=2, **optimizer):
        self.optimizer = SimpleNamespace(**{"learning_rate": 0.5, "iterations": 0, "use_ema": False, **optimizer})
        self.metrics = [SimpleNamespace(name="acc", _direction="up"), SimpleNamespace(name="mae", _direction="down"),
                        SimpleNamespace(name="odd", _direction=None)]  # fmt: skip
        self.weight, self.steps, self.saved = 0.0, steps, []
        self.stop_training, self._initial_epoch = False, None

    def get_weights(self):
        return [np.array([self.weight])]

    def set_weights(self, weights):
        self.weight = float(weights[0][0])

    def save(self, path, overwrite=True):
        self.saved.append(str(path))
        Path(path).write_text(json.dumps(self.weight))

    def save_weights(self, path, overwrite=True):
        self.saved.append(f"weights:{path}")

    def fit(self, callbacks, initial_epoch=0, crash_in=None, **script):
        """Logs of epoch i are the i-th of each list; a batch's are those of its epoch. Crashes after a batch of one."""
        epochs = max(map(len, script.values()))
        calls = CallbackList(callbacks, add_history=True, model=self, verbose=0, epochs=epochs, steps=self.steps)
        self.stop_training, self._initial_epoch = False, None
        logs = {}
        calls.on_train_begin()
        self.ran = range(self._initial_epoch or initial_epoch, epochs)
        for epoch in self.ran:
            logs = {name: values[epoch] for name, values in script.items()}
            calls.on_epoch_begin(epoch)
            for batch in range(self.steps):
                calls.on_train_batch_begin(batch)
                self.weight, self.optimizer.iterations = epoch + 1.0, self.optimizer.iterations + 1
                calls.on_train_batch_end(batch, {name: logs[name] for name in logs if not name.startswith("val_")})
                if self.stop_training:
                    break
                if epoch == crash_in:
                    raise KeyboardInterrupt
            calls.on_test_begin()
            calls.on_test_end({name[4:]: value for name, value in logs.items() if name.startswith("val_")})
            calls.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        calls.on_train_end(logs)
        return self.history
