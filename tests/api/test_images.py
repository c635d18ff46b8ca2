"""Images over the API: a zip comes in, rows with images go out as Parquet, zip or JSON, and the report shows synthetic ones alone."""

import base64
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from api.conftest import PREFIX, finished, send, someone
from tiny_pictures import folder

for needed in ("torch", "diffusers"):
    pytest.importorskip(needed)

from smartsynth import images, ingest  # noqa: E402
from smartsynth.api import rows  # noqa: E402
from smartsynth.client import Client  # noqa: E402
from smartsynth.jobs import State  # noqa: E402

PAINTER = {
    "target": "label", "seed": 1, "rows": 40, "privacy": {"decoys": 0},
    "generator": {"name": "diffusion", "options": {"epochs": 3, "width": 16, "steps": 2}},
}  # fmt: skip


@pytest.fixture(scope="module")
def owner(service, address, tmp_path_factory):
    """Somebody with images."""
    import shutil

    root = folder(tmp_path_factory.mktemp("images") / "shapes", n=150)
    with someone(service, address) as http:
        packed = shutil.make_archive(str(root), "zip", root.parent, root.name)
        with open(packed, "rb") as file:
            http.dataset = send(http, file.read(), "shapes.zip")
        yield http


@pytest.fixture(scope="module")
def job(owner):
    made = finished(owner, owner.post("/models", json={"dataset": owner.dataset, "config": PAINTER}))
    assert made["problem"] is None
    return made


@pytest.fixture(scope="module")
def made(owner, job):
    """The rows, as Parquet holds them."""
    return ingest.read(rows_of(owner, job, "parquet").content, name="made.parquet").frame


def rows_of(owner, job, format, **asked):
    return owner.get(job["links"]["data"].removeprefix(PREFIX), params={"format": format, **asked})


def test_rows_with_images_are_parquet(made):
    assert list(made.columns) == ["image", "label"]
    assert len(made) == 40
    assert str(images.form_of(made["image"][0])) == "16x16 grey"


def test_rows_with_images_are_a_zip_that_is_read_again(owner, job, made, monkeypatch):
    monkeypatch.setattr(rows, "BATCH_IMAGES", 7)
    answer = rows_of(owner, job, "zip")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith('.zip"')
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    assert {"train/metadata.csv", "README.md", "manifest.json"} < set(packed.namelist())
    assert json.loads(packed.read("manifest.json"))["generator"] == "diffusion"
    again = ingest.read(answer.content, name="again.zip").frame
    assert again["image"].tolist() == made["image"].tolist()
    assert again["label"].tolist() == made["label"].tolist()
    few = ingest.read(rows_of(owner, job, "zip", rows=9).content, name="few.zip").frame
    assert few["image"].tolist() == made["image"].tolist()[:9]


def test_a_zip_leaves_no_file_behind(owner, job, tmp_path, monkeypatch):
    monkeypatch.setattr(rows.tempfile, "tempdir", str(tmp_path))
    assert rows_of(owner, job, "zip").status_code == 200
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_rows_with_images_are_json_with_data_urls(owner, job, made, monkeypatch, format):
    monkeypatch.setattr(rows, "BATCH_IMAGES", 7)
    text = rows_of(owner, job, format, rows=20).text
    found = json.loads(text) if format == "json" else [json.loads(line) for line in text.splitlines()]
    assert [row["label"] for row in found] == made["label"].tolist()[:20]
    urls = [row["image"].removeprefix("data:image/png;base64,") for row in found]
    assert [base64.b64decode(url) for url in urls] == made["image"].tolist()[:20]


def test_json_is_for_as_many_images_as_a_reader_can_hold(owner, job, monkeypatch):
    monkeypatch.setattr(rows, "MOST_JSON", 5_000)
    refused = rows_of(owner, job, "json")
    assert refused.status_code == 406
    said = refused.json()["detail"]
    assert "at most 5,000 are given as JSON" in said
    fewer = int(said.split("?rows=")[1].split()[0])
    assert 0 < fewer < 40
    assert rows_of(owner, job, "json", rows=fewer).status_code == 200


