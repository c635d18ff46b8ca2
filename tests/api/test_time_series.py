"""Time series over the API: what goes in and comes out is the library's own."""

import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from api.conftest import PREFIX, finished, people, send, someone

import smartsynth as ss
from smartsynth import export
from smartsynth.errors import ConfigError
from smartsynth.facts import Evaluation, Profile, from_json

PANEL = {
    "entity": "who", "time": "day", "seed": 1, "privacy": {"decoys": 0}, "generator": {"name": "panel", "options": {"trees": 4, "refinement_rounds": 1}},
}  # fmt: skip
FLOW = {
    "time": "when", "window": 12, "seed": 1,
    "generator": {"name": "flow", "options": {"steps": 30, "width": 16, "layers": 1, "batch_size": 32}},
}  # fmt: skip


def visits(patients: int = 50, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(patients):
        day, level = int(rng.integers(100)), rng.normal(5, 1)
        for _ in range(int(rng.integers(2, 9))):
            level = 5 + 0.8 * (level - 5) + rng.normal(0, 0.4)
            rows.append((f"P{patient:04d}", "fm"[patient % 2], day, round(level, 2), "bad" if level > 5.5 else "good"))
            day += int(rng.integers(10, 60))
    return pd.DataFrame(rows, columns=["who", "sex", "day", "lab", "state"]).to_csv(index=False).encode()


def series(n: int = 400) -> bytes:
    hours = np.arange(n)
    level = 10 + 3 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 0.3, n)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h")
    return pd.DataFrame({"when": when, "level": level.round(2)}).to_csv(index=False).encode()


@pytest.fixture(scope="module")
def owner(service, address):
    """Somebody with visits and a model of them."""
    with someone(service, address) as http:
        http.dataset = send(http, visits(), "visits.csv")
        http.model = finished(http, http.post("/models", json={"dataset": http.dataset, "config": PANEL}))
        assert http.model["problem"] is None
        yield http


@pytest.fixture(scope="module")
def here():
    """The same run in this process."""
    return ss.synthesize(io.BytesIO(visits()), **PANEL)


@pytest.fixture
def client(service, address):
    """Somebody's client."""
    with someone(service, address) as http, ss.Client(address, http.text) as made:
        yield made


def content(http, job: dict, format: str = "csv") -> bytes:
    return http.get(job["links"]["data"].removeprefix(PREFIX), params={"format": format}).content


def test_a_model_of_entities_has_the_rows_and_scores_that_the_library_makes(owner, here):
    assert content(owner, owner.model) == export.to_bytes(here.synthetic, format="csv")
    scores = from_json(Evaluation, owner.get(owner.model["links"]["scores"].removeprefix(PREFIX)).json())
    assert scores["ks"].value == here.evaluation["ks"].value
    assert scores.sequence.records == here.evaluation.sequence.records


def test_a_generation_of_it_counts_entities(owner):
    asked = {"model": owner.model["id"], "rows": 120}
    made = pd.read_csv(io.BytesIO(content(owner, finished(owner, owner.post("/generations", json=asked)))))
    released = pd.read_csv(io.BytesIO(content(owner, owner.model)))
    assert made["who"].nunique() == 120
    pd.testing.assert_frame_equal(made.head(len(released)), released)


def test_a_profile_says_how_rows_follow_one_another(owner):
    asked = {"dataset": owner.dataset, "config": {"entity": "who", "time": "day"}}
    made = finished(owner, owner.post("/profiles", json=asked))
    found = from_json(Profile, owner.get(made["links"]["profile"].removeprefix(PREFIX)).json())
    mine = ss.profile(visits(), entity="who", time="day")
    assert found.sequence == mine.sequence
    assert (found.sequence.declared, found.sequence.entities) == (True, 50)


def test_an_evaluation_judges_entities(owner):
    asked = {"dataset": owner.dataset, "generation": owner.model["id"], "config": {"entity": "who", "time": "day"}}
    made = finished(owner, owner.post("/evaluations", json=asked))
    scores = from_json(Evaluation, owner.get(made["links"]["scores"].removeprefix(PREFIX)).json())
    rows = pd.read_csv(io.BytesIO(content(owner, owner.model)))
    mine = ss.evaluate(visits(), rows, entity="who", time="day")
    assert scores.sequence.what == mine.sequence.what == "entities"
    assert scores["ks"].value == mine["ks"].value


