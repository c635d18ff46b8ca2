import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from smartsynth import relational
from smartsynth.cli import app
from smartsynth.errors import PrivacyError
from smartsynth.relational import making
from smartsynth.relational import run as run_module


@pytest.fixture(scope="module")
def folder(shop, schema, tmp_path_factory):
    place = tmp_path_factory.mktemp("shop")
    for name in ("customers", "profiles", "regions"):
        shop[name].to_csv(place / f"{name}.csv", index=False)
    some = {"tables": {name: schema["tables"][name] for name in ("customers", "profiles", "regions")}}
    (place / "schema.yaml").write_text(yaml.safe_dump(some))
    return place


def run(*arguments):
    return CliRunner().invoke(app, ["relational", *map(str, arguments)])


def test_the_whole_way(folder, tmp_path):
    done = run(
        "synthesize",
        folder,
        "-o",
        tmp_path / "made",
        "--seed",
        1,
        "--report",
        tmp_path / "report.html",
        "--save",
        tmp_path / "model",
        "--json",
    )
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["seed"] == 1
    assert {p.name for p in (tmp_path / "made").iterdir()} == {
        "customers.csv",
        "profiles.csv",
        "regions.csv",
        "schema.yaml",
    }
    assert (tmp_path / "report.json").is_file()
    said = " ".join(done.stderr.split())
    assert "Privacy: Not differentially private" in said
    assert "looked at the rows of customers" in said
    assert "no verdict on leakage" in said

    done = run("sample", tmp_path / "model", "-o", tmp_path / "more", "--scale", 0.5, "--seed", 2)
    assert done.exit_code == 0, done.stderr
    assert "No privacy filter looked at these rows" in done.stderr

    done = run("evaluate", folder, tmp_path / "more")
    assert done.exit_code == 0, done.stderr
    assert "All 3 foreign keys name rows that are there" in done.stdout


def test_broken_keys_end_with_their_own_code(folder, shop, tmp_path):
    for name in ("customers", "profiles", "regions"):
        frame = shop[name].copy()
        if name == "profiles":
            frame["customer_id"] += 10**7
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    done = run("evaluate", folder, tmp_path)
    assert done.exit_code == 7
    assert "Keys are broken" in done.stdout


def test_wrong_use_is_said(folder, tmp_path):
    assert (
        run("synthesize", folder, "-o", tmp_path / "x", "--no-evaluate", "--report", tmp_path / "r.html").exit_code == 2
    )
    done = run("synthesize", tmp_path / "nothing", "-o", tmp_path / "x")
    assert done.exit_code == 4
    assert "neither a folder of tables" in done.stderr


@pytest.fixture
def learning_is_reached(monkeypatch):
    """Fails the run if it comes as far as learning."""

    def reached(*arguments, **settings):
        raise AssertionError("it was learnt before the target was looked at")

    monkeypatch.setattr(run_module, "learn", reached)


def small(place, name="parents"):
    place.mkdir()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": range(1, 121), "x": rng.normal(size=120).round(2), "g": rng.choice(["a", "b"], 120)})
    frame.to_csv(place / f"{name}.csv", index=False)
    return place


@pytest.mark.usefixtures("learning_is_reached")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "out", "--format", "xml"], "format='xml' is not known"),
        (["-o", "out.v2"], "must be a folder"),
        (["-o", "source"], "is where the real tables are"),
        (["-o", "other"], "would be a second file of the same table"),
        (["-o", "sqlite:///full.db"], "already"),
        (["-o", "out", "--save", "source"], "is not a saved relational model"),
        (["-o", "out", "--save", "out"], "is where the tables go"),
        (["-o", "out", "--report", "source"], "is a folder"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_learning(tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "source")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "parents.parquet").write_bytes(b"")
    with sqlite3.connect(tmp_path / "full.db") as db:
        db.execute("create table parents (id integer)")
    before = (tmp_path / "source" / "parents.csv").read_bytes()
    done = run("synthesize", "source", *options)
    assert done.exit_code == 4, done.stderr
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "source" / "parents.csv").read_bytes() == before


@pytest.mark.usefixtures("learning_is_reached")
def test_a_table_that_cannot_name_a_file_is_said_before_learning(tmp_path):
    done = run("synthesize", small(tmp_path / "source", name="my 'table"), "-o", tmp_path / "out")
    assert done.exit_code == 4
    assert "cannot name a file" in done.stderr


def test_the_source_is_replaced_where_that_is_said(tmp_path):
    source = small(tmp_path / "source")
    before = (source / "parents.csv").read_bytes()
    done = run("synthesize", source, "-o", source, "--replace", "--no-evaluate", "--no-filter", "--seed", 1)
    assert done.exit_code == 0, done.stderr
    assert (source / "parents.csv").read_bytes() != before


@pytest.mark.parametrize("scale", ["inf", "nan", "0", "-1", "1e9"])
def test_a_scale_out_of_reach_is_refused(tmp_path, scale):
    done = run("synthesize", small(tmp_path / "source"), "-o", tmp_path / "out", "--scale", scale)
    assert done.exit_code == 4
    assert "must be above 0" in done.stderr


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    done = run("synthesize", f"sqlite:///{tmp_path / 'nothere.db'}", "-o", tmp_path / "out")
    assert done.exit_code == 4
    assert "there is no file" in done.stderr
    assert not (tmp_path / "nothere.db").exists()


def test_tables_with_a_dot_in_their_names_are_read(tmp_path):
    with sqlite3.connect(tmp_path / "dots.db") as db:
        db.execute('create table "a.b" (id integer primary key, x real)')
        db.executemany('insert into "a.b" values (?, ?)', [(i, i / 7) for i in range(30)])
    found, _ = relational.read(f"sqlite:///{tmp_path / 'dots.db'}")
    assert {name: len(data) for name, data in found.data.items()} == {"a.b": 30}


def test_a_table_too_narrow_to_filter_says_what_can_be_done(monkeypatch):
    def refused(*arguments, **settings):
        raise PrivacyError(
            "The privacy filter removed 563 of 1,024 rows, more than half: 257 copies. Or set privacy.decoys=0."
        )

    monkeypatch.setattr(making, "filtered", refused)
    frames = {"a": pd.DataFrame({"v": np.random.default_rng(0).normal(size=200)})}
    with pytest.raises(PrivacyError, match=r"^a: The privacy filter removed 563 .*--no-filter") as caught:
        relational.synthesize(frames, seed=1, evaluate=False)
    assert "privacy.decoys" not in str(caught.value)
