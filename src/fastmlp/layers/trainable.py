"""Activations that learn: parameters of their own for each feature, or one set for all; and maxout."""

from __future__ import annotations

from typing import Any, ClassVar

from fastmlp import constraints, initializers, regularizers
from fastmlp._validate import brief, whole
from fastmlp.compat import conventional
from fastmlp.layers.base import Layer, Shape
from fastmlp.layers.core import Dense
from fastmlp.layers.starts import settings_of
from fastmlp.variables import Variable

_MOST_PIECES, _MOST_PARAMETERS = 64, 32  # of the engine, FM_MOST_PIECES and FM_MOST_PARAMETERS


class _Trainable(Layer):
    """``y = f(x; θ)``, θ learnt like weights: a set for each feature, or one set for all with shared_axes=[1].

    Its rows are variables each, and one matrix to the engine. So an optimizer's `clipnorm` limits the norm of all rows
    together, and regularizer, constraint and weight decay of the first row are those of all.
    """

    kernel_name: ClassVar[str]

    def __init__(self, shared_axes: Any = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.shared_axes = None if shared_axes is None else self._axes(shared_axes)

    def _axes(self, shared_axes: Any) -> list[int]:
        axes = list(shared_axes) if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        if axes not in ([], [1], [-1]):
            raise ValueError(f"{type(self).__name__}: expected shared_axes None (each feature has its own) or "
                             f"[1] (one set serves all), got {brief(shared_axes)}; take one of these")  # fmt: skip
        return axes

    def _parameter(
        self, shape: Shape, name: str, initializer: Any, regularizer: Any = None, constraint: Any = None
    ) -> Variable:
        """A row of θ."""
        width = 1 if self.shared_axes else self.features(shape)
        return self.add_weight((width,), initializer, name=name, regularizer=regularizer, constraint=constraint)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self.features(input_shape)
        return input_shape

    def lower(self) -> list[dict[str, Any]]:
        """The activation with its parameters."""
        return [
            {
                "op": "trainable",
                "name": self.kernel_name,
                "theta": list(self._variables),
                "shared": bool(self.shared_axes),
            }
        ]


class PReLU(_Trainable):
    """``x`` above 0, ``α x`` below.

    Parameters
    ----------
    alpha_initializer, alpha_regularizer, alpha_constraint
        Of α.
    shared_axes
        None for an α of each feature, [1] for one that serves all.
    compat
        Whose defaults it has, see `fastmlp.compat`.

    Examples
    --------
    >>> layer = PReLU()
    >>> layer.build((None, 3))
    >>> layer.alpha.numpy().tolist()
    [0.0, 0.0, 0.0]
    """

    kernel_name = "prelu"
    alpha: Variable

    @conventional(torch={"alpha_initializer": settings_of("Constant", value=0.25), "shared_axes": [1]})
    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        *,
        compat: str = "keras",
        **settings: Any,
    ) -> None:
        super().__init__(shared_axes, **settings)
        self.compat = compat
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)

    def build_weights(self, shape: Shape) -> None:
        """Make α."""
        self.alpha = self._parameter(
            shape, "alpha", self.alpha_initializer, self.alpha_regularizer, self.alpha_constraint
        )


