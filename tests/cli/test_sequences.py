"""The commands on time series: options, exit codes, and what is said."""

import json

import numpy as np
import pandas as pd
import pytest
from commands import invoke


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A panel of 60 people and a series of 320 hours, as CSV."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    lengths = rng.integers(2, 6, 60)
    owner = np.repeat(np.arange(60), lengths)
    day = np.concatenate([rng.integers(0, 200) + np.cumsum(rng.integers(1, 20, k)) for k in lengths])
    pd.DataFrame({
        "who": [f"P{1_000 + i}" for i in owner],
        "day": (pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d"),
        "sex": np.array(["f", "m"])[rng.integers(0, 2, 60)][owner], "x": rng.normal(50, 9, len(owner)).round(1),
    }).to_csv(folder / "panel.csv", index=False)  # fmt: skip
    pd.DataFrame({
        "when": pd.date_range("2024-01-01", periods=320, freq="h"),
        "x": (np.sin(np.arange(320) / 12 * np.pi) + rng.normal(0, 0.3, 320)).round(2), "y": rng.normal(size=320).round(2),
    }).to_csv(folder / "series.csv", index=False)  # fmt: skip
    return folder


WHO = ("--entity", "who", "--time", "day")
WHEN = ("--time", "when", "--window", 8)
PANEL = ("-g", "panel", "--option", "trees=4", "--option", "refinement_rounds=0", "--seed", 1)
FLOW = ("-g", "flow", "--option", "steps=100", "--option", "width=32", "--option", "layers=1", "--seed", 1)


@pytest.fixture(scope="module")
def panel(files):
    result = invoke(
        "synthesize", files / "panel.csv", *WHO, *PANEL, "-o", files / "p.csv", "--save", files / "p", "--report",
        files / "p.html", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def series(files):
    pytest.importorskip("torch")
    result = invoke(
        "synthesize", files / "series.csv", *WHEN, *FLOW, "-o", files / "s.csv", "--save", files / "s", "--no-evaluate"
    )
    assert result.exit_code == 0, result.stderr
    return result


def test_a_panel_is_made_with_all_that_belongs_to_it(files, panel):
    rows = pd.read_csv(files / "p.csv")
    assert list(rows) == ["who", "day", "sex", "x"]
    assert rows["who"].nunique() == 60
    assert (rows.groupby("who")["sex"].nunique() == 1).all()
    assert pd.to_datetime(rows["day"], format="%Y-%m-%d").groupby(rows["who"]).is_monotonic_increasing.all()
    assert "entities checked" in panel.stderr
    assert json.loads(panel.stdout)["config"]["entity"] == "who"
    assert (files / "p.html").read_text("utf-8").startswith("<!doctype html>")
    assert not [name for name in set(pd.read_csv(files / "panel.csv")["who"]) if name in (files / "p.html").read_text()]


def test_a_series_is_made_in_windows(files, series):
    rows = pd.read_csv(files / "s.csv", parse_dates=["when"])
    assert list(rows) == ["window", "when", "x", "y"]
    assert rows.groupby("window").size().tolist() == [8] * 40
    assert (rows.groupby("window")["when"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert "windows checked" in series.stderr


@pytest.mark.parametrize("what", ["panel", "series"])
def test_sample_makes_the_rows_of_the_run_again(what, files, request, tmp_path):
    request.getfixturevalue(what)
    result = invoke("sample", files / what[0], "-o", tmp_path / "again.csv")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "again.csv").read_bytes() == (files / f"{what[0]}.csv").read_bytes()


def test_sample_takes_conditions_on_what_entities_keep(files, panel, tmp_path):
    result = invoke("sample", files / "p", "-n", 20, "--where", "sex=f", "-o", tmp_path / "f.csv")
    assert result.exit_code == 0, result.stderr
    rows = pd.read_csv(tmp_path / "f.csv")
    assert set(rows["sex"]) == {"f"}
    assert rows["who"].nunique() == 20
    assert "20 of 20 entities were not checked" in result.stderr, "one and the same thing is counted"
    refused = invoke("sample", files / "p", "--where", "x>=3", "-o", tmp_path / "none.csv")
    assert refused.exit_code == 4
    assert "entities can be asked for by what they keep" in refused.stderr
    assert not (tmp_path / "none.csv").exists()


def test_continue_writes_what_may_follow(files, panel, series, tmp_path):
    result = invoke(
        "continue",
        files / "s",
        files / "series.csv",
        "-o",
        tmp_path / "next.csv",
        "--horizon",
        5,
        "--paths",
        3,
        "--seed",
        1,
    )
    assert result.exit_code == 0, result.stderr
    rows = pd.read_csv(tmp_path / "next.csv", parse_dates=["when"])
    assert list(rows) == ["when", "x", "y", "path"]
    assert rows.groupby("path")["when"].min().eq(pd.Timestamp("2024-01-14 08:00")).all()
    assert len(rows) == 15
    assert "15 rows follow. They were not checked" in result.stderr
    people = invoke(
        "continue", files / "p", files / "panel.csv", "-o", "-", "--format", "csv", "--horizon", 2, "--seed", 1
    )
    assert people.exit_code == 0, people.stderr
    assert people.stdout.splitlines()[0] == "who,day,sex,x"


def test_a_model_with_rules_goes_on_and_keeps_them(files, tmp_path):
    rows = pd.read_csv(files / "panel.csv")
    rows["total"] = rows.groupby("who")["x"].cumsum().round(1)
    rows["double"] = (2 * rows["x"]).round(1)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "config.yaml").write_text("privacy: {filter: false}\n")
    rules = (
        "--config",
        tmp_path / "config.yaml",
        "--rule",
        "cumulative: {column: total, of: x}",
        "--rule",
        "double == 2 * x",
        "--rule",
        "x > 0",
    )
    made = invoke(
        "synthesize", tmp_path / "rows.csv", *WHO, *PANEL, *rules, "-o", tmp_path / "p.csv", "--save", tmp_path / "p", "--no-evaluate"
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    done = invoke(
        "continue", tmp_path / "p", tmp_path / "rows.csv", "-o", tmp_path / "next.csv", "--horizon", 2, "--paths", 2, "--seed", 1
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    after = pd.read_csv(tmp_path / "next.csv")
    assert list(after) == [*rows, "path"] and len(after) > 60
    assert (after["double"] - 2 * after["x"]).abs().max() < 1e-6
    for _, own in after.groupby("path"):
        whole = pd.concat([rows, own], ignore_index=True)
        assert (whole.groupby("who")["x"].cumsum() - whole["total"]).abs().max() < 1e-6
        assert (whole.groupby("who")["sex"].nunique() == 1).all()


def test_continue_goes_on_from_numbered_windows(files, series, tmp_path):
    result = invoke("continue", files / "s", files / "s.csv", "-o", tmp_path / "next.csv", "--horizon", 2, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    assert pd.read_csv(tmp_path / "next.csv").groupby("window").size().eq(2).all()


def test_impute_fills_gaps_of_a_series(files, series, tmp_path):
    rows = pd.read_csv(files / "series.csv")
    rows.loc[::4, "x"] = np.nan
    rows.to_csv(tmp_path / "gaps.csv", index=False)
    result = invoke("impute", files / "s", tmp_path / "gaps.csv", "-o", tmp_path / "whole.csv", "--seed", 1)
    assert result.exit_code == 0, result.stderr
    whole = pd.read_csv(tmp_path / "whole.csv")
    assert whole.notna().all().all()
    assert whole["y"].tolist() == rows["y"].tolist()
    assert "Filled 80 cells." in result.stderr


def test_what_cannot_go_on_or_be_filled_is_refused(files, panel, series, tmp_path):
    lost = pd.read_csv(files / "panel.csv")
    lost.loc[3, "who"] = None
    lost.to_csv(tmp_path / "lost.csv", index=False)
    for args, code, says in (
        (("impute", files / "p", files / "panel.csv"), 4, "'panel' cannot fill missing cells"),
        (("continue", files / "p", files / "series.csv"), 3, "missing from the prefix"),
        (("continue", files / "p", tmp_path / "lost.csv"), 3, "1 of its cells is missing"),
        (("continue", files / "s", files / "series.csv", "--horizon", 0), 2, "--horizon"),
    ):
        result = invoke(*args, "-o", tmp_path / "none.csv")
        assert result.exit_code == code, result.stderr
        assert says in " ".join(result.stderr.split())
        assert not (tmp_path / "none.csv").exists()


def test_profile_says_what_the_rows_are_along_time(files):
    shown = invoke("profile", files / "panel.csv", *WHO)
    assert shown.exit_code == 0, shown.stderr
    assert "A time series" in shown.stdout
    answer = json.loads(invoke("profile", files / "series.csv", *WHEN, "--json").stdout)
    assert answer["sequence"]["time"] == "when"


def test_evaluate_scores_series_of_any_tool(files, panel, series):
    for real, made, names in (("panel.csv", "p.csv", WHO), ("series.csv", "s.csv", WHEN)):
        result = invoke("evaluate", files / real, files / made, *names, "--json", "-q", "--seed", 1)
        assert result.exit_code == 0, result.stderr
        keys = {score["key"] for score in json.loads(result.stdout)["scores"]}
        assert {"detection_auc", "autocorrelation_difference"} <= keys


@pytest.mark.parametrize(
    "args, code, says",
    [
        (("--entity", "whom"), 4, "Did you mean 'who'"),
        ((*WHO, "--window", 5), 4, "window=5 cuts a plain series"),
        ((*WHO, "--balance", "sex"), 4, "is for tables"),
        ((*WHO, "-g", "forest"), 4, "rows here follow one another"),
        (("-g", "panel"), 4, "nothing says whose the rows are"),
        ((*WHO, "-g", "flow", "--option", "window=abc"), 4, "window='abc' must be a whole number"),
        (("--window", 1), 2, "--window"),
        (("--time", "day", "--window", 200), 3, "Use windows of at most"),
    ],
)
def test_wrong_options_end_with_their_code_and_write_nothing(args, code, says, files, tmp_path):
    result = invoke("synthesize", files / "panel.csv", *args, "-o", tmp_path / "none.csv")
    assert result.exit_code == code, result.stderr
    assert says in " ".join(result.stderr.split())
    assert not (tmp_path / "none.csv").exists()
