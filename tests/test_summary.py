"""The table of a model: the very lines that Keras 3.15 prints, the plain ones of Keras 2, and every option."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from fastmlp.models.summary import readable_size, summary

KERAS_76 = """\
Model: "net"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ hidden (Dense)                  │ (None, 5)              │            20 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization             │ (None, 5)              │            20 │
│ (BatchNormalization)            │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ a_really_long_name_for_a_dense… │ (None, 2)              │            12 │
│ (Dense)                         │                        │               │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 52 (208.00 B)
 Trainable params: 42 (168.00 B)
 Non-trainable params: 10 (40.00 B)
"""
KERAS_TRAINABLE = """\
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━┓
┃ Layer (type)                ┃ Output Shape          ┃    Param # ┃ Trai… ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━┩
│ hidden (Dense)              │ (None, 5)             │         20 │   Y   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ batch_normalization         │ (None, 5)             │         20 │   Y   │
│ (BatchNormalization)        │                       │            │       │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ a_really_long_name_for_a_d… │ (None, 2)             │         12 │   Y   │
│ (Dense)                     │                       │            │       │
└─────────────────────────────┴───────────────────────┴────────────┴───────┘
"""
KERAS_2 = """\
Model: "net"
_________________________________________________________________
 Layer (type)                Output Shape              Param #   
=================================================================
 hidden (Dense)              (None, 5)                 20        
                                                                 
 output (Dense)              (None, 2)                 12        
                                                                 
