"""What an Evaluation says of time series whose answer is known."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from smartsynth.config import EvaluateConfig
from smartsynth.errors import Cancelled, ConfigError, DataError
from smartsynth.facts import Evaluation, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.report.html import render
from smartsynth.sequences import Panel, marked, stretches, windows_of
from smartsynth.utils.sequence_evaluator import evaluate_sequences
from smartsynth.utils.visualizer import charts

SMALL, TINY = EvaluateConfig(max_rows=1000), EvaluateConfig(max_rows=200)
WINDOW = 12


def visits(n, seed, *, phi=0.8):
    """Patients with visits: a lab value that remembers, a ward that stays, and whether they are ill."""
    rng = np.random.default_rng(seed)
    lengths = 2 + rng.poisson(4, n)
    who = np.repeat(np.arange(n), lengths)
    place = np.arange(len(who)) - np.repeat(np.r_[0, np.cumsum(lengths)[:-1]], lengths)
    level, lab, ward = rng.normal(size=n), rng.normal(size=len(who)), rng.integers(3, size=len(who))
    for t in np.flatnonzero(place):
        lab[t] = phi * lab[t - 1] + np.sqrt(1 - phi**2) * lab[t]
        ward[t] = ward[t - 1] if rng.random() < phi else ward[t]
    gap = np.where(place == 0, 0, 1 + rng.gamma(2, 20, len(who)).round())
    day = rng.integers(0, 500, n)[who] + pd.Series(gap).groupby(who).cumsum().to_numpy()
    return pd.DataFrame(
        {
            "patient": [f"{seed}-{i}" for i in who],
            "visit": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, "D"),
            "sex": rng.choice(["f", "m"], n)[who],
            "lab": np.where(rng.random(len(who)) < 0.1, np.nan, 5 + level[who] + lab).round(3),
            "ward": np.array(["A", "B", "C"])[ward],
            "ill": np.where(level + 0.5 * rng.normal(size=n) > 0, "yes", "no")[who],
        }
    )


def walk(n, seed):
    """A plain series of three channels."""
    rng = np.random.default_rng(seed)
    values = np.zeros((n, 3))
    for t in range(1, n):
        values[t] = 0.8 * values[t - 1] + rng.normal(size=3)
    return pd.DataFrame(values.round(3), columns=["a", "b", "c"])


def windows(series, starts):
    rows = series.iloc[(np.asarray(starts)[:, None] + np.arange(WINDOW)).ravel()].reset_index(drop=True)
    rows.insert(0, "window", np.repeat(np.arange(len(starts)), WINDOW))
    return rows


TRAIN, HOLDOUT, NEW = visits(400, 0), visits(250, 1), visits(300, 2)
SCHEMA = marked(TRAIN, infer_schema(TRAIN), entity="patient", time="visit").with_target("ill")
SERIES = walk(1500, 0)
LEARNT, ASIDE, WINDOWED = stretches(
    SERIES, marked(SERIES, infer_schema(SERIES), entity=None, time=None), window=WINDOW, held=0.3, seed=0
)


@pytest.fixture(scope="module")
def good():
    return evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=SCHEMA, config=SMALL)


@pytest.fixture(scope="module")
def shuffled():
    """Every patient has the right rows, in the wrong order."""
    rng = np.random.default_rng(0)
    mixed = NEW.copy()
    for _, rows in NEW.groupby("patient").groups.items():
        for name in ("lab", "ward"):
            mixed.loc[rows, name] = NEW.loc[rng.permutation(rows), name].to_numpy()
    return evaluate_sequences(TRAIN, mixed, HOLDOUT, schema=SCHEMA, config=SMALL)


@pytest.fixture(scope="module")
def fresh_windows():
    made = windows(walk(15_000, 1), np.arange(0, 14_000, 40))
    return evaluate_sequences(LEARNT, made, ASIDE, schema=WINDOWED, window=WINDOW, config=SMALL)


def test_fresh_entities_are_as_good_as_their_yardstick(good):
    """No detective, full utility, no leak."""
    assert good["detection_auc"].value == pytest.approx(0.5, abs=0.09)
    assert good["lightgbm_auc"].value == pytest.approx(good["lightgbm_auc"].reference, abs=0.08)
    assert good["forecast_mae"].value == pytest.approx(good["forecast_mae"].reference, rel=0.1)
    assert good["out_of_order"].value == 0
    assert "No leakage found" in good.verdict["privacy"]


def test_fresh_entities_have_the_moments_of_real_ones(good):
    for key in (
        "autocorrelation_difference",
        "step_ks",
        "gap_ks",
        "length_ks",
        "persistence_difference",
        "transition_tv",
    ):
        assert good[key].value < good[key].reference + 0.06, key


def test_rows_in_the_wrong_order_are_seen_where_columns_are_right(shuffled, good):
    """The columns alone are as good as ever; steps, autocorrelation and persistence are not."""
    assert shuffled["ks"].value == pytest.approx(good["ks"].value, abs=0.02)
    for key in (
        "autocorrelation_difference",
        "step_ks",
        "persistence_difference",
        "transition_tv",
        "forecast_accuracy",
    ):
        assert abs(shuffled[key].value - shuffled[key].reference) > 2 * abs(good[key].value - good[key].reference), key
    assert shuffled["detection_auc"].value > 0.6


def test_time_that_goes_back_is_said():
    turned = NEW.iloc[::-1].reset_index(drop=True)
    found = evaluate_sequences(TRAIN, turned, HOLDOUT, schema=SCHEMA, config=SMALL)
    assert found["out_of_order"].value > 0.5
    assert found["out_of_order"].reference == 0
    assert "time goes back" in found.verdict["fidelity"]


def test_copied_entities_leak_under_other_names():
    """Whole patients copied, and renamed."""
    copied = TRAIN.assign(patient="x" + TRAIN["patient"])
    found = evaluate_sequences(TRAIN, copied, HOLDOUT, schema=SCHEMA, config=SMALL)
    assert found["exact_copies"].value == 1
    assert found["near_records"].value > 0.9
    assert "Leakage found" in found.verdict["privacy"]
    assert "row" not in found.verdict["privacy"]


def test_visits_copied_into_other_patients_leak():
    """No patient is a copy, but runs of visits are: only the rows themselves tell."""
    copied = NEW.copy()
    first = copied["lab"].notna() & (np.arange(len(copied)) < 600)
    for name in ("lab", "ward"):
        copied.loc[first, name] = TRAIN[name].to_numpy()[: len(copied)][first.to_numpy()]
    found = evaluate_sequences(TRAIN, copied, HOLDOUT, schema=SCHEMA, config=EvaluateConfig(max_rows=400))
    assert found["exact_copies"].value == 0
    assert found["verbatim_runs"].value > found["verbatim_runs"].reference + 0.1
    assert "come back verbatim" in found.verdict["privacy"]


def test_a_channel_is_predicted_as_its_last_value(good):
    """From the other columns and its first value, not from its own mean."""
    found = evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=SCHEMA, target="lab", config=SMALL)
    assert (found.target, found.task) == ("lab: last", "regression")
    assert good.target == "ill"
    assert found["lightgbm_r2"].reference < 0.95


def test_a_target_is_guessed_among_static_columns_first():
    """Else it is the last value of a channel; where there are numbers alone, there is none."""
    plain = SCHEMA.with_target(None)
    for columns, target in (
        (list(TRAIN), "ill"),
        (["patient", "visit", "lab", "ward"], "ward: last"),
        (["patient", "visit", "lab"], None),
    ):
        schema = replace(plain, columns=tuple(c for c in plain if c.name in columns))
        found = evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=schema, config=TINY)
        assert found.target == target


def test_every_score_has_a_sentence_and_a_yardstick_or_a_reason(good, fresh_windows):
    for found in (good, fresh_windows):
        for score in found.scores:
            assert (score.reference is not None) if score.available else score.sentence.startswith("Not ")
        assert len({score.key for score in found.scores}) == len(found.scores)
        assert {score.family.value for score in found.scores if score.headline} == {"fidelity", "utility", "privacy"}
        assert set(found.verdict) == {"fidelity", "utility", "privacy"}


def test_an_evaluation_survives_json(good, fresh_windows):
    for found in (good, fresh_windows):
        text = json.dumps(to_json(found), allow_nan=False)
        assert json.dumps(to_json(from_json(Evaluation, json.loads(text)))) == text


def test_an_evaluation_holds_no_real_row(good):
    """No name, no exact extreme, and no lone value among its numbers beyond chance."""
    text = json.dumps(to_json(good), allow_nan=False)
    assert not any(name in text for name in TRAIN["patient"].unique())
    assert str(TRAIN["lab"].max()) not in re.findall(r"[-\d.]+", text)


def test_quantiles_of_few_real_records_are_not_shown(good):
    """At every place at least k records lie beyond each quantile."""
    fan = good.sequence.fans[0]
    for level, line in zip(fan.levels, fan.train, strict=True):
        for n, value in zip(fan.counts, line, strict=True):
            assert np.isfinite(value) == (n * min(level, 1 - level) >= 5)


def test_fresh_windows_of_a_series_leak_nothing(fresh_windows):
    """Overlapping windows of one series are no reason to cry wolf."""
    assert fresh_windows["near_windows"].value < 0.06
    assert fresh_windows["verbatim_runs"].value == 0
    assert "No leakage found" in fresh_windows.verdict["privacy"]
    assert any("one series" in limit for limit in fresh_windows.limits)
    assert fresh_windows.sequence.what == "windows of 12 rows"


def test_copied_windows_of_a_series_leak():
    made = windows(LEARNT.drop(columns="window"), windows_of(Panel.of(LEARNT, WINDOWED), WINDOW, stride=3))
    found = evaluate_sequences(LEARNT, made, ASIDE, schema=WINDOWED, window=WINDOW, config=SMALL)
    assert found["near_windows"].value > 0.8
    assert found["verbatim_runs"].value > 0.5
    assert "Leakage found" in found.verdict["privacy"]


def test_the_published_scores_are_made_on_request(monkeypatch, fresh_windows):
    """Only for windows; without, they are not in the list."""
    from smartsynth.metrics import timeseries
    from smartsynth.utils import sequence_scores

    seen = []
    monkeypatch.setattr(timeseries, "discriminative_score", lambda real, made, seed: seen.append(made.shape) or 0.1)
    monkeypatch.setattr(timeseries, "predictive_score", lambda real, made, seed: 0.2)
    monkeypatch.setattr(sequence_scores, "context_fid", lambda real, made, seed: 0.3)
    config = EvaluateConfig(max_rows=1000, published=True)
    made = windows(walk(5000, 1), np.arange(0, 4000, 40))
    found = evaluate_sequences(LEARNT, made, ASIDE, schema=WINDOWED, window=WINDOW, config=config)
    assert [found[key].value for key in ("discriminative_score", "predictive_score", "context_fid")] == [0.1, 0.2, 0.3]
    assert seen[0] == (100, WINDOW, 3)
    assert "context_fid" not in {score.key for score in fresh_windows.scores}


def test_entities_of_many_lengths_have_no_published_scores(good):
    config = EvaluateConfig(max_rows=200, published=True)
    found = evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=SCHEMA, config=config)
    assert not found["context_fid"].available
    assert "different numbers of rows" in found["context_fid"].sentence


def test_odd_series_are_scored_without_a_crash():
    """One row per entity; a constant and an empty channel; no time; no channel at all."""
    rng = np.random.default_rng(0)

    def odd(n, columns):
        frame = pd.DataFrame(
            {
                "who": np.repeat(np.arange(n), 3),
                "still": 1.5,
                "empty": np.nan,
                "x": rng.normal(size=3 * n),
                "flag": rng.choice([True, False], 3 * n),
            }
        )
        return frame[["who", *columns]]

    for columns in (["still", "empty"], ["x"], ["flag"], ["still", "empty", "x", "flag"]):
        frames = [odd(n, columns) for n in (60, 40, 30)]
        schema = marked(frames[0], infer_schema(frames[0]), entity="who", time=None)
        assert evaluate_sequences(*frames, schema=schema, config=TINY).scores
    single = [frame.groupby("patient", as_index=False).head(1) for frame in (TRAIN, NEW, HOLDOUT)]
    found = evaluate_sequences(*single, schema=SCHEMA, config=TINY)
    assert not found["autocorrelation_difference"].available


def test_wrong_tables_are_refused():
    with pytest.raises(DataError, match="synthetic table has no rows"):
        evaluate_sequences(TRAIN, NEW.head(0), HOLDOUT, schema=SCHEMA)
    with pytest.raises(ConfigError, match="names no entity"):
        evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=infer_schema(TRAIN))
    short = windows(SERIES, np.arange(0, 1000, 20)).groupby("window").head(6)
    with pytest.raises(DataError, match="holdout rows has 12 rows"):
        evaluate_sequences(LEARNT, windows(SERIES, [0, 50]), short, schema=WINDOWED, window=WINDOW)


def test_progress_grows_and_cancelling_stops():
    heard = []

    def stop(fraction, message="", /):
        heard.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=SCHEMA, progress=stop)
    assert heard == sorted(heard)


def test_the_report_has_a_section_with_a_table_for_each_picture(good, fresh_windows):
    """No real trace, no script, and the finding in the title."""
    for found in (good, fresh_windows):
        drawn = [chart for chart in charts(found) if chart.section == "sequence"]
        assert {"cloud", "fan", "autocorrelation"} <= {chart.key.partition(":")[0] for chart in drawn}
        assert all(chart.title and chart.rows and chart.svg.startswith("<svg") for chart in drawn)
        page = render(found, charts(found), context={})
        assert 'id="sequence"' in page
        assert "<script" not in page
    keys = {chart.key for chart in charts(good) if chart.section == "sequence"}
    assert {"persistence", "column:Rows of an entity", "column:Time between rows"} <= keys


def test_the_title_says_which_channel_forgets(shuffled):
    titles = {chart.key: chart.title for chart in charts(shuffled)}
    assert "correlate" in titles["autocorrelation:lab"]
    assert "too seldom" in titles["persistence"]


def test_same_seed_same_scores(good):
    again = evaluate_sequences(TRAIN, NEW, HOLDOUT, schema=SCHEMA, config=SMALL)
    assert [s.value for s in again.scores if s.available] == [s.value for s in good.scores if s.available]


def test_a_hostile_column_name_is_only_a_name():
    """Neither a place in a sentence nor markup."""
    name = "<img src=x onerror=alert(1)>{9}"
    frames = [frame.rename(columns={"lab": name}) for frame in (TRAIN, NEW, HOLDOUT)]
    schema = marked(frames[0], infer_schema(frames[0]), entity="patient", time="visit")
    found = evaluate_sequences(*frames, schema=schema, config=TINY)
    assert name in found["step_ks"].sentence
    assert "<img" not in render(found, charts(found), context={})
