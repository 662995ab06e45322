"""Penalties on weights, added to the loss.

Of an array a penalty is a float; of a tensor or a variable it is a tensor, and a tape knows its gradient.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp._arrays import real_array
from fastmlp._objects import Configurable, Family, deserializer
from fastmlp._objects import serialize as serialize
from fastmlp._validate import number, user_level, whole
from fastmlp.autodiff import kernels
from fastmlp.autodiff.extremes import absolute
from fastmlp.autodiff.normalising import l2_normalize
from fastmlp.autodiff.primitive import real_tensor
from fastmlp.autodiff.products import matmul
from fastmlp.autodiff.shapes import sum, transpose  # noqa: A004 - names of operations
from fastmlp.autodiff.tensor import is_formula
from fastmlp.compat import conventional


class Regularizer(Configurable):
    """A penalty ``l1 Σ|w| + l2 Σ w²``; one of another kind overrides ``__call__``."""

    l1: float = 0.0
    l2: float = 0.0

    def __call__(self, x: Any) -> Any:
        """The penalty of weights `x`."""
        where = type(self).__name__
        if is_formula(x):
            return kernels.penalty(real_tensor(where, x), l1=self.l1, l2=self.l2)
        return float(_core.penalty(real_array(where, x), self.l1, self.l2))

    def _factor(self, name: str, value: float | None, legacy: dict[str, Any]) -> float:
        """A factor as given: by name, None for 0.01, or as the ``l=`` of older scripts."""
        where = type(self).__name__
        if "l" in legacy:
            message = f"{where}: l= is the older spelling; write {name}="
            warnings.warn(message, DeprecationWarning, stacklevel=user_level())
            value = legacy.pop("l")
        if legacy:
            raise TypeError(f"{where}: expected the argument {name}, got {sorted(legacy)}; check the spelling")
        return number(f"{where}: {name}", 0.01 if value is None else value, 0)


class L1(Regularizer):
    """The penalty ``l1 Σ|w|``, which drives weights to 0.

    Examples
    --------
    >>> L1(0.5)([3, -4])
    3.5
    """

    def __init__(self, l1: float | None = 0.01, **legacy: float) -> None:
        self.l1 = self._factor("l1", l1, legacy)


class L2(Regularizer):
    """The penalty ``l2 Σ w²``: no ½ and no 1/m, unless `compat` has them.

    Parameters
    ----------
    l2
        The factor as it is given; the attribute `l2` is Keras's, that of ``Σ w²``.
    compat
        Whose factor it is: "keras"; "torch", the ``weight_decay`` whose gradient is ``c w``, so half of it counts;
        "sklearn", the α of ``α/(2n) Σ w²``; "lecture", the λ of ``λ/(2m) Σ w²`` (see `fastmlp.compat`).
    rows
        With "sklearn" and "lecture" what the factor is divided by. n is the rows of a batch; batches that are smaller,
        as an epoch's last may be, have scikit-learn's penalty a little smaller there. m is the rows of the whole
        training set, over which lectures take the mean that the penalty is added to.

    Examples
    --------
    >>> L2(0.1)([3, -4])
    2.5
    >>> L2(7, compat="lecture", rows=35).l2
    0.1
    """

    @conventional(sklearn={"l2": 1e-4})
    def __init__(
        self, l2: float | None = 0.01, *, compat: str = "keras", rows: int | None = None, **legacy: float
    ) -> None:
        self.compat, self.rows = compat, None if rows is None else whole("L2: rows", rows)
        self._given = self._factor("l2", l2, legacy)
        if (rows is None) == (compat in ("sklearn", "lecture")):
            rule = "no rows" if rows is not None else "rows, which the factor is divided by,"
            mend = "leave them out" if rows is not None else "rows=len(x_train), for one"
            raise ValueError(f"L2: expected {rule} with compat={compat!r}, got rows={rows!r}; {mend}")
        self.l2 = self._given if compat == "keras" else self._given / (2 * (self.rows or 1))

    def _setting(self, name: str, default: Any = None) -> Any:
        return self._given if name == "l2" else super()._setting(name, default)

    def get_config(self) -> dict[str, Any]:
        """The settings; `compat` and `rows`, which Keras does not know, only where they are not Keras's."""
        config = super().get_config()
        return {"l2": self._given} if self.compat == "keras" else config


class L1L2(Regularizer):
    """The penalty ``l1 Σ|w| + l2 Σ w²``. Both factors are 0 unless given.

    Examples
    --------
    >>> L1L2(l1=0.5, l2=0.25)([1, -2])
    2.75
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = number("L1L2: l1", l1 or 0.0, 0)
        self.l2 = number("L1L2: l2", l2 or 0.0, 0)


class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean of ``|a·b|`` over all pairs of rows (or columns) of a matrix, each made of length 1.

    Parameters
    ----------
    factor
        What the mean is multiplied by.
    mode
        'rows' or 'columns'.

    Examples
    --------
    >>> OrthogonalRegularizer(0.5)([[1, 0], [0, 1]])
    0.0
    >>> OrthogonalRegularizer(0.5)([[1, 0], [1, 0]])
    0.5
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = number("OrthogonalRegularizer: factor", factor, 0)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: expected mode 'rows' or 'columns', got {mode!r}; take one of these"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """The penalty of a matrix."""
        w = real_tensor("OrthogonalRegularizer", x, None if is_formula(x) else np.float64)
        if len(w.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {tuple(w.shape)}; reshape it to two "
                             "axes")  # fmt: skip
        w = transpose(w) if self.mode == "columns" else w
        vectors = w.shape[0]
        unit = l2_normalize(w, 1, 1e-24)  # a zero vector stays one
        others = 1 - np.eye(vectors, dtype=w.dtype)
        total = sum(absolute(matmul(unit, transpose(unit))) * others)
        penalty = self.factor * total / max(vectors * (vectors - 1), 1)
        return penalty if is_formula(x) else float(penalty)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_family = Family(
    "regularizer",
    Regularizer,
    {"l1": L1, "l2": L2, "l1_l2": L1L2, "orthogonal_regularizer": OrthogonalRegularizer},
)


def get(identifier: Any) -> Any:
    """The regularizer meant by a name, a class, a config or itself; None stays None.

    Examples
    --------
    >>> get("l2")
    L2()
    """
    return _family.get(identifier)


deserialize = deserializer(get)
