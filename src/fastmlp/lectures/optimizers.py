"""Optimizers: weighted averages, and momentum, RMSprop and Adam, which are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp.lectures import show
from fastmlp.optimizers import SGD, Adam, RMSprop, ewa
from fastmlp.visual.landscapes import LANDSCAPES, descend

BETAS = (0.5, 0.8333, 0.9, 0.98, 0.99)


def lecture() -> Any:
    """V ← βV + (1 − β)θ looks back over about 1/(1 − β) values."""
    print("β and the window 1/(1 − β):", ", ".join(f"{beta} → {1 / (1 - beta):.0f}" for beta in BETAS))

    # V₂ = 0.0196 θ₁ + 0.02 θ₂: the weights sum to 1 − β² = 0.0396 and not to 1, as V₀ = 0 takes part.
    for correction in (False, True):
        first, second = (ewa(theta, 0.98, correction)[1] for theta in ([1.0, 0.0], [0.0, 1.0]))
        print(f"V₂ = {first:.6f} θ₁ + {second:.6f} θ₂" + " with bias correction" * correction)

    # The same averages of gradients g and of their squares make the optimizers. Keras writes some of them another way;
    # compat="lecture" takes these forms.
    print("\none step from w = 1 with g = 0.5, η = 0.1")
    rules = {
        "gradient descent  w − ηg": SGD(0.1),
        "momentum          w − ηv": SGD(0.1, momentum=0.9, compat="lecture"),
        "RMSprop           w − ηg/(√s + ε)": RMSprop(0.1, compat="lecture"),
        "Adam              w − ηv̂/(√ŝ + ε)": Adam(0.1, compat="lecture"),
    }
    for name, optimizer in rules.items():
        w = fastmlp.variables.Variable(np.array([1.0]))
        optimizer.apply_gradients([(np.array([0.5]), w)])
        print(f"  {name:34} = {w.numpy()[0]:.8f}")

    # Keras writes momentum another way, with η inside; with η(1 − β) it makes the same steps.
    ours = descend("stretched", optimizer=SGD(0.02, momentum=0.9, compat="lecture"), steps=50)
    keras = descend("stretched", optimizer=SGD(0.02 * (1 - 0.9), momentum=0.9), steps=50)
    print(f"\nthe lectures' momentum with η − Keras's with η(1 − β) after 50 steps: {np.abs(ours - keras).max():.0e}")

    place = LANDSCAPES["rosenbrock"]
    print(f"\n{place.title}, 500 steps with η = 0.005")
    for name in ("gd", "momentum", "rmsprop", "adam"):
        end = descend(place, optimizer=name, steps=500, learning_rate=0.005)[-1]
        print(f"  {name:9} J = {float(place.cost(end)):.5f}")
    return temperatures()


def temperatures() -> Any:
    """A year of days."""
    day = np.arange(365)
    return 15 - 10 * np.cos(2 * np.pi * day / 365) + fastmlp.random.normal(365, stddev=3.0, seed=0)


def picture(theta: Any) -> Any:
    """What averages make of noisy days; what is not corrected starts too low."""
    from fastmlp.visual import plot_curves

    figure = plot_curves({"θ, a day's temperature": theta}, xlabel="day", ylabel="°C", points=True)
    figure.axes[0].lines[0].set_alpha(0.35)
    averages = {f"β = {beta}": ewa(theta, beta, bias_correction=True) for beta in (0.5, 0.9, 0.98)}
    averages["β = 0.98, not corrected"] = ewa(theta, 0.98)
    return plot_curves(averages, title="Exponentially weighted averages", ax=figure.axes[0])


if __name__ == "__main__":
    show(lecture, picture)
