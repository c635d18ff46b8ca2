"""Tables that lie elsewhere: real databases, a real S3 server, lakes on disk."""

import json

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from commands import invoke

from smartsynth import connections, connectors, ingest
from smartsynth.config import Limits
from smartsynth.errors import ConfigError, DataError


def people(n: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n)
    return pd.DataFrame({
        "id": np.arange(n), "age": age, "smokes": rng.random(n) < 0.3,
        "visits": pd.Series(rng.integers(0, 9, n)).mask(rng.random(n) < 0.1).astype("Int64"),
        "income": (age * 100 + rng.normal(0, 500, n)).round(2), "born": pd.Timestamp("1950-01-01") + pd.to_timedelta(age, "D"),
        "town": rng.choice(["Köln", "東京", None], n),
    })  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def base(request, tmp_path):
    """The address of a database with a table of people, and the rows."""
    url = (
        f"sqlite:///{tmp_path}/base.sqlite"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").fresh()
    )
    with sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool).begin() as db:
        people().to_sql("people", db, index=False)
    return url


def test_a_table_comes_with_its_types(base):
    """Whole numbers, truth values, moments and missing cells as they were."""
    read = connectors.read(f"{base}#people")
    assert read.source.notes == ()
    got = read.frame.sort_values("id", ignore_index=True)
    expected = people()
    for name in ("id", "age", "visits", "income"):
        pd.testing.assert_series_equal(got[name], expected[name], check_dtype=name != "income")
    assert got["smokes"].astype(bool).tolist() == expected["smokes"].tolist()
    assert got["town"].isna().tolist() == expected["town"].isna().tolist()
    assert str(got["id"].dtype) == "int64"
    assert str(got["visits"].dtype) == "Int64"


def test_rows_go_back_into_a_table(base):
    """Whole or not at all; what is there is not replaced unasked."""
    rows = ingest.read(people())
    assert connectors.write(rows, f"{base}#made") == "table made"
    assert len(connectors.read(f"{base}#made")) == 500
    with pytest.raises(ConfigError, match="there already"):
        connectors.write(rows, f"{base}#made")
    connectors.write(rows, f"{base}#made", replace=True)
    with pytest.raises(ConfigError, match="Did you mean 'people'"):
        connectors.read(f"{base}#peopel")
    for injected in ('people"; DROP TABLE people; --', "people WHERE 1=1", "information_schema.tables; --"):
        with pytest.raises(ConfigError, match="has no table"):
            connectors.read(f"{base}#{injected}")
    assert len(connectors.read(f"{base}#people")) == 500


def test_the_command_line_reads_and_writes_tables(base):
    """From one to the other, without a file between."""
    done = invoke(
        "synthesize", f"{base}#people", "-o", f"{base}#synthetic", "-g", "copula", "--no-evaluate", "--seed", 1
    )
    assert done.exit_code == 0, done.stderr
    assert "table synthetic" in done.stderr
    assert len(connectors.read(f"{base}#synthetic")) == 500
    assert json.loads(invoke("profile", f"{base}#people", "--json").stdout)["rows"] == 500


def test_a_secret_is_taken_from_where_it_lies(tmp_path, monkeypatch):
    """And one that stands in an address is refused without being said again."""
    with pytest.raises(ConfigError, match="holds a password") as caught:
        connectors.read("postgresql://me:hunter2@host/db#t")  # pragma: allowlist secret
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("DB_SECRET", "s3cret")
    (tmp_path / "secret").write_text("from a file\n")
    for reference, expected in (("env:DB_SECRET", "s3cret"), (f"file:{tmp_path}/secret", "from a file")):
        engine = connectors.engine_of(connectors.Place.of(f"postgresql://me@host/db?password={reference}#t"))
        assert engine.url.password == expected
        assert "password" not in engine.url.query
    for wrong in ("hunter2", "env:", "env:NO_SUCH_ONE", "file:/no/such/file"):
        with pytest.raises(ConfigError, match="password="):
            connectors.engine_of(connectors.Place.of(f"postgresql://me@host/db?password={wrong}#t"))
    with pytest.raises(DataError) as away:
        connectors.read("postgresql://me@127.0.0.1:9/db?password=env:DB_SECRET#t")
    assert "s3cret" not in str(away.value)


def test_files_of_a_bucket_and_lakes_are_read(bucket, tmp_path):
    """One file of any format, or Parquet files in partitions."""
    import s3fs

    fs = s3fs.S3FileSystem()
    fs.pipe_file(f"{bucket}/people.csv", people().to_csv(index=False).encode())
    assert connectors.read(f"{bucket}/people.csv").frame["age"].tolist() == people()["age"].tolist()
    rows = ingest.read(people())
    assert connectors.write(rows, f"{bucket}/made.parquet").endswith("made.parquet")
    with pytest.raises(ConfigError, match="there already"):
        connectors.write(rows, f"{bucket}/made.parquet")
    for year in (2023, 2024):
        people().to_parquet(tmp_path / "part.parquet")
        fs.put_file(str(tmp_path / "part.parquet"), f"{bucket}/lake/year={year}/part.parquet")
    lake = connectors.read(f"{bucket}/lake")
    assert len(lake) == 1_000
    assert sorted(lake.frame["year"].unique()) == [2023, 2024]
    for wrong in (f"{bucket}/nothing", f"{bucket}/people.cvs"):
        with pytest.raises(DataError, match="no Parquet file"):
            connectors.read(wrong)
    for wrong, says in (("nonsense+x://x/y", "names no table"), ("nonsense+x://x/y#z", "no such address")):
        with pytest.raises(ConfigError, match=says):
            connectors.read(wrong)