def test_a_continuation_begins_where_the_known_rows_end(owner, here, tmp_path):
    known = pd.read_csv(io.BytesIO(visits(5, seed=7)))
    asked = {"model": owner.model["id"], "known": send(owner, visits(5, seed=7), "known.csv")}
    job = finished(owner, owner.post("/continuations", json={**asked, "horizon": 4, "paths": 3, "seed": 5}))
    assert (job["kind"], job["problem"]) == ("continuations", None)
    made = pd.read_csv(io.BytesIO(content(owner, job)))
    mine = here.model.continued(known, 4, paths=3, seed=5)
    pd.testing.assert_frame_equal(made, mine, check_dtype=False)
    ends = known.groupby("who")["day"].max()
    assert (made["day"] >= ends.loc[made["who"]].to_numpy()).all()
    assert set(made["path"]) == {0, 1, 2}
    manifest = owner.get(job["links"]["manifest"].removeprefix(PREFIX)).json()
    assert (manifest["seed"], manifest["unchecked"], manifest["manifest"]["scores"]) == (5, len(made), [])


def test_what_cannot_go_on_says_so(owner):
    known = send(owner, b"who,sex,day,lab,state\nA,f,1,x,good\n", "known.csv")
    wrong = finished(owner, owner.post("/continuations", json={"model": owner.model["id"], "known": known}))
    assert wrong["problem"]["type"] == f"{PREFIX}/problems/unusable-data"
    table = send(owner, people())
    model = finished(owner, owner.post("/models", json={"dataset": table, "config": {"generator": "copula"}}))
    wrong = finished(owner, owner.post("/continuations", json={"model": model["id"], "known": known}))
    assert "only time series go on" in wrong["problem"]["detail"]
    for body in ({}, {"model": model["id"]}, {"model": model["id"], "known": known, "horizon": 0}):
        assert owner.post("/continuations", json=body).status_code == 422


def test_settings_of_tables_are_refused_in_words(owner):
    config = {**PANEL, "balance": "state"}
    answer = owner.post("/models", json={"dataset": owner.dataset, "config": config})
    assert answer.status_code == 422
    assert answer.json()["type"] == f"{PREFIX}/problems/bad-config"
    assert "balance='state' is for tables" in answer.json()["detail"]


def test_generators_say_whether_they_make_windows(client):
    windowed = {row["name"]: row["windowed"] for row in client.generators()}
    assert (windowed["flow"], windowed["panel"], windowed["forest"]) == (True, False, False)


def test_a_client_goes_on_from_known_rows(client, service):
    frame = pd.read_csv(io.BytesIO(visits()))
    result = client.synthesize(frame, **PANEL)
    known = frame.groupby("who").head(2).head(8)
    made = result.continue_(known, 3, seed=5).data
    mine = ss.synthesize(frame, **PANEL).model.continued(known, 3, seed=5)
    pd.testing.assert_frame_equal(made, mine)
    table = client.synthesize(people(), generator="copula")
    with pytest.raises(ConfigError, match="only time series go on"):
        client.continue_(table, known)


@pytest.mark.slow
def test_a_plain_series_is_the_librarys_own(client):
    pytest.importorskip("torch")
    frame = pd.read_csv(io.BytesIO(series()), parse_dates=["when"])
    result, mine = client.synthesize(frame, **FLOW), ss.synthesize(frame, **FLOW)
    pd.testing.assert_frame_equal(result.data, mine.data)
    assert result.data["window"].nunique() == 34
    assert result.evaluation["ks"].value == mine.evaluation["ks"].value
    assert result.sample(5).data["window"].nunique() == 5
    made = result.continue_(frame, 6, seed=5).data
    pd.testing.assert_frame_equal(made, mine.model.continued(frame, 6, seed=5))


@pytest.mark.slow
def test_the_commands_of_the_documentation_do_what_it_says(owner, address, tmp_path):
    """The part of docs/api.md that is about time series, in one shell."""
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    (script,) = re.findall(r"```sh\n(.+?)```", page, re.DOTALL)
    (data,) = re.findall(r"```python\n([^`]+to_csv\(\"visits.csv\"[^`]+)```", page)
    subprocess.run([sys.executable, "-c", data], cwd=tmp_path, check=True)
    before = f"""set -euo pipefail
    URL={address}{PREFIX}
    field() {{ python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }}
    curl() {{ command curl -H "Authorization: Bearer {owner.text}" "$@"; }}
    """
    done = subprocess.run(["bash", "-c", before + script], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    made = pd.read_csv(tmp_path / "next.csv")
    assert set(made["path"]) == {0, 1, 2}
    assert set(made["patient_id"]) <= {f"P{number:03d}" for number in range(5)}
