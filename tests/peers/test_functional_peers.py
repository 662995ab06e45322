"""Graphs and models of several outputs beside Keras: with the same weights they train, evaluate and predict alike."""

from __future__ import annotations

import fastmlp.keras
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

RNG = np.random.default_rng(17)
ROWS = 37
X, OTHER = RNG.normal(size=(2, ROWS, 4)).astype("f")
PRICE = RNG.normal(size=(ROWS, 2)).astype("f")
KIND = RNG.integers(0, 3, ROWS)
WORDS = RNG.integers(0, 9, (ROWS, 5))
WEIGHTS = RNG.uniform(0.2, 2.0, ROWS).astype("f")
SPARSE = "sparse_categorical_crossentropy"


def heads(k, x, form=list):
    price = k.layers.Dense(2, name="price")(x)
    kind = k.layers.Dense(3, activation="softmax", name="kind")(x)
    return {"price": price, "kind": kind} if form is dict else form([price, kind])


def two_headed(k, form=list):
    x = k.Input(shape=(4,), name="x")
    return k.Model(x, heads(k, k.layers.Dense(6, activation="tanh", name="hidden")(x), form))


def siamese(k):
    a, b = k.Input(shape=(4,), name="a"), k.Input(shape=(4,), name="b")
    shared = k.layers.Dense(5, activation="tanh", name="shared")
    u, v = shared(a), shared(b)
    joined = k.layers.Concatenate()([k.ops.abs(u - v) * 2.0, u[:, :2], k.layers.Multiply()([u, v])])
    return k.Model([a, b], heads(k, joined))


def residual(k):
    x = k.Input(shape=(4,), name="x")
    h = x
    for i in range(3):
        h = k.layers.Add()([h, k.layers.Dense(4, activation="relu", name=f"block{i}")(h)])
        h = k.layers.LayerNormalization()(h)
    return k.Model(x, heads(k, k.layers.average([h, x])))


def nested(k):
    x = k.Input(shape=(4,), name="x")
    inner = k.Sequential([k.Input(shape=(4,)), k.layers.Dense(6, activation="tanh"), k.layers.Dense(4)], name="inner")
    z = k.Input(shape=(4,))
    part = k.Model(z, k.layers.maximum([z, k.layers.Dense(4)(z)]), name="part")
    return k.Model(x, heads(k, part(inner(k.layers.minimum([inner(x), x])))))


def words(k):
    a, b = k.Input(shape=(5,), dtype="int32", name="a"), k.Input(shape=(4,), name="b")
    vectors = k.layers.Embedding(9, 4, name="vectors")(a)
    turned = k.layers.Permute((2, 1))(vectors)
    scores = k.layers.Dot(axes=(1, 1), normalize=True)([turned, k.layers.Dense(4)(b)])
    repeated = k.layers.Flatten()(k.layers.subtract([k.layers.RepeatVector(5)(b), vectors]))
    return k.Model([a, b], heads(k, k.layers.concatenate([scores, repeated])))


def lambdas(k):
    x = k.Input(shape=(4,), name="x")
    h = k.layers.Lambda(lambda v: k.ops.square(v) + 1.0)(k.layers.Dense(5)(x))
    return k.Model(x, heads(k, k.ops.concatenate([h, k.ops.mean(h, axis=-1, keepdims=True)], axis=-1)))


GRAPHS = {
    "two-headed": (two_headed, X),
    "siamese": (siamese, [X, OTHER]),
    "residual": (residual, X),
    "nested": (nested, X),
    "words": (words, [WORDS, X]),
    "lambdas": (lambdas, X),
}
COMPILED = {"loss": ["mse", SPARSE], "loss_weights": [0.7, 1.3], "metrics": [["mae"], ["accuracy"]]}


def both(make):
    """The model of either library, with one set of weights."""
    theirs, ours = make(keras), make(fastmlp.keras)
    values = [RNG.normal(scale=0.4, size=w.shape).astype("f") for w in theirs.get_weights()]
    theirs.set_weights(values)
    ours.set_weights(values)
    return ours, theirs


