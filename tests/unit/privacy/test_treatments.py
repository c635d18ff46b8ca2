"""What is done about columns that say who somebody is: planned with reasons, done before anything is learnt, told."""

import datetime as dt
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.config import ColumnConfig
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.privacy.treatments import plan, treated, treated_schema
from smartsynth.schema import Kind

N = 300


def patients(seed=0):
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D")
    return pd.DataFrame({
        "patient_id": [f"P{i:06d}" for i in rng.permutation(N)],
        "email": [f"p{i}@example.org" for i in range(N)],
        "zip": rng.choice(["03601", "94110", "10001", "10002"], N),
        "admission_date": day, "discharged": day.strftime("%d.%m.%Y"), "birth_date": [d.date() for d in day - pd.Timedelta(days=20_000)],
        "age": rng.integers(18, 99, N), "city": rng.choice(["Boston", "Denver", "Austin", "Miami"], N),
        "stay": rng.integers(1, 20, N), "died": rng.random(N) < 0.2,
    })  # fmt: skip


ROWS = patients()
SCHEMA = infer_schema(ROWS)


def how(found):
    return {one.column: one.treatment for one in found}


def test_what_is_found_has_a_treatment_and_a_reason():
    found = plan(SCHEMA, {})
    assert how(found)["patient_id"] == how(found)["email"] == "regenerate"
    assert how(found)["zip"] == how(found)["age"] == "keep"
    assert all(one.reason for one in found)
    assert {one.column: one.hipaa for one in found}["email"] == "F"


def test_safe_harbor_makes_each_class_what_the_rule_asks():
    found = plan(SCHEMA, {}, safe_harbor=True)
    assert how(found) == {
        "patient_id": "regenerate", "email": "regenerate", "zip": "generalise", "admission_date": "generalise",
        "discharged": "generalise", "birth_date": "generalise", "age": "generalise", "city": "drop",
    }  # fmt: skip
    before = ROWS.copy()
    rows, schema = treated(ROWS, SCHEMA, found), treated_schema(SCHEMA, found)
    pd.testing.assert_frame_equal(ROWS, before)
    assert list(rows.columns) == list(schema.names)
    assert "city" not in rows
    assert set(rows["zip"]) == {"000", "941", "100"}
    assert rows["age"].max() == 90
    assert (rows["admission_date"] == ROWS["admission_date"].dt.year).all()
    assert (rows["discharged"] == rows["admission_date"]).all()
    assert rows["birth_date"].between(1965, 1969).all()


def test_missing_cells_stay_missing():
    rows = ROWS.copy()
    rows.loc[:4, ["zip", "admission_date", "discharged", "birth_date"]] = None
    rows["age"] = rows["age"].astype(float).where(rows.index > 4)
    schema = infer_schema(rows)
    made = treated(rows, schema, plan(schema, {}, safe_harbor=True))
    assert made.loc[:4, ["zip", "admission_date", "discharged", "birth_date", "age"]].isna().all(axis=None)
    assert made.loc[5:].notna().all(axis=None)


def test_wishes_win_and_must_make_sense():
    wanted = {"email": ColumnConfig(treatment="drop"), "stay": ColumnConfig(treatment="drop")}
    assert how(plan(SCHEMA, wanted))["email"] == how(plan(SCHEMA, wanted))["stay"] == "drop"
    with pytest.raises(ConfigError, match=r"columns.email.treatment=keep: .* give columns.email.reason"):
        plan(SCHEMA, {"email": ColumnConfig(treatment="keep")})
    kept = plan(SCHEMA, {"email": ColumnConfig(treatment="keep", reason="They are made up.")})
    assert {one.column: one.reason for one in kept}["email"] == "They are made up."
    with pytest.raises(ConfigError, match="only ZIP codes, dates and ages"):
        plan(SCHEMA, {"city": ColumnConfig(treatment="generalise")})
    with pytest.raises(ConfigError, match="target='stay' is to be dropped"):
        treated_schema(SCHEMA.with_target("stay"), plan(SCHEMA.with_target("stay"), wanted))


def test_a_run_learns_treated_rows_and_tells_what_came_back(tmp_path):
    result = ss.synthesize(
        ROWS, holdout=patients(1), generator="copula", seed=1, target="died", privacy={"safe_harbor": True},
        columns={"stay": {"treatment": "drop"}},
    )  # fmt: skip
    rows = result.synthetic.frame
    assert not {"city", "stay"} & set(rows)
    assert set(rows["zip"]) <= {"000", "941", "100"}
    assert rows["age"].max() <= 90
    told = {one.column: one for one in result.identifiers}
    assert (told["email"].seen_in_output, told["email"].came_back) == ("email", 0)
    assert told["zip"].came_back == 1
    assert told["zip"].of_others == 1
    assert "city" in told
    report = result.report(tmp_path / "r.html")[0].read_text()
    assert "Columns that say who somebody is" in report
    assert "generalise: Safe Harbor, class C" in report
    assert {one["column"] for one in result.manifest["identifiers"]} == set(told)


def test_looking_for_identifiers_is_not_within_a_budget():
    with pytest.raises(ConfigError, match=r"columns.NAME.treatment"):
        ss.synthesize(ROWS, privacy={"epsilon": 1.0, "safe_harbor": True})


def test_a_year_of_birth_tells_of_no_age_over_89():
    """45 CFR 164.514(b)(2)(i)(C): no date, year included, may tell of an age over 89; dates of other events may."""
    cells = pd.to_datetime(["1901-05-05", "1925-01-01", "1990-03-02"] * 40)
    frame = pd.DataFrame({"birth_date": cells, "visit_date": cells, "x": np.arange(120.0)})
    schema = infer_schema(frame)
    rows = treated(frame, schema, plan(schema, {}, safe_harbor=True))
    oldest = datetime.now(UTC).year - 90
    assert sorted(rows["birth_date"].unique()) == [oldest, 1990]
    assert sorted(rows["visit_date"].unique()) == [1901, 1925, 1990]


def test_dates_of_any_kind_become_years():
    day = dt.date(2021, 5, 3)
    for cells in ([day] * 50, ["2021-05-03"] * 50, [pd.Timestamp(day, tz="UTC")] * 50):
        rows = pd.DataFrame({"visit_date": cells, "x": range(50)})
        schema = infer_schema(rows)
        if not schema["visit_date"].is_modelled:
            schema = schema.with_column("visit_date", kind=Kind.DATETIME)
        found = plan(schema, {"visit_date": ColumnConfig(treatment="generalise")})
        assert set(treated(rows, schema, found)["visit_date"]) == {2021}
