"""Settings and requests as they should not be: numbers 135 to 140."""

from __future__ import annotations

import json
import socket
import time

import httpx
import numpy as np
import pandas as pd
import pytest
from api.conftest import COPULA, PREFIX, finished, listening, people, send, someone
from commands import invoke
from nasty.cases import assert_has, covers

import smartsynth as ss
from smartsynth.api.access import Limits
from smartsynth.api.app import Service
from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.jobs import Jobs

ROWS = pd.DataFrame({
    "a": np.arange(60) * 1.5, "b": np.random.default_rng(0).normal(5, 1, 60).round(3), "c": ["x", "y"] * 30,
})  # fmt: skip
QUICK = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}, "privacy": {"filter": False}}


@covers(135)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"generator": {"name": "ctgan", "options": {"epochs": 0}}}, ("epochs=0", "at least 1")),
        ({"generator": {"name": "ctgan", "options": {"epochs": -1}}}, ("epochs=-1",)),
        ({"generator": {"name": "ctgan", "options": {"epochs": "many"}}}, ("epochs='many'", "whole number")),
        ({"generator": {"name": "copula", "options": {"epochs": 1}}}, ("'epochs'", "known options")),
        ({"generator": "copulas"}, ("copulas", "did you mean 'copula'")),
        ({"generator": "marginal", "privacy": {"epsilon": 0}}, ("privacy.epsilon=0", "greater than 0")),
        ({"generator": "marginal", "privacy": {"epsilon": float("nan")}}, ("privacy.epsilon=nan",)),
        ({"generator": "marginal", "privacy": {"epsilon": float("inf")}}, ("privacy.epsilon=inf",)),
        ({"generator": "marginal", "privacy": {"epsilon": "much"}}, ("privacy.epsilon='much'",)),
        ({"rows": 0}, ("rows=0", "greater than or equal to 1")),
        ({"rows": -1}, ("rows=-1",)),
        ({"rows": 1.5}, ("rows=1.5",)),
        ({"rows": 10**12}, ("rows=1000000000000", "1000000000.")),
        ({"seed": -1}, ("seed=-1",)),
        ({"target": "z"}, ("'z'", "columns: a, b, c")),
        ({"target": 5}, ("target=5",)),
        ({"entity": "z"}, ("'z'",)),
        ({"columns": {"z": {"kind": "numeric"}}}, ("'z'", "columns: a, b, c")),
        ({"columns": {"a": {"kind": "number"}}}, ("columns.a.kind='number'",)),
        ({"columns": {"c": {"kind": "numeric"}}}, ("'c'", "numeric")),
        ({"columns": {"a": {"low": 5, "high": 1}}}, ("columns.a", "low=5", "high=1")),
        ({"columns": {"c": {"min_length": 9, "max_length": 2}}}, ("columns.c", "min_length=9")),
        ({"rules": ["a < b", "b < a"]}, ("'a < b' and 'b < a'", "circle")),
        ({"rules": ["z < 3"]}, ("'z'", "columns: a, b, c")),
        ({"rules": ["a <"]}, ("'a <'", "cannot be read")),
        ({"rules": ["__import__('os').system('true')"]}, ("calls", "functions")),
        ({"rules": ["b > 5 and b < 4"]}, ("'b > 5' and 'b < 4'", "clash")),
        ({"rules": ["a > 1000"]}, ("real rows broke 'a > 1000'", "correct the rule")),
        ({"limits": {"max_rows": 0}}, ("limits.max_rows=0",)),
        ({"privacy": {"k": 1}}, ("privacy.k=1",)),
        ({"nonsense": 1}, ("nonsense is not a setting",)),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be(settings, words):
    """Refused by its name, with its value and what is allowed, before anything is learnt."""
    with pytest.raises(SmartSynthError) as caught:
        ss.synthesize(ROWS, **QUICK | settings)
    assert_has(str(caught.value), words)


