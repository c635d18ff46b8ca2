"""Rows with texts as a table of what is known of them before they are written, and the scripts that write them.

    table     the columns that are no texts; of each text how many words it has, or of how many parts it is and who begins
    script    piece after piece of a row's texts (text_sampling.py), each as long as the table says

Numbers of words and of parts are learnt as any column is; a role of a conversation counts if at least `min_count` of them have it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from smartsynth.errors import DataError
from smartsynth.models.language_model import LanguageModel
from smartsynth.models.text_layout import Layout, about, told
from smartsynth.models.text_sampling import Piece, Script, excerpt_grammar, json_grammar
from smartsynth.schema import JSON_OBJECT, MESSAGES, QAS, Column, Kind, Schema
from smartsynth.texts import NO_ANSWER, Part, cell_of, has_parts, parts_of, words_in

SPARE_TOKENS, SPARE = 8, 1.6
"""Tokens beyond those that the words need usually, and their share, before a text is stopped."""
TOKENS_PER_WORD = 2.0
"""Of a text that nothing is known of."""
USER, ASSISTANT = "user", "assistant"


class Texts(NamedTuple):
    """What was written for a row.

    cells      by column; None for a missing one
    whole      whether the model came to an end of each by itself
    """

    cells: dict[str, str | None]
    whole: bool


@dataclass(frozen=True, slots=True)
class TextRows:
    """How the rows of a data set are told and written.

    Args:
        layout: Control codes and texts.
        tokens_per_word: Of most texts, by column.
        longest: Tokens of a part at most, by column; of those with parts.
        roles: What follows each role in conversations, and how often.
        shapes: JSON schema of the cells of columns that hold JSON.
        unanswered: Whether some questions have no answer in their text.
    """

    layout: Layout
    tokens_per_word: Mapping[str, float]
    longest: Mapping[str, int]
    roles: Mapping[str, Mapping[str, float]]
    shapes: Mapping[str, Any]
    unanswered: bool = False

    @classmethod
    def fit(cls, frame: pd.DataFrame, schema: Schema, tokens_of: Callable[[str], int], *, min_count: int) -> TextRows:
        """Learn how long texts are in tokens, as `tokens_of` counts them, and who speaks after whom."""
        layout = Layout.of(schema)
        per_word, longest, roles, shapes, unanswered = {}, {}, {}, {}, 0
        for column in layout.texts:
            cells = [str(cell) for cell in frame[column.name].dropna()]
            parts = [part for cell in cells[:2_000] for part in parts_of(column, cell)]
            tokens = np.array([tokens_of(f" {part.text}") for part in parts] or [1])
            words = np.array([max(words_in(part.text), 1) for part in parts] or [1])
            per_word[column.name] = round(float(np.quantile(tokens / words, 0.95)), 1)
            longest[column.name] = about(float(np.quantile(tokens, 0.95))) if has_parts(column) else 0
            if column.semantic == MESSAGES:
                roles = _roles(column, cells, min_count)
            if column.semantic == QAS:
                unanswered += sum(any(part.text == NO_ANSWER for part in parts_of(column, cell)) for cell in cells)
            if column.semantic == JSON_OBJECT:
                shapes[column.name] = json_shape(cells, min_count)
        return cls(layout, per_word, longest, roles, shapes, unanswered >= min_count)

    @classmethod
    def unread(cls, schema: Schema, *, longest: int) -> TextRows:
        """How rows are told and written if nothing may be read off them: parts of up to `longest` tokens, roles in turn."""
        layout = Layout.of(schema)
        per_word = {column.name: TOKENS_PER_WORD for column in layout.texts}
        most = {column.name: longest if has_parts(column) else 0 for column in layout.texts}
        return cls(layout, per_word, most, {}, {})

    def table(self, frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """What a generator of tables learns."""
        columns = [c for c in schema if c.kind is not Kind.TEXT]
        made = {c.name: frame[c.name] for c in columns}
        for column in self.layout.texts:
            for extra, values in self._extras(column, frame[column.name]):
                columns.append(extra)
                made[extra.name] = values
        return pd.DataFrame(made), Schema(tuple(columns))

    def _extras(self, column: Column, cells: pd.Series[Any]) -> Iterator[tuple[Column, pd.Series[Any]]]:
        parts = [[] if pd.isna(cell) else parts_of(column, str(cell)) for cell in cells]
        sizes = [len(p) if has_parts(column) else sum(words_in(part.text) for part in p) for p in parts]
        known = cells.notna().to_numpy()
        size = pd.Series(np.where(known, sizes, np.nan), index=cells.index)
        yield Column(size_name(column), Kind.NUMERIC, "float64", decimals=0, nullable=bool((~known).any())), size
        if column.semantic == MESSAGES:
            first = pd.Series([p[0].header if p else None for p in parts], index=cells.index, dtype=object)
            kind = Kind.CATEGORICAL if first.nunique() > 1 else Kind.CONSTANT
            yield Column(opening_name(column), kind, "object", nullable=bool(first.isna().any())), first

    def script(self, row: Mapping[str, Any], model: LanguageModel, rng: np.random.Generator) -> Script:
        """Writes the texts of a row of the table; returns Texts."""
        cells: dict[str, str | None] = {}
        whole = True
        pending = model.ids(f"{prompt}\n") if (prompt := self.layout.prompt(row)) else []
        first = True
        for column in self.layout.texts:
            size = row[size_name(column)]
            if pd.isna(size):
                cells[column.name] = None
                continue
            parts: list[Part] = []
            for header in self._headers(column, row, max(int(size), 1), rng):
                words = 0 if has_parts(column) else about(size)
                piece = Piece(
                    [*pending, *model.ids(told(header, words, first=first))],
                    self._most(column, words),
                    grammar=self._grammar(column, header, self._context(cells)),
                )
                written = yield piece
                if not written.room and parts:
                    break
                pending, first = [], False
                text = written.text.strip()
                parts.append(Part(header, "" if header == "answer" and text == NO_ANSWER else text))
                whole = whole and written.finished and (bool(text) or header == "answer")
            if column.semantic == QAS and len(parts) % 2:
                parts.pop()  # a question for whose answer there was no room
            whole = whole and bool(parts)
            cells[column.name] = cell_of(column, parts, self._context(cells))
        return Texts(cells, whole)

    def _headers(self, column: Column, row: Mapping[str, Any], size: int, rng: np.random.Generator) -> Iterator[str]:
        """Who speaks, or what is asked, part after part."""
        if column.semantic == QAS:
            for _ in range(max(size // 2, 1)):
                yield "question"
                yield "answer"
            return
        if column.semantic != MESSAGES:
            yield column.name
            return
        role = row[opening_name(column)]
        role = USER if role is None or pd.isna(role) else str(role)
        for _ in range(size):
            yield role
            known = self.roles.get(role) or {ASSISTANT if role == USER else USER: 1.0}
            role = str(rng.choice(list(known), p=np.array(list(known.values()))))

    def _most(self, column: Column, words: int) -> int:
        if has_parts(column):
            return math.ceil(self.longest[column.name] * 1.2) + SPARE_TOKENS
        return math.ceil(words * self.tokens_per_word[column.name] * SPARE) + SPARE_TOKENS

    def _grammar(self, column: Column, header: str, context: str) -> str | None:
        if column.semantic == QAS and header == "answer" and context:
            return excerpt_grammar(context, (NO_ANSWER,) if self.unanswered else ())
        if column.name in self.shapes:
            return json_grammar(self.shapes[column.name])
        return None

    def _context(self, cells: Mapping[str, str | None]) -> str:
        """What questions are about: the longest text before them."""
        return max((cell for cell in cells.values() if cell), key=len, default="")

    def to_json(self) -> dict[str, Any]:
        return {
            "tokens_per_word": dict(self.tokens_per_word), "longest": dict(self.longest),
            "roles": {role: dict(after) for role, after in self.roles.items()}, "shapes": dict(self.shapes),
            "unanswered": self.unanswered,
        }  # fmt: skip

    @classmethod
    def restore(cls, values: Mapping[str, Any], schema: Schema) -> TextRows:
        """What `to_json` came from."""
        return cls(
            Layout.of(schema),
            values["tokens_per_word"],
            values["longest"],
            values["roles"],
            values["shapes"],
            values["unanswered"],
        )


def size_name(column: Column) -> str:
    """Name of the column that says how long a text is."""
    return f"{'parts' if has_parts(column) else 'words'} of {column.name}"


def opening_name(column: Column) -> str:
    """Name of the column that says who begins a conversation."""
    return f"first role of {column.name}"


def _roles(column: Column, cells: Sequence[str], min_count: int) -> dict[str, dict[str, float]]:
    """How often each role follows another, among those that enough conversations have."""
    holders: Counter[tuple[str, str]] = Counter()
    times: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        names = [part.header for part in parts_of(column, cell)]
        pairs = list(pairwise(names))
        holders.update(set(pairs))
        times.update(pairs)
    found: dict[str, dict[str, float]] = {}
    for (one, two), held in sorted(holders.items()):
        if held >= min_count:
            found.setdefault(one, {})[two] = float(times[one, two])
    return {role: {k: v / sum(after.values()) for k, v in after.items()} for role, after in found.items()}


def json_shape(cells: Sequence[str], min_count: int) -> dict[str, Any]:
    """A JSON schema of objects that many cells follow: names, types, and values that many of them share.

    Raises:
        DataError: The cells share no names.
    """
    import json

    rows = [json.loads(cell) for cell in cells]
    holders = Counter(name for row in rows for name in row)
    names = [name for name, count in holders.items() if count >= min(min_count, len(rows))]
    if not names:
        raise DataError("The JSON objects of the text column share no names. Give it another kind.")
    properties = {name: _json_type([row[name] for row in rows if name in row], min_count) for name in names}
    always = [name for name in names if holders[name] == len(rows)]
    return {"type": "object", "properties": properties, "required": always, "additionalProperties": False}


def _json_type(values: Sequence[Any], min_count: int) -> dict[str, Any]:
    kinds = {
        "boolean" if isinstance(v, bool) else "integer" if isinstance(v, int) else "number" if isinstance(v, float)
        else "string" if isinstance(v, str) else "null" if v is None else "array" if isinstance(v, list) else "object"
        for v in values
    }  # fmt: skip
    if kinds <= {"integer", "number"} and "number" in kinds:
        kinds = {"number"}
    texts = Counter(v for v in values if isinstance(v, str))
    if kinds == {"string"} and len(texts) <= 50 and min(texts.values()) >= min_count:
        return {"enum": sorted(texts)}
    if kinds == {"array"}:
        inner = [item for v in values for item in v]
        return {"type": "array", "items": _json_type(inner, min_count) if inner else {}}
    if kinds == {"object"}:
        names = Counter(name for v in values for name in v)
        kept = [name for name, count in names.items() if count >= min_count]
        return {
            "type": "object", "properties": {n: _json_type([v[n] for v in values if n in v], min_count) for n in kept},
            "required": [n for n in kept if names[n] == len(values)], "additionalProperties": False,
        }  # fmt: skip
    return {"type": sorted(kinds)} if len(kinds) > 1 else {"type": next(iter(kinds))}
