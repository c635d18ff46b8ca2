"""Time series from end to end: what a run gives back, replays, continues and says of itself."""

import json

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Outcome
from smartsynth.resampling import opened, resample
from smartsynth.schema import WINDOW

PANEL = {"generator": {"name": "panel", "options": {"trees": 4, "refinement_rounds": 0}}, "seed": 1}
FLOW = {
    "generator": {"name": "flow", "options": {"steps": 100, "width": 32, "layers": 1, "batch_size": 64}}, "seed": 1,
}  # fmt: skip
QUIET = {"evaluate": {"enabled": False}}


def visits(n=90, seed=0, first=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 6, n)
    owner = np.repeat(np.arange(n), lengths)
    day = np.concatenate([rng.integers(0, 300) + np.cumsum(rng.integers(1, 20, k)) for k in lengths])
    frame = pd.DataFrame({
        "who": [f"P{1_000 + first + i}" for i in owner], "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D"),
        "group": np.array(["a", "b"])[rng.integers(0, 2, n)][owner], "x": rng.normal(50, 9, len(owner)).round(1),
        "c": rng.choice(["u", "v", "w"], len(owner)),
    })  # fmt: skip
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def series(n=320, seed=0):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(n) / 12 * np.pi)
    return pd.DataFrame({
        "when": pd.date_range("2024-01-01", periods=n, freq="h"), "x": (wave + rng.normal(0, 0.3, n)).round(2),
        "y": rng.normal(size=n).round(2),
    })  # fmt: skip


@pytest.fixture(scope="module")
def panel_run():
    return ss.synthesize(visits(), entity="who", time="day", **PANEL)


@pytest.fixture(scope="module")
def series_run():
    pytest.importorskip("torch")
    return ss.synthesize(series(), time="when", window=8, **FLOW)


