"""``train``: a network for a CSV file of one's own, with an honest score."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmlp import random
from fastmlp._validate import brief, number, whole
from fastmlp.callbacks.monitor import EarlyStopping
from fastmlp.cli import files
from fastmlp.cli.progress import TrainingLine
from fastmlp.cli.reading import CsvFile, Table, Words, read_table
from fastmlp.cli.tabular import TablePreparation
from fastmlp.cli.target import CLASSIFICATION, REGRESSION, Target, find_target
from fastmlp.data.split import train_dev_test_split
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential

HELP = "train a network on a CSV file"
_FEWEST = 10  # rows
_VALIDATION = 0.15  # of the rows that are not held out: they tell when to stop
_PATIENCE = 20  # epochs


def options(parser: argparse.ArgumentParser) -> None:
    """Data, target, and how to train."""
    add = parser.add_argument
    add("data", help="a CSV file in UTF-8 whose first line names the columns")
    add("--target", required=True, metavar="COLUMN", help="the column to learn to predict, from all others")
    add("--model", default="model.safetensors", help="the file to write (default: model.safetensors)")
    add(
        "--epochs", type=int, default=200, help="the most; training stops when validation gets no better (default: 200)"
    )
    add("--hidden", default="128,64", metavar="WIDTHS", help="widths of the hidden layers (default: 128,64)")
    add("--holdout", type=float, default=0.2, metavar="SHARE", help="of rows kept for the score (default: 0.2)")
    add("--seed", type=int, default=0, help="of the split, weights and the order of rows (default: 0)")
    tasks = ("auto", CLASSIFICATION, REGRESSION)
    add("--task", choices=tasks, default="auto", help="classes or numbers; auto tells by the target (default: auto)")
    add("--separator", default=",", help="what stands between cells: ',', ';', 'tab' … (default: ,)")


class Parts(NamedTuple):
    """Rows to learn from, to stop by and to score on."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    holdout: NDArray[np.int64]


def run(arguments: argparse.Namespace) -> None:
    """Read, prepare, train, score, save."""
    epochs, widths = whole("--epochs", arguments.epochs), hidden_widths(arguments.hidden)
    holdout = number("--holdout", arguments.holdout, 0, 0.5)
    random.set_random_seed(whole("--seed", arguments.seed, 0))
    output = files.output("--model", arguments.model, arguments.data)
    table, column = _read(arguments)
    target, why = find_target(arguments.target, column, arguments.task)
    print(f"{target.task} of {target.name!r}: {why}")
    y: NDArray[Any] = target.labels(column) if target.task == CLASSIFICATION else target.values(column)
    parts = _parts(y, target, holdout, arguments.seed)
    preparation = TablePreparation().fit(table, parts.train)
    for name, reason in preparation.dropped.items():
        print(f"column {name!r} is left out: {reason}")
    x = preparation.transform(table)
    if target.task == REGRESSION:
        target = target.scaled_by(y[parts.train])
        y = (y - target.mean) / target.scale
    model = make(x.shape[1], widths, target)
    shape = "-".join(map(str, (x.shape[1], *widths, target.outputs)))
    print(f"{len(parts.train)} rows to learn from, {len(parts.validation)} to validate on; network {shape}")
    fit(model, x, y, parts, epochs)
    for line in score(model, x[parts.holdout], y[parts.holdout], y[parts.train], target):
        print(line)
    files.save(output, model, preparation, target)
    print(f"saved as {arguments.model}; to predict: python -m fastmlp predict {arguments.model} NEW.csv")


def hidden_widths(text: str) -> list[int]:
    """The widths in ``"128,64"``; none in ``""``."""
    try:
        widths = [int(width) for width in text.split(",")] if text.strip() else []
    except ValueError:
        widths = [0]
    if any(width < 1 for width in widths):
        raise ValueError(f"--hidden: expected widths of layers such as 128,64, got {text!r}; give whole numbers")
    return widths


