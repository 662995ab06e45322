"""Signals while C runs: whoever handles them is called soon, whoever does not is ended at once, and no bit changes."""

from __future__ import annotations

import signal

import pytest
from interrupted import TEXT

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no signals but Ctrl-C")
SOON = 1.5  # seconds: Python looks in every 50 ms, but the machine may be busy

HEAD = """
big = partial(Dense, 512, "relu"), partial(Dense, 256, "relu")  # a step takes milliseconds
def calls(model):
    many = np.broadcast_to(X[:1], (2_000_000, 64))  # without memory of their own
    return {
        "fit": lambda: model.fit(X, Y, epochs=10**6, batch_size=256, verbose=0),
        "predict": lambda: model.predict(many, verbose=0),
        "evaluate": lambda: model.evaluate(many, np.zeros(len(many), bool), verbose=0),
    }
"""

HANDLED = """
class Told(Exception):
    pass

seconds = []
for kind in signal.SIGALRM, signal.SIGUSR1:
    for name, call in calls(made(*big)).items():
        sent, count = [], 0
        def handler(*_):
            global count
            count += 1
            seconds.append(time.perf_counter() - sent[-1])
            if count == 3:
                raise Told
        signal.signal(kind, handler)
        def send():
            for _ in range(3):
                time.sleep(0.1)
                sent.append(time.perf_counter())
                os.kill(os.getpid(), kind)
        thread = threading.Thread(target=send)
        thread.start()
        try:
            call()
            raise AssertionError(f"{name} ended by itself")
        except Told:
            thread.join()
        assert count == 3, (name, count)
print(max(seconds))
"""


def test_a_handler_is_called_soon_and_may_raise(script):
    assert float(script(TEXT + HEAD + HANDLED)) < SOON


ENDED = """
import subprocess
body = open(__file__).read().split("# ---- child")[0] + '''
model = made(*big)
def say():
    time.sleep(0.3)
    os.write(1, b"x")
threading.Thread(target=say, daemon=True).start()
WHERE
'''
took, codes = [], []
for where in "calls(model)['predict']()", "t = threading.Thread(target=calls(model)['fit']); t.start(); t.join()":
    child = subprocess.Popen([sys.executable, "-c", body.replace("WHERE", where)], stdout=subprocess.PIPE)
    assert child.stdout.read(1) == b"x"
    begun = time.perf_counter()
    child.send_signal(signal.SIGTERM)
    codes.append(child.wait(30))
    took.append(time.perf_counter() - begun)
print(*codes, max(took))
"""


def test_sigterm_ends_the_process_at_once(script):
    *codes, took = script(TEXT + HEAD + "# ---- child\n" + ENDED).split()
    assert codes == [str(-signal.SIGTERM)] * 2
    assert float(took) < SOON


SAME = """
def trained(beside):
    model, over = made(partial(Dense, 64, "relu"), partial(Dropout, 0.2)), threading.Event()
    def go():
        while not over.wait(0.01):
            beside()
    thread = threading.Thread(target=go)
    thread.start()
    model.fit(X, Y, epochs=6, verbose=0)
    over.set()
    thread.join()
    return state(model), model.predict(X, verbose=0).tobytes()
"""

BESIDE = {
    "SIGCHLD": """
import subprocess
heard = []
signal.signal(signal.SIGCHLD, lambda *_: heard.append(True))
def beside():
    subprocess.run(["true"], check=True)
""",
    "SIGALRM": """
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(True))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
def beside():
    pass
""",
    "SIGSTOP and SIGCONT": """
heard = []
signal.signal(signal.SIGCONT, lambda *_: heard.append(True))
others = [os.getpid()]
def beside():
    pid = os.fork()
    if pid == 0:  # whoever is stopped cannot let itself go on
        os.kill(others[0], signal.SIGSTOP)
        time.sleep(0.02)
        os.kill(others[0], signal.SIGCONT)
        os._exit(0)
    os.waitpid(pid, 0)
""",
}


@pytest.mark.parametrize("kind", BESIDE)
def test_no_bit_changes(script, kind):
    """Also of teams: a signal may come to any thread of theirs."""
    text = """
fastmlp.set_num_threads(2)
want = trained(lambda: None)
BESIDE
same = trained(beside) == want
signal.setitimer(signal.ITIMER_REAL, 0)
print(same, bool(heard))
"""
    assert script(TEXT + SAME + text.replace("BESIDE", BESIDE[kind])) == "True True"


def test_ctrl_c_while_another_thread_trains(script):
    """The main thread hears it; the other trains on, to the bits it would have had."""
    text = """
model, twin = made(partial(Dense, 64, "relu")), made(partial(Dense, 64, "relu"))
twin.fit(X, Y, epochs=20, verbose=0)
thread = threading.Thread(target=lambda: model.fit(X, Y, epochs=20, verbose=0))
thread.start()
delay = interrupted(0.1, time.sleep, 30)
thread.join()
print(state(model) == state(twin), delay)
"""
    same, delay = script(TEXT + text).split()
    assert same == "True"
    assert float(delay) < SOON


def test_a_handler_that_changes_an_estimator_while_it_predicts(script):
    """It cannot wait for the prediction in whose middle it is; each has the weights of its time."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    text = """
import warnings
warnings.simplefilter("ignore")
from fastmlp.sklearn import MLPClassifier
x = np.tile(X, (2, 1))
net = MLPClassifier((50,), max_iter=2, random_state=0).fit(X[:100], Y[:100])
shift, want, found = 0.0, set(), []
def handler(*_):
    net.coefs_ = [w + 0.01 for w in net.coefs_]
    found.append(net.predict_proba(X[:9]).tobytes())
    twin = MLPClassifier((50,), max_iter=2, random_state=0).fit(X[:100], Y[:100])
    twin.coefs_, twin.intercepts_ = net.coefs_, net.intercepts_
    assert twin.predict_proba(X[:9]).tobytes() == found[-1]
signal.signal(signal.SIGALRM, handler)
for i in range(8):
    signal.setitimer(signal.ITIMER_REAL, 0.0005 * (i + 1))
    net.predict_proba(x)
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(found) == len(set(found)) >= 5)
"""
    assert script(TEXT + text) == "True"
