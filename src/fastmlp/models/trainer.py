"""Trainer: compile, fit, evaluate and predict, for whoever has layers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp._spelling import user_level
from fastmlp._validate import brief, flag, number, whole
from fastmlp.losses.base import KernelLoss
from fastmlp.models.columns import alone, rows_of, tree_of, weights_of
from fastmlp.models.compiled import Compiled
from fastmlp.models.epochs import Epochs, place_to_go_on_from
from fastmlp.models.evaluation import MeanLoss, evaluate, evaluate_rows, evaluated
from fastmlp.models.feeds import ArrayFeed, BatchFeed, is_array
from fastmlp.models.hooks import CallbackList, History
from fastmlp.models.older import Older, older_arguments
from fastmlp.models.prediction import predict
from fastmlp.models.progress import verbosity
from fastmlp.models.reading import Reading
from fastmlp.models.several import Several
from fastmlp.models.targets import look_for_traps, target_rows
from fastmlp.models.training import ArrayTraining, BatchTraining, Epoch, RowOrder, train_batch
from fastmlp.models.turns import in_turn


class Trainer(Older, Reading):
    """The part of a model that trains it."""

    # ---- data

    def _feed_of(self, where: str, x: Any, y: Any, weights: Any, classes: Any = None) -> ArrayFeed:
        """Arrays, all checked."""
        compiled = self._need_compiled(where)
        rows = self._rows_of(where, x)
        if not len(rows):
            raise ValueError(f"{where}: expected at least one row, got x.shape={rows.shape}; check how x was made")
        loss: Any = compiled.loss
        if y is None and loss is not None:
            raise ValueError(f"{where}: expected y, got None; give the targets of x")
        targets = None if y is None else self._targets(where, y, len(rows), loss)
        feed = ArrayFeed(rows, targets, weights_of(where, weights, len(rows)))
        feed.weigh(where, classes)
        return feed

    def _targets(self, where: str, y: Any, rows: int, loss: Any) -> Any:
        """y in the form that the loss takes; what a loss of one's own takes is its affair."""
        shape = self.output_shape  # type: ignore[attr-defined]
        plain = isinstance(shape, tuple) and len(shape) == 2 and isinstance(loss, KernelLoss)
        if not self.why_taped or plain:
            y = alone(y, next(iter(self.output_names), None), 2)  # type: ignore[attr-defined]
            return target_rows(where, y, rows, math.prod(shape[1:]), loss)
        targets = rows_of(f"{where}: y", y)
        if isinstance(self._compiled, Several):
            self._compiled.check(where, tree_of(targets), rows)
        return targets

    def _converter(self, where: str, classes: Any = None) -> Callable[[Any, Any, Any], ArrayFeed]:
        return lambda x, y, weights: self._feed_of(where, x, y, weights, classes)

    def _source(self, where: str, x: Any, y: Any, weights: Any, classes: Any, steps: int | None,
                shuffle: bool = False) -> ArrayFeed | BatchFeed:  # fmt: skip
        if is_array(x):
            return self._feed_of(where, x, y, weights, classes)
        feed = BatchFeed(where, x, steps, shuffle)
        if y is not None or weights is not None:
            raise ValueError(f"{where}: expected y and sample_weight inside the batches of x, got them besides; "
                             "let x give (x, y, sample_weight)")  # fmt: skip
        return self._built_for(feed)

    def _built_for(self, feed: BatchFeed) -> BatchFeed:
        """The feed; a model that does not know its input's shape takes that of the first batch."""
        if not self.built:
            self._rows_of(feed.where, feed.first()[0])
        return feed

    # ---- fit

    @older_arguments
    @in_turn
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        resume: bool = False,
    ) -> History:
        """Train for the epochs from `initial_epoch` up to `epochs`; returns the History, losses and metrics by epoch.

        Parameters
        ----------
        x, y
            Arrays of any number type and layout, read where they lie; or x a generator, a data set or a PyDataset
            that gives batches (x, y) or (x, y, sample_weight).
        batch_size
            Rows a step, 32 unless given; the last batch of an epoch may be smaller.
        verbose
            0: silent, 1 or "auto": a progress line, 2: a line an epoch.
        validation_split, validation_data
            The last share of the rows, taken before shuffling; or (x, y) or (x, y, sample_weight), or batches.
        shuffle
            Whether each epoch takes the rows in a new order; "batch" keeps batches together, the last rows last if they
            are fewer than a batch. Batches of a PyDataset come in a new order, too.
        class_weight, sample_weight
            What a row's loss counts for, by its class or each.
        steps_per_epoch, validation_steps
            Batches an epoch, instead of all. With arrays an epoch that needs more than are left begins the next pass.
        validation_freq
            Validate every so many epochs, or after those listed (from 1).
        resume
            Go on where the last fit of this model stopped, or that of the model it was loaded or copied from: in the
            epoch, and after the batch, that it had come to. With the same data and settings all becomes as if it had
            never stopped, bit for bit; Keras has no such argument. A model that was never trained begins.
            Callbacks begin anew, and so does the History: a BackupAndRestore goes on with these, too.

        Notes
        -----
        A loss that becomes NaN or infinite, or grows beyond measure, does not stop training, `TerminateOnNaN` does; at
        the end of that epoch a RuntimeWarning says where it comes from and what helps: `fastmlp.models.divergence`.
        """
        compiled = self._need_compiled("fit")
        self._need_same_layers("fit")
        epochs, initial_epoch = whole("fit: epochs", epochs, 0), whole("fit: initial_epoch", initial_epoch, 0)
        if flag("fit: resume", resume) and initial_epoch:
            raise ValueError(f"fit: expected initial_epoch or resume, which knows it, got {initial_epoch} and True; "
                             "leave one out")  # fmt: skip
        steps = _whole_or_none("fit: steps_per_epoch", steps_per_epoch)
        validation_steps = _whole_or_none("fit: validation_steps", validation_steps)
        if validation_batch_size is not None:
            validation_batch_size = _row_count("fit: validation_batch_size", validation_batch_size)
        listed = isinstance(validation_freq, (list, tuple, set))
        for number_of_epochs in validation_freq if listed else (validation_freq,):
            whole("fit: validation_freq", number_of_epochs)
        if np.ndim(shuffle) or shuffle not in (True, False, None, "batch"):
            raise ValueError(f"fit: expected shuffle True, False or 'batch', got {brief(shuffle)}; give one of these")
        splits = bool(validation_split) and validation_data is None  # then classes weigh in training only
        feed = self._source("fit", x, y, sample_weight, None if splits else class_weight, steps, bool(shuffle))
        size = _batch_size("fit", batch_size, feed)
        held = self._held_out(feed, validation_split, validation_data, validation_steps)
        if isinstance(feed, ArrayFeed) and splits:
            feed, held = feed.split(number("fit: validation_split", validation_split, 0, 1))
            feed.weigh("fit", class_weight)
        self._warn(compiled, feed, held if splits else None)
        total = steps or feed.steps(size)
        self._tell_schedule(total)
        stood = self._place, self.history
        hooks = CallbackList(callbacks, add_history=True, add_progbar=verbosity("fit", verbose) != 0, model=self,
                             verbose=verbose, epochs=epochs, steps=total)  # fmt: skip
        self.stop_training = False
        self._initial_epoch = None

        def validate(number: int) -> dict[str, Any]:
            if held is None or not _is_due(validation_freq, number):
                return {}
            found = self._validate(held, validation_batch_size or size, validation_steps, hooks)
            return {f"val_{name}": value for name, value in found.items()}

        with self._unless_begun(stood), hooks.running():
            hooks.on_train_begin()  # where a backup may bring all back to how far training had come
            place = place_to_go_on_from(self, resume, feed)
            run = Epochs(self, self._training(feed, size, shuffle, class_weight), steps, hooks, validate)
            if place is not None:
                run.go_on_from(place)
                initial_epoch = place.epoch
            logs = run.run(initial_epoch, epochs, place)
            restored = self._initial_epoch is not None  # perhaps after the last epoch, with the end to come
            if compiled.optimizer.use_ema and (resume or restored or epochs > initial_epoch):
                compiled.optimizer.finalize_variable_values(self.trainable_weights)  # type: ignore[attr-defined]
            hooks.on_train_end(logs)
        assert hooks.history is not None
        return hooks.history

    @contextmanager
    def _unless_begun(self, stood: Any) -> Iterator[None]:
        """Stand where training stood, with its history, if data or callbacks are refused before anything is learnt."""
        try:
            yield
        except (TypeError, ValueError, OSError, ImportError):
            begun = self._place is not None and self._place.batches or self.history is not None and self.history.epoch
            if self._initial_epoch is None and not begun:  # no callback has brought another place
                self._place, self.history = stood
            raise

    def _training(self, feed: Any, size: int, shuffle: Any, classes: Any) -> ArrayTraining | BatchTraining:
        """What goes through the data, in the orders that the model's seed has for its next epochs."""
        if isinstance(feed, BatchFeed):
            return BatchTraining(feed, self._converter("fit", classes), self._shuffle_seed, self._epoch)
        order = RowOrder(feed.rows, size, shuffle, self._shuffle_seed, self._epoch)
        return ArrayTraining(feed, order)

    def _held_out(self, feed: Any, split: Any, data: Any, steps: int | None) -> ArrayFeed | BatchFeed | None:
        """What to validate on, where it is given."""
        if data is None:
            if split and isinstance(feed, BatchFeed):
                raise ValueError("fit: expected arrays with validation_split, got batches; give validation_data")
            return None
        if not isinstance(data, (tuple, list)):
            return self._source("fit: validation_data", data, None, None, None, steps)
        if len(data) not in (2, 3):
            raise ValueError(f"fit: expected validation_data (x, y) or (x, y, sample_weight), got {len(data)} parts; "
                             "give two or three")  # fmt: skip
        x, y, weights = (*data, None)[:3]
        return self._source("fit: validation_data", x, y, weights, None, steps)

    def _validate(self, held: Any, size: int, steps: int | None, hooks: Any) -> dict[str, Any]:
        hooks.on_test_begin()
        program, compiled = self._network(), self._need_compiled("fit")
        found = evaluate(self, program, compiled, held, size, steps, self._converter("fit: validation_data"), hooks)
        hooks.on_test_end(found)
        return found

    def _warn(self, compiled: Compiled, feed: Any, held: Any) -> None:
        if self.why_taped:
            return
        compiled.settle(int(np.prod(self.output_shape[1:])))  # type: ignore[attr-defined]
        if isinstance(feed, ArrayFeed):
            for message in look_for_traps(self.in_line(), compiled, feed, held):
                warnings.warn(message, UserWarning, stacklevel=user_level())

    def _tell_schedule(self, steps: int | None) -> None:
        """Decay formulas by epoch want to know how many steps one has."""
        schedule = self.optimizer.schedule
        if steps is not None and getattr(schedule, "wants_steps_per_epoch", False):
            schedule.steps_per_epoch = steps

    # ---- evaluate, predict

    @older_arguments
    @in_turn
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics: a number without metrics, else a list (loss first) or, if asked for, a dict.

        The metrics' sums are those of fit, and this begins them anew: after it in a batch hook of fit, the epoch's
        metrics (not its loss) are those of the rows evaluated and of the batches to come. An epoch's end is free of it.
        """
        compiled = self._need_compiled("evaluate")
        steps, return_dict = _whole_or_none("evaluate: steps", steps), flag("evaluate: return_dict", return_dict)
        feed = self._source("evaluate", x, y, sample_weight, None, steps)
        size = _batch_size("evaluate", batch_size, feed)
        program = self._network()
        hooks = _hooks(callbacks, self, verbosity("evaluate", verbose), steps or feed.steps(size))
        with hooks.running():
            hooks.on_test_begin()
            logs = evaluate(self, program, compiled, feed, size, steps, self._converter("evaluate"), hooks)
            hooks.on_test_end(logs)
        return _results(logs, return_dict)

    @older_arguments
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The output for each row of an array, or of batches, of which it takes the features alone.

        Several threads may predict with one model at once, also by `predict_on_batch` and by calling it. With callbacks
        or from batches they take turns: other people's code takes part then, which may change the model. In the middle
        of a fit of another thread all these raise a RuntimeError.
        """
        steps = _whole_or_none("predict: steps", steps)
        if is_array(x) and callbacks is None:
            return self._read("predict", x, lambda program, rows: self._predict(
                program, program.outputs, ArrayFeed(rows, None, None), batch_size, verbose, steps))  # fmt: skip

        def with_others() -> Any:  # a generator's code and that of callbacks may use the model, and change it
            feed: Any = None if is_array(x) else self._built_for(BatchFeed("predict", x, steps))
            feed = feed or ArrayFeed(self._rows_of("predict", x), None, None)
            program = self._network()
            return self._predict(program, program.call, feed, batch_size, verbose, steps, callbacks)

        return self._turn.alone("predict", with_others)

    def _predict(self, program: Any, compute: Callable[[np.ndarray], np.ndarray], feed: Any, batch_size: int | None,
                 verbose: Any, steps: int | None, callbacks: Any = None) -> Any:  # fmt: skip
        size = _batch_size("predict", batch_size, feed)
        if steps is not None and isinstance(feed, ArrayFeed):
            feed = feed.rows_at(slice(steps * size))
        hooks = _hooks(callbacks, self, verbosity("predict", verbose), feed.steps(size))
        with hooks.running():
            hooks.on_predict_begin()
            outputs = predict(program, compute, feed, size, lambda rows: self._rows_of("predict", rows), hooks)
            hooks.on_predict_end()
        return outputs

    # ---- single batches

    @in_turn
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: Mapping[int, float] | None = None, return_dict: bool = False) -> Any:  # fmt: skip
        """One step; loss and metrics of this batch alone, as training saw it."""
        compiled, return_dict = self._need_compiled("train_on_batch"), flag("train_on_batch: return_dict", return_dict)
        self._need_same_layers("train_on_batch")
        feed = self._feed_of("train_on_batch", x, y, sample_weight, class_weight)
        epoch = Epoch(self._network(feed.rows), compiled, CallbackList(), self)
        stopped, self.stop_training = self.stop_training, False
        self.reset_metrics()
        try:
            train_batch(epoch, feed)
        finally:
            self.stop_training = stopped
        return _results(epoch.logs(), return_dict)

    @in_turn
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of a batch."""
        compiled, return_dict = self._need_compiled("test_on_batch"), flag("test_on_batch: return_dict", return_dict)
        feed = self._feed_of("test_on_batch", x, y, sample_weight)
        program, mean = self._network(), MeanLoss(compiled.loss)
        self.reset_metrics()
        evaluate_rows(program, compiled, feed, feed.rows, mean)
        return _results(evaluated(program, compiled, mean), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The output for a batch."""
        return self._read("predict_on_batch", x, _outputs)


def _outputs(program: Any, rows: Any) -> Any:
    return program.outputs(rows)


def _results(logs: dict[str, Any], return_dict: bool) -> Any:
    if return_dict:
        return dict(sorted(logs.items()))
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _batch_size(where: str, given: Any, feed: Any) -> int:
    if given is not None and isinstance(feed, BatchFeed):
        raise ValueError(f"{where}: expected no batch_size with data that comes in batches, got {given}; leave it out")
    return 32 if given is None else _row_count(f"{where}: batch_size", given)


def _row_count(where: str, value: Any) -> int:
    """So many rows; of a number beyond 64 bits, more than there can be."""
    return min(whole(where, value), 1 << 62)


def _hooks(callbacks: Any, model: Any, verbose: int, steps: int | None) -> CallbackList:
    if isinstance(callbacks, CallbackList):
        return callbacks
    return CallbackList(callbacks, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=1, steps=steps)


def _is_due(freq: Any, epoch: int) -> bool:
    if isinstance(freq, (list, tuple, set)):
        return epoch in freq
    return bool(epoch % freq == 0)


def _whole_or_none(where: str, value: Any) -> int | None:
    return None if value is None else whole(where, value)
