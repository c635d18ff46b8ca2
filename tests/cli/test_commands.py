"""The commands: what each prints where, and what it leaves behind."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from commands import invoke

import smartsynth as ss
from smartsynth.commands.evaluate import _worse
from smartsynth.facts import Better, Family


def test_synthesize_writes_rows_manifest_report_and_model(run):
    """One command gives the data and everything that belongs to them."""
    rows = pd.read_csv(run.folder / "synthetic.csv")
    assert len(rows) == 200
    assert list(rows.columns) == ["age", "city", "spent", "churned"]
    assert (run.folder / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert json.loads((run.folder / "report.json").read_text("utf-8"))["evaluation"]["scores"]
    assert (run.folder / "model" / "release.json").is_file()
    assert run.answer["seed"] == 1
    assert run.answer["scores"]
    assert {str(path) for path in run.folder.iterdir() if path.name != "model"} <= set(run.answer["files"])


def test_synthesize_shows_scores_beside_their_yardsticks(run):
    """What a person sees at the end: the generator and why, the filter, the scores, the files."""
    for text in ("Generator: copula", "Privacy filter: ", "Yardstick", "Fidelity", "Utility", "Privacy", "Wrote "):
        assert text in run.stderr


def test_no_real_row_is_in_anything_that_is_shared(run, table):
    """Report, twin, manifest and model do not hold an exact amount of a real row."""
    amounts = {f"{value:.2f}" for value in table["spent"]}
    for path in (run.folder / "report.html", run.folder / "report.json", run.folder / "model" / "model.json"):
        text = path.read_text("utf-8")
        rows = [f'{row.age},"{row.city}",{row.spent}' for row in table.itertuples()]
        assert not [row for row in rows if row in text]
        assert sum(amount in text for amount in amounts) < 0.05 * len(amounts)


def test_sample_makes_exactly_the_rows_of_the_run_again(run, tmp_path):
    """The saved model and the recorded seed are enough."""
    result = invoke("sample", run.folder / "model", "-o", tmp_path / "again.csv")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "again.csv").read_bytes() == (run.folder / "synthetic.csv").read_bytes()
    assert "not checked" not in result.stderr


def test_sample_says_which_rows_no_filter_ever_checked(run, tmp_path):
    """More rows, or rows of another seed, are new; the command says so."""
    more = invoke("sample", run.folder / "model", "-n", 250, "-o", tmp_path / "more.csv")
    assert "50 of 250 rows were not checked by the privacy filter" in more.stderr
    lines = (tmp_path / "more.csv").read_bytes().splitlines()
    assert lines[:201] == (run.folder / "synthetic.csv").read_bytes().splitlines()
    other = invoke("sample", run.folder / "model", "-n", 200, "--seed", 2, "-o", tmp_path / "other.csv")
    assert "200 of 200 rows were not checked" in other.stderr
    assert (tmp_path / "other.csv").read_bytes() != (run.folder / "synthetic.csv").read_bytes()


@pytest.fixture(scope="module")
def forest(csv, tmp_path_factory):
    """A saved run of a generator that can sample under conditions."""
    folder = tmp_path_factory.mktemp("forest")
    result = invoke(
        "synthesize", csv, "-o", folder / "rows.csv", "-g", "forest", "--seed", 1, "--save", folder / "model",
        "--no-evaluate", "--option", "trees=2", "--option", "refinement_rounds=1", "-q",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return folder / "model"


def test_sample_makes_rows_under_conditions(forest, tmp_path):
    """Of one model; the effective number of rows and the conditions go with them."""
    where = ["--where", "age>=60", "--where", 'city=["Łódź", "São Paulo"]', "--where", "churned=yes"]
    result = invoke("sample", forest, "-n", 150, *where, "-o", tmp_path / "some.csv")
    assert result.exit_code == 0, result.stderr
    rows = pd.read_csv(tmp_path / "some.csv")
    assert len(rows) == 150
    assert (rows["age"] >= 60).all()
    assert set(rows["city"]) == {"Łódź", "São Paulo"}
    assert (rows["churned"] == "yes").all()
    assert "150 rows under conditions, worth about" in result.stderr
    assert "150 of 150 rows were not checked" in result.stderr
    head = json.loads((tmp_path / "some.manifest.json").read_text("utf-8"))
    assert head["where"] == ["age>=60", "city=['Łódź', 'São Paulo']", "churned=yes"]
    assert 0 < head["effective_rows"] <= 150


def test_conditions_that_cannot_be_are_refused(forest, run, tmp_path):
    """With the reason, and no file left behind."""
    for model, where, says in (
        (forest, "city=Paris", "the model knows no such value"),
        (forest, "agee>=3", "Did you mean 'age'"),
        (run.folder / "model", "age>=3", "cannot sample under conditions"),
    ):
        result = invoke("sample", model, "--where", where, "-o", tmp_path / "none.csv")
        assert result.exit_code == 4
        assert says in result.stderr
        assert not (tmp_path / "none.csv").exists()


def test_impute_fills_a_partly_known_table(forest, table, tmp_path):
    """Known cells stay, missing ones and missing columns are filled."""
    partly = table.drop(columns="city").head(50).astype({"age": float})
    partly.loc[::2, "age"] = np.nan
    partly.to_csv(tmp_path / "partly.csv", index=False)
    result = invoke("impute", forest, tmp_path / "partly.csv", "-o", tmp_path / "whole.csv", "--seed", 1)
    assert result.exit_code == 0, result.stderr
    rows = pd.read_csv(tmp_path / "whole.csv")
    assert list(rows.columns) == ["age", "city", "spent", "churned"]
    assert rows.notna().all().all()
    assert (rows["age"][1::2].to_numpy() == table["age"].head(50)[1::2].to_numpy()).all()
    assert (rows["spent"].to_numpy() == table["spent"].head(50).to_numpy()).all()
    assert "Filled 75 cells" in result.stderr


def test_profile_prints_a_table_or_one_json_object(csv, tmp_path):
    """For people and for programs; the page is written on request."""
    shown = invoke("profile", csv)
    assert shown.exit_code == 0
    for text in ("300 rows, 4 columns", "city", "categorical"):
        assert text in shown.stdout
    result = invoke("profile", csv, "--json", "--html", tmp_path / "profile.html", "--target", "churned")
    answer = json.loads(result.stdout)
    assert answer["rows"] == 300
    assert answer["target"] == "churned"
    assert "Wrote " in result.stderr
    assert (tmp_path / "profile.html").stat().st_size > 5_000


def test_evaluate_scores_the_file_of_any_tool(csv, run, tmp_path):
    """Real and synthetic files in; scores out, for people or programs, and a report on request."""
    shown = invoke(
        "evaluate", csv, run.folder / "synthetic.csv", "--target", "churned", "--report", tmp_path / "r.html"
    )
    assert shown.exit_code == 0, shown.stderr
    assert "Yardstick" in shown.stdout
    assert (tmp_path / "r.html").is_file()
    assert "No holdout was given" in shown.stdout
    apart = tmp_path / "apart.csv"
    pd.read_csv(csv).tail(100).to_csv(apart, index=False)
    answer = json.loads(
        invoke("evaluate", csv, run.folder / "synthetic.csv", "--holdout", apart, "--json", "-q").stdout
    )
    assert {"key", "value", "reference", "better"} <= set(answer["scores"][0])
    assert not any("No holdout was given" in limit for limit in answer["limits"])


def test_evaluate_ends_with_seven_if_a_score_is_worse_than_asked_for(csv, run):
    """A pipeline can stop at bad data."""
    answer = json.loads(invoke("evaluate", csv, run.folder / "synthetic.csv", "--json", "-q").stdout)
    score = next(s for s in answer["scores"] if s["value"] is not None and s["better"] in ("lower", "higher"))
    beyond = -1.0 if score["better"] == "lower" else 1.0
    strict = invoke(
        "evaluate", csv, run.folder / "synthetic.csv", "--fail-under", f"{score['key']}={score['value'] + beyond}"
    )
    assert strict.exit_code == 7
    assert f"{score['key']} is " in strict.stderr
    loose = invoke(
        "evaluate", csv, run.folder / "synthetic.csv", "--fail-under", f"{score['key']}={score['value'] - beyond}"
    )
    assert loose.exit_code == 0


def test_generators_are_listed_with_what_they_need():
    """Names for -g, and how to install what is missing."""
    listed = json.loads(invoke("generators", "--json").stdout)
    assert [row["name"] for row in listed] == list(ss.generators())
    assert {"forest", "copula"} <= {row["name"] for row in listed if row["installed"]}
    assert all(row["name"] in invoke("generators").stdout for row in listed)


def test_options_win_over_the_file_of_settings(csv, tmp_path):
    """run.yaml says copula and 40 rows, the command line 30."""
    (tmp_path / "run.yaml").write_text("generator: copula\nrows: 40\nseed: 5\nevaluate: {enabled: false}\n")
    result = invoke("synthesize", csv, "-o", tmp_path / "s.csv", "--config", tmp_path / "run.yaml", "-n", 30, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert (answer["generator"], answer["seed"], answer["config"]["rows"]) == ("copula", 5, 30)
    assert len(pd.read_csv(tmp_path / "s.csv")) == 30


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
def test_the_format_follows_the_name_of_the_output(run, tmp_path, suffix):
    """Each format holds the same rows."""
    path = tmp_path / f"rows.{suffix}"
    assert invoke("sample", run.folder / "model", "-o", path).exit_code == 0
    expected = pd.read_csv(run.folder / "synthetic.csv")
    frame = ss.read(path).frame
    assert list(frame.columns) == list(expected.columns)
    np.testing.assert_allclose(frame["spent"].astype(float), expected["spent"])


def test_switches_turn_stages_off(csv, tmp_path):
    """Without filter and scores the manifest says that there were none."""
    result = invoke(
        "synthesize",
        csv,
        "-o",
        tmp_path / "s.csv",
        "-g",
        "copula",
        "--no-filter",
        "--no-evaluate",
        "--json",
        "--option",
        "min_count=6",
    )
    answer = json.loads(result.stdout)
    assert answer["filter"] is None
    assert answer["scores"] == []
    assert answer["config"]["generator"]["options"] == {"min_count": 6}


@pytest.mark.parametrize(
    ("better", "value", "reference", "bound", "worse"),
    [
        ("higher", 0.8, 0.9, 0.7, False), ("higher", 0.8, 0.9, 0.85, True),
        ("lower", 0.2, 0.1, 0.3, False), ("lower", 0.2, 0.1, 0.15, True),
        ("nearer to the reference", 0.58, 0.5, 0.1, False), ("nearer to the reference", 0.38, 0.5, 0.1, True),
        ("higher", float("nan"), None, 0.0, True),
    ],
)  # fmt: skip
def test_worse_goes_by_the_direction_of_the_score(better, value, reference, bound, worse):
    """Nearer counts the distance to the yardstick; a score that could not be computed is not good enough."""
    score = ss.Score("key", "Name", Family.UTILITY, value, Better(better), "Why.", reference)
    evaluation = ss.Evaluation((score,), (), (), (), (), {}, (), {}, None, None, 0.0)
    assert bool(_worse(evaluation, "key", bound)) is worse


def test_a_pipeline_can_stop_at_leakage(csv):
    """What leaks or cannot be assessed ends with code 7; without the option both end well."""
    done = invoke("evaluate", csv, csv, "--fail-on-leakage")
    assert done.exit_code == 7
    assert "--fail-on-leakage: " in done.stderr
    assert invoke("evaluate", csv, csv).exit_code == 0


def test_a_run_can_stop_a_pipeline_at_leakage_after_its_files_are_written(csv, tmp_path):
    """Few rows are not assessable; that is no clean bill either."""
    few = ("synthesize", csv, "-o", tmp_path / "made.csv", "-g", "copula", "-n", 100, "--seed", 1, "--fail-on-leakage")
    done = invoke(*few)
    assert done.exit_code == 7
    assert "--fail-on-leakage: Not assessable" in done.stderr
    assert (tmp_path / "made.csv").exists()
    assert invoke(*few, "--no-evaluate").exit_code == 2


def test_rules_of_a_file_and_of_the_command_line_are_kept(csv, tmp_path):
    """Every row keeps them; `evaluate` says who does not."""
    schema, out = tmp_path / "schema.yaml", tmp_path / "out.csv"
    schema.write_text("columns:\n  age: {low: 30}\nrules:\n  - age + spent >= 32\n", "utf-8")
    how = ["--schema", schema, "--rule", 'if city == "Berlin" then age <= 60', "-g", "copula", "--seed", 1]
    made = invoke("synthesize", csv, "-o", out, *how, "--report", tmp_path / "report.html")
    assert made.exit_code == 0, made.stderr
    assert "All 300 rows keep all 3 rules; 1 of them by the way rows are made, and at most" in made.stderr
    assert "real rows break it" in made.stderr
    rows = pd.read_csv(out)
    assert rows["age"].min() >= 30 and rows.loc[rows["city"] == "Berlin", "age"].max() <= 60
    assert "the way rows are made" in (tmp_path / "report.html").read_text("utf-8")
    judged = invoke("evaluate", csv, csv, "--schema", schema, "--fail-on-broken-rule")
    assert judged.exit_code == 7
    assert "--fail-on-broken-rule: age >= 30" in judged.stderr
    wrong = invoke("synthesize", csv, "-o", out, "--rule", "agee > 3")
    assert wrong.exit_code == 4
    assert "Did you mean 'age'?" in wrong.stderr


@pytest.mark.parametrize(
    "option", [["--rule", "age > 3"], ["--schema", "s.yaml"], ["--fail-on-broken-rule"], ["--entity", "city"]]
)
def test_parts_are_not_scored_with_options_that_say_nothing_there(csv, tmp_path, option):
    judged = invoke("evaluate", csv, tmp_path, "--by-part", *option)
    assert judged.exit_code == 2
    assert f"knows no {option[0]}" in " ".join(judged.stderr.replace("│", " ").split())


def test_a_schema_that_is_no_yaml_is_refused_with_the_way_out(csv, tmp_path):
    schema = tmp_path / "schema.yaml"
    schema.write_text("rules:\n  - `age` > 3\n", "utf-8")
    wrong = invoke("synthesize", csv, "-o", tmp_path / "out.csv", "--schema", schema)
    assert wrong.exit_code == 4
    assert "Write a rule that begins with ` in quotes" in wrong.stderr


@pytest.fixture
def held(csv, run, tmp_path):
    """Copies of the table and of a saved model, which no command may change."""
    shutil.copy(csv, tmp_path / "data.csv")
    shutil.copy(csv, tmp_path / "apart.csv")
    shutil.copy(csv, tmp_path / "data.json")
    shutil.copytree(run.folder / "model", tmp_path / "model")
    (tmp_path / "link.csv").symlink_to(tmp_path / "data.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["synthesize", "data.csv", "-o", "data.csv"], "--output=%data.csv' would be written over DATA=%data.csv'"),
        (["synthesize", "data.csv", "-o", "model/../data.csv"], "would be written over DATA"),
        (["synthesize", "data.csv", "-o", "link.csv"], "would be written over DATA"),
        (["synthesize", "data.csv", "--holdout", "apart.csv", "-o", "apart.csv"], "would be written over --holdout"),
        (["synthesize", "data.json", "-o", "new.csv", "--report", "data.html"], "--report=%data.html' would be written over DATA"),
        (["synthesize", "data.csv", "-o", "new.csv", "--save", "."], "--save=%' would be written over DATA"),
        (["synthesize", "data.csv", "-o", "new.csv", "--recipe", "data.csv"], "--recipe=%data.csv' would be written over DATA"),
        (["synthesize", "postgresql://me@db/x#t", "-o", "postgresql://me@db/x#t"], "would be written over DATA"),
        (["augment", "data.csv", "--target", "churned", "-o", "data.csv"], "would be written over DATA"),
        (["augment", "data.csv", "--target", "churned", "--report", "data.csv"], "--report=%data.csv' would be written over DATA"),
        (["impute", "model", "data.csv", "-o", "data.csv"], "would be written over DATA"),
        (["continue", "model", "data.csv", "-o", "data.csv"], "would be written over DATA"),
        (["replay", "model", "data.csv", "-o", "data.csv"], "would be written over DATA"),
        (["sample", "model", "-o", "model", "--format", "hf"], "would be written over FOLDER"),
        (["evaluate", "data.csv", "apart.csv", "--report", "data.csv"], "would be written over REAL"),
        (["evaluate", "apart.csv", "data.json", "--report", "data.html"], "would be written over SYNTHETIC"),
        (["profile", "data.csv", "--html", "data.csv"], "would be written over DATA"),
        (["schema", "discover", "data.csv", "-o", "data.csv"], "would be written over DATA"),
    ],
)  # fmt: skip
def test_no_command_writes_over_what_it_reads(held, arguments, said):
    """Refused before any work, whatever way the place is written; nothing is changed."""
    before = {path: path.read_bytes() for path in held.rglob("*") if path.is_file()}
    places = {path.name for path in held.iterdir()} | {"new.csv", "data.html", ".", "model/../data.csv"}
    done = invoke(*(held / one if one in places else one for one in arguments))
    assert done.exit_code == 4, done.stderr
    for part in said.split("%"):
        assert part in done.stderr
    assert {path: path.read_bytes() for path in held.rglob("*") if path.is_file()} == before


def test_an_output_beside_the_data_or_inside_a_folder_of_them_is_written(held):
    from smartsynth.commands.overwriting import check_apart

    check_apart({"DATA": held / "data.csv", "--holdout": None}, {"--output": held / "new.csv", "--report": None})
    check_apart({"DATA": held}, {"--output": held / "new.csv"})
    check_apart({"DATA": "-"}, {"--output": "-"})
    check_apart({"DATA": "s3://bucket/a.csv"}, {"--output": "s3://bucket/b.csv"})


def test_files_that_are_there_and_damaged_are_told_from_those_that_are_not(run, csv, tmp_path):
    """Each message names what is there, and what to do."""
    (tmp_path / "made.csv").write_text("a\n1\n")
    (tmp_path / "made.manifest.json").write_text('{"smartsynth": ')
    damaged = invoke("compliance", tmp_path / "made.csv")
    assert "made.manifest.json' is damaged: it is there, and cannot be read" in damaged.stderr
    assert "There is no " in invoke("compliance", tmp_path / "nothing.csv").stderr
    (tmp_path / "cut.parquet").write_bytes(b"\x00\x01text\n" * 50)
    assert "named like a Parquet file and is none" in invoke("profile", tmp_path / "cut.parquet").stderr
    assert "There is no folder" in invoke("sample", tmp_path / "nowhere", "-o", "-").stderr


def test_what_cannot_be_is_refused_before_anything_is_computed(csv, table, tmp_path, monkeypatch):
    """An identifier as the target; a score that there is not, although the data are never read."""
    known = table.assign(patient_no=[f"P{i:05d}" for i in range(len(table))])
    known.to_csv(tmp_path / "known.csv", index=False)
    told = invoke("synthesize", tmp_path / "known.csv", "-o", "-", "--target", "patient_no")
    assert told.exit_code == 4
    assert "target='patient_no' is an identifier" in told.stderr
    monkeypatch.setattr("smartsynth.pipeline.examine", None)
    told = invoke("evaluate", csv, csv, "--fail-under", "detection=0.5")
    assert (told.exit_code, "fail_under='detection' is not a score" in told.stderr) == (4, True)


def test_years_have_no_commas(table, tmp_path):
    table.assign(year=[1978 + i % 16 + i % 3 for i in range(len(table))]).to_csv(tmp_path / "t.csv", index=False)
    shown = invoke("profile", tmp_path / "t.csv", "--html", tmp_path / "p.html")
    assert "1982 to 1990" in shown.stdout, shown.stdout
    assert ">1985<" in (tmp_path / "p.html").read_text("utf-8")
    assert "1,98" not in (tmp_path / "p.html").read_text("utf-8")
