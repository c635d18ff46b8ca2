"""Columns of images → ImageProfile: sizes, colours, images that repeat others, faces. No image is in it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.facts import ImageProfile
from smartsynth.schema import Column, Kind, Schema
from smartsynth.utils import faces

MOST_PICTURES = 20_000
FORMS = 3
HASHED = 8
"""Side of the grid whose gradients are the hash of an image."""
NEAR_BITS = 2
"""Bits of the hash in which images that are nearly the same may differ."""
NEAR_LEVELS = 4.0
"""Mean difference of the grid, of 255 levels, up to which they are."""
MOST_COMPARED = 2_000
MOST_SOUGHT = 300
"""Images that are looked at for faces: a few seconds."""


def image_profiles(frame: pd.DataFrame, schema: Schema) -> tuple[ImageProfile, ...]:
    """Every column of images."""
    return tuple(image_profile(c, frame[c.name]) for c in schema if c.kind is Kind.IMAGE)


def image_profile(column: Column, cells: pd.Series[Any]) -> ImageProfile:
    """One column of images."""
    known = cells.dropna()
    rng = np.random.default_rng(0)
    some = known.iloc[np.sort(rng.permutation(len(known))[:MOST_PICTURES])].tolist()
    forms = Counter(str(images.form_of(cell)) for cell in some)
    sides = np.array([(form.width, form.height) for form in map(images.form_of, some)])
    exact = 1 - len(set(some)) / len(some)
    sought, found = _faces(some, rng)
    return ImageProfile(
        name=column.name,
        pictures=len(known),
        forms={form: count / len(some) for form, count in forms.most_common(FORMS)},
        different_forms=len(forms),
        shortest=int(np.quantile(sides.min(1), 0.05)),
        longest=int(np.quantile(sides.max(1), 0.95)),
        grey=sum(share for form, share in forms.items() if form.endswith("grey")) / len(some),
        repeated=float(exact),
        near=_near(*hashes(some)),
        sought=sought,
        faces=found,
    )


def _faces(cells: Sequence[bytes], rng: np.random.Generator) -> tuple[int | None, int]:
    """How many images were looked at for faces, None if nothing can look; and how many seem to show one."""
    if not faces.can_look():
        return None, 0
    drawn = (cells[i] for i in rng.permutation(len(cells)))
    some = list(itertools.islice(filter(faces.is_large_enough, drawn), MOST_SOUGHT))
    return len(some), faces.faces(some)


def hashes(cells: Sequence[bytes]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The difference hash of each image, for each place of a coarse grid whether it is brighter to the right; and that grid.

    Krawetz (2013), "Kind of Like That". Images that look the same differ in few bits.
    """
    from PIL import Image

    made, grids = np.zeros(len(cells), np.uint64), np.zeros((len(cells), HASHED, HASHED + 1), np.uint8)
    for i, cell in enumerate(cells):
        small = Image.fromarray(images.pixels_of(cell)).convert("L").resize((HASHED + 1, HASHED), Image.Resampling.BOX)
        grids[i] = np.asarray(small, np.uint8)
        made[i] = np.packbits((grids[i, :, 1:] > grids[i, :, :-1]).ravel()).view(np.uint64)[0]
    return made, grids


def _near(found: NDArray[np.uint64], grids: NDArray[np.uint8]) -> float:
    """Share of images that are nearly the same as one before them.

    Two hashes that differ in so few bits agree in one of more parts than that, so that only those are compared. Images on an even
    ground have like hashes without being alike, so that the grids themselves must be alike too.
    """
    parts = found.view(np.uint16).reshape(len(found), 4)
    flat = grids.reshape(len(grids), -1).astype(np.int16)
    hit = np.zeros(len(found), bool)
    for part in range(4):
        order = np.argsort(parts[:, part], kind="stable")
        edges = np.flatnonzero(np.diff(parts[order, part])) + 1
        for group in np.split(order, edges):
            mine = np.sort(group)[:MOST_COMPARED]
            apart = np.bitwise_count(found[mine][:, None] ^ found[mine][None, :])
            for one, other in np.argwhere(np.tril(apart <= NEAR_BITS, -1)).tolist():
                a, b = mine[one], mine[other]
                hit[a] = hit[a] or np.abs(flat[a] - flat[b]).mean() <= NEAR_LEVELS
    return float(hit.mean())
