"""Images that are real ones, or nearly, are not released; others are."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import frame, pixels

from smartsynth import images
from smartsynth.config import PrivacyConfig
from smartsynth.inference import infer_schema
from smartsynth.models.image_filter import ImageFilter
from smartsynth.models.privacy_filter import Reason

QUIET = PrivacyConfig(decoys=0)


@pytest.fixture(scope="module")
def real():
    return frame(300)


@pytest.fixture(scope="module")
def gate(real):
    return ImageFilter(QUIET).fit(real.head(250), real.tail(50), infer_schema(real))


def reasons(gate, cells, label="cross"):
    return gate.keep(pd.DataFrame({"image": pd.Series(cells, dtype=object), "label": label}))[1]


def test_copies_are_dropped_whether_learnt_from_or_not(gate, real):
    assert set(reasons(gate, real["image"].tolist())) == {Reason.COPY}


def test_copies_with_another_light_or_noise_are_dropped(gate, real):
    some = images.stacked(real["image"].tolist()[:60]).astype(int)
    noise = np.random.default_rng(0).integers(-2, 3, some.shape)
    for changed in (some + noise, some * 0.97):
        made = images.unstacked(np.clip(np.rint(changed), 0, 255).astype(np.uint8))
        assert np.mean(reasons(gate, made) != Reason.KEPT) > 0.9


def test_new_pictures_pass(gate):
    made, _ = pixels(200, seed=5)
    assert np.mean(reasons(gate, images.unstacked(made)) == Reason.KEPT) > 0.95


def test_missing_pictures_pass_if_many_are_missing(real):
    rows = real.copy()
    rows.loc[:9, "image"] = None
    gate = ImageFilter(QUIET).fit(rows, None, infer_schema(rows))
    assert list(reasons(gate, [None, None])) == [Reason.KEPT] * 2


def test_decoys_are_drawn_beside_what_is_dropped(real):
    gate = ImageFilter(PrivacyConfig(decoys=3)).fit(real, None, infer_schema(real))
    made, _ = pixels(100, seed=5)
    found = reasons(gate, [*real["image"][:4], *images.unstacked(made)])
    assert (found == Reason.COPY).sum() == 4
    assert (found == Reason.DECOY).sum() >= 3 * 4


def test_the_rest_of_a_row_is_judged_too():
    rng = np.random.default_rng(0)
    rest = {name: rng.normal(size=200) for name in "abcd"}
    rows = pd.DataFrame({"image": images.unstacked(pixels(200)[0]), **rest})
    gate = ImageFilter(QUIET).fit(rows, None, infer_schema(rows))
    made = rows.head(20).assign(image=images.unstacked(pixels(20, seed=7)[0]))
    assert Reason.KEPT not in gate.keep(made)[1]


def test_texts_beside_images_are_judged_as_texts():
    told = [
        f"Patient number {100_000 + i} came with a cough that had lasted for {i} days and was sent home"
        for i in range(200)
    ]
    rows = pd.DataFrame({"image": images.unstacked(pixels(200)[0]), "caption": told})
    gate = ImageFilter(QUIET).fit(rows, None, infer_schema(rows))
    made = pd.DataFrame({"image": images.unstacked(pixels(50, seed=7)[0]), "caption": told[:50]})
    assert Reason.KEPT not in gate.keep(made)[1]


def test_pictures_of_many_sizes_are_compared_in_one(real):
    rows = pd.concat([real, frame(60, side=24, seed=3)], ignore_index=True)
    gate = ImageFilter(QUIET, side=16, framing=images.STRETCH).fit(rows, None, infer_schema(rows))
    assert set(
        reasons(gate, images.brought(rows["image"].tolist(), images.Form(16, 16, grey=True), images.STRETCH))
    ) == {Reason.COPY}
