"""The commands on images: a folder comes in, a folder or a zip goes out, and what cannot hold images says so before any work."""

import json

import pytest
from commands import invoke
from tiny_pictures import folder

for needed in ("torch", "diffusers"):
    pytest.importorskip(needed)

from smartsynth import ingest  # noqa: E402
from smartsynth.metrics import image_classifier  # noqa: E402
from smartsynth.metrics.image_features import Outlines  # noqa: E402
from smartsynth.utils import image_points, image_sample  # noqa: E402

QUICK = ("--option", "epochs=1", "--option", "width=16", "--option", "steps=2", "--no-evaluate", "--seed", 1)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("data") / "shapes", n=150)


def test_a_profile_tells_of_images(shapes):
    result = invoke("profile", shapes)
    assert result.exit_code == 0, result.stderr
    assert "Images of ‘image’: 150" in result.stdout
    assert "16x16 grey" in result.stdout


def test_a_folder_of_images_becomes_another_and_a_model_more(shapes, tmp_path):
    result = invoke(
        "synthesize", shapes, *QUICK, "-n", 40, "-o", tmp_path / "out", "--save", tmp_path / "model", "--json"
    )
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["generator"] == "diffusion"
    assert "40 images below" in result.stderr.replace("\n", " ")
    made = ingest.read(tmp_path / "out")
    assert len(made) == 40
    again = invoke("sample", tmp_path / "model", "-n", 40, "-o", tmp_path / "again.zip")
    assert again.exit_code == 0, again.stderr
    assert ingest.read(tmp_path / "again.zip").frame["image"].notna().all()


def test_within_a_budget(shapes, tmp_path):
    pytest.importorskip("opendp")
    result = invoke(
        "synthesize", shapes, "--epsilon", 5, "--no-evaluate", "--seed", 1, "-o", tmp_path / "out.zip", "--json"
    )
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["generator"] == "dpmoments"


def test_training_images_are_shown_beside_synthetic_ones_only_when_asked_for(shapes, tmp_path, monkeypatch):
    monkeypatch.setattr(image_classifier, "STEPS", 30)
    monkeypatch.setattr(image_sample, "embedder", Outlines)
    monkeypatch.setattr(image_points, "embedder", Outlines)
    made = folder(tmp_path / "made", n=60, seed=2)
    page, report = tmp_path / "near.html", tmp_path / "report.html"
    result = invoke("evaluate", shapes, made, "--nearest", page, "--report", report, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    assert "It holds real images: do not share it." in result.stderr.replace("\n", " ")
    assert page.stat().st_mode & 0o777 == 0o600
    assert "This page holds real images" in page.read_text("utf-8")
    assert "This page holds real images" not in report.read_text("utf-8")
    same = invoke("evaluate", shapes, made, "--nearest", page, "--report", page)
    assert same.exit_code == 2
    table = tmp_path / "t.csv"
    table.write_text("a,b\n" + "1,2\n3,4\n" * 20)
    refused = invoke("evaluate", table, table, "--nearest", page)
    assert refused.exit_code == 4
    assert "--nearest is for images" in refused.stderr


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.xlsx", "-"])
def test_what_cannot_hold_images_is_refused_before_any_work(shapes, tmp_path, name):
    result = invoke("synthesize", shapes, *QUICK, "-o", name if name == "-" else tmp_path / name)
    assert result.exit_code == 4
    assert "cannot hold the images of 'image'" in result.stderr.replace("\n", " ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("-g", "forest"), "makes table data, and there are images"), (("--budget", "60s"), "is for tables, and there are images"),
        (("--time", "label"), "Images cannot follow one another"), (("--option", "framing=tile"), "crop, pad, stretch"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_images_says_so(shapes, tmp_path, asked, said):
    result = invoke("synthesize", shapes, *asked, "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert said in result.stderr.replace("\n", " ")
