"""Every lecture that the list names runs, prints the figures of its slides, and draws its picture."""

from __future__ import annotations

import importlib.util as importlib_util
import os
import pkgutil
import re
import subprocess
import sys

import fastmlp.lectures
import numpy as np
import pytest
from datasets import data_file
from fastmlp.lectures import load, names, show
from fastmlp.lectures.__main__ import contents, main

# What has to be among what they print. A lecture that is not here is run all the same.
FIGURES = {
    "perceptron": ["σ(2) = 0.8807971", "g(-9) = 0.000123394", "g(-6) = 0.002472", "0.5,  output 0", "0.75,  output 1"],
    "firing_rate": ["Firing rate: 0.6106", "by a layer:  0.6106"],
    "activations": ["0.25       0.196611", "shape=(13,), dtype=float32", "binary step   0.000 (0.000)"],
    "bias_term": ["without bias:", "costs $0", "costs $120,000"],
    "output_layers": ["softmax([z, 0])[0] and σ(z) differ by at most 1e-16", "sum 1.000"],
    "trainable_activations": ["learnt α = 0.3000", "differ by at most 0e+00"],
    "dense_from_scratch": ["W (3, 2) + b (1, 2) → y (2, 2)", "W2 (4, 4), b2 (4,)", "46 parameters"],
    "linear_vs_nonlinear": ["moons    linear", "circles  non-linear", "the linear network is σ("],
    "xor": ["2-2-1", "parameters: 9"],
    "mnist": ["= 13002"],
    "cat_or_not": ["y = 1:"],
    "pass_the_class": ["f(x) = 0.1, failed, loss 0.1054", "J = the mean of these = 0.7419"],
    "losses": ["empirical loss J = 0.40036744", "1.228823", "MSE = 2433.33"],
    "gradient_descent": ["|w| = 1.22", "|w| = 0.000366, arrives", "|w| = 383, diverges"],
    "backprop": ["dW1 (4, 3)", "dW2 (1, 4)"],
    "convexity": ["none below 0: convex"],
    "learning_rates": ["η = 0.001: J = 4.53, crawls", "η = 0.1  : J = 1.67e+171, diverges"],
    "mini_batches": ["1920 steps", "  120 steps", "   15 steps"],
    "optimizers": ["0.5 → 2, 0.8333 → 6, 0.9 → 10, 0.98 → 50, 0.99 → 100", "0.019600 θ₁ + 0.020000 θ₂",
                   "0.494949 θ₁ + 0.505051 θ₂", "0.95000000", "0.99500000", "0.68377225", "0.90000000"],
    "decay": ["0.1000, 0.0667, 0.0500, 0.0400", "0.1900, 0.1805", "0.2000, 0.1414, 0.1155, 0.1000", "20925"],
    "landscape": ["learning rate 0.001, decay 0", "rosenbrock", "python -m fastmlp landscape"],
    "splits": ["7,000, 3,000", "6,000, 2,000, 2,000", "980,000, 10,000, 10,000", "995,000, 2,500, 2,500",
               "995,000, 4,000, 1,000", "148.1", "dev 2,000 (2,000 from phones)"],
    "bias_variance": ["dev 16 %: low bias, high variance", "dev 16 %: high bias, low variance",
                      "dev 30 %: high bias, high variance", "dev  1 %: low bias, low variance"],
    "early_stopping": ["overfitted", "are back"],
    "l2": ["l2(0.007)", "1 − αλ/m = 0.9986"],
    "dropout": ["keep_prob = 0.8", "at any other time it does nothing: True"],
    "augmentation": ["still labelled [4]", "makes the same: True"],
    "normalization": ["of train: mean [-0.  0.], deviation [1. 1.]"],
    "vanishing_exploding": ["0.5^9  = 0.00195312", "1.5^9  = 38.4434", "1.5^49 = 4.25081e+08"],
    "initialization": ["from zeros: hidden units differ by up to 0.000"],
}  # fmt: skip


@pytest.fixture
def data(monkeypatch):
    """The lectures' data, where this machine has them; a test that asks for them is else skipped."""
    return lambda name: monkeypatch.setenv("FASTMLP_DATA", str(data_file(name).parent))


