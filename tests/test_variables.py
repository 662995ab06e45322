"""Variables: what those of TensorFlow have, identity, items, and what a tape makes of assigning."""

import numpy as np
import pytest
from fastmlp import ops
from fastmlp.autodiff import GradientTape, constant
from fastmlp.variables import Variable


def test_variables_have_what_those_of_tensorflow_have():
    v = Variable([1, 2], True, dtype="float32", name="v")
    assert v.dtype == np.float32
    assert (v.name, v.trainable, v.shape, v.get_shape().as_list(), len(v)) == ("v", True, (2,), [2], 2)
    assert v.value.numpy().tolist() == v.value().numpy().tolist() == v.read_value().numpy().tolist() == [1, 2]
    assert v.assign_add(constant([1.0, 1.0])) is v
    assert v.assign_sub(v).numpy().tolist() == [0, 0]
    assert v.assign(ops.ones(2)).numpy().tolist() == [1, 1]
    assert Variable(lambda: 2.0).dtype == np.float32
    assert Variable(lambda shape, dtype: np.full(shape, 7, dtype), shape=(2, 1), dtype="float64").shape == (2, 1)
    assert Variable([constant(1.0), 2.0]).numpy().tolist() == [1, 2]
    assert Variable(v).numpy().tolist() == [1, 1]
    assert not Variable(1.0, trainable=False).trainable
    assert Variable(1.0, None, name=None).name == "variable"
    assert (float(Variable(2.5)), int(Variable(2)), bool(Variable(False))) == (2.5, 2, False)
    assert f"{Variable(2.5):.2f}" == "2.50"


def test_variables_are_compared_by_identity():
    v, w = Variable(1.0), Variable(1.0)
    assert v == v
    assert v != w
    assert [v, w].index(w) == 1
    assert len({v, w}) == 2


def test_items_of_variables_are_read_and_not_set():
    v = Variable([1.0, 2.0], name="v")
    assert float(v[1]) == 2
    with pytest.raises(TypeError, match=r"change it, and call v\.assign\(array\)"):
        v[0] = 3
    with pytest.raises(ValueError, match="expected shape"):
        v.assign([1.0])


def test_assigning_is_not_recorded():
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * v
        v.assign_add(y)
    assert float(v) == 12
    assert float(tape.gradient(y, v)) == 6
