"""Weights of safetensors files that other programs wrote: found by name and shape, turned over, rounded, or refused."""

from __future__ import annotations

import json
import sys
import tracemalloc
import warnings
from collections import Counter

import numpy as np
import pytest
from fastmlp import layers
from fastmlp.models import Sequential
from safetensors.numpy import save_file

RNG = np.random.default_rng(3)


def numbers(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def made(*widths, first=4, dtype="float32"):
    return Sequential([layers.Input((first,)), *(layers.Dense(n, dtype=dtype) for n in widths)])


def linear(name, inputs, outputs, dtype="float32"):
    """A linear layer as PyTorch keeps it: (out, in)."""
    return {f"{name}.weight": numbers(outputs, inputs, dtype=dtype), f"{name}.bias": numbers(outputs, dtype=dtype)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def written(path, *parts):
    tensors = {name: array for part in parts for name, array in part.items()}
    save_file(tensors, path)
    return tensors


def assert_holds(model, *arrays):
    for got, want in zip(model.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(got, want)


# ---- names of PyTorch


@pytest.mark.parametrize("prefix", ["", "net.", "model.layers.", "fc"])
def test_modules_come_in_the_order_of_their_numbers(path, prefix):
    numbered = [0, 2, 10, 11]  # of which 10 sorts before 2 as a word
    model = made(4, 4, 4, 4)
    t = written(path, *(linear(f"{prefix}{i}", 4, 4) for i in numbered))
    model.load_weights(path, map="torch")
    assert_holds(model, *(array for i in numbered for array in (t[f"{prefix}{i}.weight"].T, t[f"{prefix}{i}.bias"])))
    x = numbers(5, 4)
    y = x
    for i in numbered:
        y = y @ t[f"{prefix}{i}.weight"].T + t[f"{prefix}{i}.bias"]
    np.testing.assert_allclose(model.predict(x, verbose=0), y, rtol=1e-4, atol=1e-4)


def test_every_kind_of_layer_by_itself(path):
    model = Sequential([
        layers.Input((2,), dtype="int32"), layers.Embedding(5, 5), layers.Flatten(), layers.Dense(6, use_bias=False),
        layers.BatchNormalization(), layers.PReLU(), layers.LayerNormalization(),
        layers.BatchNormalization(scale=False), layers.RMSNormalization(),
        Sequential([layers.Input((6,)), layers.Dense(3)]),
    ])  # fmt: skip
    one = {f"4.{name}": numbers(6) for name in ("weight", "bias", "running_mean", "running_var")}
    count = {"4.num_batches_tracked": np.array(7), "8.num_batches_tracked": np.array(7)}
    other = {f"8.{name}": numbers(6) for name in ("bias", "running_mean", "running_var")}
    vectors = {name: numbers(6) for name in ("5.weight", "7.weight", "7.bias", "9.weight")}
    t = written(path, {"0.weight": numbers(5, 5), "3.weight": numbers(6, 10)}, one, count, other, vectors,
                linear("10", 6, 3))  # fmt: skip
    model.load_weights(path, map="torch")
    order = ["4.weight", "4.bias", "4.running_mean", "4.running_var", "5.weight", "7.weight", "7.bias", "8.bias",
             "8.running_mean", "8.running_var", "9.weight"]  # fmt: skip
    assert_holds(model, t["0.weight"], t["3.weight"].T, *(t[name] for name in order), t["10.weight"].T, t["10.bias"])


def test_words_give_no_order_so_shapes_must(path):
    model = made(8, 8, 3)
    t = written(path, linear("input_layer", 4, 8), linear("hidden", 8, 8), linear("out", 8, 3))
    model.load_weights(path, map="torch")
    names = ("input_layer", "hidden", "out")
    assert_holds(model, *(a for n in names for a in (t[f"{n}.weight"].T, t[f"{n}.bias"])))

    model = made(4, 4)
    before = model.get_weights()
    written(path, linear("hidden", 4, 4), linear("a_first", 4, 4))
    with pytest.raises(
        ValueError, match="numbers in the names of modules .*'a_first' and 'hidden', and several of one"
    ):
        model.load_weights(path, map="torch")
    assert_holds(model, *before)
    written(path, linear("fc", 4, 4), linear("fc1", 4, 4))  # which of them is the first?
    with pytest.raises(ValueError, match="'fc' and 'fc1', and several of one shape"):
        model.load_weights(path, map="torch")


def test_what_does_not_match_is_listed_and_nothing_is_changed(path):
    model = made(5, 3, 2)
    before = model.get_weights()
    written(path, linear("0", 4, 5), {"1.weight": numbers(7, 5), "optimizer.state": numbers(3)})
    with pytest.raises(ValueError, match="expected the model's variables") as caught:
        model.load_weights(path, map="torch")
    for part in (
        "dense_1/kernel has shape (5, 3), and '1.weight' has (7, 5), to be turned over",
        "dense_1/bias of shape (3,) is named by nothing",
        "dense_2/kernel of shape (3, 2) is named by nothing",
        "'optimizer.state' of shape (3,) is used for nothing",
        "say skip_mismatch=True",
    ):
        assert part in str(caught.value)
    assert "dense/" not in str(caught.value)
    assert_holds(model, *before)
    with pytest.warns(UserWarning, match=r"\['dense_1', 'dense_2'\] of .* stay as they are"):
        model.load_weights(path, skip_mismatch=True, map="torch")
    assert not np.array_equal(model.get_weights()[0], before[0])
    assert_holds(Sequential(model.layers[1:]), *before[2:])


# ---- as a dict or a function says


def test_a_dict_names_tensors_and_shapes_turn_them(path):
    model = made(5, 3)
    t = written(path, linear("a", 4, 5), {"kernel": numbers(5, 3), "b": numbers(3)})
    model.load_weights(path, map={
        "weights/dense/kernel": "a.weight", "dense/bias": "a.bias", "dense_1/kernel": "kernel", "dense_1/bias": "b",
    })  # fmt: skip
    assert_holds(model, t["a.weight"].T, t["a.bias"], t["kernel"], t["b"])


@pytest.mark.parametrize(
    ("said", "turned"), [(("w", "T"), True), (["w", "T"], True), ("w.T", True), (("w", "="), False)]
)
def test_square_matrices_are_not_guessed(path, said, turned):
    model = made(4)
    t = written(path, {"b": numbers(4), "w": numbers(4, 4)})
    with pytest.raises(ValueError, match=r"dense/kernel is square, as is 'w': say \('w', 'T'\) .* or \('w', '='\)"):
        model.load_weights(path, map={"dense/kernel": "w", "dense/bias": "b"})
    model.load_weights(path, map={"dense/kernel": said, "dense/bias": "b"})
    assert_holds(model, t["w"].T if turned else t["w"], t["b"])


def test_a_tensor_may_be_called_t(path):
    model = made(4)
    t = written(path, {"w": numbers(4, 4), "w.T": numbers(4, 4), "b": numbers(4)})
    with pytest.raises(ValueError, match=r"square, as is 'w\.T'"):
        model.load_weights(path, map={"dense/kernel": "w.T", "dense/bias": "b"})
    model.load_weights(path, skip_mismatch=True, map={"dense/kernel": ("w.T", "T"), "dense/bias": "b"})
    assert_holds(model, t["w.T"].T, t["b"])


def test_a_matrix_of_one_number_is_the_same_either_way(path):
    model = made(1, first=1)
    t = written(path, linear("fc", 1, 1))
    model.load_weights(path, map={"dense/kernel": "fc.weight", "dense/bias": "fc.bias"})
    assert_holds(model, t["fc.weight"], t["fc.bias"])


def test_a_function_names_tensors(path):
    model = made(5, 3)
    t = written(path, linear("fc0", 4, 5), linear("fc1", 5, 3))
    asked = []

    def name(ours):
        asked.append(ours)
        layer, _, variable = ours.partition("/")
        return f"fc{layer.partition('_')[2] or 0}.{'weight' if variable == 'kernel' else 'bias'}"

    model.load_weights(path, map=name)
    assert asked == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    assert_holds(model, t["fc0.weight"].T, t["fc0.bias"], t["fc1.weight"].T, t["fc1.bias"])
    with pytest.raises(ValueError, match="dense_1/kernel of shape .* named by nothing"):
        model.load_weights(path, map=lambda ours: None if "1" in ours else name(ours))


@pytest.mark.parametrize(
    ("map", "error", "message"),
    [
        (None, ValueError, r"another program's, with \['0.bias', '0.weight'\]; .*map='torch' .*'dense/kernel'"),
        ("keras", ValueError, "map: expected one of 'torch', got 'keras'"),
        (3, TypeError, "expected map to be 'torch', a dict or a function, got 3"),
        ({"dens/kernel": "0.weight"}, ValueError, "got 'dens/kernel'; did you mean 'dense/kernel'"),
        ({"dense/kernel": 3}, TypeError, "expected the name of a tensor, or that and 'T' or '=', got 3"),
        ({"dense/kernel": ("0.weight", "t")}, TypeError, "expected the name of a tensor, .*'t'"),
        ({"dense/kernel": "1.w", "dense/bias": "0.bias"}, ValueError, "to be '1.w', which is not in the file"),
        ({"dense/kernel": ("0.weight", "="), "dense/bias": "0.bias"}, ValueError, "to be taken as it is"),
        ({"dense/kernel": "0.weight", "dense/bias": ("0.bias", "T")}, ValueError, "bias has shape .* turned over"),
        ({"dense/kernel": "0.weight"}, ValueError, "dense/bias of shape .5,. is named by nothing; '0.bias' of shape"),
    ],
)  # fmt: skip
def test_maps_that_make_no_sense(path, map, error, message):
    model = made(5)
    before = model.get_weights()
    written(path, linear("0", 4, 5))
    with pytest.raises(error, match=message):
        model.load_weights(path, map=map)
    assert_holds(model, *before)


def test_files_of_our_own_can_be_mapped_too(path):
    model, other = made(5, 5, first=5), made(5, first=5)
    model.save_weights(path)
    told = {"dense/kernel": ("weights/dense_1/kernel", "="), "dense/bias": "weights/dense_1/bias"}
    with pytest.raises(ValueError, match="'weights/dense/kernel' of shape .* is used for nothing"):
        other.load_weights(path, map=told)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all that the model has is there
        other.load_weights(path, skip_mismatch=True, map=told)
    assert_holds(other, *model.get_weights()[2:])


# ---- types of numbers


def raw(path, code, array):
    """A file of one kernel and a bias, in any type of safetensors, NumPy's or not."""
    tensors = {"w": array, "b": np.zeros(array.shape[1], array.dtype)}
    header, data = {}, b""
    for name, a in tensors.items():
        offsets = [len(data), len(data) + a.nbytes]
        header[name] = {"dtype": code, "shape": list(a.shape), "data_offsets": offsets}
        data += a.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_numbers_of_other_sizes_become_the_models(path, kind):
    model, told = made(2, first=2, dtype=kind), {"dense/kernel": ("w", "="), "dense/bias": "b"}
    raw(path, "BF16", np.array([[0x3F80, 0xC000], [0x3EAB, 0x0001]], "<u2"))
    model.load_weights(path, map=told)
    want = np.array([[0x3F800000, 0xC0000000], [0x3EAB0000, 0x00010000]], np.uint32).view(np.float32)
    assert_holds(model, want.astype(kind), np.zeros(2))
    assert want[0].tolist() == [1.0, -2.0]
    halves = np.array([[1.5, -65504], [6e-8, 1 / 3]], "float16")
    raw(path, "F16", halves)
    model.load_weights(path, map=told)
    assert_holds(model, halves.astype(kind), np.zeros(2))
    doubles = np.array([[1 / 3, 1 + 2**-24], [1 + 3 * 2**-24, -2.0]])
    raw(path, "F64", doubles)
    model.load_weights(path, map=told)
    assert_holds(model, doubles.astype(kind), np.zeros(2))
    if kind == "float32":
        assert model.get_weights()[0][0, 1] == 1, "a tie goes to the even neighbour"
        assert model.get_weights()[0][1, 0] == 1 + 2**-22


def test_whole_numbers_are_no_weights(path):
    raw(path, "I64", np.ones((2, 2), "int64"))
    with pytest.raises(ValueError, match="dense/kernel has type F32, and 'w' has I64"):
        made(2, first=2).load_weights(path, map={"dense/kernel": ("w", "="), "dense/bias": "b"})


# ---- whoever wrote the file


def test_headers_beyond_reason_are_not_read(path):
    with open(path, "wb") as file:
        file.write((90 << 20).to_bytes(8, "little"))
        file.truncate(95 << 20)
    model = made(2)
    tracemalloc.start()
    with pytest.raises(ValueError, match="a file of another kind"):
        model.load_weights(path, map="torch")
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000, "0"])
def test_names_of_any_numbers_can_be_sorted(path, digits):
    model = made(4, 4)
    t = written(path, linear(f"x.{digits}", 4, 4), linear("x.1", 4, 4))
    model.load_weights(path, map="torch")
    order = ("x.1", f"x.{digits}") if digits[0] == "9" else (f"x.{digits}", "x.1")
    assert_holds(model, *(a for n in order for a in (t[f"{n}.weight"].T, t[f"{n}.bias"])))


def test_very_many_modules_and_names_that_would_speak_to_a_terminal(path):
    model, none = made(4, 4), np.zeros((0, 4), "float32")
    save_file({f"{'ab'[i % 2]}{i}\x1b[31m.weight": none for i in range(4_000)}, path)
    calls = Counter()
    sys.setprofile(lambda frame, event, function: calls.update([event]))
    try:
        with pytest.raises(ValueError, match=r"and 3984 more") as caught:
            model.load_weights(path, map="torch")
    finally:
        sys.setprofile(None)
    assert calls["call"] < 100 * 4_000, "not each with each"
    assert "\x1b" not in str(caught.value)


def test_damaged_files_raise_and_change_nothing(path):
    model = made(2, first=2)
    before = model.get_weights()
    raw(path, "BF16", np.ones((2, 2), "<u2"))
    whole = path.read_bytes()
    draw = np.random.default_rng(1)
    raised = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(draw.integers(1, 4)):
            data[draw.integers(8 + int.from_bytes(whole[:8], "little"))] = draw.integers(256)
        path.write_bytes(data[: draw.integers(1, len(data) + 40)])
        try:
            model.load_weights(path, map={"dense/kernel": ("w", "="), "dense/bias": "b"})
            model.set_weights(before)
        except (ValueError, OSError) as error:
            raised += str(path) in str(error)
            assert_holds(model, *before)
    assert raised > 250
