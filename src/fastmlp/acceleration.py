"""accelerate: a model of Keras's that trains here, in C, and gets its weights back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fastmlp._objects import deserialize
from fastmlp._validate import brief
from fastmlp.callbacks import Callback
from fastmlp.models.feeds import is_array
from fastmlp.neighbours.keras import need_keras, twins_of
from fastmlp.neighbours.keras_objects import our_object
from fastmlp.neighbours.keras_twins import Twins, number_of

_TRAIN = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST = ("on_test_batch_begin", "on_test_batch_end")


def accelerate(model: Any, on: bool = True) -> Any:
    """Let ``model.fit`` of this model of Keras's train here; it stays a model of Keras's. Returns it.

    Every `fit` takes the weights and the optimizer's memory as they are then, trains by fastmlp and brings all back: at
    the ends of epochs, for callbacks to see, at the ends of batches if a callback wants to be called there, and when an
    exception or Ctrl-C ends it. Callbacks are Keras's own and work on Keras's model: weights or a learning rate they
    change, and ``stop_training``, count here. Shuffles and noise are fastmlp's; ``keras.utils.set_random_seed`` makes
    them repeatable. `evaluate`, `predict`, `save` and single batches remain Keras's: with the weights that were
    brought back they give what they would have given.

    Parameters
    ----------
    model
        A compiled ``keras.Sequential``, or ``keras.Model`` of inputs and outputs, of any backend. What fastmlp has not
        is an error that names the layer, before anything is changed.
    on
        False gives `fit` back to Keras.

    Examples
    --------
    ::

        model = fastmlp.accelerate(model)
        model.fit(x, y, epochs=10, callbacks=[keras.callbacks.EarlyStopping(patience=3)])
    """
    keras = need_keras("accelerate")
    if not isinstance(model, keras.Model):
        raise TypeError(f"accelerate: expected a model of Keras's, got {brief(model)}; models of fastmlp are fast as "
                        "they are")  # fmt: skip
    if not on:
        vars(model).pop("fit", None)
        return model
    _need_compiled(model)
    twins_of(model)  # which says what cannot be
    vars(model)["fit"] = partial(_fit, model)
    return model


def _need_compiled(model: Any) -> None:
    if not model.compiled:
        raise RuntimeError(f"accelerate: expected a compiled model, got '{model.name}' before compile; call "
                           "compile(optimizer, loss) first")  # fmt: skip
    if model.run_eagerly:
        raise ValueError(f"accelerate: expected a model that may run in C, got '{model.name}' compiled with "
                         "run_eagerly=True; leave that out, or call accelerate(model, False)")  # fmt: skip


def _fit(
    model: Any,
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
) -> Any:
    """What `keras.Model.fit` does, by fastmlp; all arguments are those of both."""
    _need_compiled(model)
    _need_built(model, x)
    twins = twins_of(model)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
        twins.bind_mine()
        twins.give_me(twins.of_optimizer)
    _seed(twins.mine)
    bridge = _Bridge(twins, callbacks, verbose)
    model.stop_training = False
    try:
        twins.mine.fit(
            x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[bridge],
            validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
            class_weight=class_weight, sample_weight=sample_weight, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
            validation_batch_size=validation_batch_size, validation_freq=validation_freq,
        )  # fmt: skip
    except BaseException:
        bridge.give()
        raise
    return model.history


def _need_built(model: Any, x: Any) -> None:
    """Keras takes the shape of a model that has none from the first data; so it is done here, of arrays."""
    if model.built:
        return
    if not is_array(x) or isinstance(x, (Mapping, list, tuple)):
        raise ValueError(f"accelerate: expected a model whose input shape is known, got '{model.name}'; put Input "
                         "first, or call its build((None, features))")  # fmt: skip
    twins_of(model)
    model.build((None, *np.shape(x)[1:]))


def _seed(mine: Any) -> None:
    """Seeds of Keras's choosing, so that its one call makes these repeatable, too."""
    import keras

    seeds = number_of(keras.random.randint((2,), 0, 2**31 - 1))
    mine._program_seed, mine._shuffle_seed = int(seeds[0]), int(seeds[1])


