"""Singling out, linkability and inference: found where they were planted, absent among rows of others."""

import numpy as np
import pytest

from smartsynth.privacy import wp29

N = 1_500


def rows(seed):
    """Encoded rows: four numbers that hang together, two categories."""
    rng = np.random.default_rng(seed)
    common = rng.random((N, 1))
    numbers = 0.5 * common + 0.5 * rng.random((N, 4))
    return np.column_stack([numbers, rng.integers(0, 6, (N, 2))]).astype(np.float32)


TRAIN, HOLDOUT, FRESH = rows(0), rows(1), rows(2)


def near(share):
    """Training rows, each number moved by up to 1 % of its range, in a share of the synthetic rows."""
    rng = np.random.default_rng(3)
    made = FRESH.copy()
    n = round(share * N)
    made[:n] = TRAIN[:n]
    made[:n, :4] += rng.uniform(-0.01, 0.01, (n, 4)).astype(np.float32)
    return made


def ask(question, made):
    rng = np.random.default_rng(4)
    if question == "inference":
        return wp29.inference(TRAIN, made, HOLDOUT, range(6), rng)[1]
    return getattr(wp29, question)(TRAIN, made, HOLDOUT, rng)


@pytest.mark.parametrize("question", ["singling_out", "linkability", "inference"])
def test_planted_rows_are_found(question):
    found = ask(question, near(0.5))
    assert found.p < 1e-6
    assert found.interval[0] > 0.09


@pytest.mark.parametrize("question", ["singling_out", "linkability", "inference"])
def test_rows_of_others_give_no_advantage(question):
    found = [ask(question, rows(seed)) for seed in range(10, 20)]
    assert sum(test.p < 0.01 for test in found) == 0
    assert sum(test.interval[0] > 0.09 for test in found) == 0


def test_what_a_column_says_of_everybody_is_no_leak():
    """A column that another one determines is guessed for all real rows alike."""
    sure = [np.column_stack([x, x[:, 4]]).astype(np.float32) for x in (TRAIN, FRESH, HOLDOUT)]
    column, found = wp29.inference(*sure, [6], np.random.default_rng(0))
    assert (column, found.value > 0.95, found.expected > 0.95) == (6, True, True)
    assert found.p > 0.01


def test_few_columns_have_no_halves():
    narrow = TRAIN[:, :3]
    assert wp29.linkability(narrow, narrow, narrow, np.random.default_rng(0)) is None
    assert wp29.inference(TRAIN[:, :1], TRAIN[:, :1], TRAIN[:, :1], [0], np.random.default_rng(0)) is None
