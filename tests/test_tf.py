"""The namespace fastmlp.tf: every name with TensorFlow's arguments, what is printed, scripts as they are written."""

import inspect
import io
import warnings

import fastmlp
import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp.tf._scripts import shown
from tf_cases import CASES, A

MODULES = ["", "math", "nn", "linalg", "random", "dtypes", "bitwise"]
TABLE = [pytest.param(c, id=f"{name}-{i}") for name, cases in CASES.items() for i, c in enumerate(cases)]


def at(name, root=tf):
    for part in name.split("."):
        root = getattr(root, part)
    return root


def public():
    """Functions by name, each under one of its names."""
    found = {}
    for module in MODULES[::-1]:
        for name, value in vars(at(module) if module else tf).items():
            if inspect.isfunction(value) and not name.startswith("_"):
                found.setdefault(value, f"{module}.{name}".lstrip("."))
    return found


# what gives no tensor, or does nothing, or draws: by name below
# fmt: off
APART = {
    "Assert", "assert_equal", "assert_greater", "assert_less", "assert_rank", "as_dtype", "dtypes.as_dtype",
    "cond", "control_dependencies", "constant_initializer", "custom_gradient", "device", "executing_eagerly",
    "function", "get_static_value", "group", "is_tensor", "map_fn", "print", "random_normal_initializer",
    "random_uniform_initializer", "while_loop", "vectorized_map", "nn.dropout", "random.categorical",
    "random.normal", "random.set_seed", "random.shuffle", "random.stateless_normal", "random.stateless_uniform",
    "random.truncated_normal", "random.uniform",
}
# fmt: on


@pytest.mark.parametrize("function", [pytest.param(f, id=n) for f, n in public().items() if n not in APART])
def test_every_name_is_in_the_table(function):
    cased = {at(name) for name in CASES}
    assert function in cased, f"no example of tf.{public()[function]}: add case(…) to tests/tf_cases.py"


def leaves(found):
    return [leaf for one in found for leaf in leaves(one)] if isinstance(found, (list, tuple)) else [found]


@pytest.mark.parametrize("case", TABLE)
def test_arguments_go_by_place_and_by_name(case):
    function = at(case.name)
    found = leaves(function(*case.inputs, **case.settings))
    assert all(isinstance(one, tf.Tensor) for one in found)
    words = list(inspect.signature(function).parameters.values())
    if any(p.kind is p.VAR_POSITIONAL for p in words) or case.name == "constant":
        return
    by_name = {p.name: x for p, x in zip(words, case.inputs)}
    again = leaves(function(**by_name, **case.settings, name="some_name"))
    for one, other in zip(found, again):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_is_not_there_is_named():
    for module, name in [(tf, "signal"), (tf, "image"), (tf.nn, "conv2d"), (tf.math, "bessel_i0"), (tf.linalg, "svd")]:
        with pytest.raises(AttributeError, match=f"'{name}'; it is not in fastmlp: use TensorFlow for this"):
            getattr(module, name)
    with pytest.raises(TypeError, match="unexpected keyword"):
        tf.reduce_sum([1.0], axes=0)
    assert fastmlp.tf is tf
    assert tf.__version__.startswith("2.")


def test_submodules_can_be_imported():
    from fastmlp.tf.math import sigmoid
    from fastmlp.tf.nn import relu

    assert sigmoid is tf.sigmoid is tf.nn.sigmoid
    assert relu is tf.nn.relu
    pytest.importorskip("fastmlp.keras", reason="the namespace keras is not there yet")
    import fastmlp.tf.keras
    import fastmlp.tf.keras.layers as of_tf
    from fastmlp.tf import keras

    assert of_tf is fastmlp.keras.layers
    assert fastmlp.keras.layers.__name__ == "fastmlp.keras.layers"

    assert tf.keras is keras is fastmlp.tf.keras is fastmlp.keras
    assert tf.optimizers.SGD is keras.optimizers.SGD


# ---- printed


