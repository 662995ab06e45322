"""Adam and its kin: steps of a size that the gradients of late have.

The letters are those of `fastmlp.optimizers.rules`.
"""

from __future__ import annotations

from typing import Any

from fastmlp._validate import flag, number
from fastmlp.compat import conventional
from fastmlp.optimizers.base import Optimizer
from fastmlp.optimizers.settings import Lowered, WithEpsilonMode, betas


class Adam(WithEpsilonMode):
    """m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε).

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        η, β₁, β₂ and ε.
    amsgrad
        Take the greatest v so far in place of v.
    epsilon_mode
        ``"keras"``: as above. ``"paper"``: w ← w − η·m̂ / (√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ), whose ε
        is smaller than Keras's by √(1 − β₂ᵗ) in effect, 32 times at the first step.
    """

    couples_decay = True

    @conventional(
        torch={"epsilon": 1e-8, "epsilon_mode": "paper"},
        sklearn={"epsilon": 1e-8},
        lecture={"epsilon": 1e-8, "epsilon_mode": "paper"},
    )
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        epsilon_mode: str = "keras",
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = betas(self, beta_1, beta_2)
        self.amsgrad = flag(f"{type(self).__name__}: amsgrad", amsgrad)
        self._set_epsilon(epsilon, epsilon_mode)

    def lower(self) -> Lowered:
        """`adam` or `amsgrad`."""
        return "amsgrad" if self.amsgrad else "adam", (self.beta_1, self.beta_2, *self._epsilons())

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The means m and v, and the greatest v."""
        return (("momentum", "velocity"), ("velocity_hat",)) if self.amsgrad else (("momentum", "velocity"),)


class AdamW(Adam):
    """`Adam` with weight decay: each step first takes η·`weight_decay` of themselves off the weights."""

    couples_decay = False

    @conventional(
        torch={"weight_decay": 0.01, "epsilon": 1e-8, "epsilon_mode": "paper"},
        sklearn={"epsilon": 1e-8},
        lecture={"epsilon": 1e-8, "epsilon_mode": "paper"},
    )
    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        epsilon_mode: str = "keras",
        **options: Any,
    ) -> None:
        number("AdamW: weight_decay", weight_decay)
        options |= {"weight_decay": weight_decay, "epsilon_mode": epsilon_mode}
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **options)


class Adamax(Optimizer):
    """m ← β₁·m + (1 − β₁)·g, u ← max(β₂·u, abs(g)), w ← w − η/(1 − β₁ᵗ) · m / (u + ε).

    With ``compat="torch"`` u ← max(β₂·u, abs(g) + ε), and nothing is added to u in the quotient.
    """

    couples_decay = True

    @conventional(torch={"learning_rate": 0.002, "epsilon": 1e-8})
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = betas(self, beta_1, beta_2)
        self.epsilon = number(f"{type(self).__name__}: epsilon", epsilon, 0)

    def lower(self) -> Lowered:
        """`adamax`."""
        inside = self.compat == "torch"
        epsilons = (self.epsilon, 0.0) if inside else (0.0, self.epsilon)
        return "adamax", (self.beta_1, self.beta_2, *epsilons)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean m and the norm u."""
        return (("momentum", "norm"),)


class Nadam(Adamax):
    """`Adam` with Nesterov's look ahead; β₁ follows u_t = β₁·(1 − ½·0.96ᵗ), and U_t = u₁·…·u_t.

    m̂ = u_{t+1}·m/(1 − U_{t+1}) + (1 − u_t)·g/(1 − U_t), w ← w − η·m̂ / (√(v/(1 − β₂ᵗ)) + ε).
    With ``compat="torch"`` the schedule is 250 times as slow, 0.96^(0.004·t) in place of 0.96ᵗ.
    """

    @property
    def schedule_decay(self) -> float:
        """What the schedule of β₁ has to the power t."""
        return 0.9998367253526753 if self.compat == "torch" else 0.96  # 0.96^0.004; of libm's pow bits may differ

    def lower(self) -> Lowered:
        """`nadam`."""
        return "nadam", (self.beta_1, self.beta_2, self.epsilon, self.schedule_decay)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The means m and v."""
        return (("momentum", "velocity"),)
