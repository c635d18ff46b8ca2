"""What the profile says of rows that follow one another, declared or found."""

import json
import time

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.dataset import Dataset
from smartsynth.facts import Profile, SequenceProfile, Severity, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.report import html
from smartsynth.schema import Column, Kind, Modality, Role
from smartsynth.sequence_words import facts_of, heading
from smartsynth.sequences import marked
from smartsynth.shell import profile_parts
from smartsynth.utils import profile_charts
from smartsynth.utils.profiler import profile
from smartsynth.utils.rhythm import rhythm_of
from smartsynth.utils.sequence_profiler import sequence_profile

START = pd.Timestamp("2024-01-01")


def visits(patients=60, seed=0):
    """Patients with visits about a month apart; weight goes on from visit to visit, pulse does not."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(patients), rng.integers(4, 12, patients))
    first = pd.Series(who).groupby(who).cumcount().to_numpy() == 0
    weight = rng.normal(70, 12, patients)[who] + np.where(first, 0.0, rng.normal(0, 2, len(who)))
    walk = pd.Series(rng.normal(0, 2, len(who))).groupby(who).cumsum().to_numpy()
    gaps = pd.Series(rng.integers(20, 40, len(who))).groupby(who).cumsum().to_numpy()
    return pd.DataFrame(
        {
            "patient_id": [f"P{i:04d}" for i in who],
            "date": START + pd.to_timedelta(gaps, unit="D"),
            "sex": rng.choice(["f", "m"], patients)[who],
            "weight": (weight + 3 * walk).round(1),
            "pulse": rng.integers(55, 100, len(who)),
        }
    )


def declared(frame, entity="patient_id", when="date"):
    return Dataset(frame, marked(frame, infer_schema(frame), entity=entity, time=when))


@pytest.fixture(scope="module")
def panel():
    return profile(declared(visits()))


@pytest.fixture(scope="module")
def undeclared():
    frame = visits()
    return profile(Dataset(frame, infer_schema(frame)))


def codes(found):
    return {alert.code: alert for alert in found.alerts}


def test_a_declared_panel_is_described(panel):
    """Whose rows, how many, when, and what patients keep."""
    found, frame = panel.sequence, visits()
    assert (found.entity, found.time, found.declared, found.entities) == ("patient_id", "date", True, 60)
    assert found.statics == ("sex",)
    assert found.rows["q50"] == frame.groupby("patient_id").size().median()
    assert (found.order, found.duplicates, found.frequency, found.step) == (1.0, 0.0, "irregular", None)
    assert 20 * 86_400 <= found.gaps["q05"] < found.gaps["q50"] < found.gaps["q95"] < 40 * 86_400


def test_channels_that_go_on_are_told_from_those_that_do_not(panel):
    """Weight has an autocorrelation within patients, pulse none."""
    channels = {channel.name: channel for channel in panel.sequence.channels}
    assert set(channels) == {"weight", "pulse"}
    assert channels["weight"].autocorrelation[0] > 0.3
    assert abs(channels["pulse"].autocorrelation[0]) < 0.1
    assert channels["weight"].unit_root is None


def test_roles_kinds_statics_and_modality_survive_the_profile(panel):
    """What was marked is still marked in the schema of the profile."""
    schema = panel.schema
    assert schema.modality is Modality.TIMESERIES
    assert (schema.entity.name, schema.time.name, schema.time.kind) == ("patient_id", "date", Kind.DATETIME)
    assert [column.name for column in schema.statics] == ["sex"]
    assert [column.name for column in schema.channels] == ["weight", "pulse"]
    assert schema["patient_id"].role is Role.ENTITY


def test_a_numeric_entity_that_looks_like_a_feature_stays_an_entity():
    """The kind and role that were given win over those found in the cells."""
    frame = visits().assign(patient_id=lambda f: f["patient_id"].str[1:].astype(int))
    schema = profile(declared(frame)).schema
    assert (schema.entity.kind, schema.entity.static) == (Kind.IDENTIFIER, True)


def test_an_undeclared_panel_stays_a_table_with_a_hint(undeclared):
    """The profile says how to learn it as one, and changes nothing."""
    assert undeclared.schema.modality is Modality.TABLE
    assert undeclared.schema.entity is None
    assert not undeclared.sequence.declared
    assert undeclared.sequence.statics == ("sex",)
    hint = codes(undeclared)["time-series"]
    assert hint.severity is Severity.INFO
    assert hint.message == (
        "Looks like a time series: rows of `patient_id` over `date`. Learn it as one with --entity patient_id --time date."
    )


def test_a_run_on_an_undeclared_panel_is_a_run_on_a_table():
    """Nobody asked for a time series."""
    made = ss.synthesize(visits(), generator="copula", seed=1, rows=50, evaluate={"enabled": False})
    assert len(made.synthetic.frame) == 50
    assert made.profile.schema.modality is Modality.TABLE
    assert "time-series" in codes(made.profile)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"day of sale": "date"}, "over `day of sale`. Learn it as one with --time 'day of sale'."),
        ({}, "consecutive rows in their order. Learn it as one with --window 24."),
    ],
)
def test_the_hint_for_a_plain_series_names_a_time_or_a_window(columns, says):
    """Quoted as a shell needs it."""
    values = np.cumsum(np.random.default_rng(0).normal(size=400))
    frame = pd.DataFrame({name: pd.date_range(START, periods=400) for name in columns} | {"price": values})
    found = profile(Dataset(frame, infer_schema(frame)))
    assert codes(found)["time-series"].message.endswith(says)


def test_a_table_has_no_sequence():
    """No alert, no section, null in JSON."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(["x", "y"], 300)})
    found = profile(Dataset(frame, infer_schema(frame)))
    assert found.sequence is None
    assert to_json(found)["sequence"] is None
    assert 'id="sequence"' not in html.render_profile(found, profile_charts.profile_charts(found))


