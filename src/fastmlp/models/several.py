"""What `compile` makes of its arguments for several outputs: a loss, a factor of it and metrics for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fastmlp import losses, metrics
from fastmlp._validate import brief, number
from fastmlp.losses.base import KernelLoss
from fastmlp.metrics.means import Mean
from fastmlp.models.compiled import Compiled, flat, known_metric, plain_result, usable_loss
from fastmlp.models.outputs import Outputs
from fastmlp.models.targets import target_rows


def is_config(given: Any) -> bool:
    """Whether a dict is the config of one object."""
    return isinstance(given, Mapping) and set(given) == {"class_name", "config"}


class Several(Compiled):
    """Losses, their factors and metrics by output; the loss of all is the sum of factor · loss.

    Each output is settled when the outputs are known: at once for a graph, else when a first batch has come.
    """

    why_taped = "losses by output, or loss_weights, are put together in Python"

    def _take(self, loss: Any, chosen: Any, weighted: Any) -> None:
        self.loss = None if loss is None else self.total
        self.outputs: Outputs | None = None
        self.trackers: list[Mean] = []
        self._losses: list[Any] = []
        self._chosen: list[list[Any]] = []
        self._weighted: list[list[Any]] = []
        self._titles: list[str] = []
        self._owners: list[int] = []  # whose output a metric is

    @property
    def any(self) -> bool:
        """Whether there are metrics besides the losses."""
        return bool(self.given["metrics"] or self.given["weighted_metrics"])

    # ---- once the outputs are known

    def settle_outputs(self, outputs: Outputs) -> None:
        """Give each output what is its own, and see that all that is given belongs to one."""
        self._losses = self._losses_of(outputs)
        self._factors = self._factors_of(outputs)
        self._chosen = _metrics_of("compile: metrics", self.given["metrics"], outputs)
        self._weighted = _metrics_of("compile: weighted_metrics", self.given["weighted_metrics"], outputs)
        titles = [_title(name, loss) for name, loss in zip(outputs.names, self._losses, strict=True)]
        self._losses = [usable_loss(losses.as_loss(one)) for one in self._losses]
        order = [i for i in self._order(outputs) if self._losses[i] is not None]
        self.trackers = [Mean(name=name) for name in numbered([titles[i] for i in order])] if len(order) > 1 else []
        for tracker in self.trackers:
            tracker._direction = "down"  # as callbacks ask
        self._tracked = dict(zip(order, self.trackers))
        self.outputs = outputs
        self.take_up()

    def _order(self, outputs: Outputs) -> list[int]:
        """In which order the log lists losses: that of the outputs or, for a dict of them, of the dict of losses."""
        loss, every = self.given["loss"], list(range(outputs.count))
        if outputs.by_key and isinstance(loss, Mapping) and set(loss) <= set(outputs.names):
            return [outputs.names.index(name) for name in loss]
        return every

    def _losses_of(self, outputs: Outputs) -> list[Any]:
        loss = self.given["loss"]
        if not isinstance(loss, (list, tuple, Mapping)) or is_config(loss):
            return [loss] * outputs.count
        return outputs.beside("compile: loss", loss, partly=outputs.by_key, is_one=is_config)

    def _factors_of(self, outputs: Outputs) -> list[float]:
        factors, where = self.given["loss_weights"], "compile: loss_weights"
        if not isinstance(factors, (list, tuple, Mapping)):
            if factors is not None and isinstance(self.given["loss"], (list, tuple)) and outputs.count > 1:
                outputs.beside(where, factors)  # which refuses it
            found = [factors] * outputs.count
        else:
            found = outputs.beside(where, factors, partly=any(loss is None for loss in self._losses))
        return [1.0 if one is None else number(where, one) for one in found]

    def settle_metrics(self, targets: list[Any], predictions: list[Any]) -> None:
        """Make the metrics for targets and outputs of these shapes."""
        if self.metrics or not self.any:
            return
        made: list[list[Any]] = [[], []]
        for kind, by_output in enumerate((self._chosen, self._weighted)):
            for i, (entries, y, p) in enumerate(zip(by_output, targets, predictions, strict=True)):
                for entry in entries:
                    if y is None:
                        raise self._no_targets("y", i)
                    width = int(p.shape[-1]) if p.ndim > 1 else 1
                    metric = metrics.resolve(entry, (None, *y.shape[1:]), width, self._losses[i])
                    if metric.lower() is not None:
                        metric.build(width)
                    made[kind].append((i, metric))
        self.metrics = [metric for _, metric in (*made[0], *made[1])]
        self._owners = [i for i, _ in (*made[0], *made[1])]
        self.weighs = [False] * len(made[0]) + [True] * len(made[1])
        self.names = self._metric_names(made)
        self.take_up()

    def _shown(self, i: int) -> Any:
        name = None if self.outputs is None else self.outputs.names[i]
        return i if name is None else name

    def _metric_names(self, made: list[list[Any]]) -> list[str]:
        """Each with its output's name before it where there are several, and no two alike."""
        assert self.outputs is not None
        several, names = self.outputs.count > 1, self.outputs.names

        def full(i: int, name: str) -> str:
            return f"{names[i]}_{name}" if several and names[i] is not None else name

        plain = [full(i, metric.name) for i, metric in made[0]]
        weighted = [full(i, metric.name) for i, metric in made[1]]
        weighted = [full(i, f"weighted_{metric.name}") if name in plain or name in weighted[:at] else name
                    for at, (name, (i, metric)) in enumerate(zip(weighted, made[1], strict=True))]  # fmt: skip
        return numbered([*plain, *weighted])

    # ---- batch by batch

    def total(self, y: Any, y_pred: Any, weights: Any = None) -> Any:
        """Σ factor · loss over the outputs; each loss by itself is noted for the log."""
        found = list(self._loss_terms(y, y_pred, weights))
        if not found:
            raise ValueError("fit: expected a loss for one output at least, got none; give one to compile")
        total = found[0]
        for one in found[1:]:
            total = total + one
        return total

    def _loss_terms(self, y: Any, y_pred: Any, weights: Any) -> Iterator[Any]:
        outputs = self._settled()
        predictions, targets = outputs.flat(y_pred), self.targets_of(y)
        parts = zip(self._losses, self._factors, targets, predictions, self._shares(weights), strict=True)
        for i, (loss, factor, t, p, w) in enumerate(parts):
            if loss is None:
                continue
            value = loss(t, p, w)
            if i in self._tracked:
                self._tracked[i].update_state(value, sample_weight=int(p.shape[0]))
            yield value if factor == 1 else value * factor

    def targets_of(self, y: Any) -> list[Any]:
        """y output by output, None where there is no loss and none is given."""
        outputs, wanted = self._settled(), [loss is not None for loss in self._losses]
        if isinstance(y, Mapping):
            found = outputs.beside("y", y, partly=True)
        elif outputs.count == 1 and not isinstance(y, (list, tuple)):
            found = [y]
        else:
            given = outputs.flat(y)
            if len(given) == sum(wanted) < outputs.count:  # for those outputs alone that have a loss
                rest = iter(given)
                return [next(rest) if want else None for want in wanted]
            found = outputs.beside("y", y)
        missing = [self._shown(i) for i, one in enumerate(found) if one is None and wanted[i]]
        if missing:
            raise ValueError(f"y: expected targets for each output with a loss, got none for {missing}; add them")
        return found

    def check(self, where: str, y: Any, rows: int) -> None:
        """Refuse targets that do not belong to the outputs, before anything is computed."""
        if self.outputs is None:
            return
        for i, (one, loss, width) in enumerate(zip(self.targets_of(y), self._losses, self.outputs.widths, strict=True)):
            if one is None and (self._chosen[i] or self._weighted[i]):
                raise self._no_targets(f"{where}: y", i)
            if one is not None and isinstance(loss, KernelLoss) and width is not None:
                target_rows(f"{where}: y of output '{self._shown(i)}'", one, rows, width, loss)

    def _no_targets(self, where: str, i: int) -> ValueError:
        return ValueError(f"{where}: expected targets for each output with metrics, got none for "
                          f"'{self._shown(i)}'; give them, or leave out the metrics")  # fmt: skip

    def _shares(self, weights: Any) -> list[Any]:
        """The weights of rows, output by output: one array is for all of them."""
        outputs = self._settled()
        if not isinstance(weights, (list, tuple, Mapping)):
            return [weights] * outputs.count
        return outputs.beside("sample_weight", weights)

    def _settled(self) -> Outputs:
        if self.outputs is None:
            raise RuntimeError("loss: expected the outputs first, got none; call the model on data before")
        return self.outputs

    def update(self, y: Any, y_pred: Any, weights: Any) -> None:
        """Add a batch to all metrics."""
        if not self.any:
            return
        targets, predictions, shares = self.targets_of(y), self._settled().flat(y_pred), self._shares(weights)
        self.settle_metrics(targets, predictions)
        for i, metric, weighs in zip(self._owners, self.metrics, self.weighs, strict=True):
            metric.update_state(targets[i], predictions[i], shares[i] if weighs else None)

    def results(self) -> dict[str, Any]:
        """What the losses and the metrics say by name, in the order in which `evaluate` lists them."""
        found: dict[str, Any] = {}
        for name, metric in zip(self.names, self.metrics, strict=True):
            value = metric.result()
            found |= value if isinstance(value, Mapping) else {name: value}
        means = {tracker.name: tracker.result() for tracker in self.trackers}
        plain = [metric.name for metric in self.metrics if metric.name in found]
        order = [*dict.fromkeys(plain), *means, *sorted(name for name in found if name not in plain)]
        return {name: plain_result({**found, **means}[name]) for name in order}

    @property
    def listed(self) -> list[str]:
        """The names behind the loss in what `evaluate` returns."""
        return list(self.results())


