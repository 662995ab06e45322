"""Resuming: how far the epochs of fit had come, so that another fit goes on from there to the same bits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmlp._spelling import user_level
from fastmlp._validate import brief, flag, whole
from fastmlp.metrics.base import Metric
from fastmlp.models.compilemetrics import CompileMetrics

Arrays = list[np.ndarray]
_COUNTS = ("epoch", "counted", "batches", "rows")
_GROUPS = ("model", "trackers", "metrics")  # whose metrics: the model's own, the means of losses by output, compile's


@dataclass
class Place:
    """Where training stood: at the beginning of an epoch of fit, or after some of its batches.

    Parameters
    ----------
    epoch
        The number of the epoch, from 0.
    counted
        How many passes the model had counted when it began.
    batches, rows, loss
        What of it is done, and the sum of the batches' losses, each times its rows.
    ended
        Whether all its batches are done, and validation and the end of the epoch are to come.
    feed
        What the data were, and which of them the epoch began with.
    logs
        What the last step reported, where a model tells by itself.
    seen
        The state of all metrics.
    """

    epoch: int = 0
    counted: int = 0
    batches: int = 0
    rows: int = 0
    loss: float = 0.0
    ended: bool = False
    feed: dict[str, Any] = field(default_factory=dict)
    logs: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, list[Arrays]] = field(default_factory=dict)

    @property
    def within_epoch(self) -> bool:
        """Whether the epoch has begun."""
        return self.batches > 0 or self.ended

    @property
    def within(self) -> bool:
        """Whether it is in the middle of an epoch, or of a pass over the data that epochs share."""
        return self.within_epoch or bool(self.feed.get("taken"))

    def anew(self) -> Place:
        """The beginning of the epoch it is in."""
        return Place(self.epoch, self.counted)

    def check(self, now: Mapping[str, Any]) -> None:
        """Refuse data other than those it is a place in; between two passes other data are the user's wish."""
        kept = {name: self.feed.get(name) for name in ("rows", "batch_size", "steps", "shuffle")}
        wrong = {name: (was, now.get(name)) for name, was in kept.items() if was != now.get(name)}
        if not self.feed or not wrong:
            return
        listed = ", ".join(f"{name} {was!r} then and {is_!r} now" for name, (was, is_) in wrong.items())
        if self.within:
            raise ValueError(f"fit: expected the data that training stopped in the middle of, got {listed}; give the "
                             "same, or begin the epoch anew with initial_epoch instead of resume")  # fmt: skip
        warnings.warn(f"fit: goes on with other data, {listed}: not as if it had never stopped", UserWarning,
                      stacklevel=user_level())  # fmt: skip

    # ---- in files

    def written(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Itself as what JSON can hold, and arrays by name."""
        note = {name: getattr(self, name) for name in (*_COUNTS, "ended", "feed")}
        arrays = {f"logs/{name}": np.asarray(value) for name, value in self.logs.items()}
        arrays["loss"] = np.array(self.loss)
        for group, metrics in self.seen.items():
            note[group] = [len(state) for state in metrics]
            arrays |= {f"{group}/{i}/{j}": one for i, state in enumerate(metrics) for j, one in enumerate(state)}
        return note, arrays

    @classmethod
    def read(cls, note: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Place:
        """What `written` gave, all of it checked: it comes from a file."""
        where = "place"
        epoch, counted, batches, rows = (_count(f"{where}: {name}", note.get(name)) for name in _COUNTS)
        found = cls(epoch, counted, batches, rows, float(arrays["loss"]))
        found.ended = flag(f"{where}: ended", note.get("ended"))
        found.feed = _checked_feed(f"{where}: feed", note.get("feed"))
        logs = {name[5:]: value for name, value in arrays.items() if name.startswith("logs/")}
        found.logs = {name: value if value.ndim else value.item() for name, value in logs.items()}
        for group in _GROUPS:
            sizes = [_count(f"{where}: {group}", size) for size in list(note.get(group, []))]
            found.seen[group] = [[arrays[f"{group}/{i}/{j}"] for j in range(size)] for i, size in enumerate(sizes)]
        return found


def _count(where: str, value: Any) -> int:
    count = whole(where, value, 0)
    if count >= 1 << 63:
        raise ValueError(f"{where}: expected a number of 63 bits, got {count}; the file is damaged")
    return count


def _checked_feed(where: str, feed: Any) -> dict[str, Any]:
    """What a file says of the data."""
    if not isinstance(feed, dict):
        raise ValueError(f"{where}: expected a JSON object, got {brief(feed)}; the file is damaged")
    for name in ("steps", "rows", "batch_size", "pass", "taken"):
        if feed.get(name) is not None:
            _count(f"{where}: {name}", feed[name])
    begun = feed.get("begun", [0, 0])
    if feed and ("pass" not in feed or "taken" not in feed or not isinstance(begun, list) or len(begun) != 2):
        raise ValueError(f"{where}: expected a place in the data, got {brief(feed)}; the file is damaged")
    for number in begun:
        _count(f"{where}: begun", number)
    return feed


# ---- what metrics have seen


def with_inner(metric: Metric) -> Iterator[Metric]:
    """A metric and those it is made of."""
    yield metric
    for inner in metric._inner():
        yield from with_inner(inner)


def state_of(metric: Metric) -> Arrays:
    """Copies of what a metric has gathered."""
    return [copy for one in with_inner(metric) for copy in (one.state.copy(), *(v.numpy() for v in one._own()))]


def put_back(metric: Metric, arrays: Sequence[np.ndarray]) -> None:
    """Let a metric have gathered this."""
    left = iter(arrays)
    places = [(one, v) for one in with_inner(metric) for v in (None, *one._own())]
    shapes = [one.state.shape if v is None else v.shape for one, v in places]
    fit = len(places) == len(arrays) and all(
        given.shape == shape or (v is None and (0,) in (shape, given.shape))  # it is made when a first batch has come
        for given, shape, (_, v) in zip(arrays, shapes, places)
    )
    if not fit:
        warnings.warn(f"fit: the metric '{metric.name}' keeps other numbers than when training stopped; it counts from "
                      "here on", UserWarning, stacklevel=user_level())  # fmt: skip
        return
    for one, variable in places:
        given = next(left)
        if variable is not None:
            variable.assign(given)
        elif one.state.shape == given.shape:
            one.state[...] = given  # in place: C may know where it is
        else:
            one.state = np.array(given, np.float64)


def metrics_of(model: Any) -> dict[str, list[Metric]]:
    """All that count what training does, by whose they are."""
    compiled = model._compiled
    theirs = [*compiled.trackers, *compiled.metrics]
    own = [one for one in model.metrics if not isinstance(one, CompileMetrics) and not _among(one, theirs)]
    mean = model._losses_seen()  # a class that says itself what its metrics are may leave it out
    own = own if _among(mean, own) else [mean, *own]
    return {"model": own, "trackers": list(compiled.trackers), "metrics": list(compiled.metrics)}


def _among(thing: Any, things: Sequence[Any]) -> bool:
    return any(thing is one for one in things)


def seen_by(model: Any) -> dict[str, list[Arrays]]:
    """What all of them have gathered; those not made yet, what they are to begin with."""
    found = {group: [state_of(one) for one in metrics] for group, metrics in metrics_of(model).items()}
    return {**found, **model._compiled.waiting}


def see(model: Any, seen: Mapping[str, list[Arrays]]) -> None:
    """Let them have gathered this; those of compile that are made when outputs are known, then."""
    for metric, arrays in zip(metrics_of(model)["model"], seen.get("model", [])):
        put_back(metric, arrays)
    model._compiled.waiting = {group: seen[group] for group in _GROUPS[1:] if seen.get(group)}
    model._compiled.take_up()