def _read(arguments: argparse.Namespace) -> tuple[Table, Words]:
    """The table of the rows whose target is known, and that target."""
    file = CsvFile(arguments.data, arguments.separator)
    file.place(arguments.target, "the target")
    table = read_table(file, words={arguments.target})
    print(f"{arguments.data}: {table.rows} rows, {len(table.columns)} columns")
    column = table.columns[arguments.target]
    assert isinstance(column, Words)  # as asked for
    known = np.flatnonzero(np.array(column.words, object)[column.codes] != "")
    if len(known) < table.rows:
        print(f"{table.rows - len(known)} rows are left out: they have no {arguments.target!r}")
    if len(known) < _FEWEST:
        raise ValueError(
            f"{arguments.data}: expected at least {_FEWEST} rows with a target, got {len(known)}; add some"
        )
    return table.without(arguments.target).take(known), column[known]


def _parts(y: NDArray[Any], target: Target, holdout: float, seed: int) -> Parts:
    """Parts drawn at random, each with its share of every class."""
    sizes = (None, _VALIDATION * (1 - holdout), holdout)
    stratify = y if target.task == CLASSIFICATION else None
    parts = Parts(*train_dev_test_split(np.arange(len(y)), sizes=sizes, stratify=stratify, seed=seed))
    if target.task == CLASSIFICATION:
        unseen = [name for i, name in enumerate(target.classes) if not np.any(y[parts.train] == i)]
        if unseen:
            print(f"too few rows to learn them: {', '.join(map(brief, unseen))}")
    return parts


def make(inputs: int, widths: list[int], target: Target) -> Sequential:
    """A compiled network: ReLU layers, then softmax for classes or one number."""
    layers: list[Any] = [Input((inputs,), name="row")]
    for place, width in enumerate(widths, 1):
        layers.append(Dense(width, "relu", kernel_initializer="he_normal", name=f"hidden_{place}"))
    if target.task == CLASSIFICATION:
        model = Sequential([*layers, Dense(target.outputs, "softmax", name="classes")], name="table")
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model = Sequential([*layers, Dense(1, name="number")], name="table")
        model.compile("adam", "mse")
    return model


def fit(model: Sequential, x: NDArray[np.float32], y: NDArray[Any], parts: Parts, epochs: int) -> None:
    """Train until validation gets no better, and go back to where it was best."""
    line = TrainingLine(epochs)
    stop = EarlyStopping(patience=_PATIENCE, restore_best_weights=True)
    model.fit(x[parts.train], y[parts.train], batch_size=32 if len(x) < 20_000 else 256, epochs=epochs, verbose=0,
              callbacks=[line, stop], validation_data=(x[parts.validation], y[parts.validation]))  # fmt: skip
    pace = line.epochs_done * len(parts.train) / line.training
    early = "stopped early: " if line.epochs_done < epochs else ""
    print(f"{early}{line.epochs_done} epochs in {line.total:.1f} s, {pace:,.0f} rows/s; the weights are those of epoch "
          f"{stop.best_epoch + 1}, the best in validation")  # fmt: skip


def score(
    model: Sequential, x: NDArray[np.float32], y: NDArray[Any], y_train: NDArray[Any], target: Target
) -> list[str]:
    """What the model is worth on rows it has not seen, beside an answer that looks at no column."""
    if not len(x):
        return ["no rows were held out, so there is no score"]
    outputs = model.predict(x, batch_size=1024, verbose=0)
    if target.task == CLASSIFICATION:
        usual = int(np.bincount(y_train).argmax())
        right, blind = np.mean(outputs.argmax(axis=1) == y), np.mean(y == usual)
        return [
            f"score on {len(x)} rows held out: accuracy {right:.4f} (always {target.classes[usual]!r}: {blind:.4f})"
        ]
    errors, blind_errors = outputs[:, 0] - y, y - y_train.mean()
    rmse, blind_rmse = (np.sqrt(np.mean(e**2)) * target.scale for e in (errors, blind_errors))
    mae, blind_mae = (np.mean(np.abs(e)) * target.scale for e in (errors, blind_errors))
    spread = np.sum((y - y.mean()) ** 2)
    r2 = 1 - np.sum(errors**2) / spread if spread > 0 else float("nan")
    return [
        f"score on {len(x)} rows held out: RMSE {rmse:.6g}, MAE {mae:.6g}, R² {r2:.4f}",
        f"  always the mean of training: RMSE {blind_rmse:.6g}, MAE {blind_mae:.6g}",
    ]
