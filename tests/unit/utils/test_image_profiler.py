"""What a profile says of images, and that none is in it."""

import numpy as np
import pandas as pd
from tiny_pictures import frame

from smartsynth import image_words, images, ingest
from smartsynth.report.html import render_profile
from smartsynth.utils.image_profiler import image_profiles
from smartsynth.utils.profiler import profile
from smartsynth.utils.visualizer import profile_charts


def test_sizes_colours_and_repeats():
    small, large = frame(40, seed=1), frame(20, side=24, seed=2, colours=3)
    some = images.stacked(small["image"].tolist()[:5]).astype(int) + 1
    twins = small.head(5).assign(image=images.unstacked(np.clip(some, 0, 255).astype(np.uint8)))
    rows = pd.concat([small, large, small.head(6), twins], ignore_index=True)
    [found] = image_profiles(rows, ingest.read(rows).schema)
    assert found.pictures == 71
    assert found.different_forms == 2
    assert next(iter(found.forms)) == "16x16 grey"
    assert found.grey == 51 / 71
    assert found.repeated == 6 / 71
    assert 10 / 71 < found.near < 25 / 71
    assert (found.shortest, found.longest) == (16, 24)
    said = dict(image_words.facts_of(found))
    assert said["Sizes"].startswith("16x16 grey")
    assert "brought to one size" in said["Sides"]


def test_the_page_of_a_profile_tells_of_pictures_and_shows_none():
    data = ingest.read(frame(60))
    found = profile(data)
    page = render_profile(found, profile_charts(found))
    assert "Images of ‘image’: 60" in page
    assert "data:image/png" not in page


def test_what_the_user_should_know():
    rows = pd.concat([frame(40, seed=1), frame(20, side=24, seed=2), frame(40, seed=1).head(10)], ignore_index=True)
    codes = {alert.code for alert in profile(ingest.read(rows)).alerts}
    assert {"sizes", "near-duplicates"} <= codes
