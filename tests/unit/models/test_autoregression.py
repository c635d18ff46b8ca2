"""What Autoregression promises."""

import numpy as np
import pytest
from scipy import stats

from smartsynth.errors import Cancelled
from smartsynth.models.autoregression import Autoregression, CodeColumn, Growth
from smartsynth.progress import silent


def fit(codes, columns, progress=silent, seed=0, threads=2, **growth):
    return Autoregression.fit(
        np.ascontiguousarray(codes.T).astype(np.uint16), columns, range(len(columns)), growth=Growth(**growth),
        rng=np.random.default_rng(seed), threads=threads, progress=progress,
    )  # fmt: skip


def drawn(model, n, seed=1):
    return model.sample(n, np.random.default_rng(seed)).T


def table(n=6000, seed=0):
    """A category, a bin number that depends on it, and a bin number that depends on both."""
    rng = np.random.default_rng(seed)
    a = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    b = np.clip(rng.normal(8 + 6 * a, 2, n).round(), 0, 31)
    c = np.clip(rng.normal(np.where(a == 1, b, 31 - b), 2, n).round(), 0, 31)
    return np.c_[a, b, c].astype(np.int32), [CodeColumn(3, False), CodeColumn(32, True), CodeColumn(32, True)]


def test_the_joint_distribution_is_learnt():
    """Margins and the dependence that flips with the category come back."""
    codes, columns = table()
    made = drawn(fit(codes, columns), 20_000)
    shares = np.bincount(made[:, 0]) / len(made)
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    for a in (0, 1):
        real, fake = codes[codes[:, 0] == a], made[made[:, 0] == a]
        # Shrinkage blurs what 1,800 rows say of 32 by 32 codes; it never makes more of it than there is.
        expected, found = (abs(np.corrcoef(rows[:, 1], rows[:, 2])[0, 1]) for rows in (real, fake))
        assert expected - 0.15 < found < expected + 0.03
        assert np.corrcoef(fake[:, 1], fake[:, 2])[0, 1] * (1 if a else -1) > 0


def test_a_coarse_choice_that_is_certain_stays_so_where_the_fine_ones_are_noise():
    """A tenth of the rows has codes that no other row has; within the two groups all codes are alike, which asks for strong shrinkage."""
    rng = np.random.default_rng(0)
    apart = rng.random(3_000) < 0.1
    codes = np.c_[apart, rng.integers(0, 20, 3_000) + 20 * apart, rng.integers(0, 5, 3_000)][:, [0, 2, 1]].astype(
        np.int32
    )
    made = drawn(fit(codes, [CodeColumn(2, False), CodeColumn(5, True), CodeColumn(40, True)]), 20_000)
    assert ((made[:, 2] >= 20) == (made[:, 0] == 1)).mean() > 0.995


def test_a_table_without_codes_has_empty_rows():
    """As that of a table which has nothing but keys."""
    model = fit(np.zeros((50, 0)), [])
    assert drawn(Autoregression.from_arrays(model.arrays()), 7).shape == (7, 0)


def test_a_single_code_is_a_constant():
    """A column with one code comes back as that code."""
    codes = np.c_[np.full(200, 2), np.arange(200) % 4].astype(np.int32)
    made = drawn(fit(codes, [CodeColumn(5, False), CodeColumn(4, True)]), 50)
    assert (made[:, 0] == 2).all()


def test_codes_that_never_occurred_are_never_drawn():
    """Only members of the training codes hang on the tree."""
    codes = np.c_[np.arange(3000) % 3 * 10].astype(np.int32)
    made = drawn(fit(codes, [CodeColumn(40, True)]), 5000)
    assert set(np.unique(made)) == {0, 10, 20}


