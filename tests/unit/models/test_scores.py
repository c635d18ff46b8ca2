"""Additive scores of very few rows."""

import numpy as np
import pytest

from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.scores import Basis, Scores


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.filterwarnings("error")
def test_fewer_rows_than_folds_are_learnt_in_silence(n):
    """As one of three rows of which two are kept aside: of the other folds of a single row nothing is known."""
    columns = [CodeColumn(3, ordered=j < 2) for j in range(3)]
    codes = np.arange(3 * n, dtype=np.uint16).reshape(3, n) % 3
    basis = Basis.fit(codes, columns, np.random.default_rng(0))
    scores, bins = Scores.fit(codes, columns, basis, [0, 1], 2, 2)
    assert bins.shape[1] == n
    assert all(np.isfinite(table).all() for table in scores.tables)
