"""Schema files of other tools: round trips, the tools' own readers, and notes of what is lost."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from smartsynth.conversion import KINDS, convert, kind_of
from smartsynth.errors import ConfigError
from smartsynth.schema_document import SchemaDocument

EXTENDED = {
    "columns": {
        "id": {"kind": "identifier", "pattern": "C[0-9]{4}", "unique": True},
        "age": {"kind": "numeric", "low": 0, "high": 120, "required": True},
        "sex": {"kind": "categorical", "categories": ["F", "M"]},
        "level": {"kind": "categorical", "categories": [1, 2, 3]},
        "mail": {"semantic": "email", "treatment": "regenerate"},
        "note": {"kind": "text", "min_length": 2, "max_length": 80},
        "born": {"kind": "datetime", "low": "1900-01-01"},
        "stay": {"kind": "duration"},
        "vip": {"kind": "boolean", "role": "target"},
        "any": {},
    },
    "primary_key": "id",
    "rules": ["age >= 18", {"combinations": ["sex", "vip"]}, {"unique": ["mail", "age"]}],
}
MANY = {
    "tables": {
        "people": {
            "columns": {"id": {"kind": "identifier"}, "age": {"kind": "numeric", "low": 0}},
            "primary_key": "id",
        },
        "visits": {
            "columns": {"no": {"kind": "identifier"}, "person": {"kind": "identifier"}, "cost": {"kind": "numeric"}},
            "primary_key": "no",
            "foreign_keys": [{"columns": "person", "table": "people", "references": "id"}],
        },
    }
}


def there_and_back(values: dict[str, Any], to: str, folder: Path) -> tuple[SchemaDocument, SchemaDocument, list[str]]:
    before = SchemaDocument.build(values)
    (folder / "ours.yaml").write_text(before.to_yaml(), "utf-8")
    there = convert(folder / "ours.yaml", folder / "theirs.json", to=to)
    assert kind_of(json.loads((folder / "theirs.json").read_text("utf-8"))) == to
    back = convert(folder / "theirs.json", folder / "back.yaml")
    assert back.kind == to
    return before, SchemaDocument.read(folder / "back.yaml"), [str(note) for note in (*there.notes, *back.notes)]


def same(a: SchemaDocument, b: SchemaDocument) -> bool:
    """Whether two say the same; the order of rules means nothing."""
    plain = [one.model_dump(mode="json", exclude_defaults=True) for one in (a, b)]
    for one in plain:
        for table in (one, *one.get("tables", {}).values()):
            table["rules"] = sorted(map(str, table.get("rules", [])))
    return plain[0] == plain[1]


@pytest.mark.parametrize("to", ["smartsynth", "frictionless", "json-schema"])
@pytest.mark.parametrize("values", [EXTENDED, MANY])
def test_formats_with_room_of_their_own_lose_nothing(values, to, tmp_path):
    before, after, _ = there_and_back(values, to, tmp_path)
    assert same(before, after)


PLAIN = {
    "columns": {
        "a": {"kind": "numeric", "low": 0, "high": 9.5, "required": True}, "d": {"kind": "datetime", "low": "2000-01-01"},
        "t": {"pattern": "[A-Z]+", "min_length": 1, "max_length": 9}, "b": {"kind": "boolean", "required": False}, "u": {"kind": "duration"},
        "an id-like name": {"kind": "numeric"},
    },
    "primary_key": ["a", "an id-like name"],
}  # fmt: skip
RULED = {
    "columns": {
        "id": {"kind": "identifier", "pattern": "[0-9]{5}", "required": True}, "x": {"kind": "numeric", "low": 1, "high": 5},
        "y": {"kind": "numeric"}, "z": {"kind": "numeric"}, "c": {"kind": "categorical", "categories": ["r", "s"]}, "b": {"kind": "boolean"},
        "d": {"kind": "datetime", "low": "2000-01-01", "high": "2030-12-31"}, "mail": {"semantic": "email", "treatment": "regenerate"},
        "who": {"kind": "identifier", "role": "entity"}, "when": {"kind": "datetime", "role": "time"}, "ticket": {"kind": "identifier"},
    },
    "primary_key": "id",
    "rules": [
        "x <= y", "x < y < z", {"combinations": ["c", "b"]}, {"one_hot": ["x", "y"]}, "z % 5 == 0", {"unique": ["ticket"]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("values, to", [(PLAIN, "csvw"), (MANY, "sdv"), (RULED, "sdv")])
def test_formats_keep_all_that_they_have_words_for(values, to, tmp_path):
    before, after, notes = there_and_back(values, to, tmp_path)
    assert same(before, after)
    assert notes == []


@pytest.mark.parametrize("values", [MANY, RULED])
def test_sdv_reads_our_metadata_and_constraints(values, tmp_path):
    sdv = pytest.importorskip("sdv.metadata")
    (tmp_path / "ours.yaml").write_text(SchemaDocument.build(values).to_yaml(), "utf-8")
    done = convert(tmp_path / "ours.yaml", tmp_path / "m.json", to="sdv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metadata = sdv.Metadata.load_from_json(str(tmp_path / "m.json"))
        metadata.validate()
        assert metadata.to_dict() == json.loads((tmp_path / "m.json").read_text())
        if values is RULED:
            from sdv.utils import load_constraints

            assert [str(path.name) for path in done.files] == ["m.json", "m.constraints.json"]
            names = [type(one).__name__ for one in load_constraints(str(tmp_path / "m.constraints.json"))]
            assert names == ["Inequality", "Range", "FixedCombinations", "OneHotEncoding", "FixedIncrements"]


def test_sdvs_own_metadata_are_read(tmp_path):
    sdv = pytest.importorskip("sdv.metadata")
    import pandas as pd

    rows = pd.DataFrame(
        {"id": range(20), "when": pd.date_range("2020", periods=20), "n": [1.5] * 20, "kind": ["a", "b"] * 10}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metadata = sdv.Metadata.detect_from_dataframes({"t": rows})
        metadata.update_column("id", "t", sdtype="id")
        metadata.set_primary_key("id", "t")
        metadata.save_to_json(str(tmp_path / "theirs.json"))
    done = convert(tmp_path / "theirs.json", tmp_path / "ours.yaml")
    read = SchemaDocument.read(tmp_path / "ours.yaml").tables["t"]
    assert done.kind == "sdv" and read.primary_key == ("id",)
    assert [str(column.kind) for column in read.columns.values()][:3] == ["identifier", "datetime", "numeric"]


OLD = {
    "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
    "primary_key": "id", "alternate_keys": ["card"], "sequence_key": "who", "sequence_index": "t",
    "columns": {
        "id": {"sdtype": "id", "regex_format": "A[0-9]+"}, "card": {"sdtype": "credit_card_number", "pii": True}, "who": {"sdtype": "id"},
        "t": {"sdtype": "datetime", "datetime_format": "%d/%m/%Y"}, "n": {"sdtype": "numerical", "computer_representation": "Int64"},
        "o": {"sdtype": "categorical", "order": ["low", "high"]},
    },
    "column_relationships": [{"type": "address", "column_names": ["a", "b"]}],
}  # fmt: skip


def test_metadata_of_version_1_with_constraints_beside_them(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(OLD))
    classes = [
        ("ScalarRange", {"column_name": "n", "low_value": 0, "high_value": 9, "strict_boundaries": False}),
        ("ScalarInequality", {"column_name": "n", "relation": ">", "value": 2}), ("Positive", {"column_name": "n"}), ("Odd", {}),
    ]  # fmt: skip
    constraints = [{"constraint_class": name, "constraint_parameters": given} for name, given in classes]
    (tmp_path / "m.constraints.json").write_text(json.dumps(constraints))
    done = convert(tmp_path / "m.json", tmp_path / "ours.yaml")
    read = SchemaDocument.read(tmp_path / "ours.yaml")
    assert read.rules == ({"unique": ["card"]}, "0 <= n <= 9", "n > 2", "n >= 0")
    assert read.columns["o"].categories == ("low", "high") and read.columns["who"].role == "entity"
    assert read.columns["card"].semantic == "credit_card" and read.columns["card"].treatment == "regenerate"
    said = "\n".join(map(str, done.notes))
    for lost in ("column_relationships", "datetime_format", "computer_representation", "Odd"):
        assert lost in said


def test_a_data_package_of_others(tmp_path):
    package = {
        "name": "shop",
        "resources": [
            {"name": "items", "path": "items.csv", "schema": {
                "fields": [
                    {"name": "sku", "type": "string", "constraints": {"required": True, "unique": True, "pattern": "[A-Z]{3}"}},
                    {"name": "price", "type": "number", "constraints": {"minimum": 0, "exclusiveMaximum": 100}},
                    {"name": "size", "type": "string", "constraints": {"enum": ["S", "M"]}},
                    {"name": "made", "type": "date", "format": "%d.%m.%Y", "title": "Made on"}, {"name": "mail", "type": "string", "format": "email"},
                ],
                "missingValues": ["", "n/a"], "primaryKey": ["sku"],
                "foreignKeys": [{"fields": ["size"], "reference": {"resource": "", "fields": ["sku"]}}],
            }},
        ],
    }  # fmt: skip
    (tmp_path / "datapackage.json").write_text(json.dumps(package))
    done = convert(tmp_path / "datapackage.json", tmp_path / "ours.yaml")
    table = SchemaDocument.read(tmp_path / "ours.yaml").tables["items"]
    assert table.primary_key == ("sku",) and table.foreign_keys[0].table == "items"
    assert table.columns["sku"].pattern == "[A-Z]{3}" and table.columns["sku"].unique and table.columns["sku"].required
    assert table.columns["size"].categories == ("S", "M") and table.columns["made"].kind == "datetime"
    assert table.columns["mail"].semantic == "email" and table.columns["price"].low == 0
    said = "\n".join(map(str, done.notes))
    for lost in ("exclusiveMaximum", "missingValues", "%d.%m.%Y", "Made on"):
        assert lost in said


def test_csvw_of_others(tmp_path):
    metadata = {
        "@context": "http://www.w3.org/ns/csvw", "url": "trees.csv", "dialect": {"delimiter": ";"},
        "tableSchema": {
            "columns": [
                {"name": "gid", "titles": ["GID", "Identifier"], "datatype": {"base": "string", "format": "[0-9]+", "length": 4}, "required": True},
                {"name": "height", "titles": "Height", "datatype": {"base": "integer", "minimum": "1", "maximum": "90"}},
                {"name": "seen", "datatype": {"base": "date", "format": "M/d/yyyy"}, "null": "-"},
            ],
            "primaryKey": "gid",
        },
    }  # fmt: skip
    (tmp_path / "trees.csv-metadata.json").write_text(json.dumps(metadata))
    done = convert(tmp_path / "trees.csv-metadata.json", tmp_path / "ours.yaml")
    read = SchemaDocument.read(tmp_path / "ours.yaml")
    assert read.primary_key == ("GID",) and list(read.columns) == ["GID", "Height", "seen"]
    assert (
        read.columns["GID"].pattern == "[0-9]+"
        and read.columns["GID"].min_length == read.columns["GID"].max_length == 4
    )
    assert (read.columns["Height"].low, read.columns["Height"].high) == (1, 90)
    said = "\n".join(map(str, done.notes))
    for lost in ("dialect", "integer", "M/d/yyyy", "null"):
        assert lost in said


def test_a_json_schema_of_others(tmp_path):
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["id"],
        "properties": {
            "id": {"type": "string", "pattern": "^x"}, "n": {"type": ["integer", "null"], "minimum": 0, "multipleOf": 5},
            "when": {"type": "string", "format": "date"}, "kind": {"$ref": "#/$defs/kind"},
        },
        "$defs": {"kind": {"enum": ["a", "b", None]}},
    }  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps(schema))
    done = convert(tmp_path / "s.json", tmp_path / "ours.yaml")
    read = SchemaDocument.read(tmp_path / "ours.yaml")
    assert read.columns["id"].required and read.columns["id"].pattern == "^x"
    assert read.columns["kind"].categories == ("a", "b") and read.columns["when"].kind == "datetime"
    assert any("multipleOf" in str(note) for note in done.notes)


def test_choices_and_references_of_a_json_schema(tmp_path):
    schema = {
        "$defs": {"low": {"minimum": 1e-07, "type": "number"}, "round": {"$ref": "#/$defs/round"}}, "required": ["a", "b"],
        "properties": {
            "a": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]}, "b": {"allOf": [{"$ref": "#/$defs/low"}]},
            "c": {"oneOf": [{"$ref": "#/$defs/low"}, {"type": "null"}], "maximum": 1e300}, "d": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "e": {"$ref": "#/$defs/nowhere"}, "f": {"$ref": "#/$defs/round"}, "g": {"not": {"const": 1}},
        },
    }  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps(schema))
    done = convert(tmp_path / "s.json", tmp_path / "ours.json")
    read = SchemaDocument.read(tmp_path / "ours.json")
    assert (read.columns["a"].max_length, read.columns["a"].required) == (9, None)
    assert (read.columns["b"].low, read.columns["b"].required) == (1e-7, True)
    assert (read.columns["c"].low, read.columns["c"].high) == (1e-7, 1e300)
    assert {str(note).split(":")[0] for note in done.notes} == {
        "properties.d.oneOf", "properties.e.$ref", "properties.f.$ref", "properties.g.not",
    }  # fmt: skip


def test_what_csvw_has_no_word_for_is_noted(tmp_path):
    _, after, notes = there_and_back(EXTENDED, "csvw", tmp_path)
    assert not after.rules and after.columns["age"].high == 120
    for lost in (
        "rules[0]",
        "columns.sex.categories",
        "columns.mail.treatment",
        "columns.vip.role",
        "columns.id.unique",
    ):
        assert any(note.startswith(lost) for note in notes), lost


def test_rules_that_sdv_cannot_say_are_noted_one_by_one(tmp_path):
    rules = [
        {"combinations": {"columns": ["a", "b"], "rows": [[1, 2]]}}, {"cumulative": {"column": "a", "of": "b"}}, "a == 2 * b", "a < b + 1",
        {"unique": ["a", "b"]}, {"matches": {"a": "x+"}}, "if a > 1 then b > 1",
    ]  # fmt: skip
    values = {"columns": {"a": {"kind": "numeric"}, "b": {"kind": "numeric"}}, "rules": rules}
    _, after, notes = there_and_back(values, "sdv", tmp_path)
    assert not after.rules and [note.split(":")[0] for note in notes] == [f"rules[{i}]" for i in range(len(rules))]
    assert not (tmp_path / "theirs.constraints.json").exists()


def test_unknown_kinds_and_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'frictionless'"):
        convert(tmp_path / "x", tmp_path / "y", to="frictionles")
    with pytest.raises(ConfigError, match="is not a file"):
        convert(tmp_path / "x", tmp_path / "y")
    assert set(KINDS) == {"smartsynth", "sdv", "frictionless", "csvw", "json-schema"}


@pytest.mark.parametrize(
    "values, kind",
    [
        ({"fields": [{"type": "string"}]}, "frictionless"), ({"fields": [{"name": "a"}], "foreignKeys": [{"fields": "a"}]}, "frictionless"),
        ({"METADATA_SPEC_VERSION": "V2", "tables": {"t": {"columns": []}}}, "sdv"), ({"tableSchema": {"columns": ["a"]}}, "csvw"),
        ({"properties": {"a": 3}}, "json-schema"), ({"columns": {"a": {"sdtype": "datetime", "range_min": "soon"}}}, "sdv"),
    ],
)  # fmt: skip
def test_broken_files_are_refused_with_a_reason(values, kind, tmp_path):
    (tmp_path / "in.json").write_text(json.dumps(values))
    assert kind_of(values) == kind
    with pytest.raises(ConfigError, match=f"is no {kind} file"):
        convert(tmp_path / "in.json", tmp_path / "out.yaml")


def of_sdv(**changes):
    """Metadata of two tables, some of it changed."""
    values = {
        "METADATA_SPEC_VERSION": "V2",
        "tables": {
            "people": {"columns": {"id": {"sdtype": "id"}, "age": {"sdtype": "numerical"}}, "primary_key": "id"},
            "visits": {"columns": {"person": {"sdtype": "id"}, "on": {"sdtype": "date_time"}, "mail": {"sdtype": "first_name_female"}}},
        },
        "relationships": [
            {"parent_table_name": "people", "parent_primary_key": "id", "child_table_name": "visits", "child_foreign_key": "person"}
        ],
    }  # fmt: skip
    people = values["tables"]["people"]
    people["columns"]["age"] |= changes.get("age", {})
    people |= changes.get("people", {})
    values["relationships"][0] |= changes.get("relation", {})
    return values | changes.get("file", {})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age": {"sdtype": "numerica"}}, r"tables\.people\.columns\.age\.sdtype='numerica' is not known\. Did you mean 'numerical'\? Known are"),
        ({"age": {"range_mni": 3}}, r"tables\.people\.columns\.age\.range_mni=3 is no property .* Did you mean 'range_min'\?"),
        ({"people": {"primary_keys": "id"}}, r"tables\.people\.primary_keys='id' .* Did you mean 'primary_key'\?"),
        ({"people": {"primary_key": "ids"}}, r"tables\.people\.primary_key='ids' is no column\. Did you mean 'id'\? Columns: id, age"),
        ({"relation": {"child_table_name": "visit"}}, r"relationships\[0\]\.child_table_name='visit' is no table\. Did you mean 'visits'\?"),
        ({"relation": {"child_foreign_key": "persn"}}, r"relationships\[0\]\.child_foreign_key='persn' is no column\."),
        ({"file": {"relationship": []}}, r"relationship=\[\] is no property .* Did you mean 'relationships'\?"),
        ({"age": {"sdtype": "Datetime", "range_mx": 1}}, r"(?s)range_mx=1 .*sdtype='Datetime'"),
    ],
)  # fmt: skip
def test_what_sdv_does_not_know_is_refused_with_its_place(changes, said, tmp_path):
    """Every one at once; a name that Faker may know is kept and told."""
    (tmp_path / "in.json").write_text(json.dumps(of_sdv()))
    assert any(
        "tables.visits.columns.mail.sdtype: 'first_name_female' is kept" in str(note)
        for note in convert(tmp_path / "in.json", tmp_path / "out.yaml").notes
    )
    (tmp_path / "in.json").write_text(json.dumps(of_sdv(**changes)))
    with pytest.raises(ConfigError, match=said):
        convert(tmp_path / "in.json", tmp_path / "out.yaml")


def test_types_that_frictionless_does_not_know_are_refused_with_their_place(tmp_path):
    for field, said in (
        ({"type": "nmber"}, "'number'"),
        ({"type": "number", "constraints": {"minimun": 3}}, "'minimum'"),
    ):
        (tmp_path / "in.json").write_text(json.dumps({"fields": [{"name": "a", **field}]}))
        with pytest.raises(ConfigError, match=rf"fields\.a\..* is not known\. Did you mean {said}"):
            convert(tmp_path / "in.json", tmp_path / "out.yaml")


@pytest.mark.parametrize(
    ("values", "kind"),
    [(of_sdv(), "sdv"), ({"fields": [{"name": "a"}]}, "frictionless"), ({"tableSchema": {"columns": []}}, "csvw"), ({"properties": {"a": {}}}, "json-schema")],
)  # fmt: skip
def test_a_schema_of_another_tool_names_the_command_that_converts_it(values, kind, tmp_path):
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=rf"kind {kind}, .* `smartsynth schema convert {path} -o schema.yaml`"):
        SchemaDocument.read(path)
    with pytest.raises(ConfigError, match="smartsynth schema convert FILE"):
        SchemaDocument.build(values)
