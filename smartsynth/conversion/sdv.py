"""SDV's metadata (versions 1 and 2, of one table or several), and its constraints.

Our side          SDV's side
kind              sdtype numerical, datetime, categorical, boolean, id, unknown
semantic          the sdtypes of Faker's names, such as email, phone_number
low, high         range_min, range_max
categories        range_values
required          range_is_nullable: false
pattern           regex_format of an id
treatment         pii: true regenerates, pii: false keeps
entity, time      sequence_key, sequence_index
rules             constraints Inequality, Range, FixedCombinations, OneHotEncoding, FixedIncrements; unique: alternate_keys
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from smartsynth.constraints import Chain, Combinations, Condition, OneHot, Rule, Unique, rules_of
from smartsynth.conversion.notes import Notes, brief
from smartsynth.conversion.sdv_names import check_names
from smartsynth.discovery.proposal import literal
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.expressions import quoted
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.schema_document import SchemaDocument, TableDocument
from smartsynth.schema_kinds import tables_in

SEMANTICS = {
    "email": "email", "phone_number": "phone", "ssn": "ssn", "first_name": "first_name", "last_name": "last_name", "name": "person_name",
    "iban": "iban", "credit_card_number": "credit_card", "ipv4_address": "ip", "ipv6_address": "ip", "mac_address": "mac", "vin": "vin",
    "license_plate": "license_plate", "street_address": "address", "address": "address", "postcode": "zip", "city": "city",
    "country": "country", "country_code": "country", "latitude": "latitude", "longitude": "longitude", "url": "url", "user_name": "username",
    "uuid4": "uuid", "company": "company",
}  # fmt: skip
"""Our meanings of SDV's sdtypes; the first of those that mean the same is written."""
_BACK = {ours: theirs for theirs, ours in reversed(SEMANTICS.items())}
_KINDS = {
    "numerical": Kind.NUMERIC, "datetime": Kind.DATETIME, "categorical": Kind.CATEGORICAL, "ordinal": Kind.CATEGORICAL,
    "boolean": Kind.BOOLEAN, "id": Kind.IDENTIFIER, "unknown": None,
}  # fmt: skip
_SDTYPES = {
    Kind.NUMERIC: "numerical", Kind.DATETIME: "datetime", Kind.CATEGORICAL: "categorical", Kind.BOOLEAN: "boolean",
    Kind.IDENTIFIER: "id",
}  # fmt: skip
SINGLE = "table"
"""Name of the only table of a file that names none."""
_MULTIPLE = re.compile(r"\s*(`[^`]+`|\w+)\s*%\s*([0-9.]+)\s*==\s*0\s*")


def read(values: Mapping[str, Any], constraints: Sequence[Any], notes: Notes) -> SchemaDocument:
    """The document of metadata, and of constraints that stand beside it."""
    tables = tables_in(values) or {SINGLE: values}
    if any("columns" not in table for table in tables.values()):
        raise ConfigError(
            "SDV's metadata of before version 1 has fields instead of columns. Upgrade it with sdv.metadata.Metadata.upgrade_metadata."
        )
    check_names(values)
    made = {
        name: _table(table, notes.below(f"tables.{name}" if "tables" in values else ""))
        for name, table in tables.items()
    }
    for relation in values.get("relationships") or ():
        child, parent = relation["child_table_name"], relation["parent_table_name"]
        key = {"columns": relation["child_foreign_key"], "table": parent, "references": relation["parent_primary_key"]}
        made[child].setdefault("foreign_keys", []).append(key)
    for i, constraint in enumerate(constraints):
        _constraint(constraint, made, notes.below(f"constraints[{i}]"))
    alone = len(made) == 1 and ("tables" not in values or SINGLE in made) and not values.get("relationships")
    return SchemaDocument.build(next(iter(made.values())) if alone else {"tables": made})


