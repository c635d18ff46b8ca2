"""Sketches of all rows: close to the truth, in one pass, whatever the batches are."""

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth import connectors
from smartsynth.config import Limits
from smartsynth.facts import Profile, from_json, to_json
from smartsynth.sketches import QUANTILES, Sketcher

N = 300_000


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "amount": np.where(rng.random(N) < 0.1, np.nan, np.exp(rng.normal(3, 2, N))),
        "age": rng.integers(18, 90, N), "key": [f"K{i}" for i in range(N)],
        "city": rng.choice(["Graz", "Linz", None], N, p=[0.6, 0.39, 0.01]),
        "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, N), unit="s"),
        "member": rng.random(N) < 0.5,
    })  # fmt: skip


@pytest.fixture(scope="module")
def whole(frame):
    sketcher = Sketcher()
    for start in range(0, N, 7_777):
        sketcher.add(frame.iloc[start : start + 7_777])
    return sketcher.whole()


def test_missing_cells_are_counted_exactly(frame, whole):
    assert whole.rows == N
    assert {column.name: column.missing for column in whole.columns} == frame.isna().sum().to_dict()


def test_distinct_values_are_close(frame, whole):
    for column in whole.columns:
        assert column.distinct == pytest.approx(frame[column.name].nunique(), rel=0.05, abs=0.5), column.name


@pytest.mark.parametrize("name", ["amount", "age", "at"])
def test_quantiles_have_the_ranks_that_they_should(frame, whole, name):
    """Within half a percent of the rows."""
    cells = frame[name].dropna()
    numbers = (cells.astype("datetime64[ns]").astype("int64") / 1e9 if name == "at" else cells).to_numpy(float)
    found = next(column.quantiles for column in whole.columns if column.name == name)
    for share, value in zip(QUANTILES, found, strict=True):
        assert np.mean(numbers < value) - 0.006 <= share <= np.mean(numbers <= value) + 0.006


def test_only_what_has_a_size_has_quantiles_and_none_is_an_extreme(frame, whole):
    assert {column.name for column in whole.columns if column.quantiles} == {"amount", "age", "at"}
    amount = next(column for column in whole.columns if column.name == "amount")
    assert frame["amount"].min() < amount.quantiles[0]
    assert amount.quantiles[-1] < frame["amount"].max()


def test_a_lake_is_profiled_by_a_draw_and_by_all_rows(frame, tmp_path):
    """More rows than may be read: the profile says what all of them look like, and keeps that in its file."""
    for index in range(3):
        frame.iloc[index::3].to_parquet(tmp_path / f"{index}.parquet")
    real = connectors.read(str(tmp_path), limits=Limits(sample_rows=20_000))
    found = ss.profile(real)
    assert found.rows == 20_000
    assert found.whole is not None
    assert found.whole.rows == N
    assert from_json(Profile, to_json(found)) == found
    small = connectors.read(str(tmp_path), limits=Limits(sample_rows=N + 1))
    assert ss.profile(small).whole is None
