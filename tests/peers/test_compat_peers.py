"""compat beside the libraries themselves: many steps on the same gradients, whole trainings, first weights."""

from __future__ import annotations

import contextlib

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Sequential, layers, optimizers
from fastmlp.optimizers import SGD, Adam
from fastmlp.regularizers import L2
from fastmlp.variables import Variable

STEPS = 60
RATES = [1.0] * 25 + [0.1] * 20 + [0.5] * 15  # of the first one


def numbers(seed=11):
    """Two variables to move, and gradients of sizes from 1e-6 to 10, some elements 0 all the time."""
    rng = np.random.default_rng(seed)
    shapes = (4, 5), (5,)
    start = [rng.normal(size=s) for s in shapes]
    size = [10.0 ** rng.uniform(-6, 1, s) for s in shapes]
    for s in size:
        s.flat[0] = 0
    return start, [[s * rng.normal(0.3, 1, s.shape) for s in size] for _ in range(STEPS)]


def walked(optimizer, rate, dtype="float64"):
    start, gradients = numbers()
    moved = [Variable(w.astype(dtype), name=name) for w, name in zip(start, ("kernel", "bias"), strict=True)]
    for share, pair in zip(RATES, gradients, strict=True):
        optimizer.learning_rate = share * rate
        optimizer.apply_gradients(zip(pair, moved, strict=True))
    return [v.numpy() for v in moved]


def assert_same(found, exact, tolerance=1e-10):
    start, _ = numbers()
    for a, b, w in zip(found, exact, start, strict=True):
        assert np.abs(b - w).max() > 1e-3, "the peer did not move"
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# ---- PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[peers]'")


def case(name, rate, ours=None, theirs=None, kind=None):
    return pytest.param(name, kind or name, rate, ours or {}, (ours or {}) if theirs is None else theirs,
                        id=f"{name}-{ours}")  # fmt: skip


DECAY = {"weight_decay": 0.1}
TORCH = [
    case("SGD", 0.1),
    case("SGD", 0.1, DECAY),
    case("SGD", 0.1, {"momentum": 0.9}),
    case("SGD", 0.1, {"momentum": 0.9, **DECAY}),
    case("SGD", 0.1, {"momentum": 0.8, "nesterov": True, **DECAY}),
    case("RMSprop", 0.01),
    case("RMSprop", 0.01, {"rho": 0.9, "momentum": 0.9, **DECAY}, {"alpha": 0.9, "momentum": 0.9, **DECAY}),
    case("RMSprop", 0.01, {"centered": True, "epsilon": 1e-3}, {"centered": True, "eps": 1e-3}),
    case("RMSprop", 0.01, {"centered": True, "epsilon": 1e-3, "momentum": 0.5},
         {"centered": True, "eps": 1e-3, "momentum": 0.5}),
    case("Adam", 0.001),
    case("Adam", 0.01, {"beta_1": 0.8, "beta_2": 0.9, **DECAY}, {"betas": (0.8, 0.9), **DECAY}),
    case("Adam", 0.01, {"amsgrad": True, **DECAY}),
    case("AdamW", 0.001),
    case("AdamW", 0.01, {"weight_decay": 0.3, "amsgrad": True}),
    case("Adamax", 0.002),
    case("Adamax", 0.02, {"epsilon": 1e-3, **DECAY}, {"eps": 1e-3, **DECAY}),
    case("Nadam", 0.002, kind="NAdam"),
    case("Nadam", 0.02, {"beta_1": 0.8, "beta_2": 0.9, **DECAY}, {"betas": (0.8, 0.9), **DECAY}, kind="NAdam"),
    case("Adagrad", 0.01),
    case("Adagrad", 0.1, {"initial_accumulator_value": 0.3, "epsilon": 1e-3, **DECAY},
         {"initial_accumulator_value": 0.3, "eps": 1e-3, **DECAY}),
    case("Adadelta", 1.0),
    case("Adadelta", 1.0, {"rho": 0.8, "epsilon": 1e-4, **DECAY}, {"rho": 0.8, "eps": 1e-4, **DECAY}),
]  # fmt: skip


