"""What Autoregression promises."""

import numpy as np
import pytest
from scipy import stats

from smartsynth.errors import Cancelled
from smartsynth.models.autoregression import Autoregression, CodeColumn
from smartsynth.models.boosting import Training
from smartsynth.progress import silent

HOW = Training(rounds=60, learning_rate=0.1, num_leaves=8, min_data_in_leaf=20, lambda_l2=1.0)


def fit(codes, columns, progress=silent, seed=0):
    return Autoregression.fit(
        codes, columns, range(len(columns)), how=HOW, rng=np.random.default_rng(seed), threads=2, progress=progress
    )


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
    made = fit(codes, columns).sample(20_000, np.random.default_rng(1))
    shares = np.bincount(made[:, 0]) / len(made)
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    for a in (0, 1):
        real, fake = codes[codes[:, 0] == a], made[made[:, 0] == a]
        assert np.corrcoef(real[:, 1], real[:, 2])[0, 1] == pytest.approx(
            np.corrcoef(fake[:, 1], fake[:, 2])[0, 1], abs=0.1
        )


def test_a_single_code_is_a_constant():
    """A column with one code comes back as that code."""
    codes = np.c_[np.full(200, 2), np.arange(200) % 4].astype(np.int32)
    made = fit(codes, [CodeColumn(5, False), CodeColumn(4, True)]).sample(50, np.random.default_rng(0))
    assert (made[:, 0] == 2).all()


def test_codes_that_never_occurred_are_never_drawn():
    """Only members of the training codes hang on the tree."""
    codes = np.c_[np.arange(3000) % 3 * 10].astype(np.int32)
    made = fit(codes, [CodeColumn(40, True)]).sample(5000, np.random.default_rng(0))
    assert set(np.unique(made)) == {0, 10, 20}


def test_missing_cells_depend_on_the_other_columns():
    """The missing code is split off first and given the columns before."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 8000)
    b = np.where(rng.random(8000) < 0.1 + 0.6 * a, 10, rng.integers(0, 10, 8000))
    columns = [CodeColumn(2, False), CodeColumn(11, True, missing_code=10)]
    made = fit(np.c_[a, b].astype(np.int32), columns).sample(20_000, np.random.default_rng(1))
    for value, share in ((0, 0.1), (1, 0.7)):
        assert (made[made[:, 0] == value, 1] == 10).mean() == pytest.approx(share, abs=0.03)


def test_arrays_carry_the_whole_model():
    """A model from its arrays draws the same rows."""
    codes, columns = table(1000)
    model = fit(codes, columns)
    again = Autoregression.from_arrays(model.arrays())
    one, two = (m.sample(500, np.random.default_rng(3)) for m in (model, again))
    assert np.array_equal(one, two)


def test_ten_thousand_categories():
    """A column of very many levels fits, and its levels stay with what they depend on."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 60_000)
    b = rng.integers(0, 5000, 60_000) + 5000 * a
    columns = [CodeColumn(2, False), CodeColumn(10_000, False)]
    made = fit(np.c_[a, b].astype(np.int32), columns).sample(20_000, np.random.default_rng(1))
    assert ((made[:, 1] >= 5000) == made[:, 0]).mean() > 0.97
    assert len(np.unique(made[:, 1])) > 8000


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


def test_few_rows_claim_nothing():
    """Where no rows can be held out, nothing is said to be explained."""
    codes, columns = table(50)
    notes = []
    fit(codes, columns, lambda fraction, message="": notes.append(message))
    assert notes[-1].figures["share explained"] == pytest.approx(0.0, abs=1e-9)