def test_printed_as_tensorflow_does():
    assert str(tf.constant(2.0)) == "tf.Tensor(2.0, shape=(), dtype=float32)"
    assert repr(tf.constant(2.0)) == "<tf.Tensor: shape=(), dtype=float32, numpy=2.0>"
    assert str(tf.constant([1, 2])) == "tf.Tensor([1 2], shape=(2,), dtype=int32)"
    assert repr(tf.constant([True])) == "<tf.Tensor: shape=(1,), dtype=bool, numpy=array([ True])>"
    assert str(tf.ones((2, 2))) == "tf.Tensor(\n[[1. 1.]\n [1. 1.]], shape=(2, 2), dtype=float32)"
    assert repr(tf.ones((2, 2))) == (
        "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[1., 1.],\n       [1., 1.]], dtype=float32)>"
    )
    assert str(tf.range(13) / 3).startswith("tf.Tensor(\n[0.         0.33333333 0.66666667")
    assert f"{tf.constant(0.25):.1f}" == "0.2"
    assert str(tf.constant(1.0).shape) == "()"


def test_print():
    stream = io.StringIO()
    tf.print("loss:", tf.constant([0.1, 1 / 3, 2.0]), tf.constant(3), output_stream=stream)
    tf.print(tf.range(10), [tf.constant(1.5), True], output_stream=stream, sep="|", end="")
    assert stream.getvalue() == "loss: [0.1 0.333333343 2] 3\n[0 1 2 ... 7 8 9]|[1.5, True]"
    assert shown(tf.range(10), -1) == "[0 1 2 3 4 5 6 7 8 9]"
    assert shown(tf.constant(1 / 3, dtype=tf.float64)) == "0.33333333333333331"
    assert shown(tf.Variable(0.5)) == "0.5"


# ---- random


def test_random_numbers_follow_the_seed():
    def drawn():
        tf.random.set_seed(3)
        return [
            tf.random.normal([2, 3]), tf.random.uniform((4,)), tf.random.uniform([50], 0, 5, dtype=tf.int32),
            tf.random.truncated_normal([100]), tf.random.shuffle(tf.range(20)),
            tf.random.categorical([[0.0, 0.0, -1e9]], 200), tf.random.Generator.from_seed(1).normal([3]),
        ]  # fmt: skip

    first, second = drawn(), drawn()
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(first, second))
    normal, uniform, whole, cut, mixed, classes, _ = (x.numpy() for x in first)
    assert normal.shape == (2, 3)
    assert ((uniform >= 0) & (uniform < 1)).all()
    assert set(whole) == {0, 1, 2, 3, 4}
    assert whole.dtype == np.int32
    assert abs(cut).max() <= 2
    assert sorted(mixed) == list(range(20))
    assert set(classes.ravel()) == {0, 1}
    assert classes.shape == (1, 200)
    assert classes.dtype == np.int64


def test_single_random_numbers_and_spread_ones():
    assert tf.random.normal().shape == tf.random.uniform().shape == ()
    assert tf.Variable([tf.random.normal()]).shape == (1,)
    far = tf.random.normal([1000, 2], mean=[0.0, 100.0], stddev=tf.constant([1.0, 0.1])).numpy()
    assert abs(far.mean(0) - [0, 100]).max() < 0.2
    assert abs(far.std(0) - [1, 0.1]).max() < 0.1
    pair = [tf.random.stateless_normal([3], seed=[1, 2]).numpy() for _ in range(2)]
    assert (pair[0] == pair[1]).all()
    assert (pair[0] != tf.random.stateless_normal([3], seed=(1, 3)).numpy()).all()
    assert tf.random.stateless_uniform([3], seed=[1, 2], minval=5, maxval=6).numpy().min() >= 5
    with pytest.raises(ValueError, match="expected maxval for whole numbers"):
        tf.random.uniform([2], dtype=tf.int32)


def test_dropout():
    tf.random.set_seed(0)
    found = tf.nn.dropout(tf.ones((40, 50)), rate=0.2).numpy()
    assert set(np.unique(found)) == {0, np.float32(1.25)}
    assert abs((found == 0).mean() - 0.2) < 0.03


# ---- around formulas


