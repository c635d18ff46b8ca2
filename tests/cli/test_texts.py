"""The commands on texts: a model elsewhere is asked by --prompt, and what it may not be asked is said."""

import json

import pandas as pd
import pytest
from chat_server import chat_server
from commands import invoke
from tiny_language import queries

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "queries.csv"
    queries(80).to_csv(path, index=False)
    return path


def test_prompt_asks_an_endpoint(file, tmp_path):
    with chat_server() as (server, url):
        result = invoke(
            "synthesize", file, "--text", "text", "--target", "about", "--prompt", "Questions to a bank.", "--option",
            f"endpoint={url}", "--option", "model=small", "--option", "check_labels=false", "--rows", 40, "--seed", 1, "-o",
            tmp_path / "out.csv", "--json",
        )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["generator"] == "prompt"
    assert len(pd.read_csv(tmp_path / "out.csv")) == 40
    assert "Questions to a bank." in server.asked[0]["messages"][0]["content"]


def test_prompt_and_another_generator_do_not_go_together(file, tmp_path):
    result = invoke("synthesize", file, "--prompt", "x", "-g", "forest", "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "--prompt is for the generators 'prompt'" in result.stderr.replace("\n", " ").replace("│", "")


def test_an_endpoint_elsewhere_gets_no_records_without_leave(file, tmp_path):
    result = invoke(
        "synthesize", file, "--text", "text", "--prompt", "x", "--option", "endpoint=https://api.example.org/v1", "-o",
        tmp_path / "out.csv",
    )  # fmt: skip
    assert result.exit_code != 0
    assert "share_examples=true" in result.stderr
    assert not (tmp_path / "out.csv").exists()
