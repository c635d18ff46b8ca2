import numpy as np
import pandas as pd
import pytest

from smartsynth import relational
from smartsynth.errors import ConfigError, DataError
from smartsynth.relational.structure import Link, positions


@pytest.mark.parametrize(
    ("keys", "of", "expected"),
    [
        ([2.0, np.nan, 9.0], [1, 2], [1, -1, -1]),
        (pd.array([1, None], "Int64"), [1, 2], [0, -1]),
        (["b", None, "a"], ["a", "b"], [1, -1, 0]),
        ([10**16 + 1, 10**16], [10**16, 10**16 + 1], [1, 0]),
    ],
)
def test_keys_are_looked_up_whatever_their_dtype(keys, of, expected):
    assert positions(pd.DataFrame({"k": keys}), pd.DataFrame({"id": of})).tolist() == expected


def test_composite_keys_must_agree_in_all_parts():
    of = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"]})
    keys = pd.DataFrame({"c": [1, 2, 2, None], "d": ["y", "x", "y", "x"]})
    assert positions(keys, of).tolist() == [1, 2, -1, -1]


def tables():
    parents = pd.DataFrame({"id": range(30), "size": np.arange(30) % 7})
    children = pd.DataFrame({"parent_id": np.arange(60) % 33, "value": np.arange(60) * 0.5})
    return {"parents": parents, "children": children}


def test_every_wrong_name_of_a_schema_is_listed():
    schema = {"tables": {
        "parent": {}, "parents": {"primary_key": "key"},
        "children": {"foreign_keys": [{"columns": "parent", "table": "parents", "references": "id"}]},
    }}  # fmt: skip
    with pytest.raises(ConfigError) as error:
        relational.read(tables(), schema=schema)
    assert "tables.parent is not among the tables. Did you mean 'parents'?" in str(error.value)
    assert "names the column 'key'" in str(error.value)
    assert "Did you mean 'parent_id'?" in str(error.value)


def test_a_schema_of_one_table_is_refused():
    with pytest.raises(ConfigError, match="under `tables`"):
        relational.read(tables(), schema={"primary_key": "id"})


def test_repeated_and_missing_primary_keys_are_errors():
    frames = tables()
    frames["parents"] = pd.DataFrame({"id": [1, 1, None, 2] * 8, "size": range(32)})
    with pytest.raises(DataError) as error:
        relational.read(frames, schema={"tables": {"parents": {"primary_key": "id"}}})
    assert "missing in 8 rows" in str(error.value)
    assert "repeat an earlier one" in str(error.value)


def test_a_key_that_names_no_row_counts_as_missing_and_is_said():
    schema = {"tables": {
        "parents": {"primary_key": "id"},
        "children": {"foreign_keys": [{"columns": "parent_id", "table": "parents"}]},
    }}  # fmt: skip
    found, _ = relational.read(tables(), schema=schema)
    link = Link("children", ("parent_id",), "parents", ("id",))
    assert (found.named[link] < 0).sum() == 3
    assert found.notes == (
        "children.parent_id → parents.id: 3 of 60 rows name a row that is not there; their key counts as missing.",
    )


def test_a_kept_table_cannot_name_rows_that_are_made_anew():
    schema = {"tables": {
        "parents": {"primary_key": "id"},
        "children": {"reference": True, "foreign_keys": [{"columns": "parent_id", "table": "parents"}]},
    }}  # fmt: skip
    with pytest.raises(ConfigError, match=r"tables.children.reference=true"):
        relational.synthesize(tables(), schema=schema)


def test_a_source_that_is_nothing_is_named():
    with pytest.raises(ConfigError, match="neither a folder of tables"):
        relational.read("no/such/place")


def test_what_is_told_and_not_kept_is_said():
    told = {
        "tables": {
            "parents": {
                "columns": {
                    "size": {"treatment": "keep", "unique": True, "required": True, "kind": "numeric"},
                    "id": {"low": 0, "pattern": "[0-9]+"},
                }
            }
        }
    }
    found, _ = relational.read(tables(), schema=told)
    assert "parents.id: pattern is not kept by tables that are made together." in found.notes
    assert "parents.size: treatment is not kept by tables that are made together." in found.notes


@pytest.mark.parametrize("kind", ["frames", "csv", "json", "xlsx"])
def test_an_empty_table_is_left_out_and_measured(tmp_path, kind):
    rng = np.random.default_rng(0)
    frames = {
        "parents": pd.DataFrame({"id": range(60), "x": rng.normal(size=60).round(2)}),
        "children": pd.DataFrame({"parent_id": np.arange(120) % 60, "y": rng.normal(size=120).round(2)}),
    }
    few = {**frames, "children": frames["children"].iloc[:0]}
    source = few
    if kind == "xlsx":
        source = tmp_path / "tables.xlsx"
        with pd.ExcelWriter(source) as book:
            for name, frame in few.items():
                frame.to_excel(book, sheet_name=name, index=False)
    elif kind != "frames":
        source = tmp_path
        for name, frame in few.items():
            text = frame.to_csv(index=False) if kind == "csv" else frame.to_json(orient="records")
            (tmp_path / f"{name}.{kind}").write_text(text)
    told = {
        "tables": {
            "parents": {"primary_key": "id"},
            "children": {"foreign_keys": [{"columns": "parent_id", "table": "parents"}]},
        }
    }
    found, document = relational.read(source, schema=told)
    assert list(found.data) == list(document.tables) == ["parents"]
    assert found.notes == ("The table children is empty and was left out.",)
    measured = relational.evaluate(frames, source, schema=told)
    assert {table.table: table.synthetic for table in measured.tables} == {"parents": 60, "children": 0}
