"""The table of a model's layers: its boxes are those of Keras 3, its plain lines those of Keras 2."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief, unknown
from fastmlp.models.connections import connected, steps
from fastmlp.models.progress import can_show, say

# edges of the box: top, below the header, between rows, bottom; then the bars of header and rows
_BOX = ("┏━┳┓", "┡━╇┩", "├─┼┤", "└─┴┘", "┃", "│")
_ASCII = ("+-++", "+=++", "+-++", "+-++", "|", "|")

_STYLES = {"keras": ((0.45, 0.80, 1.0), 88, 0.90), "keras2": ((0.45, 0.85, 1.0), 65, 0.90)}
_WIDE = {"keras": ((0.3, 0.56, 0.74, 1.0), 108, 0.90), "keras2": ((0.33, 0.55, 0.67, 1.0), 98, 0.90)}


def summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
    style: str = "keras",
) -> None:
    """Print the layers of a model, their output shapes and how many weights they have.

    Parameters
    ----------
    line_length
        The width; None: 88 or what the terminal has.
    positions
        Where each column ends, as parts of the width or in characters.
    print_fn
        Given the text instead of printing it: all at once, or line by line if the style is 'keras2'.
    expand_nested
        Show the layers of models within the model.
    show_trainable
        One more column, Y or N.
    layer_range
        Names (or patterns of names) of the first and the last layer to show.
    style
        'keras', a table with boxes, or 'keras2', plain lines as Keras 2 printed them.
    """
    if print_fn is not None and not callable(print_fn):
        raise TypeError(f"summary: print_fn: expected a function of a text, got {brief(print_fn)}; print, for one")
    if style not in _STYLES:
        unknown("summary: style", style, _STYLES)
    lines_of = connected(model)
    default, longest, part = (_STYLES if lines_of is None else _WIDE)[style]
    ends, header = list(positions or default), ["Layer (type)", "Output Shape", "Param #"]
    if lines_of is not None:
        header.append("Connected to")
    if show_trainable:
        header.append("Trainable")
        ends = [end * part for end in ends] + [ends[-1]]
    if len(ends) != len(header):
        raise ValueError(f"summary: expected {len(default)} positions, one for each column, got {brief(positions)}; "
                         "add or remove some")  # fmt: skip
    longest += 12 if show_trainable else 0
    width = line_length or min(longest, shutil.get_terminal_size().columns - 4 if style == "keras" else longest)
    widths = np.diff([0, *(int(end * width) if ends[-1] <= 1 else int(end) for end in ends)]).tolist()
    if min(widths) < 4:
        raise ValueError(f"summary: expected columns of 4 characters or more, got widths {widths}; "
                         "raise line_length or change positions")  # fmt: skip
    rows = [_cells(row, header, lines_of) for layer in _chosen(steps(model), layer_range)
            for row in _rows(layer, expand_nested)]  # fmt: skip
    totals = _totals(model, sizes=style == "keras")
    if style == "keras2":
        for line in _plain_table(model.name, header, rows, widths, totals):
            (print_fn or say)(line)
        return
    boxes = _BOX if print_fn or can_show(sys.stdout, "".join(_BOX) + "…└") else _ASCII
    width = sum(widths) if ends[-1] > 1 else width
    lines = [f'Model: "{model.name}"', *_boxed_table(header, rows, _shares(widths, width), boxes), *totals]
    (print_fn or say)("\n".join(lines) + ("\n" if print_fn else ""))


def _chosen(layers: Sequence[Any], layer_range: Sequence[str] | None) -> Sequence[Any]:
    """The layers from the first that one pattern fits to the last that the other does."""
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary: expected two names of layers as layer_range, got {brief(layer_range)}; "
                         "name the first and the last layer to show")  # fmt: skip
    found = [[i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range]
    for name, places in zip(layer_range, found, strict=True):
        if not places:
            unknown("summary: layer_range", name, [layer.name for layer in layers])
    first, last = found
    if min(first) > max(last):
        first, last = last, first
    return layers[min(first) : max(last) + 1]


def _cells(row: dict[str, str], header: Sequence[str], lines_of: Mapping[str, str] | None) -> list[str]:
    """What a row has for these columns."""
    found = {**row, "Connected to": (lines_of or {}).get(row["name"], "-")}
    return [found[title] for title in header]


def _rows(layer: Any, expand_nested: bool, depth: int = 0) -> Iterator[dict[str, str]]:
    """The row of a layer, then those of the layers in it."""
    branch = "   " * depth + "└ " if depth else ""
    yield {
        "name": layer.name if not depth else "",
        "Layer (type)": f"{branch}{layer.name} ({getattr(layer, 'kind', type(layer).__name__)})",
        "Output Shape": _shape_text(layer.output_shape),
        "Param #": f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
        "Trainable": ("Y" if layer.trainable else "N") if layer.weights else "-",
    }
    if expand_nested:
        for inner in getattr(layer, "layers", ()):
            yield from _rows(inner, True, depth + 1)


def _shape_text(shape: Any) -> str:
    """A shape, or those of several outputs."""
    if shape is None:
        return "?"
    if isinstance(shape, Mapping):
        return "{" + ", ".join(f"{key}: {_shape_text(one)}" for key, one in shape.items()) + "}"
    if any(isinstance(one, (list, tuple, Mapping)) for one in shape):
        return f"[{', '.join(map(_shape_text, shape))}]"
    return f"({', '.join(map(str, shape))})"


def _totals(model: Any, sizes: bool) -> list[str]:
    parts = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    optimizer = getattr(model, "optimizer", None)
    if sizes and optimizer is not None and getattr(optimizer, "built", False):
        parts["Optimizer"] = optimizer.variables
    every = [_count(weights) for weights in parts.values()]
    lines = [("Total", sum(n for n, _ in every), sum(size for _, size in every))]
    lines += [(name, *of) for name, of in zip(parts, every, strict=True)]
    if not sizes:
        return [f"{name} params: {n:,}" for name, n, _ in lines]
    return [f" {name} params: {n:,} ({readable_size(size)})" for name, n, size in lines]


def _count(weights: Sequence[Any]) -> tuple[int, int]:
    """How many numbers, how many bytes; a weight that two layers share counts once."""
    once = {id(weight): weight for weight in weights}.values()
    return (
        sum(int(np.prod(weight.shape)) for weight in once),
        sum(int(np.prod(weight.shape)) * np.dtype(weight.dtype).itemsize for weight in once),
    )


def readable_size(size: float) -> str:
    """So many bytes in a unit that suits, as Keras writes it: a KB has 1024.

    >>> readable_size(1536)
    '1.50 KB'
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def _wrapped(text: str, width: int, dots: str) -> list[str]:
    """Lines of whole words; a word too long for a line is cut."""
    indent = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    for word in text.split():
        piece = word if lines else indent + word
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(piece if len(piece) <= width else piece[: width - len(dots)] + dots)
    return lines or [""]