def test_missing_cells_depend_on_the_other_columns():
    """The missing code is split off first and given the columns before."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 8000)
    b = np.where(rng.random(8000) < 0.1 + 0.6 * a, 10, rng.integers(0, 10, 8000))
    columns = [CodeColumn(2, False), CodeColumn(11, True, missing_code=10)]
    made = drawn(fit(np.c_[a, b], columns), 20_000)
    for value, share in ((0, 0.1), (1, 0.7)):
        assert (made[made[:, 0] == value, 1] == 10).mean() == pytest.approx(share, abs=0.03)


def test_arrays_carry_the_whole_model():
    """A model from its arrays draws the same rows."""
    codes, columns = table(1000)
    model = fit(codes, columns)
    again = Autoregression.from_arrays(model.arrays())
    one, two = (drawn(m, 500, 3) for m in (model, again))
    assert np.array_equal(one, two)


def test_a_sum_of_columns_is_learnt():
    """The score of the earlier columns lets trees follow a sum that no single split shows."""
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 8, (4, 6000))
    codes = np.r_[parts, [np.clip(parts.sum(axis=0) + rng.integers(-1, 2, 6000), 0, 31)]].T
    columns = [CodeColumn(8, True)] * 4 + [CodeColumn(32, True)]
    errors = {}
    for scores in (0, 2):
        made = drawn(fit(codes, columns, scores=scores), 10_000).astype(int)
        errors[scores] = np.abs(made[:, 4] - made[:, :4].sum(axis=1)).mean()
    assert errors[2] < 1.2  # a uniform -1, 0 or 1 alone has 0.67
    assert errors[2] < 0.8 * errors[0]


def test_independent_columns_are_drawn_from_their_margins():
    """Where the rows that trees have not seen speak against them, there are none."""
    rng = np.random.default_rng(0)
    codes = np.c_[rng.integers(0, 30, 3000), rng.integers(0, 30, 3000)]
    model = fit(codes, [CodeColumn(30, True), CodeColumn(30, False)])
    assert len(model.chain.root) == 2


def test_blocks_depend_on_their_seeds_alone():
    """Whatever is drawn beside it, a block is the same."""
    codes, columns = table(1000)
    model = fit(codes, columns)
    seeds = np.array([3, 4, 5], dtype=np.uint64)
    together = model.draw(seeds, 100)
    for seed, block in zip(seeds, together, strict=True):
        assert np.array_equal(model.draw(np.array([seed]), 100)[0], block)


def test_threads_do_not_change_the_model():
    """Each column has its own random numbers."""
    codes, columns = table(1000)
    one, two = (fit(codes, columns, threads=threads).arrays() for threads in (1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_wide_table_is_learnt_from_its_most_telling_columns():
    """Of 40 columns, the one that the last depends on is found."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 6, (2000, 41))
    codes[:, 40] = np.where(rng.random(2000) < 0.9, codes[:, 3], codes[:, 40])
    made = drawn(fit(codes, [CodeColumn(6, False)] * 41, trees=4), 4000)
    assert (made[:, 40] == made[:, 3]).mean() > 0.85


def test_cancelling_stops_the_fit():
    """What the callback raises comes through."""
    codes, columns = table(1000)

    def stop(fraction, message="", /):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit(codes, columns, progress=stop)


def test_what_the_columns_explain_of_each_other_is_reported():
    """Bits are those of the distribution the rows were drawn from; independent columns explain nothing."""
    codes, columns = table()
    notes = []
    fit(codes, columns, lambda fraction, message="": notes.append(message))
    assert [str(note) for note in notes] == [f"Learning column {i} of 3" for i in (1, 2, 3)]
    # Each cell of b and c is a normal of width 2 in steps of 1, given the columns before it.
    expected = (stats.entropy([0.6, 0.3, 0.1], base=2) + 2 * np.log2(2 * np.sqrt(2 * np.pi * np.e))) / 3
    assert notes[-1].figures["bits per cell"] == pytest.approx(expected, rel=0.05)
    assert 0.2 < notes[-1].figures["share explained"] < 0.6

    shuffled = np.random.default_rng(1).permuted(codes, axis=0)
    fit(shuffled, columns, lambda fraction, message="": notes.append(message))
    assert notes[-1].figures["share explained"] == pytest.approx(0.0, abs=0.01)
