"""Scores of images: more real ones are as good as the yardstick, and what is wrong with made ones shows."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import frame, pixels

pytest.importorskip("torch")

from smartsynth import images
from smartsynth.errors import DataError
from smartsynth.facts import Outcome
from smartsynth.inference import infer_schema
from smartsynth.metrics import image_classifier
from smartsynth.metrics.image_features import Outlines
from smartsynth.report.html import render
from smartsynth.utils import image_sample
from smartsynth.utils.image_evaluator import evaluate_images
from smartsynth.utils.visualizer import charts


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_classifier, "STEPS", 150)
        patch.setattr(image_sample, "embedder", Outlines)
        yield


TRAIN, HOLDOUT = frame(400), frame(250, seed=1)
SCHEMA = infer_schema(TRAIN)


def scored(made, train=TRAIN, holdout=HOLDOUT, **options):
    return evaluate_images(train, made, holdout, schema=infer_schema(train), **options)


@pytest.fixture(scope="module")
def fresh():
    return scored(frame(300, seed=2))


def test_more_real_pictures_are_as_good_as_the_yardstick(fresh):
    assert fresh["image_detection_auc"].value < 0.6
    assert fresh["frechet_image"].value < 2 * fresh["frechet_image"].reference
    assert fresh["image_f1"].value > 0.9
    assert fresh["image_coverage"].value > 0.85
    assert fresh["image_copies"].value == 0
    assert fresh.battery.outcome is not Outcome.FAIL
    assert fresh.target == "label"


def test_noise_lost_kinds_and_wrong_labels_show(fresh):
    made, kinds = pixels(300, seed=2)
    noisy = np.clip(made.astype(int) + np.random.default_rng(0).integers(-90, 90, made.shape), 0, 255).astype(np.uint8)
    found = scored(pd.DataFrame({"image": images.unstacked(noisy), "label": kinds}))
    assert found["image_detection_auc"].value > 0.95
    assert found["spectrum"].value > 5 * fresh["spectrum"].value
    assert found["image_precision"].value < fresh["image_precision"].value - 0.2
    lost = frame(600, seed=2)
    lost = lost[lost["label"] != "cross"].reset_index(drop=True)
    assert scored(lost)["image_recall"].value < fresh["image_recall"].value - 0.05
    shuffled = frame(300, seed=2).assign(label=np.random.default_rng(0).permutation(kinds))
    assert scored(shuffled)["image_f1"].value < 0.6


def test_copies_fail_whether_whole_or_slightly_changed():
    found = scored(TRAIN.head(250))
    assert found["image_copies"].value == 1
    assert found["near_images"].value == 1
    assert found.battery.outcome is Outcome.FAIL
    some = images.stacked(TRAIN["image"].tolist()[:250]).astype(int)
    made = np.clip(some + np.random.default_rng(0).integers(-3, 4, some.shape), 0, 255).astype(np.uint8)
    near = scored(TRAIN.head(250).assign(image=images.unstacked(made)))
    assert near["image_copies"].value == 0
    assert near["near_images"].value > 0.8
    assert near.battery.outcome is Outcome.FAIL


def test_the_report_shows_synthetic_pictures_and_no_real_one(fresh):
    page = render(fresh, charts(fresh), context={"name": "shapes"})
    assert page.count('<li><img src="data:image/png;base64,') == 48
    assert 'alt="Synthetic image of cross"' in page
    assert "16x16 grey" in page
    shown = {sample.picture for sample in fresh.images.samples}
    from smartsynth.utils.image_view import shown as url_of

    assert shown <= {url_of(cell) for cell in frame(300, seed=2)["image"]}
    assert not shown & {url_of(cell) for cell in [*TRAIN["image"], *HOLDOUT["image"]]}


def test_pictures_of_other_sizes_are_brought_to_the_synthetic_ones():
    found = scored(frame(200, side=16, seed=2), train=frame(200, side=24), holdout=frame(150, side=24, seed=1))
    assert found.images.form == "16x16 grey"


def test_copies_made_smaller_are_seen():
    train, holdout = frame(300, side=24), frame(200, side=24, seed=1)
    small = images.brought(train["image"].tolist(), images.Form(16, 16, grey=True), images.CROP)
    found = scored(train.assign(image=small), train=train, holdout=holdout)
    assert found["image_copies"].value == 1
    assert found.battery.outcome is Outcome.FAIL


def test_texts_that_come_back_beside_new_images_are_seen():
    told = [
        f"Patient number {100_000 + i} came with a cough that had lasted for {i} days and was sent home"
        for i in range(650)
    ]
    train, holdout = TRAIN.assign(note=told[:400]), HOLDOUT.assign(note=told[400:])
    found = scored(frame(300, seed=2).assign(note=told[:300]), train=train, holdout=holdout)
    assert found.battery.outcome is Outcome.FAIL
    assert any("Texts of note" in attack.name for attack in found.battery.attacks)


def test_pictures_alone_have_no_label(fresh):
    found = scored(frame(200, seed=2)[["image"]], train=TRAIN[["image"]], holdout=HOLDOUT[["image"]])
    assert not found["image_f1"].available
    assert "no column is a label" in found["image_f1"].sentence


def test_there_must_be_pictures():
    none = HOLDOUT.assign(image=None)
    with pytest.raises(DataError, match="holdout data have 0 images"):
        scored(frame(50, seed=2), holdout=none)