def test_functions_need_no_graph():
    @tf.function
    def plain(x):
        return x + 1

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)], jit_compile=True)
    def decorated(x):
        return x + 1

    assert float(plain(tf.constant(1.0))) == float(decorated(tf.constant(1.0))) == 2
    assert tf.executing_eagerly()
    with tf.device("/GPU:0"), tf.name_scope("layer"), tf.init_scope(), tf.control_dependencies([]):
        assert float(tf.identity(1.0)) == 1
    assert tf.group(1, 2) is tf.no_op() is None


def test_control():
    assert float(tf.cond(tf.constant(1) < 2, lambda: tf.constant(1.0), lambda: tf.constant(2.0))) == 1
    i, total = tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), [tf.constant(0), tf.constant(0)])
    assert (int(i), int(total)) == (4, 6)
    assert tf.map_fn(lambda x: x * x, tf.constant([1.0, 3.0])).numpy().tolist() == [1, 9]
    assert tf.map_fn(lambda p: p[0] + p[1], (tf.range(2), tf.range(2)), fn_output_signature=tf.int32)[1] == 2
    assert tf.vectorized_map(tf.square, tf.constant([2.0])).numpy().tolist() == [4]

    @tf.custom_gradient
    def clipped(x):
        return x, lambda g: tf.clip_by_norm(g, 0.5)

    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = clipped(x) * 10.0
    assert float(tape.gradient(y, x)) == 0.5


def test_numbers_are_rounded_once():
    tenth = tf.constant(0.1, dtype=tf.float64)
    assert float(tenth) == float(tf.Variable(0.1, dtype=tf.float64)) == 0.1
    assert float(tf.convert_to_tensor([0.1], tf.float64)[0]) == float((tenth * 0 + [0.1])[0]) == 0.1
    assert float(tf.constant([0.1, tenth])[1]) == np.float32(0.1)


def test_types_and_shapes():
    x = tf.constant([[1.0, 2.0]])
    assert x.dtype == tf.float32
    assert x.dtype is not tf.float64
    assert tf.as_dtype("int64") == tf.int64
    assert tf.is_tensor(x)
    assert tf.is_tensor(tf.Variable(1.0))
    assert not tf.is_tensor(A)
    assert tf.TensorShape([1, 2]) == x.shape
    assert x.shape.as_list() == [1, 2]
    assert x[:, tf.newaxis].shape == (1, 1, 2)
    assert tf.get_static_value(x).tolist() == [[1, 2]]
    assert tf.zeros_initializer()(shape=(2,), dtype=tf.float32).tolist() == [0, 0]
    assert tf.constant_initializer(3.0)((1,)).tolist() == [3]
    assert tf.random_normal_initializer(stddev=0.1, seed=1)((3, 2)).shape == (3, 2)
    assert tf.random_uniform_initializer(0, 1)((3,)).min() >= 0
    assert tf.initializers.GlorotUniform is fastmlp.initializers.GlorotUniform


def test_devices():
    assert [d.device_type for d in tf.config.list_physical_devices()] == ["CPU"]
    assert tf.config.list_physical_devices("GPU") == tf.config.experimental.list_physical_devices("GPU") == []
    assert tf.config.list_logical_devices("CPU")[0].name == "/device:CPU:0"
    tf.config.set_visible_devices([], "GPU")
    tf.config.run_functions_eagerly(True)
    assert tf.config.functions_run_eagerly()
    before = fastmlp.get_num_threads()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    assert fastmlp.get_num_threads() == 1
    fastmlp.set_num_threads(None)
    assert fastmlp.get_num_threads() == before


