"""Rows with text as a language model reads and writes them, and back.

    category: card arrival          control codes: what else the row says, in the order of the columns
    words: 12                       how long the text is to be, about
    text: When will my card come?   what is written; a special token ends it

Some texts have parts (texts.py), which are written one after the other:

    messages    user: …  assistant: …  user: …
    qas         question: …  answer: …  question: …      each answer a run of words of the text that it is about

The headers of parts are told and never written, so that every record can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from smartsynth.models.language_model import LanguageModel
from smartsynth.schema import Column, Kind, Schema
from smartsynth.texts import Part, has_parts, parts_of, words_in

MOST_CODES = 12
"""Control codes of a row at most; the target and what hangs on the text come first."""
SHORT_CELL = 60
"""A control code longer than this is left out: it is no code."""
_STEPS = (
    1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 700, 1000,
)  # fmt: skip


def about(words: float) -> int:
    """A number of words as a control code: the nearest of a few steps.

    >>> about(11), about(0), about(4_000)
    (12, 1, 1000)
    """
    return min(_STEPS, key=lambda step: abs(np.log(step) - np.log(max(words, 1))))


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a data set as control codes and texts.

    Args:
        codes: Columns that the texts hang on, the first one first.
        texts: Columns that are written, in this order.
    """

    codes: tuple[Column, ...]
    texts: tuple[Column, ...]

    @classmethod
    def of(cls, schema: Schema) -> Layout:
        """The layout of a schema: its modelled columns, the target first, and its texts."""
        known = sorted((c for c in schema if c.is_modelled), key=lambda c: c is not schema.target)
        return cls(tuple(known[:MOST_CODES]), tuple(c for c in schema if c.kind is Kind.TEXT))

    def prompt(self, row: Mapping[str, Any]) -> str:
        """What is told of a row before its texts are written."""
        lines = []
        for column in self.codes:
            value = row[column.name]
            if pd.isna(value):
                continue
            text = _spelt(column, value)
            if len(text) <= SHORT_CELL:
                lines.append(f"{_plain(column.name)}: {text}")
        return "\n".join(lines)

    def lines(self, row: Mapping[str, Any]) -> list[list[Part]]:
        """The parts of each text column of a row; none of a missing cell."""
        return [parts_of(c, str(row[c.name])) if not pd.isna(row[c.name]) else [] for c in self.texts]


def _plain(name: str) -> str:
    """A column's name as words."""
    return re.sub(r"[\W_]+", " ", name).strip() or "value"


def _spelt(column: Column, value: Any) -> str:
    if column.kind is Kind.CATEGORICAL and isinstance(value, str):
        return " ".join(re.sub(r"_+", " ", value).split())
    if column.kind is Kind.NUMERIC and column.decimals == 0:
        return str(int(value))
    if column.kind is Kind.NUMERIC:
        return f"{float(value):.{min(column.decimals or 3, 3)}f}"
    return str(value)


def told(header: str, words: int, *, first: bool) -> str:
    """What stands before a part; `words` of 0 leaves its length open."""
    length = f"words: {words}\n" if words else ""
    return f"{'' if first else chr(10)}{length}{_plain(header)}:"


class Example(NamedTuple):
    """A row as tokens, and which of them the model learns to write."""

    ids: list[int]
    learnt: list[bool]


def example(model: LanguageModel, layout: Layout, row: Mapping[str, Any], *, most: int) -> Example:
    """A real row as the model reads it; at most `most` tokens, the last ones are cut off."""
    ids, learnt = [], []
    for piece, written in _pieces(layout, row):
        found = model.ids(piece) + ([model.end] if written else [])
        ids += found
        learnt += [written] * len(found)
        if len(ids) >= most:
            break
    return Example(ids[:most], learnt[:most])


def _pieces(layout: Layout, row: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Stretches of a row, and whether each is written by the model."""
    prompt = layout.prompt(row)
    if prompt:
        yield f"{prompt}\n", False
    first = True
    for column, parts in zip(layout.texts, layout.lines(row), strict=True):
        for part in parts:
            words = 0 if has_parts(column) else about(words_in(part.text))
            yield told(part.header, words, first=first), False
            yield f" {part.text}", True
            first = False
