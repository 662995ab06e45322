"""Callbacks that write files to come back to: ModelCheckpoint, BackupAndRestore."""

from __future__ import annotations

import json
import os
import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastmlp import saving
from fastmlp._validate import brief, flag, user_level, whole
from fastmlp.callbacks.monitor import MonitorCallback
from fastmlp.models.hooks import Callback, Logs
from fastmlp.models.progress import say, verbosity
from fastmlp.saving import atomic, native
from fastmlp.saving.atomic import OF_KERAS, checked_path, path_of
from fastmlp.saving.training import apart
from fastmlp.saving.weights import free_name

_BATCH = ("on_train_batch_begin", "on_train_batch_end")


class _Periodic(Callback):
    """Does something at the end of epochs, or whenever `save_freq` further batches are done."""

    _kept: tuple[str, ...] = ("_waiting",)

    def __init__(self, save_freq: Any) -> None:
        where = f"{type(self).__name__}: save_freq"
        if isinstance(save_freq, str) and save_freq != "epoch":
            raise ValueError(f"{where}: expected 'epoch' or a number of batches, got {save_freq!r}; give one of these")
        self.save_freq = save_freq if save_freq == "epoch" else whole(where, save_freq)
        self._epoch, self._seen, self._waiting = 0, -1, 0

    def _uses(self, *hooks: str) -> bool:
        if self.save_freq == "epoch":  # then the batch hooks do nothing, unless a class of one's own says them anew
            mine = [one for one in _BATCH if getattr(type(self), one) is getattr(_Periodic, one)]
            hooks = tuple(one for one in hooks if one not in mine)
        return super()._uses(*hooks)

    def _save_now(self, epoch: int, batch: int | None, logs: Logs) -> None:
        raise NotImplementedError

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Count batches from here."""
        self._epoch, self._seen = epoch, -1

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Count from this one, the first of this epoch that is seen: those before it were another fit's."""
        if self._seen < 0:
            self._seen = batch - 1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save if enough batches are done."""
        if self.save_freq == "epoch":
            return
        self._waiting += batch - self._seen
        self._seen = batch
        if self._waiting >= self.save_freq:
            self._waiting = 0
            self._save_now(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save if epochs are what counts."""
        if self.save_freq == "epoch":
            self._save_now(epoch, None, logs or {})


