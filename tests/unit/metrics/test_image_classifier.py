"""The classifier of images learns what is in them, the same for the same seed."""

import numpy as np
import pytest
from tiny_pictures import KINDS, pixels

pytest.importorskip("torch")

from smartsynth.metrics import image_classifier
from smartsynth.metrics.image_classifier import predictions


def codes(kinds):
    return np.array([KINDS.index(kind) for kind in kinds])


@pytest.mark.parametrize(("side", "colours"), [(16, 1), (48, 3)])
def test_it_finds_labels_of_unseen_pictures(side, colours, monkeypatch):
    monkeypatch.setattr(image_classifier, "STEPS", 200)
    real, kinds = pixels(300, side, colours=colours)
    other, truth = pixels(150, side, seed=1, colours=colours)
    found = predictions(real, codes(kinds), other, 3, seed=0)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == codes(truth)).mean() > 0.95
    assert np.array_equal(found, predictions(real, codes(kinds), other, 3, seed=0))
