"""Rows with texts as requests to a model that follows instructions, and its answers as texts.

told      what the data set is, in the user's words; a few records, if there are any to show; what the new one is to be like
shape     the JSON schema of an answer: a member for each text column, a list where a text has parts
read      an answer as the cells of a row, and whether all of it is there: roles, questions with answers that stand in their context
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from smartsynth.models.chat import Request
from smartsynth.models.text_layout import about
from smartsynth.models.text_rows import ASSISTANT, USER, TextRows, Texts, opening_name, size_name
from smartsynth.schema import JSON_OBJECT, MESSAGES, QAS, Column
from smartsynth.texts import NO_ANSWER, Part, cell_of, has_parts

SYSTEM = "You invent records of a data set. {prompt}Every record is made up: no real person, number or address stands in it. Answer with one JSON object and nothing else."
NEW = "Write one more record, unlike the others in its wording."
ANOTHER = "Write a record that says something like this one, in other words and with other details:"
CODES = "\x00codes"
TOKENS_PER_WORD, SPARE_TOKENS = 2.5, 48


class TextPrompts:
    """How rows are asked for.

    Args:
        rows: Their layout.
        prompt: What the data set is, in the user's words.
    """

    def __init__(self, rows: TextRows, prompt: str) -> None:
        self.rows, self.prompt = rows, prompt.strip()
        self.columns = rows.layout.texts

    def request(
        self,
        row: Mapping[str, Any],
        examples: Sequence[Mapping[str, Any]],
        *,
        most_tokens: int,
        seed: int,
        like: Mapping[str, Any] | None = None,
    ) -> Request:
        """The request for the texts of a row of the table.

        Args:
            row: What is known of it.
            examples: Whole rows that are shown.
            most_tokens: Of the answer.
            seed: Of the answer.
            like: A whole row that the new one is to resemble.
        """
        said = f"{self.prompt} " if self.prompt else ""
        shown = [self._shown(one) for one in examples]
        asked = [NEW] if like is None else [ANOTHER, self._shown(like)]
        lines = [*(["Records:", *shown, ""] if shown else []), *asked, self.rows.layout.prompt(row), *self._sizes(row)]
        words = sum(self._words(row, column) for column in self.columns)
        most = min(round(words * TOKENS_PER_WORD) + SPARE_TOKENS * len(self.columns), most_tokens)
        messages = (("system", SYSTEM.format(prompt=said)), ("user", "\n".join(filter(None, lines))))
        return Request(messages, self.shape(row), most, seed)

    def shape(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON schema of the answer for a row."""
        names = [c.name for c in self.columns if not pd.isna(row[size_name(c)])]
        members = {c.name: self.rows.shapes.get(c.name) or _member(c) for c in self.columns if c.name in names}
        return {"type": "object", "properties": members, "required": names, "additionalProperties": False}

    def read(self, row: Mapping[str, Any], answer: Any) -> Texts:
        """The texts of an answer; not whole if something is missing."""
        cells: dict[str, str | None] = {}
        whole = True
        for column in self.columns:
            if pd.isna(row[size_name(column)]):
                cells[column.name] = None
                continue
            context = max((cell for cell in cells.values() if cell), key=len, default="")
            parts = self._parts(column, answer.get(column.name) if isinstance(answer, dict) else None, context)
            whole = whole and parts is not None
            cells[column.name] = cell_of(column, parts, context) if parts else ""
        return Texts(cells, whole)

    def spelt(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What `like` needs of a row, as texts alone."""
        return {CODES: self.rows.layout.prompt(row), **{c.name: row[c.name] for c in self.columns}}

    def _parts(self, column: Column, value: Any, context: str) -> list[Part] | None:
        """The parts of a text of an answer; None if it is not as it should be."""
        if column.semantic == JSON_OBJECT:
            return (
                [Part(column.name, json.dumps(value, ensure_ascii=False))]
                if isinstance(value, dict) and value
                else None
            )
        if not has_parts(column):
            text = value.strip() if isinstance(value, str) else ""
            return [Part(column.name, text)] if text else None
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            return None
        if column.semantic == MESSAGES:
            turns = [Part(str(one.get("role", "")).strip(), str(one.get("content", "")).strip()) for one in value]
            return turns if all(header in self._roles and text for header, text in turns) else None
        return _asked(value, context)

    @property
    def _roles(self) -> set[str]:
        """Who may speak: whoever does in the data, and who does anywhere."""
        return {role for one, after in self.rows.roles.items() for role in (one, *after)} | {USER, ASSISTANT, "system"}

    def _shown(self, row: Mapping[str, Any]) -> str:
        known = str(row[CODES] if CODES in row else self.rows.layout.prompt(row)).replace("\n", ", ")
        value = {
            c.name: json.loads(row[c.name]) if has_parts(c) or c.semantic == JSON_OBJECT else str(row[c.name])
            for c in self.columns if not pd.isna(row[c.name])
        }  # fmt: skip
        return f"{known and f'{known}: '}{json.dumps(_bare(value), ensure_ascii=False)}"

    def _sizes(self, row: Mapping[str, Any]) -> list[str]:
        """How long each text is to be, in words for the model."""
        told = []
        for column in self.columns:
            size = row[size_name(column)]
            if pd.isna(size):
                continue
            if column.semantic == MESSAGES:
                first = row[opening_name(column)]
                told.append(
                    f"{column.name}: {max(int(size), 1)} turns{'' if pd.isna(first) else f', the first by {first}'}"
                )
            elif column.semantic == QAS:
                told.append(
                    f"{column.name}: {max(int(size) // 2, 1)} questions; each answer is copied from the record's text, word for word"
                )
            else:
                told.append(f"{column.name}: about {about(size)} words")
        return told

    def _words(self, row: Mapping[str, Any], column: Column) -> float:
        size = row[size_name(column)]
        if pd.isna(size):
            return 0.0
        return float(size) * (self.rows.longest[column.name] / 1.5 if has_parts(column) else 1.0)


def _member(column: Column) -> dict[str, Any]:
    """The JSON schema of a column's text."""
    text = {"type": "string"}
    names = {MESSAGES: ("role", "content"), QAS: ("question", "answer")}.get(column.semantic or "")
    if names is None:
        return dict(text)
    one = {
        "type": "object", "properties": dict.fromkeys(names, text), "required": list(names), "additionalProperties": False,
    }  # fmt: skip
    return {"type": "array", "items": one, "minItems": 1}


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    """A record as an answer spells it: questions with the words of their answers alone."""

    def bare(cell: Any) -> Any:
        if isinstance(cell, list) and cell and isinstance(cell[0], dict) and "question" in cell[0]:
            answers = [one.get("answers") or [] for one in cell]
            return [
                {"question": one["question"], "answer": found[0]["text"] if found else NO_ANSWER}
                for one, found in zip(cell, answers, strict=True)
            ]
        return cell

    return {name: bare(cell) for name, cell in value.items()}


def _asked(value: list[Any], context: str) -> list[Part] | None:
    """Questions and their answers, which stand in the context; None if one does not."""
    parts = []
    for one in value:
        question, answer = str(one.get("question", "")).strip(), str(one.get("answer", "")).strip()
        if not question or (answer and answer != NO_ANSWER and answer not in context):
            return None
        parts += [Part("question", question), Part("answer", "" if answer == NO_ANSWER else answer)]
    return parts