def test_a_plain_series_has_a_season_and_a_test_of_its_level():
    """Monthly values over sixteen years that rise, and noise beside them."""
    rng, t = np.random.default_rng(2), np.arange(192)
    frame = pd.DataFrame(
        {
            "month": pd.date_range("2000-01-31", periods=192, freq="ME"),
            "sales": 10 * np.sin(2 * np.pi * t / 12) + np.cumsum(rng.normal(0.3, 1, 192)),
            "noise": rng.normal(size=192),
        }
    )
    found = profile(declared(frame, None, "month")).sequence
    assert (found.entity, found.entities, found.frequency, found.missing) == (None, 1, "monthly", 0.0)
    assert found.rows == {}
    sales, noise = found.channels
    assert (sales.period, noise.period) == (12, None)
    assert not sales.is_stationary
    assert noise.is_stationary
    assert sales.shifted is None


def test_rows_out_of_order_and_moments_twice_are_counted():
    """Newest first, and two visits a day."""
    frame = visits().iloc[::-1]
    frame = pd.concat([frame, frame.head(30)], ignore_index=True)
    found = profile(declared(frame))
    assert found.sequence.duplicates == pytest.approx(30 / len(frame))
    assert found.sequence.order < 0.1
    assert {"duplicate-times", "unordered", "few-entities"} <= codes(found).keys()


def test_a_time_newest_first_is_said_so():
    """All steps go back."""
    frame = visits().iloc[::-1].reset_index(drop=True)
    assert ("Rows in order", "newest first") in facts_of(profile(declared(frame)).sequence)


def test_what_one_entity_alone_has_is_not_shown():
    """One patient of 60 has a thousand visits, years apart from the rest; no number says so."""
    frame = visits()
    long = pd.DataFrame(
        {"patient_id": "P9999", "date": START + pd.to_timedelta(np.arange(1_000) * 777, unit="h"), "sex": "f",
         "weight": 999.5, "pulse": 60}
    )  # fmt: skip
    found = profile(declared(pd.concat([frame, long], ignore_index=True))).sequence
    text = json.dumps(to_json(found))
    assert max(found.rows.values()) < 15
    assert "1000" not in text
    assert "999.5" not in text
    assert "P9999" not in text
    assert "P0001" not in text


@pytest.mark.parametrize("entities", [1, 4, 9, 12, 25, 120])
def test_a_quantile_has_five_entities_on_either_side(entities):
    """Few entities have no quantiles of their rows, and no histogram."""
    found = profile(declared(visits(entities))).sequence
    for name in found.rows:
        level = int(name[1:]) / 100
        assert entities * min(level, 1 - level) >= 5
    assert bool(found.rows) == (entities >= 10)
    assert bool(found.lengths[0]) == (entities >= 100)
    assert all(share * entities >= 4.99 for share in found.lengths[1])
    assert all(channel.shifted is None for channel in found.channels if entities < 5)


def times(dates):
    return pd.DatetimeIndex(dates).to_numpy("datetime64[s]").astype(float)


