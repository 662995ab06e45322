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
        return max((g.error for g in self.gradients), default=0.0)

    @property
    def wrong(self) -> list[CheckedGradient]:
        """Those that are beyond the tolerance."""
        return [g for g in self.gradients if not g.error <= self.tolerance]

    def __bool__(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        head = ("variable", "shape", "checked", "worst error", "at", "gradient", "difference", "")
        lines = [head, *(self._line(g) for g in self.gradients)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        verdict = "all right" if self else f"{len(self.wrong)} of {len(self.gradients)} wrong"
        return "\n".join([*table, f"{verdict}: errors up to {self.tolerance:.0e} are, in {self.dtype}"])

    def _line(self, g: CheckedGradient) -> tuple[str, ...]:
        remarks = ["WRONG"] if g.error > self.tolerance or g.error != g.error else []
        remarks += [] if g.connected else ["no gradient"]
        remarks += [f"{g.corners} at corners"] if g.corners else []
        return (g.name, str(g.shape), str(g.checked), f"{g.error:.1e}", str(g.at), f"{g.gradient:.6g}",
                f"{g.difference:.6g}", ", ".join(remarks))  # fmt: skip

    __repr__ = __str__
