"""JSON Schema of a record: an object with a property for each column (or an array of such objects).

Our side              theirs
kind                  type number, boolean, string; format date-time, duration
low, high, categories minimum, maximum, enum
pattern, …_length     pattern, minLength, maxLength
required              required
the rest, keys, rules x-smartsynth, which other readers pass over
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartsynth.conversion.notes import Notes
from smartsynth.errors import ConfigError
from smartsynth.schema_document import SchemaDocument, TableDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OURS = "x-smartsynth"
SAME = {
    "low": "minimum", "high": "maximum", "categories": "enum", "pattern": "pattern", "min_length": "minLength", "max_length": "maxLength",
}  # fmt: skip
TYPES: Mapping[str, dict[str, Any]] = {
    "numeric": {"type": "number"}, "boolean": {"type": "boolean"}, "datetime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "format": "duration"},
}  # fmt: skip
CHOICES = ("anyOf", "oneOf", "allOf")
MOST_REFERENCES = 20
"""References that are followed one after the other."""
FORMATS = {"date-time": "datetime", "date": "datetime", "time": "datetime", "duration": "duration"}
MEANINGS = {"email": "email", "uuid": "uuid", "uri": "url", "ipv4": "ip", "ipv6": "ip"}


def read(values: Mapping[str, Any], notes: Notes) -> SchemaDocument:
    """The document of a record's schema, or of an object of such arrays, which are tables."""
    if values.get("type") == "array":
        values = {**values["items"], "$defs": values.get("$defs", {})}
    if "properties" not in values:
        raise ConfigError(
            "The JSON Schema has no properties. Give the schema of one record, with a property for each column."
        )
    properties = values["properties"]
    if properties and all(_resolved(one, values).get("type") == "array" for one in properties.values()):
        tables = {
            name: _table(_resolved(_resolved(one, values)["items"], values), values, notes.below(f"tables.{name}"))
            for name, one in properties.items()
        }
        return SchemaDocument.build({"tables": tables})
    return SchemaDocument.build(_table(values, values, notes))


def _resolved(value: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """A schema, or the one that it refers to, or is a choice of, where that is one alone besides `null`."""
    found = _referred(value, root)
    if found is None:
        return value
    whole = {**found, **{k: v for k, v in value.items() if k not in ("$ref", *CHOICES)}}
    return _resolved(whole, root, depth + 1) if depth < MOST_REFERENCES else value


def _referred(value: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a schema refers to, or chooses; None if it is none that is known, or one of several."""
    reference = value.get("$ref", "")
    for place in ("$defs", "definitions"):
        name = reference.removeprefix(f"#/{place}/")
        if name != reference and name in root.get(place, {}):
            found: Mapping[str, Any] = root[place][name]
            return found
    options = [option for name in CHOICES for option in value.get(name) or ()]
    known = [option for option in options if option != {"type": "null"}]
    if len(known) != 1 or "$ref" in value:
        return None
    return {**known[0], "nullable": True} if len(known) < len(options) else known[0]


def _table(values: Mapping[str, Any], root: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    required = set(values.get("required") or ())
    columns = {
        name: _column(_resolved(one, root), name in required, notes.below(f"properties.{name}"))
        for name, one in values.get("properties", {}).items()
    }
    notes.lost(
        values, ("allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "patternProperties")
    )
    ours = dict(values.get(OURS) or {})
    return {"columns": columns, **ours}


def _column(values: Mapping[str, Any], is_required: bool, notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {ours: values[theirs] for ours, theirs in SAME.items() if theirs in values}
    types = [values["type"]] if isinstance(values.get("type"), str) else list(values.get("type") or ())
    nullable = "null" in types or values.get("nullable") is True
    types = [one for one in types if one != "null"]
    form = values.get("format")
    if "const" in values:
        made["kind"] = "constant"
    elif form in FORMATS:
        made["kind"] = FORMATS[form]
    elif types and set(types) <= {"number", "integer"}:
        made["kind"] = "numeric"
    elif types == ["boolean"]:
        made["kind"] = "boolean"
    elif "categories" in made:
        made["kind"] = "categorical"
    elif types and types != ["string"]:
        notes.add("type", f"{', '.join(types)} is read as what the data are")
    if "integer" in types:
        notes.add("type", "integer is read as numeric; whole numbers are found from the data")
    if form in MEANINGS:
        made["semantic"] = MEANINGS[form]
    elif form is not None and form not in FORMATS:
        notes.add("format", f"{form} has no counterpart")
    if "categories" in made:
        made["categories"] = [value for value in made["categories"] if value is not None]
    if is_required and not nullable:
        made["required"] = True
    notes.lost(
        values,
        (
            "$ref",
            *CHOICES,
            "not",
            "if",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "default",
            "title",
            "description",
            "examples",
            "const",
        ),
    )
    return made | dict(values.get(OURS) or {})


def write(document: SchemaDocument, notes: Notes) -> dict[str, Any]:
    """The schema of a record, or of an object with an array of records for each table."""
    if not document.tables:
        return {"$schema": DIALECT, **_record(document, notes)}
    arrays = {
        name: {"type": "array", "items": _record(table, notes.below(f"tables.{name}"))}
        for name, table in document.tables.items()
    }
    return {"$schema": DIALECT, "type": "object", "properties": arrays}


def _record(table: TableDocument, notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(table, name, notes.below(f"columns.{name}")) for name in table.columns},
    }
    required = [name for name, column in table.columns.items() if column.required]
    if required:
        made["required"] = required
    values = table.model_dump(mode="json", exclude_defaults=True, include={"primary_key", "foreign_keys", "rules"})
    if values:
        made[OURS] = values
        for part in values:
            notes.add(part, f"is kept under `{OURS}`, which other readers pass over")
    return made


def _property(table: TableDocument, name: str, notes: Notes) -> dict[str, Any]:
    settings = table.columns[name].model_dump(mode="json", exclude_none=True)
    kind = settings.pop("kind", None)
    made: dict[str, Any] = dict(
        TYPES.get(kind or "", {} if "categories" in settings else {"type": "string"} if kind else {})
    )
    made |= {
        theirs: settings.pop(ours)
        for ours, theirs in SAME.items()
        if ours in settings and not (made.get("format") and ours in ("low", "high"))
    }
    if settings.get("required"):
        settings.pop("required")
    elif "type" in made:
        made["type"] = [made["type"], "null"]
    back = _column(made, False, Notes()).get("kind")
    kept = ({"kind": kind} if kind is not None and back != kind else {}) | settings
    if kept:
        made[OURS] = kept
        for part, value in kept.items():
            notes.add(part, f"{value} is kept under `{OURS}`, which other readers pass over")
    return made
