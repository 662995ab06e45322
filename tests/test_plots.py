"""Pictures: what the axes hold is what was given, and a saved picture is not blank."""

from __future__ import annotations

import doctest
import importlib
import io
import sys

import fastmlp
import numpy as np
import pytest
from fastmlp import activations, visual
from fastmlp.layers import Dense, Flatten, Input
from fastmlp.optimizers import ewa
from lookup import twin

pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib: pip install 'fastmlp[plot]'")

from matplotlib.figure import Figure  # noqa: E402
from matplotlib.image import imread  # noqa: E402

SQUARE = ((-3.0, 3.0), (-3.0, 3.0))


def pixels(figure):
    """A figure saved and read again."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    file.seek(0)
    return imread(file)


def is_drawn(figure):
    """Whether its picture has more than a background."""
    image = pixels(figure)[..., :3]
    return len(np.unique(image.reshape(-1, 3), axis=0)) > 20


def label_at(figure, x, y):
    """The colour of a picture at a place of its first axes."""
    image = pixels(figure)
    column, row = figure.axes[0].transData.transform((x, y))
    return image[image.shape[0] - 1 - round(row), round(column), :3]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.fixture
def digits_model(rng):
    """A network that looks at images of 4×4, its first kernel known."""
    model = fastmlp.Sequential([Input((4, 4)), Flatten(), Dense(6, "relu", name="hidden"), Dense(3, name="out")])
    model.get_layer("hidden").set_weights([rng.normal(size=(16, 6)), np.zeros(6)])
    return model


# ---- curves


def test_curves_hold_the_values(rng):
    theta = rng.normal(size=30)
    curves = {f"β = {beta}": ewa(theta, beta) for beta in (0.5, 0.9)}
    figure = visual.plot_curves(curves, title="averages", xlabel="k", ylabel="V")
    (axes,) = figure.axes
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("averages", "k", "V")
    assert legend(axes) == list(curves)
    for line, values in zip(axes.lines, curves.values()):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 31))
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({line.get_color() for line in axes.lines}) == len({line.get_linestyle() for line in axes.lines}) == 2
    assert is_drawn(figure)


def test_curves_on_given_axes_at_given_places():
    axes = Figure().subplots()
    assert visual.plot_curves({"measured": [1, 2]}, [0, 5], points=True, ax=axes) is axes.figure
    visual.plot_curves({"rate": [10.0, 0.1]}, [0, 5], logy=True, ax=axes)
    first, second = axes.lines
    assert first.get_linestyle() == "None"
    assert first.get_color() != second.get_color(), "colours go on"
    assert list(second.get_xdata()) == [0, 5]
    assert axes.get_yscale() == "log"
    assert legend(axes) == ["measured", "rate"]


def test_history_shows_training_and_validation(rng):
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    model = fastmlp.Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(x, y, epochs=6, validation_split=0.25, verbose=0)
    figure = visual.plot_history(history)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "mae"]
    for axes in figure.axes:
        for line, key in zip(axes.lines, (axes.get_title(), f"val_{axes.get_title()}")):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
            np.testing.assert_array_equal(line.get_ydata(), history.history[key])
    best = int(np.argmin(history.history["val_loss"])) + 1
    assert legend(figure.axes[0]) == ["training", "validation", f"lowest: epoch {best}"]
    assert legend(figure.axes[1]) == ["training", "validation"]
    assert is_drawn(figure)


def test_history_from_lists():
    logs = {"accuracy": [0.5, 0.6, 0.7, 0.8], "loss": [4, 3, 2, 2.5], "val_loss": [5.0, 3.0]}
    (axes,) = visual.plot_history(logs, ["loss"], validation_freq=2).axes
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [2, 4])
    assert legend(axes)[-1] == "lowest: epoch 4"
    (axes,) = visual.plot_history(logs, ["accuracy"]).axes
    assert legend(axes) == ["training"]


def test_functions_come_with_their_derivatives():
    named = ["sigmoid", "relu", activations.tanh, "binary_step"]
    figure = visual.plot_function(named, x=(-2, 2))
    assert [axes.get_title() for axes in figure.axes] == ["sigmoid", "relu", "tanh", "binary_step"]
    for axes in figure.axes:
        f, slope = axes.lines[:2]
        x = f.get_xdata()
        assert (x[0], x[-1]) == (-2, 2)
        assert 0 in x
        np.testing.assert_allclose(f.get_ydata(), twin("activations", axes.get_title())(x), atol=1e-12)
        np.testing.assert_allclose(slope.get_ydata(), twin("activations", f"{axes.get_title()}_grad")(x), atol=1e-12)
        assert legend(axes) == ["f", "f′"]
    relu = figure.axes[1].lines[1]
    assert relu.get_ydata()[relu.get_xdata() == 0] == 0, "ReLU′(0) = 0"
    assert is_drawn(figure)


def test_functions_of_one_s_own():
    pair = (lambda x: x**2, lambda x: 2 * x)
    leaky = lambda x: activations.relu(x, 0.5)
    figure = visual.plot_function({"x²": pair, "cube": lambda x: x**3, "leaky": leaky, "sine": np.sin})
    square, cube, leaky, sine = figure.axes
    np.testing.assert_allclose(square.lines[1].get_ydata(), 2 * square.lines[1].get_xdata())
    np.testing.assert_allclose(cube.lines[1].get_ydata(), 3 * cube.lines[1].get_xdata() ** 2, rtol=1e-12)
    assert legend(sine) == ["f"], "NumPy's formulas leave no trace on the tape"
    (loud,) = visual.plot_function(lambda x: np.where(x.astype(int) > 0, x, 0)).axes
    assert legend(loud) == ["f"]
    assert leaky.lines[1].get_ydata()[0] == 0.5
    (bare,) = visual.plot_function("tanh", derivative=False).axes
    assert legend(bare) == ["f"]


def test_histograms_count_everything(rng):
    layers = {"first": rng.normal(size=(50, 8)), "second": np.maximum(0, rng.normal(2, 1, 300))}
    layers["second"][:90] = 0
    figure = visual.plot_histograms(layers, bins=20, title="activations")
    assert figure.get_suptitle() == "activations"
    assert [axes.get_title() for axes in figure.axes] == list(layers)
    for axes, values in zip(figure.axes, layers.values()):
        assert sum(bar.get_height() for bar in axes.patches) == values.size
        assert f"mean {values.mean():.3g}" in axes.texts[0].get_text()
    first, second = figure.axes
    assert "are 0" not in first.texts[0].get_text()
    assert f"{np.mean(layers['second'] == 0):.0%} are 0" in second.texts[0].get_text()
    assert first.patches[0].get_x() == second.patches[0].get_x(), "one range for all"
    assert is_drawn(figure)


# ---- the plane


def test_the_boundary_is_where_the_score_is_the_level():
    figure = visual.plot_decision_boundary(lambda X: X[:, :1] - 1, extent=SQUARE, level=0, title="x₁ = 1")
    (axes,) = figure.axes
    (line,) = [c for c in axes.collections if len(c.get_paths()) and not c.get_facecolor().size]
    np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], 1, atol=1e-6)
    assert (axes.get_xlim(), axes.get_ylim()) == SQUARE
    left, right = label_at(figure, -2, 0), label_at(figure, 2.9, 0)
    assert left[2] > left[0] > 0, "blue"
    assert right[0] > right[2] > 0, "orange"


def test_a_model_with_one_output_and_its_data(rng):
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(np.float32)[:, None]
    model = fastmlp.Sequential([Input((2,)), Dense(1, "sigmoid")])
    model.set_weights([np.array([[4.0], [0.0]]), np.zeros(1)])
    figure = visual.plot_decision_boundary(model, X, y)
    (axes,) = figure.axes
    assert legend(axes) == ["class 0", "class 1"]
    drawn = [c.get_offsets() for c in axes.collections if len(c.get_offsets()) > 1]
    np.testing.assert_allclose(drawn[0], X[y[:, 0] == 0])
    np.testing.assert_allclose(drawn[1], X[y[:, 0] == 1])
    low, high = axes.get_xlim()
    assert low < X[:, 0].min() < X[:, 0].max() < high
    assert is_drawn(figure)


class Labels:
    """Says a class in words, as models of scikit-learn may."""

    def predict(self, X):
        return np.where(X[:, 0] > 1, "right", np.where(X[:, 0] < -1, "left", "middle"))


class Probabilities(Labels):
    """And knows how sure it is."""

    classes_ = np.array(["left", "middle", "right"])

    def predict_proba(self, X):
        return np.stack([X[:, 0] < -1, np.abs(X[:, 0]) <= 1, X[:, 0] > 1], axis=1).astype(float)


@pytest.mark.parametrize("model", [Labels(), Probabilities(), Probabilities().predict_proba])
def test_regions_of_several_classes(model):
    X = np.array([[-2.0, 0], [0, 1], [2, -1]])
    named = not callable(model)
    y = np.array(["left", "middle", "right"]) if named else np.eye(3)
    figure = visual.plot_decision_boundary(model, X, y, extent=SQUARE)
    assert legend(figure.axes[0]) == [f"class {name}" for name in (y if named else range(3))]
    left, middle, right = (label_at(figure, x, 2.5) for x in (-2, 0, 2))
    assert len({tuple(color) for color in (left, middle, right)}) == 3
    np.testing.assert_array_equal(left, label_at(figure, -2.5, -2.5))


def test_the_line_of_a_neuron():
    figure = visual.plot_line((3, -2), 1, data=[[-1, 2]])
    (axes,) = figure.axes
    assert axes.get_title() == "1 + 3x₁ − 2x₂ = 0"
    (line,) = [c for c in axes.collections if len(c.get_paths()) and not c.get_facecolor().size]
    vertices = line.get_paths()[0].vertices
    np.testing.assert_allclose(1 + 3 * vertices[:, 0] - 2 * vertices[:, 1], 0, atol=1e-9)
    below, above, point = axes.texts
    for text, sign in ((below, -1), (above, 1)):
        x1, x2 = text.get_position()
        assert sign * (1 + 3 * x1 - 2 * x2) > 0
    assert below.get_text().startswith("z < 0")
    assert above.get_text().startswith("z > 0")
    assert point.get_text() == "(−1, 2)"
    assert not np.allclose(label_at(figure, -3, 3), label_at(figure, 3, -3))
    (upright,) = visual.plot_line((-1, 0)).axes
    assert upright.get_title() == "−x₁ = 0"


def test_a_landscape_with_paths():
    paths = {name: visual.descend("rosenbrock", optimizer=name, steps=100) for name in ("gd", "adam")}
    figure = visual.plot_landscape("rosenbrock", paths)
    (axes,) = figure.axes
    assert axes.get_title() == "Rosenbrock's curved valley"
    assert legend(axes) == ["gd", "adam"]
    named = {line.get_label(): line for line in axes.lines}
    for name, path in paths.items():
        np.testing.assert_array_equal(named[name].get_xydata(), path)
    assert is_drawn(figure)


def test_a_landscape_of_one_parameter():
    parabola = visual.Landscape("w2", "Parabola", "w²", lambda w: w[0] ** 2, lambda w: 2 * w, ((-11, 11),), (10,))
    path = visual.descend(parabola, steps=5, learning_rate=1e308)
    path[1:3] = [[5.0], [-2.0]]
    (axes,) = visual.plot_landscape(parabola, {"η": path}, title="too high").axes
    curve, line = axes.lines[:2]
    np.testing.assert_allclose(curve.get_ydata(), curve.get_xdata() ** 2)
    np.testing.assert_array_equal(line.get_xydata(), [[10, 100], [5, 25], [-2, 4]], err_msg="what is not finite is out")
    assert axes.get_title() == "too high"


# ---- images


def test_images_hold_the_data():
    (x, y), _ = fastmlp.data.load_digits()
    figure = visual.plot_images(x[:12], y[:12], columns=5, title="digits")
    assert [axes.get_title() for axes in figure.axes] == [str(label) for label in y[:12]]
    for axes, image in zip(figure.axes, x):
        (shown,) = axes.images
        np.testing.assert_array_equal(shown.get_array(), image)
        assert shown.get_clim() == (0, 16)
    assert is_drawn(figure)


def test_images_from_rows_and_in_colours(rng):
    rows = rng.uniform(size=(3, 12))
    shown = [axes.images[0].get_array() for axes in visual.plot_images(rows, shape=(3, 4)).axes]
    np.testing.assert_array_equal(shown, rows.reshape(3, 3, 4))
    photos = rng.integers(0, 256, (2, 5, 5, 3), dtype=np.uint8)
    shown = [axes.images[0].get_array() for axes in visual.plot_images(photos).axes]
    np.testing.assert_allclose(shown, photos / 255)
    shown = [axes.images[0].get_array() for axes in visual.plot_images(photos[..., :1]).axes]
    np.testing.assert_array_equal(shown, photos[..., 0])


def test_weights_as_images(digits_model):
    kernel = digits_model.get_layer("hidden").get_weights()[0]
    for layer in (None, "hidden", 1, digits_model.layers[1]):
        figure = visual.plot_weights(digits_model, layer, (4, 4))
        assert len(figure.axes) == 6
        for unit, axes in enumerate(figure.axes):
            (image,) = axes.images
            np.testing.assert_array_equal(image.get_array(), kernel[:, unit].reshape(4, 4))
            np.testing.assert_allclose(image.get_clim(), (-np.abs(kernel).max(), np.abs(kernel).max()))
            assert axes.get_title() == f"unit {unit}"
    assert is_drawn(figure)
    some = visual.plot_weights(digits_model, shape=(4, 4), units=[5, 2])
    assert [axes.get_title() for axes in some.axes] == ["unit 5", "unit 2"]
    assert "2 of 6 units" in some.get_suptitle()


def test_weights_of_colour_images():
    model = fastmlp.Sequential([Input((12,)), Dense(2)])
    kernel = model.get_weights()[0]
    figure = visual.plot_weights(model, shape=(2, 2, 3))
    image = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(image, 0.5 + kernel[:, 1].reshape(2, 2, 3) / (2 * np.abs(kernel).max()), rtol=1e-6)


# ---- all of them


def test_nothing_is_left_in_pyplot(digits_model):
    before = "matplotlib.pyplot" in sys.modules
    open_before = sys.modules["matplotlib.pyplot"].get_fignums() if before else []  # by code that is a slide's
    figure = visual.plot_weights(digits_model, shape=(4, 4))
    assert ("matplotlib.pyplot" in sys.modules) == before
    assert figure._repr_png_().startswith(b"\x89PNG"), "a notebook shows it"
    from matplotlib import pyplot

    assert pyplot.get_fignums() == open_before


@pytest.mark.parametrize("name", ["images", "landscapes", "planes", "plots"])
def test_docstring_examples(name):
    done = doctest.testmod(importlib.import_module(f"fastmlp.visual.{name}"))
    assert done.attempted
    assert not done.failed


def test_axes_of_several_panels_can_be_given():
    figure = Figure()
    grid = figure.subplots(2, 2)
    assert visual.plot_function(["relu", "tanh", "elu", "selu"], ax=grid) is figure
    assert [axes.get_title() for axes in grid.ravel()] == ["relu", "tanh", "elu", "selu"]
    with pytest.raises(ValueError, match="expected ax to be 3 axes of matplotlib, one for each panel, got 4"):
        visual.plot_function(["relu", "tanh", "elu"], ax=grid)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"plot_curves: expected matplotlib.*pip install 'fastmlp\[plot\]'"):
        visual.plot_curves({"a": [1, 2]})


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: visual.plot_curves({}), ValueError, "at least one curve"),
        (lambda: visual.plot_curves({"a": [[1, 2]]}), ValueError, "a series of numbers for 'a'"),
        (lambda: visual.plot_curves({"a": [1, 2]}, [1, 2, 3]), ValueError, "expected 3 values in 'a'"),
        (lambda: visual.plot_curves({"a": [1]}, ax="here"), ValueError, "axes of matplotlib"),
        (lambda: visual.plot_history({}), ValueError, "call fit first"),
        (lambda: visual.plot_history({"loss": [1]}, ["los"]), ValueError, "some of loss, got 'los'"),
        (lambda: visual.plot_function("softmax"), ValueError, "one of rows"),
        (lambda: visual.plot_function(lambda x: x.nonsense), AttributeError, "nonsense"),
        (lambda: visual.plot_function("tanh", x=(1, 1)), ValueError, "turn it round"),
        (lambda: visual.plot_function([]), ValueError, "something to draw"),
        (lambda: visual.plot_histograms({"a": [np.nan]}), ValueError, "finite numbers in 'a'"),
        (lambda: visual.plot_decision_boundary(3, extent=SQUARE), TypeError, "a model or a function"),
        (lambda: visual.plot_decision_boundary(np.sum), ValueError, "X or extent"),
        (lambda: visual.plot_decision_boundary(np.sum, np.ones((3, 4))), ValueError, r"\(points, 2\)"),
        (lambda: visual.plot_decision_boundary(lambda X: X[:3], extent=SQUARE), ValueError, "each of 40000 points"),
        (lambda: visual.plot_line((0, 0)), ValueError, "two weights, not both 0"),
        (lambda: visual.plot_landscape("bowl", {"a": [[1, 2, 3]]}), ValueError, r"a path \(points, 2\) for 'a'"),
        (lambda: visual.plot_images(np.ones((2, 9))), ValueError, "give shape"),
        (lambda: visual.plot_images(np.ones((2, 9)), shape=(2, 3)), ValueError, "of 9 numbers"),
        (lambda: visual.plot_images(np.ones((2, 3, 3)), ["a"]), ValueError, "expected 2 titles"),
    ],
)
def test_mistakes(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_mistakes_about_layers(digits_model):
    for wrong, says in {"hiden": "hidden", 0: "a dense layer that is built", 7: "index below 3"}.items():
        with pytest.raises(ValueError, match=says):
            visual.plot_weights(digits_model, wrong, (4, 4))
    with pytest.raises(ValueError, match="784 rows"):
        visual.plot_weights(digits_model)
    with pytest.raises(ValueError, match="units below 6"):
        visual.plot_weights(digits_model, shape=(4, 4), units=[6])
    with pytest.raises(ValueError, match="call build or fit"):
        visual.plot_weights(fastmlp.Sequential([Dense(3)]))
