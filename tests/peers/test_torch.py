"""Models from PyTorch and to it: the same predictions, whatever the architecture, and errors that name the module."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import fastmlp
import numpy as np
import pytest
from fastmlp import layers
from fastmlp.models import Model, Sequential
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
nn = torch.nn

ACTIVATIONS = [
    nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.07), nn.ELU(0.7), nn.CELU(), nn.CELU(0.4), nn.SELU(), nn.GELU(),
    nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Sigmoid(), nn.LogSigmoid(), nn.Tanh(), nn.Tanhshrink(),
    nn.Hardsigmoid(), nn.Hardswish(), nn.Softsign(), nn.Softplus(), nn.Softplus(3.0), nn.Softshrink(0.2),
    nn.Hardshrink(), nn.Threshold(0.1, -2.0), nn.Hardtanh(), nn.Hardtanh(-0.5, 0.5), nn.Hardtanh(0, 0.8),
    nn.Softmax(1), nn.Softmax(-1), nn.LogSoftmax(1), nn.PReLU(), nn.Identity(), nn.Dropout(0.4),
    nn.AlphaDropout(0.2),
]  # fmt: skip


def predicted(module, x):
    """What a module predicts in eval mode, which a copy of it goes into."""
    with torch.no_grad():
        return copy.deepcopy(module).eval()(torch.tensor(x)).numpy()


def assert_same(model, module, x, dtype="float32", atol=1e-6):
    want, got = predicted(module, x), model.predict(x, verbose=0)
    assert got.dtype == want.dtype == dtype
    assert want.std() > 1e-4, "the outputs vary"
    np.testing.assert_allclose(got, want, rtol=1e-6 if dtype == "float64" else 1e-5, atol=atol)


def rows(*shape, dtype="float32", seed=5):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype) * 2


# ---- from PyTorch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_activations_compute_the_same_both_ways(activation, dtype):
    module = nn.Sequential(nn.Linear(5, 4), copy.deepcopy(activation)).to(getattr(torch, dtype))
    x = rows(30, 5, dtype=dtype)
    model = fastmlp.from_torch(module)
    assert_same(model, module, x, dtype)
    assert_same(model, model.to_torch(), x, dtype)
    assert not model.why_taped
    twin = pickle.loads(pickle.dumps(type(model).from_config(model.get_config())))  # its settings can be kept
    twin.set_weights(model.get_weights())
    assert_same(twin, module, x, dtype)


@st.composite
def architectures(draw):
    """An nn.Sequential with sequences in it, any of the modules that both have, and moved averages."""
    torch.manual_seed(draw(st.integers(0, 1000)))
    width = features = draw(st.integers(1, 9))
    modules = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["linear", "linear", "batch", "layer", "rms", "group", "prelu", "glu", "other"]))
        affine = draw(st.booleans())
        if kind == "linear":
            units = draw(st.integers(1, 9))
            modules.append(nn.Linear(width, units, bias=draw(st.booleans())))
            width = units
        elif kind == "glu" and width % 2 == 0:
            modules.append(nn.GLU(1))
            width //= 2
        elif kind == "other":
            modules.append(copy.deepcopy(draw(st.sampled_from(ACTIVATIONS))))
        else:
            makers = {
                "batch": lambda width, affine: nn.BatchNorm1d(width, 1e-3, 0.3, affine),
                "layer": lambda width, affine: nn.LayerNorm(width, 1e-4, affine, draw(st.booleans())),
                "rms": lambda width, affine: nn.RMSNorm(width, elementwise_affine=affine),
                "group": lambda width, affine: nn.GroupNorm(width if width % 3 else 3, width, affine=affine),
                "prelu": lambda width, affine: nn.PReLU(width, 0.1),
                "glu": lambda width, affine: nn.Identity(),
            }
            modules.append(makers[kind](width, affine))
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(modules)))
        named = [(f"part{i}", one) for i, one in enumerate(modules[cut:])]
        modules = [*modules[:cut], nn.Sequential(OrderedDict(named))]
    module = nn.Sequential(*modules)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.dtype == torch.float32:
                tensor.copy_(torch.rand_like(tensor) + 0.3 if "running_var" in name else torch.randn_like(tensor) / 2)
    return module.to(draw(st.sampled_from([torch.float32, torch.float64]))), features


@settings(max_examples=150, deadline=None)
@given(architectures())
@pytest.mark.filterwarnings("ignore:.*softmax of one feature")
def test_any_architecture_predicts_the_same_both_ways(drawn):
    module, features = drawn
    double = any(p.dtype == torch.float64 for p in [*module.parameters(), *module.buffers()])
    x = rows(11, features, dtype="float64" if double else "float32")
    before = copy.deepcopy(module.state_dict())
    model = fastmlp.from_torch(module, features)
    back = model.to_torch()
    tolerance = {"rtol": 1e-6, "atol": 1e-6} if double else {"rtol": 2e-4, "atol": 2e-4}  # steep norms of 2 features
    want = predicted(module, x)
    np.testing.assert_allclose(model.predict(x, verbose=0), want, **tolerance)
    np.testing.assert_allclose(predicted(back, x), want, **tolerance)
    assert module.training, "the module's mode is as before"
    assert not any(one.training for one in back.modules())
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_rows_of_other_shapes_and_numbers_that_name_things():
    module = nn.Sequential(
        nn.Flatten(2), nn.Flatten(), nn.Linear(24, 12), nn.Unflatten(1, (3, 4)), nn.Unflatten(2, (2, 2)), nn.ReLU(),
        nn.Flatten(), nn.Linear(12, 2),
    )  # fmt: skip
    x = rows(9, 2, 3, 4)
    model = fastmlp.from_torch(module, (2, 3, 4))
    assert [one.output_shape for one in model.layers[:5]] == [
        (None, 2, 12), (None, 24), (None, 12), (None, 3, 4), (None, 3, 2, 2)]  # fmt: skip
    assert_same(model, module, x)
    assert_same(model, model.to_torch(), x)

    module = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(6, 2))
    model = fastmlp.from_torch(module, input_shape=(2,))
    x = np.random.default_rng(1).integers(0, 7, (20, 2))
    np.testing.assert_allclose(model.predict(x, verbose=0), predicted(module, x), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(predicted(model.to_torch(), x), predicted(module, x), rtol=1e-6, atol=1e-6)


def test_names_settings_and_what_is_frozen_come_along():
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, eps=1e-4, momentum=0.1))
    module = nn.Sequential(OrderedDict(body=body, head=nn.Linear(4, 2)))
    module.body.requires_grad_(False)
    model = fastmlp.from_torch(module)
    assert [one.name for one in model.layers] == ["body.0", "body.1", "head"]
    assert [one.trainable for one in model.layers] == [False, False, True]
    norm = model.get_layer("body.1")
    assert (norm.momentum, norm.epsilon, norm.compat) == (0.9, 1e-4, "torch")
    back = model.to_torch()
    assert [p.requires_grad for p in back.parameters()] == [False] * 4 + [True] * 2
    assert (back[1].momentum, back[1].eps) == (0.1, 1e-4)
    for name, tensor in nn.Sequential(*module.body, module.head).state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], tensor, rtol=0, atol=0)


def test_batch_norm_goes_on_training_as_there():
    module = nn.Sequential(nn.BatchNorm1d(4, momentum=0.2))
    model, x = fastmlp.from_torch(module), rows(6, 4)
    module(torch.tensor(x))
    model(x, training=True)
    assert module[0].running_var[0] != 1
    for ours, theirs in (("moving_mean", module[0].running_mean), ("moving_variance", module[0].running_var)):
        np.testing.assert_allclose(getattr(model.layers[0], ours).numpy(), theirs.numpy(), rtol=1e-5)


def test_weights_are_copies_and_random_numbers_stay():
    module = nn.Sequential(nn.Linear(3, 2))
    model, x = fastmlp.from_torch(module), rows(4, 3)
    torch.manual_seed(3)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    back = model.to_torch()
    assert torch.rand(1) == drawn
    before = model.predict(x, verbose=0)
    with torch.no_grad():
        module[0].weight.zero_()
        back[0].weight.zero_()
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    model.set_weights([w * 0 for w in model.get_weights()])
    assert back[0].bias.abs().sum() > 0


def test_one_module_by_itself_and_a_class_of_sequences():
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(3, 4), nn.Tanh())

    for module in (nn.Linear(3, 4), Net()):
        assert_same(fastmlp.from_torch(module), module, rows(5, 3))


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked():
    module = nn.Linear(2, 2)
    module.register_forward_hook(lambda *_: None)
    return module


def shared():
    linear = nn.Linear(2, 2)
    return nn.Sequential(linear, nn.ReLU(), linear)


def partly_frozen():
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)
    return module


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.Sequential(nn.ReLU(), nn.Identity(), nn.Sequential(nn.Conv1d(1, 1, 1))), 3,
         "from_torch: 2.0: Conv1d: expected one of Sequential, Affine, .*Unflatten, got Conv1d; make the model"),
        (nn.Sequential(OrderedDict(body=nn.Sequential(OrderedDict(fc=Doubled(2, 2))))), None, "body.fc: Doubled: .*"),
        (nn.ModuleList([nn.Linear(2, 2)]), None, "from_torch: ModuleList: expected one of"),
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), None, r"expected input_shape, for Flatten, .*\(28, 28\)"),
        (nn.Sequential(nn.ReLU()), None, "expected input_shape, for ReLU"),
        (nn.Sequential(), None, "expected modules, got an empty Sequential"),
        (nn.Sequential(nn.Linear(4, 2)), 3, "0: Linear: expected rows of 4 features, got .3,. from what is before it"),
        (nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(3)), None, "1: BatchNorm1d: expected rows of 3 features"),
        (nn.Sequential(nn.Linear(4, 2)), (3, 4), "0: Linear: .*expected rows of features.*Flatten"),
        (nn.BatchNorm1d(3, track_running_stats=False), None, "BatchNorm1d: expected moving averages"),
        (nn.BatchNorm1d(3, momentum=None), None, "BatchNorm1d: expected a momentum"),
        (nn.LayerNorm((2, 3)), None, r"LayerNorm: expected the normalisation of one axis, got .*\(2, 3\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(0)), None, "1: Softmax: expected dim 1"),
        (nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(-1, 3)), None, "1: Hardtanh: expected bounds"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(1, 5)), None, "1: Softplus: expected a threshold of at least 20"),
        (nn.Sequential(nn.Linear(2, 2), nn.Flatten(0)), None, "1: Flatten: expected rows to stay apart"),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(-0.1)), None, "1: LeakyReLU: LeakyReLU: negative_slope"),
        (nn.Embedding(4, 2, padding_idx=0), 3, "Embedding: expected no padding_idx, got 0"),
        (nn.Linear(2, 2).half(), None, r"all of float32 or all of float64, got \['torch.float16'\]; .*float\(\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double()), None, "all of float32 or all of float64"),
        (nn.LazyLinear(3), None, "weight: expected weights, got a lazy module"),
        (nn.Linear(2, 2, device="meta"), None, "weight: expected numbers, got a tensor on the device 'meta'"),
        (nn.Sequential(nn.ReLU(), hooked()), 2, "1: Linear: expected no hooks"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), None, "expected plain weights, got parametrized"),
        (shared(), None, "2: Linear: expected weights of its own, got those of 0"),
        (nn.Sequential(partly_frozen()), None, "0: Linear: expected parameters that are all trainable or all frozen"),
        (nn.Sequential(nn.Linear(2, 2), nn.RReLU()), None, "1: RReLU: expected one of"),
    ],
)  # fmt: skip
def test_what_has_no_equal_is_named_by_its_path(module, shape, message):
    with pytest.raises(ValueError, match=message):
        fastmlp.from_torch(module, shape)


def test_other_things_are_no_modules():
    with pytest.raises(TypeError, match="from_torch: expected a module of PyTorch, got 3"):
        fastmlp.from_torch(3)


# ---- to PyTorch


def chain(*made, shape=(6,), dtype="float32"):
    fastmlp.config.set_floatx(dtype)
    try:
        model = Sequential([layers.Input(shape), *(make() for make in made)])
    finally:
        fastmlp.config.set_floatx("float32")
    rng = np.random.default_rng(2)
    model.set_weights([abs(rng.normal(size=w.shape)) + 0.1 for w in model.get_weights()])
    return model


NORMS = (layers.BatchNormalization, layers.LayerNormalization, lambda **given: layers.GroupNormalization(2, **given))


@pytest.mark.parametrize(
    "make",
    [
        *(lambda norm=norm, c=c, s=s: norm(center=c, scale=s) for norm in NORMS for c in (0, 1) for s in (0, 1)),
        lambda: layers.GroupNormalization(-1),
        layers.RMSNormalization,
        lambda: layers.Dense(4, "relu"),
        lambda: layers.Dense(4, activation=layers.ELU(0.3), use_bias=False, kernel_regularizer="l2"),
        lambda: layers.Dense(4, lambda x: fastmlp.activations.relu(x, max_value=1)),
        lambda: layers.PReLU(shared_axes=[1]),
        layers.PReLU,
        lambda: layers.Activation("glu"),
        lambda: layers.Rescaling(1 / 16, offset=np.arange(6.0)),
        lambda: layers.Normalization(mean=np.arange(6.0), variance=np.arange(1.0, 7.0)),
        lambda: layers.ActivityRegularization(0.1),
        lambda: layers.Activation(lambda x: fastmlp.activations.linear(x, 3)),
        lambda: layers.Reshape((2, 3)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_are_modules_that_compute_the_same(make, dtype):
    model = chain(make, dtype=dtype)
    module = model.to_torch()
    grouped = isinstance(model.layers[0], layers.GroupNormalization)  # PyTorch's takes x·a + b, and loses digits
    assert_same(model, module, rows(20, 6, dtype=dtype), dtype, atol=3e-5 if grouped and dtype == "float32" else 1e-6)
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert trained == sum(v.size for v in model.trainable_weights)


def test_pictures_are_rescaled_and_flattened():
    model = chain(lambda: layers.Rescaling(2.0, np.ones((3, 4))), layers.Flatten, lambda: layers.Dense(2),
                  shape=(3, 4))  # fmt: skip
    assert_same(model, model.to_torch(), rows(5, 3, 4))
    assert_same(fastmlp.from_torch(model.to_torch(), (3, 4)), model.to_torch(), rows(5, 3, 4))
    model = chain(lambda: layers.Normalization(mean=np.arange(4.0) * 50, variance=np.ones(4)), shape=(3, 4))
    x = rows(5, 3, 4) + np.arange(4, dtype="float32") * 50
    assert_same(model, model.to_torch(), x)
    assert_same(fastmlp.from_torch(model.to_torch(), (3, 4)), model.to_torch(), x)
    model = chain(lambda: layers.Reshape((4, 3)), lambda: layers.Reshape((12,)), layers.Flatten, shape=(3, 4))
    assert_same(model, model.to_torch(), rows(5, 3, 4))


def test_a_functional_chain_will_do_and_models_in_models():
    x = layers.Input((3,))
    inner = Sequential([layers.Input((4,)), layers.Dense(5, "tanh")])
    model = Model(x, layers.Dense(2)(inner(layers.Dense(4)(x))))
    module = model.to_torch()
    assert [type(one).__name__ for one in module] == ["Linear", "Linear", "Tanh", "Linear"]
    assert_same(model, module, rows(8, 3))


def test_it_can_be_trained_there_and_come_back():
    model = chain(lambda: layers.Dense(8, "tanh"), lambda: layers.Dropout(0.1), lambda: layers.Dense(1))
    module, x = model.to_torch().train(), torch.tensor(rows(50, 6))
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    prices = []
    for _ in range(30):
        optimizer.zero_grad()
        price = ((module(x) - x.mean(1, keepdim=True)) ** 2).mean()
        price.backward()
        optimizer.step()
        prices.append(price.item())
    assert prices[-1] < prices[0] / 2
    assert_same(fastmlp.from_torch(module), module, x.numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: layers.GaussianNoise(0.1, name="n"),
            "to_torch: n: GaussianNoise: expected what .* got gaussian noise",
        ),
        (lambda: layers.Maxout(3, name="m"), "m: Maxout: .*got the activation maxout"),
        (lambda: layers.Dense(3, "exponential", name="e"), "e: Dense: .*got the activation exponential"),
        (lambda: layers.UnitNormalization(name="u"), "u: UnitNormalization: .*got the operation unit_norm"),
        (lambda: layers.SwishBeta(name="s"), "s: SwishBeta: .*a trainable activation"),
        (lambda: layers.Lambda(lambda x: x * x, name="l"), "l: Lambda: .*whose call is Python"),
        (lambda: layers.Dense(3, dtype="mixed_bfloat16", name="b"), "b: Dense: .*dtype_policy to 'float32'"),
    ],
)
def test_what_pytorch_has_not_is_named_by_its_layer(make, message):
    with pytest.raises(ValueError, match=message):
        Sequential([layers.Input((6,)), make()]).to_torch()


def test_models_that_are_no_chain_or_not_built():
    x = layers.Input((3,))
    with pytest.raises(ValueError, match="to_torch: expected layers one after the other"):
        Model(x, layers.Add()([x, layers.Dense(3)(x)])).to_torch()
    with pytest.raises(RuntimeError, match="to_torch: expected a built model"):
        Sequential([layers.Dense(3)]).to_torch()
    mixed = Sequential([layers.Input((3,)), layers.Dense(3), layers.Dense(2, dtype="float64")])
    with pytest.raises(ValueError, match="expected layers of one type"):
        mixed.to_torch()


# ---- weights in files


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16"])
def test_the_state_of_a_module_in_a_file(tmp_path, kind):
    from safetensors.torch import save_file

    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.PReLU(4)),
                           nn.LayerNorm(4), nn.Linear(4, 4))  # fmt: skip
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.dtype == torch.float32:
                tensor.copy_(torch.rand_like(tensor))
    module = module.to(getattr(torch, kind))
    save_file(module.state_dict(), tmp_path / "net.safetensors")
    model = Sequential([
        layers.Input((4,)), layers.Dense(4), layers.BatchNormalization(epsilon=1e-5), layers.ReLU(), layers.Dense(4),
        layers.PReLU(), layers.LayerNormalization(epsilon=1e-5), layers.Dense(4),
    ])  # fmt: skip
    model.load_weights(tmp_path / "net.safetensors", map="torch")
    x = rows(20, 4)
    np.testing.assert_allclose(model.predict(x, verbose=0), predicted(module.float(), x), rtol=1e-5, atol=1e-6)