def run(name, capsys, *arguments):
    module = load(name)
    show(module.lecture, module.picture, arguments)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", names())
def test_lecture_prints_its_figures_and_draws_its_picture(name, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))  # where there is none
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    plotting = _has("matplotlib")
    printed = run(name, capsys, *(["--plot", "picture.png"] if plotting else []))
    assert len(printed.splitlines()) >= 3
    assert len(re.findall(r"\d+\.\d+", printed)) >= 2, "a slide's numbers"
    assert [figure for figure in FIGURES.get(name, []) if figure not in printed] == []
    if plotting:
        assert "picture.png: drawn" in printed
        _assert_drawn(tmp_path / "picture.png")


def _has(package):
    return importlib_util.find_spec(package) is not None


def _assert_drawn(file):
    from matplotlib.image import imread

    pixels = imread(file)[..., :3]
    assert min(pixels.shape[:2]) >= 200
    assert np.std(pixels) > 0.02
    assert len(np.unique((pixels * 255).astype(np.uint8).reshape(-1, 3), axis=0)) > 20
    ink = np.any(pixels < 0.95, axis=2)
    assert ink[: len(ink) // 2].any()
    assert ink[len(ink) // 2 :].any()


@pytest.mark.parametrize("name", ["xor", "augmentation", "splits"])
def test_a_lecture_prints_the_same_each_time(name, capsys):
    assert run(name, capsys) == run(name, capsys)


def test_mnist_with_its_data(data, capsys):
    data("mnist.npz")
    printed = run("mnist", capsys)
    assert "MNIST: 60000 digits to learn from, 10000 to be tried on" in printed
    assert "13,002" in printed
    assert float(re.search(r"accuracy (0\.\d+)", printed)[1]) >= 0.94


def test_cats_with_their_data(data, capsys):
    data("catvnoncat.npz")
    printed = run("cat_or_not", capsys)
    assert "209 pictures to learn from, 50 to be tried on" in printed
    assert "n = 64·64·3 = 12288" in printed
    assert int(re.search(r"(\d+)% of those it had never seen", printed)[1]) >= 70


def test_without_data_they_say_what_they_take_instead(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "no MNIST here" in run("mnist", capsys)
    assert "no cats here" in run("cat_or_not", capsys)


# ---- the list and the command line


def test_the_course_names_each_lecture_once():
    found = [m.name for m in pkgutil.iter_modules(fastmlp.lectures.__path__) if not m.name.startswith("_")]
    assert sorted(names()) == sorted(found)
    assert set(FIGURES) <= set(found)


def test_the_list_has_a_line_for_each(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == contents()
    for name in names():
        (line,) = [line for line in printed.splitlines() if line.startswith(f"  {name} ")]
        assert 40 < len(line) <= 120
        assert line.endswith(".")


def test_a_lecture_is_short():
    for name in names():
        with open(load(name).__file__, encoding="utf-8") as file:
            assert len(file.readlines()) <= 100, name


def test_by_module_and_by_name_they_print_the_same():
    commands = [["fastmlp.lectures.firing_rate"], ["fastmlp.lectures", "firing_rate"]]
    done = [
        subprocess.run([sys.executable, "-m", *c], capture_output=True, text=True, check=True, env=os.environ)
        for c in commands
    ]
    assert done[0].stdout == done[1].stdout
    assert "Firing rate: 0.6106" in done[0].stdout
    assert done[0].stderr == done[1].stderr == ""


def test_mistakes_are_named(capsys, tmp_path):
    assert main(["percepton"]) == 2
    assert "did you mean 'perceptron'?" in capsys.readouterr().err
    if _has("matplotlib"):
        with pytest.raises(SystemExit):
            main(["firing_rate", "--plot", str(tmp_path / "no" / "picture.png")])
        assert "--plot: expected a file to draw into" in capsys.readouterr().err


def test_without_matplotlib_plot_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit):
        main(["firing_rate", "--plot", "picture.png"])
    out, err = capsys.readouterr()
    assert "pip install 'fastmlp[plot]'" in err
    assert "Firing rate" not in out
