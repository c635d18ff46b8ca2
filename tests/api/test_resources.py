"""The resources of the API: what goes in, what comes back, and what is refused."""

import io
import json
import threading

import httpx
import pandas as pd
import pytest
from api.conftest import COPULA, PREFIX, finished, people, send, someone

import smartsynth as ss
from smartsynth import export
from smartsynth.facts import Evaluation, Profile, from_json
from smartsynth.jobs.facts import State


@pytest.fixture(scope="module")
def owner(service, address):
    """Somebody with a data set and a model of it."""
    with someone(service, address) as http:
        http.dataset = send(http)
        http.model = finished(http, http.post("/models", json={"dataset": http.dataset, "config": COPULA}))
        assert http.model["problem"] is None
        yield http


def inside(link: str) -> str:
    return link.removeprefix(PREFIX)


def test_a_model_has_the_rows_that_the_library_makes(owner):
    """The same data, settings and seed: the same bytes; with the evidence, the model and the settings beside them."""
    links = owner.model["links"]
    made = owner.get(inside(links["data"]), headers={"Accept": "text/csv"})
    here = ss.synthesize(io.BytesIO(people()), **COPULA)
    assert made.content == export.to_bytes(here.synthetic, format="csv")
    assert made.headers["content-disposition"].startswith("attachment; filename=")
    scores = from_json(Evaluation, owner.get(inside(links["scores"])).json())
    assert scores["ks"].value == here.evaluation["ks"].value
    assert "<html" in owner.get(inside(links["report"])).text
    assert owner.get(inside(links["manifest"])).json()["seed"] == 1
    assert owner.get(inside(links["archive"])).content[:2] == b"PK"
    assert "copula" in owner.get(inside(links["run"])).text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"), ("application/json", "application/json"), ("application/x-ndjson", "application/x-ndjson"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"), ("*/*", "text/csv"),
        ("image/png, application/json;q=0.5, text/csv;q=0.4", "application/json"),
    ],
)  # fmt: skip
def test_rows_come_in_the_format_that_is_asked_for(owner, accept, kind):
    """And say the same in each."""
    made = owner.get(inside(owner.model["links"]["data"]), headers={"Accept": accept})
    assert made.headers["content-type"].partition(";")[0] == kind
    readers = {
        "text/csv": pd.read_csv, "application/json": pd.read_json, "application/vnd.apache.parquet": pd.read_parquet,
        "application/x-ndjson": lambda file: pd.read_json(file, lines=True),
    }  # fmt: skip
    rows = readers[kind](io.BytesIO(made.content))
    assert list(rows.columns) == ["age", "group", "income", "label"]
    assert len(rows) == 300
    few = owner.get(inside(owner.model["links"]["data"]), params={"rows": 7, "format": "csv"})
    assert len(few.content.splitlines()) == 8
    assert owner.get(inside(owner.model["links"]["data"]), headers={"Accept": "image/png"}).status_code == 406
    assert owner.get(inside(owner.model["links"]["data"]), params={"format": "zip"}).status_code == 406


def test_a_profile_is_what_the_library_finds(owner):
    """As JSON, as a schema and as a page."""
    made = finished(owner, owner.post("/profiles", json={"dataset": owner.dataset}))
    found = from_json(Profile, owner.get(inside(made["links"]["profile"])).json())
    assert found.rows == 300
    assert owner.get(inside(made["links"]["schema"])).json()["columns"][0]["name"] == "age"
    assert "<html" in owner.get(inside(made["links"]["report"])).text


def test_any_number_of_rows_under_conditions(owner):
    """Beyond what was released, and of other seeds."""
    model = owner.model["id"]
    made = finished(owner, owner.post("/generations", json={"model": model, "rows": 20_000}))
    rows = owner.get(inside(made["links"]["data"]), params={"format": "csv"}).content
    first = owner.get(inside(owner.model["links"]["data"]), params={"format": "csv"}).content
    assert rows.startswith(first)
    assert rows.count(b"\n") == 20_001
    assert owner.get(inside(made["links"]["manifest"])).json()["unchecked"] == 19_700
    for format, read in (("parquet", pd.read_parquet), ("json", pd.read_json)):
        whole = read(io.BytesIO(owner.get(inside(made["links"]["data"]), params={"format": format}).content))
        assert len(whole) == 20_000
    where = owner.post("/generations", json={"model": model, "rows": 10, "where": ["age>=60"]})
    assert "cannot sample under conditions" in finished(owner, where)["problem"]["detail"]


