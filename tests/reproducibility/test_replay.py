"""`smartsynth replay`: identical rows from the manifest and the same data, or what differs, by name."""

from __future__ import annotations

import hashlib
import json

import pytest
from commands import invoke
from reproducibility.rows_of import customers, visits

import smartsynth as ss
from smartsynth.recipe import Recipe

PLAIN = {"seed": 3, "evaluate": {"enabled": False}, "privacy": {"filter": False}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "customers.csv"
    customers().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """The folder of a run: rows, manifest, saved model and recipe."""
    folder = tmp_path_factory.mktemp("run")
    done = invoke(
        "synthesize", data, "-o", folder / "rows.csv", "-g", "copula", "--no-evaluate", "--seed", 3, "--rule", "spent >= 0",
        "--save", folder / "model", "--recipe", folder / "run.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["rows.csv", "rows.manifest.json", "run.json", "model"])
def test_a_replay_is_identical(name, run, data, tmp_path):
    """From whatever holds the manifest: the same bytes of the rows and of their manifest."""
    done = invoke("replay", run / name, data, "-o", tmp_path / "again.csv", "--json")
    assert done.exit_code == 0, done.stderr
    assert "Identical: the 400 rows" in done.stderr and "Other versions" not in done.stderr
    said = json.loads(done.stdout)
    assert (said["identical"], said["differences"], said["rows"]) == (True, [], 400)
    again = (tmp_path / "again.csv").read_bytes()
    assert again == (run / "rows.csv").read_bytes()
    assert said["rows_sha256"] == hashlib.sha256(again).hexdigest()
    assert (tmp_path / "again.manifest.json").read_bytes() == (run / "rows.manifest.json").read_bytes()


def test_another_format_is_compared_too(run, data, tmp_path):
    """The hash is of the rows: Parquet in place of CSV is identical, and made twice it is so to the byte."""
    for name in ("one.parquet", "two.parquet"):
        done = invoke("replay", run / "run.json", data, "-o", tmp_path / name)
        assert done.exit_code == 0, done.stderr
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_other_versions_are_told_before_the_work(run, data, tmp_path):
    """A warning by name, with both versions; the rows decide."""
    record = json.loads((run / "run.json").read_text())
    record["packages"] |= {"numpy": "1.0.0", "gone": "3.1"}
    record["platform"] = "Darwin arm64"
    (tmp_path / "run.json").write_text(json.dumps(record))
    done = invoke("replay", tmp_path / "run.json", data, "-o", tmp_path / "again.csv")
    assert done.exit_code == 0
    for text in ("numpy 1.0.0 then", "gone 3.1 then, not installed now", "platform Darwin arm64 then, Linux"):
        assert text in done.stderr.partition("Wrote")[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.rename(columns={"age": "years"}), ("column 'age' is missing", "column 'years' is new")),
        (lambda frame: frame.drop(columns="city"), ("column 'city' is missing",)),
        (lambda frame: frame.head(300), ("there were 400 rows, and there are 300",)),
        (lambda frame: frame.assign(age=frame["age"] + 0.5), ("column 'age' was int64 and is float64",)),
        (lambda frame: frame[["city", *frame.columns.drop("city")]], ("columns stand in another order",)),
    ],
)
def test_other_data_are_refused(change, said, run, tmp_path):
    """What differs is said by name, nothing is written, and no cell of the data is shown."""
    other = tmp_path / "other.csv"
    change(customers()).to_csv(other, index=False)
    done = invoke("replay", run / "run.json", other, "-o", tmp_path / "again.csv")
    assert done.exit_code == 3
    assert all(text in done.stderr for text in said) and "Berlin" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]


def test_other_rows_of_the_same_form_are_not_identical(run, tmp_path):
    """No hash of real rows is kept; the synthetic ones tell."""
    other = tmp_path / "other.csv"
    frame = customers()
    frame["age"] = frame["age"].to_numpy()[::-1]
    frame.to_csv(other, index=False)
    done = invoke("replay", run / "run.json", other, "-o", tmp_path / "again.csv")
    assert done.exit_code == 7 and (tmp_path / "again.csv").is_file()
    assert "Not identical" in done.stderr and "other real rows" in done.stderr


def test_the_choice_of_then_is_kept(data, tmp_path):
    """`auto` is not asked again: another machine might choose otherwise. Reasons and all come back, refined or not."""
    first = ss.synthesize(data, generator={"name": "auto", "refine": True}, **PLAIN)
    recipe = first.recipe(tmp_path / "run.json")
    made = ss.replay(recipe, data)
    assert made.identical and made.differences == () and made.result.manifest == first.manifest
    record = json.loads(recipe.read_text()) | {"generator": "copula", "reasons": ["Because."]}
    other = ss.replay(record, data)
    assert (other.identical, other.result.choice.generator, other.result.choice.reasons) == (
        False,
        "copula",
        ("Because.",),
    )


