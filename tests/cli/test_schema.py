"""`smartsynth schema`: discover, check, convert, json-schema."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from commands import invoke

from smartsynth.schema_document import SchemaDocument


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table whose total is a sum, and one that points to it."""
    path = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"sale_id": np.arange(400) + 7, "a": rng.integers(0, 900, 400), "b": rng.integers(0, 900, 400)})
    rows.assign(total=rows["a"] + rows["b"]).to_csv(path / "sales.csv", index=False)
    pd.DataFrame({"sale_id": rng.integers(7, 407, 300), "note": rng.choice(["x", "y"], 300)}).to_parquet(
        path / "notes.parquet"
    )
    return path


def test_discover_writes_a_file_that_check_takes(folder, tmp_path):
    out = tmp_path / "schema.yaml"
    result = invoke("schema", "discover", folder / "sales.csv", "-o", out)
    assert result.exit_code == 0 and result.stdout == "" and f"Wrote {out}" in result.stderr
    read = SchemaDocument.read(out)
    assert read.rules == ("total == a + b",) and read.primary_key == ("sale_id",)
    checked = invoke("schema", "check", out, folder / "sales.csv")
    assert (
        checked.exit_code == 0 and "statements are kept by all rows" in checked.stderr and checked.stdout.strip() == ""
    )


def test_discover_on_standard_output_and_as_json(folder):
    text = invoke("schema", "discover", folder / "sales.csv").stdout
    assert "- total == a + b  # kept by all of 400 rows; by chance 100% would break it" in text
    answer = json.loads(invoke("schema", "discover", folder, "--json").stdout)
    (key,) = [one for one in answer["tables"]["notes"]["proposals"] if one["what"] == "foreign key"]
    assert (
        key["value"] == {"columns": ["sale_id"], "table": "sales", "references": ["sale_id"]} and key["confidence"] == 1
    )
    assert "tables:" in answer["document"]


def test_check_counts_rows_that_break_rules_and_may_fail(folder, tmp_path):
    schema = tmp_path / "s.yaml"
    schema.write_text("columns: {a: {low: 0, required: true}}\nrules: ['a <= b', 'if a > 0 then total > 0']\n")
    result = invoke("schema", "check", schema, folder / "sales.csv", "--json")
    said = {one["rule"]: one for one in json.loads(result.stdout)["checked"]}
    rows = pd.read_csv(folder / "sales.csv")
    assert said["a <= b"]["broken"] == int((rows["a"] > rows["b"]).sum()) and result.exit_code == 0
    assert said["if a > 0 then total > 0"]["rows"] == int((rows["a"] > 0).sum())
    assert invoke("schema", "check", schema, folder / "sales.csv", "--min-confidence", "0.99").exit_code == 7
    shown = invoke("schema", "check", schema, folder / "sales.csv")
    assert "a <= b" in shown.stdout and "1 of 4" not in shown.stdout


def test_check_of_several_tables_finds_rows_that_point_nowhere(folder, tmp_path):
    schema = tmp_path / "s.yaml"
    schema.write_text(
        "tables:\n  sales: {primary_key: sale_id}\n  notes:\n    foreign_keys: [{columns: sale_id, table: sales}]\n"
    )
    assert "0 rows" not in invoke("schema", "check", schema, folder).stdout
    rows = pd.read_parquet(folder / "notes.parquet")
    rows.loc[:2, "sale_id"] = 99_999
    for name in ("sales.csv",):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    rows.to_parquet(tmp_path / "notes.parquet")
    result = invoke("schema", "check", schema, tmp_path, "--json")
    (broken,) = [one for one in json.loads(result.stdout)["checked"] if one["broken"]]
    assert broken["broken"] == 3 and broken["table"] == "notes" and "foreign key" in broken["rule"]


def test_check_names_what_is_wrong(folder, tmp_path):
    schema = tmp_path / "s.yaml"
    schema.write_text("rules: ['totl == a + b']\n")
    result = invoke("schema", "check", schema, folder / "sales.csv")
    assert result.exit_code == 4 and "Did you mean 'total'" in result.stderr
    schema.write_text("rule: []\n")
    assert "rule is not a setting" in invoke("schema", "check", schema).stderr
    schema.write_text("tables: {sales: {}}\n")
    assert "Give a folder" in invoke("schema", "check", schema, folder / "sales.csv").stderr


def test_convert_lists_what_is_lost(folder, tmp_path):
    schema = tmp_path / "s.yaml"
    schema.write_text("columns: {a: {kind: numeric}}\nrules: ['total == a + b']\n")
    result = invoke("schema", "convert", schema, "-o", tmp_path / "m.json", "--to", "sdv")
    assert result.exit_code == 0 and "rules[0]: total == a + b has no counterpart" in result.stderr
    answer = json.loads(invoke("schema", "convert", tmp_path / "m.json", "-o", tmp_path / "b.yaml", "--json").stdout)
    assert answer["from"] == "sdv" and answer["notes"] == []
    assert invoke("schema", "convert", schema, "-o", tmp_path / "m.json", "--to", "sql").exit_code == 4


def test_the_json_schema_describes_what_is_read():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(invoke("schema", "json-schema").stdout)
    jsonschema.validate({"columns": {"a": {"kind": "numeric"}}, "rules": ["a > 0", {"unique": ["a"]}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"columns": {"a": {"knd": "numeric"}}}, schema)


def test_conditions_that_are_never_true_and_tables_without_rows_are_told(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "orders.csv").write_text("id,kind\n" + "".join(f"{i},a\n" for i in range(30)))
    (data / "refunds.csv").write_text("id,order_id\n")
    (tmp_path / "schema.yaml").write_text(
        "tables:\n  orders:\n    primary_key: id\n    rules: ['if kind == \"b\" then id > 3']\n"
        "  refunds: {primary_key: id, foreign_keys: [{columns: order_id, table: orders}]}\n"
    )
    done = invoke("schema", "check", tmp_path / "schema.yaml", data)
    assert done.exit_code == 0, done.stderr
    assert 'orders: if kind == "b" then id > 3: no row could break it' in done.stderr
    assert "The table refunds is empty and was left out." in done.stderr


def test_check_names_all_that_is_wrong_at_once(folder, tmp_path):
    (tmp_path / "schema.yaml").write_text(
        "tables:\n  sales:\n    primary_key: sale_i\n    rules: ['total == a + c', 'b <']\n"
        "  notes:\n    columns: {nte: {kind: text}}\n  others: {}\n"
    )
    done = invoke("schema", "check", tmp_path / "schema.yaml", folder)
    assert done.exit_code == 4
    for said in (
        "tables.sales: There is no column 'sale_i'",
        "'c'",
        "'b <' cannot be read",
        "tables.notes: There is no column 'nte'",
        "no table 'others'",
    ):
        assert said in done.stderr


def test_a_condition_on_a_column_of_texts_is_an_error_in_words(tmp_path):
    (tmp_path / "rows.csv").write_text("flag,n\n" + "".join(f"{'ab'[i % 2]},{i}\n" for i in range(30)))
    (tmp_path / "schema.yaml").write_text("rules: [if flag then n > 3]\n")
    done = invoke("schema", "check", tmp_path / "schema.yaml", tmp_path / "rows.csv")
    assert done.exit_code == 4 and "'flag' is neither true nor false" in done.stderr
