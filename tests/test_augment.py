"""Augmentation against the bilinear formula pixel by pixel, exact cases, ranges of what is drawn."""

from __future__ import annotations

from math import cos, floor, radians, sin

import numpy as np
import pytest
from fastmlp import _warp, random
from fastmlp.data import Augment, Dataset, augment, random_flip, random_rotate, random_shift, random_zoom


def pixel(image, row, column, fill):
    """One value between pixels, by the four around it; outside lies `fill`."""

    def at(r, c):
        inside = 0 <= r < image.shape[0] and 0 <= c < image.shape[1]
        return float(image[r, c]) if inside else fill

    r, c = floor(row), floor(column)
    a, b = row - r, column - c
    above = (1 - b) * at(r, c) + b * at(r, c + 1)
    below = (1 - b) * at(r + 1, c) + b * at(r + 1, c + 1)
    return (1 - a) * above + a * below


def warped_by_hand(image, matrix, shift, fill):
    height, width = image.shape
    centre = np.array([height - 1, width - 1]) / 2
    result = np.empty((height, width))
    for r in range(height):
        for c in range(width):
            row, column = matrix @ (np.array([r, c]) - centre - shift) + centre
            result[r, c] = pixel(image, row, column, fill)
    return result


@pytest.mark.parametrize(("height", "width"), [(9, 7), (8, 8), (1, 5)])
@pytest.mark.parametrize("fill", [0.0, -2.5])
def test_warp_is_bilinear(rng, height, width, fill):
    images = rng.normal(size=(5, height, width))
    matrices = np.eye(2) + rng.normal(0, 0.3, size=(5, 2, 2))
    shifts = rng.normal(0, 2, size=(5, 2))
    got = augment.warp(images, matrices, shifts, fill)
    for i in range(5):
        np.testing.assert_allclose(got[i], warped_by_hand(images[i], matrices[i], shifts[i], fill), atol=1e-12)


def test_channels_types_and_pieces(rng, monkeypatch):
    images = rng.integers(0, 256, size=(6, 10, 9, 3), dtype=np.uint8)
    change = {"shift": 0.2, "rotate": 30, "zoom": 0.2, "flip": "horizontal", "seed": 4}
    whole = Augment(**change)(images)
    assert whole.dtype == np.uint8
    for channel in range(3):
        assert (Augment(**change)(images[..., channel]) == whole[..., channel]).all()
    exact = Augment(**change)(images.astype(np.float64))
    assert exact.dtype == np.float64
    assert np.abs(exact - whole).max() <= 0.5 + 1e-3
    assert Augment(**change)(images.astype(np.float16)).dtype == np.float16
    monkeypatch.setattr(_warp, "_PIXELS", 1)  # image by image
    assert (Augment(**change)(images) == whole).all()
    assert Augment(**change)(images[:0]).shape == (0, 10, 9, 3)


def test_nothing_to_do_changes_nothing(rng):
    images = rng.normal(size=(3, 5, 6)).astype(np.float32)
    changed = Augment(seed=1)(images)
    assert (changed == images).all()
    assert not np.shares_memory(changed, images)


@pytest.mark.parametrize(
    ("mode", "mirrored"),
    [("horizontal", ["", "h"]), ("vertical", ["", "v"]), ("horizontal_and_vertical", ["", "h", "v", "hv"])],
)
def test_flips_are_exact_and_as_frequent_as_not(rng, mode, mirrored):
    images = rng.normal(size=(400, 4, 5))
    ways = {"": images, "h": images[:, :, ::-1], "v": images[:, ::-1], "hv": images[:, ::-1, ::-1]}
    got = random_flip(images, mode, seed=3)
    counts = {way: int((got == candidate).all(axis=(1, 2)).sum()) for way, candidate in ways.items()}
    assert sum(counts.values()) == 400
    for way, count in counts.items():
        share = 1 / len(mirrored) if way in mirrored else 0
        assert abs(count - 400 * share) <= 4 * (400 * share * (1 - share)) ** 0.5


def spot(height=41, width=41, row=20, column=30):
    """An image with one bright place, wide enough to be found between pixels."""
    r, c = np.mgrid[:height, :width]
    return np.exp(-((r - row) ** 2 + (c - column) ** 2) / 8.0)


def centres(images):
    """Where the light of each image lies: (row, column)."""
    r, c = np.mgrid[: images.shape[1], : images.shape[2]]
    light = images.sum(axis=(1, 2))
    return np.stack([(images * r).sum(axis=(1, 2)), (images * c).sum(axis=(1, 2))], axis=1) / light[:, None]


