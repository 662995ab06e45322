"""scikit-learn: a `partial_fit` of all rows is an epoch (which checks them each time, a few per cent of it)."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from fastmlp.bench.contestants.base import Contestant
from fastmlp.bench.workloads import Problem, Workload


class ScikitLearn(Contestant):
    """Its own shuffling; it knows neither dropout nor RMSprop nor bfloat16."""

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        workload, settings = problem.workload, problem.workload.settings
        adam = {"beta_1": settings.get("beta_1", 0.9), "beta_2": settings.get("beta_2", 0.999)}
        regression = workload.loss == "mse"
        self.model = (MLPRegressor if regression else MLPClassifier)(
            hidden_layer_sizes=workload.widths[1:-1],
            activation={"sigmoid": "logistic"}.get(workload.activation, workload.activation),
            solver="sgd" if workload.optimizer == "sgd" else "adam",
            alpha=2 * workload.batch * workload.l2,  # its penalty is α‖W‖²/2 over the rows of a batch
            batch_size=workload.batch,
            learning_rate_init=settings["learning_rate"],
            epsilon=1e-8,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=0,
            **adam,
        )
        self.y = problem.y.ravel()
        self.classes = {} if regression else {"classes": np.unique(self.y)}
        self.model.partial_fit(problem.x[: workload.batch], self.y[: workload.batch], **self.classes)
        self.model.coefs_ = [w.copy() for w in problem.weights[::2]]
        self.model.intercepts_ = [b.copy() for b in problem.weights[1::2]]
        del self.model._optimizer  # which knows the weights of that first call; the next makes another

    @staticmethod
    def differs(workload: Workload) -> str:
        """Without dropout, Adam in place of RMSprop, float32 throughout."""
        if workload.dropout:
            return "without dropout"
        return "Adam" if workload.optimizer == "rmsprop" else "in float32" if workload.policy else ""

    def epoch(self, order: np.ndarray | None = None) -> None:
        """An order that is given is that of the arrays, made anew."""
        rows = slice(None) if order is None else order
        self.model.shuffle = order is None and self.shuffles
        self.model.partial_fit(self.problem.x[rows], self.y[rows])

    def weights(self) -> list[np.ndarray]:
        """Its coefficients and intercepts."""
        return [np.array(w) for pair in zip(self.model.coefs_, self.model.intercepts_) for w in pair]
