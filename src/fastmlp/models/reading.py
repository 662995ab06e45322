"""Reading: what a model makes of rows while it stays as it is, so that any number of threads may ask at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from fastmlp.models.columns import alone, rows_of
from fastmlp.models.feeds import as_array, feature_rows
from fastmlp.models.steps import Steps

Act = Callable[[Any, Any], Any]


class Reading(Steps):
    """The part of a model that predicts beside other threads."""

    def _given(self, where: str, x: Any) -> Any:
        """x as one array, or as Columns where the model takes several."""
        return rows_of(f"{where}: x", x) if self._takes_structures() else as_array(f"{where}: x", self._alone(x))

    def _alone(self, x: Any) -> Any:
        """The one input of a built model, which may be alone in a list, or in a dict by its name."""
        if not isinstance(x, (list, tuple, dict)) or not self.built:
            return x
        return alone(x, next(iter(self.input_names), None), len(self.input_shape))  # type: ignore[attr-defined]

    def _takes_structures(self) -> bool:
        """Whether it may take several arrays."""
        raise NotImplementedError

    def _rows_of(self, where: str, x: Any) -> Any:
        """x as rows that the model takes; a model that does not know its input's shape takes that of x."""
        if self._takes_structures():
            rows = rows_of(f"{where}: x", x)
            if not self.built:
                self._build_for(rows)
            return rows
        x = self._alone(x)
        if self._program is None and not self.built:
            self._build_for(as_array(f"{where}: x", x))
        if self._program is not None and not self._program.taped:
            return feature_rows(where, x, self._program.input_shape, self._program.layers)
        return feature_rows(where, x, tuple(self.input_shape[1:]), self.layers)  # type: ignore[attr-defined]

    def _build_for(self, rows: Any) -> None:
        """Make the weights that these rows want."""
        raise NotImplementedError

    def _read(self, where: str, x: Any, act: Act) -> Any:
        """What `act` makes of rows by a program it leaves as it is: beside other threads, once the program will do."""
        if type(x) is not np.ndarray:
            x = self._given(where, x)  # now: an object's own code may use the model
        found = self._read_beside(where, x, act)
        if found is None:
            self._turn.renew(where, self._is_current, partial(self._renew, where, x))
            found = self._read_beside(where, x, act)
        return self._turn.alone(where, partial(self._renew_and_read, where, x, act)) if found is None else found

    def _read_beside(self, where: str, x: Any, act: Act) -> Any:
        """None at once where another thread changes the model, or something has; or where Python may, by the tape."""
        turn = self._turn
        seat = turn.own.seat
        with seat.lock:
            outer = seat.inside
            seat.inside = inside = outer or turn.writer in (None, seat.thread) or turn.open_until > monotonic()
            try:
                program = self._program
                if inside and program is not None and not program.taped and program.is_current():
                    return act(program, self._rows_of(where, x))
            finally:
                seat.inside = outer
        return None

    def _is_current(self) -> bool:
        program = self._program
        return program is not None and program.is_current()

    def _renew(self, where: str, x: Any) -> Any:
        rows = self._rows_of(where, x)  # which may build the model
        self._network().push()
        return rows

    def _renew_and_read(self, where: str, x: Any, act: Act) -> Any:
        rows = self._renew(where, x)
        return act(self._network(), rows)
