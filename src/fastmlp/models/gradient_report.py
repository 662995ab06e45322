"""What a check of gradients has found: a line for each variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CheckedGradient:
    """The gradient of one variable beside differences.

    Parameters
    ----------
    name, shape
        Of the variable.
    checked
        How many of its numbers were looked at; `corners` of them lie where the loss bends, and say nothing.
    error
        The worst relative error.
    at
        Where that is.
    gradient, difference
        What the tape says there, and what differences say.
    connected
        Whether there is a gradient at all; without one it is taken for 0.
    error_in_c
        How far the gradient of the program in C is from the tape's, relative to the greatest; None if there is none.
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    corners: int
    error: float
    at: tuple[int, ...]
    gradient: float
    difference: float
    connected: bool = True
    error_in_c: float | None = None

    @property
    def worst(self) -> float:
        """The larger of both errors."""
        return max(self.error, self.error_in_c or 0.0)


@dataclass(frozen=True, repr=False)
class GradientReport:
    """All of them; true if they are right, and its text is a table.

    Parameters
    ----------
    gradients
        One for each variable.
    tolerance
        The relative error up to which they are right.
    dtype
        What the loss was computed in.
    loss
        Its value.
    """

    gradients: Sequence[CheckedGradient]
    tolerance: float
    dtype: str
    loss: float

    @property
    def worst(self) -> float:
        """The worst error of all."""
        return max((g.worst for g in self.gradients), default=0.0)

    @property
    def wrong(self) -> list[CheckedGradient]:
        """Those that are beyond the tolerance."""
        return [g for g in self.gradients if g.worst > self.tolerance]

    def __bool__(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        head = ("variable", "shape", "checked", "worst error", "at", "gradient", "difference", "in C", "")
        lines = [head, *(self._line(g) for g in self.gradients)]
        if not any(g.error_in_c is not None for g in self.gradients):
            lines = [(*line[:-2], line[-1]) for line in lines]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        verdict = "all right" if self else f"{len(self.wrong)} of {len(self.gradients)} wrong"
        return "\n".join([*table, f"{verdict}: errors up to {self.tolerance:.0e} are, in {self.dtype}"])

    def _line(self, g: CheckedGradient) -> tuple[str, ...]:
        remarks = ["WRONG"] if g.worst > self.tolerance else []
        in_c = "" if g.error_in_c is None else f"{g.error_in_c:.1e}"
        remarks += [] if g.connected else ["no gradient"]
        remarks += [f"{g.corners} at corners"] if g.corners else []
        return (g.name, str(g.shape), str(g.checked), f"{g.error:.1e}", str(g.at), f"{g.gradient:.6g}",
                f"{g.difference:.6g}", in_c, ", ".join(remarks))  # fmt: skip

    __repr__ = __str__
