"""Images over the API: a zip comes in, rows with images go out as Parquet, and the report shows synthetic ones alone."""

import pandas as pd
import pytest
from api.conftest import PREFIX, finished, send, someone
from tiny_pictures import folder

for needed in ("torch", "diffusers"):
    pytest.importorskip(needed)

from smartsynth import images, ingest  # noqa: E402

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


def test_rows_with_images_are_parquet(owner, job):
    data = job["links"]["data"].removeprefix(PREFIX)
    made = ingest.read(owner.get(data, params={"format": "parquet"}).content, name="made.parquet")
    assert list(made.schema.names) == ["image", "label"]
    assert len(made) == 40
    assert str(images.form_of(made.frame["image"][0])) == "16x16 grey"
    refused = owner.get(data, params={"format": "csv"})
    assert refused.status_code == 406
    assert "application/vnd.apache.parquet" in refused.json()["detail"]


def test_the_report_and_the_scores_show_synthetic_images(owner, job):
    scores = owner.get(job["links"]["scores"].removeprefix(PREFIX)).json()
    assert scores["images"]["form"] == "16x16 grey"
    page = owner.get(job["links"]["report"].removeprefix(PREFIX)).text
    assert page.count('<li><img src="data:image/png;base64,') == 40


def test_what_is_kept_for_the_pages_holds_no_real_image(service, job):
    result = service.jobs.result(job["id"]) if hasattr(service, "jobs") else service.result(job["id"])
    assert (result / "files" / "synthetic.zip").is_file()
    for name in ("rows-train", "rows-holdout", "rows-synthetic"):
        assert list(pd.read_parquet(result / f"{name}.parquet").columns) == ["label"]
    head = pd.read_parquet(result / "head.parquet")
    assert head["image"].str.startswith("data:image/png;base64,").all()