def _table(table: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {"columns": {}}
    for name, column in table["columns"].items():
        made["columns"][name] = _column(column, notes.below(f"columns.{name}"))
    key = table.get("primary_key")
    if key:
        made["primary_key"] = [key] if isinstance(key, str) else list(key)
    for names in table.get("alternate_keys") or ():
        made.setdefault("rules", []).append({"unique": [names] if isinstance(names, str) else list(names)})
    for part, role in (("sequence_key", Role.ENTITY), ("sequence_index", Role.TIME)):
        value = table.get(part)
        if isinstance(value, str):
            made["columns"].setdefault(value, {})["role"] = role.value
        elif value:
            notes.add(part, f"{brief(value)}: one column is read as an entity, not several")
    notes.lost(table, ("column_relationships", "synthesizer_info"))
    return made


def _column(column: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    sdtype = column.get("sdtype", "unknown")
    made: dict[str, Any] = {}
    if "sdtype" not in column:
        notes.add("sdtype", "is missing; what the column is, is found from the data")
    if sdtype in _KINDS:
        if _KINDS[sdtype] is not None:
            made["kind"] = _KINDS[sdtype]
        if sdtype == "ordinal":
            notes.add(
                "sdtype", "ordinal is read as categorical; the order of its values is kept as the order of categories"
            )
    else:
        made["semantic"] = SEMANTICS.get(sdtype, sdtype)
        if sdtype not in SEMANTICS:
            known = (*_KINDS, *SEMANTICS)
            notes.add(
                "sdtype",
                f"{sdtype!r} is kept as the meaning, as it may be a function of Faker.{did_you_mean(sdtype, known)} Known are {', '.join(known)}",
            )
    names = {"range_min": "low", "range_max": "high", "range_values": "categories", "regex_format": "pattern"}
    made |= {ours: column[theirs] for theirs, ours in names.items() if column.get(theirs) is not None}
    if column.get("order"):
        made.setdefault("categories", column["order"])
    if sdtype == "datetime":
        made |= {end: _iso(made[end], column.get("datetime_format")) for end in ("low", "high") if end in made}
    if "range_is_nullable" in column:
        made["required"] = not column["range_is_nullable"]
    if "pii" in column:
        made["treatment"] = "regenerate" if column["pii"] else "keep"
    notes.lost(column, ("datetime_format", "decimal_places", "computer_representation"), "is found from the data")
    notes.lost(column, ("order_by", "high_cardinality"))
    return made


def _iso(value: Any, form: str | None) -> str:
    import pandas as pd

    moment = pd.to_datetime(value, format=form) if form else pd.Timestamp(value)
    return str(moment.date().isoformat() if moment == moment.normalize() else moment.isoformat())


def _constraint(value: Any, tables: dict[str, dict[str, Any]], notes: Notes) -> None:
    """One constraint as rules of its table, in the names of SDV 1 and 2."""
    name = value.get("class_name") or value.get("constraint_class")
    given = value.get("parameters") or value.get("constraint_parameters") or {}
    table = given.get("table_name") or value.get("table_name") or next(iter(tables))
    rules = _RULES[name](given) if name in _RULES else None
    if rules is None or table not in tables:
        notes.add("", f"{name or brief(value)} has no counterpart")
        return
    tables[table].setdefault("rules", []).extend(rules)


def _inequality(given: Mapping[str, Any]) -> list[Any]:
    how = "<" if given.get("strict_boundaries", False) else "<="
    return [f"{quoted(given['low_column_name'])} {how} {quoted(given['high_column_name'])}"]


def _range(given: Mapping[str, Any]) -> list[Any]:
    names = [quoted(given[f"{place}_column_name"]) for place in ("low", "middle", "high")]
    return [(" < " if given.get("strict_boundaries", True) else " <= ").join(names)]


def _scalar_range(given: Mapping[str, Any]) -> list[Any]:
    how = "<" if given.get("strict_boundaries", True) else "<="
    return [f"{literal(given['low_value'])} {how} {quoted(given['column_name'])} {how} {literal(given['high_value'])}"]


def _sign(how: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    return lambda given: [f"{quoted(given['column_name'])} {how}{'' if given.get('strict_boundaries') else '='} 0"]


_RULES: Mapping[str, Callable[[Mapping[str, Any]], list[Any]]] = {
    "Inequality": _inequality,
    "Range": _range,
    "ScalarRange": _scalar_range,
    "ScalarInequality": lambda given: [f"{quoted(given['column_name'])} {given['relation']} {literal(given['value'])}"],
    "Positive": _sign(">"),
    "Negative": _sign("<"),
    "FixedCombinations": lambda given: [{"combinations": list(given["column_names"])}],
    "FixedIncrements": lambda given: [f"{quoted(given['column_name'])} % {literal(given['increment_value'])} == 0"],
    "OneHotEncoding": lambda given: [{"one_hot": list(given["column_names"])}],
    "Unique": lambda given: [{"unique": list(given["column_names"])}],
}


def write(document: SchemaDocument, notes: Notes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Metadata of version 2, and constraints as `sdv.utils.load_constraints` reads them."""
    tables: Mapping[str, TableDocument] = document.tables or {SINGLE: document}
    made: dict[str, Any] = {"tables": {}, "relationships": [], "METADATA_SPEC_VERSION": "V2"}
    constraints: list[dict[str, Any]] = []
    pointed = _pointed(tables)
    for name, table in tables.items():
        here = notes.below(f"tables.{name}" if document.tables else "")
        more, unique = _constraints(table, name if document.tables else None, here)
        made["tables"][name] = _written(table, unique, pointed[name], here)
        constraints += more
        for i, key in enumerate(table.foreign_keys):
            parent = key.references or (tables[key.table].primary_key if key.table in tables else ())
            if key.table not in tables or parent != tables[key.table].primary_key:
                here.add(f"foreign_keys[{i}]", "points to something else than a primary key, which SDV does not know")
                continue
            made["relationships"].append({
                "parent_table_name": key.table, "parent_primary_key": _one(parent), "child_table_name": name,
                "child_foreign_key": _one(key.columns),
            })  # fmt: skip
    return made, constraints


def _one(names: Sequence[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)


def _pointed(tables: Mapping[str, TableDocument]) -> dict[str, set[str]]:
    """Columns of keys and foreign keys by table: they are ids to SDV."""
    return {
        name: {*table.primary_key, *(column for key in table.foreign_keys for column in key.columns)}
        for name, table in tables.items()
    }


def _written(table: TableDocument, unique: Sequence[str], pointed: set[str], notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {"columns": {}}
    entity = next((name for name, column in table.columns.items() if column.role is Role.ENTITY), None)
    ids = {*pointed, *unique, *([entity] if entity else [])}
    for name in dict.fromkeys((*table.columns, *table.primary_key, *sorted(ids))):
        column = table.columns.get(name)
        settings = column.model_dump(mode="json", exclude_none=True) if column is not None else {}
        meant = name in unique and name not in pointed and settings.get("semantic") in _BACK
        made["columns"][name] = _sdtype(settings, name in ids and not meant, notes.below(f"columns.{name}"))
    if table.primary_key:
        made["primary_key"] = _one(table.primary_key)
        for name in table.primary_key:
            if made["columns"][name].get("range_is_nullable"):
                made["columns"][name].pop("range_is_nullable")
                notes.add(f"columns.{name}.required", "a key has no missing cells")
    alternate = [name for name in unique if (name,) != table.primary_key]
    if alternate:
        made["alternate_keys"] = alternate
    if entity:
        made["sequence_key"] = entity
    time = next((name for name, column in table.columns.items() if column.role is Role.TIME), None)
    if time and made["columns"][time]["sdtype"] in ("datetime", "numerical"):
        made["sequence_index"] = time
    elif time:
        notes.add(f"columns.{time}.role", "time is neither a date nor a number to SDV")
    return made


def _sdtype(settings: Mapping[str, Any], is_id: bool, notes: Notes) -> dict[str, Any]:
    """One column of SDV's."""
    kind = Kind(settings["kind"]) if "kind" in settings else None
    semantic = settings.get("semantic")
    made: dict[str, Any] = {}
    if is_id or (kind is Kind.IDENTIFIER and semantic not in _BACK):
        made["sdtype"] = "id"
        if kind not in (None, Kind.IDENTIFIER):
            notes.add("kind", f"{kind.value} of a key is an id to SDV")
        notes.lost(settings, ("semantic", "low", "high", "categories"))
    elif semantic in _BACK or (semantic is not None and kind is None):
        made["sdtype"] = _BACK.get(semantic, semantic)
        notes.lost(settings, ("kind",), f"is said by the sdtype {made['sdtype']}")
        notes.lost(settings, ("low", "high", "categories"))
    else:
        made |= _plain(kind, settings, notes)
    if "pattern" in settings:
        if made["sdtype"] == "id":
            made["regex_format"] = settings["pattern"]
        else:
            notes.add("pattern", "SDV knows patterns of ids alone")
    if "required" in settings:
        made["range_is_nullable"] = not settings["required"]
    treatment = settings.get("treatment")
    if treatment in ("regenerate", "keep") and made["sdtype"] not in _SDTYPES.values():
        made["pii"] = treatment == "regenerate"
    elif treatment:
        notes.add("treatment", f"{treatment} has no counterpart for {made['sdtype']}")
    if settings.get("role") not in (None, "feature", "entity", "time"):
        notes.add("role", f"{settings['role']} has no counterpart")
    notes.lost(settings, ("reason", "min_length", "max_length"))
    return made


def _plain(kind: Kind | None, settings: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """A column without a meaning, with its range."""
    if kind is None:
        kind = Kind.CATEGORICAL if "categories" in settings else Kind.NUMERIC if _is_number(settings) else None
        if kind is not None:
            notes.add("kind", f"is not given; read as {kind.value} for its values")
    if kind not in _SDTYPES:
        notes.add("kind", f"{kind.value if kind else 'none given'}: unknown to SDV")
        notes.lost(settings, ("semantic", "low", "high", "categories"))
        return {"sdtype": "unknown"}
    made: dict[str, Any] = {"sdtype": _SDTYPES[kind]}
    if kind in (Kind.NUMERIC, Kind.DATETIME):
        made |= {
            theirs: settings[ours] for ours, theirs in (("low", "range_min"), ("high", "range_max")) if ours in settings
        }
        notes.lost(settings, ("categories",))
    elif kind is Kind.CATEGORICAL:
        made |= {"range_values": list(settings["categories"])} if settings.get("categories") else {}
        notes.lost(settings, ("low", "high"))
    else:
        notes.lost(settings, ("low", "high", "categories"))
    notes.lost(settings, ("semantic",))
    return made


def _is_number(settings: Mapping[str, Any]) -> bool:
    return any(isinstance(settings.get(end), int | float) for end in ("low", "high"))


def _constraints(table: TableDocument, name: str | None, notes: Notes) -> tuple[list[dict[str, Any]], list[str]]:
    """Constraints of rules, and columns that are unique."""
    made: list[dict[str, Any]] = []
    unique = [column for column, settings in table.columns.items() if settings.unique]
    for i, value in enumerate(table.rules):
        rules = _rules(value, table)
        unique += [rule.columns[0] for rule in rules if _is_of_one(rule)]
        classes = [list(_classes(rule)) for rule in rules if not _is_of_one(rule)]
        found = [one for some in classes for one in some]
        if not rules or not all(classes):
            notes.add(f"rules[{i}]", f"{value if isinstance(value, str) else brief(value)} has no counterpart")
        where = {} if name is None else {"table_name": name}
        made += [{"class_name": kind, "parameters": {**given, **where}} for kind, given in found]
    return made, list(dict.fromkeys(unique))


def _is_of_one(rule: Rule) -> bool:
    return isinstance(rule, Unique) and len(rule.columns) == 1


def _rules(value: Any, table: TableDocument) -> tuple[Rule, ...]:
    """The rules that a value is, of any columns; none if it cannot be read."""
    from smartsynth.conversion.reading import columns_of

    names = dict.fromkeys((*table.columns, *columns_of(value)))
    schema = Schema(tuple(Column(name, Kind.NUMERIC, "float64") for name in names))
    try:
        return rules_of([value], schema)
    except ConfigError:
        return ()


def _classes(rule: Rule) -> Iterator[tuple[str, dict[str, Any]]]:
    """SDV's classes that say what a rule says."""
    if isinstance(rule, Combinations):
        if rule.declared is not None:
            return  # SDV reads them off the data
        yield "FixedCombinations", {"column_names": list(rule.columns)}
    elif isinstance(rule, OneHot):
        yield "OneHotEncoding", {"column_names": list(rule.columns)}
    elif isinstance(rule, Chain) and all(isinstance(member, str) for member in rule.members):
        members = [str(member) for member in rule.members]
        if len(members) == 3 and len(set(rule.strict)) == 1:
            names = dict(zip(("low_column_name", "middle_column_name", "high_column_name"), members, strict=True))
            yield "Range", {**names, "strict_boundaries": rule.strict[0]}
            return
        for low, high, strict in zip(members, members[1:], rule.strict, strict=False):
            yield "Inequality", {"low_column_name": low, "high_column_name": high, "strict_boundaries": strict}
    elif isinstance(rule, Condition) and (found := _MULTIPLE.fullmatch(rule.said)):
        step = float(found[2])
        yield (
            "FixedIncrements",
            {"column_name": found[1].strip("`"), "increment_value": int(step) if step.is_integer() else step},
        )
