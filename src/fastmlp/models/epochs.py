"""The epochs of a fit, one after the other, from the first or from where training had stopped."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from fastmlp._spelling import user_level
from fastmlp._validate import brief
from fastmlp.models.divergence import LossWatch
from fastmlp.models.feeds import BatchFeed
from fastmlp.models.resuming import Place, see, seen_by
from fastmlp.models.training import ArrayTraining, BatchTraining, Epoch

Logs = dict[str, Any]


def place_to_go_on_from(model: Any, asked: bool, feed: Any) -> Place | None:
    """Where fit goes on, if one asked for it or a callback has brought the model back to a place."""
    begins = model._initial_epoch  # as a callback says
    if not asked and begins is None:
        return None
    place: Place = model._place or Place(model._epoch if begins is None else begins, model._epoch)
    if not (place.within_epoch and isinstance(feed, BatchFeed) and feed.once):
        return place
    message = (f"fit: expected data that can be gone through again, to go on after {place.batches} batches of epoch "
               f"{place.epoch + 1}, got {brief(feed.source)}, which gives each batch once")  # fmt: skip
    if asked:
        raise ValueError(f"{message}; give a data set, Dataset.from_generator(function) for one")
    warnings.warn(f"{message}; the epoch begins anew", UserWarning, stacklevel=user_level())
    return place.anew()


class Epochs:
    """Epoch after epoch; at any moment the model knows where it stands.

    Parameters
    ----------
    model
        Which is trained.
    training
        What goes through the data.
    steps
        Batches an epoch, None for all.
    hooks
        What is called on the way.
    validate
        Gives the logs of validation after an epoch of that number, counted from 1.
    """

    def __init__(self, model: Any, training: ArrayTraining | BatchTraining, steps: int | None, hooks: Any,
                 validate: Callable[[int], Logs]) -> None:  # fmt: skip
        self.model, self.training, self.steps, self.hooks, self.validate = model, training, steps, hooks, validate
        self._watch = LossWatch(model, training.feed)

    def _feed(self) -> dict[str, Any]:
        return {"steps": self.steps, **self.training.place()}

    def go_on_from(self, place: Place) -> None:
        """Be where training stopped."""
        place.check(self._feed())
        if place.feed:
            self.training.go_to(place)

    def run(self, begin: int, epochs: int, place: Place | None) -> Logs:
        """The epochs from `begin` up to `epochs`, the first of them from a place in it; the logs of the last."""
        logs: Logs = {}
        over = place is not None and not place.within_epoch and self.model.stop_training  # so it was when backed up
        for number in () if over else range(begin, epochs):
            optimizer = self.model.optimizer
            rate = optimizer._rate.numpy()
            try:
                logs = self._one(number, place)
            except BaseException:
                stands = self.model._place
                if stands is not None and stands.epoch == number and not stands.within_epoch:
                    _put_back(optimizer, rate)  # for callbacks will change it once more
                raise
            place = None
            if self.model.stop_training:
                break
        return logs

    def _one(self, number: int, place: Place | None) -> Logs:
        model = self.model
        begun = Place(number, model._epoch) if place is None else place
        begun.feed = self._feed()
        model._place = begun
        self._begin(number, begun)
        epoch = Epoch(model._network(self.training.batch), model._need_compiled("fit"), self.hooks, model, begun)
        if not begun.within_epoch:
            see(model, begun.seen)
        model.reset_metrics()  # those that a class's own `metrics` leaves out go on from epoch to epoch
        if begun.within_epoch:
            see(model, begun.seen)
        model._under_way = epoch
        try:
            self.training.epoch(epoch, self.steps)
            logs = epoch.close()
            model._epoch = begun.counted + 1
            self._watch.look(number + 1, logs)
            logs |= self.validate(number + 1)
        finally:
            model._place, model._under_way = epoch.place(), None
        if epoch.whole:
            model._place = Place(number + 1, model._epoch, feed=self._feed(), seen=seen_by(model))
        self.hooks.on_epoch_end(number, logs)
        return logs

    def _begin(self, number: int, begun: Place) -> None:
        """Tell of the epoch; what callbacks make of the learning rate when it begins is done, if it began before."""
        optimizer = self.model.optimizer
        rate = optimizer._rate.numpy()
        self.hooks.on_epoch_begin(number)
        if begun.within_epoch:
            _put_back(optimizer, rate)


def _put_back(optimizer: Any, rate: Any) -> None:
    """Let the learning rate be what it was."""
    if optimizer._rate.numpy() != rate:
        optimizer.learning_rate = float(rate)
