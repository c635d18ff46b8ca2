"""Faces in images: how many of some show one from the front. None is kept, and nobody is recognised.

scikit-image's cascade of local binary patterns (Viola & Jones 2001; Liao et al. 2007) looks at windows of 24 pixels and more. Images are
brought to a longer side from 64 to 128 pixels first: smaller faces are found in small images, and large images give fewer false alarms.
It finds about four in five faces that look into the camera, and hardly any that look aside, are turned or are covered.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth import images

WINDOW = 24
"""Pixels of the smallest face that is looked for."""
LEAST_SIDE, MOST_SIDE = 64, 128
"""Of the longer sides of images that are looked at."""
NEIGHBOURS = 4
"""Windows that must agree on a face."""
FALSE_ALARMS = 0.01
"""Share of images without a face in which one seems to be: at most so many of photographs, textures, digits and X-rays."""


def can_look() -> bool:
    """Whether scikit-image is installed."""
    return importlib.util.find_spec("skimage") is not None


def is_large_enough(cell: bytes) -> bool:
    """Whether an image has room for a face; of a smaller one nothing can be told."""
    form = images.form_of(cell)
    return min(form.width, form.height) >= WINDOW


def faces(cells: Sequence[bytes]) -> int:
    """The number of images that seem to show a face from the front, of images that are large enough."""
    return sum(_has_face(_seen(cell)) for cell in cells)


def chance(found: int, sought: int) -> float:
    """The chance of so many false alarms or more, if no image shows a face.

    >>> chance(0, 300), round(chance(3, 300), 2), round(chance(10, 300), 3)
    (1.0, 0.58, 0.001)
    """
    from scipy.stats import binom

    return float(binom.sf(found - 1, sought, FALSE_ALARMS))


def _seen(cell: bytes) -> NDArray[np.uint8]:
    """An image as it is looked at: grey, neither small nor large."""
    from PIL import Image

    picture = Image.fromarray(images.pixels_of(cell)).convert("L")
    longest = max(picture.size)
    scale = min(max(longest, LEAST_SIDE), MOST_SIDE) / longest
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR), np.uint8)


def _has_face(picture: NDArray[np.uint8]) -> bool:
    room = min(picture.shape)
    if room < WINDOW:
        return False
    found = _cascade().detect_multi_scale(
        picture, scale_factor=1.2, step_ratio=1, min_size=(WINDOW, WINDOW), max_size=(room, room),
        min_neighbor_number=NEIGHBOURS,
    )  # fmt: skip
    return len(found) > 0


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())
