"""Tables that were read each on its own, as tables of one kind: truths and the words that they were written with.

A column of a text file that holds `true` alone is read as truths; beside a table in which the same column holds `true` and `unknown` it is
one of texts. Which it is shows only once both are read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from smartsynth.alignment import is_truth
from smartsynth.columns import with_columns
from smartsynth.dataset import Dataset
from smartsynth.inference import infer_schema
from smartsynth.schema import Column, Schema

TEXTS = ("object", "str", "string", "category")


def with_texts_of(real: Dataset, *others: Dataset | None) -> Dataset:
    """The real table, with texts in the place of truths where one word alone was read as a truth and another table has words that are none.

    Args:
        real: As it was read.
        others: Tables of the same columns, such as a holdout.
    """
    found: dict[str, pd.Series[Any]] = {}
    for column in real.schema:
        cells = real.frame[column.name]
        is_alone = _is_of_words(column, cells) and cells.nunique() == 1
        if is_alone and any(_has_other_words(other.frame, column.name) for other in others if other is not None):
            found[column.name] = _words(column, cells)
    return _changed(real, found)


def beside(rows: Dataset, schema: Schema) -> Dataset:
    """A table with truths as the words that they were written with, where the schema of the real one has texts."""
    texts = {column.name for column in schema if column.dtype in TEXTS}
    own = [column for column in rows.schema if column.name in texts]
    return _changed(rows, {c.name: _words(c, rows.frame[c.name]) for c in own if _is_of_words(c, rows.frame[c.name])})


def _is_of_words(column: Column, cells: pd.Series[Any]) -> bool:
    """Whether cells are truths that were read of words."""
    return column.format is not None and "/" in column.format and pd.api.types.is_bool_dtype(cells.dtype)


def _words(column: Column, cells: pd.Series[Any]) -> pd.Series[Any]:
    """Truths as they were written, with missing cells that were written as a word as this word."""
    yes, no = (column.format or "").split("/")
    said = [column.missing or None if pd.isna(cell) else yes if cell else no for cell in cells]
    return pd.Series(said, cells.index, dtype=object)


def _has_other_words(frame: pd.DataFrame, name: str) -> bool:
    """Whether a column holds words that are no truths."""
    if name not in frame or str(frame[name].dtype) not in TEXTS:
        return False
    return not all(map(is_truth, frame[name].dropna().unique()))


def _changed(data: Dataset, texts: dict[str, pd.Series[Any]]) -> Dataset:
    """A data set with some columns as texts."""
    if not texts:
        return data
    new = infer_schema(pd.DataFrame(texts))
    columns = tuple(new[column.name] if column.name in texts else column for column in data.schema)
    return replace(data, frame=with_columns(data.frame, texts), schema=replace(data.schema, columns=columns))