GOOD = {
    "assert_equal": ([1, 2], [1, 2]), "assert_none_equal": ([1, 2], [2, 3]), "assert_less": ([1, 2], 3),
    "assert_less_equal": ([1, 3], 3), "assert_greater": ([4, 5], 3), "assert_greater_equal": ([3, 4], 3),
    "assert_near": ([1.0, 2.0], [1.0, 2.0 + 1e-7]), "assert_positive": ([1.0, 2.0],), "assert_negative": ([-1.0],),
    "assert_non_negative": ([0, 1],), "assert_non_positive": ([0, -1],), "assert_all_finite": ([1.0], "said"),
    "check_numerics": ([1.0], "said"), "assert_integer": ([1],), "assert_rank": ([[1]], 2),
    "assert_shapes": ([([[1, 2]], ("n", 2)), ([1], ("n",))],), "assert_type": ([1.0], tf.float32),
    "Assert": ([True, True], ["shown"]),
}  # fmt: skip
BAD = {
    "assert_equal": ([1, 2], [1, 3]), "assert_none_equal": ([1, 2], [1, 3]), "assert_less": ([1, 3], 3),
    "assert_less_equal": ([1, 4], 3), "assert_greater": ([4, 3], 3), "assert_greater_equal": ([3, 2], 3),
    "assert_near": ([1.0, 2.0], [1.0, 2.1]), "assert_positive": ([0.0, 2.0],), "assert_negative": ([0.0],),
    "assert_non_negative": ([-1, 1],), "assert_non_positive": ([0, 1],), "assert_all_finite": ([np.nan], "said"),
    "check_numerics": ([np.inf], "said"), "assert_integer": ([1.5],), "assert_rank": ([1], 2),
    "assert_shapes": ([([[1, 2]], ("n", 2)), ([1, 2], ("n",))],), "assert_type": ([1.0], tf.float64),
    "Assert": ([True, False], ["shown"]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(GOOD))
def test_checks(name):
    check = getattr(tf.debugging, name)
    check(*GOOD[name])
    with pytest.raises(tf.errors.InvalidArgumentError, match=name.replace("check_numerics", "assert_all_finite")):
        check(*BAD[name])


# ---- data sets


def test_elements_of_datasets_are_tensors():
    x, y = np.arange(12.0, dtype="float32").reshape(6, 2), np.arange(6)
    base = tf.data.Dataset.from_tensor_slices((tf.constant(x), y))
    chain = (
        base.map(lambda a, b: (a * 2, tf.one_hot(b, 6))).filter(lambda a, b: a[0] > 0).shuffle(10).batch(2).prefetch(1)
    )
    for dataset in (base, base.batch(4), base.shuffle(3).batch(2), chain, base.take(2).concatenate(base).repeat(2)):
        assert isinstance(dataset, tf.data.Dataset)
        parts = list(dataset)
        assert parts
        assert all(isinstance(part, tf.Tensor) for element in parts for part in element)
        assert all(isinstance(part, np.ndarray | np.generic) for e in dataset.as_numpy_iterator() for part in e)
    assert [int(i) for i in tf.data.Dataset.range(3)] == [0, 1, 2]
    assert sum(int(tf.shape(a)[0]) for a, _ in chain) == 5
    pairs = list(tf.data.Dataset.zip((base, base.batch(1))))
    assert isinstance(pairs[0][1][0], tf.Tensor)
    assert type(fastmlp.data.Dataset.range(2).batch(2)) is fastmlp.data.Dataset
    assert isinstance(next(iter(fastmlp.data.Dataset.range(2))), np.generic | np.ndarray)


def test_models_train_on_them():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    found = []
    for kind in (tf.data.Dataset, fastmlp.data.Dataset):
        fastmlp.set_random_seed(0)
        model = fastmlp.Sequential([fastmlp.layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        found.append(model.fit(kind.from_tensor_slices((x, y)).batch(16), epochs=2, verbose=0).history["loss"])
    assert found[0] == found[1]


# ---- as lectures write it


def test_the_sigmoid_and_its_slope():
    assert str(tf.math.sigmoid(tf.constant(2, dtype=tf.float32)).numpy()) == "0.8807971"
    x = tf.range(-6, 7, 1, dtype=tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.sigmoid(x)
    s = 1 / (1 + np.exp(-np.arange(-6.0, 7)))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), s * (1 - s), atol=1e-7)
    assert tf.range(-6, 7, 0.1).shape == (130,)


def test_descent_as_written_and_why_it_stops():
    weights = tf.Variable([tf.random.normal()])
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(weights - 3.0))
        weights.assign_sub(0.1 * tape.gradient(loss, weights))
    assert float(weights[0]) == pytest.approx(3, abs=1e-4)
    weights = weights - 0.1  # from here on a tensor
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights**2)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert tape.gradient(loss, weights) is None
    assert "assign_sub" in str(told[0].message)
