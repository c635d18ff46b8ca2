"""Shadow models and canaries of images: a generator that gives training images back is caught, and a harmless one is not."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import frame

for needed in ("torch", "diffusers"):
    pytest.importorskip(needed)

import smartsynth as ss  # noqa: E402
from smartsynth import images  # noqa: E402
from smartsynth.facts import Battery, Evaluation, Outcome  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.metrics import image_classifier  # noqa: E402
from smartsynth.metrics.image_features import Outlines  # noqa: E402
from smartsynth.privacy import attacks, battery  # noqa: E402
from smartsynth.progress import silent  # noqa: E402
from smartsynth.schema import Modality, Schema  # noqa: E402
from smartsynth.utils import image_points, image_sample, thorough  # noqa: E402

TRAIN, HOLDOUT = frame(500), frame(500, seed=1)
SCHEMA = Schema(infer_schema(TRAIN).columns, Modality.IMAGE)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(image_points, "embedder", Outlines)
    monkeypatch.setattr(image_sample, "embedder", Outlines)
    monkeypatch.setattr(image_classifier, "STEPS", 50)


def remembers(share):
    """A generator whose images are others', but for a share of those learnt from with a little noise."""

    def make(rows, seed, progress=silent):
        rng = np.random.default_rng(seed)
        made = frame(len(rows), seed=int(rng.integers(2**31)))
        n = round(share * len(rows))
        known = rows.iloc[rng.permutation(len(rows))[:n]].reset_index(drop=True)
        if n:
            pixels = images.stacked(known["image"].tolist()).astype(int)
            noisy = np.clip(pixels + rng.integers(-4, 5, pixels.shape), 0, 255).astype(np.uint8)
            known["image"] = pd.Series(images.unstacked(noisy), dtype=object)
        return pd.concat([known, made.iloc[n:]], ignore_index=True)

    return make


def attacked(make, train=TRAIN, holdout=HOLDOUT, seed=0):
    nothing = battery.judged([("membership", "None", "None.", attacks.half(5, 10))], 0.1)
    assert isinstance(nothing, Battery)
    without = Evaluation((), (), (), (), (), {}, (), {}, None, None, 0.0, battery=nothing)
    return thorough.with_shadows(without, make, train, make(train, 99), holdout, SCHEMA, models=6, seed=seed)


def test_images_that_come_back_are_found():
    found = attacked(remembers(0.3))
    assert found.battery.outcome is Outcome.FAIL
    by_name = {attack.name: attack for attack in found.battery.attacks}
    assert by_name["Membership by shadow models"].p < 1e-6
    assert "training from holdout images (by the outlines of the images) with AUC" in found.verdict["privacy"]
    assert by_name["Membership by shadow models, surest images"].value > 0.9


def test_canaries_bound_what_a_generator_remembers():
    [said] = [limit for limit in attacked(remembers(0.6)).limits if limit.startswith("Canaries")]
    assert "has ε of at least" in said
    assert float(said.split("at least ")[1].split(" ")[0]) > 0.5


def test_images_of_others_are_not_called_leakage():
    for seed in range(3):
        found = attacked(remembers(0.0), seed=seed)
        assert found.battery.outcome is Outcome.PASS
        assert any("no lower bound of ε above 0" in limit for limit in found.limits)


def test_canaries_are_images_that_nobody_has():
    points = image_points.ImagePoints(TRAIN, SCHEMA, images.CROP)
    made = points.planted(TRAIN, 60, np.random.default_rng(0))
    assert set(made["label"]) <= set(TRAIN["label"])
    assert not set(made["image"]) & set(TRAIN["image"])
    quarters = {images.pixels_of(cell)[:8, :8].tobytes() for cell in TRAIN["image"]}
    assert all(images.pixels_of(cell)[:8, :8].tobytes() in quarters for cell in made["image"])


def test_rows_without_an_image_are_left_out():
    some = frame(40).assign(image=[None, *frame(39)["image"]])
    points = image_points.ImagePoints(some, SCHEMA, images.CROP)
    assert len(points.there(some)) == len(points(some)) == 39


def test_a_run_attacks_its_own_generator():
    seen = []
    made = ss.synthesize(
        frame(260)[["image"]], seed=1, rows=120, privacy={"decoys": 0},
        generator={"name": "diffusion", "options": {"epochs": 1, "width": 16, "steps": 1}},
        evaluate={"thorough": True, "shadow_models": 4}, progress=lambda share, message="": seen.append(message),
    )  # fmt: skip
    assert "Evaluate: Shadow model 4 of 4" in seen
    names = {attack.name for attack in made.evaluation.battery.attacks}
    assert "Membership by shadow models, surest images" in names
    assert made.evaluation.battery.outcome is not Outcome.FAIL
    assert any(limit.startswith("Canaries planted in a run of their own") for limit in made.evaluation.limits)
