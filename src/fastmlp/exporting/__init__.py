"""Exporting: models as files that other programs run."""

from __future__ import annotations

import importlib
import inspect
import os
from typing import Any

from fastmlp._validate import brief, unknown
from fastmlp.saving import atomic
from fastmlp.saving.weights import need_built

_FORMATS = ("onnx", "c")  # modules of this room, each with a function write(model, path, **options)
_ENDINGS = {".onnx": "onnx", ".h": "c", ".c": "c"}
_ELSEWHERE = ("tf_saved_model", "openvino", "litert", "torch")


def export(
    model: Any, filepath: Any, format: str | None = None, verbose: bool | str | None = None, **options: Any
) -> None:
    """Write a model to a file that other programs run: ONNX, or source code in C.

    Parameters
    ----------
    model
        A built model. Nothing of it is changed.
    filepath
        Where to; ``"model.onnx"``, ``"model.h"`` or ``"model.c"``. The old file stays until the new one is complete.
    format
        ``"onnx"`` or ``"c"``; as the path ends unless given.
    verbose
        Whether to print where it was written.
    **options
        Of the format: for ONNX `input_signature`, what a model of your own class takes, as ``[Input(shape=…)]``; for C
        `name`, what names in the file begin with.

    Notes
    -----
    ONNX needs ``pip install 'fastmlp[onnx]'``. Inputs and outputs have the names of layers, the number of rows is the
    dimension "batch", and numbers are what `predict` gives but for rounding: about 1e-6 of numbers of order 1 in
    float32, 1e-14 in float64. Of `mixed_bfloat16`, operands are rounded as here. What is only there in training is
    left out. Numbers out of an `Embedding` or a `CategoryEncoding` are an error here, and for ONNX may be none.

    Examples
    --------
    >>> import onnxruntime  # doctest: +SKIP
    >>> model.export("model.onnx")  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("model.onnx")  # doctest: +SKIP
    >>> name = session.get_inputs()[0].name  # doctest: +SKIP
    >>> [y] = session.run(None, {name: x.astype("float32")})  # doctest: +SKIP
    >>> bool(abs(y - model.predict(x)).max() < 1e-5)  # doctest: +SKIP
    True
    """
    kind = _format_of(filepath, format)
    path = atomic.target("export", filepath, True)
    need_built("export", model)
    module = importlib.import_module(f"{__name__}.{kind}")
    takes = inspect.signature(module.write)
    try:
        takes.bind(model, path, **options)
    except TypeError as error:
        known = list(takes.parameters)[2:]
        raise TypeError(f"export: expected options of {kind!r} among {known}, got {sorted(options)}: {error}; check "
                        "the spelling") from None  # fmt: skip
    module.write(model, path, **options)
    if verbose:
        print(f"Saved artifact at '{path}'.")


def _format_of(filepath: Any, format: str | None) -> str:  # noqa: A002 - Keras's name
    """What was asked for, or what the path promises."""
    if format is not None:
        if format in _ELSEWHERE:
            raise ValueError(f"export: expected format 'onnx' or 'c', got {format!r}, which is not in fastmlp; take "
                             "'onnx', which its tools read")  # fmt: skip
        if format not in _FORMATS:
            unknown("export: format", format, _FORMATS)
        return format
    try:
        ending = os.path.splitext(os.fsdecode(filepath))[1].lower()
    except TypeError:
        raise TypeError(f"export: expected a path, got {brief(filepath)}; give a string or a pathlib.Path") from None
    if ending not in _ENDINGS:
        raise ValueError(f"export: expected a path that ends in {', '.join(_ENDINGS)}, got {brief(filepath)}; change "
                         "it, or say format='onnx'; tf_saved_model, Keras's default, is not in fastmlp")  # fmt: skip
    return _ENDINGS[ending]
