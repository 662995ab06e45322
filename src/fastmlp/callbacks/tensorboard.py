"""TensorBoard: the logs as curves that its page draws."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import Any

from fastmlp._validate import need_package, whole
from fastmlp.models.hooks import Callback, Logs
from fastmlp.saving.atomic import path_of


class TensorBoard(Callback):
    """Writes the loss, the metrics and the learning rate for TensorBoard: ``tensorboard --logdir logs``.

    Curves and tags are those of Keras: ``epoch_loss``, … in the runs `train` and `validation`, and with `update_freq`
    ``batch_loss``, …. Needs the package tensorboard. Histograms, graphs, images, embeddings and profiles, which Keras
    writes as well, are not written.

    Parameters
    ----------
    log_dir
        Where to.
    write_steps_per_second
        One more curve: how many batches a second.
    update_freq
        'epoch', 'batch', or a number: note the losses of every so many batches, too; then training comes back to Python
        after every batch.
    """

    _kept = ("_batches",)

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        self.log_dir, self.write_steps_per_second = path_of("TensorBoard", log_dir), write_steps_per_second
        whole("TensorBoard: histogram_freq", histogram_freq, 0)
        given = {"histogram_freq": histogram_freq, "write_images": write_images, "profile_batch": profile_batch,
                 "embeddings_freq": embeddings_freq}  # fmt: skip
        unmet = [name for name, value in given.items() if value]
        if unmet:
            warnings.warn(f"TensorBoard: {', '.join(unmet)} asked for; only scalars are written", stacklevel=2)
        if update_freq not in ("epoch", "batch"):
            update_freq = whole("TensorBoard: update_freq", update_freq)
        self.update_freq = update_freq
        self._every = 0 if update_freq == "epoch" else 1 if update_freq == "batch" else int(update_freq)
        self._writers: dict[str, Any] = {}
        self._batches = 0
        self._begun = (0.0, 0)
        self._in_fit = False

    def _uses(self, *hooks: str) -> bool:
        mine = type(self).on_train_batch_end is TensorBoard.on_train_batch_end
        if not self._every and mine:  # then the batch hook does nothing
            hooks = tuple(hook for hook in hooks if hook != "on_train_batch_end")
        return super()._uses(*hooks)

    def _modules(self) -> tuple[Any, Any, Any]:
        """What writes the files, and what is in them."""
        who, what, mend = "TensorBoard", "the package tensorboard, which writes its files", "pip install tensorboard"
        files = need_package(who, "tensorboard.summary.writer.event_file_writer", what, mend)
        events = need_package(who, "tensorboard.compat.proto.event_pb2", what, mend)
        return files, events, need_package(who, "tensorboard.compat.proto.summary_pb2", what, mend)

    def _write(self, run: str, scalars: Logs, step: int) -> None:
        files, events, summaries = self._modules()
        if run not in self._writers:
            self._writers[run] = files.EventFileWriter(str(Path(self.log_dir) / run))
        values = [summaries.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in scalars.items()]
        self._writers[run].add_event(
            events.Event(wall_time=time.time(), step=step, summary=summaries.Summary(value=values))
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count batches from here, once it is clear that files can be written."""
        self._modules()
        self._batches, self._in_fit = 0, True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files, each of which has a thread."""
        for writer in self._writers.values():
            writer.close()
        self._writers, self._in_fit = {}, False

    def on_abort(self, logs: Logs | None = None) -> None:
        """Close them."""
        self.on_train_end()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._begun = (time.perf_counter(), int(self.model.optimizer.iterations))

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Note the logs of every so many batches."""
        self._batches += 1
        if self._every and self._batches % self._every == 0:
            self._write("train", {f"batch_{name}": value for name, value in (logs or {}).items()}, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the logs of the epoch."""
        logs = {**(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        if self.write_steps_per_second:
            begun, steps = self._begun
            logs["steps_per_second"] = (int(self.model.optimizer.iterations) - steps) / (time.perf_counter() - begun)
        runs: dict[str, Logs] = {"train": {}, "validation": {}}
        for name, value in logs.items():
            run = "validation" if name.startswith("val_") else "train"
            runs[run]["epoch_" + name.removeprefix("val_")] = value
        for run, scalars in runs.items():
            if scalars:
                self._write(run, scalars, epoch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Note an evaluation by the number of updates made before it."""
        scalars = {f"evaluation_{name}_vs_iterations": value for name, value in (logs or {}).items()}
        if scalars:
            self._write("validation", scalars, int(self.model.optimizer.iterations))
        if not self._in_fit:
            self.on_train_end()
