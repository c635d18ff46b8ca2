"""Frictionless Table Schema and Data Package.

Our side              theirs
kind                  type number, boolean, datetime, duration, string
low, high, categories constraints minimum, maximum, enum
pattern, …_length     constraints pattern, minLength, maxLength
unique, required      constraints unique, required
primary_key           primaryKey
foreign_keys          foreignKeys
rules `unique`        uniqueKeys
the rest, and rules   property `smartsynth`, which other readers pass over
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartsynth.conversion.notes import Notes
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.schema_document import SchemaDocument, TableDocument

OURS = "smartsynth"
"""Property that keeps what the standard has no word for."""
SAME = {
    "low": "minimum", "high": "maximum", "categories": "enum", "pattern": "pattern", "min_length": "minLength", "max_length": "maxLength",
    "unique": "unique", "required": "required",
}  # fmt: skip
TYPES = {
    "numeric": "number", "boolean": "boolean", "datetime": "datetime", "duration": "duration", "identifier": "string", "text": "string",
    "categorical": "string", "image": "string", "constant": "any",
}  # fmt: skip
KINDS = {
    "number": "numeric", "integer": "numeric", "boolean": "boolean", "datetime": "datetime", "date": "datetime", "time": "datetime",
    "year": "numeric", "yearmonth": "datetime", "duration": "duration", "geopoint": "text", "geojson": "text", "object": "text",
    "array": "text", "list": "text",
}  # fmt: skip
PLAIN = ("number", "boolean", "datetime", "duration", "string", "any")
"""Types of which nothing is lost."""
CONSTRAINTS = (*SAME.values(), "exclusiveMinimum", "exclusiveMaximum", "jsonSchema")
FORMATS = {"email": "email", "uri": "url", "uuid": "uuid"}


def read(values: Mapping[str, Any], notes: Notes) -> SchemaDocument:
    """The document of a Table Schema, or of a Data Package with its resources."""
    if "resources" not in values:
        return SchemaDocument.build(_table(values, "", notes))
    tables: dict[str, Any] = {}
    for i, resource in enumerate(values["resources"]):
        name, schema = resource.get("name", f"table{i + 1}"), resource.get("schema")
        here = notes.below(f"resources.{name}")
        if not isinstance(schema, Mapping):
            here.add("schema", "is not in the file; give the file that it points to on its own")
            continue
        tables[name] = _table(schema, name, here)
        here.lost(resource, ("dialect", "encoding"), "is found from the file")
    return SchemaDocument.build({"tables": tables})


def _table(schema: Mapping[str, Any], name: str, notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {
        "columns": {field["name"]: _column(field, notes.below(f"fields.{field['name']}")) for field in schema["fields"]}
    }
    if schema.get("primaryKey"):
        made["primary_key"] = schema["primaryKey"]
    for key in schema.get("foreignKeys") or ():
        target = key["reference"].get("resource") or name
        made.setdefault("foreign_keys", []).append(
            {"columns": key["fields"], "table": target, "references": key["reference"]["fields"]}
        )
    rules = [{"unique": list(names)} for names in schema.get("uniqueKeys") or ()]
    rules += list((schema.get(OURS) or {}).get("rules", ()))
    if rules:
        made["rules"] = rules
    if schema.get("missingValues") not in (None, [""], ["", "NA"]):
        notes.add("missingValues", f"{schema['missingValues']} are found from the file")
    return made


def _column(field: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    kind, constraints = field.get("type", "any"), field.get("constraints") or {}
    if kind not in KINDS and kind not in PLAIN:
        raise ConfigError(
            f"fields.{field['name']}.type={kind!r} is not known.{did_you_mean(str(kind), (*PLAIN, *KINDS))} Types: {', '.join((*PLAIN, *KINDS))}."
        )
    for name in constraints:
        if name not in CONSTRAINTS:
            raise ConfigError(
                f"fields.{field['name']}.constraints.{name} is not known.{did_you_mean(name, CONSTRAINTS)} Constraints: {', '.join(CONSTRAINTS)}."
            )
    made: dict[str, Any] = {ours: constraints[theirs] for ours, theirs in SAME.items() if theirs in constraints}
    if kind in KINDS:
        made["kind"] = KINDS[kind]
    elif "categories" in made:
        made["kind"] = "categorical"
    if kind not in PLAIN:
        notes.add("type", f"{kind} is read as {made.get('kind', 'what the data are')}")
    values = field.get("categories")
    if values:
        made["categories"] = [value["value"] if isinstance(value, Mapping) else value for value in values]
        made["kind"] = "categorical"
    form = field.get("format", "default")
    if form in FORMATS:
        made["semantic"] = FORMATS[form]
    elif form not in ("default", "any"):
        notes.add("format", f"{form} is found from the data")
    made |= field.get(OURS) or {}
    notes.lost(constraints, ("exclusiveMinimum", "exclusiveMaximum", "jsonSchema"))
    notes.lost(
        field,
        (
            "title",
            "description",
            "example",
            "rdfType",
            "categoriesOrdered",
            "missingValues",
            "decimalChar",
            "groupChar",
            "trueValues",
            "falseValues",
        ),
    )
    return made


def write(document: SchemaDocument, notes: Notes) -> dict[str, Any]:
    """A Table Schema, or a Data Package for several tables."""
    if not document.tables:
        return _schema(document, "", notes)
    resources = [
        {"name": name, "path": f"{name}.csv", "schema": _schema(table, name, notes.below(f"tables.{name}"))}
        for name, table in document.tables.items()
    ]
    return {"$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "resources": resources}


def _schema(table: TableDocument, name: str, notes: Notes) -> dict[str, Any]:
    names = dict.fromkeys(
        (*table.columns, *table.primary_key, *(column for key in table.foreign_keys for column in key.columns))
    )
    made: dict[str, Any] = {"fields": [_field(table, column, notes.below(f"columns.{column}")) for column in names]}
    if table.primary_key:
        made["primaryKey"] = list(table.primary_key)
    keys = [
        {"fields": list(key.columns), "reference": {"resource": "" if key.table == name else key.table, "fields": list(key.references)}}
        for key in table.foreign_keys if key.references
    ]  # fmt: skip
    for i, key in enumerate(table.foreign_keys):
        if not key.references:
            notes.add(
                f"foreign_keys[{i}]", "names no columns to point to, which Frictionless asks for; give references"
            )
    if keys:
        made["foreignKeys"] = keys
    unique, rules = _split(table.rules)
    if unique:
        made["uniqueKeys"] = unique
    if rules:
        made[OURS] = {"rules": rules}
        for i, rule in enumerate(table.rules):
            if rule in rules:
                notes.add(f"rules[{i}]", f"is kept under `{OURS}`, which other readers pass over")
    return made


def _split(rules: Sequence[Any]) -> tuple[list[list[str]], list[Any]]:
    """Keys, and other rules."""
    unique = [rule for rule in rules if isinstance(rule, Mapping) and set(rule) == {"unique"}]
    keys = [[rule["unique"]] if isinstance(rule["unique"], str) else list(rule["unique"]) for rule in unique]
    return keys, [rule for rule in rules if rule not in unique]


def _field(table: TableDocument, name: str, notes: Notes) -> dict[str, Any]:
    settings = table.columns[name].model_dump(mode="json", exclude_none=True) if name in table.columns else {}
    kind = settings.pop("kind", None)
    kind_there = _type(kind, settings.get("categories"))
    made: dict[str, Any] = {"name": name, "type": kind_there}
    if kind_there == "datetime":
        made["format"] = "any"
    constraints = {theirs: settings.pop(ours) for ours, theirs in SAME.items() if ours in settings}
    if constraints:
        made["constraints"] = constraints
    kept = {"kind": kind} if kind is not None and _kind_back(made) != kind else {}
    kept |= settings
    if kept:
        made[OURS] = kept
        for part, value in kept.items():
            notes.add(part, f"{value} is kept under `{OURS}`, which other readers pass over")
    return made


def _type(kind: str | None, categories: Sequence[Any] | None) -> str:
    """The type of a column; categories that are numbers are numbers there."""
    if categories and all(isinstance(value, bool) for value in categories):
        return "boolean"
    if categories and all(isinstance(value, int | float) and not isinstance(value, bool) for value in categories):
        return "number"
    return TYPES[kind] if kind is not None else "any"


def _kind_back(field: Mapping[str, Any]) -> str | None:
    """The kind that a field is read as."""
    return KINDS.get(field["type"]) or ("categorical" if "enum" in field.get("constraints", {}) else None)
