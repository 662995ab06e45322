"""What scripts that are interrupted start with: models, and a hand on Ctrl-C."""

TEXT = """
import os, signal, threading, time
from functools import partial
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input
from fastmlp.models import Sequential

_core.set_thread_grain(-1.0)
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(5)
X = rng.normal(size=(20_000, 64)).astype(np.float32)
Y = (X[:, :4] ** 2).sum(1) > 4

def made(*kinds, metrics=("accuracy",)):
    fastmlp.random.set_random_seed(3)
    model = Sequential([Input(shape=(64,)), *(kind() for kind in kinds), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=list(metrics))
    return model

def state(model):
    return [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)]

def interrupted(after, call, *args, **kwargs):
    "Seconds from Ctrl-C to the KeyboardInterrupt that it makes of a call."
    sent = []
    def press():
        time.sleep(after)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=press)
    try:
        thread.start()
        call(*args, **kwargs)
    except KeyboardInterrupt:
        seconds = time.perf_counter() - sent[0]
        thread.join()
        return seconds
    raise AssertionError("it ended by itself")
"""
