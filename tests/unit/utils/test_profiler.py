"""What a Profile says of tables whose answer is known."""

import json

import numpy as np
import pandas as pd
import pytest

from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.facts import Severity, to_json
from smartsynth.inference import infer_schema
from smartsynth.utils.profiler import profile


def frame(n=800, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Oslo", "Rome", "Lima"], n)
    return pd.DataFrame(
        {
            "patient_id": np.arange(1, n + 1),
            "email": [f"someone{i}@example.org" for i in range(n)],
            "lat": rng.uniform(-60, 60, n).round(5),
            "lon": rng.uniform(-150, 150, n).round(5),
            "city": city,
            "country": pd.Series(city).map({"Oslo": "Norway", "Rome": "Italy", "Lima": "Peru"}),
            "salary": rng.lognormal(10, 1, n).round(2),
            "claims": np.where(rng.random(n) < 0.7, 0.0, rng.lognormal(5, 2, n)).round(2),
            "note": [" ".join(rng.choice(["pain", "knee", "left", "right", "mild", "acute"], 7)) for _ in range(n)],
            "unit": "A",
            "half": np.where(rng.random(n) < 0.5, np.nan, 1.5 * rng.integers(0, 50, n)),
            "outcome": rng.choice(["well", "ill"], n, p=[0.96, 0.04]),
        }
    )


@pytest.fixture(scope="module")
def found():
    data = frame()
    return profile(Dataset(data, infer_schema(data)))


def column(found, name):
    return next(c for c in found.columns if c.name == name)


def test_kinds_and_meanings(found):
    """Keys, personal data, numbers, free text and constants are told apart; a salary is a number, not a key."""
    kinds = {c.name: c.kind for c in found.columns}
    assert kinds["patient_id"] == kinds["email"] == "identifier"
    assert kinds["salary"] == kinds["claims"] == "numeric"
    assert kinds["note"] == "text"
    assert kinds["unit"] == "constant"
    assert column(found, "email").semantic == "email"


def test_alerts_come_worst_first_and_say_what_happens(found):
    """Personal data before everything else."""
    order = list(Severity)
    ranks = [order.index(alert.severity) for alert in found.alerts]
    assert ranks == sorted(ranks)
    codes = {(alert.code, alert.column) for alert in found.alerts}
    assert ("personal-data", "email") in codes
    assert {("free-text", "note"), ("constant", "unit"), ("missing", "half"), ("zero-inflated", "claims")} <= codes
    assert ("imbalance", "outcome") in codes


def test_dependencies_places_and_target(found):
    """City decides country, latitude goes with longitude, the outcome is the target."""
    assert ("city", "country") in found.dependencies
    assert found.geographic_pairs == (("lat", "lon"),)
    assert found.target == "outcome"
    assert found.associations[0].value > 0.95


def test_a_profile_is_json_without_extremes_or_lone_values(found):
    """Only aggregates: no identifier, no extreme, no rare number."""
    data = frame()
    text = json.dumps(to_json(found), allow_nan=False)
    assert "someone17@" not in text
    assert str(data["salary"].max()) not in text
    assert str(data["salary"].min()) not in text
    for name in ("salary", "claims"):
        shares = np.array(column(found, name).shares)
        assert shares.sum() == pytest.approx(1)
        assert (shares * len(data) >= 5).all()


def test_given_roles_and_targets_win():
    """What the user says about a column stays."""
    data = frame()
    schema = infer_schema(data).with_target("city")
    assert profile(Dataset(data, schema)).target == "city"
    assert profile(Dataset(data, schema), target="salary").schema.target.name == "salary"
    with pytest.raises(ConfigError, match="salry"):
        profile(Dataset(data, schema), target="salry")


def test_duplicates_and_missing_cells_are_counted():
    """Rows that repeat and cells that are missing."""
    data = pd.concat([frame(100)] * 2, ignore_index=True)
    found = profile(Dataset(data, infer_schema(data)))
    assert found.duplicate_rows == 100
    assert found.missing_cells == data["half"].isna().sum()
    assert any(alert.code == "few-rows" for alert in found.alerts)


@pytest.mark.parametrize("cells", [[None] * 30, [1.0] * 30, list("abcde") * 6, [True, False, None] * 10])
def test_odd_columns_are_profiled(cells):
    """All missing, constant, a few letters, truth values with holes."""
    data = pd.DataFrame({"odd": pd.Series(cells)})
    assert profile(Dataset(data, infer_schema(data))).columns[0].count == 30
