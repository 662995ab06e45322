"""The optimizers: each its settings, with Keras's defaults, and the kernel that makes its steps. Adam is in `adam`.

In the formulas g is a variable's gradient, η the learning rate and t the number of the step, from 1. Squares, roots and
quotients are taken element by element.
"""

from __future__ import annotations

from typing import Any

from fastmlp._validate import flag, number
from fastmlp.compat import conventional
from fastmlp.optimizers.base import Optimizer
from fastmlp.optimizers.settings import Lowered, WithEpsilonMode, betas


class SGD(Optimizer):
    """Gradient descent: w ← w − η·g. With `momentum` β: m ← β·m − η·g, w ← w + m; if `nesterov`, w ← w + β·m − η·g.

    The learning rate is inside the momentum m. With ``compat="torch"`` it is outside: v ← β·v + g, w ← w − η·v; if
    `nesterov`, w ← w − η·(g + β·v). With ``compat="lecture"`` v is an average of gradients, as in `Momentum`.

    >>> SGD(0.1, momentum=0.9, nesterov=True).lower()
    ('nesterov', (0.9,))
    >>> SGD(0.1, compat="lecture").lower()
    ('ewa_momentum', (0.9,))
    """

    couples_decay = True

    @conventional(
        torch={"learning_rate": 0.001},
        sklearn={"learning_rate": 0.001, "momentum": 0.9, "nesterov": True},
        lecture={"momentum": 0.9},
    )
    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Any
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = number("SGD: momentum", momentum, 0, 1)
        self.nesterov = flag("SGD: nesterov", nesterov)
        if self.nesterov and self.compat == "lecture":
            raise ValueError("SGD: expected nesterov=False with compat='lecture', which has no such form, got True; "
                             "take another compat")  # fmt: skip

    def lower(self) -> Lowered:
        """`sgd`, or one of the forms of momentum."""
        if self.momentum == 0:
            return "sgd", ()
        if self.compat == "torch":
            return "velocity_nesterov" if self.nesterov else "velocity", (self.momentum,)
        if self.compat == "lecture":
            return "ewa_momentum", (self.momentum,)
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


class RMSprop(WithEpsilonMode):
    """s ← ρ·s + (1 − ρ)·g², w ← w − η·g / √(s + ε).

    Parameters
    ----------
    learning_rate, rho, epsilon
        η, ρ and ε.
    momentum
        With μ: m ← μ·m + η·g / √(s + ε), w ← w − m. With ``compat="torch"`` η stands before m in the second.
    centered
        Take the square of the mean gradient off s.
    epsilon_mode
        ``"keras"``: √(s + ε). ``"paper"``: √s + ε.
    """

    couples_decay = True

    @conventional(
        torch={"learning_rate": 0.01, "rho": 0.99, "epsilon": 1e-8, "epsilon_mode": "paper"},
        lecture={"epsilon": 1e-8, "epsilon_mode": "paper"},
    )
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
        """`rmsprop`, with `_centered` and `_momentum` (or `_velocity`) as asked for."""
        momentum = "_velocity" if self.compat == "torch" else "_momentum"
        kernel = "rmsprop" + "_centered" * self.centered + momentum * (self.momentum > 0)
        return kernel, (self.rho, *self._epsilons(), *([self.momentum] if self.momentum else []))

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean square s, the momentum, the mean gradient."""
        names = ["velocity"] + ["momentum"] * (self.momentum > 0) + ["average_gradient"] * self.centered
        return tuple((name,) for name in names)


class Adagrad(WithEpsilonMode):
    """s ← s + g², w ← w − η·g / √(s + ε); s starts from `initial_accumulator_value`.

    With `epsilon_mode` ``"paper"``: √s + ε.
    """

    couples_decay = True

    @conventional(
        torch={"learning_rate": 0.01, "initial_accumulator_value": 0.0, "epsilon": 1e-10, "epsilon_mode": "paper"}
    )
    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *,
        epsilon_mode: str = "keras",
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number("Adagrad: initial_accumulator_value", initial_accumulator_value, 0)
        self._set_epsilon(epsilon, epsilon_mode)

    def lower(self) -> Lowered:
        """`adagrad`."""
        return "adagrad", (self.initial_accumulator_value, *self._epsilons())

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The sum of squares s."""
        return (("accumulator",),)


class Adadelta(Optimizer):
    """s ← ρ·s + (1 − ρ)·g², δ = g·√(d + ε)/√(s + ε), d ← ρ·d + (1 − ρ)·δ², w ← w − η·δ.

    The paper has η = 1; with Keras's default of 0.001 it hardly moves.
    """

    couples_decay = True

    @conventional(torch={"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6})
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
        self.beta_1, self.beta_2 = betas(self, beta_1, beta_2)
        number("Lion: beta_1", beta_1, above=0)  # at 0 it would look at the sign of one gradient only

    def lower(self) -> Lowered:
        """`lion`."""
        return "lion", (self.beta_1, self.beta_2)

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """The mean m."""
        return (("momentum",),)
