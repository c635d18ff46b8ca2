"""What private evolution of images promises: real images change nothing but noisy counts, and every look stands in the ledger."""

import numpy as np
import pandas as pd
import pytest
from noise_recorder import Recorder
from tiny_pictures import frame

torch = pytest.importorskip("torch")
for name in ("opendp", "dp_accounting", "diffusers"):
    pytest.importorskip(name)

from tiny_pipeline import written  # noqa: E402

from smartsynth import images  # noqa: E402
from smartsynth.errors import ConfigError, DataError, ModelFormatError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.metrics.image_features import embedder  # noqa: E402
from smartsynth.models.evolveimages_generator import EvolveImagesGenerator  # noqa: E402
from smartsynth.models.image_pipeline import ImagePipeline  # noqa: E402
from smartsynth.privacy.ledger import Touch  # noqa: E402
from smartsynth.registry import create, load  # noqa: E402

SMALL = {"population": 24, "rounds": 3, "steps": 3, "delta": 1e-6}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(written(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def real():
    return frame(150)


@pytest.fixture(scope="module")
def learnt(real, base):
    schema = infer_schema(real).with_target("label")
    return EvolveImagesGenerator(**SMALL, base=base, prompt="a {label}", epsilon=20).fit(real, schema=schema, seed=0)


def test_one_person_changes_no_release_by_more_than_is_said(real, base):
    """Asked in the same order, with the same answers before, on data with and without one person."""
    person = pd.Series(["a", *np.arange(1, len(real)).astype(str)], dtype=object)
    person[:3] = "a"
    rows = real.assign(person=person)
    schema = infer_schema(rows).with_target("label").with_column("person", kind="identifier")

    def asked(data, answers=None):
        model = EvolveImagesGenerator(
            **SMALL, base=base, prompt="a {label}", epsilon=2, unit="person", max_rows_per_unit=3
        )
        model.noise = recorder = Recorder(answers)
        model.fit(data, schema=schema, seed=0)
        return recorder.asked

    first = asked(rows)
    second = asked(rows[rows["person"] != "a"].reset_index(drop=True), [counts for _, counts, _, _ in first])
    assert [one[0] for one in second] == [one[0] for one in first]
    for (what, one, _, most), (_, other, _, _) in zip(first, second, strict=True):
        assert np.linalg.norm(one - other) <= most * (1 + 1e-9), what
        if what.startswith("votes"):
            assert one.sum() - other.sum() == 3


def test_each_real_image_is_looked_at_alone(real, base, monkeypatch):
    """Numbers of a batch are rounded together, so that another image in it could change a vote."""
    from smartsynth.models import evolveimages_generator

    seen = []
    inner = embedder()

    def recorded(pixels):
        seen.append(len(pixels))
        return inner(pixels)

    monkeypatch.setattr(evolveimages_generator, "embedder", lambda: recorded)
    EvolveImagesGenerator(**{**SMALL, "rounds": 1}, base=base, epsilon=20).fit(real, schema=infer_schema(real), seed=0)
    assert seen == [0, *[1] * len(real), SMALL["population"]]


def test_every_look_is_in_the_ledger(learnt):
    ledger = learnt.ledger_
    assert ledger.is_private
    assert 0.9 * 20 < ledger.spent() <= 20
    said = [entry.reads for entry in ledger.entries if entry.touch is Touch.MEASURED]
    assert [text for text in said if "painted images" in text] == [
        f"nearest of 24 painted images to each real one, round {turn}" for turn in (1, 2, 3)
    ]


def test_rows_have_images_of_the_declared_form(learnt, real):
    made = learnt.sample(20, seed=0)
    assert list(made.columns) == list(real.columns)
    assert images.form_of(made["image"][0]) == images.Form(16, 16, grey=True)
    assert set(made["label"]) <= set(real["label"])


def test_rows_without_images_have_none(base):
    rows = frame(200)
    rows.loc[rows.index % 4 == 0, "image"] = None
    model = EvolveImagesGenerator(**{**SMALL, "rounds": 1}, base=base, epsilon=50).fit(rows, schema=infer_schema(rows))
    assert model.sample(200, seed=0)["image"].isna().mean() == pytest.approx(0.25, abs=0.1)
    few = rows.copy()
    few.loc[5:, "image"] = None
    assert (
        len(
            EvolveImagesGenerator(**{**SMALL, "rounds": 1}, base=base, epsilon=50)
            .fit(few, schema=infer_schema(few))
            .sample(3)
        )
        == 3
    )


def test_rows_do_not_depend_on_how_they_are_asked_for(learnt):
    whole = learnt.sample(24, seed=7)
    parts = [learnt.sample(10, seed=7), learnt.sample(14, seed=7, start=10)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_a_saved_model_paints_the_same_on_the_same_weights_alone(learnt, tmp_path):
    learnt.save(tmp_path / "model")
    again = load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(5, seed=5), learnt.sample(5, seed=5))
    assert again.ledger_ == learnt.ledger_
    moved = load(tmp_path / "model")
    moved._origin = type(moved._origin)(str(written(tmp_path / "other", seed=1)), moved._origin.digest)
    with pytest.raises(ModelFormatError, match="another version"):
        moved.sample(2, seed=0)


def test_images_that_real_ones_are_like_are_kept(base, real):
    """Of two halves of a population, one of which every real image is nearer to, that one gets the votes."""
    model = EvolveImagesGenerator(**{**SMALL, "rounds": 1}, base=base, prompt="x", epsilon=100)
    good = images.stacked(
        images.brought(frame(12, seed=5)["image"].tolist(), images.Form(32, 32, grey=False), "stretch")
    )
    bad = np.random.default_rng(0).integers(0, 256, good.shape, dtype=np.uint8)
    model._painted = lambda rows, rng, progress: np.concatenate([good, bad])
    model.fit(real[["image"]], schema=infer_schema(real[["image"]]), seed=0)
    is_good = np.array([cell in set(images.unstacked(good)) for cell in images.unstacked(model._parents)])
    assert model._votes[is_good].sum() > 0.95 * model._votes.sum()


def test_what_is_voted_for_comes_to_be_painted(base):
    """A painter of dark and light images paints those that real ones look like, of each label."""
    rng = np.random.default_rng(0)
    light = rng.random(200) < 0.5
    made = 215 * light[:, None, None, None] + rng.integers(0, 40, (200, 16, 16, 1))
    rows = pd.DataFrame({"image": images.unstacked(made.astype(np.uint8)), "label": np.where(light, "day", "night")})
    model = EvolveImagesGenerator(**SMALL, base=base, epsilon=50)

    def seen(light, rng):
        return np.uint8(215 * light[:, None, None, None] + rng.integers(0, 40, (len(light), 32, 32, 3)))

    model._painted = lambda rows, rng, progress: seen(rng.integers(2, size=len(rows)), rng)
    model._varied = lambda pixels, rows, strength, rng, progress: seen(pixels.mean((1, 2, 3)) > 128, rng)
    found = model.fit(rows, schema=infer_schema(rows), seed=1).sample(60, seed=0)
    is_light = np.array([images.pixels_of(cell).mean() > 128 for cell in found["image"]])
    assert ((found["label"] == "day") == is_light).mean() > 0.95


def test_less_strength_is_nearer(base):
    pipeline = ImagePipeline.open(base)
    made = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    codes = pipeline.codes(["a", "b"])

    def latents(strength):
        rngs = [np.random.default_rng(i) for i in range(2)]
        seen = pipeline.vary(
            made, codes, codes[:1], rngs, strength=strength, steps=20, guidance=1.0, report=lambda share: None
        )
        assert seen.shape == made.shape
        return seen.astype(float)

    nearest = pipeline.pipe.vae.decode(pipeline.latents(made)[0] / pipeline.pipe.vae.config.scaling_factor).sample
    whole = ((nearest.clamp(-1, 1) + 1) * 127.5).permute(0, 2, 3, 1).detach().numpy()
    assert np.abs(latents(0.05) - whole).mean() < np.abs(latents(0.9) - whole).mean()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"population": 0}, "population=0"), ({"strength": 2}, "strength=2"), ({"prompt": "a {colour}"}, "names {colour}"),
        ({"base": ""}, "base=''"), ({"epsilon": 0.0}, "epsilon=0"), ({"rounds": 0}, "rounds=0"),
        ({"resolution": 1_000_000}, "resolution=1000000"), ({"steps": 999}, "steps=999"), ({"guidance": True}, "guidance=True"),
    ],
)  # fmt: skip
def test_wrong_options_are_named(options, said, base):
    with pytest.raises(ConfigError, match=said):
        create("evolveimages", **{"base": base, **options}).fit(frame(40), schema=infer_schema(frame(40)))


def test_a_column_of_images_is_needed(base):
    with pytest.raises(DataError, match="there are 0"):
        EvolveImagesGenerator(base=base).fit(pd.DataFrame({"a": np.arange(50.0)}))
