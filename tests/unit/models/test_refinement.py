"""What Refinement promises."""

import numpy as np
import pytest

from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.boosting import Training
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Note, silent

HOW = Training(rounds=50, learning_rate=0.1, num_leaves=8, min_data_in_leaf=50, lambda_l2=5.0)
COLUMNS = [CodeColumn(32, True), CodeColumn(32, True)]


def real(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(16, 4, n)
    return np.clip([x, x + rng.normal(0, 2, n)], 0, 31).round().astype(np.uint16)


def biased(n, rng, progress=silent):
    """The right margins without the dependence."""
    return np.stack([real(n, rng.integers(2**32))[0], real(n, rng.integers(2**32))[1]])


def fit(rounds=3, draw=biased, progress=silent):
    rng = np.random.default_rng(1)
    return Refinement.fit(real(5000, 0), draw, COLUMNS, rounds=rounds, how=HOW, rng=rng, threads=1, progress=progress)


def test_choosing_repairs_what_the_generator_missed():
    """Independent columns become correlated ones."""
    rng = np.random.default_rng(2)
    pool = biased(40_000, rng)
    chosen = pool[:, fit().choose(pool, 5000, rng)]
    correlation = [np.corrcoef(codes)[0, 1] for codes in (pool, chosen, real(5000, 9))]
    assert abs(correlation[0]) < 0.05
    assert correlation[1] > 0.6 * correlation[2]


def test_chosen_rows_are_rows_of_the_pool_in_their_order():
    """No row is made up, none is taken twice."""
    rng = np.random.default_rng(2)
    chosen = fit(1).choose(real(1000, 5), 300, rng)
    assert len(set(chosen)) == 300
    assert list(chosen) == sorted(chosen)


def thin(n, seed):
    """Real rows lie along a line that is narrow against the codes' range."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 200, n)
    return np.stack([x, np.clip(x + rng.integers(-6, 7, n), 0, 199)]).astype(np.uint16)


def wide(n, rng, progress=silent):
    """The line, four times as wide."""
    x = rng.integers(0, 200, n)
    return np.stack([x, np.clip(x + rng.integers(-24, 25, n), 0, 199)]).astype(np.uint16)


def test_components_show_what_single_columns_hardly_do():
    """Rows beside a line are told apart by their distance from it, with few and small trees."""
    columns, how = [CodeColumn(200, True)] * 2, Training(20, 0.1, 4, 50, 5.0)
    rng = np.random.default_rng(1)
    refinement = Refinement.fit(
        thin(4000, 0), wide, columns, rounds=1, how=how, rng=rng, threads=1, progress=silent, made_per_real=4
    )
    on, off = thin(2000, 5), wide(8000, rng)
    off = off[:, np.abs(off[0].astype(int) - off[1]) > 8]
    assert refinement.components is not None
    assert refinement.seen(on).shape == (4, 2000)
    assert np.median(refinement.log_ratio(on)) - np.median(refinement.log_ratio(off)) > 1.0


def test_balanced_rows_are_different_ones_and_have_the_real_shares():
    """What `choose` draws, in a better order: a short beginning already has the columns' shares."""
    rng = np.random.default_rng(2)
    refinement, pool = fit(1), biased(9000, rng)
    (places,) = refinement.balanced([pool], 3000, COLUMNS, [rng])
    assert len(set(places.tolist())) == len(places) == 3000
    chance = refinement.choose(pool, 3000, rng)
    wanted = refinement.shares[0]
    misses = [
        np.abs(np.bincount(pool[0, some], minlength=32) / 300 - wanted).sum()
        for some in (places[:300], rng.permutation(chance)[:300])
    ]
    assert misses[0] < 0.6 * misses[1]


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
    """What fitting one round reports after its trees: losses on the rows it learns from."""
    notes = []
    fit(1, draw, lambda fraction, message="": notes.append(message))
    return [note.figures["bits to tell real from made"] for note in notes if isinstance(note, Note)]


def test_the_loss_says_how_well_made_rows_are_told_from_real_ones():
    """Under one bit where they differ, about one bit where they do not."""
    easy, hopeless = losses(biased), losses(lambda n, rng, progress: real(n, rng.integers(2**32)))
    assert min(easy) < 0.9
    assert easy[0] > easy[10]
    assert min(hopeless) > 0.98


def test_the_pool_is_as_large_as_the_ratios_ask_for():
    """A generator that is nearly right needs few rows to choose from."""
    poor, good = fit(1), fit(1, lambda n, rng, progress: real(n, rng.integers(2**32)))
    assert good.pool < poor.pool <= 4.0


def test_a_large_table_takes_no_more_rows():
    """Rows that the classifiers learn from are bounded."""
    asked = []

    def draw(n, rng, progress=silent):
        asked.append(n)
        return biased(n, rng)

    rng = np.random.default_rng(1)
    how = Training(rounds=2, learning_rate=0.1, num_leaves=4, min_data_in_leaf=50, lambda_l2=5.0)
    Refinement.fit(real(300_000, 0), draw, COLUMNS, rounds=2, how=how, rng=rng, threads=1, progress=silent)
    assert max(asked) <= 600_000


def test_refining_reports_fractions_that_never_fall():
    """Over all rounds, ending at one."""
    fractions = []
    fit(2, progress=lambda fraction, message="": fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
