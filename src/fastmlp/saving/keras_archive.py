"""Whole models as Keras 3 keeps them: ``x.keras``, a zip of config.json, metadata.json and model.weights.h5."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from fastmlp.saving import native
from fastmlp.saving.tensors import MOST_TEXT

VERSION = "3.15.0"  # of Keras, whose files these are
WEIGHTS = "model.weights.h5"
OURS = "fastmlp"  # what Keras has no place for, in metadata.json, which it does not look at

_DATE = (1980, 1, 1, 0, 0, 0)  # equal models are equal files
_MOST_MEMBERS = 1 << 12  # Keras writes three, and a few of layers with vocabularies
_MOST_AT_ONCE, _MOST_TIMES = 1 << 26, 100  # bytes of a member, unless compressed no more than so much


def zipped(config: Mapping[str, Any], notes: Mapping[str, Any], weights: bytes) -> bytes:
    """The bytes of an archive."""
    texts = {"metadata.json": {"keras_version": VERSION, OURS: dict(notes)}, "config.json": config}
    held = {name: json.dumps(text).encode() for name, text in texts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**held, WEIGHTS: weights}.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, 0o600 << 16  # the same wherever it is written
            archive.writestr(info, data)
    return buffer.getvalue()


def members(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Config, our notes and the file of weights of an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = {info.filename: info for info in archive.infolist()}
            if len(archive.infolist()) > _MOST_MEMBERS or len(listed) < len(archive.infolist()):
                raise ValueError(f"{len(archive.infolist())} members, where Keras has a few, each once")
            missing = [name for name in ("config.json", WEIGHTS) if name not in listed]
            if missing:
                raise ValueError(f"no {' and no '.join(missing)} in it")
            config = _json(archive, listed["config.json"])
            metadata = _json(archive, listed["metadata.json"]) if "metadata.json" in listed else {}
            return config, native.as_dict(OURS, metadata.get(OURS, {})), _member(archive, listed[WEIGHTS])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _json(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> dict[str, Any]:
    if info.file_size > MOST_TEXT:
        raise ValueError(f"{info.filename} of {info.file_size} bytes, which is no model's")
    return native.as_dict(info.filename, native.parse(_member(archive, info).decode()))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member's bytes; one that unpacks to far more than it takes is refused."""
    if info.file_size > max(_MOST_AT_ONCE, _MOST_TIMES * info.compress_size):
        raise ValueError(f"{info.filename} of {info.file_size} bytes, packed into {info.compress_size}: "
                         "pack it less, or save it with Keras")  # fmt: skip
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} packed by method {info.compress_type}, which Keras does not use")
    with archive.open(info) as file:
        data = file.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise ValueError(f"{info.filename} of {len(data)} bytes, where its header says {info.file_size}")
    return data
