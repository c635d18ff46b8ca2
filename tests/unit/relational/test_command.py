import json

import pytest
import yaml
from typer.testing import CliRunner

from smartsynth.cli import app


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
