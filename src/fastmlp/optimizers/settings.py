"""Settings that several optimizers share."""

from __future__ import annotations

from typing import Any

from fastmlp._validate import number, unknown
from fastmlp.optimizers.base import Optimizer

Lowered = tuple[str, tuple[float, ...]]


class WithEpsilonMode(Optimizer):
    """Where ε stands: ``"keras"``, or ``"paper"`` for the form of most papers and lectures, there with ε = 1e-8."""

    epsilon: float
    epsilon_mode: str

    def _set_epsilon(self, epsilon: float, mode: str) -> None:
        self.epsilon = number(f"{type(self).__name__}: epsilon", epsilon, 0)
        if mode not in ("keras", "paper"):
            unknown(f"{type(self).__name__}: epsilon_mode", mode, ("keras", "paper"))
        self.epsilon_mode = mode

    def _epsilons(self) -> tuple[float, float]:
        return (self.epsilon, 0.0) if self.epsilon_mode == "keras" else (0.0, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The settings; `epsilon_mode`, which Keras does not know, only when it is not Keras's."""
        config = super().get_config()
        if self.compat == self.epsilon_mode == "keras":
            del config["epsilon_mode"]
        return config


def betas(optimizer: Optimizer, beta_1: float, beta_2: float) -> tuple[float, float]:
    """Both, checked."""
    where = type(optimizer).__name__
    for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
        if number(f"{where}: {name}", beta, 0) >= 1:
            raise ValueError(f"{where}: {name}: expected a number of at least 0 and below 1, got {beta!r}; at 1 "
                             "nothing new would count")  # fmt: skip
    return float(beta_1), float(beta_2)
