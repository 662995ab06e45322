"""Networks exported to C, built many at a time into one library, and called."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess

import numpy as np
import pytest
from fastmlp.exporting import c
from fastmlp.layers import Layer

STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 0.5, -0.5, 30.0, -30.0, 1e4, -1e4, 88.7, -87.4, 709.0, -745.0]


def compiler():
    """A C compiler's path; the test is left out where there is none."""
    found = next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)
    if found is None:
        pytest.skip("needs a C compiler: cc, gcc or clang")
    return found


def write_all(folder, models):
    """Each model as a header, and all.c, which takes them all in, with their checks."""
    lines = []
    for name, model in models.items():
        c.write(model, folder / f"{name}.h")
        lines += [f"#define {name.upper()}_IMPLEMENTATION", f"#define {name.upper()}_CHECK", f'#include "{name}.h"']
    (folder / "all.c").write_text("\n".join(lines) + "\n")


def build(folder, models, flags=("-std=c99", "-O1"), compile=None):
    """``{name: function of rows}`` of ``{name: model}``, in one library of one C file."""
    write_all(folder, models)
    library = folder / "all.so"
    command = [compile or compiler(), *STRICT, *flags, "-fPIC", "-shared", folder / "all.c", "-o", library, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    loaded = ctypes.CDLL(str(library))
    return {name: Exported(loaded, name, model) for name, model in models.items()}


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Exported:
    """One exported network."""

    def __init__(self, library, name, model):
        self.library, self.name, self.model = library, name, model
        self.outputs = int(np.prod(model.output_shape[1:]))

    def __call__(self, x):
        y = np.empty((len(x), self.outputs), x.dtype)
        self.function("predict_rows")(pointer(x), pointer(y), ctypes.c_size_t(len(x)))
        return y

    def function(self, name):
        return getattr(self.library, f"{self.name}_{name}")

    def check(self):
        return self.function("check")()

    def agrees_on(self, x):
        """The bits of all rows, and of the first by itself, are those of predict."""
        want = self.model.predict(x, verbose=0).reshape(len(x), -1)
        same_bits(self(x), want, x)
        one = np.empty((1, self.outputs), x.dtype)
        self.function("predict")(pointer(x), pointer(one))
        same_bits(one, want[:1], x[:1])
        assert self.check() == 1


def same_bits(got, want, x=None):
    """Bit for bit; but which of its bits a NaN has set, is the CPU's choice."""
    assert got.dtype == want.dtype
    got, want = (np.where(np.isnan(a), np.array(np.nan, a.dtype), a) for a in (got, want))
    different = np.argwhere(got.view(f"u{got.itemsize}") != want.view(f"u{got.itemsize}"))
    if len(different):
        i, j = different[0]
        pytest.fail(f"{len(different)} differ, first at {i, j}: {got[i, j]!r} and not {want[i, j]!r} of {x[i]!r}")


def rows(shape, dtype, rng, n=67):
    """Rows of plain numbers of several sizes, and rows of special ones."""
    width = int(np.prod(shape))
    info = np.finfo(dtype)
    special = [*SPECIAL, info.tiny, -info.tiny, info.tiny / 2, -info.tiny / 8, info.smallest_subnormal, info.max,
               info.min, info.eps, np.nextafter(info.tiny, info.dtype.type(0))]  # fmt: skip
    plain = rng.normal(size=(n, width)) * np.float64(10.0) ** rng.integers(-3, 3, (n, 1))
    few = rng.choice(np.array(special, dtype), size=(n, width))
    mixed = np.where(rng.random((n, width)) < 0.1, few, plain)
    each = np.resize(np.array(special, dtype), (len(special), width))
    return np.concatenate([plain, few, mixed, each]).astype(dtype).reshape(-1, *shape)


class Operation(Layer):
    """One operation of the engine as a layer, with random weights where it has any."""

    def __init__(self, operation, columns=None, weights=None, **settings):
        super().__init__(**settings)
        self.operation, self.columns, self.shapes = operation, columns, weights or {}

    def build_weights(self, shape):
        self.made = {key: self.add_weight((n,), "zeros", name=key) for key, n in self.shapes.items()}

    def compute_output_shape(self, shape):
        return (shape[0], self.columns or shape[1])

    def lower(self):
        return [{**self.operation, **({"theta": list(self.made.values())} if self.made else {})}]


def shake(model, rng):
    """Give every weight numbers of its own, none of them 0; variances positive."""
    for variable in model.weights:
        values = rng.normal(size=variable.shape) / np.sqrt(max(1, variable.shape[0] / 4))
        positive = "variance" in variable.name or variable.name in ("a", "b")
        variable.assign(np.abs(values) + 0.1 if positive else values)
    return model