def assert_alike(ours, theirs, x, y, compiled, *, optimizer=lambda k: k.optimizers.Adam(0.01), **fit):
    settings = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0, **fit}
    histories = []
    for model, k in ((ours, fastmlp.keras), (theirs, keras)):
        model.compile(optimizer(k), **compiled)
        histories.append(model.fit(x, y, **settings).history)
    found, want = histories
    assert sorted(found) == sorted(want)
    for name in want:
        np.testing.assert_allclose(found[name], want[name], rtol=2e-5, atol=1e-5, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)
    lists = [np.ravel(model.evaluate(x, y, batch_size=8, verbose=0)) for model in (ours, theirs)]
    np.testing.assert_allclose(*lists, rtol=2e-5, atol=1e-5)  # in one order


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_train_as_in_keras(name):
    make, x = GRAPHS[name]
    ours, theirs = both(make)
    found, want = (model.predict(x, verbose=0) for model in (ours, theirs))
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert [layer.name for layer in ours.layers if layer.weights] == [
        layer.name for layer in theirs.layers if layer.weights
    ] or name in ("residual", "nested", "words", "lambdas")  # where names are given automatically
    assert [type(layer).__name__ for layer in ours.layers if layer.weights and not hasattr(layer, "layers")] == [
        type(layer).__name__ for layer in theirs.layers if layer.weights and not hasattr(layer, "layers")
    ]
    assert_alike(ours, theirs, x, [PRICE, KIND], COMPILED)


LOSSES = {
    "lists": COMPILED,
    "dicts": {
        "loss": {"kind": SPARSE, "price": "mae"},
        "metrics": {"kind": ["accuracy"]},
        "loss_weights": {"kind": 0.5, "price": 2.0},
    },
    "none": {"loss": ["mse", None]},
    "one metric for each": {"loss": ["mse", SPARSE], "metrics": ["mae", "accuracy"]},
    "weighted": {"loss": ["mse", SPARSE], "metrics": [["mae"], []], "weighted_metrics": [["mae"], ["accuracy"]]},
}


@pytest.mark.filterwarnings("ignore:gradient", "ignore:apply", "ignore:The following", "ignore:Gradients")
@pytest.mark.parametrize("form", [list, dict])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_metrics_by_output(name, form):
    compiled, y = LOSSES[name], form([PRICE, KIND]) if form is not dict else {"price": PRICE, "kind": KIND}
    if form is dict and isinstance(compiled["loss"], list):
        compiled = {key: dict(zip(("price", "kind"), value, strict=True)) for key, value in compiled.items()}
    ours, theirs = both(lambda k: two_headed(k, form))
    assert ours.output_names == theirs.output_names
    assert_alike(ours, theirs, X, y, compiled)


@pytest.mark.parametrize(
    "weights", [WEIGHTS, [WEIGHTS, 2 * WEIGHTS], [None, WEIGHTS]], ids=["one", "each", "one of them"]
)
def test_weights_of_rows(weights):
    ours, theirs = both(two_headed)
    assert_alike(ours, theirs, X, [PRICE, KIND], LOSSES["weighted"], sample_weight=weights)


def test_validation():
    ours, theirs = both(two_headed)
    assert_alike(ours, theirs, X, [PRICE, KIND], COMPILED, validation_split=0.3)
    held = (X[:9], {"price": PRICE[:9], "kind": KIND[:9]})
    ours, theirs = both(two_headed)
    assert_alike(ours, theirs, X, {"price": PRICE, "kind": KIND}, LOSSES["dicts"], validation_data=held)


def test_one_output_with_a_factor():
    def make(k):
        return k.Sequential([k.Input(shape=(4,)), k.layers.Dense(5, activation="relu"), k.layers.Dense(2)])

    ours, theirs = both(make)
    assert_alike(ours, theirs, X, PRICE, {"loss": "mse", "loss_weights": 0.3, "metrics": ["mae"]},
                 optimizer=lambda k: k.optimizers.SGD(0.1, momentum=0.9))  # fmt: skip