def test_shifts_reach_so_far_evenly():
    images = np.repeat(spot(column=20)[None], 300, axis=0)
    moved = centres(random_shift(images, (0.1, 0.2), seed=1)) - 20
    most = np.array([4.1, 8.2])
    assert (np.abs(moved) <= most + 0.01).all()
    assert (np.abs(moved).max(axis=0) > 0.95 * most).all()
    assert (np.abs(moved.mean(axis=0)) < 4 * most / (3 * 300) ** 0.5).all()
    same = centres(random_shift(images, 0.1, seed=1)) - 20
    assert np.abs(same).max() <= 4.11


def test_turns_keep_the_distance_and_reach_the_angle():
    images = np.repeat(spot()[None], 300, axis=0)
    offset = centres(random_rotate(images, 25, seed=2)) - 20
    np.testing.assert_allclose(np.hypot(*offset.T), 10, atol=0.05)
    angles = np.degrees(np.arctan2(offset[:, 0], offset[:, 1]))
    assert np.abs(angles).max() <= 25.1
    assert angles.max() > 23
    assert angles.min() < -23


def test_zoom_scales_both_ways_alike():
    images = np.repeat(spot(row=25)[None], 300, axis=0)
    offset = centres(random_zoom(images, 0.2, seed=3)) - 20
    np.testing.assert_allclose(offset[:, 1], 2 * offset[:, 0], atol=0.15)
    factors = offset[:, 1] / 10
    assert 0.795 < factors.min() < 0.82
    assert 1.18 < factors.max() < 1.205


def test_a_quarter_turn_moves_every_pixel(rng):
    image = rng.normal(size=(1, 6, 6))
    turn = np.array([[[cos(radians(90)), sin(radians(90))], [-sin(radians(90)), cos(radians(90))]]])
    np.testing.assert_allclose(augment.warp(image, turn, np.zeros((1, 2)))[0], np.rot90(image[0]), atol=1e-12)


def test_a_seed_fixes_the_series_of_calls(rng):
    images = rng.normal(size=(8, 12, 12)).astype(np.float32)
    a, b = Augment(shift=0.2, rotate=20, seed=5), Augment(shift=0.2, rotate=20, seed=5)
    first, second = a(images), a(images)
    assert not (first == second).all()
    assert (b(images) == first).all()
    assert (b(images) == second).all()
    assert not (Augment(shift=0.2, rotate=20, seed=6)(images) == first).all()
    assert (Augment(shift=0.2, rotate=20, seed=5)(images[:3]) == first[:3]).all()  # each image has draws of its own
    assert (random_rotate(images, 9, seed=1) == random_rotate(images, 9, seed=1)).all()


def test_without_a_seed_the_package_s_own_decides(rng):
    images = rng.normal(size=(2, 9, 9))
    random.set_random_seed(1)
    a, b = random_rotate(images), random_rotate(images)
    random.set_random_seed(1)
    assert (random_rotate(images) == a).all()
    assert not (a == b).all()


def test_labels_pass_in_a_dataset_s_map(rng):
    x, y = rng.normal(size=(10, 8, 8)).astype(np.float32), np.arange(10)
    dataset = Dataset.from_tensor_slices((x, y)).batch(4).map(Augment(shift=0.2, seed=1))
    batches = list(dataset)
    assert [(images.shape, labels.tolist()) for images, labels in batches] == [
        ((4, 8, 8), [0, 1, 2, 3]),
        ((4, 8, 8), [4, 5, 6, 7]),
        ((2, 8, 8), [8, 9]),
    ]
    assert not (batches[0][0] == x[:4]).all()


def test_a_config_makes_the_same_series(rng):
    images = rng.normal(size=(3, 8, 8))
    original = Augment(shift=(0.1, 0.2), rotate=5, flip="vertical", seed=9)
    copy = Augment.from_config(original.get_config())
    assert (copy(images) == original(images)).all()
    assert "rotate=5.0" in repr(original)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"shift": -0.1}, "shift: expected a number at least 0"),
        ({"shift": (0.1, 0.1, 0.1)}, "two numbers"),
        ({"zoom": 1.0}, "zoom: expected a number at least 0 and at most 0.99"),
        ({"flip": "horizontl"}, "did you mean 'horizontal'"),
        ({"rotate": float("nan")}, "rotate"),
    ],
)
def test_settings_that_cannot_be(options, error):
    with pytest.raises(ValueError, match=error):
        Augment(seed=1, **options)


@pytest.mark.parametrize("images", [np.zeros((8, 8)), np.zeros((1, 2, 3, 4, 5)), np.zeros((1, 2, 2), complex)])
def test_images_that_are_none(images):
    with pytest.raises(ValueError, match="expected images"):
        random_shift(images, seed=1)
