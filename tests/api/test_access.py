"""Who may do what: keys, accounts, limits."""

import json
import logging
import time

import httpx
import pytest
from api.conftest import COPULA, PREFIX, finished, listening, people, send, someone
from fastapi.routing import APIRoute
from servers import apart

from smartsynth.api.access import Limits
from smartsynth.api.app import Service, create_app
from smartsynth.api.keys import SCOPES
from smartsynth.api.watching import JsonLines
from smartsynth.errors import ConfigError
from smartsynth.jobs import Jobs
from smartsynth.privacy.audit import Log

OPEN = {"/healthz", "/readyz", f"{PREFIX}/problems/{{kind}}"}


def routes(service):
    """Each method and path of the API."""
    found = create_app(service).openapi()["paths"]
    return [(method.upper(), path) for path, methods in found.items() for method in methods]


def test_nothing_but_health_opens_without_a_key(service, address):
    """Whatever the route, and whatever is wrong with the key."""
    wrong = [
        {}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"},
        {"Authorization": f"Bearer sk_{'0' * 12}_{'x' * 43}"},
    ]  # fmt: skip
    asked = routes(service)
    assert len(asked) > 35
    with httpx.Client(base_url=address, timeout=30) as http:
        for method, path in asked:
            for headers in wrong:
                answer = http.request(
                    method, path.replace("{number}", "1").replace("{", "").replace("}", ""), headers=headers
                )
                if path in OPEN:
                    assert answer.status_code in (200, 404)
                else:
                    assert answer.status_code == 401, (method, path)
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_another_account_sees_nothing(service, address):
    """Every route with the ids of somebody else: 404, and nothing has changed."""
    with someone(service, address) as owner, someone(service, address) as thief:
        dataset = send(owner)
        partial = owner.post("/datasets/partial", json={"name": "more.csv"}).json()["id"]
        ids = {"dataset": dataset}
        for kind, body in (
            ("profiles", {"dataset": dataset}),
            ("models", {"dataset": dataset, "config": COPULA}),
            ("generations", {"rows": 10}),
            ("evaluations", {"dataset": dataset}),
        ):
            more = {"generations": "model", "evaluations": "generation"}.get(kind)
            body |= {more: ids["models"]} if more else {}
            ids[kind] = finished(owner, owner.post(f"/{kind}", json=body))["id"]
        before = [owner.get(f"/{kind}").json() for kind in ("datasets", "jobs", "keys")]
        tried = 0
        for method, path in routes(service):
            if "{" not in path or path in OPEN:
                continue
            for id in (*ids.values(), partial, owner.key.id):
                filled = path.replace("{number}", "1").replace("{dataset}", id).replace("{id}", id)
                answer = thief.request(method, filled.removeprefix(PREFIX))
                assert answer.status_code == 404, (method, filled, answer.text)
                tried += 1
        assert tried > 150
        for body, path in (
            ({"dataset": dataset}, "/profiles"), ({"dataset": dataset}, "/models"), ({"model": ids["models"]}, "/generations"),
            ({"dataset": dataset, "generation": ids["generations"]}, "/evaluations"),
        ):  # fmt: skip
            assert thief.post(path, json=body).status_code == 404
        own = send(thief)
        for stolen in ({"holdout": dataset}, {"dataset": own, "holdout": dataset}):
            assert thief.post("/models", json={"dataset": own, **stolen}).status_code == 404
        assert thief.get("/jobs").json()["items"] == []
        assert before == [owner.get(f"/{kind}").json() for kind in ("datasets", "jobs", "keys")]


def test_a_key_does_no_more_than_its_scope(service, address):
    """Reading, changing, and making keys."""
    with someone(service, address) as admin:
        texts = {scope: admin.post("/keys", json={"name": scope, "scope": scope}).json()["key"] for scope in SCOPES}
        ids = {key["name"]: key["id"] for key in admin.get("/keys").json()}
        for scope, allowed in (("read", 1), ("write", 2), ("admin", 3)):
            with httpx.Client(base_url=admin.base_url, headers={"Authorization": f"Bearer {texts[scope]}"}) as http:
                answers = [
                    http.get("/datasets").status_code, http.post("/datasets/partial", json={"name": "a"}).status_code,
                    http.get("/keys").status_code,
                ]  # fmt: skip
                assert answers == [200, 201, 200][:allowed] + [403] * (3 - allowed)
        assert all(key["key"] is None for key in admin.get("/keys").json())
        assert admin.delete(f"/keys/{ids['read']}").status_code == 204
        with httpx.Client(base_url=admin.base_url, headers={"Authorization": f"Bearer {texts['read']}"}) as http:
            assert http.get("/datasets").status_code == 401
        assert admin.delete("/keys/none").status_code == 404


def test_a_key_ends_when_it_was_said_to(service, address):
    """And its text is stored nowhere."""
    with someone(service, address, days=1.5 / 86400) as http:
        assert http.get("/datasets").status_code == 200
        time.sleep(1.6)
        assert http.get("/datasets").status_code == 401
        secret = http.text.split("_", 2)[2].encode()
    database = apart(service.jobs.root.glob("records.sqlite*"))
    assert secret not in database
    assert http.key.id.encode() in database
    for wrong in ({"scope": "all"}, {"days": 0.0}, {"account": "nobody"}):
        with pytest.raises(ConfigError):
            service.keys.create(service.jobs, "x", **wrong)


