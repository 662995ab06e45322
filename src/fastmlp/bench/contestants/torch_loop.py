"""PyTorch: data resident in tensors, batches by `index_select`, fused optimizers; eager, and with `torch.compile`."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from fastmlp.bench.contestants.base import Contestant
from fastmlp.bench.workloads import Problem, Workload

LOSSES = {
    "sparse_categorical_crossentropy": nn.CrossEntropyLoss,
    "binary_crossentropy": nn.BCEWithLogitsLoss,
    "mse": nn.MSELoss,
}
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def network(problem: Problem) -> nn.Sequential:
    """The layers, with the problem's weights."""
    workload = problem.workload
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(workload.widths):
        if layers:
            layers.append(ACTIVATIONS[workload.activation]())
            layers += [nn.Dropout(workload.dropout)] if workload.dropout else []
        layers.append(nn.Linear(inputs, outputs, dtype=getattr(torch, workload.dtype)))
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, w in zip(model.parameters(), problem.weights):
            parameter.copy_(torch.from_numpy(w.T))
    return model


def optimizer_of(workload: Workload, model: nn.Module) -> torch.optim.Optimizer:
    """In its fused form where it has one; weight decay of these is the penalty's derivative 2c·W."""
    parameters = list(model.parameters())
    groups: list[dict[str, Any]] = [
        {"params": parameters[::2], "weight_decay": 2 * workload.l2},
        {"params": parameters[1::2]},
    ]
    settings = workload.settings
    rate = settings["learning_rate"]
    if workload.optimizer == "sgd":
        return torch.optim.SGD(groups, rate, fused=True)
    if workload.optimizer == "rmsprop":  # ε beside the root
        return torch.optim.RMSprop(groups, rate, settings["rho"], math.sqrt(settings["epsilon"]), foreach=True)
    betas = (settings["beta_1"], settings["beta_2"])
    return torch.optim.Adam(groups, rate, betas, settings["epsilon"], fused=True)


class Eager(Contestant):
    """Operation by operation."""

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)  # as fastmlp and XLA compute without being asked
        torch.manual_seed(3)
        self.x, self.y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
        self.model = network(problem)
        self.hidden, self.last = self.model[:-1], self.model[-1]
        self.optimizer = optimizer_of(problem.workload, self.model)
        self.criterion = LOSSES[problem.workload.loss]()
        self.loss = self._loss

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if not self.workload.policy:
            return self.criterion(self.model(x), y)
        with torch.autocast("cpu", torch.bfloat16):
            h = self.hidden(x)
        return self.criterion(self.last(h.float()), y)

    def epoch(self, order: np.ndarray | None = None) -> None:
        """All batches of the order, or all rows at once."""
        if order is None and not self.shuffles:
            self._step(self.x, self.y)
            return
        rows = torch.randperm(len(self.x)) if order is None else torch.from_numpy(order)
        for batch in rows.split(self.workload.batch):
            self._step(self.x.index_select(0, batch), self.y.index_select(0, batch))

    def _step(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(x, y).backward()
        self.optimizer.step()

    def weights(self) -> list[np.ndarray]:
        """Of the linear layers, turned as ours."""
        return [parameter.detach().numpy().T.copy() for parameter in self.model.parameters()]


class Compiled(Eager):
    """Forward, loss and backward in compiled graphs, one for whole batches and one for the last."""

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        self.loss = torch.compile(self._loss, dynamic=False)
