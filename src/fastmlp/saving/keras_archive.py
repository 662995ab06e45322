"""Whole models as Keras 3 keeps them: ``x.keras``, a zip of config.json, metadata.json and model.weights.h5."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from fastmlp.saving import native
from fastmlp.saving.archives import Archive
from fastmlp.saving.tensors import MOST_TEXT

VERSION = "3.15.0"  # of Keras, whose files these are
WEIGHTS = "model.weights.h5"
OURS = "fastmlp"  # what Keras has no place for, in metadata.json, which it does not look at

_DATE = (1980, 1, 1, 0, 0, 0)  # equal models are equal files


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
    archive = Archive(data)
    archive.need("config.json", WEIGHTS)
    config = _json(archive, "config.json")
    metadata = _json(archive, "metadata.json") if "metadata.json" in archive else {}
    return config, native.as_dict(OURS, metadata.get(OURS, {})), archive.read(WEIGHTS)


def _json(archive: Archive, name: str) -> dict[str, Any]:
    return native.as_dict(name, native.parse(archive.read(name, MOST_TEXT).decode()))