class _Bridge(Callback):
    """Calls Keras's callbacks at the hooks of our training, and keeps both models alike where these look."""

    def __init__(self, twins: Twins, callbacks: Any, verbose: Any) -> None:
        self._twins, self._callbacks, self._verbose = twins, callbacks, verbose
        self._rate = twins.theirs.optimizer._learning_rate
        self._hooks: Any = None
        self._bar: Any = None  # the progress bar, if no callback has to be called after every batch
        self._watch = True  # whether there are callbacks that may change anything
        self._seen = self._numbers()
        self._steps = self._count()

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Make Keras's list, which tells its callbacks of the model and of these."""
        import keras

        self.params, theirs, given = params, self._twins.theirs, self._callbacks
        if isinstance(given, keras.callbacks.CallbackList):
            self._hooks = given
        else:
            self._hooks = keras.callbacks.CallbackList(given, add_history=True, add_progbar=self._verbose != 0,
                                                       model=theirs, verbose=self._verbose, epochs=params["epochs"],
                                                       steps=params["steps"])  # fmt: skip
        plain = (keras.callbacks.History, keras.callbacks.ProgbarLogger)
        users = [one for one in self._hooks.callbacks if type(one) not in plain]
        self._watch = bool(users)
        bars = [one for one in self._hooks.callbacks if type(one) is plain[1]]
        if any(_wants(one, _TRAIN) for one in users):
            self.on_train_batch_begin = partial(self._call, "on_train_batch_begin")  # type: ignore[method-assign]
            self.on_train_batch_end = partial(self._call, "on_train_batch_end")  # type: ignore[method-assign]
        elif bars:
            self._bar = bars[0]
            self.on_train_chunk_end = self._show  # type: ignore[method-assign]
        if any(_wants(one, _TEST) for one in users):
            self.on_test_batch_begin = partial(self._call, "on_test_batch_begin")  # type: ignore[method-assign]
            self.on_test_batch_end = partial(self._call, "on_test_batch_end")  # type: ignore[method-assign]

    # ---- hooks

    def _call(self, hook: str, *args: Any) -> None:
        """Call Keras's, on a model that has what ours has; then let ours have what they have changed."""
        self.give()
        getattr(self._hooks, hook)(*args)
        self._take()

    def _show(self, step: int, logs: Any = None) -> None:
        self._bar.on_train_batch_end(step - 1, logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch; a backup that is brought back says where to begin."""
        self._call("on_train_begin", logs)
        self._twins.mine._initial_epoch = getattr(self._twins.theirs, "_initial_epoch", None)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation."""
        self._call("on_epoch_end", epoch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before a validation."""
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """After it."""
        self._call("on_test_end", logs)

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch, and after weights may have become their means."""
        self._steps = -1
        self._call("on_train_end", logs)

    # ---- numbers

    def _pairs(self) -> list[Any]:
        return [*self._twins.weights, *self._twins.of_optimizer]

    def _numbers(self) -> list[np.ndarray]:
        return [number_of(their).copy() for their, _ in self._pairs()]

    def _count(self) -> int:
        """How many batches ours has trained on."""
        return int(self._twins.mine.optimizer.variables[0].numpy())

    def give(self) -> None:
        """Bring Keras's model to where ours is, if that has made a step since."""
        if self._count() == self._steps:
            return
        self._twins.give_them(self._pairs())
        self._steps = self._count()
        self._seen = self._numbers() if self._watch else []

    def _take(self) -> None:
        """Bring ours to where callbacks have brought Keras's."""
        theirs, mine = self._twins.theirs, self._twins.mine
        if not self._watch:
            return
        self._take_schedule()
        for i, (their, my) in enumerate(self._pairs()):
            now = number_of(their)
            if not np.array_equal(now, self._seen[i]):
                my.assign(now)
                self._seen[i] = now.copy()
        self._steps = self._count()
        mine.stop_training = mine.stop_training or bool(theirs.stop_training)

    def _take_schedule(self) -> None:
        """A schedule in place of the learning rate there was."""
        import keras

        rate = self._twins.theirs.optimizer._learning_rate
        if rate is self._rate:
            return
        described = keras.saving.serialize_keras_object(rate)
        if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError(f"accelerate: expected a number or a schedule as learning rate, got {brief(rate)}; make "
                            "it a LearningRateSchedule")  # fmt: skip
        self._twins.mine.optimizer.learning_rate = deserialize(our_object("learning_rate", described, "schedules"))
        self._rate, self._seen = rate, self._numbers()


def _wants(callback: Any, hooks: tuple[str, ...]) -> bool:
    """Whether a callback does something in any of these hooks, by its class or by a function of its own."""
    import keras

    if getattr(callback, "save_freq", None) in ("epoch", False):  # a checkpoint, whose hook then does nothing
        known = (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)
        if type(callback) in known:
            return False
    base = keras.callbacks.Callback
    return any(hook in vars(callback) or getattr(type(callback), hook, None) is not getattr(base, hook)
               for hook in hooks)  # fmt: skip
