"""``predict``: a trained model's answers for the rows of a CSV file."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp.cli import files
from fastmlp.cli.reading import CsvFile, Table, read_chunks
from fastmlp.cli.tabular import TablePreparation
from fastmlp.cli.target import CLASSIFICATION, Target
from fastmlp.saving import atomic

HELP = "predict the rows of a CSV file with a model that 'train' made"


def options(parser: argparse.ArgumentParser) -> None:
    """Model, data, where to and what to write."""
    parser.add_argument("model", help="the file that 'train' wrote")
    parser.add_argument("data", help="a CSV file with the columns of the training data; others are ignored")
    parser.add_argument("--output", default="predictions.csv", help="the file to write (default: predictions.csv)")
    parser.add_argument("--probabilities", action="store_true", help="add a column for each class: how likely it is")
    parser.add_argument("--separator", default=",", help="what stands between cells: ',', ';', 'tab' … (default: ,)")


def run(arguments: argparse.Namespace) -> None:
    """Predict chunk by chunk; the output file appears when it is complete."""
    model, preparation, target = files.load(arguments.model)
    if arguments.probabilities and target.task != CLASSIFICATION:
        raise ValueError(f"--probabilities: expected a model of classes, got one of the number {target.name!r}; "
                         "leave it out")  # fmt: skip
    file = CsvFile(arguments.data, arguments.separator)
    output = files.output("--output", arguments.output, arguments.data, arguments.model)
    tables = read_chunks(file, preparation.kinds, f"the model {arguments.model} needs it")
    rows = 0

    def lines() -> Iterator[bytes]:
        nonlocal rows
        yield _encoded([_header(target, arguments.probabilities)])
        for table in tables:
            rows += table.rows
            yield _encoded(_rows(model, preparation, target, table, arguments.probabilities))
        if not rows:
            raise ValueError(f"{file.path}: expected rows below the header, got none; add some")

    atomic.write(output, lines())
    print(f"{arguments.output}: {rows} predictions of {target.name!r}, in the order of the rows of {arguments.data}")


def _header(target: Target, probabilities: bool) -> list[str]:
    return ["prediction", *(f"probability of {name}" for name in target.classes if probabilities)]


def _rows(
    model: Any, preparation: TablePreparation, target: Target, table: Table, probabilities: bool
) -> Iterator[list[str]]:
    """The cells of each row."""
    outputs = model.predict(preparation.transform(table), batch_size=1024, verbose=0)
    for prediction, row in zip(answers(target, outputs), outputs):
        yield [prediction, *(f"{p:.6g}" for p in row if probabilities)]


def answers(target: Target, outputs: NDArray[np.floating[Any]]) -> list[str]:
    """What a network's outputs say about the target: a class, or a number."""
    if target.task == CLASSIFICATION:
        return [target.classes[place] for place in outputs.argmax(axis=1)]
    return [f"{target.mean + target.scale * output:.7g}" for output in outputs[:, 0].tolist()]


def _encoded(rows: Iterable[list[str]]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
