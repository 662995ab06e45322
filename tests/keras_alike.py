"""What the tests of conversion share: descriptions in a plain form, and models of both libraries held together."""

from __future__ import annotations

import json

import fastmlp
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

L = keras.layers


def need_averages_twice(optimizer):
    """Skip what Keras itself cannot: once weights have become their means, the two share memory on JAX."""
    if optimizer.use_ema and keras.backend.backend() == "jax":
        pytest.skip("Keras cannot fit a second time with averages on JAX")


def plain(description):
    """As JSON has it, single-precision numbers as short as they can be, modules left out, which differ by backend."""

    def simple(one):
        if isinstance(one, float):
            return float(str(np.float32(one)))
        if isinstance(one, dict):
            return {key: simple(value) for key, value in one.items() if key not in ("module", "registered_name")}
        return [simple(value) for value in one] if isinstance(one, list) else one

    return simple(json.loads(json.dumps(description)))


def flat(tree):
    if isinstance(tree, dict):
        return [one for key in sorted(tree) for one in flat(tree[key])]
    return [one for part in tree for one in flat(part)] if isinstance(tree, (list, tuple)) else [np.asarray(tree)]


def shaken(model, seed=0):
    """Weights other than those that a model begins with, variances above 0."""
    rng = np.random.default_rng(seed)
    weights = []
    for variable, weight in zip(model.weights, model.get_weights(), strict=True):
        signs = 1 if "variance" in variable.name else rng.choice([-1, 1], weight.shape)
        values = signs * rng.uniform(0.3, 0.9, weight.shape)
        weights.append(weight if weight.dtype.kind == "i" else values.astype(weight.dtype))
    model.set_weights(weights)
    for layer in model._flatten_layers() if isinstance(model, keras.Model) else ():
        getattr(layer, "finalize_state", lambda: None)()  # or Normalization would go on with the moments it had
    return model


def need_alike(model, x, varied=True):
    """Ours and that which is made of ours predict as the one given, and have its names."""
    mine = fastmlp.from_keras(model)
    again = mine.to_keras()
    want = flat(model.predict(x, verbose=0))
    for other, exact in ((mine, 1e-6), (again, 0)):
        found = flat(other.predict(x, verbose=0))
        assert len(found) == len(want)
        for a, b in zip(want, found, strict=True):
            np.testing.assert_allclose(b, a, rtol=exact, atol=exact * max(1, np.abs(a).max()))
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
        trained = [v.name for v in other.trainable_weights]
        assert trained == [v.name for v in model.trainable_weights]
    assert not varied or max(np.ptp(a) for a in want) > 0
    assert without_history(again.get_config()) == without_history(model.get_config())
    return mine, again


def without_history(config):
    """A config without what depends on how a model came to be.

    That is the shape of the data that a layer was adapted to, and what a model in a model says of learning besides
    what its layers say, which Keras itself does not keep.
    """
    left_out = ("trainable", "build_config")
    if isinstance(config, dict):
        return {key: without_history(one) for key, one in plain(config).items() if key not in left_out}
    return [without_history(one) for one in config] if isinstance(config, list) else config
