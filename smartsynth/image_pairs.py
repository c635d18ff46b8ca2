"""Images beside the training image that is nearest to each, to look at. These values hold real images.

So they are no facts (facts.py): they are shown on a page of their own that was asked for, and no report, model or job keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and the real one that is nearest to it, as data URLs.

    Args:
        row: Number of the image's row, from 1.
        image: The image.
        real: The nearest real image that was learnt from.
        distance: Between the two.
    """

    row: int
    image: str
    real: str
    distance: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs by one way to compare, the nearest first.

    Args:
        how: What was compared.
        synthetic: Synthetic images.
        unseen: Real images that were not learnt from: the yardstick.
        nearer: How many synthetic images are nearer to a training image than any unseen one is.
    """

    how: str
    synthetic: tuple[Pair, ...]
    unseen: tuple[Pair, ...]
    nearer: int


@dataclass(frozen=True, slots=True)
class NearestImages:
    """What is shown of synthetic images that may be copies.

    Args:
        pairs: One for each way to compare.
        train, synthetic, unseen: Numbers of images that were looked at.
        has_holdout: Whether the unseen images were given, and are not a part of the real data.
    """

    pairs: tuple[Pairs, ...]
    train: int
    synthetic: int
    unseen: int
    has_holdout: bool