def test_synthetic_rows_of_anybody_are_scored(owner):
    """Uploaded ones as well as a generation."""
    rows = send(owner, people(200, seed=3), "other.csv")
    made = finished(owner, owner.post("/evaluations", json={"dataset": owner.dataset, "synthetic": rows}))
    assert from_json(Evaluation, owner.get(inside(made["links"]["scores"])).json())["ks"].available
    assert "<html" in owner.get(inside(made["links"]["report"])).text
    for wrong in ({}, {"synthetic": rows, "generation": owner.model["id"]}):
        assert owner.post("/evaluations", json={"dataset": owner.dataset, **wrong}).status_code == 422


def test_events_follow_a_job_to_its_end(owner):
    """The last one says how it ended."""
    asked = owner.post("/models", json={"dataset": owner.dataset, "config": {**COPULA, "seed": 5}}).json()
    with owner.stream("GET", inside(asked["links"]["events"])) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    events = [block for block in text.strip().split("\n\n") if "data:" in block]
    assert "event: end" in events[-1]
    last = json.loads(next(line for line in events[-1].splitlines() if line.startswith("data:")).removeprefix("data:"))
    assert last["state"] == "succeeded"
    shares = [json.loads(block.split("data:", 1)[1].splitlines()[0])["progress"] for block in events]
    assert shares == sorted(shares)


def test_a_job_can_be_cancelled_once(owner):
    """Afterwards it is over, and what it needed can go."""
    big = send(owner, people(30_000))
    asked = owner.post("/models", json={"dataset": big, "config": {"generator": "forest", "seed": 1}})
    job = asked.json()["id"]
    assert owner.delete(f"/datasets/{big}").status_code == 409
    assert owner.post(f"/jobs/{job}/cancel").status_code == 202
    assert finished(owner, asked, 10)["state"] == "cancelled"
    again = owner.post(f"/jobs/{job}/cancel")
    assert (again.status_code, again.json()["type"]) == (409, f"{PREFIX}/problems/busy")
    assert owner.get(f"/models/{job}/data").status_code == 409
    assert owner.delete(f"/jobs/{job}").status_code == 204
    assert owner.get(f"/jobs/{job}").status_code == 410
    assert owner.delete(f"/datasets/{big}").status_code == 204
    assert owner.get(f"/datasets/{big}").status_code == 410


def test_a_file_in_parts_survives_a_part_that_got_lost(http):
    """It is sent again."""
    content = people(500)
    made = http.post("/datasets/partial", json={"name": "people.csv"}).json()
    at = f"/datasets/{made['id']}"
    assert http.put(f"{at}/parts/2", content=content[1_000:]).status_code == 204
    assert http.post(f"{at}/complete").status_code == 422
    assert http.get(at).json()["parts"] == [2]
    assert http.put(f"{at}/parts/1", content=content[:1_000]).status_code == 204
    done = http.post(f"{at}/complete").json()
    assert (done["state"], done["bytes"]) == ("ready", len(content))
    assert finished(http, http.post("/profiles", json={"dataset": made["id"]}))["state"] == "succeeded"


def test_one_request_sends_and_learns(http):
    """As a form of a web page or of curl does."""
    files = {"file": ("people.csv", people(), "text/csv")}
    done = finished(http, http.post("/jobs", files=files, data={"config": json.dumps(COPULA)}))
    assert (done["kind"], done["state"]) == ("models", "succeeded")
    for config in ("{", "[]", '{"rowz": 1}'):
        assert http.post("/jobs", files=files, data={"config": config}).status_code == 422
    form = http.post("/datasets", files=files)
    assert (form.status_code, form.json()["name"]) == (201, "people.csv")
    assert http.post("/datasets", files={"other": b"x"}).status_code == 400


def test_the_same_request_a_hundred_times_at_once_makes_one_job(http):
    """And one data set; with another body it is refused."""
    dataset = send(http)
    once = {"Idempotency-Key": "the-same"}
    answers = []

    def ask() -> None:
        with httpx.Client(base_url=http.base_url, headers={**http.headers, **once}, timeout=60) as client:
            answers.append(client.post("/profiles", json={"dataset": dataset}))

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(http.get("/profiles").json()["items"]) == 1
    other = http.post("/profiles", json={"dataset": dataset, "config": {"target": "label"}}, headers=once)
    assert (other.status_code, other.json()["type"]) == (422, f"{PREFIX}/problems/other-request")
    sent = {
        http.post("/datasets", params={"name": "a.csv"}, content=people(), headers={"Idempotency-Key": "file"}).json()[
            "id"
        ]
        for _ in range(3)
    }
    assert len(sent) == 1
    more = http.post("/datasets", params={"name": "a.csv"}, content=people(10), headers={"Idempotency-Key": "file"})
    assert more.status_code == 422


