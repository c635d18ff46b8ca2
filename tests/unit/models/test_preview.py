"""Pictures of a training: they cost little, change nothing of what is learnt, and show each label."""

import functools
import io

import numpy as np
import pytest
from PIL import Image
from tiny_pictures import frame

from smartsynth.models.preview import Preview
from smartsynth.progress import Note


class Clock:
    """A clock that somebody else moves."""

    now = 0.0

    def __call__(self):
        return self.now


def watched(seconds, cost, *, step=1.0):
    """When pictures were drawn by a training of so many seconds, each at a cost, and the share that they took."""
    clock, at = Clock(), []

    def draw():
        at.append(clock.now)
        clock.now += cost
        return b"PNG"

    preview = Preview(draw, clock=clock)
    while clock.now < seconds:
        clock.now += step
        _ = Note("Epoch", {}, preview.next()).picture
    return np.array(at), cost * len(at) / clock.now


@pytest.mark.parametrize(("cost", "gap"), [(0.1, 20.0), (0.5, 20.0), (3.0, 100.0), (30.0, 1000.0)])
def test_pictures_take_their_share_of_the_time_at_most(cost, gap):
    at, share = watched(7200, cost)
    assert at[0] == 20.0
    assert len(at) > 5
    assert share <= 0.031
    assert np.diff(at).min() >= gap


def test_nothing_is_drawn_for_nobody_nor_after_the_training_has_gone_on():
    clock, drawn = Clock(), []
    preview = Preview(lambda: drawn.append(1) or b"PNG", clock=clock)
    assert preview.next() is None
    clock.now = 30.0
    late, other = Note("Epoch 1", {}, preview.next()), Note("Epoch 2", {}, preview.next())
    assert late.picture is None
    assert drawn == []
    again = Note("the same", {}, other._picture)
    assert (other.picture, again.picture, drawn) == (b"PNG", b"PNG", [1])
    assert preview.next() is None


def learnt(real, progress=None):
    from smartsynth.models.diffusion_generator import DiffusionGenerator

    return DiffusionGenerator(width=16, batch_size=32, steps=3, epochs=8).fit(real, seed=1, progress=progress)


def test_who_looks_learns_the_same(monkeypatch):
    """The weights are the same to the last bit, and grids have sixteen images and change."""
    pytest.importorskip("diffusers")
    eager = functools.partial(Preview, every=0.0, share=1e9)
    monkeypatch.setattr("smartsynth.models.image_preview.Preview", eager)
    real, found = frame(90), []
    seen = learnt(real, lambda fraction, message="": found.append(getattr(message, "picture", None)))
    unseen = learnt(real)
    assert all(np.array_equal(seen._weights[name], unseen._weights[name]) for name in unseen._weights)
    pictures = [np.asarray(Image.open(io.BytesIO(picture))) for picture in found if picture is not None]
    assert len(pictures) == 2
    assert {picture.shape for picture in pictures} == {(4 * 96 + 3 * 4,) * 2}
    assert (pictures[0] != pictures[1]).any()
    first = pictures[-1][:96, :96]
    assert (first == first[::6, ::6].repeat(6, 0).repeat(6, 1)).all()


def test_labels_are_spread_over_the_grid():
    pytest.importorskip("torch")
    import pandas as pd

    from smartsynth.models.image_preview import spread

    rows = pd.DataFrame({"label": ["a"] * 50 + ["b"] * 3 + ["rare", None], "sex": ["f", "m"] * 27 + ["f"]})
    levels = {"label": ["a", "b"], "sex": ["f", "m"]}
    places = spread(rows.assign(sex="f"), {**levels, "sex": ["f"]}, 6)
    assert rows["label"][places].tolist() == ["a", "a", "a", "b", "b", "b"]
    assert spread(rows, {}, 4) == [0, 1, 2, 3]
    many = pd.DataFrame({"digit": [str(i % 10) for i in range(200)], "sex": ["f", "m"] * 100})
    chosen = spread(many, {"digit": [str(i) for i in range(10)], "sex": ["f", "m"]})
    counts = many["digit"][chosen].value_counts()
    assert (len(chosen), counts.min(), counts.max()) == (16, 1, 2)
    assert many["digit"][chosen].is_monotonic_increasing


@pytest.mark.parametrize(("height", "width", "colours"), [(28, 28, 1), (64, 48, 3), (200, 100, 3), (4, 4, 1)])
def test_a_grid_holds_images_of_any_form(height, width, colours):
    pytest.importorskip("torch")
    from smartsynth.models.image_preview import as_grid

    pixels = np.full((5, height, width, colours), 7, np.uint8)
    grid = np.asarray(Image.open(io.BytesIO(as_grid(pixels, 4))))
    cell = round(height * (96 / max(height, width)) if max(height, width) > 96 else height * (96 // max(height, width)))
    assert grid.shape[0] == 2 * cell + 4
    assert grid.ndim == (2 if colours == 1 else 3)
    assert (grid[:cell, 0] == 7).all()
    assert (grid[-1, -1] == 255).all()
