"""What the cells of text columns hold: one text, or several of them in JSON.

messages   the turns of a conversation                        [{"role": …, "content": …}, …]
qas        questions about another text, with answers         [{"question": …, "answers": [{"text", "answer_start"}]}, …]

parts_of     the texts of a cell, each under a header         cell_of      the cell that they make
flat         all of a cell's text                             whole_texts  all text of each row
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from smartsynth.schema import MESSAGES, QAS, Column, Kind, Schema


class Part(NamedTuple):
    """A stretch of text under a header."""

    header: str
    text: str


def has_parts(column: Column) -> bool:
    """Whether the cells of a text column are several texts."""
    return column.semantic in (MESSAGES, QAS)


def words_in(text: str) -> int:
    """Words of a text, as people count them: what stands between spaces."""
    return len(text.split())


def parts_of(column: Column, cell: str) -> list[Part]:
    """The parts of a cell; a plain text is one."""
    if column.semantic == MESSAGES:
        return [Part(str(turn["role"]), str(turn["content"])) for turn in json.loads(cell)]
    if column.semantic == QAS:
        found = []
        for qa in json.loads(cell):
            answers = qa.get("answers") or []
            found += [
                Part("question", str(qa["question"])),
                Part("answer", str(answers[0]["text"]) if answers else NO_ANSWER),
            ]
        return found
    return [Part(column.name, cell)]


NO_ANSWER = "no answer"
"""What is written where a text does not answer the question."""


def cell_of(column: Column, parts: Sequence[Part], context: str) -> str:
    """The cell that parts make; answers are found in `context`."""
    if column.semantic == MESSAGES:
        return json.dumps([{"role": p.header, "content": p.text} for p in parts], ensure_ascii=False)
    if column.semantic == QAS:
        return json.dumps(
            [_qa(q, a, context) for q, a in zip(parts[::2], parts[1::2], strict=True)], ensure_ascii=False
        )
    return parts[0].text


def _qa(question: Part, answer: Part, context: str) -> dict[str, Any]:
    at = context.find(answer.text)
    found = [{"text": answer.text, "answer_start": at}] if answer.text and at >= 0 else []
    return {"question": question.text, "answers": found} | ({} if found else {"is_impossible": True})


def flat(column: Column, cell: str) -> str:
    """All of a cell's text, its parts one after the other: what measures of texts look at."""
    return "\n".join(part.text for part in parts_of(column, cell))


def whole_texts(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """All text of each row."""
    columns = [c for c in schema if c.kind is Kind.TEXT]
    cells = [[("" if pd.isna(cell) else flat(c, str(cell))) for cell in frame[c.name]] for c in columns]
    return ["\n".join(filter(None, row)) for row in zip(*cells, strict=True)]
