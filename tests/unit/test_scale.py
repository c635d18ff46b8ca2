"""Rows in parts: the same whoever makes them, and what is there is not made again."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import smartsynth as ss
from smartsynth import scale
from smartsynth.errors import Cancelled, ConfigError
from smartsynth.resampling import opened

PART = 5_000


def people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n)
    return pd.DataFrame({
        "age": age, "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, n), "D"),
        "income": (age * 100 + rng.normal(0, 500, n)).round(2), "label": rng.choice(["yes", "no"], n),
        "empty": pd.Series([None] * n, dtype=object),
    })  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved run whose filter removed rows."""
    result = ss.synthesize(people(), generator="copula", seed=1, target="label")
    assert result.release.skipped
    return result.save(tmp_path_factory.mktemp("saved") / "run")


def read(folder) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))], ignore_index=True)


def test_the_parts_are_the_rows_of_one_piece(saved, tmp_path):
    """Those that were released first, then those of the stream; every part has the same columns."""
    plan = scale.plan(saved, 12_345, part_rows=PART)
    names = scale.write(plan, tmp_path / "rows")
    assert names == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet", "manifest.json"]
    whole = ss.resample(saved, 12_345).synthetic.frame
    pd.testing.assert_frame_equal(read(tmp_path / "rows"), whole, check_dtype=False)
    layouts = {pq.read_schema(path).remove_metadata() for path in (tmp_path / "rows").glob("part-*")}
    assert len(layouts) == 1
    manifest = json.loads((tmp_path / "rows" / "manifest.json").read_text("utf-8"))
    assert (manifest["rows"], manifest["parts"], manifest["filter"]) == (12_345, 3, None)


def test_any_stretch_of_rows_is_the_same_made_alone(saved):
    """Wherever it begins: inside the release, across its end, in a block."""
    run = opened(saved, 9_000)
    whole = run.rows()
    for start, stop in ((0, 1), (5, 390), (399, 401), (4_090, 4_100), (8_999, 9_000), (0, 9_000)):
        alone = run.rows(start, stop)
        pd.testing.assert_frame_equal(alone, whole.iloc[start:stop].reset_index(drop=True))
    for start, stop in ((-1, 5), (5, 5), (0, 9_001)):
        with pytest.raises(ConfigError, match="rows go from 0 to 9000"):
            run.rows(start, stop)


def test_a_run_that_was_stopped_goes_on(saved, tmp_path):
    """Parts that are there stay as they are, to the byte."""
    plan = scale.plan(saved, 4 * PART, part_rows=PART)

    def stop(share: float, message: str = "") -> None:
        if share >= 0.5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        scale.write(plan, tmp_path / "rows", progress=stop)
    there = sorted((tmp_path / "rows").glob("part-*"))
    assert len(there) == 2
    times = [path.stat().st_mtime_ns for path in there]
    scale.write(scale.plan(saved, 4 * PART, part_rows=PART), tmp_path / "rows")
    assert [path.stat().st_mtime_ns for path in there] == times
    scale.write(plan, tmp_path / "other")
    for path in sorted((tmp_path / "rows").iterdir()):
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_rows_of_different_plans_do_not_mix(saved, tmp_path):
    """Nor with files of others."""
    scale.write(scale.plan(saved, PART, part_rows=PART), tmp_path / "rows")
    for other in (scale.plan(saved, PART, part_rows=PART, seed=9), scale.plan(saved, PART + 1, part_rows=PART)):
        with pytest.raises(ConfigError, match="another model, seed or number"):
            scale.write(other, tmp_path / "rows")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(ConfigError, match="holds other files"):
        scale.write(scale.plan(saved, PART, part_rows=PART), tmp_path / "mine")
    with pytest.raises(ConfigError, match="Did you mean 'ray'"):
        scale.write(scale.plan(saved, PART), tmp_path / "x", engine="rai")
    with pytest.raises(ConfigError, match="more than"):
        scale.plan(saved, 10**12)


def test_a_k_anonymous_run_makes_one_part(tmp_path):
    """Because k-anonymity looks at all rows together."""
    settings = {"generator": "copula", "seed": 1, "privacy": {"k_anonymity": 5, "quasi_identifiers": ["age"]}}
    saved = ss.synthesize(people(), **settings).save(tmp_path / "run")
    scale.write(scale.plan(saved, 600), tmp_path / "rows")
    expected = ss.resample(saved, 600).synthetic.frame
    assert read(tmp_path / "rows")["age"].astype(str).tolist() == expected["age"].astype(str).tolist()
    with pytest.raises(ConfigError, match="k-anonymous"):
        scale.plan(saved, 600, part_rows=500)
