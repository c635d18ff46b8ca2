"""Conversations and questions about texts: rows of a table, and the same files again."""

import json

import pandas as pd
import pytest

from smartsynth import conversations, export, ingest
from smartsynth.errors import DataError
from smartsynth.schema import Kind

CHAT = [
    {"id": i, "messages": [{"role": "system", "content": "Be brief."}] * (i % 2) + [
        {"role": "user", "content": f"How do I set option {i} of the tool?"},
        {"role": "assistant", "content": f"Write it as option={i}\nand restart, please.", "weight": 1},
    ]}
    for i in range(24)
]  # fmt: skip
SHARED = [
    {"conversations": [{"from": "human", "value": f"Tell me about town {i} by the sea"},
                       {"from": "gpt", "value": "It is small."}, {"from": "tool", "value": "42"}], "lang": "en"}
    for i in range(24)
]  # fmt: skip
TEXT = "The lighthouse was built in 1871. It burnt down in 1902 and was built again, higher, in 1905."
SQUAD = {"version": "1.1", "data": [
    {"title": f"Town {j}", "paragraphs": [
        {"context": f"{TEXT} It stands near town {i} of {j}.", "qas": [
            {"id": f"a{i}{j}", "question": "When was it built?", "answers": [{"text": "1871", "answer_start": 28}]},
            {"id": f"b{i}{j}", "question": "When did it burn down?", "answers": [{"text": "in 1902", "answer_start": 48}]},
        ]} for i in range(4)]} for j in range(6)
]}  # fmt: skip


def as_file(value, *, lines):
    return ("".join(json.dumps(row) + "\n" for row in value) if lines else json.dumps(value)).encode()


@pytest.mark.parametrize(
    ("value", "lines", "shape"),
    [(CHAT, True, "messages"), (SHARED, True, "sharegpt"), (CHAT, False, "messages"), (SQUAD, False, "squad")],
    ids=["messages", "sharegpt", "messages-array", "squad"],
)
def test_a_file_comes_back_as_it_was(value, lines, shape):
    read = ingest.read(as_file(value, lines=lines), name="data.jsonl" if lines else "data.json")
    assert read.source.shape == shape
    written = export.to_bytes(read, format="jsonl" if lines else "json")
    again = [json.loads(line) for line in written.splitlines()] if lines else json.loads(written)
    assert again == value


def test_what_has_parts_is_text_with_a_meaning():
    chat = ingest.read(as_file(CHAT, lines=True), name="chat.jsonl").schema
    assert (chat["messages"].kind, chat["messages"].semantic) == (Kind.TEXT, "messages")
    squad = ingest.read(as_file(SQUAD, lines=False), name="squad.json").schema
    assert (squad["qas"].kind, squad["qas"].semantic) == (Kind.TEXT, "qas")
    assert squad["context"].kind is Kind.TEXT


def test_a_single_line_is_a_document_or_a_row():
    one = ingest.read(as_file(SQUAD, lines=False) + b"\n", name="squad.jsonl")
    assert (one.source.shape, len(one)) == ("squad", 24)


def test_answers_that_stand_elsewhere_are_named():
    broken = json.loads(json.dumps(SQUAD))
    broken["data"][1]["paragraphs"][2]["qas"][0]["answers"][0]["answer_start"] = 3
    with pytest.raises(DataError, match=r"row 7: has an answer that does not stand in the context at its answer_start"):
        ingest.read(as_file(broken, lines=False), name="squad.json")


def test_turns_without_text_are_named_all_at_once():
    rows = [*CHAT, {"id": 90, "messages": []}, {"id": 91, "messages": [{"role": "user", "content": ["picture"]}]}]
    with pytest.raises(
        DataError, match=r"(?s)row 25, column 'messages': holds no turns.*row 26.*no text of a named role"
    ):
        ingest.read(as_file(rows, lines=True), name="chat.jsonl")


def test_new_questions_are_numbered_and_articles_are_together():
    qas = json.dumps([{"question": "When?", "answers": []}])
    document = conversations.document_of(
        [{"title": "A", "context": "c", "qas": qas}, {"title": "A", "context": "d", "qas": qas}]
    )
    assert len(document["data"]) == 1
    assert [p["qas"][0]["id"] for p in document["data"][0]["paragraphs"]] == ["q000001", "q000002"]


def test_a_table_with_json_cells_is_recognised():
    frame = pd.DataFrame({"notes": [json.dumps({"mood": "good", "text": f"Slept {i} hours"}) for i in range(30)]})
    column = ingest.read(frame).schema["notes"]
    assert (column.kind, column.semantic) == (Kind.TEXT, "json")
