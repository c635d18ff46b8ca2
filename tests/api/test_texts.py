"""Texts over the API: rows of a model that writes here, and what an endpoint elsewhere may be sent."""

import io

import pandas as pd
import pytest
from api.conftest import PREFIX, finished, send, someone
from tiny_language import queries

for needed in ("torch", "transformers"):
    pytest.importorskip(needed)

WRITER = {
    "text": ["text"], "target": "about", "seed": 1, "rows": 40, "privacy": {"decoys": 0},
    "generator": {"name": "gpt2", "options": {"base": "scratch", "epochs": 3, "batch_tokens": 2048, "tries": 1, "most_tokens": 40}},
}  # fmt: skip


@pytest.fixture(scope="module")
def owner(service, address):
    """Somebody with queries."""
    with someone(service, address) as http:
        http.dataset = send(http, queries(150).to_csv(index=False).encode(), "queries.csv")
        yield http


def test_a_job_writes_texts_and_scores_them(owner):
    job = finished(owner, owner.post("/models", json={"dataset": owner.dataset, "config": WRITER}))
    assert job["problem"] is None
    rows = owner.get(job["links"]["data"].removeprefix(PREFIX), params={"format": "csv"}).content
    made = pd.read_csv(io.BytesIO(rows))
    assert list(made.columns) == ["text", "about"]
    assert len(made) == 40
    scores = owner.get(job["links"]["scores"].removeprefix(PREFIX)).json()
    assert {sample["text"] for sample in scores["texts"]["samples"]} <= set(made["text"])


def test_a_server_asks_no_address_and_reads_no_folder_that_is_sent_to_it(owner):
    for options, says in (
        ({"endpoint": "http://127.0.0.1:9/v1"}, "does not ask there"),
        ({"model": "/etc"}, "folder of the server"),
    ):
        config = WRITER | {"generator": {"name": "prompt", "options": options}}
        answer = owner.post("/models", json={"dataset": owner.dataset, "config": config})
        assert answer.status_code == 422
        assert says in answer.json()["detail"]