def test_lists_come_in_pages(http):
    """Each thing once, the newest first, wherever the pages end."""
    ids = [send(http, name=f"{i}.csv") for i in range(5)]
    seen, cursor = [], None
    while True:
        page = http.get("/datasets", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page.json()["items"]]
        cursor = page.json()["next"]
        if cursor is None:
            assert "link" not in page.headers
            break
        assert page.headers["link"].endswith('rel="next"')
    assert seen == ids[::-1]
    assert http.get("/datasets", params={"cursor": "nonsense!"}).status_code == 400
    assert http.get("/datasets", params={"limit": 0}).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/models", {"dataset": "DATASET", "config": {"rowz": 1}}, 422, "Did you mean 'rows'?"),
        ("/models", {"dataset": "DATASET", "config": {"generator": {"nam": "x"}}}, 422, "Did you mean 'name'?"),
        ("/models", {"dataset": "DATASET", "config": {"rows": 0}}, 422, "rows=0"),
        ("/models", {"dataset": "DATASET", "configs": {}}, 422, "configs"),
        ("/models", {}, 422, "/body/dataset"),
        ("/models", {"dataset": "nothing-like-it"}, 404, "no such data set"),
        ("/models", {"dataset": "../../etc/passwd"}, 422, "pattern"),
        ("/generations", {"model": "nothing-like-it"}, 404, "no such job"),
        ("/generations", {"model": "nothing-like-it", "rows": 0}, 422, "rows"),
        ("/generations", {"model": "nothing-like-it", "rows": 10**12}, 422, "rows"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(owner, path, body, status, says):
    """Every answer is a problem."""
    asked = {name: owner.dataset if value == "DATASET" else value for name, value in body.items()}
    answer = owner.post(path, json=asked)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert says in answer.text
    assert owner.get(inside(problem["type"])).status_code == 200
    assert problem["instance"] == PREFIX + path


def test_data_that_cannot_be_used_fail_in_words(http):
    """The library's own, with the type of the problem."""
    job = finished(http, http.post("/models", json={"dataset": send(http, b"a,b\n1,2\n3,4\n")}))
    assert (job["state"], job["problem"]["type"]) == ("failed", f"{PREFIX}/problems/unusable-data")
    assert "2 rows; at least 20" in job["problem"]["detail"]
    assert http.post("/datasets", content=b"").status_code == 422


def test_what_a_job_has_learnt_outlives_its_data(http, service):
    """The real rows can go as soon as the model is there."""
    dataset = send(http)
    model = finished(http, http.post("/models", json={"dataset": dataset, "config": COPULA}))
    assert http.delete(f"/datasets/{dataset}").status_code == 204
    assert http.get(inside(model["links"]["data"])).status_code == 200
    assert http.delete(f"/models/{model['id']}").status_code == 204
    assert service.jobs.blobs.sizes(http.key.account) == []
    assert service.jobs.store.count(*State, workspace=http.key.account) == 0


@pytest.mark.parametrize(("config", "said"), [
    ({"generator": "forrest"}, "Did you mean 'forest'?"), ({"target": "lable"}, "Did you mean 'label'?"),
    ({"rules": ["age <= heigth"]}, "there is no such column"), ({"columns": {"agee": {"kind": "numeric"}}}, "Did you mean 'age'?"),
])  # fmt: skip
def test_names_that_are_not_known_are_refused_at_once(owner, config, said):
    """The whole settings of a run are refused before a job of them waits, and no file of a refused job is kept."""
    told = owner.post("/models", json={"dataset": owner.dataset, "config": config})
    assert (told.status_code, told.json()["type"]) == (422, f"{PREFIX}/problems/bad-config")
    assert said in told.json()["detail"]
    before = len(owner.get("/datasets").json()["items"])
    sent = owner.post("/jobs", files={"file": ("d.csv", people())}, data={"config": json.dumps(config)})
    assert sent.status_code == 422
    assert len(owner.get("/datasets").json()["items"]) == before


def test_a_body_without_its_content_type_is_told_which_header_it_lacks(owner):
    told = owner.post("/models", content=json.dumps({"dataset": owner.dataset}), headers={"Content-Type": "text/plain"})
    assert told.status_code == 422
    assert "Content-Type is 'text/plain'" in told.json()["detail"]
    assert "application/json" in told.json()["detail"]