@contextlib.contextmanager
def of_type(torch, dtype):
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def torch_walked(torch, kind, rate, settings, clip=None, dtype="float64"):
    start, gradients = numbers()
    moved = [torch.tensor(w, dtype=getattr(torch, dtype), requires_grad=True) for w in start]
    optimizer = getattr(torch.optim, kind)(moved, **settings)
    with of_type(torch, dtype):  # which its counts and products follow
        for share, pair in zip(RATES, gradients, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = share * rate
            for w, g in zip(moved, pair, strict=True):
                w.grad = torch.tensor(g, dtype=w.dtype)
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(moved, clip)
            optimizer.step()
    return [w.detach().numpy() for w in moved]


@pytest.mark.parametrize(("name", "kind", "rate", "ours", "theirs"), TORCH)
def test_optimizers_make_the_steps_of_torch(torch, name, kind, rate, ours, theirs):
    optimizer = getattr(optimizers, name)(**ours, compat="torch")
    assert_same(walked(optimizer, rate), torch_walked(torch, kind, rate, theirs))
    single = walked(getattr(optimizers, name)(**ours, compat="torch"), rate, "float32")
    with np.errstate(all="ignore"):
        assert_same(single, torch_walked(torch, kind, rate, theirs, dtype="float32"), 2e-5)


@pytest.mark.parametrize(
    ("name", "kind"), [(n, n) for n in ("SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Adagrad", "Adadelta")]
    + [("Nadam", "NAdam")],
)  # fmt: skip
def test_defaults_are_those_of_torch(torch, name, kind):
    theirs = getattr(torch.optim, kind)([torch.zeros(1, requires_grad=True)]).defaults
    mine = getattr(optimizers, name)(compat="torch")
    renamed = {"lr": "learning_rate", "eps": "epsilon", "alpha": "rho"}
    same = {"lr", "momentum", "nesterov", "alpha", "eps", "centered", "amsgrad", "rho", "initial_accumulator_value"}
    for key in same & set(theirs):
        assert getattr(mine, renamed.get(key, key)) == theirs[key], key
    if "betas" in theirs:
        assert (mine.beta_1, mine.beta_2) == theirs["betas"]
    assert (mine.weight_decay or 0) == theirs["weight_decay"]


def test_gradients_are_clipped_before_the_weights_decay(torch):
    optimizer = SGD(weight_decay=0.1, momentum=0.9, global_clipnorm=1.5, compat="torch")
    exact = torch_walked(torch, "SGD", 0.1, {"weight_decay": 0.1, "momentum": 0.9}, clip=1.5)
    assert_same(walked(optimizer, 0.1), exact, 1e-5)  # torch adds 1e-6 to the norm
    unclipped = torch_walked(torch, "SGD", 0.1, {"weight_decay": 0.1, "momentum": 0.9})
    assert np.abs(unclipped[0] - exact[0]).max() > 0.1


def torch_network(torch, penalised=0.0):
    """Linear, batch normalisation, PReLU, layer normalisation, leaky ReLU, Linear, in float64, and ours alike."""
    nn = torch.nn
    torch.manual_seed(1)
    with of_type(torch, "float64"):
        theirs = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.PReLU(), nn.LayerNorm(8), nn.LeakyReLU(),
                               nn.Linear(8, 2))  # fmt: skip
    penalty = L2(penalised, compat="torch") if penalised else None
    kinds = [
        layers.Dense(8, compat="torch", dtype="float64", kernel_regularizer=penalty),
        layers.BatchNormalization(compat="torch", dtype="float64"),
        layers.PReLU(compat="torch", dtype="float64"),
        layers.LayerNormalization(compat="torch", dtype="float64"),
        layers.LeakyReLU(compat="torch", dtype="float64"),
        layers.Dense(2, compat="torch", dtype="float64", kernel_regularizer=penalty),
    ]
    mine = Sequential([Input((6,)), *kinds])
    for layer, other in zip(mine.layers, theirs, strict=True):
        state = {k: v.numpy() for k, v in other.state_dict().items()}
        if isinstance(layer, layers.Dense):
            layer.set_weights([state["weight"].T, state["bias"]])
        elif isinstance(layer, layers.PReLU):
            np.testing.assert_array_equal(layer.alpha.numpy(), state["weight"])  # both start from ¼
        elif layer.weights:
            for ours, name in zip(layer.weights, ("weight", "bias", "running_mean", "running_var"), strict=False):
                np.testing.assert_array_equal(ours.numpy(), state[name])
    return mine, theirs


