"""What scripts for older Keras call: methods that are gone there, and arguments under other names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from fastmlp._spelling import older_spelling

_F = TypeVar("_F", bound=Callable[..., Any])

_RENAMED = {"nb_epoch": "epochs"}
_NOTHING_HERE = {"max_q_size", "max_queue_size", "nb_worker", "pickle_safe", "use_multiprocessing", "workers"}


def older_arguments(method: _F) -> _F:
    """Decorator: arguments of older Keras are taken as those of today, or left out where there is nothing to them."""

    @wraps(method)
    def called(self: Any, *args: Any, **settings: Any) -> Any:
        for name in [name for name in settings if name in _RENAMED]:
            older_spelling(f"{method.__name__}: {name}= is the older spelling; write {_RENAMED[name]}=")
            settings[_RENAMED[name]] = settings.pop(name)
        for name in [name for name in settings if name in _NOTHING_HERE]:
            older_spelling(f"{method.__name__}: {name}= is of older Keras; leave it out, there is nothing to it")
            del settings[name]
        return method(self, *args, **settings)

    return called  # type: ignore[return-value]


class Older:
    """Methods of models that Keras has no longer."""

    fit: Callable[..., Any]
    evaluate: Callable[..., Any]
    predict: Callable[..., Any]

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
        **older: Any,
    ) -> Any:
        """What older scripts call: `fit`."""
        older_spelling("fit_generator is of older Keras; write fit(generator, …)")
        return self.fit(
            generator, epochs=epochs, verbose=verbose, callbacks=callbacks, validation_data=validation_data,
            shuffle=shuffle, class_weight=class_weight, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps, validation_freq=validation_freq, **older,
        )  # fmt: skip

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
    ) -> Any:
        """What older scripts call: `evaluate`."""
        older_spelling("evaluate_generator is of older Keras; write evaluate(generator, …)")
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
    ) -> Any:
        """What older scripts call: `predict`."""
        older_spelling("predict_generator is of older Keras; write predict(generator, …)")
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """What older scripts call: the class each row's output is for, 1 above 0.5 where there is one output."""
        older_spelling("predict_classes is of older Keras; write predict(x).argmax(axis=1), or predict(x) > 0.5")
        p = self.predict(x, batch_size, verbose)
        return p.argmax(axis=-1) if p.shape[-1] > 1 else (p > 0.5).astype(np.int32)

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """What older scripts call: `predict`."""
        older_spelling("predict_proba is of older Keras; write predict(x)")
        return self.predict(x, batch_size, verbose)
