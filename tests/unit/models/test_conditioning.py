"""Rows given some of their cells have the distribution that the model gives them."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError
from smartsynth.models.autoregression import Autoregression, CodeColumn, Growth
from smartsynth.models.boosting import flatten
from smartsynth.models.coding import Inside
from smartsynth.models.conditioning import Limited, draw_under, fill
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.refinement import Refinement
from smartsynth.progress import silent

NO_REFINEMENT = Refinement(flatten([]))
COLUMNS = [CodeColumn(4, False), CodeColumn(16, True), CodeColumn(16, True)]


@pytest.fixture(scope="module")
def chain():
    """A category, a number that depends on it, and a number that depends on both, learnt in this order."""
    rng = np.random.default_rng(0)
    a = rng.choice(4, 20_000, p=[0.5, 0.3, 0.15, 0.05])
    b = np.clip(rng.normal(3 * a + 2, 2).round(), 0, 15)
    c = np.clip(rng.normal(15 - b, 1.5 + (a == 1)).round(), 0, 15)
    return Autoregression.fit(
        np.array([a, b, c], np.uint16), COLUMNS, [0, 1, 2], growth=Growth(trees=8), rng=rng, threads=2, progress=silent
    )  # fmt: skip


def limits(**allowed):
    weight = np.ones((3, 16))
    is_limited = np.zeros(3, bool)
    for name, codes in allowed.items():
        weight["abc".index(name)] = np.isin(np.arange(16), codes)
        is_limited["abc".index(name)] = True
    return Limited(weight, is_limited, Inside((), ()))


def test_rows_under_a_condition_on_a_late_column_are_those_of_the_model(chain):
    """As many rejected rows would show: the earlier columns follow the condition."""
    made, worth = draw_under(chain, NO_REFINEMENT, limits(c=[0, 1, 2]), 4000, np.random.default_rng(1))
    assert set(made[2]) <= {0, 1, 2}
    assert worth == 1.0
    plain = chain.sample(200_000, np.random.default_rng(2))
    expected = plain[:, plain[2] <= 2]
    for j, n in ((0, 4), (1, 16), (2, 16)):
        p, q = (np.bincount(x, minlength=n) / len(x) for x in (expected[j], made[j]))
        assert np.abs(p - q).sum() / 2 < 0.04


def test_a_very_rare_condition_needs_no_luck(chain):
    """One row in thousands: no draw is in vain."""
    plain = chain.sample(400_000, np.random.default_rng(2))
    share = ((plain[0] == 3) & (plain[2] >= 9)).mean()
    assert share < 0.002
    made, worth = draw_under(chain, NO_REFINEMENT, limits(a=[3], c=range(9, 16)), 2000, np.random.default_rng(1))
    assert (made[0] == 3).all()
    assert (made[2] >= 9).all()
    assert worth > 0.5
    expected = plain[1, (plain[0] == 3) & (plain[2] >= 9)]
    assert made[1].mean() == pytest.approx(expected.mean(), abs=0.5)


def test_what_cannot_be_is_told(chain):
    """No code left: no endless search."""
    with pytest.raises(ConfigError, match=r"none of .* rows of the model fulfils all conditions"):
        draw_under(chain, NO_REFINEMENT, limits(a=[]), 100, np.random.default_rng(1))


def test_the_same_numbers_give_the_same_rows(chain):
    """However many threads draw."""
    one, two = (draw_under(chain, NO_REFINEMENT, limits(b=[9]), 300, np.random.default_rng(5))[0] for _ in range(2))
    assert np.array_equal(one, two)


def test_filled_cells_follow_the_known_ones(chain):
    """A first column is filled by what the later ones say about it, with the right spread."""
    plain = chain.sample(200_000, np.random.default_rng(2))
    known = np.tile(np.array([[-1], [8], [7]], np.int32), 2000)
    made, effective = fill(chain, NO_REFINEMENT, known, limits(), np.random.default_rng(1), silent)
    assert (made[1] == 8).all()
    assert (made[2] == 7).all()
    alike = plain[0, (plain[1] == 8) & (plain[2] == 7)]
    p, q = (np.bincount(x, minlength=4) / len(x) for x in (alike, made[0]))
    assert np.abs(p - q).sum() / 2 < 0.06
    assert effective > 5


def test_rows_without_a_gap_are_left_alone(chain):
    """Nothing to fill, nothing changed."""
    known = chain.sample(50, np.random.default_rng(2)).astype(np.int32)
    made, _ = fill(chain, NO_REFINEMENT, known, limits(), np.random.default_rng(1), silent)
    assert np.array_equal(made, known)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    n = 3000
    sick = rng.random(n) < 0.1
    age = np.clip(rng.normal(45 + 20 * sick, 12, n).round(), 18, 95)
    frame = pd.DataFrame({
        "age": age.astype(int),
        "sick": sick,
        "weight": rng.normal(70, 12, n) + 0.2 * age,
        "ward": np.where(sick, rng.choice(["east", "west"], n), "none"),
        "town": rng.choice([f"town {i}" for i in range(300)], n, p=(p := np.arange(300, 0, -1.0)) / p.sum()),
        "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D"),
        "score": np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 5, n) * 10.0),
    })  # fmt: skip
    return ForestGenerator(trees=4, refinement_rounds=1).fit(frame, seed=0)


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (["age>=60", "age<70"], lambda d: d["age"].between(60, 69)),
        (["sick=True", "ward=west"], lambda d: d["sick"] & (d["ward"] == "west")),
        ({"weight": (60.0, 61.5)}, lambda d: d["weight"].between(60, 61.5)),
        ({"town": ["town 3", "town 200"]}, lambda d: d["town"].isin(["town 3", "town 200"])),
        (["seen>=2024-03-01", "seen<=2024-03-31"], lambda d: (d["seen"].dt.month == 3) & (d["seen"].dt.year == 2024)),
        (["score=30"], lambda d: d["score"] == 30),
        ({"score": None}, lambda d: d["score"].isna()),
        (["score!=0"], lambda d: d["score"].notna() & (d["score"] != 0)),
        (["ward!=none", "age<40"], lambda d: (d["ward"] != "none") & (d["age"] < 40)),
    ],
)
def test_every_row_fulfils_the_conditions(model, where, fits):
    """Of every kind of column; the effective number of rows is told."""
    made = model.sample(500, where=where, seed=3)
    assert len(made) == 500
    assert fits(made).all()
    assert 0 < made.attrs["effective_rows"] <= 500


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (["ward=north"], r"the model knows no such value\..*It knows: east, none, west\."),
        (["age>=200"], r"no such value lies in the range that the model makes"),
        (["age="], r"column 'age' has no missing cells"),
        (["ward="], r"column 'ward' has no missing cells"),
        (["sick=False", "ward=east"], None),
    ],
)
def test_conditions_that_no_row_fulfils_are_told(model, where, says):
    """With what the model knows; what is only unlikely is made all the same."""
    if says is None:
        made = model.sample(20, where=where, seed=1)
        assert ((~made["sick"]) & (made["ward"] == "east")).all()
        return
    with pytest.raises(ConfigError, match=says):
        model.sample(5, where=where)


def test_rows_under_conditions_are_one_endless_table(model):
    """Row i is the same row however many are asked for."""
    whole = model.sample(4500, where=["age>=60"], seed=7)
    tail = model.sample(100, where=["age>=60"], seed=7, start=4400)
    pd.testing.assert_frame_equal(whole.tail(100).reset_index(drop=True), tail)


def test_a_filled_table_keeps_what_it_knew(model):
    """Cells that the model does not know stay too."""
    rows = pd.DataFrame({"age": [30, None, 70], "sick": [None, True, False], "ward": ["none", None, "moon"]})
    made = model.impute(rows, seed=1)
    assert list(made.columns) == list(model.schema_.names)
    assert made["ward"].iloc[2] == "moon"
    assert made["age"].iloc[0] == 30
    assert made.notna().all().all()
    assert made["ward"].iloc[1] in ("east", "west")
    assert made["age"].dtype == np.int64


@pytest.fixture(scope="module")
def odd():
    """A forest of a table with rare categories, many categories, and gaps in all of it."""
    rng = np.random.default_rng(0)
    n = 3_000
    job = rng.choice(["Sales", "Tech", "Ops"], n).astype(object)
    job[:300] = [f"rare {i}" for i in range(300)]
    frame = pd.DataFrame({
        "job": job, "price": rng.normal(50, 8, n).round(1), "sku": [f"S{i % 400:03d}" for i in range(n)],
        "key": [f"K{i:05d}" for i in range(n)], "x": rng.normal(size=n),
    })  # fmt: skip
    frame.loc[rng.random(n) < 0.2, ["price", "sku"]] = None
    frame.loc[rng.random(n) < 0.3, "key"] = None
    return ForestGenerator(trees=4).fit(frame, seed=0), frame


def test_a_value_that_is_excluded_never_comes_back_for_a_rare_one(odd):
    made = odd[0].sample(1_500, where=["job!=Sales", "job!=Tech"], seed=1)
    assert not set(made["job"]) & {"Sales", "Tech"}


def test_missing_may_be_one_of_several_values(odd):
    made = odd[0].sample(400, where={"price": [None, 50.0]}, seed=1)["price"]
    assert set(made.dropna()) == {50.0}
    assert made.isna().any()
    with pytest.raises(ConfigError, match="no such value"):
        odd[0].sample(5, where=["price=", "price>=60"], seed=1)


def test_no_cell_is_left_missing_that_the_model_knows_values_for(odd):
    """Many categories in groups, and identifiers, too."""
    model, frame = odd
    filled = model.impute(frame.head(500), seed=0)
    assert not filled.isna().any().any()
    assert filled["key"].is_unique