@covers(135)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rows", "0"), "rows"), (("--rows", "many"), "rows"), (("--generator", "copulas"), "copula"),
        (("--target", "z"), "'z'"), (("--epsilon", "0"), "epsilon"), (("--seed", "-1"), "seed"),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_that_cannot_be(options, words, tmp_path):
    """The command ends with a code of its own, and writes nothing."""
    data = tmp_path / "rows.csv"
    ROWS.to_csv(data, index=False)
    answer = invoke("synthesize", data, "-o", tmp_path / "made.csv", *options)
    assert answer.exit_code in (2, 4), answer.stderr
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A service with small limits."""
    jobs = Jobs(tmp_path_factory.mktemp("strict") / "home", workers=1)
    yield Service(jobs, Limits(rate="30/second", unfinished=5, body=50_000, settings=5_000))
    jobs.close()


@pytest.fixture(scope="module")
def address(strict):
    with listening(strict) as url:
        yield url


@pytest.fixture
def http(strict, address):
    with someone(strict, address) as client:
        yield client


def is_problem(answer, status):
    """Whether an answer tells in words what is wrong, and where nothing went wrong inside."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    return answer.json()


@covers(135)
@pytest.mark.parametrize(
    "config",
    [{"rows": 0}, {"privacy": {"epsilon": 0}}, {"seed": -1}, {"rows": "many"}, {"generator": 5}, {"x": 1}],
    ids=str,
)
def test_a_request_with_such_a_setting(http, config):
    """422, with the name of the field."""
    said = is_problem(http.post("/models", json={"dataset": send(http), "config": config}), 422)
    assert next(iter(config)) in json.dumps(said)


@covers(136)
def test_a_body_that_is_too_large(http):
    """413 from its head alone, and from its bytes where the head does not say."""
    is_problem(http.post("/datasets", content=b"x" * 100_000), 413)
    is_problem(http.post("/datasets", content=iter([b"x" * 10_000] * 10)), 413)
    assert http.get("/datasets").json()["items"] == []


@covers(137)
def test_an_upload_that_breaks_off(strict, http, address):
    """Nothing of it is kept."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(
            f"POST {PREFIX}/datasets?name=x.csv HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {http.text}\r\n"
            "Content-Length: 40000\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\n".encode()
        )
        time.sleep(0.2)
    until = time.monotonic() + 10
    while time.monotonic() < until and (
        http.get("/datasets").json()["items"] or strict.jobs.blobs.sizes(http.key.account)
    ):
        time.sleep(0.2)
    assert http.get("/datasets").json()["items"] == []
    assert strict.jobs.blobs.sizes(http.key.account) == []


@covers(138)
def test_who_may_not(strict, http, address):
    """401 without a key that holds, 404 for what is another's, 429 with a time to wait."""
    with httpx.Client(base_url=address + PREFIX) as nobody:
        for head in (
            {},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer " + "x" * 3000},
        ):
            is_problem(nobody.get("/datasets", headers=head), 401)
    mine = send(http)
    with someone(strict, address) as other:
        is_problem(other.get(f"/datasets/{mine}"), 404)
        answers = [other.get("/datasets") for _ in range(60)]
        busy = [answer for answer in answers if answer.status_code == 429]
        assert busy
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in busy)
        strict.keys.revoke(other.key.id)
        is_problem(other.get("/datasets"), 401)


@covers(139)
def test_the_same_request_again(http):
    """The same job; another request under its name is refused."""
    dataset, once = send(http), {"Idempotency-Key": "once"}
    one, two = (http.post("/profiles", json={"dataset": dataset}, headers=once) for _ in range(2))
    assert one.json()["id"] == two.json()["id"]
    other = http.post("/profiles", json={"dataset": dataset, "config": {"target": "label"}}, headers=once)
    assert is_problem(other, 422)["type"].endswith("other-request")


@covers(140)
def test_what_is_over_or_not_there_yet(http):
    """409 for rows before the end and for a stop after it, 410 for what was deleted."""
    dataset = send(http, people(5))
    asked = http.post("/models", json={"dataset": dataset, "config": COPULA})
    job = asked.json()["id"]
    is_problem(http.get(f"/models/{job}/data"), 409)
    assert finished(http, asked)["state"] == "failed"
    is_problem(http.post(f"/jobs/{job}/cancel"), 409)
    is_problem(http.get(f"/models/{job}/data"), 409)
    assert http.delete(f"/jobs/{job}").status_code == 204
    is_problem(http.get(f"/jobs/{job}"), 410)
    is_problem(http.get("/jobs/nothing-like-it"), 404)


@covers(135)
def test_every_refusal_is_of_the_librarys_own_kind():
    """Whatever the settings are, nothing but a ConfigError says so."""
    for settings in ({"rows": object()}, {"generator": ["copula"]}, {"columns": 5}, {"privacy": None}, {"rules": 5}):
        with pytest.raises(ConfigError):
            ss.synthesize(ROWS, **QUICK | settings)