=================================================================
Total params: 32
Trainable params: 32
Non-trainable params: 0
_________________________________________________________________
"""  # noqa: W291, W293, the lines are of one length


def layer(kind, name, inputs, units, dtype="float32", **more):
    """A stand-in for a built layer: weights (inputs, units) and (units,)."""
    weights = [np.zeros((inputs, units), dtype), np.zeros(units, dtype)] if units else []
    made = type(kind, (SimpleNamespace,), {})(
        name=name, output_shape=(None, units), built=True, trainable=True, weights=weights, **more
    )
    made.trainable_weights, made.non_trainable_weights = weights, []
    made.count_params = lambda: sum(w.size for w in made.weights)
    return made


def model(*layers, name="net", **more):
    return SimpleNamespace(
        name=name,
        layers=list(layers),
        trainable_weights=[w for one in layers for w in one.trainable_weights],
        non_trainable_weights=[w for one in layers for w in one.non_trainable_weights],
        **more,
    )


def small():
    return model(layer("Dense", "hidden", 3, 5), layer("Dense", "output", 5, 2))


def normalized():
    norm = layer("BatchNormalization", "batch_normalization", 0, 5)
    norm.trainable_weights = [np.zeros(5, "f4"), np.zeros(5, "f4")]
    norm.non_trainable_weights = [np.zeros(5, "f4"), np.zeros(5, "f4")]
    norm.weights = norm.trainable_weights + norm.non_trainable_weights
    last = "a_really_long_name_for_a_dense_layer_of_outputs_of_it"
    return model(layer("Dense", "hidden", 3, 5), norm, layer("Dense", last, 5, 2))


def printed(of, **options):
    texts = []
    summary(of, print_fn=texts.append, **options)
    return texts


def test_it_is_the_table_of_keras():
    assert printed(normalized(), line_length=76) == [KERAS_76]


def test_one_more_column_says_what_learns():
    (text,) = printed(normalized(), line_length=76, show_trainable=True)
    assert KERAS_TRAINABLE in text
    frozen, bare = layer("Dense", "hidden", 3, 5), layer("Dropout", "dropout", 0, 0)
    frozen.trainable = False
    (text,) = printed(model(frozen, bare), line_length=76, show_trainable=True)
    assert [line.split("│")[-2].strip() for line in text.splitlines() if line.startswith("│")] == ["N", "-"]


def test_plain_lines_as_keras_2_printed_them(capsys):
    summary(small(), style="keras2")
    assert capsys.readouterr().out == KERAS_2
    assert printed(small(), style="keras2") == KERAS_2.splitlines(), "line by line"


def test_it_prints_the_same_text_that_it_gives_to_a_function(capsys):
    summary(small(), line_length=60)
    assert capsys.readouterr().out == printed(small(), line_length=60)[0]


def test_an_unbuilt_layer_and_a_row_without_weights():
    unbuilt = layer("Dense", "dense", 0, 0)
    unbuilt.built, unbuilt.output_shape = False, None
    (text,) = printed(model(unbuilt), line_length=76)
    assert "│ dense (Dense)                   │ ?                      │   0 (unbuilt) │" in text
    assert " Total params: 0 (0.00 B)\n Trainable params: 0 (0.00 B)\n" in text


def test_sizes_go_by_type_and_numbers_have_commas():
    wide = layer("Dense", "wide", 1000, 1000, "float64")
    (text,) = printed(model(wide), line_length=80)
    assert " Total params: 1,001,000 (7.64 MB)" in text
    assert "1,001,000 │" in text
    assert [readable_size(n) for n in (0, 1023, 1024, 3 * 1024**3)] == ["0.00 B", "1023.00 B", "1.00 KB", "3.00 GB"]


def test_weights_of_the_optimizer_count_once_it_is_built():
    slots = [np.zeros((), "i4"), np.zeros((), "f4"), np.zeros(84, "f4")]
    trained = normalized()
    trained.optimizer = SimpleNamespace(built=True, variables=slots)
    (text,) = printed(trained, line_length=76)
    assert text.endswith(
        " Total params: 138 (552.00 B)\n Trainable params: 42 (168.00 B)\n Non-trainable params: 10 (40.00 B)\n"
        " Optimizer params: 86 (344.00 B)\n"
    )
    trained.optimizer.built = False
    assert "Optimizer" not in printed(trained, line_length=76)[0]


def test_a_shared_weight_counts_once_in_the_totals():
    one = layer("Dense", "one", 3, 5)
    (text,) = printed(model(one, one), line_length=76)
    assert " Total params: 20 (80.00 B)" in text


@pytest.mark.parametrize(
    ("bounds", "names"),
    [(("b", "c"), "bc"), (("c", "b"), "bc"), (["a", "a"], "a"), (("[ab]", "d"), "abcd"), (None, "abcd")],
)
def test_a_range_of_layers(bounds, names):
    chain = model(*(layer("Dense", name, 2, 2) for name in "abcd"))
    (text,) = printed(chain, line_length=76, layer_range=bounds)
    assert [line[2] for line in text.splitlines() if line.startswith("│")] == list(names)
    assert " Total params: 24 (96.00 B)" in text, "the totals are the model's"


def test_layers_within_a_model_within_it():
    inner = layer("Sequential", "block", 2, 3, layers=[layer("Dense", "inside", 2, 3)])
    (text,) = printed(model(inner), line_length=76, expand_nested=True)
    assert "│ block (Sequential) " in text
    assert "│    └ inside (Dense) " in text
    assert "inside" not in printed(model(inner), line_length=76)[0]


def test_where_boxes_cannot_be_shown_there_are_plain_signs(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    inner = layer("Sequential", "block", 2, 3, layers=[layer("Dense", "i" * 60, 2, 3)])
    summary(model(inner), line_length=60, expand_nested=True)
    lines = raw.getvalue().decode("ascii").splitlines()
    assert lines[1] == "+--------------------------+-------------------+-----------+"
    assert lines[3] == lines[1].replace("-", "=")
    assert "?" not in "".join(lines)
    assert "... |" in raw.getvalue().decode()


def test_it_does_not_need_an_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    summary(small())


def test_positions_in_parts_and_in_characters():
    parts = printed(small(), line_length=100, positions=[0.5, 0.75, 1.0], style="keras2")
    assert parts == printed(small(), positions=[50, 75, 100], style="keras2")
    assert parts[2].index("Output Shape") == 50
    assert len(printed(small(), positions=[50, 75, 100])[0].splitlines()[1]) == 100


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"line_length": 10}, "columns of 4 characters"),
        ({"positions": [0.5, 1.0]}, "expected 3 positions"),
        ({"layer_range": ["hidden"]}, "two names"),
        ({"layer_range": ["hiden", "output"]}, "did you mean 'hidden'"),
        ({"style": "kears"}, "did you mean 'keras"),
    ],
)
def test_what_cannot_be_printed_is_said(options, what):
    with pytest.raises(ValueError, match=what):
        printed(small(), **options)


@pytest.mark.parametrize("options", [{"line_length": 60}, {"line_length": 101}, {"positions": [0.3, 0.6, 1.0]},
                                     {"line_length": 90, "show_trainable": True}])  # fmt: skip
def test_it_agrees_with_keras(options, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("COLUMNS", "200")  # or its console cuts the lines
    theirs = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(5, name="hidden"),
                               keras.layers.BatchNormalization(name="batch_normalization"),
                               keras.layers.Dense(2, name="a_really_long_name_for_a_dense_layer_of_outputs_of_it")],
                              name="net")  # fmt: skip
    texts = []
    theirs.summary(print_fn=texts.append, **options)
    assert printed(normalized(), **options) == texts
