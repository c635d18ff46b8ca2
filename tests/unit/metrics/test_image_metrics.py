"""Measures of images are best for more of the same, and worse the further made ones are from real ones."""

import numpy as np
import pytest
from tiny_pictures import pixels

from smartsynth.metrics import image as measures
from smartsynth.metrics.image_features import EfficientNet, Outlines, embedder, has_efficientnet
from smartsynth.metrics.text import frechet

REAL, KINDS = pixels(300, seed=1)
MORE, MORE_KINDS = pixels(300, seed=2)
NOISY = np.clip(MORE.astype(int) + np.random.default_rng(0).integers(-90, 90, MORE.shape), 0, 255).astype(np.uint8)
HALF = MORE[MORE_KINDS == "lying"]

needs_network = pytest.mark.skipif(not has_efficientnet(), reason="no image network")


@pytest.fixture(scope="module", params=[Outlines, pytest.param(EfficientNet, marks=needs_network)])
def points(request):
    embed = request.param()
    return {name: embed(some) for name, some in (("real", REAL), ("more", MORE), ("noisy", NOISY), ("half", HALF))}


def test_pictures_that_show_the_same_are_near(points):
    real = points["real"]
    apart = np.linalg.norm(real[:, None] - real[None], axis=2) + np.diag(np.full(len(real), np.inf))
    assert np.mean(KINDS[apart.argmin(1)] == KINDS) > 0.8


def test_distances_of_crowds_grow_with_what_is_wrong(points):
    for measure in (frechet, lambda a, b: measures.kernel_distance(a, b, seed=0)):
        same, noisy, half = (measure(points["real"], points[name]) for name in ("more", "noisy", "half"))
        assert same < noisy
        assert same < half


def test_precision_and_recall_tell_quality_from_variety(points):
    same, noisy, half = (measures.crowd(points["real"], points[name]) for name in ("more", "noisy", "half"))
    assert same.precision > 0.8
    assert same.recall > 0.8
    assert same.coverage > 0.85
    assert same.density == pytest.approx(1, abs=0.25)
    assert noisy.precision < same.precision - 0.2
    assert half.precision > noisy.precision + 0.2
    assert half.recall < same.recall - 0.1
    assert half.coverage < same.coverage - 0.2


def test_a_crowd_is_wholly_in_itself():
    points = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    assert measures.crowd(points, points)[:2] == (1.0, 1.0)
    assert measures.crowd(points, points + 100) == (0, 0, 0, 0)


def test_kernel_distance_is_the_formula_over_all_pairs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 7, 3)).astype(np.float32)
    kernel = lambda a, b: (float(np.dot(a.astype(float), b.astype(float))) / 3 + 1) ** 3  # noqa: E731
    pairs = [(i, j) for i in range(7) for j in range(7)]
    same = sum(kernel(z[i], z[j]) for z in (x, y) for i, j in pairs if i != j) / 42
    cross = sum(kernel(x[i], y[j]) for i, j in pairs) / 49
    assert measures.kernel_distance(x, y, seed=0) == pytest.approx(same - 2 * cross, rel=1e-6)


def test_noise_shows_in_the_spectrum_and_light_in_the_colours():
    assert measures.spectrum_distance(REAL, MORE) < 0.1 < measures.spectrum_distance(REAL, NOISY)
    assert measures.colour_divergence(REAL, MORE) < 0.02
    assert measures.colour_divergence(REAL, 255 - MORE) > 0.6
    assert len(measures.spectrum(REAL)) == 8


def test_copies_are_nearer_than_unseen_pictures_are():
    embed = Outlines()
    train, unseen, made = embed(REAL), embed(MORE), embed(np.concatenate([REAL[:30], pixels(70, seed=3)[0]]))
    near, chance = measures.near_copies(train, made, unseen)
    assert near[:30].all()
    assert near[30:].mean() < 0.1
    assert chance < 0.05


def test_copies_are_seen_where_unseen_images_repeat_training_ones_too():
    embed = Outlines()
    train, unseen = embed(REAL), embed(np.concatenate([REAL[:12], MORE[:288]]))
    near, chance = measures.near_copies(train, train, unseen)
    assert near.all()
    assert 0 < chance < 0.1


def test_the_finest_structures_of_narrow_images_are_seen():
    stripes = np.zeros((4, 8, 64, 1), np.uint8)
    stripes[:, :, ::2] = 255
    assert measures.spectrum_distance(np.zeros_like(stripes), stripes) > 1


def test_the_features_are_named():
    assert embedder().name == ("the network EfficientNet-Lite0" if has_efficientnet() else "the outlines of the images")
