"""Programs written for scikit-learn alone, run with our estimators under its names."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import zipfile
from types import ModuleType

import numpy as np
import pytest

networks = pytest.importorskip(
    "sklearn.neural_network", reason="scikit-learn is not installed: pip install '.[sklearn]'"
)
import fastmlp  # noqa: E402
from fastmlp.sklearn import MLPClassifier, MLPRegressor, patch, unpatch  # noqa: E402
from fastmlp.sklearn.__main__ import main  # noqa: E402

THEIRS = {name: getattr(networks._multilayer_perceptron, name) for name in ("MLPClassifier", "MLPRegressor")}
OURS = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, 0] > 0


def named():
    return {name: getattr(networks, name) for name in OURS}


@pytest.fixture(autouse=True)
def _as_it_was():
    assert named() == THEIRS
    yield
    unpatch()


# ---- the names


def test_names_are_ours_until_unpatch_however_often():
    unpatch()
    assert named() == THEIRS
    patch()
    patch()
    assert named() == OURS
    unpatch()
    assert named() == THEIRS
    unpatch()
    assert named() == THEIRS


def test_the_private_module_and_names_imported_before_stay():
    from sklearn.neural_network import MLPClassifier as before

    patch()
    assert before is THEIRS["MLPClassifier"]
    assert networks._multilayer_perceptron.MLPClassifier is before
    assert issubclass(networks.MLPClassifier, before)


def test_with_ends_as_it_began_also_by_an_error_and_inside_a_patch():
    with pytest.raises(KeyError), patch():
        raise KeyError(f"{named()}")
    assert named() == THEIRS
    patch()
    with patch():
        unpatch()
    assert named() == OURS


def test_star_import_and_the_list_of_estimators_have_ours():
    from sklearn.utils.discovery import all_estimators

    with patch():
        names: dict = {}
        exec("from sklearn.neural_network import *", names)
        listed = dict(all_estimators())
        for name, ours in OURS.items():
            assert names[name] is ours
            assert listed[name] is ours


# ---- pickles


def test_pickles_of_theirs_load_under_the_patch_and_are_models_to_us():
    theirs = THEIRS["MLPClassifier"](max_iter=20, tol=1.0, random_state=0).fit(X, Y)
    data = pickle.dumps(theirs)
    with patch():
        loaded = pickle.loads(data)
        assert type(loaded) is THEIRS["MLPClassifier"]
        np.testing.assert_allclose(
            fastmlp.from_sklearn(loaded).predict(X).ravel(), loaded.predict_proba(X)[:, 1], rtol=1e-6
        )


def test_pickles_of_ours_load_without_a_patch(tmp_path):
    with patch():
        fitted = networks.MLPClassifier(max_iter=20, tol=1.0, random_state=0).fit(X, Y)
    assert f"{type(fitted).__module__}.{type(fitted).__qualname__}" == "fastmlp.sklearn.MLPClassifier"
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps((fitted, X)))
    code = (
        "import pickle, sklearn.neural_network as n\n"
        "theirs = n.MLPClassifier\n"
        f"fitted, x = pickle.load(open({str(tmp_path / 'fitted.pkl')!r}, 'rb'))\n"
        "assert n.MLPClassifier is theirs\n"
        "print(type(fitted), fitted.predict_proba(x).tolist())"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.stdout == f"<class 'fastmlp.sklearn.MLPClassifier'> {fitted.predict_proba(X).tolist()}\n", done.stderr


# ---- python -m fastmlp.sklearn

PROGRAM = """
import sys

class Own:
    pass

def act(what):
    if what == "divide":
        return 1 / 0
    if what == "interrupt":
        raise KeyboardInterrupt
    if what == "import":
        import no_such_package
    if what == "hook":
        sys.excepthook = lambda kind, error, trace: print(kind, error, trace.tb_frame.f_code.co_name)
        raise ValueError("hooked")
    sys.exit({"seven": 7, "none": None}.get(what, what))

print(sys.argv, sys.path[0], sys.modules["__main__"].Own is Own)
print(__name__, globals().get("__file__"), __package__, __spec__ is None, type(__loader__))
if len(sys.argv) > 1:
    act(sys.argv[1])