def _title(name: str | None, loss: Any) -> str:
    """What the log calls the loss of an output."""
    if name is None:
        name = loss if isinstance(loss, str) else str(getattr(losses.as_loss(loss), "name", ""))
    return f"{name}_loss"


def _metrics_of(where: str, given: Any, outputs: Outputs) -> list[list[Any]]:
    """The metrics of each output."""
    if outputs.count == 1:
        return [[known_metric(one) for one in flat(given)]]
    if not given:
        return [[] for _ in range(outputs.count)]
    if not isinstance(given, (list, tuple, Mapping)):
        raise ValueError(f"{where}: expected a list or a dict with metrics for each output, got {brief(given)}; write "
                         "{'output': [metrics]}, or a list of lists")  # fmt: skip
    if isinstance(given, Mapping) or len(given) != outputs.count:
        found = outputs.beside(where, given, partly=True, is_one=is_config)
    else:
        found = list(given)
    return [[known_metric(one) for one in flat(entry)] for entry in found]


def numbered(names: list[str]) -> list[str]:
    """The names, the second of one kind with _1, and so on.

    >>> numbered(["mae", "mae"])
    ['mae', 'mae_1']
    """
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name] = seen.get(name, -1) + 1
        found.append(f"{name}_{count}" if count else name)
    return found


def is_factor(factors: Any) -> bool:
    """Whether loss_weights change anything."""
    if factors is None:
        return False
    values = list(factors.values()) if isinstance(factors, Mapping) else factors
    return not np.array_equal(np.ravel(values), [1])


def are_several(*given: Any) -> bool:
    """Whether losses or metrics can only be for several outputs, or for one by name."""
    named = any(isinstance(one, Mapping) and not is_config(one) for one in given)
    return named or (isinstance(given[0], (list, tuple)) and len(given[0]) > 1)
