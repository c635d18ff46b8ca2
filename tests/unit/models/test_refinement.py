"""What Refinement promises."""

import numpy as np
import pytest

from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.boosting import Training
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Note, silent

HOW = Training(rounds=100, learning_rate=0.05, num_leaves=8, min_data_in_leaf=50, lambda_l2=5.0, held_out=0.2)
COLUMNS = [CodeColumn(32, True), CodeColumn(32, True)]


def real(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(16, 4, n)
    return np.clip(np.c_[x, x + rng.normal(0, 2, n)].round(), 0, 31).astype(np.int32)


def biased(n, rng, progress=silent):
    """The right margins without the dependence."""
    return np.stack([real(n, rng.integers(2**32))[:, 0], real(n, rng.integers(2**32))[:, 1]], axis=1)


def fit(rounds=3, draw=biased, progress=silent):
    rng = np.random.default_rng(1)
    return Refinement.fit(real(5000, 0), draw, COLUMNS, rounds=rounds, how=HOW, rng=rng, threads=1, progress=progress)


def test_choosing_repairs_what_the_generator_missed():
    """Independent columns become correlated ones."""
    rng = np.random.default_rng(2)
    pool = biased(40_000, rng)
    chosen = fit().choose(pool, 5000, rng)
    correlation = np.corrcoef(pool.T)[0, 1], np.corrcoef(chosen.T)[0, 1], np.corrcoef(real(5000, 9).T)[0, 1]
    assert abs(correlation[0]) < 0.05
    assert correlation[1] > 0.6 * correlation[2]


def test_chosen_rows_are_rows_of_the_pool_in_their_order():
    """No row is made up, none is taken twice."""
    rng = np.random.default_rng(2)
    pool = np.c_[np.arange(1000) % 32, np.arange(1000) % 32].astype(np.int32)
    assert len(fit(1).choose(pool, 300, rng)) == 300


def test_without_rounds_every_row_has_the_same_ratio():
    """Zero rounds is no refinement."""
    refinement = fit(0)
    assert refinement.n_rounds == 0
    assert (refinement.log_ratio(real(10, 0)) == 0).all()


@pytest.mark.parametrize("rounds", [0, 2])
def test_arrays_carry_the_whole_refinement(rounds):
    """A refinement from its arrays scores rows alike."""
    refinement = fit(rounds)
    again = Refinement.from_arrays(refinement.arrays())
    codes = real(200, 3)
    assert np.array_equal(refinement.log_ratio(codes), again.log_ratio(codes))


def losses(draw):
    """What fitting one round reports after its trees."""
    notes = []
    fit(1, draw, lambda fraction, message="": notes.append(message))
    return [note.figures["bits to tell real from made"] for note in notes if isinstance(note, Note)]


def test_the_loss_says_how_well_made_rows_are_told_from_real_ones():
    """Under one bit where they differ, about one bit where they do not."""
    easy, hopeless = losses(biased), losses(lambda n, rng, progress: real(n, rng.integers(2**32)))
    assert min(easy) < 0.9
    assert easy[0] > easy[10]
    assert min(hopeless) == pytest.approx(1.0, abs=0.01)


def test_refining_reports_fractions_that_never_fall():
    """Over all rounds, ending at one."""
    fractions = []
    fit(2, progress=lambda fraction, message="": fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
