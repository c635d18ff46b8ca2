"""Made rows as tables of Arrow and pandas, and what is known of them as a schema."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from smartsynth.schema_document import ForeignKey, SchemaDocument, TableDocument
from smartsynth.templates.cells import TRUTHS, Cells, Coded
from smartsynth.templates.document import Template
from smartsynth.templates.language import Column
from smartsynth.templates.scope import Scope


def arrow(template: Template, name: str, scope: Scope, schema: pa.Schema | None = None) -> pa.Table:
    """The rows of a table as they are written: its key first, then what points to other tables, then the rest."""
    columns = written(template, name)
    order = [*_keys(template, name), *columns]
    names = [key for key in dict.fromkeys(order) if key in columns]
    cells = [_arrow(scope.columns[key], columns[key]) for key in names]
    made = pa.table(cells, names=names)
    return made if schema is None else made.cast(schema)


def written(template: Template, name: str) -> dict[str, Column | None]:
    """The columns of a table that are written; None for those of rows that the template holds."""
    table = template.tables[name]
    found: dict[str, Column | None] = dict.fromkeys(table.given.columns) if table.given is not None else {}
    for stream in table.streams.values():
        for key, column in stream.columns.items():
            other = found.get(key)
            finer = other is not None and other.decimals != column.decimals  # then they are no whole numbers
            found[key] = column.model_copy(update={"decimals": None}) if finer else column
    found.update(table.columns)
    found.update(table.summary)
    return {key: column for key, column in found.items() if column is None or column.keep}


def _keys(template: Template, name: str) -> list[str]:
    key = template.tables[name].primary_key
    return [*([key] if key else []), *(one.columns[0] for one in _foreign_keys(template, name))]


def _arrow(cells: Cells, column: Column | None) -> pa.Array:
    if isinstance(cells, Coded):
        if cells.levels == TRUTHS:
            return pa.array(cells.codes == 1, pa.bool_(), mask=cells.codes < 0)
        return cells.texts()
    if isinstance(cells, pa.Array):
        return cells
    if cells.dtype.kind == "M":
        days = column is not None and column.date
        return pa.array(cells.astype("datetime64[D]")) if days else pa.array(cells, pa.timestamp("s"))
    if cells.dtype.kind == "f":
        made = pa.array(cells, from_pandas=True)
        return made.cast(pa.int64()) if column is not None and column.decimals == 0 else made
    return pa.array(cells)


def schema_of(template: Template) -> SchemaDocument:
    """What is known about the tables, as a file that other commands read."""
    tables = {}
    for name, table in template.tables.items():
        if not table.keep:
            continue
        keys = {"primary_key": (table.primary_key,)} if table.primary_key else {}
        tables[name] = TableDocument(foreign_keys=_foreign_keys(template, name), rules=table.rules, **keys)
    return SchemaDocument(tables=tables)


def _foreign_keys(template: Template, name: str) -> tuple[ForeignKey, ...]:
    """The columns of a table that hold keys of others."""
    found: dict[str, ForeignKey] = {}
    table = template.tables[name]
    places = [(table.parent, table.columns), *((one.of or table.parent, one.columns) for one in table.streams.values())]
    for above, columns in places:
        for key, column in columns.items():
            target = column.references
            if column.inherit is not None and above is not None:
                owners = (
                    one for one in template.ancestors(above) if template.tables[one].primary_key == column.inherit
                )
                target = next(owners, None)
            elif column.pick is not None or column.asof is not None:
                target = (column.pick or column.asof).table  # type: ignore[union-attr]
            if (
                target is not None
                and column.keep
                and template.tables[target].keep
                and template.tables[target].primary_key
            ):
                found[key] = ForeignKey(columns=(key,), table=target, references=(template.tables[target].primary_key,))
    return tuple(found.values())


def frame_of(template: Template, name: str, scope: Scope) -> pd.DataFrame:
    """The rows of a table as pandas has them."""
    frame: pd.DataFrame = arrow(template, name, scope).to_pandas(date_as_object=False)
    return frame