def _shares(widths: Sequence[int], total: int) -> list[int]:
    """The widths of the cells, blanks beside the text included, that with the bars make up `total`."""
    cells = [width + 2 for width in widths]
    excess = sum(cells) + len(cells) + 1 - total
    for i, width in enumerate(cells):  # every column gives its share of what is left to give
        share = min(width - 3, round(excess / (len(cells) - i)))
        cells[i] -= share
        excess -= share
    return cells


def _boxed_table(header: list[str], rows: list[list[str]], cells: list[int], box: Sequence[str]) -> Iterator[str]:
    def edge(marks: str) -> str:
        return marks[0] + marks[2].join(marks[1] * width for width in cells) + marks[3]

    def lines(row: list[str], bar: str) -> Iterator[str]:
        texts = [_wrapped(text, width - 2, dots) for text, width in zip(row, cells, strict=True)]
        for i in range(max(map(len, texts))):
            line = [text[i] if i < len(text) else "" for text in texts]
            yield bar + bar.join(f" {place(text, width - 2)} " for place, text, width in zip(places, line, cells)) + bar

    dots = "…" if box is _BOX else "..."
    places = [{"Param #": str.rjust, "Trainable": str.center}.get(title, str.ljust) for title in header]
    top, below, between, bottom, thick, thin = box
    yield edge(top)
    yield from lines(header, thick)
    yield edge(below)
    for i, row in enumerate(rows):
        if i:
            yield edge(between)
        yield from lines([text if box is _BOX else text.replace("└", "`") for text in row], thin)
    yield edge(bottom)


def _plain_table(
    name: str, header: list[str], rows: list[list[str]], widths: list[int], totals: list[str]
) -> Iterator[str]:
    def lines(row: list[str]) -> Iterator[str]:
        texts = [_wrapped(text, width - 1, "") for text, width in zip(row, widths, strict=True)]
        for i in range(max(map(len, texts))):
            cells = [text[i] if i < len(text) else "" for text in texts]
            yield "".join(
                (" " + cell if first else cell).ljust(width) for first, cell, width in zip(firsts, cells, widths)
            )

    firsts = [True] + [False] * (len(widths) - 1)
    total = sum(widths)
    yield f'Model: "{name}"'
    yield "_" * total
    yield from lines(header)
    yield "=" * total
    for row in rows:
        yield from lines(row)
        yield " " * total
    yield "=" * total
    yield from totals
    yield "_" * total