"""
WAYS = {"script": ["prog.py"], "module": ["-m", "prog"], "package": ["-m", "pack.prog"], "code": ["-c", PROGRAM],
        "folder": ["folder"], "zip": ["prog.zip"]}  # fmt: skip


def python(*arguments, cwd):
    paths = os.pathsep.join(path for path in sys.path if path)  # where this process has fastmlp from
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": paths},
                          capture_output=True, text=True, timeout=300)  # fmt: skip


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    place = tmp_path_factory.mktemp("programs")
    for name in ("prog.py", "pack/prog.py", "folder/__main__.py"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(PROGRAM)
    with zipfile.ZipFile(place / "prog.zip", "w") as archive:
        archive.writestr("__main__.py", PROGRAM)
    (place / "bad.py").write_text("a b\n")
    return place


@pytest.fixture
def here(programs, monkeypatch, capsys):
    """What our `main` does with arguments: output, errors and how it ends, as Python would end the process."""

    def run(*arguments):
        monkeypatch.chdir(programs)
        monkeypatch.setattr(sys, "argv", ["-m", *arguments])
        monkeypatch.setattr(sys, "path", [str(programs), *sys.path])
        monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
        monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        for name in ("prog", "bad", "pack", "pack.prog"):
            sys.modules.pop(name, None)
        code = 0
        try:
            main()
        except SystemExit as ends:
            code = 0 if ends.code is None else ends.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            assert not sys.excepthook.__module__.startswith("fastmlp")  # it is the program's again
            code = 130 if isinstance(error, KeyboardInterrupt) else 1
        return (*capsys.readouterr(), code)

    return run


def same(run, arguments, programs):
    plain = python(*arguments, cwd=programs)
    shown = re.sub(r'  File "<frozen runpy>".*\n', "", plain.stderr)
    expected = [plain.stdout, shown, 130 if plain.returncode == -signal.SIGINT else plain.returncode]
    found = list(run(*arguments))
    if arguments[0] in ("folder", "pack", "prog.zip"):  # which Python calls by their full names
        expected = [re.sub(rf"{programs}/", "", part) for part in expected[:2]] + expected[2:]
        found = [re.sub(rf"{programs}/", "", part) for part in found[:2]] + found[2:]
    assert found == expected
    return plain


@pytest.mark.parametrize(
    ("way", "what"),
    [("script", what) for what in ("", "divide", "interrupt", "import", "hook", "seven", "none", "a last word")]
    + [(way, what) for way in WAYS if way != "script" for what in ("divide", "seven", "")],
)
def test_a_program_runs_as_by_plain_python(here, programs, way, what):
    same(here, [*WAYS[way], *([what, "--flag", "-m"] if what else [])], programs)
    assert named() == OURS
    assert sys.modules["__main__"].Own.__name__ == "Own"  # also after its end


@pytest.mark.parametrize(
    "arguments", [["nope.py"], ["-m", "nope"], ["-m", "pack"], ["bad.py"], ["pack"], ["-m", "bad"]]
)
def test_what_cannot_run_is_told_as_python_tells_it(here, programs, arguments):
    assert same(here, arguments, programs).returncode


def test_usage(here):
    out, err, code = here("--help")
    assert (err, code) == ("", 0)
    assert "python -m fastmlp.sklearn script.py [argument ...]" in out
    for wrong in ([], ["-m"], ["-c"], ["-x", "prog.py"]):
        out, err, code = here(*wrong)
        assert (out, code) == ("", 2)
        assert err.startswith("usage: python -m fastmlp.sklearn script.py")


def test_in_a_process_of_its_own(tmp_path):
    text = (
        "import atexit\n"
        "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
        "atexit.register(lambda: print('last'))\n"
        "print(MLPClassifier, MLPRegressor, flush=True)\n"
        "raise KeyboardInterrupt\n"
    )
    (tmp_path / "program.py").write_text(text)
    done = python("-m", "fastmlp.sklearn", "program.py", cwd=tmp_path)
    assert done.stdout == "<class 'fastmlp.sklearn.MLPClassifier'> <class 'fastmlp.sklearn.MLPRegressor'>\nlast\n"
    assert done.stderr == python("-c", "raise KeyboardInterrupt", cwd=tmp_path).stderr.replace(
        '"<string>", line 1', f'"{tmp_path}/program.py", line 5'
    ).replace("<module>\n", "<module>\n    raise KeyboardInterrupt\n")
    assert done.returncode == -signal.SIGINT


WORKERS = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from joblib import Parallel, delayed, parallel_config

def which(estimator):
    return type(estimator).__module__

x = np.random.default_rng(0).normal(size=(60, 3))
y = np.array(["no", "yes"])[(x[:, 0] > 0).astype(int)]
with parallel_config("loky", n_jobs=2):
    search = GridSearchCV(MLPClassifier((4,), max_iter=30, tol=1.0), {"alpha": [0.1]}, cv=2, error_score="raise")
    print(which(search.fit(x, y).best_estimator_))
    print(Parallel()(delayed(which)(MLPClassifier()) for _ in range(2)))
"""


def test_workers_of_joblib_train_ours(tmp_path):
    (tmp_path / "workers.py").write_text(WORKERS)
    done = python("-W", "ignore", "-m", "fastmlp.sklearn", "workers.py", cwd=tmp_path)
    assert done.stdout == "fastmlp.sklearn\n['fastmlp.sklearn', 'fastmlp.sklearn']\n", done.stderr
