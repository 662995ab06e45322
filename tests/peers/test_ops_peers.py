"""fastmlp.ops beside keras.ops: names, arguments, defaults."""

import inspect

import pytest
from fastmlp import ops
from fastmlp.autodiff import Primitive

keras = pytest.importorskip("keras", reason="what fastmlp.ops is named after is not installed")

OWN = {"getitem", "mish"}  # Keras has these elsewhere
NAMES = [
    n
    for n in dir(ops)
    if not n.startswith("_") and callable(getattr(ops, n)) and n not in ("Any", "no_such_name", "outside")
]


@pytest.mark.parametrize("name", sorted(set(NAMES) - OWN))
def test_names_and_arguments_are_those_of_keras(name):
    assert hasattr(keras.ops, name), f"ops.{name} is none of Keras's"
    ours, theirs = getattr(ops, name), list(inspect.signature(getattr(keras.ops, name)).parameters.values())
    if isinstance(ours, Primitive):
        assert len(ours.arguments) == sum(p.default is p.empty for p in theirs)
        assert list(ours.arguments) == [p.name for p in theirs] or name.startswith(("bitwise", "stop", "copy"))
        return
    found = list(inspect.signature(ours).parameters.values())
    assert [p.name for p in found][: len(theirs)] == [p.name for p in theirs][: len(found)]
    for p, q in zip(found, theirs):
        assert p.default == q.default, f"{name}: {p} beside {q}"
    assert len(found) >= len(theirs) or all(p.default is not p.empty for p in theirs[len(found) :])
