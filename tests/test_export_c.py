"""Models as one file of C: it computes the bits that predict computes, whatever they are made of."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import fastmlp
import numpy as np
import pytest
from exported_c import STRICT, build, compiler, pointer, rows, same_bits, shake, write_all
from exported_c_cases import (
    DTYPES,
    LAYERS,
    NO_STEP,
    OF_SEVERAL,
    PICTURES,
    REFUSED,
    few,
    kernels,
    made_of_layers,
    networks,
    one,
    shaken,
    single,
)
from fastmlp import Sequential, layers, lowering
from fastmlp.exporting import c, c_steps, c_text
from fastmlp.layers import (
    ActivityRegularization,
    BatchNormalization,
    Dense,
    Dropout,
    Input,
    Rescaling,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """All of the above, in a library for each type."""
    models = shaken(chain.from_iterable((kernels(), made_of_layers(), networks())))
    parts = [{name: model for name, model in models.items() if name[:2] == short} for short in ("f_", "d_")]
    folders = [tmp_path_factory.mktemp(short) for short in ("f", "d")]
    with ThreadPoolExecutor(2) as pool:
        built = pool.map(build, folders, parts, [["-std=c99", "-O1"]] * 2)
    return {name: function for part in built for name, function in part.items()}


def test_every_one_has_the_bits_of_predict(exported, rng):
    assert len(exported) > 150
    for function in exported.values():
        shape = function.model.input_shape[1:]
        dtype = np.float32 if function.name.startswith("f_") else np.float64
        for n in (1, 3, 67):
            function.agrees_on(rows(shape, dtype, rng, n))


def test_every_layer_is_exported_or_refused_by_its_name():
    known = {*LAYERS, *REFUSED, *PICTURES, *OF_SEVERAL, *NO_STEP}
    there = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)} | {"Input"}
    assert there == known, (
        "a new layer: put one into LAYERS of tests/exported_c_cases.py, or into REFUSED if the engine has it not"
    )


def test_every_kind_of_operation_has_its_step():
    assert c_steps._STEPS.keys() == lowering._LOWER.keys(), "a new kind of operation: add its step to c_steps.py"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_engine_has_not_is_refused_by_name(name, tmp_path):
    model = single(REFUSED[name]())
    with pytest.raises(ValueError, match=rf"export: expected a chain.*'{model.layers[-1].name}'"):
        c.write(model, tmp_path / "net.h")
    assert not list(tmp_path.iterdir())


# ---- the file


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """An exported network, and where it is."""
    folder = tmp_path_factory.mktemp("text")
    fastmlp.set_random_seed(1)
    model = Sequential([Input((4,)), Dense(20, "tanh"), Dense(3, "softmax")], name="iris */ /* net ü")
    c.write(model, folder / "iris.h")
    return folder / "iris.h", model


def run(*command, fails=False):
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    assert bool(done.returncode) == fails, done.stderr
    return done.stderr if fails else done.stdout


def test_the_example_at_its_head_runs(text, tmp_path):
    file, model = text
    head = re.findall(r"(?m)^ \*     (.*)$", file.read_text().split("*/\n")[0])
    (tmp_path / "main.c").write_text("\n".join(head) + "\n")
    run(compiler(), "-std=c99", *STRICT, "-I", file.parent, tmp_path / "main.c", "-o", tmp_path / "main", "-lm")
    printed = [np.float32(line) for line in run(tmp_path / "main").split()]
    np.testing.assert_allclose(printed, model.predict(np.zeros((1, 4)), verbose=0)[0], rtol=1e-5)


def test_it_says_the_same_each_time_in_plain_ascii(text, tmp_path):
    file, model = text
    c.write(model, tmp_path / "iris.h")
    assert (tmp_path / "iris.h").read_bytes() == file.read_bytes()
    assert file.read_bytes().isascii()


def test_a_c_file_is_compiled_by_itself(text, tmp_path):
    _, model = text
    c.write(model, tmp_path / "my-net.c")
    (tmp_path / "main.c").write_text(
        "extern void my_net_predict(const float *x, float *y);\n"
        "int main(void) { float x[4] = {1}, y[3]; my_net_predict(x, y); return !(y[0] + y[1] + y[2] > 0.99f); }\n"
    )
    run(compiler(), "-std=c99", *STRICT, tmp_path / "my-net.c", tmp_path / "main.c", "-o", tmp_path / "main", "-lm")
    run(tmp_path / "main")


@pytest.mark.parametrize("flag", ["-ffast-math", "-ffinite-math-only", "-mfpmath=387"])
def test_loose_arithmetic_is_refused(text, flag):
    command = [compiler(), flag, "-fsyntax-only", "-x", "c", "-DIRIS_IMPLEMENTATION", text[0]]
    if "387" in flag and ("clang" in run(compiler(), "--version") or platform.machine() != "x86_64"):
        pytest.skip("needs GCC on x86-64")
    assert "expected" in run(*command, fails=True)


@pytest.mark.parametrize(("compile", "flags"), [
    ("gcc", ["-std=gnu11", "-O3", "-march=native"]),  # where GCC would contract a * b + c
    ("g++", ["-xc++", "-std=c++11", "-O0"]),
    ("clang", ["-std=c99", "-O3"]),
    ("clang++", ["-xc++", "-std=c++11", "-O2"]),
])  # fmt: skip
def test_other_compilers_find_the_same_bits(tmp_path, compile, flags):
    if shutil.which(compile) is None:
        pytest.skip(f"needs {compile}")
    for function in build(tmp_path, few(), flags, compile).values():
        assert function.check() == 1, function.name


def test_another_cpu_finds_the_same_bits(tmp_path):
    tools = "aarch64-linux-gnu-gcc", "qemu-aarch64"
    if not all(map(shutil.which, tools)) or platform.machine() == "aarch64":
        pytest.skip(f"needs {' and '.join(tools)}, on another CPU")
    models = few()
    write_all(tmp_path, models)
    checks = " && ".join(f"{name}_check()" for name in models)
    (tmp_path / "main.c").write_text(f'#include "all.c"\nint main(void) {{ return !({checks}); }}\n')
    run(tools[0], "-std=c99", *STRICT, "-O1", "-static", tmp_path / "main.c", "-o", tmp_path / "main", "-lm")
    run(tools[1], tmp_path / "main")


# ---- numbers, memory, names


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_numbers_are_read_back_exactly(single, double):
    for bits, value in ((32, np.uint32(single).view(np.float32)), (64, np.uint64(double).view(np.float64))):
        text = c_text.literal(float(value), bits)
        if np.isfinite(value):
            assert type(value)(text.rstrip("f")).tobytes() == value.tobytes()
            assert re.search(r"[.e]", text)
        else:
            assert text in ("NAN", "INFINITY", "-INFINITY")


def test_what_an_optimising_compiler_might_flush_or_fold_stays(tmp_path, rng):
    """Weights that are infinite or none; a choice between denormals, which is no maximum; products with 1."""
    odd = Sequential([Input((3,)), Dense(3)])
    odd.layers[0].kernel.assign([[np.inf, -np.inf, np.nan], [0.0, -0.0, 1e-45], [1, 2, 3]])
    prelu = Sequential([Input((6,)), layers.PReLU("ones", shared_axes=[1])])
    leaky = Sequential([Input((6,)), layers.LeakyReLU(1.0)])
    maxout = one({"op": "pieces", "name": "maxout", "pieces": 3}, "float32", 21, columns=7)
    models = {"odd": odd, "prelu": prelu, "leaky": leaky, "maxout": maxout}
    for function in build(tmp_path, models, ["-std=c99", "-O3"]).values():
        function.agrees_on(rows(function.model.input_shape[1:], np.float32, rng))


@pytest.mark.parametrize("compile", ["gcc", "clang"])
def test_a_model_that_predicts_by_the_tape_has_its_bits(tmp_path, rng, compile):
    """There NumPy shifts and scales, which rounds once more; compilers are kept from contracting the two."""
    if shutil.which(compile) is None:
        pytest.skip(f"needs {compile}")
    model = shake(Sequential([Input((50,)), Rescaling(0.1, offset=1.0), BatchNormalization(), Dense(40, "gelu")]), rng)
    plain = Sequential(model.layers)
    plain.build((None, 50))
    x = rng.normal(size=(200, 50)).astype("float32")
    model.compile("adam", lambda y, p: abs(y - p))
    assert model.why_taped
    assert not plain.why_taped
    assert (model.predict(x, verbose=0) != plain.predict(x, verbose=0)).any(), "else it would not matter"
    flags = ["-std=gnu11", "-O3", "-march=native"]
    for function in build(tmp_path, {"taped": model, "plain": plain}, flags, compile).values():
        function.agrees_on(x)


def test_a_step_of_one_s_own_is_no_matter_unless_it_predicts(tmp_path):
    class Trains(Sequential):
        def train_step(self, data):
            return {}

    class Predicts(Sequential):
        def predict_step(self, data):
            return data

    build(tmp_path, {"net": Trains([Input((2,)), Dense(1)])})["net"].agrees_on(np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match="the class Predicts has a predict_step of its own"):
        c.write(Predicts([Input((2,)), Dense(1)]), tmp_path / "net.h")


def test_scratch_memory_is_as_told_and_may_be_the_caller_s(exported, rng):
    for name in ("f_deep", "f_wide", "f_functional", "f_layer_maxout"):
        function = exported[name]
        x = rng.normal(size=(1, *function.model.input_shape[1:])).astype("float32")
        size = int(re.search(r"_SCRATCH (\d+)", c.source(function.model, "h", "", name))[1])
        scratch, y = np.full(size + 8, 7, np.float32), np.full(function.outputs + 8, 7, np.float32)
        function.function("predict_with")(pointer(x), pointer(y), pointer(scratch))
        same_bits(y[None, :-8], function.model.predict(x, verbose=0), x)
        assert (y[-8:] == 7).all()
        assert (scratch[size:] == 7).all()
        assert size == 0 or scratch[size - 1] != 7, "less would do"


def test_the_float_mode_is_restored(exported):
    tiny = np.full(1, np.finfo(np.float32).tiny)
    exported["f_wide"](np.ones((1, 130), np.float32))
    assert (tiny / 2 != 0).all()


def test_names_come_from_the_file_or_are_given(tmp_path):
    model = Sequential([Input((2,)), Dense(1)])
    c.write(model, tmp_path / "my net-2.h")
    assert "void my_net_2_predict(" in (tmp_path / "my net-2.h").read_text()
    c.write(model, tmp_path / "x.h", name="Other_1")
    assert "#define OTHER_1_INPUTS 2" in (tmp_path / "x.h").read_text()
    for name, told in (("2nd.h", None), ("x.h", "a b"), ("x.h", "2x"), ("x.h", "")):
        with pytest.raises(ValueError, match="export: expected letters, digits and _"):
            c.write(model, tmp_path / name, name=told)
    with pytest.raises(ValueError, match=r"export: expected a name that ends in \.h or \.c"):
        c.write(model, tmp_path / "net.cpp")


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="export: expected a built model"):
        c.write(Sequential([Dense(1)]), tmp_path / "net.h")
    with pytest.raises(ValueError, match="mixed_bfloat16; make it with dtype='float32'"):
        c.write(Sequential([Input((2,)), Dense(1, dtype="mixed_bfloat16", name="rounded")]), tmp_path / "net.h")
    a, b = Input((2,)), Input((2,))
    with pytest.raises(ValueError, match="several inputs or outputs"):
        c.write(fastmlp.Model([a, b], layers.Add()([a, b])), tmp_path / "net.h")
    assert not list(tmp_path.iterdir())


# ---- any network

LAYER = st.sampled_from([
    lambda: Dense(1), lambda: Dense(17, "relu", use_bias=False), lambda: Dense(40, "gelu"), lambda: Dense(33, "tanh"),
    lambda: Dense(16, "softmax"), lambda: layers.Maxout(6, 2), lambda: BatchNormalization(), lambda: layers.PReLU(),
    lambda: layers.LayerNormalization(), lambda: layers.UnitNormalization(), lambda: Dropout(0.5),
    lambda: Rescaling(0.1, 1.0), lambda: layers.Activation("softplus"), lambda: layers.APL(2), lambda: layers.Softmax(),
    lambda: ActivityRegularization(1.0),
])  # fmt: skip
NETWORK = st.tuples(st.integers(1, 70), st.lists(LAYER, min_size=1, max_size=6))


@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(NETWORK, min_size=12, max_size=12), st.sampled_from(DTYPES), st.integers(0, 99))
def test_any_network_has_the_bits_of_predict(tmp_path_factory, drawn, dtype, seed):
    fastmlp.config.set_floatx(dtype)
    try:
        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a softmax of one
            models = {f"n{i}": shake(Sequential([Input((k,)), *(make() for make in made)]), rng)
                      for i, (k, made) in enumerate(drawn)}  # fmt: skip
        for function in build(tmp_path_factory.mktemp("any"), models).values():
            function.agrees_on(rows(function.model.input_shape[1:], np.dtype(dtype), rng, 5))
    finally:
        fastmlp.config.set_floatx("float32")
