"""Whether rows and texts of single people come back, verbatim or nearly so.

Numbers stand for rows (`MixedDistance.keys`) or for pieces of text. A piece that one real row alone has, in the training
rows and the holdout together, is somebody's own; without leakage it is chance in which of the two tables it lies.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.privacy import attacks
from smartsynth.privacy.attacks import Test

WINDOW = 8
"""Words in a row that count as a replay of a longer text."""
MOST_TEXTS = 10_000

Keys = NDArray[np.uint64]


def rows(train: Keys, synthetic: Keys, holdout: Keys) -> tuple[int, int, int, int]:
    """Lone training rows that come back, of how many; and the same of the holdout."""
    both = np.r_[train, holdout]
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    lone = counts[place] == 1
    back = lone & np.isin(both, synthetic)
    n = len(train)
    return int(back[:n].sum()), int(lone[:n].sum()), int(back[n:].sum()), int(lone[n:].sum())


def texts(train: pd.Series, synthetic: pd.Series, holdout: pd.Series) -> Test:
    """Whether texts of training rows come back more often than those of holdout rows.

    Case, punctuation and spaces do not count. A text of more than eight words also comes back if eight of its words in a
    row do that no other real row has.
    """
    (ours, of_ours), (made, _), (theirs, of_theirs) = (
        _pieces(cells.iloc[:MOST_TEXTS]) for cells in (train, synthetic, holdout)
    )
    texts_with = [
        np.unique(np.c_[owner, piece], axis=0)[:, 1] for piece, owner in ((ours, of_ours), (theirs, of_theirs))
    ]
    values, counts = np.unique(np.concatenate(texts_with), return_counts=True)
    lone = values[counts == 1]
    back = lone[np.isin(lone, made)]
    own, other, hits, controls = (
        len(np.unique(owner[np.isin(piece, which)]))
        for which in (lone, back)
        for piece, owner in ((ours, of_ours), (theirs, of_theirs))
    )
    return attacks.excess(hits, own, controls, other)


def _pieces(cells: pd.Series) -> tuple[Keys, Keys]:
    """A number for each text and for each window of its words, and the text it belongs to."""
    pieces: list[str] = []
    owners: list[int] = []
    for owner, cell in enumerate(cells.dropna()):
        words = re.findall(r"\w+", str(cell).casefold())
        windows = range(len(words) - WINDOW + 1) if len(words) > WINDOW else range(0)
        found = [" ".join(words), *(" ".join(words[i : i + WINDOW]) for i in windows)] if words else []
        pieces += found
        owners += [owner] * len(found)
    keys = pd.util.hash_array(np.array(pieces, dtype=object), categorize=False) if pieces else np.zeros(0, np.uint64)
    return keys, np.array(owners, np.uint64)
