"""Images in the app: looked at, learnt, made, judged, taken away; no real image is kept for the pages."""

import shutil

import pytest
from tiny_pictures import folder

from smartsynth.ui import runs, session

for needed in ("torch", "diffusers"):
    pytest.importorskip(needed)

CONFIG = {
    "target": "label", "seed": 1, "rows": 40, "privacy": {"decoys": 0},
    "generator": {"name": "diffusion", "options": {"epochs": 2, "width": 16, "steps": 2}},
}  # fmt: skip


@pytest.fixture
def shown(visitor, tmp_path):
    """Somebody who uploaded a zip of images."""
    root = folder(tmp_path / "pictures" / "shapes", n=120)
    with open(shutil.make_archive(str(tmp_path / "shapes"), "zip", root.parent, root.name), "rb") as file:
        return visitor.upload("shapes.zip", file.read())


def test_the_upload_page_tells_of_images_and_draws_some(shown):
    assert "16x16 grey 100%" in shown.text
    assert "Do the rows follow one another?" not in [header.value for header in shown.at.header]
    assert (
        next(frame.value for frame in shown.at.dataframe if "image" in frame.value.columns)["image"]
        .str.startswith("data:image/png;")
        .all()
    )
    assert "Images of ‘image’\\: 120" in [header.value for header in shown.at.header]


def test_configure_offers_generators_of_images(shown):
    shown.go("configure")
    assert shown.at.radio, shown.text
    offered = shown.at.radio[0].options
    assert offered[0] == "Recommended: diffusion"
    assert not {"forest", "gpt2", "panel"} & set(offered)


def test_images_from_generate_to_download(shown):
    space = session.jobs().workspace(shown.session)
    session.keep(space, CONFIG)
    runs.start(session.jobs().workspace(space.id), CONFIG)
    shown.go("generate").until(lambda v: "next" in v.buttons and v.at.success)
    assert "40 synthetic rows" in shown.at.success[0].value
    shown.go("evaluate")
    assert "Images" in [tab.label for tab in shown.at.tabs]
    assert shown.pieces.count("data:image/png;base64,") == 40
    shown.go("download")
    assert "**Images**" in shown.text
    assert "**CSV**" not in shown.text
