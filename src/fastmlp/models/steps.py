"""Steps: what a model does with one batch on the tape, method by method, each for a class of one's own to override."""

from __future__ import annotations

from typing import Any

from fastmlp._objects import written_anew
from fastmlp.autodiff.tape import GradientTape
from fastmlp.metrics.base import Metric
from fastmlp.metrics.means import Mean
from fastmlp.models.compilemetrics import CompileMetrics
from fastmlp.models.compiling import Compiling

Batch = Any  # (x, y), (x, y, sample_weight), or x alone

_STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "get_metrics_result")


def parts_of(data: Batch) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what a step is given."""
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"step: expected x, (x, y) or (x, y, sample_weight), got {len(data)} parts; leave out the others"
        )
    x, y, weights = (*data, None, None)[:3]
    return x, y, weights


class Steps(Compiling):
    """The part of a model that trains by the tape."""

    def own_steps(self) -> str | None:
        """The method by which a class of one's own changes what training does; None if none does."""
        return written_anew(self, *_STEPS)

    def train_step(self, data: Batch) -> dict[str, Any]:
        """One step on a batch: forward, loss, gradients, the optimizer; what to report, by name."""
        x, y, weights = parts_of(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True)
            scaled = self.optimizer.scale_loss(loss)
        trained = self.trainable_weights  # type: ignore[attr-defined]
        self._losses_seen().update_state(loss, sample_weight=_rows_of(x))
        if trained:
            self.optimizer.apply(tape.gradient(scaled, trained), trained)
        return self.compute_metrics(x, y, y_pred, weights)

    def test_step(self, data: Batch) -> dict[str, Any]:
        """Loss and metrics of a batch."""
        x, y, weights = parts_of(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=False)
        self._losses_seen().update_state(loss, sample_weight=_rows_of(x))
        return self.compute_metrics(x, y, y_pred, weights)

    def predict_step(self, data: Batch) -> Any:
        """The output for a batch."""
        return self(parts_of(data)[0], training=False)  # type: ignore[operator]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """What training makes small: the loss of compile, and what layers and regularizers add."""
        compiled = self._compiled_for(y_pred)
        terms = list(self.losses)  # type: ignore[attr-defined]
        if compiled is not None and compiled.loss is not None:
            terms = [compiled.loss(y, y_pred, sample_weight), *terms]
        if not terms:
            raise ValueError(f"compute_loss: expected a loss, got none for '{self.name}'; give loss= to compile, add "
                             "one by add_loss, or define train_step")  # fmt: skip
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Add a batch to the metrics of compile; what they say now."""
        compiled = self._compiled_for(y_pred)
        if compiled is not None:
            compiled.update(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What the metrics say, by name, the loss first."""
        compiled = self._compiled
        found = {} if compiled is None else compiled.results()
        return {"loss": self._losses_seen().result(), **found}

    # ---- metrics

    def _losses_seen(self) -> Mean:
        """The mean of losses since they were last reset; `loss_tracker` is what scripts call one of their own."""
        tracker: Mean = self._loss_tracker or Mean(name="loss")
        self._loss_tracker = tracker
        return tracker

    @property
    def metrics(self) -> list[Any]:
        """The mean of losses, those kept as attributes, those of compile as one, and the means by output."""
        own = [one for name, one in vars(self).items() if isinstance(one, Metric) and not name.startswith("_")]
        found = self._compiled
        if found is None:
            return own
        return [self._losses_seen(), *own, *([CompileMetrics(self)] if found.any else []), *found.trackers]

    def reset_metrics(self) -> None:
        """Begin the sums of all metrics anew, as fit, evaluate and the *_on_batch methods do by themselves."""
        if self._compiled is not None:
            self._compiled.waiting = {}
        for metric in self.metrics:
            metric.reset_state()


def _rows_of(x: Any) -> int:
    while isinstance(x, (list, tuple, dict)):
        x = next(iter(x.values() if isinstance(x, dict) else x))
    return int(x.shape[0])