def test_a_subclass_of_several_outputs():
    def make(k):
        class Own(k.Model):
            def __init__(self):
                super().__init__()
                self.hidden = k.layers.Dense(6, activation="tanh")
                self.price, self.kind = k.layers.Dense(2), k.layers.Dense(3, activation="softmax")

            def call(self, x):
                h = self.hidden(x)
                return {"price": self.price(h), "kind": self.kind(h)}

        model = Own()
        model(X)
        return model

    ours, theirs = both(make)
    compiled = {"loss": {"price": "mse", "kind": SPARSE}, "metrics": {"kind": ["accuracy"]}}
    assert_alike(ours, theirs, X, {"price": PRICE, "kind": KIND}, compiled)


def test_tables_are_alike():
    keras.utils.clear_session()  # which names operations anew
    tables = []
    for k in (fastmlp.keras, keras):
        a, b = k.Input(shape=(4,), name="a"), k.Input(shape=(4,), name="b")
        shared = k.layers.Dense(5, name="shared")
        joined = k.ops.concatenate([k.ops.abs(shared(a) - shared(b)), a[:, :2]], axis=-1)
        model = k.Model([a, b], heads(k, joined), name="table")
        lines = []
        model.summary(print_fn=lambda text, lines=lines, **_: lines.append(text), line_length=76, show_trainable=True)
        tables.append("\n".join(lines).split())
    assert tables[0] == tables[1]


BINS = RNG.normal(size=(60, 2)).astype("f")


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (lambda k: k.layers.CategoryEncoding(num_tokens=9), WORDS),
        (lambda k: k.layers.CategoryEncoding(num_tokens=9, output_mode="count"), WORDS),
        (lambda k: k.layers.CategoryEncoding(num_tokens=9, output_mode="one_hot"), WORDS),
        (lambda k: k.layers.CategoryEncoding(num_tokens=9, output_mode="one_hot"), WORDS[:, :1]),
        (lambda k: k.layers.CategoryEncoding(num_tokens=9), WORDS[:, 0]),
        (lambda k: k.layers.Discretization(bin_boundaries=[-1.0, 0.0, 0.5]), BINS),
        (lambda k: k.layers.Discretization(bin_boundaries=[-1.0, 0.5], output_mode="multi_hot"), BINS),
        (lambda k: k.layers.Discretization(bin_boundaries=[-1.0, 0.5], output_mode="count"), BINS),
        (lambda k: k.layers.Discretization(bin_boundaries=[-1.0, 0.5], output_mode="one_hot"), BINS[:, :1]),
    ],
)
def test_categories(make, x):
    np.testing.assert_array_equal(np.asarray(make(fastmlp.keras)(x)), np.asarray(make(keras)(x)))


def test_boundaries_that_adapt_chooses():
    ours, theirs = fastmlp.keras.layers.Discretization(num_bins=4), keras.layers.Discretization(num_bins=4)
    few = BINS[:40].ravel()[:80]
    ours.adapt(few)
    theirs.adapt(few)
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-5)


PICTURES = RNG.uniform(size=(3, 9, 9, 2)).astype("f")


@pytest.mark.parametrize("fill", ["reflect", "constant", "wrap", "nearest"])
@pytest.mark.parametrize(
    "make",
    [
        lambda k, **s: k.layers.RandomTranslation((0.3, 0.3), (-0.2, -0.2), **s),
        lambda k, **s: k.layers.RandomRotation((0.07, 0.07), **s),
        lambda k, **s: k.layers.RandomZoom((-0.3, -0.3), (0.4, 0.4), **s),
    ],
    ids=["translation", "rotation", "zoom"],
)
def test_pictures_move_to_where_keras_moves_them(make, fill):
    ours, theirs = (np.asarray(make(k, fill_mode=fill)(PICTURES)) for k in (fastmlp.keras, keras))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.RMSNormalization(epsilon=0.01),
        lambda k: k.layers.GroupNormalization(3),
        lambda k: k.layers.GroupNormalization(-1, epsilon=0.1),
    ],
)
def test_normalisation_within_rows(make):
    x = RNG.normal(size=(4, 5, 6)).astype("f")
    ours, theirs = make(fastmlp.keras), make(keras)
    theirs.build((None, 5, 6))
    values = [RNG.normal(size=w.shape).astype("f") for w in theirs.get_weights()]
    ours.build((None, 5, 6))
    for layer in (ours, theirs):
        layer.set_weights(values)
    np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)
