"""The figure that pictures are drawn on. It is imported when one is drawn, for it needs matplotlib."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Picture(Figure):  # type: ignore[misc, unused-ignore]
    """A figure that pyplot does not know: no window, nothing to close. Notebooks show it, `savefig` writes it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