def test_more_rows_than_may_be_are_drawn_with_the_same_chance(tmp_path):
    """In one pass; the same seed draws the same; the notes say so."""
    n, most = 60_000, 6_000
    frame = pd.DataFrame({"i": np.arange(n), "x": np.arange(n) % 7})
    for part in range(6):
        frame.iloc[part * 10_000 : (part + 1) * 10_000].to_parquet(tmp_path / f"{part}.parquet", row_group_size=2_500)
    limits = Limits(sample_rows=most)
    drawn = connectors.read(str(tmp_path), limits=limits, seed=1)
    again = connectors.read(str(tmp_path), limits=limits, seed=1)
    other = connectors.read(str(tmp_path), limits=limits, seed=2)
    assert drawn.source.notes == (
        "6,000 of 60,000 rows were drawn at random, each with the same chance (limits.sample_rows).",
    )
    ids = drawn.frame["i"]
    assert len(set(ids)) == most
    assert ids.is_monotonic_increasing
    pd.testing.assert_frame_equal(drawn.frame, again.frame)
    assert not drawn.frame.equals(other.frame)
    counts = np.bincount(ids // 10_000, minlength=6)
    assert (abs(counts - 1_000) < 5 * np.sqrt(900)).all()  # five standard deviations of a draw
    total = np.zeros(n)
    for seed in range(20):
        total[connectors.read(str(tmp_path), limits=limits, seed=seed).frame["i"]] += 1
    assert abs(total.mean() - 2.0) < 1e-9
    assert abs(total.var() - 1.8) < 0.1  # binomial: 20 draws with a chance of a tenth


def test_the_service_reads_and_writes_named_places_alone(base, bucket, tmp_path, monkeypatch):
    """From a table to a data set, from a model to a bucket and a table; everything else is refused."""
    import yaml
    from api.conftest import finished, listening, someone

    from smartsynth.api.app import Service
    from smartsynth.jobs import Jobs

    named = {
        "warehouse": {"url": base, "tables": ["people", "made_*"], "write": True},
        "lake": {"url": bucket, "write": True},
        "archive": {"url": bucket},
    }
    (tmp_path / "places.yaml").write_text(yaml.safe_dump(named, sort_keys=False))
    monkeypatch.setenv("SMARTSYNTH_CONNECTIONS", str(tmp_path / "places.yaml"))
    jobs = Jobs(tmp_path / "home", keep_spare=False)
    service = Service(jobs)
    try:
        with listening(service) as address, someone(service, address) as http:
            assert [one["name"] for one in http.get("/connections").json()] == ["warehouse", "lake", "archive"]
            assert base not in http.get("/connections").text
            done = finished(http, http.post("/imports", json={"connection": "warehouse", "table": "people"}))
            assert done["problem"] is None
            dataset = http.get(done["links"]["dataset"].removeprefix("/api/v1")).json()
            assert (dataset["state"], dataset["name"]) == ("ready", "people.parquet")
            config = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}}
            model = finished(http, http.post("/models", json={"dataset": dataset["id"], "config": config}))["id"]
            for to in (
                {"connection": "lake", "path": "2024/people.csv"},
                {"connection": "warehouse", "table": "made_people"},
            ):
                assert finished(http, http.post("/exports", json={"model": model, **to}))["problem"] is None
            assert len(connectors.read(f"{bucket}/2024/people.csv")) == 500
            assert len(connectors.read(f"{base}#made_people")) == 500
            again = finished(
                http, http.post("/exports", json={"model": model, "connection": "lake", "path": "2024/people.csv"})
            )
            assert "there already" in again["problem"]["detail"]
            lake = finished(http, http.post("/imports", json={"connection": "archive", "path": "2024/people.csv"}))
            assert lake["problem"] is None
            for kind, body in (
                ("imports", {"connection": "warehouse", "table": "secrets"}), ("imports", {"connection": "nowhere", "path": "x"}),
                ("imports", {"connection": "lake", "path": "../other/x.csv"}), ("imports", {"connection": "lake", "path": "/etc/passwd"}),
                ("imports", {"connection": "lake", "path": "file:///etc/passwd"}), ("imports", {"connection": "lake", "table": "x"}),
                ("imports", {"connection": "lake", "path": "a*"}), ("imports", {"connection": "warehouse"}),
                ("imports", {"connection": "http://169.254.169.254/", "path": "latest"}),
                ("exports", {"model": model, "connection": "archive", "path": "x.csv"}),
                ("exports", {"model": model, "connection": "warehouse", "table": "people_2"}),
            ):  # fmt: skip
                answer = http.post(f"/{kind}", json=body)
                assert (answer.status_code, answer.json()["type"]) == (422, "/api/v1/problems/bad-config"), body
    finally:
        jobs.close()
    told = {"x": {"url": "postgresql://me:hunter2@h/d"}}  # pragma: allowlist secret
    (tmp_path / "places.yaml").write_text(yaml.safe_dump(told))
    with pytest.raises(ConfigError, match="holds a password"):
        connections.connections()
    (tmp_path / "places.yaml").write_text("x: {ulr: y}")
    with pytest.raises(ConfigError, match="SMARTSYNTH_CONNECTIONS"):
        connections.connections()