@pytest.mark.parametrize(
    ("when", "words", "missing"),
    [
        (times(pd.date_range("2024-01-01", periods=50)), "daily", 0.0),
        (times(pd.date_range("2024-01-01", periods=50).delete([7, 8, 30])), "daily", 3 / 50),
        (times(pd.bdate_range("2024-01-01", periods=50)), "business days", 0.0),
        (times(pd.bdate_range("2024-01-01", periods=50).delete(20)), "business days", 1 / 50),
        (times(pd.date_range("2024-01-01", periods=50, freq="10min")), "every 10 min", 0.0),
        (times(pd.date_range("2024-01-01", periods=50, freq="h")), "hourly", 0.0),
        (times(pd.date_range("2024-01-01", periods=50, freq="2h")), "every 2 hours", 0.0),
        (times(pd.date_range("2024-01-01", periods=50, freq="W")), "weekly", 0.0),
        (times(pd.date_range("2024-01-15", periods=50, freq="MS") + pd.Timedelta("14D")), "monthly", 0.0),
        (times(pd.date_range("1960-01-15", periods=50, freq="ME").delete(9)), "monthly", 1 / 50),
        (times(pd.date_range("1900-01-15", periods=50, freq="QE")), "quarterly", 0.0),
        (times(pd.date_range("1900-01-15", periods=50, freq="YE")), "yearly", 0.0),
        (np.cumsum(np.random.default_rng(0).exponential(1e5, 50)), "irregular", None),
    ],
)
def test_frequencies_in_words_and_the_moments_that_lack(when, words, missing):
    """Steps of the clock and of the calendar."""
    found = rhythm_of(when, np.array([0, len(when)]), Column("at", Kind.DATETIME, "datetime64[ns]"))
    assert found.words == words
    # the first and the last moment are there, so that the share is of the steps between them
    assert found.missing == (None if missing is None else pytest.approx(missing, rel=0.05))


@pytest.mark.parametrize(
    ("name", "step", "words"),
    [
        ("year", 1.0, "yearly"), ("time", 1 / 12, "monthly"), ("Days", 1.0, "daily"), ("week", 1.0, "weekly"),
        ("t", 1.0, "in steps of 1"), ("age", 2.0, "in steps of 2"),
    ],
)  # fmt: skip
def test_the_unit_of_a_numeric_time_is_in_its_name(name, step, words):
    """Years with a twelfth between them are months."""
    found = rhythm_of(1949 + step * np.arange(40), np.array([0, 40]), Column(name, Kind.NUMERIC, "float64"))
    assert found.words == words
    assert found.step == pytest.approx(step)


def test_gaps_are_not_counted_from_one_entity_to_the_next():
    """Two entities whose times lie years apart."""
    when = times([*pd.date_range("2001-01-01", periods=10), *pd.date_range("2020-01-01", periods=10)])
    found = rhythm_of(when, np.array([0, 10, 20]), Column("at", Kind.DATETIME, "datetime64[ns]"))
    assert found.missing == 0.0


def test_a_profile_along_time_is_json_both_ways(panel, undeclared):
    """For the API and the files of a job."""
    for found in (panel, undeclared):
        text = json.dumps(to_json(found), allow_nan=False)
        assert from_json(Profile, json.loads(text)).sequence == found.sequence
        assert from_json(SequenceProfile, json.loads(text)["sequence"]) == found.sequence


def test_the_terminal_shows_it(panel, undeclared):
    """What it is, and the options that learn it as one only where nobody gave them."""
    shown = [part for part in profile_parts(undeclared) if isinstance(part, str)]
    assert f"\n{heading(undeclared.sequence)}" in shown
    assert "--entity patient_id --time date" in heading(undeclared.sequence)
    assert heading(panel.sequence) == "A time series: rows of ‘patient_id’ over ‘date’."


def test_the_page_shows_it(panel):
    """A section with pictures and their tables."""
    pictures = profile_charts.profile_charts(panel)
    assert [chart.key for chart in pictures if chart.section == "sequence"] == ["autocorrelation", "gaps"]
    page = html.render_profile(panel, pictures)
    assert 'href="#sequence"' in page
    assert "A time series: rows of ‘patient_id’ over ‘date’." in page
    assert "Autocorrelation" in page


def test_hostile_names_stay_text_along_time():
    """Names of columns are escaped in every part of the page."""
    hostile = "<img src=x onerror=alert(1)>"
    frame = visits(120).rename(columns={"patient_id": hostile, "weight": "<b>weight</b>", "date": "<i>date</i>"})
    found = profile(declared(frame, hostile, "<i>date</i>"))
    page = html.render_profile(found, profile_charts.profile_charts(found))
    assert "<img" not in page
    assert "<b>weight" not in page
    assert "<i>date" not in page
    assert "lengths" in {chart.key for chart in profile_charts.profile_charts(found)}


def test_a_table_of_half_a_million_rows_takes_little_time():
    """Processor time of looking at entities, times and twelve channels: a part of the rows is enough."""
    rng = np.random.default_rng(3)
    who = np.repeat(np.arange(50_000), 10)
    frame = pd.DataFrame({"id": who, "day": np.tile(np.arange(10), 50_000)})
    frame = frame.assign(**{f"x{i}": rng.normal(size=len(who)) for i in range(12)})
    schema = marked(frame, infer_schema(frame), entity="id", time="day")
    begin = time.process_time()
    found = sequence_profile(frame, schema)
    assert time.process_time() - begin < 2
    assert found.entities == 50_000
    assert found.sampled < 3_000