def test_more_rows_of_the_model_are_given_in_the_same_formats(owner, job):
    more = finished(owner, owner.post("/generations", json={"model": job["id"], "rows": 30}))
    assert more["problem"] is None
    for format in ("zip", "parquet"):
        assert len(ingest.read(rows_of(owner, more, format).content, name=f"more.{format}")) == 30
    assert rows_of(owner, more, "json").json()[0]["image"].startswith("data:image/png;base64,")


def test_formats_that_cannot_hold_images_name_those_that_can(owner, job):
    data = job["links"]["data"].removeprefix(PREFIX)
    for refused in (rows_of(owner, job, "csv"), owner.get(data, headers={"Accept": "text/csv"})):
        assert refused.status_code == 406
        for kind in ("application/vnd.apache.parquet", "application/zip", "application/x-ndjson", "application/json"):
            assert kind in refused.json()["detail"]
        assert "text/csv" not in refused.json()["detail"]
    answer = owner.get(data, headers={"Accept": "text/csv, application/zip;q=0.5"})
    assert answer.headers["content-type"] == "application/zip"
    assert owner.get(data, headers={"Accept": "*/*"}).headers["content-type"] == "application/vnd.apache.parquet"


def test_the_client_takes_a_zip(service, address, owner, job, made, tmp_path):
    from smartsynth.client import Client, RemoteResult

    with Client(address, key=owner.text) as client:
        path = RemoteResult(client, job).export(tmp_path / "rows.zip")
    assert ingest.read(path).frame["image"].tolist() == made["image"].tolist()


def test_the_report_and_the_scores_show_synthetic_images(owner, job):
    scores = owner.get(job["links"]["scores"].removeprefix(PREFIX)).json()
    assert scores["images"]["form"] == "16x16 grey"
    page = owner.get(job["links"]["report"].removeprefix(PREFIX)).text
    assert page.count('<li><img src="data:image/png;base64,') == 40


def test_a_running_job_shows_its_newest_picture_to_its_owner_alone(service, owner, address):
    """While it runs, and not after it has ended."""
    store, png = service.jobs.store, images.cell_of(np.zeros((8, 8), np.uint8))
    store.add_job("painting", owner.key.account, "synthesize", "a lane without workers", {})
    place = "/jobs/painting/preview"
    claim = store.claim("a lane without workers", "somebody")
    assert owner.get("/jobs/painting").json()["links"]["preview"] == PREFIX + place
    assert owner.get(place).status_code == 204
    store.show(claim, png)
    shown = owner.get(place)
    assert (shown.status_code, shown.headers["content-type"], shown.content) == (200, "image/png", png)
    assert shown.headers["cache-control"] == "no-store"
    with someone(service, address) as other:
        assert other.get(place).status_code == 404
        assert other.get(place, headers={"Authorization": "Bearer none"}).status_code == 401
    with Client(address, owner.text) as client:
        note = client._told(client._get(f"{PREFIX}/jobs/painting"))
        assert note.picture == png
        store.finish(claim, State.SUCCEEDED)
        assert client._told(client._get(f"{PREFIX}/jobs/painting")).picture is None
    assert owner.get(place).status_code == 204
    assert "preview" not in owner.get("/jobs/painting").json()["links"]


def test_what_is_kept_for_the_pages_holds_no_real_image(service, job):
    result = service.jobs.result(job["id"]) if hasattr(service, "jobs") else service.result(job["id"])
    assert (result / "files" / "synthetic.zip").is_file()
    for name in ("rows-train", "rows-holdout", "rows-synthetic"):
        assert list(pd.read_parquet(result / f"{name}.parquet").columns) == ["label"]
    head = pd.read_parquet(result / "head.parquet")
    assert head["image"].str.startswith("data:image/png;base64,").all()
