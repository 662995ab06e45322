"""L2 regularisation: a price on large weights, which is the same as letting them decay."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential, regularizers
from fastmlp.data import make_moons
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

LAMBDA, M, RATE = 0.7, 50, 0.1  # λ, how many samples, α


def network(penalty: float) -> Any:
    """20-3-1, the weights of all layers penalised."""
    fastmlp.set_random_seed(0)
    l2 = regularizers.l2(penalty)
    model = Sequential([
        Input(shape=(2,)),
        Dense(20, activation="relu", kernel_regularizer=l2),
        Dense(3, activation="relu", kernel_regularizer=l2),
        Dense(1, activation="sigmoid", kernel_regularizer=l2),
    ])  # fmt: skip
    model.compile(optimizer=fastmlp.optimizers.SGD(RATE), loss="binary_crossentropy")
    return model


def lecture() -> Any:
    """J + (1/m)(λ/2)ΣW² in Keras's words, one step of it, and what it does to a boundary."""
    x, y = make_moons(M, noise=0.3, seed=0)
    # Keras adds c·ΣW², so c = λ/2m for the lecture's λ; compat="lecture" computes it.
    c = regularizers.L2(LAMBDA, compat="lecture", rows=M).l2
    plain, model = network(0.0), network(c)
    squares = sum(float(np.sum(kernel**2)) for kernel in model.get_weights()[::2])
    losses = plain.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0)
    print(f"λ = {LAMBDA}, m = {M}: Keras's l2({c:g})")
    print(f"reported loss {losses[1]:.6f} = cross-entropy {losses[0]:.6f} + (1/m)(λ/2)ΣW² {c * squares:.6f}")

    # Weight decay: W ← (1 − αλ/m) W − α {from backprop}. Biases are not penalised.
    before = model.get_weights()
    for one in (plain, model):
        one.fit(x, y, batch_size=M, epochs=1, shuffle=False, verbose=0)
    decayed = [w - RATE * LAMBDA / M * old * (w.ndim == 2) for w, old in zip(plain.get_weights(), before)]
    gap = max(np.abs(a - b).max() for a, b in zip(decayed, model.get_weights()))
    print(f"a step with the penalty − a step with weights decayed by 1 − αλ/m = {1 - RATE * LAMBDA / M}: {gap:.0e}")

    print("\nthe larger λ, the smaller the weights")
    models = {}
    for penalty in (0.0, 0.003, 0.03):
        net = network(penalty)
        net.fit(x, y, batch_size=10, epochs=600, verbose=0)
        size = sum(float(np.sum(kernel**2)) for kernel in net.get_weights()[::2])
        print(f"  l2({penalty}), λ = {2 * M * penalty:g}: ΣW² = {size:7.3f}")
        models[f"λ = {2 * M * penalty:g}"] = net
    return models, x, y


def picture(found: Any) -> Any:
    """The boundary is the smoother, the larger λ; and none is left in the end."""
    from fastmlp.visual import plot_decision_boundary
    from fastmlp.visual.figures import panels

    models, x, y = found
    figure, axes = panels("l2", None, len(models), columns=3, size=(4.4, 3.8))
    for (name, model), ax in zip(models.items(), axes):
        plot_decision_boundary(model, x, y, title=name, ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
