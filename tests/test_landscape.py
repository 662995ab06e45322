"""Cost landscapes, the paths of optimizers down them, and the page whose JavaScript makes the same paths."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import webbrowser
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from fastmlp.__main__ import main
from fastmlp.optimizers import SGD, Adam, Nadam
from fastmlp.schedules import ExponentialDecay
from fastmlp.visual import LANDSCAPES, Landscape, descend, landscape_html, save_landscape
from fastmlp.visual.landscapes import DESCENTS

PARABOLA = Landscape("parabola", "Parabola", "w²", lambda w: w[0] ** 2, lambda w: 2 * w, ((-11, 11),), (10,))


def points(landscape, rng, count=200):
    """Points all over what is shown of a landscape, as an array (parameters, points)."""
    return np.array([rng.uniform(low, high, count) for low, high in landscape.extent])


# ---- landscapes and paths in Python


@pytest.mark.parametrize("name", LANDSCAPES)
def test_gradients_equal_finite_differences(name, rng):
    landscape = LANDSCAPES[name]
    w, h = points(landscape, rng), 1e-3
    gradient = np.array(landscape.gradient(w))
    assert gradient.shape == w.shape
    assert gradient.std() > 0.1
    for i, step in enumerate(h * np.eye(len(w))[:, :, None]):
        near, far = (landscape.cost(w + k * step) - landscape.cost(w - k * step) for k in (1, 2))
        # of five points: exact for the polynomials up to the sixth power's share of h⁴
        np.testing.assert_allclose(gradient[i], (8 * near - far) / (12 * h), rtol=1e-6, atol=1e-6)


def test_a_start_lies_in_its_picture():
    assert len(LANDSCAPES) >= 6
    for name, landscape in LANDSCAPES.items():
        assert landscape.name == name
        assert all(low < x < high for x, (low, high) in zip(landscape.start, landscape.extent))


def by_hand(landscape, start, optimizer, steps, rate, decay):
    """The steps of the lectures, written out."""
    w = np.array(start, np.float64)
    v, s, path = np.zeros_like(w), np.zeros_like(w), [w]
    for t in range(1, steps + 1):
        g, eta = np.array(landscape.gradient(w)), rate / (1 + decay * t)
        v, s = 0.9 * v + 0.1 * g, (0.999 if optimizer == "adam" else 0.9) * s
        s = s + (0.001 if optimizer == "adam" else 0.1) * g**2
        step = {
            "gd": g,
            "momentum": v,
            "rmsprop": g / (np.sqrt(s) + 1e-8),
            "adam": v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8),
        }[optimizer]
        w = w - eta * step
        path.append(w)
    return np.array(path)


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("optimizer", DESCENTS)
def test_paths_are_the_steps_of_the_lectures(optimizer, decay):
    landscape = LANDSCAPES["rosenbrock"]
    path = descend("rosenbrock", None, optimizer, 200, 0.002, decay)
    assert path.shape == (201, 2)
    assert path.dtype == np.float64
    np.testing.assert_array_equal(path[0], landscape.start)
    assert np.linalg.norm(path[-1] - path[0]) > 0.1
    np.testing.assert_allclose(path, by_hand(landscape, landscape.start, optimizer, 200, 0.002, decay), atol=1e-12)


def test_every_optimizer_finds_the_way_down_a_bowl():
    for optimizer in DESCENTS:
        cost = LANDSCAPES["bowl"].cost(descend("bowl", optimizer=optimizer, learning_rate=0.01).T)
        assert cost[-1] < 1e-3 * cost[0]


def test_learning_rates_on_a_parabola():
    """From 10 in 20 steps: a small rate creeps, a good one arrives, too high a one leaves."""
    ends = [abs(descend(PARABOLA, steps=20, learning_rate=rate)[-1, 0]) for rate in (0.05, 0.2, 1.1)]
    np.testing.assert_allclose(ends, [10 * 0.9**20, 10 * 0.6**20, 10 * 1.2**20], rtol=1e-12)
    path = descend("rosenbrock", learning_rate=1.0, steps=50)
    assert np.isfinite(path[0]).all()
    assert not np.isfinite(path[-1]).any()


def test_an_optimizer_of_one_s_own():
    np.testing.assert_array_equal(descend("bowl", optimizer=SGD(0.001), steps=50), descend("bowl", steps=50))
    path = descend("bowl", optimizer=Nadam(ExponentialDecay(0.1, 10, 0.5)), steps=5)
    assert path.shape == (6, 2)
    assert (np.abs(path[-1]) < np.abs(path[0])).all()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"landscape": "bowel"}, ValueError, "did you mean 'bowl'"),
        ({"optimizer": "adamm"}, ValueError, "did you mean 'adam'"),
        ({"start": (1.0,)}, ValueError, "expected a start of 2 numbers"),
        ({"learning_rate": -1.0}, ValueError, "at least 0"),
        ({"decay": -0.1}, ValueError, "at least 0"),
        ({"steps": -1}, ValueError, "at least 0"),
        ({"optimizer": Adam(0.1), "decay": 0.1}, ValueError, "make it with that learning rate"),
    ],
)
def test_mistakes(arguments, error, says):
    with pytest.raises(error, match=says):
        descend(**{"landscape": "bowl", **arguments})


def test_an_optimizer_that_has_gone_steps_is_refused():
    used = Adam(0.1)
    descend("bowl", optimizer=used, steps=1)
    with pytest.raises(ValueError, match="has made no step, got one after 1"):
        descend("bowl", optimizer=used, steps=1)


# ---- the page


def script(name):
    return re.search(rf'<script id="{name}">(.*?)</script>', landscape_html(), re.DOTALL)[1]


def in_node(text):
    """What node makes of the page's formulas and an expression: a value, by way of JSON."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node, which runs the page's JavaScript, is not installed")
    code = f"{script('maths')}\nprocess.stdout.write(JSON.stringify({text}));"
    done = subprocess.run([node, "-"], input=code, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def page():
    """The landscapes as the page has them, with costs and gradients at points of a grid."""
    return in_node(
        """Object.fromEntries(Object.entries(LANDSCAPES).map(([name, landscape]) => {
          const { title, formula, extent, start, cost, gradient } = landscape, grid = [];
          for (let i = 0; i <= 10; i++) for (let k = 0; k <= 10; k++) {
            const w = [i, k].map((n, axis) => extent[axis][0] + n / 10 * (extent[axis][1] - extent[axis][0]));
            grid.push([...w, cost(...w), ...gradient(...w)]);
          }
          return [name, { title, formula, extent, start, grid }];
        }))"""
    )


def test_the_page_has_the_same_landscapes(page):
    assert list(page) == list(LANDSCAPES)
    assert in_node("Object.keys(OPTIMIZERS)") == list(DESCENTS)
    for name, landscape in LANDSCAPES.items():
        theirs = page[name]
        assert (theirs["title"], theirs["formula"]) == (landscape.title, landscape.formula)
        assert theirs["start"] == list(landscape.start)
        assert theirs["extent"] == [list(pair) for pair in landscape.extent]
        first, second, cost, *gradient = np.array(theirs["grid"]).T
        w = np.array([first, second])
        assert cost.std() > 0.1
        np.testing.assert_allclose(cost, landscape.cost(w), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(gradient, np.array(landscape.gradient(w)), rtol=1e-12, atol=1e-11)


def test_the_page_multiplies_and_adds_with_one_rounding(rng):
    a, b, c = (
        rng.uniform(1, 2, 4000) * 2.0 ** rng.integers(-40, 40, 4000) * rng.choice([-1, 1], 4000) for _ in range(3)
    )
    c[:1000] = -(a * b)[:1000]  # what is left is the rounding error
    # a product of 53 + 1 + … digits half way between two numbers, and a little that says to which it goes
    a[1000:2000] = 1 + 2.0**-27 * rng.integers(1, 2**20, 1000)
    b[1000:2000] = 1 + 2.0**-26
    c[1000:2000] = rng.choice([-1, 1], 1000) * 2.0 ** rng.integers(-160, -50, 1000)
    numbers = np.stack([a, b, c], axis=1).tolist()
    exact = [float(Fraction(x) * Fraction(y) + Fraction(z)) for x, y, z in numbers]
    assert sum(value != x * y + z for value, (x, y, z) in zip(exact, numbers)) > 500
    theirs = in_node(f"{json.dumps(numbers)}.map(row => fma(...row))")
    assert list(map(float, theirs)) == exact


@pytest.mark.parametrize("decay", [0, 0.01])
@pytest.mark.parametrize("rate", [0.001, 0.01])
def test_the_page_makes_the_same_paths(rate, decay):
    """Every landscape and optimizer, for the steps the page shows at first."""
    steps = 3000
    theirs = in_node(
        f"""Object.entries(LANDSCAPES).flatMap(([name, {{ start }}]) => Object.keys(OPTIMIZERS).map(
          optimizer => descend(name, start, optimizer, {steps}, {rate}, {decay})))"""
    )
    assert len(theirs) == len(LANDSCAPES) * len(DESCENTS)
    for (name, optimizer), path in zip(itertools.product(LANDSCAPES, DESCENTS), theirs):
        ours = descend(name, None, optimizer, steps, rate, decay)
        assert np.linalg.norm(ours[-1] - ours[0]) > 1e-3
        # the same bits, down to where one of the two takes the smallest numbers for 0
        np.testing.assert_allclose(path, ours, rtol=0, atol=1e-200, err_msg=f"{name} {optimizer}")


class Page(HTMLParser):
    """Tags with their attributes."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.feed(landscape_html())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_asks_for_nothing_from_elsewhere():
    tags = Page().tags
    assert not [tag for tag, attributes in tags if {"src", "href", "srcset", "action"} & set(attributes)]
    assert not {"link", "iframe", "object", "embed", "img", "base"} & {tag for tag, _ in tags}
    text = landscape_html()
    assert not re.search(r"https?:|@import|url\(|\bimport\b|fetch\(|XMLHttpRequest|WebSocket|eval\(", text)
    assert "default-src 'none'" in text, "and a browser would not let it"


def test_the_page_is_labelled():
    tags = Page().tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    html = next(attributes for tag, attributes in tags if tag == "html")
    assert html["lang"] == "en"
    referred = {a[key] for _, a in tags for key in ("for", "aria-labelledby", "aria-describedby") if key in a}
    assert referred
    assert referred <= set(ids)
    canvases = [attributes for tag, attributes in tags if tag == "canvas"]
    assert all("aria-label" in attributes for attributes in canvases)


def test_saving_the_page(tmp_path):
    place = save_landscape(tmp_path / "page.html")
    assert Path(place).read_text(encoding="utf-8") == landscape_html()
    save_landscape(place)
    with pytest.raises(FileExistsError):
        save_landscape(place, overwrite=False)
    with pytest.raises(FileNotFoundError):
        save_landscape(tmp_path / "none" / "page.html")


@pytest.mark.parametrize("found", [True, False])
def test_the_command(tmp_path, monkeypatch, capsys, found):
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or found)
    assert main(["landscape"]) == 0
    assert (tmp_path / "landscape.html").read_text(encoding="utf-8") == landscape_html()
    assert not opened
    assert main(["landscape", "--output", "a b.html", "--open"]) == 0
    assert opened == [(tmp_path / "a b.html").as_uri()]
    assert ("opened in a browser" in capsys.readouterr().out) is found
    assert main(["landscape", "--output", "none/page.html"]) == 2
    assert "expected a folder that is there" in capsys.readouterr().err
