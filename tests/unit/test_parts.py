"""An output scored part by part: what is wrong with one part shows, whatever the others are like."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import smartsynth as ss
from smartsynth.cli import app
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Outcome, to_json

N = 900


def people(n, seed):
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 12, n)
    income = np.exp(rng.normal(10, 0.5, n) + age / 100)
    city = rng.choice(["Graz", "Linz", "Wien"], n, p=[0.5, 0.3, 0.2])
    paid = np.where(income * rng.lognormal(0, 0.3, n) > 30_000, "yes", "no")
    return pd.DataFrame({"age": age, "income": income, "debt": rng.gamma(2, 500, n), "city": city, "paid": paid})


@pytest.fixture(scope="module")
def real():
    return people(N, 0), people(N, 1)


def folder_of(frames, root):
    root.mkdir()
    for index, frame in enumerate(frames):
        frame.to_parquet(root / f"part-{index:05d}.parquet", index=False)
    (root / "manifest.json").write_text("{}")
    return root


@pytest.fixture(scope="module")
def found(real, tmp_path_factory):
    """Four honest parts, one that holds real rows, and one of another distribution."""
    train, holdout = real
    copied = people(N, 12)
    copied.iloc[:180] = train.iloc[:180].to_numpy()
    other = people(N, 13).assign(age=lambda frame: frame["age"] * 2)
    frames = [people(N, 10), people(N, 11), copied.astype(train.dtypes), other, people(N, 14), people(N, 15)]
    root = folder_of(frames, tmp_path_factory.mktemp("parts") / "rows")
    return ss.evaluate_parts(train, root, holdout=holdout, seed=1, target="paid"), root


def test_the_part_with_real_rows_is_named(found):
    parts, _ = found
    assert parts.outcome is Outcome.FAIL
    assert parts.leaking == ("part-00002.parquet",)
    assert parts.rows == 6 * N


def test_the_part_that_is_unlike_the_others_is_the_worst(found):
    """Beside the yardstick of real rows."""
    parts, _ = found
    spread = {one.key: one for one in parts.spreads}
    ks = next(one for key, one in spread.items() if "ks" in key)
    assert ks.worst_part == "part-00003.parquet"
    assert ks.worst > 3 * ks.median > 0
    assert all(one.reference is not None for one in parts.spreads if one.key in ("ks", "detection_auc"))


def test_honest_parts_pass_and_without_a_holdout_nobody_knows(real, tmp_path):
    train, holdout = real
    root = folder_of([people(N, seed) for seed in (20, 21)], tmp_path / "rows")
    assert ss.evaluate_parts(train, root, holdout=holdout, seed=1).outcome is Outcome.PASS
    assert ss.evaluate_parts(train, root, seed=1).outcome is Outcome.UNKNOWN


def test_damaged_parts_and_empty_folders_are_named(real, tmp_path):
    train, _ = real
    with pytest.raises(ConfigError, match="no Parquet file"):
        ss.evaluate_parts(train, tmp_path)
    root = folder_of([people(N, 20)], tmp_path / "rows")
    (root / "part-00001.parquet").write_bytes(b"PAR1 half a file")
    with pytest.raises(DataError, match="part-00001"):
        ss.evaluate_parts(train, root)
    people(N, 3).drop(columns="age").to_parquet(root / "part-00001.parquet")
    with pytest.raises(DataError, match="age"):
        ss.evaluate_parts(train, root)


def test_the_command_says_it_and_ends_with_7(real, found, tmp_path):
    for name, frame in zip(("real", "holdout"), real, strict=True):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    asked = [
        "evaluate",
        str(tmp_path / "real.csv"),
        str(found[1]),
        "--holdout",
        str(tmp_path / "holdout.csv"),
        "--by-part",
    ]
    done = CliRunner().invoke(app, [*asked, "--fail-on-leakage", "--seed", "1"], env={"COLUMNS": "140"})
    assert done.exit_code == 7, done.output
    assert "part-00002" in done.output
    assert "part-00003" in done.output
    assert CliRunner().invoke(app, [*asked, "--report", "x.html"]).exit_code == 2
    assert to_json(found[0])["outcome"] == "leakage found"
