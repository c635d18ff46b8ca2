"""What the panel generator promises beyond the contract of all generators of time series."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.panel_generator import PanelGenerator
from smartsynth.sequences import marked


def histories(n=250, seed=0):
    """Patients whose state stays or gets worse, whose value hangs on it, and who come more often when it is bad."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        born, state = pd.Timestamp("1950-01-01") + pd.Timedelta(days=int(rng.integers(0, 15_000))), 0
        day = born + pd.Timedelta(days=int(rng.integers(9_000, 9_400)))
        for _ in range(int(rng.integers(3, 9))):
            rows.append((f"P{1_000 + 7 * i}", born, "fm"[i % 2], day, state, round(10.0 * state + rng.normal(), 2)))
            state = min(state + int(rng.random() < 0.25), 2)
            day += pd.Timedelta(days=int(rng.integers(1, 5) if state == 2 else rng.integers(20, 40)))
    return pd.DataFrame(rows, columns=["who", "born", "sex", "day", "state", "value"]).astype({"state": "str"})


@pytest.fixture(scope="module")
def real():
    return histories()


@pytest.fixture(scope="module")
def schema(real):
    return marked(real, infer_schema(real), entity="who", time="day")


@pytest.fixture(scope="module")
def model(real, schema):
    return PanelGenerator(trees=8, refinement_rounds=1).fit(real, schema=schema, seed=1)


@pytest.fixture(scope="module")
def made(model):
    return model.sample(600, seed=2)


def test_states_follow_one_another_as_they_do(real, made):
    """No state ever gets better, and the shares of who stays are right."""
    for frame in (real, made):
        change = frame.assign(state=frame["state"].astype(int)).groupby("who")["state"].diff().dropna()
        frame.attrs["stays"], frame.attrs["better"] = (change == 0).mean(), (change < 0).mean()
    assert made.attrs["better"] < 0.03
    assert made.attrs["stays"] == pytest.approx(real.attrs["stays"], abs=0.06)


def test_values_hang_on_the_state_and_gaps_on_the_one_before(real, made):
    for state, mean in (("0", 0.0), ("1", 10.0), ("2", 20.0)):
        assert made.loc[made["state"] == state, "value"].mean() == pytest.approx(mean, abs=1.5)
    gaps = made.assign(gap=made.groupby("who")["day"].diff().dt.days).groupby("state")["gap"].median()
    assert gaps["2"] < 10 < 15 < gaps["0"]


def test_numbers_of_rows_are_as_they_are(real, made):
    sizes = [frame.groupby("who").size() for frame in (real, made)]
    assert sizes[1].mean() == pytest.approx(sizes[0].mean(), abs=0.5)
    assert sizes[1].max() <= sizes[0].max()


def test_first_times_are_counted_from_the_day_of_birth(real, made):
    """The age at the first visit hardly varies, as in the data, though days of birth do."""
    age = made.groupby("who").first().eval("day - born").dt.days
    assert age.between(8_900, 9_500).mean() > 0.95


def test_first_times_that_are_asked_for_are_kept(model):
    """Also where first times are counted from another column."""
    low, high = pd.Timestamp("1990-01-01"), pd.Timestamp("1995-01-01")
    first = model.sample(40, where={"day": (low, high)}, seed=3).groupby("who")["day"].min()
    assert first.between(low, high).all()


def test_conditions_on_what_entities_keep_are_kept(model):
    some = model.sample(50, where={"sex": "f", "born": (pd.Timestamp("1980-01-01"), None)}, seed=3)
    assert (some["sex"] == "f").all()
    assert (some["born"] >= "1980-01-01").all()
    assert some["who"].nunique() == 50


def test_conditions_on_channels_are_refused_with_what_can_be_asked(model):
    with pytest.raises(ConfigError, match=r"where='value>=3'.*first time: .*sex"):
        model.sample(5, where={"value": (3, None)})


def test_what_goes_on_does_so_from_the_last_state(model, real):
    """Who is in the last state stays in it; values follow."""
    given = real[real["who"].isin(real.groupby("who")["state"].last().eq("2").loc[lambda s: s].index[:40])]
    after = model.continued(given, 4, paths=3, seed=1)
    assert len(after)
    assert (after["state"] == "2").mean() > 0.9
    assert after["value"].mean() == pytest.approx(20.0, abs=2.0)
    last = given.groupby("who")["day"].max()
    assert (after["day"] >= after["who"].map(last)).all()


@pytest.mark.parametrize("years", [-60, 40])
def test_times_before_and_after_all_learnt_ones_go_on(model, real, years):
    given = real.head(12).assign(day=lambda f: f["day"] + pd.DateOffset(years=years))
    after = model.continued(given, 3, paths=4, seed=1)
    last = given.groupby("who")["day"].max()
    away = (after["day"] - after["who"].map(last)).dt.days
    assert len(after)
    assert away.between(0, 200).all()


def test_entities_that_end_add_no_row(schema):
    """Histories of one row are all that was learnt, so that nobody goes on; columns and dtypes stay."""
    single = histories().drop_duplicates("who")
    model = PanelGenerator(trees=4, refinement_rounds=0).fit(single, schema=schema, seed=1)
    after = model.continued(single.head(5), 3, paths=2, seed=1)
    assert len(after) == 0
    assert list(after) == [*single.columns, "path"]


def test_too_few_entities_are_named(real, schema):
    with pytest.raises(DataError, match=r"12 entities.*at least 20"):
        PanelGenerator().fit(real[real["who"].isin(real["who"].unique()[:12])], schema=schema)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"n_bins": 1}, "n_bins=1 must be"),
        ({"refinement_rounds": -1}, "refinement_rounds=-1"),
        ({"trees": 0}, "trees=0"),
    ],
)
def test_every_wrong_option_is_named(real, schema, options, says):
    with pytest.raises(ConfigError, match=says):
        PanelGenerator(**options).fit(real, schema=schema)
