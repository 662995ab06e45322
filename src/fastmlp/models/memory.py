"""What a model takes in memory, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastmlp.models.evaluation import flat_view
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.summary import readable_size
from fastmlp.program import Program
from fastmlp.variables import Variable

_INDEX, _LABEL = 8, 4  # bytes of a row's number, of a class as C takes it


@dataclass(frozen=True)
class MemoryReport:
    """Bytes by part; its text is a table.

    >>> print(MemoryReport(batch_size=32, weights=4000, optimizer=8000, buffers=50_000, variables=0))
    weights                             3.91 KB
    optimizer's state                   7.81 KB
    buffers for a batch of 32          48.83 KB
    variables outside the network        0.00 B
    total                              60.55 KB

    Parameters
    ----------
    batch_size
        Rows of a step that there is room for.
    weights, optimizer
        What layers and the optimizer remember, as the network holds it.
    buffers
        What else the network takes: activations, their gradients, and edges that fill up whole vectors. Those that
        predictions and evaluations run in come with the first of them, for each thread, and are in no report before.
    variables
        Values that Python keeps besides, from their making or from an assignment to the next step of training.
    data
        The arrays x and y, which are read where they lie.
    copies
        What fit makes of them: the order of the rows, and labels in the type C takes.
    """

    batch_size: int
    weights: int
    optimizer: int
    buffers: int
    variables: int
    data: int = 0
    copies: int = 0

    @property
    def network(self) -> int:
        """The part that the engine allocates, once."""
        return self.weights + self.optimizer + self.buffers

    @property
    def total(self) -> int:
        """All but the data."""
        return self.network + self.variables + self.copies

    def __str__(self) -> str:
        lines = {
            "weights": self.weights,
            "optimizer's state": self.optimizer,
            f"buffers for a batch of {self.batch_size}": self.buffers,
            "variables outside the network": self.variables,
        }
        lines |= {"made of the data": self.copies} if self.data else {}
        lines |= {"total": self.total}
        lines |= {"data, read in place": self.data} if self.data else {}
        return "\n".join(f"{name:<30}{readable_size(count):>13}" for name, count in lines.items())


def _bytes(variables: Sequence[Variable]) -> int:
    return sum(v.size * v.dtype.itemsize for v in variables)


def memory_report(program: Program, feed: ArrayFeed | None) -> MemoryReport:
    """That of a program, and of data it would train on."""
    weights = [v for layer in program.layers for v in layer.weights]
    held = set(program.variables)
    state = [] if program.optimizer is None else program.optimizer.variables
    in_network = [_bytes([v for v in some if v in held]) for some in (weights, state)]
    data, copies = (0, 0) if feed is None else _of_data(feed, program)
    return MemoryReport(
        batch_size=program.network.batch,
        weights=in_network[0],
        optimizer=in_network[1],
        buffers=program.network.bytes - sum(in_network),
        variables=_bytes([v for v in (*weights, *state) if v.holder is None]),
        data=data,
        copies=copies,
    )


def _of_data(feed: ArrayFeed, program: Program) -> tuple[int, int]:
    data = feed.x.nbytes + (0 if feed.y is None else feed.y.nbytes)
    copies = _INDEX * feed.rows + _LABEL * feed.rows * program.network.labels
    if flat_view(feed.x) is None:  # rows that do not lie in one piece are gathered batch by batch
        copies += feed.x.nbytes // feed.rows * min(feed.rows, program.network.batch)
    return data, copies
