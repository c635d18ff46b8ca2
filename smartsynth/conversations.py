"""Conversations and questions about texts, as they are kept in JSON files → rows of a table.

    messages   {"messages": [{"role", "content"}, …]}          a row per conversation; its turns are JSON in one cell
    sharegpt   {"conversations": [{"from", "value"}, …]}       the same, with other names; `human` is user and `gpt` assistant
    squad      {"data": [{"title", "paragraphs": [{"context", "qas": [{"question", "answers"}]}]}]}
               a row per paragraph: title, context, and its questions as JSON in one cell

Whatever else stands beside these keys becomes columns, so that a file comes back as it was (export.py). Alpaca's instruction, input
and output are plain columns, and need nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from smartsynth.errors import DataError, Problem

MESSAGES, SHAREGPT, SQUAD, ROWS = "messages", "sharegpt", "squad", "rows"
ROLES = {"human": "user", "gpt": "assistant"}
"""ShareGPT's names of roles that have another one; others are the same."""
MOST_PROBLEMS = 50
_KEYS = {MESSAGES: ("messages", "role", "content"), SHAREGPT: ("conversations", "from", "value")}


def shape_of(value: Any) -> str:
    """Which of these shapes a JSON document or its first row has; `rows` if none.

    >>> shape_of({"messages": [{"role": "user", "content": "Hello"}]}), shape_of({"age": 31})
    ('messages', 'rows')
    """
    if not isinstance(value, Mapping):
        return ROWS
    data = value.get("data")
    if isinstance(data, list) and data and all(isinstance(one, Mapping) and "paragraphs" in one for one in data):
        return SQUAD
    for shape, (key, who, what) in _KEYS.items():
        turns = value.get(key)
        if isinstance(turns, list) and all(isinstance(turn, Mapping) and {who, what} <= set(turn) for turn in turns):
            return shape
    return ROWS


def conversation_rows(rows: Sequence[Any], shape: str) -> list[Any]:
    """Rows whose turns are one cell, the column `messages`.

    Raises:
        DataError: A row has no turns, or a turn is not plain text; every such row at once.
    """
    key, who, what = _KEYS[shape]
    problems, made = [], []
    for number, row in enumerate(rows, 1):
        wrong = _wrong(row, key, who, what)
        if wrong:
            problems.append(Problem(wrong, row=number, column=key, fix=f'Give [{{"{who}": …, "{what}": "…"}}, …].'))
            continue
        turns = [
            {"role": ROLES.get(turn[who], turn[who]) if shape == SHAREGPT else turn[who], "content": turn[what]}
            | {k: v for k, v in turn.items() if k not in (who, what)}
            for turn in row[key]
        ]
        made.append(
            {
                MESSAGES if k == key else k: json.dumps(turns, ensure_ascii=False) if k == key else v
                for k, v in row.items()
            }
        )
    if problems:
        raise DataError(problems[:MOST_PROBLEMS])
    return made


def _wrong(row: Any, key: str, who: str, what: str) -> str | None:
    if not isinstance(row, Mapping) or not isinstance(row.get(key), list) or not row[key]:
        return "holds no turns."
    for turn in row[key]:
        if not isinstance(turn, Mapping) or not isinstance(turn.get(who), str) or not isinstance(turn.get(what), str):
            return "holds a turn that is no text of a named role."
    return None


def paragraph_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of paragraphs, their questions in the cell `qas`.

    Raises:
        DataError: A paragraph lacks its context or its questions, or an answer does not stand where it is said to; all at once.
    """
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    for article in document["data"]:
        for paragraph in article["paragraphs"]:
            row = len(rows) + 1
            wrong = _wrong_paragraph(paragraph)
            if wrong:
                problems.append(Problem(wrong, row=row, fix="Correct or drop the paragraph."))
            beside = {k: v for k, v in paragraph.items() if k not in ("context", "qas")}
            head = {k: v for k, v in article.items() if k != "paragraphs"}
            qas = json.dumps(paragraph.get("qas"), ensure_ascii=False)
            rows.append({**head, "context": paragraph.get("context"), "qas": qas, **beside})
    if problems:
        raise DataError(problems[:MOST_PROBLEMS])
    return rows


def _wrong_paragraph(paragraph: Any) -> str | None:
    if not isinstance(paragraph.get("context"), str) or not isinstance(paragraph.get("qas"), list):
        return "is a paragraph without context or without qas."
    for qa in paragraph["qas"]:
        if not isinstance(qa, Mapping) or not isinstance(qa.get("question"), str):
            return "has a question that is no text."
        for answer in qa.get("answers") or []:
            at, text = answer.get("answer_start"), answer.get("text")
            if (
                not isinstance(at, int)
                or not isinstance(text, str)
                or paragraph["context"][at : at + len(text)] != text
            ):
                return "has an answer that does not stand in the context at its answer_start."
    return None


def conversations_of(rows: Sequence[Mapping[str, Any]], shape: str) -> list[dict[str, Any]]:
    """The objects that `conversation_rows` came from."""
    key, who, what = _KEYS[shape]
    names = {new: old for old, new in ROLES.items()} if shape == SHAREGPT else {}
    made = []
    for row in rows:
        turns = [
            {who: names.get(turn["role"], turn["role"]), what: turn["content"]}
            | {k: v for k, v in turn.items() if k not in ("role", "content")}
            for turn in json.loads(row[MESSAGES])
        ]
        made.append({key if k == MESSAGES else k: turns if k == MESSAGES else v for k, v in row.items()})
    return made


def document_of(rows: Sequence[Mapping[str, Any]], version: str = "1.1") -> dict[str, Any]:
    """The SQuAD document that `paragraph_rows` came from; new questions are numbered."""
    articles: list[dict[str, Any]] = []
    number = 0
    for row in rows:
        qas = []
        for qa in json.loads(row["qas"]):
            number += 1
            qas.append({"id": f"q{number:06d}"} | qa)
        head = {k: v for k, v in row.items() if k not in ("context", "qas")}
        if not articles or {k: v for k, v in articles[-1].items() if k != "paragraphs"} != head:
            articles.append({**head, "paragraphs": []})
        articles[-1]["paragraphs"].append({"context": row["context"], "qas": qas})
    return {"version": version, "data": articles}