def test_a_holdout_that_was_given_is_asked_for(tmp_path):
    frame = customers()
    first = ss.synthesize(frame.head(300), holdout=frame.tail(100), generator="copula", **PLAIN)
    with pytest.raises(ss.ConfigError, match="--holdout"):
        ss.replay(first.manifest, frame.head(300))
    assert ss.replay(first.manifest, frame.head(300), holdout=frame.tail(100)).identical
    without = ss.synthesize(frame, generator="copula", **PLAIN)
    with pytest.raises(ss.ConfigError, match="Leave the holdout out"):
        ss.replay(without.manifest, frame, holdout=frame)


def test_what_no_seed_makes_again_is_refused(run):
    """A budget of differential privacy, a race, and what is no manifest of a run."""
    record = json.loads((run / "run.json").read_text())
    with pytest.raises(ss.ConfigError, match=r"noise no seed makes again.*smartsynth sample"):
        Recipe.of({**record, "privacy": {**record["privacy"], "epsilon": 1.0}})
    race = {**record["config"], "generator": {"name": "auto", "budget": 60}}
    with pytest.raises(ss.ConfigError, match="race"):
        Recipe.of({**record, "config": race})
    old = {name: value for name, value in record.items() if name != "rows_sha256"}
    with pytest.raises(ss.ModelFormatError, match="rows_sha256"):
        Recipe.of(old)
    with pytest.raises(ss.ModelFormatError, match="cannot be read by this version"):
        Recipe.of({**record, "config": {**record["config"], "unheard": 1}})


def test_a_saved_run_that_is_sampled_keeps_its_hash_only_for_its_rows(run):
    """The hash is that of the run's rows, and of no others."""
    first = json.loads((run / "run.json").read_text())["rows_sha256"]
    assert ss.resample(run / "model").manifest["rows_sha256"] == first
    assert ss.resample(run / "model", 10).manifest["rows_sha256"] is None
    assert ss.resample(run / "model", seed=9).manifest["rows_sha256"] is None


def test_time_series_are_made_again():
    first = ss.synthesize(visits(), entity="patient", time="day", generator="panel", **PLAIN)
    again = ss.replay(first.manifest, visits())
    assert again.identical and again.result.synthetic.frame.equals(first.synthetic.frame)


def test_the_recipe_holds_no_cell(run):
    """Names, kinds and dtypes of columns, and no value of any of them."""
    text = (run / "run.json").read_text()
    record = json.loads(text)
    assert set(record["data"]["schema"][0]) == {"name", "kind", "dtype"}
    assert all(city not in text for city in customers()["city"].unique())
    assert str(customers()["spent"].max()) not in text


@pytest.mark.slow
def test_noise_is_never_the_same_and_the_saved_rows_are(tmp_path):
    """Two private runs of one seed differ, and each saved model makes its own rows again."""
    settings = {"seed": 3, "privacy": {"epsilon": 1.0}, "evaluate": {"enabled": False}}
    one, two = (ss.synthesize(customers(), generator="marginal", **settings) for _ in range(2))
    assert one.manifest["rows_sha256"] != two.manifest["rows_sha256"]
    assert "schema" not in one.manifest["data"]
    one.save(tmp_path / "model")
    assert ss.resample(tmp_path / "model").synthetic.frame.equals(one.synthetic.frame)
    with pytest.raises(ss.ConfigError, match="noise"):
        ss.replay(one.manifest, customers())


@pytest.mark.parametrize("name", ["rows.csv", "rows.manifest.json"])
@pytest.mark.parametrize("output", ["rows.csv", "rows.parquet"])
def test_a_replay_never_writes_over_the_run_that_it_checks(name, output, run, data):
    """Neither over its rows nor over the manifest beside them."""
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    done = invoke("replay", run / name, data, "-o", run / output)
    assert done.exit_code == 4
    assert "would be written over RUN" in done.stderr
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"data": []}, {"privacy": []}, {"reasons": None}, {"config": None}, {"packages": [1]}, {"generator": 7}, {"rules": None},
        {"data": {"schema": "x", "real": 400, "held_out": "split"}}, {"data": {"schema": [{"name": "a"}], "real": 400, "held_out": "split"}},
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_refused_by_name(change, run, data, tmp_path):
    """Before any work, with the place that is wrong."""
    manifest = json.loads((run / "run.json").read_text("utf-8")) | change
    (tmp_path / "run.json").write_text(json.dumps(manifest), "utf-8")
    done = invoke("replay", tmp_path / "run.json", data, "-o", tmp_path / "again.csv")
    assert done.exit_code not in (0, 1), done.stderr
    assert "Internal error" not in done.stderr and not (tmp_path / "again.csv").exists()
