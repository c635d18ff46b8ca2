"""Many tables: each by itself, those that are there not again."""

import json

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError
from smartsynth.many import synthesize_many


def table(seed: int, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(0, 1, n).round(3), "y": rng.choice(["a", "b"], n)})


SETTINGS = {"generator": "copula", "seed": 1}


def test_each_table_has_its_run_and_one_that_fails_leaves_the_others_alone(tmp_path):
    """The rows are those of `synthesize`."""
    tables = {"one": table(1), "small": table(2, 5), "two": table(3)}
    ended = synthesize_many(tables, tmp_path / "out", **SETTINGS)
    assert [one.problem is None for one in ended] == [True, False, True]
    assert "5 rows" in ended[1].problem
    for name in ("one", "two"):
        folder = tmp_path / "out" / name
        assert {path.name for path in folder.iterdir()} == {
            "rows.parquet", "model.zip", "report.html", "report.json", "manifest.json",
        }  # fmt: skip
        expected = ss.synthesize(tables[name], **SETTINGS).data
        pd.testing.assert_frame_equal(pd.read_parquet(folder / "rows.parquet"), expected)
        assert json.loads((folder / "manifest.json").read_text("utf-8"))["seed"] == 1


def test_what_is_there_is_not_made_again(tmp_path):
    """And what was missing is."""
    seen = []
    synthesize_many({"one": table(1)}, tmp_path, **SETTINGS)
    before = (tmp_path / "one" / "rows.parquet").stat().st_mtime_ns
    ended = synthesize_many(
        {"one": table(1), "two": table(2)}, tmp_path, progress=lambda share, message="": seen.append(share), **SETTINGS
    )
    assert [one.was_there for one in ended] == [True, False]
    assert (tmp_path / "one" / "rows.parquet").stat().st_mtime_ns == before
    assert seen == [1.0]


def test_names_and_engines_that_cannot_be_are_refused(tmp_path):
    """Before anything is made."""
    for name in ("../evil", "", "a/b", ".hidden"):
        with pytest.raises(ConfigError, match="cannot be a folder"):
            synthesize_many({name: table(1)}, tmp_path)
    with pytest.raises(ConfigError, match="Did you mean 'local'"):
        synthesize_many({"one": table(1)}, tmp_path, engine="locl")
    assert list(tmp_path.iterdir()) == []
