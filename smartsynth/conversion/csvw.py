"""CSVW metadata (CSV on the Web): a table, or a group of tables.

Our side                  theirs
kind                      datatype number, boolean, datetime, duration, string
low, high                 datatype minimum, maximum
pattern, min/max_length   datatype format (of strings), minLength, maxLength
required                  required
primary_key               tableSchema.primaryKey
foreign_keys              tableSchema.foreignKeys
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from smartsynth.conversion.notes import Notes, brief
from smartsynth.schema_document import SchemaDocument, TableDocument

CONTEXT = "http://www.w3.org/ns/csvw"
KINDS = {
    **dict.fromkeys(
        (
            "number", "integer", "decimal", "double", "float", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger",
            "nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "gYear",
        ),
        "numeric",
    ),
    **dict.fromkeys(("datetime", "dateTime", "dateTimeStamp", "date", "time", "gYearMonth"), "datetime"),
    **dict.fromkeys(("duration", "dayTimeDuration", "yearMonthDuration"), "duration"),
    "boolean": "boolean",
    **dict.fromkeys(("json", "xml", "html"), "text"),
}  # fmt: skip
PLAIN = ("number", "datetime", "dateTime", "duration", "boolean", "string")
LOWEST = {
    "nonNegativeInteger": 0,
    "positiveInteger": 1,
    "unsignedLong": 0,
    "unsignedInt": 0,
    "unsignedShort": 0,
    "unsignedByte": 0,
}
TYPES = {"numeric": "number", "datetime": "datetime", "duration": "duration", "boolean": "boolean"}


def read(values: Mapping[str, Any], notes: Notes) -> SchemaDocument:
    """The document of a table, or of a group of tables, which are called as their files are."""
    if "tables" not in values:
        return SchemaDocument.build(_table(values, notes))
    tables = {_name(table): _table(table, notes.below(f"tables.{_name(table)}")) for table in values["tables"]}
    return SchemaDocument.build({"tables": tables})


def _name(table: Mapping[str, Any]) -> str:
    return PurePosixPath(str(table.get("url", "table"))).stem


def _table(table: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    schema = table.get("tableSchema") or {}
    if not isinstance(schema, Mapping):
        notes.add("tableSchema", f"{schema} is not in the file; give the file that it points to on its own")
        schema = {}
    columns = {
        _header(column, i): column for i, column in enumerate(schema.get("columns") or ()) if not column.get("virtual")
    }
    by_name = {column.get("name", header): header for header, column in columns.items()}
    made: dict[str, Any] = {
        "columns": {header: _column(column, notes.below(f"columns.{header}")) for header, column in columns.items()}
    }
    if schema.get("primaryKey"):
        made["primary_key"] = [by_name.get(name, name) for name in _several(schema["primaryKey"])]
    for i, key in enumerate(schema.get("foreignKeys") or ()):
        target = key["reference"]
        if "resource" not in target:
            notes.add(f"foreignKeys[{i}]", f"{brief(target)} names no table")
            continue
        made.setdefault("foreign_keys", []).append({
            "columns": [by_name.get(name, name) for name in _several(key["columnReference"])],
            "table": PurePosixPath(target["resource"]).stem,
            "references": _several(target["columnReference"]),
        })  # fmt: skip
    notes.lost(table, ("dialect", "notes", "transformations"))
    notes.lost(schema, ("rowTitles",))
    return made


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _header(column: Mapping[str, Any], place: int) -> str:
    """The name of a column as the file has it: its first title, else its name."""
    titles = column.get("titles")
    if isinstance(titles, Mapping):
        titles = next(iter(titles.values()), None)
    if isinstance(titles, list):
        titles = titles[0] if titles else None
    return str(titles or column.get("name") or f"_col.{place + 1}")


def _column(column: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    datatype = column.get("datatype", "string")
    given: Mapping[str, Any] = {"base": datatype} if isinstance(datatype, str) else datatype
    base = given.get("base", "string")
    made: dict[str, Any] = {}
    if base in KINDS:
        made["kind"] = KINDS[base]
    if base not in PLAIN:
        notes.add("datatype", f"{base} is read as {made.get('kind', 'text')}")
    if base in LOWEST:
        made["low"] = LOWEST[base]
    for end, names in (("low", ("minimum", "minInclusive")), ("high", ("maximum", "maxInclusive"))):
        for name in names:
            if name in given:
                made[end] = _number(given[name], base)
    for ours, theirs in (("min_length", "minLength"), ("max_length", "maxLength")):
        if theirs in given or "length" in given:
            made[ours] = int(given.get(theirs, given.get("length")))
    form = given.get("format")
    if form is not None and "kind" not in made:
        made["pattern"] = form
    elif form is not None:
        notes.add("datatype.format", f"{brief(form)} is found from the data")
    if "required" in column:
        made["required"] = bool(column["required"])
    notes.lost(given, ("minExclusive", "maxExclusive"))
    notes.lost(
        column,
        ("null", "default", "separator", "ordered", "lang", "propertyUrl", "valueUrl", "aboutUrl", "textDirection"),
    )
    return made


def _number(value: Any, base: str) -> Any:
    """A bound; numbers may be written as text."""
    if KINDS.get(base) != "numeric" or not isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def write(document: SchemaDocument, notes: Notes) -> dict[str, Any]:
    """A table, or a group of tables."""
    if not document.tables:
        return {"@context": CONTEXT, "url": "table.csv", "tableSchema": _schema(document, {}, notes)}
    tables = [
        {"url": f"{name}.csv", "tableSchema": _schema(table, document.tables, notes.below(f"tables.{name}"))}
        for name, table in document.tables.items()
    ]
    return {"@context": CONTEXT, "tables": tables}


def _schema(table: TableDocument, tables: Mapping[str, TableDocument], notes: Notes) -> dict[str, Any]:
    names = dict.fromkeys(
        (*table.columns, *table.primary_key, *(column for key in table.foreign_keys for column in key.columns))
    )
    made: dict[str, Any] = {"columns": [_written(table, name, notes.below(f"columns.{name}")) for name in names]}
    if table.primary_key:
        made["primaryKey"] = [_id(name) for name in table.primary_key]
    keys = []
    for i, key in enumerate(table.foreign_keys):
        references = key.references or (tables[key.table].primary_key if key.table in tables else ())
        if not references:
            notes.add(f"foreign_keys[{i}]", "names no columns to point to, which CSVW asks for; give references")
            continue
        keys.append({
            "columnReference": [_id(name) for name in key.columns],
            "reference": {"resource": f"{key.table}.csv", "columnReference": [_id(name) for name in references]},
        })  # fmt: skip
    if keys:
        made["foreignKeys"] = keys
    for i, rule in enumerate(table.rules):
        notes.add(f"rules[{i}]", f"{rule if isinstance(rule, str) else brief(rule)} has no counterpart")
    return made


def _id(name: str) -> str:
    return quote(name, safe="").replace("-", "%2D")


def _written(table: TableDocument, name: str, notes: Notes) -> dict[str, Any]:
    settings = table.columns[name].model_dump(mode="json", exclude_none=True) if name in table.columns else {}
    kind = settings.get("kind")
    base = TYPES.get(kind or "", "string")
    if kind is not None and kind not in TYPES:
        notes.add("kind", f"{kind} is a string there")
    datatype: dict[str, Any] = {"base": base}
    names = (
        {"low": "minimum", "high": "maximum"}
        if base in ("number", "datetime", "duration")
        else {"min_length": "minLength", "max_length": "maxLength", "pattern": "format"}
        if base == "string"
        else {}
    )
    datatype |= {theirs: settings[ours] for ours, theirs in names.items() if ours in settings}
    made: dict[str, Any] = {"name": _id(name), "titles": name, "datatype": datatype if len(datatype) > 1 else base}
    if "required" in settings:
        made["required"] = settings["required"]
    notes.lost(settings, [part for part in settings if part not in (*names, "kind", "required")])
    return made
