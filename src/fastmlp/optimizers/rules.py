"""The optimizers: each its settings, with Keras's defaults, and the kernel that makes its steps.

In the formulas g is a variable's gradient, η the learning rate and t the number of the step, from 1. Squares, roots and
quotients are taken element by element.
"""

from __future__ import annotations

from typing import Any

from fastmlp._validate import flag, number, unknown
from fastmlp.optimizers.base import Optimizer

Lowered = tuple[str, tuple[float, ...]]


class SGD(Optimizer):
    """Gradient descent: w ← w − η·g. With `momentum` β: m ← β·m − η·g, w ← w + m; if `nesterov`, w ← w + β·m − η·g.

    The learning rate is inside the momentum m; the form with an average of gradients is `Momentum`.

    >>> SGD(0.1, momentum=0.9, nesterov=True).lower()
    ('nesterov', (0.9,))
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Any
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = number("SGD: momentum", momentum, 0, 1)
        self.nesterov = flag("SGD: nesterov", nesterov)

    def lower(self) -> Lowered:
        """`sgd`, `momentum` or `nesterov`."""
        if self.momentum == 0:
            return "sgd", ()
        return "nesterov" if self.nesterov else "momentum", (self.momentum,)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The momentum m, if there is any."""
        return (("momentum",),) if self.momentum else ()


