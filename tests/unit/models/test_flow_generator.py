"""What the flow generator promises beyond the contract of all generators of time series."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.flow_generator import FlowGenerator
from smartsynth.schema import WINDOW
from smartsynth.sequences import marked, one_stretch, with_window

pytest.importorskip("torch")

SMALL = {"window": 8, "steps": 300, "width": 48, "layers": 1, "batch_size": 128}
HOUR = pd.Timedelta(hours=1)


def series(n=600, seed=0):
    """A daily wave with noise, a second channel that follows it, rain that is mostly none, and a switch."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(n) / 24 * 2 * np.pi)
    return pd.DataFrame({
        "when": pd.date_range("2024-01-01", periods=n, freq="h"),
        "x": (wave + rng.normal(0, 0.1, n)).round(3), "y": (5 + 2 * wave + rng.normal(0, 0.1, n)).round(3),
        "rain": np.where(rng.random(n) < 0.7, 0.0, rng.gamma(2, 2, n).round(1)), "on": wave > 0.2,
    })  # fmt: skip


def fit(frame, time="when", **options):
    schema = marked(frame, infer_schema(frame), entity=None, time=time)
    return FlowGenerator(**{**SMALL, **options}).fit(one_stretch(frame, schema), schema=with_window(schema), seed=1)


@pytest.fixture(scope="module")
def real():
    return series()


@pytest.fixture(scope="module")
def model(real):
    return fit(real)


@pytest.fixture(scope="module")
def made(model):
    return model.sample(500, seed=2)


def test_shares_of_heavy_values_come_back(real, made):
    """No rain is no rain, as often as in the data."""
    assert (made["rain"] == 0).mean() == pytest.approx((real["rain"] == 0).mean(), abs=0.04)
    assert made["rain"].min() == 0


def test_channels_move_together_and_over_time(real, made):
    def lag(frame, groups):
        return frame.groupby(groups)["x"].apply(lambda x: x.corr(x.shift())).mean()

    assert made["x"].corr(made["y"]) == pytest.approx(real["x"].corr(real["y"]), abs=0.08)
    assert lag(made, WINDOW) == pytest.approx(lag(real, np.arange(600) // 8), abs=0.2)
    assert (made["on"] == (made["x"] > 0.2)).mean() > 0.8


def test_windows_are_neighbouring_hours_of_the_learnt_time(real, made):
    assert made.groupby(WINDOW).size().eq(8).all()
    assert (made.groupby(WINDOW)["when"].diff().dropna() == HOUR).all()
    assert made["when"].min() >= real["when"].min()


@pytest.mark.parametrize("away", [0, 400], ids=["the last known row", "a year later"])
def test_a_series_goes_on_after_its_last_row(model, real, away):
    """Hour after hour, however far the horizon and however late the known rows are; the added column is not there."""
    given = real.tail(30).assign(when=lambda f: f["when"] + pd.Timedelta(days=away))
    after = model.continued(given, 20, seed=1)
    assert list(after) == list(real)
    assert after["when"].tolist() == list(pd.date_range(given["when"].max() + HOUR, periods=20, freq="h"))


def test_what_follows_hangs_on_what_is_known(model, real):
    """After high values come higher ones than after low values."""
    ends = [real.loc[:k] for k in (24 * 20 + 6, 24 * 20 + 18)]
    high, low = (model.continued(given, 2, paths=40, seed=1)["x"].mean() for given in ends)
    assert high - low > 0.8


def test_numbered_stretches_go_on_as_such(model, real):
    given = real.head(20).assign(window=np.repeat([3, 9], 10))
    after = model.continued(given, 3, seed=1)
    assert after[WINDOW].tolist() == [3, 3, 3, 9, 9, 9]
    assert model.continued(given.head(1), 11, paths=2, seed=1).groupby("path").size().tolist() == [11, 11]


def test_gaps_are_filled_from_their_neighbours(model, real):
    """y follows x: where x is known, what is filled in is near the truth; nothing else is touched, and order stays."""
    given = real.sample(frac=1, random_state=3)
    gone = np.random.default_rng(0).random(len(given)) < 0.3
    given["y"] = given["y"].where(~gone)
    filled = model.impute(given, seed=1)
    assert filled.index.equals(given.index)
    assert filled["when"].tolist() == given["when"].tolist()
    assert filled.loc[~gone, "y"].tolist() == given.loc[~gone, "y"].tolist()
    assert filled[["x", "rain", "on"]].equals(given[["x", "rain", "on"]])
    assert np.corrcoef(filled.loc[gone, "y"], real.loc[filled.index[gone], "y"])[0, 1] > 0.7


def test_a_scenario_is_filled_as_a_whole(model, real):
    """One channel as it is wished, all of the others made for it."""
    wish = real.head(40).assign(y=np.nan, rain=np.nan, x=np.where(np.arange(40) < 20, 1.0, -1.0))
    filled = model.impute(wish, seed=1)
    assert filled.notna().all().all()
    assert filled["x"].equals(wish["x"])
    assert filled["y"].head(20).mean() - filled["y"].tail(20).mean() > 1.5


def test_a_series_shorter_than_a_window_is_filled(model, real):
    filled = model.impute(real.head(3).assign(x=[0.1, np.nan, 0.3]), seed=1)
    assert filled["x"].notna().all()


def test_a_channel_of_which_too_little_is_known_is_missing():
    frame = series(120).assign(z=np.where(np.arange(120) < 3, np.arange(120) + 0.5, np.nan))
    assert fit(frame, steps=100).sample(5, seed=0)["z"].isna().all()


def test_shares_of_missing_cells_come_back():
    frame = series(300)
    frame["x"] = frame["x"].where(np.arange(300) % 3 > 0)
    assert fit(frame, steps=200).sample(300, seed=0)["x"].isna().mean() == pytest.approx(1 / 3, abs=0.1)


def test_what_cannot_be_learnt_is_refused():
    with pytest.raises(DataError, match="No column is learnt, and there is no time"):
        fit(pd.DataFrame({"k": ["same"] * 200}), time=None)
    with pytest.raises(DataError, match=r"13 windows of 8 rows.*at least 20"):
        fit(series(20))
    with pytest.raises(DataError, match="at most 40,000 can be learnt"):
        fit(pd.DataFrame(np.random.default_rng(0).normal(size=(2_100, 21)), columns=[f"c{i}" for i in range(21)]),
            time=None, window=2_000)  # fmt: skip


def test_every_wrong_option_is_named():
    with pytest.raises(ConfigError, match=r"steps=0 .*width='8' .*window=1 "):
        fit(series(100), steps=0, width="8", window=1)


def test_times_of_any_gaps_go_on(real):
    """Rows at irregular seconds: never back, after the last one."""
    rng = np.random.default_rng(0)
    frame = real.assign(
        when=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(1, 9_000, 600).cumsum(), unit="s")
    )
    uneven = fit(frame, steps=100)
    assert (uneven.sample(100, seed=0).groupby(WINDOW)["when"].diff().dropna() >= pd.Timedelta(0)).all()
    after = uneven.continued(frame, 9, seed=1)
    assert after["when"].is_monotonic_increasing
    assert after["when"].iloc[0] >= frame["when"].iloc[-1]
