"""Which part of the real records has a synthetic one in its neighbourhood, and how many are nearer than fresh ones come.

Records are encoded by `privacy.neighbours.MixedDistance`, so that a neighbourhood means the same as for the privacy measures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy.neighbours import nearest

Encoded = NDArray[np.float32]
NEIGHBOURS = 5
QUANTILE = 0.01


def coverage(real: Encoded, made: Encoded, *, k: int = NEIGHBOURS) -> float:
    """Share of the real records with a made one nearer than their k-th nearest other real record.

    Coverage of Naeem et al. (2020), "Reliable Fidelity and Diversity Metrics for Generative Models". Of as many made records from the
    same distribution about 1 - 2⁻ᵏ is expected, 0.97 for k = 5.

    Args:
        real: Encoded records that nothing was learnt from.
        made: As many others.
        k: Which neighbour is the limit.
    """
    k = min(k, len(real) - 1)
    if k < 1 or len(made) == 0:
        return float("nan")
    limits = nearest(real, real, k=k + 1)[0][:, -1]
    return float((nearest(real, made)[0][:, 0] < limits).mean())


def near_share(train: Encoded, made: Encoded, fresh: Encoded) -> float:
    """Share of the made records that lie nearer to a training record than the 1 % quantile of fresh ones do.

    A hundredth is expected of records that are as independent of the training records as the fresh ones are.
    """
    limit = np.quantile(nearest(fresh, train)[0][:, 0], QUANTILE)
    return float((nearest(made, train)[0][:, 0] < limit).mean())
