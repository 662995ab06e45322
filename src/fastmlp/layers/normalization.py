"""Layers that bring features to a common scale."""

from __future__ import annotations

from typing import Any

from fastmlp import constraints, initializers, regularizers
from fastmlp._validate import flag, number
from fastmlp.compat import conventional
from fastmlp.layers.base import Layer, Shape, not_here
from fastmlp.variables import Variable


class _Scaled(Layer):
    """What batch and layer normalisation share: γ and β, one of each for a feature."""

    gamma: Variable | None
    beta: Variable | None

    @conventional(torch={"epsilon": 1e-5})
    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        compat: str = "keras",
        **settings: Any,
    ) -> None:
        where = type(self).__name__
        not_here(where, rms_scaling=settings.pop("rms_scaling", None))
        super().__init__(**settings)
        self.axis, self.compat = axis, compat
        self.epsilon = number(f"{where}: epsilon", epsilon, 0)
        self.center, self.scale = flag(f"{where}: center", center), flag(f"{where}: scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build_weights(self, shape: Shape) -> None:
        """Make γ and β."""
        width = (self.last_axis(self.axis, shape),)
        self.gamma = self.beta = None
        if self.scale:
            penalty, limit = self.gamma_regularizer, self.gamma_constraint
            self.gamma = self.add_weight(
                width, self.gamma_initializer, name="gamma", regularizer=penalty, constraint=limit
            )
        if self.center:
            penalty, limit = self.beta_regularizer, self.beta_constraint
            self.beta = self.add_weight(
                width, self.beta_initializer, name="beta", regularizer=penalty, constraint=limit
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self.last_axis(self.axis, input_shape)
        return input_shape


class BatchNormalization(_Scaled):
    """``γ (x - mean) / √(variance + ε) + β``, feature by feature.

    While training, mean and variance are those of the batch, which move the averages kept for prediction:
    ``moving = momentum · moving + (1 - momentum) · batch``, with the biased variance unless `compat` is "torch".

    Parameters
    ----------
    axis
        That of the features: -1.
    momentum
        How slowly the moving averages move; 0.99 is what PyTorch calls 0.01.
    epsilon
        Keeps the root from 0.
    center, scale
        Whether there is a β, a γ.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
        What they start from.
    beta_regularizer, gamma_regularizer
        Penalties on them.
    beta_constraint, gamma_constraint
        What they are held to after each update.
    compat
        Whose defaults it has, see `fastmlp.compat`. With "torch" the moving variance takes in the unbiased one.

    Examples
    --------
    >>> layer = BatchNormalization()
    >>> layer.build((None, 3))
    >>> [v.name for v in layer.weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    moving_mean: Variable
    moving_variance: Variable

    @conventional(torch={"momentum": 0.9, "epsilon": 1e-5})
    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **settings,
        )
        not_here("BatchNormalization", renorm=renorm, renorm_clipping=renorm_clipping, synchronized=synchronized)
        self.momentum = number("BatchNormalization: momentum", momentum, 0, 1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build_weights(self, shape: Shape) -> None:
        """Make γ and β and the moving averages."""
        super().build_weights(shape)
        width = (self.features(shape),)
        self.moving_mean = self.add_weight(width, self.moving_mean_initializer, name="moving_mean", trainable=False)
        self.moving_variance = self.add_weight(
            width, self.moving_variance_initializer, name="moving_variance", trainable=False
        )

    def lower(self) -> list[dict[str, Any]]:
        """The normalisation."""
        return [
            {
                "op": "batch_norm",
                "momentum": self.momentum,
                "epsilon": self.epsilon,
                "unbiased": self.compat == "torch",
                "gamma": self.gamma,
                "beta": self.beta,
                "moving_mean": self.moving_mean,
                "moving_variance": self.moving_variance,
            }
        ]


class LayerNormalization(_Scaled):
    """``γ (x - mean) / √(variance + ε) + β``, mean and variance being those of a row.

    Parameters
    ----------
    axis
        That of the features: -1.
    epsilon
        Keeps the root from 0.
    center, scale
        Whether there is a β, a γ.
    beta_initializer, gamma_initializer
        What they start from.
    beta_regularizer, gamma_regularizer
        Penalties on them.
    beta_constraint, gamma_constraint
        What they are held to after each update.
    compat
        Whose ε it has unless given, see `fastmlp.compat`.
    """

    def lower(self) -> list[dict[str, Any]]:
        """The normalisation."""
        return [{"op": "layer_norm", "epsilon": self.epsilon, "gamma": self.gamma, "beta": self.beta}]


class UnitNormalization(Layer):
    """``x / ‖x‖``: rows of length 1.

    Parameters
    ----------
    axis
        That of the features: -1.
    """

    def __init__(self, axis: Any = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = axis

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self.last_axis(self.axis, input_shape)
        return input_shape

    def lower(self) -> list[dict[str, Any]]:
        """The normalisation; a row shorter than 1e-12 is divided by that."""
        return [{"op": "unit_norm", "epsilon": 1e-12}]