class SwishBeta(_Trainable):
    """``x · sigmoid(β x)``: linear for β = 0, silu for 1, towards relu for large β.

    Parameters
    ----------
    beta_initializer, beta_regularizer, beta_constraint
        Of β.
    shared_axes
        None for a β of each feature, [1] for one that serves all.
    """

    kernel_name = "swish_beta"
    beta: Variable

    def __init__(
        self,
        beta_initializer: Any = "ones",
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        shared_axes: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(shared_axes, **settings)
        self.beta_initializer = initializers.get(beta_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)

    def build_weights(self, shape: Shape) -> None:
        """Make β."""
        self.beta = self._parameter(shape, "beta", self.beta_initializer, self.beta_regularizer, self.beta_constraint)


class PELU(_Trainable):
    """``(a / b) x`` from 0 on, ``a (e^(x / b) - 1)`` below: elu at first. Meant for positive a and b.

    Training sees one variable in them: an optimizer's `clipnorm` limits the norm of both gradients together, and a
    regularizer, constraint or exemption from weight decay given to `a` later is for both, one given to `b` for none.

    Parameters
    ----------
    a_initializer, b_initializer
        What a and b start from.
    constraint
        What both are held to after each update.
    shared_axes
        None for an a and a b of each feature, [1] for those that serve all.
    """

    kernel_name = "pelu"
    a: Variable
    b: Variable

    def __init__(
        self,
        a_initializer: Any = "ones",
        b_initializer: Any = "ones",
        constraint: Any = None,
        shared_axes: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(shared_axes, **settings)
        self.a_initializer, self.b_initializer = initializers.get(a_initializer), initializers.get(b_initializer)
        self.constraint = constraints.get(constraint)

    def build_weights(self, shape: Shape) -> None:
        """Make a and b."""
        self.a = self._parameter(shape, "a", self.a_initializer, constraint=self.constraint)
        self.b = self._parameter(shape, "b", self.b_initializer, constraint=self.constraint)


class SReLU(_Trainable):
    """Slope `a_left` up to `t_left`, 1 between, `a_right` from `t_right` on: bends to an S. A leaky relu at first.

    Training sees one variable in them: an optimizer's `clipnorm` limits the norm of all four gradients together, and a
    regularizer, constraint or exemption from weight decay given to `t_left` is for all, one given to others for none.

    Parameters
    ----------
    t_left_initializer, a_left_initializer, t_right_initializer, a_right_initializer
        What the two bends and the two slopes start from; None for 0, 0.2, 1 and 1.
    shared_axes
        None for parameters of each feature, [1] for those that serve all.
    """

    kernel_name = "srelu"
    t_left: Variable
    a_left: Variable
    t_right: Variable
    a_right: Variable

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        a_left_initializer: Any = None,
        t_right_initializer: Any = "ones",
        a_right_initializer: Any = "ones",
        shared_axes: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(shared_axes, **settings)
        self.t_left_initializer = initializers.get(t_left_initializer)
        self.a_left_initializer = initializers.get(a_left_initializer)
        self.t_right_initializer = initializers.get(t_right_initializer)
        self.a_right_initializer = initializers.get(a_right_initializer)

    def build_weights(self, shape: Shape) -> None:
        """Make the bends and the slopes."""
        self.t_left = self._parameter(shape, "t_left", self.t_left_initializer)
        self.a_left = self._parameter(shape, "a_left", self.a_left_initializer or initializers.Constant(0.2))
        self.t_right = self._parameter(shape, "t_right", self.t_right_initializer)
        self.a_right = self._parameter(shape, "a_right", self.a_right_initializer)


class APL(_Trainable):
    """``max(x, 0) + Σ a_s max(b_s - x, 0)``: a hinge opens to the left of each b. A relu at first.

    Training sees one variable in them: an optimizer's `clipnorm` limits the norm of all gradients together, and a
    regularizer, constraint or exemption from weight decay given to `a_0` is for all, one given to others for none.

    Parameters
    ----------
    pieces
        How many hinges.
    a_initializer, b_initializer
        What each a and each b starts from; b = None spreads the hinges evenly over -1 … 1.
    shared_axes
        None for hinges of each feature, [1] for those that serve all.

    Examples
    --------
    >>> layer = APL(3)
    >>> layer.build((None, 1))
    >>> [(v.name, v.numpy().tolist()) for v in layer.weights[3:]]
    [('b_0', [-1.0]), ('b_1', [0.0]), ('b_2', [1.0])]
    """

    kernel_name = "apl"

    def __init__(
        self,
        pieces: int = 2,
        a_initializer: Any = "zeros",
        b_initializer: Any = None,
        shared_axes: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(shared_axes, **settings)
        self.pieces = _at_most(_MOST_PARAMETERS // 2, "APL: pieces", whole("APL: pieces", pieces))
        self.a_initializer, self.b_initializer = initializers.get(a_initializer), initializers.get(b_initializer)

    def build_weights(self, shape: Shape) -> None:
        """Make all a, then all b, as the kernel has its rows."""
        for s in range(self.pieces):
            self._parameter(shape, f"a_{s}", self.a_initializer)
        for s in range(self.pieces):
            place = 2 * s / (self.pieces - 1) - 1 if self.pieces > 1 else 0.0
            self._parameter(shape, f"b_{s}", self.b_initializer or initializers.Constant(place))


class Maxout(Dense):
    """The largest of several dense layers, unit by unit: ``Y = max_p (X W_p + b_p)``.

    Column ``p · units + j`` of the kernel belongs to piece p of unit j. All other arguments are those of `Dense`.

    Parameters
    ----------
    units
        The width of the output.
    pieces
        How many dense layers.

    Examples
    --------
    >>> layer = Maxout(3, pieces=4)
    >>> layer.build((None, 2))
    >>> layer.kernel.shape, layer.output_shape
    ((2, 12), (None, 3))
    """

    def __init__(self, units: int, pieces: int = 2, **settings: Any) -> None:
        self.pieces = _at_most(_MOST_PIECES, "Maxout: pieces", whole("Maxout: pieces", pieces))
        super().__init__(units, **settings)

    @property
    def columns(self) -> int:
        """How many columns W has."""
        return self.units * self.pieces

    def lower(self) -> list[dict[str, Any]]:
        """A product, the largest pieces, an activation."""
        dense, *activation = super().lower()
        return [dense, {"op": "pieces", "name": "maxout", "pieces": self.pieces}, *activation]


def _at_most(most: int, where: str, value: int) -> int:
    if value > most:
        raise ValueError(f"{where}: expected a whole number of at most {most}, got {value}; lower it")
    return value