class Momentum(Optimizer):
    """v ← β·v + (1 − β)·g, w ← w − η·v: descent along an exponentially weighted average of gradients (see `ewa`).

    `SGD` with the momentum β and the learning rate η·(1 − β) makes the same steps.

    Parameters
    ----------
    learning_rate
        η.
    beta
        β: the average is over about 1/(1 − β) gradients.
    """

    def __init__(self, learning_rate: Any = 0.01, beta: float = 0.9, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.beta = number("Momentum: beta", beta, 0, 1)

    def lower(self) -> Lowered:
        """`ewa_momentum`."""
        return "ewa_momentum", (self.beta,)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The average v."""
        return (("velocity",),)


class _WithEpsilonMode(Optimizer):
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
        if self.epsilon_mode == "keras":
            del config["epsilon_mode"]
        return config


class RMSprop(_WithEpsilonMode):
    """s ← ρ·s + (1 − ρ)·g², w ← w − η·g / √(s + ε).

    Parameters
    ----------
    learning_rate, rho, epsilon
        η, ρ and ε.
    momentum
        With μ: m ← μ·m + η·g / √(s + ε), w ← w − m.
    centered
        Take the square of the mean gradient off s.
    epsilon_mode
        ``"keras"``: √(s + ε). ``"paper"``: √s + ε.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *,
        epsilon_mode: str = "keras",
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("RMSprop: rho", rho, 0, 1)
        self.momentum = number("RMSprop: momentum", momentum, 0, 1)
        self.centered = flag("RMSprop: centered", centered)
        self._set_epsilon(epsilon, epsilon_mode)

    def lower(self) -> Lowered:
        """`rmsprop`, with `_centered` and `_momentum` as asked for."""
        kernel = "rmsprop" + "_centered" * self.centered + "_momentum" * (self.momentum > 0)
        return kernel, (self.rho, *self._epsilons(), *([self.momentum] if self.momentum else []))

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean square s, the momentum, the mean gradient."""
        names = ["velocity"] + ["momentum"] * (self.momentum > 0) + ["average_gradient"] * self.centered
        return tuple((name,) for name in names)


class Adam(_WithEpsilonMode):
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
        self.beta_1, self.beta_2 = _betas(self, beta_1, beta_2)
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

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        number("AdamW: weight_decay", weight_decay)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)


class Adamax(Optimizer):
    """m ← β₁·m + (1 − β₁)·g, u ← max(β₂·u, abs(g)), w ← w − η/(1 − β₁ᵗ) · m / (u + ε)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = _betas(self, beta_1, beta_2)
        self.epsilon = number(f"{type(self).__name__}: epsilon", epsilon, 0)

    def lower(self) -> Lowered:
        """`adamax`."""
        return "adamax", (self.beta_1, self.beta_2, 0.0, self.epsilon)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean m and the norm u."""
        return (("momentum", "norm"),)


class Nadam(Adamax):
    """`Adam` with Nesterov's look ahead; β₁ follows u_t = β₁·(1 − ½·0.96ᵗ), and U_t = u₁·…·u_t.

    m̂ = u_{t+1}·m/(1 − U_{t+1}) + (1 − u_t)·g/(1 − U_t), w ← w − η·m̂ / (√(v/(1 − β₂ᵗ)) + ε).
    """

    def lower(self) -> Lowered:
        """`nadam`."""
        return "nadam", (self.beta_1, self.beta_2, self.epsilon, 0.96)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The means m and v."""
        return (("momentum", "velocity"),)


class Adagrad(Optimizer):
    """s ← s + g², w ← w − η·g / √(s + ε); s starts from `initial_accumulator_value`."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number("Adagrad: initial_accumulator_value", initial_accumulator_value, 0)
        self.epsilon = number("Adagrad: epsilon", epsilon, 0)

    def lower(self) -> Lowered:
        """`adagrad`."""
        return "adagrad", (self.initial_accumulator_value, self.epsilon, 0.0)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The sum of squares s."""
        return (("accumulator",),)


class Adadelta(Optimizer):
    """s ← ρ·s + (1 − ρ)·g², δ = g·√(d + ε)/√(s + ε), d ← ρ·d + (1 − ρ)·δ², w ← w − η·δ.

    The paper has η = 1; with Keras's default of 0.001 it hardly moves.
    """

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("Adadelta: rho", rho, 0, 1)
        self.epsilon = number("Adadelta: epsilon", epsilon, 0)

    def lower(self) -> Lowered:
        """`adadelta`."""
        return "adadelta", (self.rho, self.epsilon)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean squares s of gradients and d of steps."""
        return (("accumulated_grad", "accumulated_delta_var"),)


class Ftrl(Optimizer):
    """Follow the regularised leader: weights that L1 holds at exactly zero.

    With q = −`learning_rate_power` and shrinkage λ: n' = n + g², z ← z + g + 2·λ·w − (n'^q − n^q)/η · w,
    w ← (clip(z, ±l1) − z) / (n'^q/η + 2·l2 + β/η), n ← n'; n starts from `initial_accumulator_value`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.learning_rate_power = number("Ftrl: learning_rate_power", learning_rate_power, high=0)
        self.initial_accumulator_value = number("Ftrl: initial_accumulator_value", initial_accumulator_value, 0)
        self.l1_regularization_strength = number("Ftrl: l1_regularization_strength", l1_regularization_strength, 0)
        self.l2_regularization_strength = number("Ftrl: l2_regularization_strength", l2_regularization_strength, 0)
        self.l2_shrinkage_regularization_strength = number(
            "Ftrl: l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength, 0
        )
        self.beta = number("Ftrl: beta", beta)

    def lower(self) -> Lowered:
        """`ftrl`."""
        return "ftrl", (
            self.initial_accumulator_value,
            self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """n and z."""
        return (("accumulator", "linear"),)


class Lion(Optimizer):
    """w ← w − η·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g. Takes a smaller η than `Adam`."""

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = _betas(self, beta_1, beta_2)
        number("Lion: beta_1", beta_1, above=0)  # at 0 it would look at the sign of one gradient only

    def lower(self) -> Lowered:
        """`lion`."""
        return "lion", (self.beta_1, self.beta_2)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean m."""
        return (("momentum",),)


def _betas(optimizer: Optimizer, beta_1: float, beta_2: float) -> tuple[float, float]:
    where = type(optimizer).__name__
    return number(f"{where}: beta_1", beta_1, 0, 1), number(f"{where}: beta_2", beta_2, 0, 1)
