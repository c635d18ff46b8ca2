"""A small grid of images that a network in training paints, to see how far it is.

Each place of the grid keeps its row and its noise, so that from one grid to the next only the network changes. What is painted
has passed no privacy filter: it is for the eyes of the data's owner while the training lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.images import Form
from smartsynth.models.image_network import Shape, build, paint, with_weights
from smartsynth.models.image_training import ImageTraining
from smartsynth.models.preview import Preview

IMAGES, COLUMNS = 16, 4
CELL = 96
"""Pixels of the longer side of an image in the grid, about."""
GAP = 4


def preview_of(training: ImageTraining, shape: Shape, places: Sequence[int], *, steps: int, guidance: float) -> Preview:
    """Grids painted by the averaged weights of a training.

    Args:
        training: The training.
        shape: Of its network.
        places: Of the rows that images are painted for, among those that are learnt.
        steps: From noise to an image.
        guidance: How much an image hangs on its row.
    """
    told = training.rows[list(places)].float().cpu().numpy()

    def draw() -> bytes:
        rngs = [np.random.default_rng([training.seed, place, 0x96D1]) for place in range(len(told))]
        network = with_weights(build(shape, 0), training.weights())
        return as_grid(
            paint(network, shape, told, rngs, steps=steps, guidance=guidance, report=lambda share: None), COLUMNS
        )

    return Preview(draw)


def spread(rows: pd.DataFrame, levels: Mapping[str, Sequence[str]], n: int = IMAGES) -> list[int]:
    """Places of at most n rows over which the values of a label are spread evenly, the rows of a value side by side.

    The label is the column with most values of those that have at most n; without one the first rows are taken.

    Args:
        rows: What is learnt.
        levels: Known values of its categories.
        n: Places that are wanted.

    >>> spread(pd.DataFrame({"label": list("aaabbc")}), {"label": ["a", "b", "c"]}, 4)
    [0, 1, 3, 5]
    """
    fitting = {name: len(known) for name, known in levels.items() if 1 < len(known) <= n}
    if not fitting:
        return list(range(min(n, len(rows))))
    label = max(fitting, key=lambda name: fitting[name])
    values = rows[label].reset_index(drop=True).dropna().astype(str)
    values = values[values.isin(levels[label])]
    turns = values.groupby(values).cumcount().sort_values(kind="stable")
    chosen = values.loc[turns.index[:n]]
    return [int(place) for place in chosen.sort_values(kind="stable").index]


def as_grid(pixels: NDArray[np.uint8], columns: int) -> bytes:
    """Images side by side as one PNG file, small ones enlarged and large ones made smaller.

    Args:
        pixels: Images × height × width × channels.
        columns: Images of a line.
    """
    n, height, width, channels = pixels.shape
    longest = max(height, width)
    if longest > CELL:
        form = Form(max(round(width * CELL / longest), 1), max(round(height * CELL / longest), 1), channels == 1)
        pixels = images.stacked(images.brought(images.unstacked(pixels), form, images.STRETCH))
    else:
        pixels = pixels.repeat(CELL // longest, axis=1).repeat(CELL // longest, axis=2)
    cells: list[Any] = list(np.pad(pixels, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255))
    cells += [np.full_like(cells[0], 255)] * (-n % columns)
    lines = [np.concatenate(cells[at : at + columns], axis=1) for at in range(0, len(cells), columns)]
    grid = np.concatenate(lines)[:-GAP, :-GAP]
    return images.cell_of(grid[..., 0] if channels == 1 else grid)
