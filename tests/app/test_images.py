"""Images in the app: looked at, learnt, made, judged, taken away; no real image is kept for the pages."""

import shutil

import numpy as np
import pytest
from tiny_pictures import folder
from visitor import Visitor

from smartsynth import images
from smartsynth.jobs import State
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


def test_configure_offers_generators_of_images_and_how_they_paint(shown):
    """Labels as often as in the data until they are asked for equally often; options of the recommended generator name it."""
    shown.go("configure")
    assert shown.at.radio, shown.text
    offered = shown.at.radio[0].options
    assert offered[0] == "Recommended: diffusion"
    assert not {"forest", "gpt2", "panel"} & set(offered)
    assert next(c.value for c in shown.at.caption if c.value.startswith("label: lying "))
    assert [slider.label for slider in shown.at.slider] == ["Guidance", "Steps"]
    settings = lambda: session.config_of(session.jobs().workspace(shown.session))  # noqa: E731
    assert "generator" not in settings()
    shown.at.segmented_control(key="mix").set_value("Equally many")
    shown.at.slider(key="painting.diffusion.guidance").set_value(2.0)
    shown.at.selectbox(key="painting.diffusion.side").set_value(32)
    shown.run().run()
    assert settings()["generator"] == {"name": "diffusion", "options": {"guidance": 2.0, "side": 32}}
    assert settings()["balance"] == "label"
    shown.at.segmented_control(key="mix").set_value("As in the data")
    shown.at.slider(key="painting.diffusion.guidance").set_value(1.0)
    shown.at.selectbox(key="painting.diffusion.side").select_index(0)
    shown.run().run()
    assert not {"generator", "balance"} & set(settings())


def test_the_page_shows_what_is_painted_while_the_model_learns(jobs):
    """With words on what it is, and until the job has ended."""
    store, shown = jobs.store, Visitor(jobs.open("shapes.zip", b"not read here").id)
    store.add_job("painting", shown.session, "synthesize", "a lane without workers", {})
    claim = store.claim("a lane without workers", "somebody")
    assert not shown.go("generate").at.get("image")
    store.show(claim, images.cell_of(np.zeros((8, 8), np.uint8)))
    assert len(shown.run().at.get("image")) == 1
    assert "No privacy filter has looked at them" in shown.text
    store.finish(claim, State.CANCELLED, "Cancelled.")
    assert not shown.run().at.get("image")


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
    assert 'result.export("synthetic.zip")' in shown.text
