"""What there is to see of images: a map, and synthetic ones. No real image is ever shown."""

from __future__ import annotations

import base64

import numpy as np

from smartsynth import images
from smartsynth.facts import ImageSample, ImageView
from smartsynth.schema import Column, Schema
from smartsynth.utils.image_sample import Side, pictures_of
from smartsynth.utils.sequence_views import cloud_of

SAMPLES = 48
"""Synthetic images that are shown."""
MOST_SIDE = 96
"""Of an image that is shown."""


def view(t: Side, s: Side, h: Side, schema: Schema, label: Column | None, *, k: int, seed: int) -> ImageView:
    """The images of training, synthetic and unseen images.

    Args:
        t: Training images.
        s: Synthetic images.
        h: Unseen images.
        schema: Their columns.
        label: What synthetic images are ordered by.
        k: A place of the map that fewer real images have is left out.
        seed: Of which synthetic images are shown.
    """
    rng = np.random.default_rng([seed, 0x71E4])
    chosen = rng.permutation(len(s))[:SAMPLES]
    about = [""] * len(s) if label is None else [str(value) for value in s.frame[label.name]]
    chosen = chosen[np.argsort([about[i] for i in chosen], kind="stable")]
    cells = s.frame[pictures_of(schema).name].tolist()
    samples = tuple(ImageSample(about[i], shown(cells[i])) for i in chosen.tolist())
    form = images.form_of(cells[0])
    return ImageView(samples, str(form), cloud_of(t.points, s.points, h.points, k, rng))


def shown(cell: bytes) -> str:
    """An image for a page, as a data URL, made smaller if it is large."""
    form = images.form_of(cell)
    longest = max(form.width, form.height)
    if longest > MOST_SIDE:
        share = MOST_SIDE / longest
        small = images.Form(max(round(form.width * share), 1), max(round(form.height * share), 1), form.grey)
        cell = images.brought([cell], small, images.STRETCH)[0]
    return f"data:image/png;base64,{base64.b64encode(cell).decode()}"
