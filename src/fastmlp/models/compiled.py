"""What `compile` makes of its arguments: a loss, an optimizer, metrics with their names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp import _core, losses, metrics, optimizers
from fastmlp._objects import serialize, written_anew
from fastmlp._validate import brief
from fastmlp.models.resuming import put_back

Learning = list[tuple[Any, bool]]  # layers, and whether they learn


def flat(given: Any) -> list[Any]:
    """Metrics as one list: a list, a dict of lists (for the one output), a single one."""
    if given is None:
        return []
    if isinstance(given, Mapping) and set(given) != {"class_name", "config"}:
        return [one for entry in given.values() for one in flat(entry)]
    if isinstance(given, (list, tuple)):
        return [one for entry in given for one in flat(entry)]
    return [given]


def known_metric(identifier: Any) -> Any:
    """A metric as given, looked up to see that it is one; functions are looked up now, while their names mean them."""
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc", "crossentropy", "ce"):
        return identifier
    found = metrics.get(identifier)
    return identifier if isinstance(identifier, str) and isinstance(found, metrics.Metric) else found


def usable_loss(loss: Any) -> Any:
    """The loss, if it is one number for a batch."""
    if loss is not None and loss.reduction in (None, "none"):
        raise ValueError(f"compile: expected a loss that is one number for a batch, got {loss!r}; "
                         "take reduction 'sum_over_batch_size'")  # fmt: skip
    return loss


class Compiled:
    """Loss, optimizer and metrics of a model; metrics are settled when the outputs are known.

    Parameters
    ----------
    optimizer, loss, chosen, weighted, factors
        As given to compile.
    """

    why_taped = ""  # what keeps it from being part of a program
    trackers: list[Any] = []  # noqa: RUF012 - the means of losses by output, of which there are none here

    def __init__(self, optimizer: Any, loss: Any, chosen: Any, weighted: Any, factors: Any = None) -> None:
        self.learning: Learning | None = None  # which layers the first training changed
        self.waiting: dict[str, list[list[np.ndarray]]] = {}  # what metrics had seen that are still to be made
        self.given = {"optimizer": optimizer, "loss": loss, "metrics": chosen, "weighted_metrics": weighted,
                      "loss_weights": factors}  # fmt: skip
        self.optimizer: Any = optimizers.get(optimizer)
        if self.optimizer is None:
            raise ValueError("compile: expected an optimizer, got None; leave it out for rmsprop")
        self.metrics: list[Any] = []
        self.names: list[str] = []
        self.weighs: list[bool] = []
        self._take(loss, chosen, weighted)

    def _take(self, loss: Any, chosen: Any, weighted: Any) -> None:
        """Look up what is given."""
        if isinstance(loss, (list, tuple, Mapping)):
            values = list(loss.values()) if isinstance(loss, Mapping) else list(loss)
            if len(values) != 1 and not (isinstance(loss, Mapping) and "class_name" in loss):
                raise ValueError(f"compile: expected one loss for the one output, got {brief(loss)}; give one")
            loss = loss if isinstance(loss, Mapping) and "class_name" in loss else values[0]
        self.loss = usable_loss(losses.as_loss(loss))
        self.chosen = [known_metric(m) for m in flat(chosen)]
        self.weighted = [known_metric(m) for m in flat(weighted)]

    @property
    def any(self) -> bool:
        """Whether there are metrics besides the loss."""
        return bool(self.chosen or self.weighted)

    def settle(self, outputs: int) -> None:
        """Make the metrics for so many outputs."""
        if self.metrics or not self.any:
            return
        shape: Sequence[int | None] = (None,) if self.loss is not None and self.loss.sparse else (None, outputs)
        plain = [metrics.resolve(m, shape, outputs, self.loss) for m in self.chosen]
        weighted = [metrics.resolve(m, shape, outputs, self.loss) for m in self.weighted]
        names = metrics.result_names(plain, weighted)
        for metric in plain + weighted:
            if metric.lower() is not None:
                metric.build(outputs)
        if self.metrics:  # a signal's handler made them meanwhile
            return
        self.names, self.weighs = names, [False] * len(plain) + [True] * len(weighted)
        self.metrics = plain + weighted  # last: that they are there says that all is
        self.take_up()

    def take_up(self) -> None:
        """Let metrics that are there go on from what they had seen when training stopped."""
        for group, metrics_ in (("trackers", self.trackers), ("metrics", self.metrics)):
            if metrics_:
                for metric, seen in zip(metrics_, self.waiting.pop(group, [])):
                    put_back(metric, seen)

    def in_c(self) -> list[tuple[Any, ...]]:
        """Those that the engine adds to, as a run takes them."""
        pairs = zip(self.metrics, self.weighs, strict=True)
        return [(*m.lower(), m.state, w) for m, w in pairs if self._counts_in_c(m)]

    def in_python(self) -> list[tuple[Any, bool]]:
        """Those that want every batch's predictions, and whether they take weights."""
        pairs = zip(self.metrics, self.weighs, strict=True)
        return [(m, w) for m, w in pairs if not self._counts_in_c(m)]

    def _counts_in_c(self, metric: Any) -> bool:
        return metric.lower() is not None and self._takes(metric) and not written_anew(metric, "update_state")

    def _takes(self, metric: Any) -> bool:
        """Whether a metric takes y in the form the loss does."""
        if self.loss is None or self.loss.wants_signs or getattr(self.loss, "ignore_class", None) is not None:
            return False  # the loss trains on other targets than were given
        return bool(metric.sparse) == bool(self.loss.sparse)

    def run(self, program: Any, feed: Any) -> Any:
        """The rows of a feed bound to what runs them, with the metrics that C adds to."""
        if program.taped:
            return program.run_over(feed)
        assert self.loss is not None
        assert feed.y is not None
        return _core.Run(program.network, program.flat(feed.x), self.loss.prepare(feed.y), feed.weights, self.in_c())

    def update(self, y: Any, y_pred: Any, weights: Any) -> None:
        """Add a batch to all metrics."""
        self.settle(math.prod(y_pred.shape[1:]))
        for metric, weighs in zip(self.metrics, self.weighs, strict=True):
            metric.update_state(y, y_pred, weights if weighs else None)

    def reset(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def results(self) -> dict[str, Any]:
        """What the metrics say, by name."""
        found: dict[str, Any] = {}
        for name, metric in zip(self.names, self.metrics, strict=True):
            value = metric.result()
            if isinstance(value, Mapping):
                found.update({key: plain_result(item) for key, item in value.items()})
            else:
                found[name] = plain_result(value)
        return found

    @property
    def listed(self) -> list[str]:
        """The names behind the loss in what `evaluate` returns."""
        return self.names

    def get_config(self) -> dict[str, Any]:
        """As JSON can hold it; the optimizer as it is now."""
        given = {key: serialize(value) for key, value in self.given.items() if key != "optimizer"}
        if given["loss_weights"] is None:
            del given["loss_weights"]
        return {"optimizer": serialize(self.optimizer), **given}


def plain_result(value: Any) -> Any:
    """A number as Python has it, several as an array."""
    if isinstance(value, (int, float)):
        return float(value)
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array
