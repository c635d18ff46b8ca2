"""Tables without real data over the API."""

import io
import zipfile
from contextlib import ExitStack

import pandas as pd
import pytest
from api.test_resources import inside

from smartsynth import templates
from smartsynth.api.routes import templates as routes


def test_a_template_is_listed_with_its_tables_which_are_those_of_the_library(http):
    listed = {one["name"]: one for one in http.get("/templates").json()}
    assert set(listed) == set(templates.names())
    asked = {"rows": 30, "seed": 7, "locale": "de"}
    answer = http.get(inside(listed["retail"]["links"]["tables"]), params=asked)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name.removeprefix("retail/"): archive.read(name) for name in archive.namelist()}
    here = templates.frames(templates.load("retail"), 30, seed=7, locale="de")
    assert set(files) == {f"{table}.csv" for table in listed["retail"]["tables"]} | {"schema.yaml", "manifest.json"}
    assert {table: len(pd.read_csv(io.BytesIO(files[f"{table}.csv"]))) for table in here} == {
        table: len(rows) for table, rows in here.items()
    }
    assert http.get("/templates/retail/tables", params=asked).content == answer.content
    assert http.get("/templates/retail/tables", params=asked | {"seed": 8}).content != answer.content


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/templates/insurance/tables", 404, "Templates: finance, healthcare, retail"),
        ("/templates/retail/tables?rows=0", 422, "rows"),
        ("/templates/retail/tables?rows=1000000", 422, "rows"),
        ("/templates/finance/tables?rows=20000", 422, "or fewer"),
        ("/templates/retail/tables?locale=klingon", 422, "is not known"),
        ("/templates/retail/tables?format=xlsx", 422, "format"),
    ],
)
def test_what_cannot_be_made_is_said(http, path, status, says):
    answer = http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.text


def test_a_server_makes_few_templates_at_once(http, monkeypatch):
    """Others wait, and are told when to come again."""
    monkeypatch.setattr(routes, "PATIENCE", 0.1)
    with ExitStack() as taken:
        for _ in range(routes.AT_ONCE):
            taken.enter_context(routes._TURNS)
        answer = http.get("/templates/retail/tables?rows=5")
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (429, "too-many")
        assert int(answer.headers["retry-after"]) > 0
    assert http.get("/templates/retail/tables?rows=5").status_code == 200