def trained_in_torch(torch, network, optimizer, x, y, epochs, batch, penalty=0.0):
    x, y = torch.tensor(x), torch.tensor(y)
    network.train()
    for _ in range(epochs):
        for i in range(0, len(x), batch):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network(x[i : i + batch]), y[i : i + batch])
            for layer in network if penalty else []:
                if isinstance(layer, torch.nn.Linear):
                    loss = loss + penalty / 2 * (layer.weight**2).sum()
            loss.backward()
            optimizer.step()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.02, compat="torch"),
         lambda t, p: t.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.02)),
        (lambda: Adam(0.01, weight_decay=0.05, compat="torch"), lambda t, p: t.optim.Adam(p, 0.01, weight_decay=0.05)),
        (lambda: optimizers.AdamW(0.01, compat="torch"), lambda t, p: t.optim.AdamW(p, 0.01)),
        (lambda: optimizers.RMSprop(momentum=0.5, compat="torch"), lambda t, p: t.optim.RMSprop(p, momentum=0.5)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_a_network_is_trained_as_in_torch(torch, ours, theirs, penalty):
    rng = np.random.default_rng(5)
    x, y = rng.normal(1, 2, (44, 6)), rng.normal(size=(44, 2))
    mine, network = torch_network(torch, penalty)
    mine.compile(ours(), "mse")
    mine.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)  # batches of 8, the last of 4
    trained_in_torch(torch, network, theirs(torch, network.parameters()), x, y, 5, 8, penalty)
    network.eval()
    with torch.no_grad():
        expected = network(torch.tensor(x)).numpy()
    np.testing.assert_allclose(
        mine.predict(x, verbose=0), expected, rtol=1e-7, atol=1e-7
    )  # a bias before a mean has noise for a gradient
    kept = network[1].state_dict()
    np.testing.assert_allclose(mine.layers[1].moving_mean.numpy(), kept["running_mean"], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(mine.layers[1].moving_variance.numpy(), kept["running_var"], rtol=1e-7, atol=1e-7)


def test_linear_layers_start_as_in_torch(torch):
    torch.manual_seed(0)
    theirs = torch.nn.Linear(300, 200)
    mine = layers.Dense(200, compat="torch")
    mine.build((None, 300))
    for a, b in zip(mine.get_weights(), (theirs.weight, theirs.bias), strict=True):
        assert_alike(a, b.detach().numpy())


def assert_alike(a, b):
    """Two samples of the same uniform numbers, by their quantiles."""
    bound = np.abs(b).max()
    assert np.abs(a).max() == pytest.approx(bound, rel=0.05)
    share = np.linspace(0, 1, 11)
    assert np.abs(np.quantile(a, share) - np.quantile(b, share)).max() < 0.25 * bound


# ---- scikit-learn


@pytest.fixture
def sklearn():
    return pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[peers]'")


def sklearn_walked(kind, rate, settings):
    from sklearn.neural_network import _stochastic_optimizers as theirs

    start, gradients = numbers()
    moved = [w.copy() for w in start]
    optimizer = getattr(theirs, kind)(moved, rate, **settings)
    for share, pair in zip(RATES, gradients, strict=True):
        optimizer.learning_rate = optimizer.learning_rate_init = share * rate
        optimizer.update_params(moved, pair)
    return moved


@pytest.mark.parametrize(
    ("cls", "kind", "rate", "ours", "theirs"),
    [
        (SGD, "SGDOptimizer", 0.1, {}, {}),
        (SGD, "SGDOptimizer", 0.1, {"nesterov": False, "momentum": 0.7}, {"nesterov": False, "momentum": 0.7}),
        (SGD, "SGDOptimizer", 0.1, {"momentum": 0.0}, {"momentum": 0.0, "nesterov": False}),
        (Adam, "AdamOptimizer", 0.01, {}, {}),
        (Adam, "AdamOptimizer", 0.01, {"beta_1": 0.8, "epsilon": 1e-3}, {"beta_1": 0.8, "epsilon": 1e-3}),
    ],
)
def test_optimizers_make_the_steps_of_sklearn(sklearn, cls, kind, rate, ours, theirs):
    assert_same(walked(cls(**ours, compat="sklearn"), rate), sklearn_walked(kind, rate, theirs))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ["relu", "logistic", "tanh"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_is_trained_as_in_sklearn(sklearn, solver, activation, classes):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 5)), rng.integers(0, classes, 60)
    alpha, rate = 0.3, 0.05 if solver == "sgd" else 0.01
    theirs = sklearn.MLPClassifier(
        (7,), activation, solver=solver, alpha=alpha, batch_size=20, learning_rate_init=rate, shuffle=False,
        random_state=0,
    )  # fmt: skip
    theirs.partial_fit(x, y, classes=np.arange(classes))

    def dense(units, name):
        penalty = L2(alpha, compat="sklearn", rows=20)
        return layers.Dense(units, name, kernel_regularizer=penalty, compat="sklearn", dtype="float64")

    def held():
        return [w for pair in zip(theirs.coefs_, theirs.intercepts_, strict=True) for w in pair]

    hidden = "sigmoid" if activation == "logistic" else activation
    last = dense(1, "sigmoid") if classes == 2 else dense(classes, "softmax")
    mine = Sequential([Input((5,)), dense(7, hidden), last])
    mine.set_weights(held())
    theirs._optimizer = type(theirs._optimizer)(theirs.coefs_ + theirs.intercepts_, rate)  # as new, defaults and all
    mine.compile((SGD if solver == "sgd" else Adam)(rate, compat="sklearn"),
                 "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy")  # fmt: skip
    history = mine.fit(x, y, batch_size=20, epochs=6, shuffle=False, verbose=0).history["loss"]
    for _ in range(6):
        theirs.partial_fit(x, y)
    np.testing.assert_allclose(history, theirs.loss_curve_[1:], rtol=1e-9)
    for a, b in zip(mine.get_weights(), held(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(mine.predict(x, verbose=0)[:, -1], theirs.predict_proba(x)[:, -1], rtol=1e-9)


@pytest.mark.parametrize(("activation", "ours"), [("relu", "relu"), ("logistic", "sigmoid")])
def test_layers_start_as_in_sklearn(sklearn, activation, ours):
    import warnings

    theirs = sklearn.MLPClassifier((200,), activation, max_iter=1, learning_rate_init=1e-12, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(np.zeros((4, 300)), [0, 1, 0, 1])
    mine = layers.Dense(200, ours, compat="sklearn")
    mine.build((None, 300))
    for a, b in zip(mine.get_weights(), (theirs.coefs_[0], theirs.intercepts_[0]), strict=True):
        assert_alike(a, b)


# ---- Keras


@contextlib.contextmanager
def in_float64(keras):
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


@pytest.mark.parametrize(
    ("name", "rate", "settings"),
    [
        ("SGD", 0.1, {"momentum": 0.9, "weight_decay": 0.1}),
        ("SGD", 0.1, {"momentum": 0.9, "nesterov": True}),
        ("RMSprop", 0.01, {"momentum": 0.5}),
        ("Adam", 0.01, {"weight_decay": 0.1}),
        ("AdamW", 0.01, {}),
        ("Adamax", 0.01, {}),
        ("Nadam", 0.01, {}),
        ("Adagrad", 0.1, {}),
        ("Adadelta", 1.0, {}),
    ],
)
def test_optimizers_make_the_steps_of_keras(name, rate, settings):
    keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
    start, gradients = numbers()
    with in_float64(keras):
        moved = [keras.Variable(w, dtype="float64", name=n) for w, n in zip(start, ("kernel", "bias"), strict=True)]
        optimizer = getattr(keras.optimizers, name)(**settings)
        for share, pair in zip(RATES, gradients, strict=True):
            optimizer.learning_rate = share * rate
            optimizer.apply([keras.ops.convert_to_tensor(g, "float64") for g in pair], moved)
        expected = [keras.ops.convert_to_numpy(v) for v in moved]
    assert expected[0].dtype == np.float64
    mine = walked(getattr(optimizers, name)(**settings, compat="keras"), rate)
    assert_same(mine, expected, 1e-6)  # Keras keeps some of its constants in float32
    assert fastmlp.optimizers.get(name).lower() == getattr(optimizers, name)(compat="keras").lower()