class ModelCheckpoint(_Periodic, MonitorCallback):
    """Saves the model, or its weights, after epochs or batches; all of them or the best so far.

    Parameters
    ----------
    filepath
        May hold ``{epoch}``, counted from 1, ``{batch}`` and names of the logs:
        ``"{epoch:02d}-{val_loss:.2f}.keras"``. The ending says in which format, as for `save` and `save_weights`.
    monitor, mode
        What `save_best_only` goes by, as for `EarlyStopping`.
    verbose
        1: say so.
    save_best_only
        Save only what is better than all before.
    save_weights_only
        ``model.save_weights(filepath)`` instead of ``model.save(filepath)``.
    save_freq
        'epoch', or the number of batches between saves; then training comes back to Python after every batch.
    initial_value_threshold
        Save nothing that is not better than this.

    >>> ModelCheckpoint("best.safetensors", save_best_only=True).save_freq
    'epoch'
    """

    _kept = ("_waiting", "best")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        MonitorCallback.__init__(self, monitor, mode, initial_value_threshold)
        _Periodic.__init__(self, save_freq)
        self.save_weights_only = flag("ModelCheckpoint: save_weights_only", save_weights_only)
        endings = (".weights.h5",) if save_weights_only else OF_KERAS
        self.filepath = checked_path("ModelCheckpoint", filepath, endings)
        self.verbose = verbosity("ModelCheckpoint", verbose)
        self.save_best_only = flag("ModelCheckpoint: save_best_only", save_best_only)

    def _save_now(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if not self._worth_it(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint: expected a path for a file, got the directory {path!r}; "
                                    "add a file name")  # fmt: skip
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path, overwrite=True)
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        names = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**names)
        except (KeyError, IndexError) as error:
            raise ValueError(f"ModelCheckpoint: expected names among {sorted(names)} in {self.filepath!r}, "
                             f"got {error}; change the path, or have fit measure it") from None  # fmt: skip

    def _worth_it(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            self._tell(f"\nEpoch {epoch + 1}: saving model to {path}")
            return True
        current = self._monitored(logs, "every model is saved")
        if current is None:
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._tell(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {best}")
            return False
        self._tell(f"\nEpoch {epoch + 1}: {self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _tell(self, message: str) -> None:
        if self.verbose > 0:
            say(message)


class BackupAndRestore(_Periodic):
    """Keeps a backup of the whole state of training, and takes an interrupted fit up again where it was.

    The fit that is run anew after an interruption, by SIGKILL too, goes on after the epoch that was backed up last, or
    after the batch if the backup was made within an epoch, and with the same data and callbacks ends as if it had never
    been interrupted, bit for bit: what the other callbacks count, the History and the file of a CSVLogger included. It
    is called after all other callbacks, wherever it stands among them; those of your own are kept by their `get_state`
    and `set_state`. A fit that ends as it should removes its backup.

    Parameters
    ----------
    backup_dir
        A directory for this fit alone.
    save_freq
        'epoch', or the number of batches between backups.
    double_checkpoint
        Keep the last but one, too, and take it if the last cannot be read.
    delete_checkpoint
        Remove the backup when training is done.

    >>> BackupAndRestore("backup").save_freq
    'epoch'
    """

    # A backup is a state and a note that names it. The note is replaced in one move when the state is complete, and
    # removed before it: at any moment the note that is there names a state that is whole.

    _last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__(save_freq)
        self.backup_dir = path_of("BackupAndRestore", backup_dir)
        if not self.backup_dir:
            raise ValueError(f"BackupAndRestore: expected a directory, got {brief(backup_dir)}; name one")
        self.double_checkpoint = flag("BackupAndRestore: double_checkpoint", double_checkpoint)
        self.delete_checkpoint = flag("BackupAndRestore: delete_checkpoint", delete_checkpoint)
        self._note = Path(self.backup_dir) / "training_metadata.json"
        self._previous = Path(f"{self._note}.bkp")
        self._others: list[Callback] = []

    def _meet(self, callbacks: list[Callback]) -> None:
        self._others = [one for one in callbacks if not isinstance(one, BackupAndRestore)]

    def _by_name(self) -> dict[str, Callback]:
        """The others by their classes, counted."""
        found: dict[str, Callback] = {}
        for one in self._others:
            found[free_name(type(one).__name__, found)] = one
        return found

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go back to the last backup that can be read, if there is one."""
        self._waiting = 0
        if self._note.parent.exists() and not self._note.parent.is_dir():
            raise NotADirectoryError(f"BackupAndRestore: expected a directory, got the file {self.backup_dir!r}; take "
                                     "another name")  # fmt: skip
        failed: Exception | None = None
        for note in filter(Path.exists, (self._note, self._previous)):
            try:
                epoch, state = _noted(note, native.start_of("BackupAndRestore", str(note)))
                extra = saving.load_state(self.model, state)
            except (OSError, ValueError) as error:
                failed = failed or error
            else:
                self._go_on(epoch, extra)
                return
        if failed is not None:
            raise RuntimeError(f"BackupAndRestore: expected a backup that can be read in {self.backup_dir!r}, got one "
                               f"that cannot: {failed}; remove it to begin anew") from failed  # fmt: skip

    def _go_on(self, epoch: int, extra: dict[str, Any]) -> None:
        """Let fit and the other callbacks go on from there."""
        self.model._initial_epoch = epoch
        self.model.stop_training = bool(extra.get("stop_training"))
        states = extra.get("callbacks", {})
        for name, callback in self._by_name().items():
            if name in states:
                callback.set_state(states[name])

    def _save_now(self, epoch: int, batch: int | None, logs: Logs) -> None:
        self._note.parent.mkdir(parents=True, exist_ok=True)
        older = self._states()
        state = self._note.parent / f"state-{int(older[-1].name[6:]) + 1 if older else 1}"
        extra = {"stop_training": bool(self.model.stop_training), "callbacks": self._of_others()}
        saving.save_state(self.model, state, extra)
        done = {"epoch": epoch + 1, "batch": 0} if batch is None else {"epoch": epoch, "batch": batch + 1}
        keep = ""
        if self.double_checkpoint and self._note.exists():
            with atomic.naming(str(self._note), "a backup that can be read", "remove it to begin anew"):
                note = self._note.read_bytes()
            with suppress(ValueError):  # a note that was spoilt, as one on which fit cannot go on
                keep = _noted(self._note, note)[1].name
            atomic.write(str(self._previous), [note])
        atomic.write(str(self._note), [json.dumps({**done, "state": state.name}).encode()])
        for path in older:
            if path.name != keep:
                path.unlink()

    def _of_others(self) -> dict[str, Any]:
        """What the other callbacks have come to."""
        found = {}
        for name, callback in self._by_name().items():
            state = callback.get_state()
            try:
                apart(f"{name}.get_state", state)
            except ValueError as error:
                warnings.warn(f"BackupAndRestore: {error}; it begins anew if training is broken off", UserWarning,
                              stacklevel=user_level())  # fmt: skip
            else:
                found[name] = state
        return found

    def _states(self) -> list[Path]:
        """The states that are there, oldest first."""
        found = [path for path in self._note.parent.glob("state-*") if path.name[6:].isdigit()]
        return sorted(found, key=lambda path: int(path.name[6:]))

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the backup, and the directory unless it holds anything else."""
        if not self.delete_checkpoint or not self._note.parent.is_dir():
            return
        for path in (self._previous, self._note, *self._states()):
            path.unlink(missing_ok=True)
        atomic.sweep(str(self._note.parent))
        with suppress(OSError):  # it holds something else, or is the one we are in
            self._note.parent.rmdir()


def _noted(note: Path, text: bytes) -> tuple[int, Path]:
    """What a note of BackupAndRestore says: the epoch to go on with, and the state, which lies beside it."""
    kept = native.as_dict(note.name, native.parse(text.decode()))
    epoch, state = kept.get("epoch"), kept.get("state")
    if type(epoch) is not int or epoch < 0 or not re.fullmatch("state-[0-9]+", str(state)):
        raise ValueError(f"{note}: expected the number of an epoch and the name of a state, got {brief(kept)}")
    return epoch, note.parent / str(state)
