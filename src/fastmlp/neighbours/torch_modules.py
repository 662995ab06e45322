"""What ``torch.nn`` has no module for. It is imported when it is needed, for it needs PyTorch."""

from __future__ import annotations

from typing import Any

import torch


class Affine(torch.nn.Module):  # type: ignore[misc]  # PyTorch need not be there
    """``(x - shift) · scale + offset``: what `Rescaling` and `Normalization` are in PyTorch. Nothing of it is trained.

    Parameters
    ----------
    shift, scale, offset
        Numbers, or arrays of the shape of a row.
    dtype
        The type to keep them in.
    """

    def __init__(self, shift: Any, scale: Any, offset: Any, dtype: Any = None) -> None:
        super().__init__()
        for name, value in (("shift", shift), ("scale", scale), ("offset", offset)):
            self.register_buffer(name, torch.tensor(value, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """The rescaled rows."""
        return (x - self.shift) * self.scale + self.offset
