"""The metrics of `compile` as one, for training steps that go through `model.metrics`."""

from __future__ import annotations

from typing import Any

from fastmlp.metrics import Metric


class CompileMetrics(Metric):
    """What Keras calls ``compile_metrics``: it adds a batch to all of them, and its result is a dict of theirs.

    It is there before the outputs are known that say what ``"accuracy"`` means; weights go to those that take them.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(name="compile_metrics")
        self._model = model

    @property
    def metrics(self) -> list[Any]:
        """The single ones, once a first batch has come."""
        return list(self._model._compiled.metrics)

    @property
    def variables(self) -> list[Any]:
        """What they count in."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        self._model._compiled_for(y_pred).update(y_true, y_pred, sample_weight)

    def result(self) -> dict[str, Any]:
        """Their results, by name."""
        compiled = self._model._compiled
        means = {tracker.name for tracker in compiled.trackers}
        return {name: value for name, value in compiled.results().items() if name not in means}

    def reset_state(self) -> None:
        """Begin the sums anew."""
        self._model._compiled.reset()
