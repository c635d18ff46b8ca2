"""Small images for tests: bars that lie or stand, and crosses, with noise; a fit takes seconds."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from smartsynth import images

KINDS = ("lying", "standing", "cross")


def pixels(n=90, side=16, seed=0, colours=1):
    """Images and what they show: images × side × side × colours, and names."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(KINDS, n, p=[0.5, 0.3, 0.2])
    made = rng.integers(0, 40, (n, side, side, colours), dtype=np.uint8)
    for picture, kind in zip(made, kinds, strict=True):
        at = int(rng.integers(side // 4, 3 * side // 4 - 1))
        light = int(rng.integers(150, 250))
        if kind in ("lying", "cross"):
            picture[at : at + 2] = light
        if kind in ("standing", "cross"):
            picture[:, at : at + 2] = light
    return made, kinds


def frame(n=90, side=16, seed=0, colours=1):
    """A table of images, of what they show and of how light they are."""
    made, kinds = pixels(n, side, seed, colours)
    return pd.DataFrame({"image": images.unstacked(made), "label": kinds})


def file_of(array, format="PNG", **options):
    """The bytes of an image file."""
    sink = io.BytesIO()
    Image.fromarray(array).save(sink, format, **options)
    return sink.getvalue()


def folder(path, n=30, side=16, seed=0):
    """Images in folders of their labels."""
    made, kinds = pixels(n, side, seed)
    for i, (picture, kind) in enumerate(zip(made, kinds, strict=True)):
        (path / kind).mkdir(parents=True, exist_ok=True)
        (path / kind / f"{i}.png").write_bytes(file_of(picture[..., 0]))
    return path
