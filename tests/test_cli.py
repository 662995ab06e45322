"""The commands: what they print, write and return."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys

import fastmlp
import numpy as np
import pytest
from fastmlp.__main__ import main
from fastmlp.cli import demo, files, predict, train
from fastmlp.cli.reading import CsvFile, read_table
from fastmlp.cli.tabular import TablePreparation
from fastmlp.cli.target import Target
from fastmlp.models import Sequential

pytest.importorskip("safetensors")

CITIES = {"Rome": 2.0, "Oslo": -1.0, "Zürich": 0.0}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def people(here, rng):
    """A table with all that tables have: identifiers, gaps, categories, dates; and two targets."""
    rows = []
    for i in range(400):
        age, city, member = rng.uniform(18, 80), rng.choice(list(CITIES)), rng.random() < 0.5
        worth = (age - 49) / 18 + CITIES[city] + 2 * member - 1
        shown = "" if i % 50 == 7 else f"{age:.1f}"
        rows.append([i, shown, city, member, "2024-02-03", f"{30 + 10 * worth:.3f}", "yes" if worth > 0 else "no"])
    with open("people.csv", "w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([["id", "age", "city", "member", "since", "spent", "bought"], *rows])
    return np.array([row[-1] for row in rows]), np.array([float(row[-2]) for row in rows])


@pytest.fixture
def said(capsys):
    """Runs a command; gives its exit code, output and error output."""

    def run(*arguments):
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


def without_column(name, source, target):
    """A copy of a CSV file without a column, and its columns the other way round."""
    with open(source, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [key for key in reversed(rows[0]) if key != name]
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def column_of(path, name):
    with open(path, newline="", encoding="utf-8") as file:
        return np.array([row[name] for row in csv.DictReader(file)])


# ---- train and predict


def test_classes_from_a_table_to_predictions(people, said):
    code, out, err = said("train", "people.csv", "--target", "bought", "--epochs", "40", "--hidden", "16")
    assert (code, err) == (0, "")
    assert "classification of 'bought': the target is text, such as" in out
    assert "'id' is left out: the number of the row" in out
    assert "'since' is left out: the same everywhere" in out
    accuracy, baseline = map(float, re.search(r"accuracy (\S+) \(always '\w+': (\S+)\)", out).groups())
    assert accuracy > 0.9 > baseline + 0.1
    assert "python -m fastmlp predict model.safetensors NEW.csv" in out
    without_column("bought", "people.csv", "new.csv")
    code, out, err = said("predict", "model.safetensors", "new.csv", "--probabilities")
    assert (code, err) == (0, "")
    assert "predictions.csv: 400 predictions of 'bought'" in out
    predicted = column_of("predictions.csv", "prediction")
    assert np.mean(predicted == people[0]) > 0.9
    no, yes = (column_of("predictions.csv", f"probability of {c}").astype(float) for c in ("no", "yes"))
    np.testing.assert_allclose(no + yes, 1, atol=1e-5)
    np.testing.assert_array_equal(predicted == "yes", yes > no)


def test_numbers_from_a_table_to_predictions(people, said):
    code, out, err = said("train", "people.csv", "--target", "spent", "--model", "spent.safetensors", "--seed", "3")
    assert (code, err) == (0, "")
    assert "regression of 'spent': the target has" in out
    rmse, r2 = map(float, re.search(r"RMSE (\S+), MAE \S+, R² (\S+)", out).groups())
    blind = float(re.search(r"mean of training: RMSE (\S+),", out)[1])
    assert rmse < blind / 3
    assert r2 > 0.9
    assert said("predict", "spent.safetensors", "people.csv", "--output", "spent.csv")[0] == 0
    predicted = column_of("spent.csv", "prediction").astype(float)
    error = np.sqrt(np.mean((predicted - people[1]) ** 2))
    assert error < blind / 3
    code, _, err = said("predict", "spent.safetensors", "people.csv", "--probabilities")
    assert code == 2
    assert "expected a model of classes" in err


def test_a_seed_fixes_the_model(people, here, said):
    options = ("train", "people.csv", "--target", "bought", "--epochs", "3", "--hidden", "8,4")
    for seed, model in ((1, "a"), (1, "b"), (2, "c")):
        assert said(*options, "--seed", str(seed), "--model", f"{model}.safetensors")[0] == 0
    a, b, c = ((here / f"{model}.safetensors").read_bytes() for model in "abc")
    assert a == b != c


def test_nothing_depends_on_pandas(people, here, said, monkeypatch):
    def trained(model):
        assert said("train", "people.csv", "--target", "bought", "--epochs", "2", "--model", model)[0] == 0
        return (here / model).read_bytes()

    whatever_is_installed = trained("a.safetensors")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert trained("b.safetensors") == whatever_is_installed


def test_the_line_of_a_training_that_stopped_early_is_complete(people, said):
    code, out, _ = said("train", "people.csv", "--target", "bought", "--epochs", "5000", "--hidden", "64")
    done = re.search(r"^stopped early: (\d+) epochs in", out, re.MULTILINE)[1]
    assert code == 0
    assert re.search(rf"^{done}/{done} ━{{20}} ", out, re.MULTILINE)
    assert "stopped early" not in said("train", "people.csv", "--target", "bought", "--epochs", "2")[1]


def test_no_hidden_layers_no_hold_out_and_another_task(people, said):
    options = ("--hidden", "", "--holdout", "0", "--epochs", "2", "--task", "regression")
    code, out, _ = said("train", "people.csv", "--target", "id", *options)
    assert code == 0
    assert "regression of 'id': --task regression" in out
    assert "no rows were held out" in out
    assert "340 rows to learn from, 60 to validate on" in out


def test_rows_without_a_target_are_left_out(here, said):
    lines = [f"{i % 7 + i / 100},{'' if i % 4 == 0 else 'ab'[i % 2]}" for i in range(80)]
    (here / "gaps.csv").write_text("\n".join(["x;y", *lines]).replace(",", ";"))
    code, out, _ = said("train", "gaps.csv", "--target", "y", "--epochs", "2", "--separator", ";")
    assert code == 0
    assert "20 rows are left out: they have no 'y'" in out


def test_the_scores_are_the_textbook_ones(rng):
    class Told:
        def predict(self, x, **_):
            return x

    y, y_train, guess = rng.normal(size=50), rng.normal(size=200), rng.normal(size=(50, 1))
    target = Target("y", "regression", mean=3.0, scale=2.0)
    text = "\n".join(train.score(Told(), guess, y, y_train, target))
    got = [float(number) for number in re.findall(r"(?:RMSE|MAE|R²) ([-\d.]+)", text)]
    errors, blind = (guess[:, 0] - y) * 2, (y - y_train.mean()) * 2
    want = [np.sqrt((errors**2).mean()), abs(errors).mean(), 1 - (errors**2).sum() / (4 * 50 * y.var()),
            np.sqrt((blind**2).mean()), abs(blind).mean()]  # fmt: skip
    np.testing.assert_allclose(got, want, rtol=1e-4)
    classes = Target("y", "classification", ("a", "b", "c"))
    outputs, labels = np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 1, 2])
    (line,) = train.score(Told(), outputs, labels, np.array([1, 1, 0]), classes)
    assert "accuracy 0.7500 (always 'b': 0.5000)" in line


def test_a_file_holds_the_model_bit_for_bit(people, here):
    table = read_table(CsvFile("people.csv"), words={"bought"}).without("bought")
    preparation, target = TablePreparation().fit(table), Target("bought", "classification", ("no", "yes"))
    x = preparation.transform(table)
    model = train.make(x.shape[1], [5], target)
    files.save("m.safetensors", model, preparation, target)
    again, preparation_again, target_again = files.load("m.safetensors")
    assert target_again == target
    np.testing.assert_array_equal(
        again.predict(preparation_again.transform(table), verbose=0), model.predict(x, verbose=0)
    )


def test_numbers_come_back_in_the_units_of_the_target():
    target = Target("y", "regression", mean=100.0, scale=8.0)
    assert predict.answers(target, np.array([[0.0], [-0.5]])) == ["100", "96"]
    assert predict.answers(Target("y", "classification", ("a", "b")), np.array([[0.1, 0.9], [0.6, 0.4]])) == ["b", "a"]


# ---- what users get wrong


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "none.csv", "--target", "x"), "none.csv: expected a file that can be read, got No such file"),
        (("train", ".", "--target", "x"), "expected a file that can be read"),
        (("train", "people.csv", "--target", "boght"), "expected a column 'boght' (the target), got 'id', 'age'"),
        (("train", "people.csv", "--target", "age", "--task", "classification"), "of few classes"),
        (("train", "people.csv", "--target", "city", "--task", "regression"), "expected numbers in the target 'city'"),
        (("train", "people.csv", "--target", "bought", "--hidden", "8,x"), "--hidden: expected widths"),
        (("train", "people.csv", "--target", "bought", "--hidden", "0"), "--hidden: expected widths"),
        (("train", "people.csv", "--target", "bought", "--epochs", "0"), "--epochs: expected a whole number"),
        (("train", "people.csv", "--target", "bought", "--holdout", "1"), "--holdout: expected a number"),
        (("train", "people.csv", "--target", "bought", "--separator", ";"), "try --separator ','"),
        (
            ("train", "people.csv", "--target", "bought", "--model", "no/m.safetensors"),
            "expected a folder that is there",
        ),
        (
            ("train", "people.csv", "--target", "bought", "--model", "people.csv"),
            "another file than those that are read",
        ),
        (("predict", "none.safetensors", "people.csv"), "No such file"),
        (("predict", "people.csv", "people.csv"), "predict: expected a model file, written by save or by train"),
        (("demo", "--epochs", "0"), "--epochs: expected a whole number"),
        (("demo", "--seed", "-1"), "--seed: expected a whole number"),
    ],
)
def test_mistakes_get_one_sentence_and_2(people, here, said, arguments, says):
    before = {path: path.read_bytes() for path in here.iterdir()}
    code, _, err = said(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err
    assert {path: path.read_bytes() for path in here.iterdir()} == before


def test_a_table_that_does_not_fit_the_model(people, here, said):
    assert said("train", "people.csv", "--target", "bought", "--epochs", "1")[0] == 0
    (here / "predictions.csv").write_text("old")
    without_column("city", "people.csv", "no_city.csv")
    text = (here / "people.csv").read_text(encoding="utf-8-sig")
    (here / "text.csv").write_text(text + "9,old,Rome,True,,1,no\n")
    (here / "short.csv").write_text(text + "9,40\n")
    (here / "headless.csv").write_text(text.split("\n", 1)[1])
    (here / "header.csv").write_text(text.split("\n")[0] + "\n")
    for name, says in {
        "no_city.csv": "expected a column 'city' (the model model.safetensors needs it), got 'bought', 'spent'",
        "text.csv": "expected numbers in column 'age', got 'old' in line 402",
        "short.csv": "expected 7 cells in each row, as in the header, got 2 in line 402",
        "headless.csv": "put one with the column names above it",
        "header.csv": "expected rows below the header, got none",
    }.items():
        code, _, err = said("predict", "model.safetensors", name)
        assert code == 2
        assert says in err
    assert said("predict", "model.safetensors", "people.csv", "--output", "people.csv")[0] == 2
    assert (here / "predictions.csv").read_text() == "old", "what fails leaves the old file"
    assert not list(here.glob(".*")), "and nothing else"


def test_a_model_of_no_table(here, said):
    (here / "data.csv").write_text("a\n1\n")
    model = train.make(1, [2], Target("y", "regression"))
    model.save("plain.safetensors")
    code, _, err = said("predict", "plain.safetensors", "data.csv")
    assert code == 2
    assert "expected a model that 'train' wrote" in err
    files.save("wrong.safetensors", model, TablePreparation(), Target("y", "regression"))
    code, _, err = said("predict", "wrong.safetensors", "data.csv")
    assert code == 2
    assert "expected a network from 0 to 1 numbers" in err


def test_ctrl_c_gives_130_and_no_file(people, here, said, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Sequential, "fit", interrupted)
    code, _, err = said("train", "people.csv", "--target", "bought")
    assert (code, err) == (130, "\ninterrupted\n")
    assert [path.name for path in here.iterdir()] == ["people.csv"]


def test_mistakes_of_ours_keep_their_traceback(monkeypatch):
    monkeypatch.setattr(demo, "run", lambda arguments: {}["bug"])
    with pytest.raises(KeyError):
        main(["demo"])


# ---- the rest


def test_the_demo_learns_and_tells_where_time_went(said):
    code, out, err = said("demo", "--epochs", "15", "--seed", "1")
    assert (code, err) == (0, "")
    assert float(re.search(r"accuracy (0\.\d+), loss", out)[1]) > 0.85
    assert "17,226 weights" in out
    assert re.search(r"^15/15 .*s/epoch - accuracy", out, re.MULTILINE)
    assert re.search(r"[\d,]+ samples/s", out)
    shares = [int(share) for share in re.findall(r"(\d+)%", out)]
    assert len(shares) == 3
    assert abs(sum(shares) - 100) <= 2


@pytest.mark.parametrize("command", ["info", "demo", "train", "predict"])
def test_help_tells_all_options(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    wanted = {"demo": ["--epochs", "--seed"], "predict": ["--output", "--probabilities", "--separator"]}
    wanted["train"] = ["--target", "--model", "--epochs", "--hidden", "--holdout", "--seed", "--task", "--separator"]
    assert all(option in out for option in wanted.get(command, []))


def test_no_command_gives_the_help(said):
    code, out, err = said()
    assert (code, err) == (0, "")
    assert out.startswith("usage: python -m fastmlp")
    assert all(command in out for command in ("info", "demo", "train", "predict", "--version"))


def test_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"fastmlp {fastmlp.__version__}\n"


def test_as_a_process(people):
    def run(*arguments):
        command = [sys.executable, "-m", "fastmlp", *arguments]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    done = run("train", "people.csv", "--target", "spent", "--epochs", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "R?" in done.stdout, "what the output cannot show does not stop it"
    done = run("predict", "model.safetensors", "none.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.csv")
    assert run("train", "people.csv").returncode == 2