@pytest.fixture
def small(tmp_path):
    """A service that listens on this machine alone and allows little."""
    jobs = Jobs(tmp_path / "home", workers=0)
    limits = Limits(rate="20/second", unfinished=2, stored=10_000, body=20_000, settings=2_000)
    yield Service(jobs, limits, open=True)
    jobs.close()


def test_this_machine_needs_no_key_and_nobody_else_gets_in(small):
    """Not through a proxy, not from a page of another site, not under another name of this machine."""
    with listening(small) as address, httpx.Client(base_url=address) as http:
        assert http.get(f"{PREFIX}/datasets").status_code == 200
        assert http.get(f"{PREFIX}/datasets", headers={"Origin": address}).status_code == 200
        for headers in (
            {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"X-Real-IP": "203.0.113.9"},
            {"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Host": "elsewhere.example"},
        ):  # fmt: skip
            assert http.get(f"{PREFIX}/datasets", headers=headers).status_code == 401, headers
        assert http.post(f"{PREFIX}/keys", json={"name": "x"}).status_code == 403


def test_nobody_gets_more_than_the_limits_allow(small):
    """Bytes of a request, bytes in all, jobs at once, requests a second."""
    with listening(small) as address, httpx.Client(base_url=address + PREFIX) as http:
        long = http.post("/datasets", content=b"x" * 30_000)
        assert (long.status_code, long.json()["type"]) == (413, f"{PREFIX}/problems/too-large")
        unknown = http.post("/datasets", content=iter([b"x" * 10_000] * 3))
        assert unknown.status_code == 413
        assert http.post("/models", json={"dataset": "x" * 3_000}).status_code == 413
        first = send(http, people(500)[:9_000])
        assert http.post("/datasets", content=people(100)).status_code == 413
        for _ in range(2):
            assert http.post("/profiles", json={"dataset": first}).status_code == 202
        full = http.post("/profiles", json={"dataset": first})
        assert (full.status_code, full.headers["retry-after"]) == (429, "10")
        answers = [http.get("/datasets") for _ in range(40)]
        busy = [answer for answer in answers if answer.status_code == 429]
        assert busy
        assert busy[0].headers["retry-after"] == "1"
        assert http.get("/datasets").headers["x-content-type-options"] == "nosniff"


def test_logs_and_metrics_hold_no_value_and_no_address(service, address, caplog):
    """Routes are named by their pattern, keys by their id."""
    with someone(service, address) as http, caplog.at_level(logging.INFO, "smartsynth.requests"):
        dataset = send(http, b"secret_column\n" + b"planted_cell\n" * 30, "planted_name.csv")
        job = finished(http, http.post("/profiles", json={"dataset": dataset}))
        http.get(f"/jobs/{job['id']}")
        http.get("/no-such-route-planted")
        metrics = httpx.get(f"{address}/metrics", headers=http.headers).text
        lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    told = json.dumps(lines) + metrics
    for word in ("planted", "secret_column", dataset, job["id"], http.text):
        assert word not in told
    assert http.key.id in told
    assert any(line.get("status") == 201 for line in lines)
    assert 'smartsynth_jobs{state="succeeded",task="profile"}' in metrics
    assert "smartsynth_request_seconds_bucket" in metrics


def test_every_operation_has_a_name_and_a_problem(service):
    """The description is complete."""
    app = create_app(service)
    spec = app.openapi()
    names = [operation["operationId"] for methods in spec["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert all(
        {"4XX", "5XX"} <= set(operation["responses"])
        for methods in spec["paths"].values()
        for operation in methods.values()
    )
    assert "ProblemShape" in spec["components"]["schemas"]
    assert all(route.summary or route.description for route in app.routes if isinstance(route, APIRoute))


def test_readiness_tells_what_is_missing(tmp_path):
    """A database that is gone is 503, and no crash."""
    jobs = Jobs(tmp_path / "home", workers=0)
    try:
        service = Service(jobs)
        with listening(service) as address:
            assert httpx.get(f"{address}/readyz").json() == {
                "status": "ok",
                "checks": {"database": True, "storage": True},
            }
            (tmp_path / "home" / "records.sqlite").rename(tmp_path / "elsewhere.sqlite")
            jobs.store.database.engine.dispose()
            jobs.store.database.patience = 0.2
            answer = httpx.get(f"{address}/readyz", timeout=30)
            assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
            assert httpx.get(f"{address}/healthz").status_code == 200
    finally:
        jobs.close()


def test_every_call_that_touches_data_is_in_the_audit_log(service, address, tmp_path, monkeypatch):
    """With the key that asked, and no id that would open anything."""
    monkeypatch.setenv("SMARTSYNTH_AUDIT", str(tmp_path / "audit.jsonl"))
    with someone(service, address) as http:
        dataset = send(http)
        job = finished(http, http.post("/profiles", json={"dataset": dataset}))
        http.get(job["links"]["profile"].removeprefix(PREFIX))
        http.delete(f"/profiles/{job['id']}")
        http.delete(f"/datasets/{dataset}")
        http.post("/keys", json={"name": "x"})
    log = Log(tmp_path / "audit.jsonl")
    assert log.verify() is None
    mine = [entry.action for entry in log.entries() if entry.actor == f"key {http.key.id}"]
    assert mine == ["upload", "submit profile", "download", "delete job", "delete dataset", "create key"]
    text = (tmp_path / "audit.jsonl").read_text()
    assert not any(word in text for word in (dataset, job["id"], http.key.account, http.text))