@pytest.fixture(scope="module")
def saved(panel_run, series_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {name: run.save(folder / name) for name, run in (("panel", panel_run), ("series", series_run))}


@pytest.fixture(params=["panel", "series"])
def run(request, panel_run, series_run, saved):
    return {"panel": panel_run, "series": series_run}[request.param], saved[request.param]


def test_as_many_entities_or_windows_as_there_are(panel_run, series_run):
    assert panel_run.data["who"].nunique() == 90
    assert panel_run.filter.checked >= 90
    assert series_run.data[WINDOW].nunique() == 40
    assert list(series_run.data) == [WINDOW, "when", "x", "y"]


def test_the_manifest_says_what_was_done_and_names_no_entity(panel_run, series_run):
    head = panel_run.manifest
    assert (head["config"]["entity"], head["config"]["time"]) == ("who", "day")
    assert head["generator"] == "panel" or head["generator"]["name"] == "panel"
    assert head["data"]["real"] == len(visits())
    assert head["data"]["train"] + head["data"]["holdout"] == len(visits())
    assert head["data"]["synthetic"] == len(panel_run.data)
    assert head["filter"]["checked"] == panel_run.filter.checked
    assert not [name for name in visits()["who"].unique() if name in json.dumps(head)]
    assert series_run.manifest["config"]["window"] == 8


def test_released_rows_can_be_made_again_without_the_data(run):
    """The same rows; more of them begin with these; a stretch in the middle is the same made alone."""
    result, folder = run
    again = resample(folder)
    assert again.synthetic.frame.equals(result.data)
    assert again.unchecked == 0
    more = resample(folder, result.release.rows + 30)
    assert more.unchecked == 30
    assert more.synthetic.frame.head(len(result.data)).equals(result.data)
    middle = opened(folder).rows(10, 20)
    assert middle.equals(result.model.taken(result.data, np.arange(10, 20)))


def test_other_seeds_make_other_rows_that_nobody_checked(run):
    result, folder = run
    other = resample(folder, seed=99)
    assert other.unchecked == result.release.rows
    assert not other.synthetic.frame.equals(result.data)


def test_whole_entities_are_skipped_when_a_run_is_made_again(panel_run, saved):
    """Whatever was skipped in the stream, the rows are those of the entities that were not."""
    released = panel_run.release
    raw = panel_run.model.sample(released.rows + len(released.skipped), seed=released.seed)
    kept = np.setdiff1d(np.arange(released.rows + len(released.skipped)), released.skipped)[: released.rows]
    assert panel_run.model.taken(raw, kept).equals(panel_run.data)


def test_entities_can_be_asked_for(saved):
    made = resample(saved["panel"], 40, where={"group": "a"}, seed=3)
    assert (made.synthetic.frame["group"] == "a").all()
    assert made.synthetic.frame["who"].nunique() == made.unchecked == 40
    assert made.manifest["where"] == ["group=a"]


def test_a_saved_model_goes_on_and_fills(saved):
    after = ss.load(saved["series"]).continued(series(), 5, seed=1)
    assert after["when"].tolist() == list(pd.date_range(series()["when"].max(), periods=6, freq="h"))[1:]
    gaps = series().assign(x=lambda f: f["x"].where(f.index % 4 > 0))
    filled = ss.load(saved["series"]).impute(gaps, seed=1)
    assert filled.notna().all().all()
    known = visits(6, seed=5, first=500)
    assert set(ss.load(saved["panel"]).continued(known, 2, paths=5, seed=1)["who"]) <= set(known["who"])


def test_what_is_released_is_nobody(panel_run):
    assert not set(panel_run.data["who"]) & set(visits()["who"])
    assert {one.column: one.treatment for one in panel_run.identifiers}["who"] == "regenerate"


def test_every_score_of_a_panel_has_its_place(panel_run):
    keys = {score.key for score in panel_run.evaluation.scores}
    assert {"detection_auc", "ks", "autocorrelation_difference"} <= keys
    assert panel_run.evaluation.verdict["privacy"]


def test_a_given_holdout_is_not_learnt_from():
    result = ss.synthesize(visits(), holdout=visits(30, 1, first=500), entity="who", time="day", **PANEL)
    assert result.manifest["data"]["train"] == len(visits())
    assert result.manifest["data"]["holdout"] == len(visits(30, 1))
    assert result.manifest["data"]["held_out"] == "given"


def test_a_given_holdout_of_a_series_is_another_stretch():
    pytest.importorskip("torch")
    result = ss.synthesize(series().head(240), holdout=series().tail(80), time="when", window=8, **FLOW, **QUIET)
    assert (result.manifest["data"]["train"], result.manifest["data"]["holdout"]) == (240, 80)
    with pytest.raises(DataError, match="holdout has 5 rows, and a window 8"):
        ss.synthesize(series().head(240), holdout=series().tail(5), time="when", window=8, **FLOW, **QUIET)


def test_safe_harbor_keeps_whose_rows_they_are():
    result = ss.synthesize(visits(), entity="who", time="day", privacy={"safe_harbor": True}, **PANEL, **QUIET)
    assert result.data["who"].nunique() == 90
    assert result.data["day"].isin([2020, 2021]).all()
    how = {one.column: one.treatment for one in result.identifiers}
    assert (how["who"], how["day"]) == ("regenerate", "generalise")


def test_other_columns_can_be_treated_and_who_and_when_cannot():
    columns = {"group": {"treatment": "drop"}}
    result = ss.synthesize(visits(), entity="who", time="day", columns=columns, **PANEL, **QUIET)
    assert list(result.data) == ["who", "day", "x", "c"]
    for column in ("who", "day"):
        with pytest.raises(ConfigError, match=f"columns.{column}.treatment=drop"):
            ss.synthesize(visits(), entity="who", time="day", columns={column: {"treatment": "drop"}}, **PANEL, **QUIET)


def test_rows_of_any_tool_are_scored(panel_run, series_run):
    """A panel, a series cut into windows, and one that is not."""
    found = ss.evaluate(visits(), panel_run.data, entity="who", time="day", seed=1)
    assert any("No holdout was given" in limit for limit in found.limits)
    for rows in (series_run.data, series_run.data.drop(columns=WINDOW), series(160, seed=9)):
        scores = ss.evaluate(series(), rows, time="when", window=8, seed=1).scores
        assert {"detection_auc", "autocorrelation_difference"} <= {score.key for score in scores}


def test_a_copied_series_is_found_out():
    """Whoever gives the real series as synthetic fails the privacy verdict."""
    found = ss.evaluate(
        series().head(240), series().head(240), holdout=series().tail(80), time="when", window=8, seed=1
    )
    assert found.battery.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"entity": "whoo"}, "Did you mean 'who'"),
        ({"entity": "who", "time": "who"}, "same column"),
        ({"entity": "who", "generator": "forest"}, "rows here follow one another"),
        ({"generator": "panel"}, "nothing says whose the rows are"),
        ({"time": "day", "generator": "panel"}, "a plain series names none"),
        ({"entity": "who", "time": "c"}, "time='c' is of kind categorical"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        ss.synthesize(visits(), **settings)


def test_one_entity_two_entities_and_lost_names_are_refused():
    with pytest.raises(DataError, match="names 1 entity"):
        ss.synthesize(visits(1).sample(30, replace=True, random_state=0), entity="who", **PANEL)
    with pytest.raises(DataError, match=r"There are 1 entities.*at least 20"):
        ss.synthesize(visits(2).sample(80, replace=True, random_state=0), entity="who", **PANEL)
    with pytest.raises(DataError, match="'who': is the entity, and 1 of its cells is missing"):
        ss.synthesize(visits().assign(who=lambda f: f["who"].where(f.index != 3)), entity="who", time="day")
    with pytest.raises(DataError, match="Use windows of at most 15"):
        ss.synthesize(series(30), time="when", **FLOW)


def test_rows_in_their_order_are_a_series_too():
    pytest.importorskip("torch")
    result = ss.synthesize(series()[["x", "y"]], window=8, rows=12, **FLOW, **QUIET)
    assert list(result.data) == [WINDOW, "x", "y"]
    assert len(result.data) == 96


def test_windows_of_entities_are_refused_while_the_filter_compares_whole_entities():
    frame = pd.DataFrame(
        {
            "who": np.repeat(np.arange(30), 30),
            "t": np.tile(np.arange(30), 30),
            "x": np.random.default_rng(0).normal(size=900),
        }
    )
    with pytest.raises(ss.ConfigError, match="a window copied out of a longer history would pass it"):
        ss.synthesize(frame, entity="who", time="t", generator={"name": "flow", "options": {"window": 8}})
