"""The page of nearest training images shows what was copied, says that it holds real images, and is for its owner alone."""

import re
import stat

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import frame

pytest.importorskip("torch")

import smartsynth as ss
from smartsynth import images
from smartsynth.inference import infer_schema
from smartsynth.metrics import image_classifier
from smartsynth.metrics.image_features import Outlines
from smartsynth.utils import image_points, image_sample
from smartsynth.utils.image_nearest import SHOWN, nearest_pairs
from smartsynth.utils.image_view import shown

TRAIN, HOLDOUT, FRESH = frame(120), frame(80, seed=1), frame(60, seed=2)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(image_points, "embedder", Outlines)
    monkeypatch.setattr(image_sample, "embedder", Outlines)
    monkeypatch.setattr(image_classifier, "STEPS", 30)


def noisy(cells):
    pixels = images.stacked(list(cells)).astype(int)
    return images.unstacked(
        np.clip(pixels + np.random.default_rng(0).integers(-3, 4, pixels.shape), 0, 255).astype("u1")
    )


@pytest.fixture(scope="module")
def leaky():
    """Rows 11 to 15 are training images with a little noise."""
    made = FRESH.copy()
    made.loc[10:14, "image"] = pd.Series(noisy(TRAIN["image"][:5]), index=range(10, 15), dtype=object)
    return made


def pairs(made, holdout=HOLDOUT, **options):
    return nearest_pairs(TRAIN, made, holdout, infer_schema(TRAIN), has_holdout=True, **options)


def test_near_copies_come_first_beside_what_they_copy(leaky):
    found = pairs(leaky)
    assert [one.how for one in found.pairs] == ["the outlines of the images", "their pixels"]
    for one in found.pairs:
        assert {pair.row for pair in one.synthetic[:5]} == {11, 12, 13, 14, 15}
        copied = {pair.row: pair.real for pair in one.synthetic[:5]}
        assert copied == {11 + i: shown(TRAIN["image"][i]) for i in range(5)}
        assert one.nearer >= 5
        assert len(one.synthetic) == len(one.unseen) == SHOWN
        assert [pair.distance for pair in one.synthetic] == sorted(pair.distance for pair in one.synthetic)
    assert {pair.real for pair in found.pairs[0].unseen} <= {shown(cell) for cell in TRAIN["image"]}


def test_without_a_holdout_copies_of_any_real_image_are_found():
    made = FRESH.copy()
    made.loc[3, "image"] = noisy(HOLDOUT["image"][:1])[0]
    found = nearest_pairs(TRAIN, made, HOLDOUT, infer_schema(TRAIN), has_holdout=False)
    assert (found.train, found.unseen) == (200, 80)
    assert found.pairs[1].synthetic[0].row == 4
    assert found.pairs[1].synthetic[0].real == shown(HOLDOUT["image"][0])


def test_the_page_says_what_it_is_and_only_its_owner_reads_it(leaky, tmp_path):
    path = ss.nearest_images(TRAIN, leaky, tmp_path / "near.html", holdout=HOLDOUT, seed=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = path.read_text("utf-8")
    head = page[page.index("<body>") : page.index("<main")]
    assert "This page holds real images. Do not share it." in head
    assert "For the owner of the data alone" in head
    assert "holds aggregates only" not in page
    assert shown(TRAIN["image"][0]) in page
    assert page.count("<li><span><img") == 4 * SHOWN
    assert "default-src 'none'" in page
    assert not re.search(r"<script|https?://", page)
    assert [one.name for one in tmp_path.iterdir()] == ["near.html"]


def test_no_report_holds_a_real_image_and_it_says_how_to_see_them(leaky):
    from smartsynth.report.html import render
    from smartsynth.utils.visualizer import charts

    found = ss.evaluate(TRAIN, leaky, holdout=HOLDOUT, seed=1)
    page = render(found, charts(found), context={})
    assert "--nearest FILE.html" in page
    assert not any(shown(cell) in page for cell in [*TRAIN["image"], *HOLDOUT["image"]])


def test_a_name_is_shown_as_text(tmp_path):
    from smartsynth.image_pairs import NearestImages
    from smartsynth.report.html import render_nearest

    page = render_nearest(NearestImages((), 1, 1, 1, True), name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_there_must_be_images(tmp_path):
    table = pd.DataFrame({"a": range(40), "b": list("xy") * 20})
    with pytest.raises(ss.ConfigError, match="nearest_images is for images"):
        ss.nearest_images(table, table, tmp_path / "near.html")
    with pytest.raises(ss.DataError, match="synthetic data have no image"):
        ss.nearest_images(TRAIN, FRESH.assign(image=None), tmp_path / "near.html", holdout=HOLDOUT)
    assert not list(tmp_path.iterdir())
