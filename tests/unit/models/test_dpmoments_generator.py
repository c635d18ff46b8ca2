"""What private moments of images promise: no person changes a release by more than is said, and every look stands in the ledger."""

import numpy as np
import pandas as pd
import pytest
from noise_recorder import Recorder
from tiny_pictures import KINDS, frame, pixels

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")

from smartsynth import images, synthesize
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models import dp_moments
from smartsynth.models.dpmoments_generator import DPMomentsGenerator, Waves
from smartsynth.privacy.ledger import Budget, Touch
from smartsynth.privacy.noise import Noise
from smartsynth.registry import load


@pytest.fixture(scope="module")
def real():
    return frame(600)


@pytest.fixture(scope="module")
def schema(real):
    return infer_schema(real).with_target("label")


@pytest.fixture(scope="module")
def learnt(real, schema):
    return DPMomentsGenerator(epsilon=20, delta=1e-6, frequencies=16).fit(real, schema=schema)


@pytest.mark.parametrize("rows", [1, 3])
def test_one_person_changes_no_release_by_more_than_is_said(real, schema, rows):
    """Asked in the same order, with the same answers before, on data with and without one person."""
    person = pd.Series(["a", *np.arange(1, len(real)).astype(str)], dtype=object)
    person[:rows] = "a"
    rows_of = real.assign(person=person)
    whole_schema = infer_schema(rows_of).with_target("label").with_column("person", kind="identifier")
    options = {"epsilon": 2.0, "delta": 1e-6, "unit": "person", "max_rows_per_unit": 3}

    def asked(data, answers=None):
        model = DPMomentsGenerator(**options)
        model.noise = recorder = Recorder(answers)
        model.fit(data, schema=whole_schema)
        return recorder.asked

    first = asked(rows_of)
    answers = [counts for _, counts, _, _ in first]
    second = asked(rows_of[rows_of["person"] != "a"].reset_index(drop=True), answers)
    assert [(what, sigma, most) for what, _, sigma, most in second] == [
        (what, sigma, most) for what, _, sigma, most in first
    ]
    changed = {}
    for (what, one, _, most), (_, other, _, _) in zip(first, second, strict=True):
        assert np.linalg.norm(one - other) <= most * (1 + 1e-9), what
        changed[what] = np.linalg.norm(one - other) / most
    assert changed["sums of images by label"] > 0.2 * rows / 3
    assert changed["sums of products of images by label"] > 0.01


def test_the_lattice_and_the_cuts_bound_what_one_vector_adds():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 6)) * rng.uniform(0.1, 5, (40, 1))
    cut = dp_moments._cut(vectors, 2.0)
    assert (np.linalg.norm(cut, axis=1) <= 2.0 + 1e-12).all()
    on = dp_moments._on_lattice(cut)
    assert (np.abs(on) <= np.abs(cut)).all()
    assert np.array_equal(np.rint(on * dp_moments.STEPS), on * dp_moments.STEPS)
    upper = np.triu_indices(6)
    weight = np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0))
    for vector in cut:
        one = dp_moments._lattice_sum(vector[None], upper, weight)
        assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(vector) ** 2, abs=1e-4)


def test_without_noise_moments_are_those_of_the_vectors():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(2, 3, 3))
    groups = rng.integers(2, size=20_000)
    centre = np.array([[1.0, 0, 0], [0, 2.0, 0]])
    vectors = centre[groups] + np.einsum("nij,nj->ni", mix[groups], rng.normal(size=(20_000, 3)))

    class Silent(Noise):
        def gaussian(self, counts, *, sigma, sensitivity, what):
            return np.array(counts, float)

    found = dp_moments.learn(
        vectors, groups, np.bincount(groups).astype(float), longest=50.0, most_rows=1, budget=Budget(100, 1e-6), noise=Silent(),
        progress=lambda *_: None,
    )  # fmt: skip
    assert found.means == pytest.approx(centre, abs=0.3)
    for k in range(2):
        wanted, made = mix[k] @ mix[k].T, found.factors[k] @ found.factors[k].T
        assert np.linalg.norm(made - wanted) < 0.25 * np.linalg.norm(wanted)
    assert dp_moments._freed(np.eye(50) * 1e-9, 1.0) == pytest.approx(0)


@pytest.mark.parametrize("groups", [1, 10])
def test_noise_alone_is_taken_for_nothing(groups):
    rng = np.random.default_rng(0)
    noisy = rng.normal(0, 5.0, (groups, 30, 30))
    noisy = np.triu(noisy) + np.triu(noisy, 1).transpose(0, 2, 1)
    noisy[:, ~np.eye(30, dtype=bool)] /= np.sqrt(2)
    found = dp_moments._factors(noisy, np.full(groups, 100.0), 5.0)
    assert (np.abs(found).sum((1, 2)) > 0).mean() <= 0.3
    assert np.linalg.matrix_rank(found).max() <= 1


def test_labels_whose_images_are_often_missing_keep_their_looks():
    rng = np.random.default_rng(0)
    light = np.repeat([True, False], 500)
    pixels_of = np.where(light, 210, 25)[:, None, None, None] + rng.integers(-5, 6, (1_000, 8, 8, 1))
    rows = pd.DataFrame(
        {"image": images.unstacked(pixels_of.astype(np.uint8)), "label": np.where(light, "light", "dark")}
    )
    rows.loc[light & (rng.random(1_000) < 0.9), "image"] = None
    made = DPMomentsGenerator(epsilon=50, delta=1e-6).fit(rows, schema=infer_schema(rows)).sample(1_000, seed=0)
    seen = made[made["image"].notna()]
    mean = {
        name: np.mean([images.pixels_of(cell).mean() for cell in some]) for name, some in seen.groupby("label")["image"]
    }
    assert mean["light"] > 150
    assert mean["dark"] < 60


def test_images_show_what_their_rows_say(learnt):
    from sklearn.neighbors import KNeighborsClassifier

    made = learnt.sample(400, seed=0)
    known, kinds = pixels(300, seed=9)
    judge = KNeighborsClassifier(5).fit(images.stacked(made["image"].tolist()).reshape(400, -1), made["label"])
    assert judge.score(known.reshape(300, -1), kinds) > 0.6
    assert set(made["label"]) == set(KINDS)


def test_rows_do_not_depend_on_how_they_are_asked_for(learnt):
    whole = learnt.sample(60, seed=7)
    parts = [learnt.sample(20, seed=7), learnt.sample(40, seed=7, start=20)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_a_saved_model_makes_the_same(learnt, tmp_path):
    learnt.save(tmp_path / "model")
    again = load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(30, seed=5), learnt.sample(30, seed=5))
    assert again.ledger_ == learnt.ledger_


def test_every_look_is_in_the_ledger(learnt):
    ledger = learnt.ledger_
    assert ledger.is_private
    assert ledger.spent() <= 20
    said = [entry.reads for entry in ledger.entries if entry.touch is Touch.MEASURED]
    assert sum("images" in text for text in said) == 5
    assert any(text.startswith("label") for text in said)
    whole = Budget(20, 1e-6, thresholds=0.5).mu ** 2
    assert 0.9 * whole < sum(entry.mu**2 for entry in ledger.entries) <= whole * (1 + 1e-9)


def test_images_alone_and_missing_ones(real):
    alone = DPMomentsGenerator(epsilon=20, delta=1e-6).fit(real[["image"]], schema=infer_schema(real[["image"]]))
    assert list(alone.sample(5, seed=0).columns) == ["image"]
    assert alone.rows_ == pytest.approx(600, abs=20)
    rows = real.copy()
    rows.loc[rows.index % 4 == 0, "image"] = None
    made = DPMomentsGenerator(epsilon=20, delta=1e-6).fit(rows, schema=infer_schema(rows)).sample(800, seed=0)
    assert made["image"].isna().mean() == pytest.approx(0.25, abs=0.08)


def test_no_image_at_all_is_no_error_of_its_own():
    from smartsynth.schema import Column, Kind, Schema

    none = pd.DataFrame({"image": pd.Series([None] * 200, dtype=object)})
    schema = Schema((Column("image", Kind.IMAGE, "object", nullable=True, format="16x16 grey"),))
    assert (
        DPMomentsGenerator(epsilon=100, delta=1e-6).fit(none, schema=schema).sample(50, seed=0)["image"].isna().mean()
        > 0.9
    )


def test_a_whole_run_within_a_budget(real):
    result = synthesize(real, target="label", privacy={"epsilon": 4.0}, seed=1, rows=50, evaluate={"enabled": False})
    assert result.choice.generator == "dpmoments"
    assert result.filter is None
    assert len(result.synthetic) == 50


def test_what_the_budget_does_not_cover_is_refused(real):
    mixed = pd.concat([real, frame(50, side=24)], ignore_index=True)
    with pytest.raises(ConfigError, match="several sizes"):
        DPMomentsGenerator().fit(mixed, schema=infer_schema(mixed))
    with pytest.raises(ConfigError, match="images are learnt by categories"):
        numbered = real.assign(light=np.arange(len(real)) / 7.0)
        DPMomentsGenerator().fit(numbered, schema=infer_schema(numbered).with_target("light"))
    with pytest.raises(ConfigError, match="at most 800 can be learnt"):
        DPMomentsGenerator(frequencies=60).fit(frame(40, side=64), schema=infer_schema(frame(40, side=64)))
    assert (
        len(DPMomentsGenerator(side=16, grey=True, epsilon=20).fit(mixed, schema=infer_schema(mixed)).sample(3, seed=0))
        == 3
    )
    with pytest.raises(DataError, match="there are 0"):
        DPMomentsGenerator().fit(pd.DataFrame({"a": np.arange(50.0)}))
    with pytest.raises(ConfigError, match="frequencies=0"):
        DPMomentsGenerator(frequencies=0).fit(real)


@pytest.mark.parametrize("colours", [1, 3])
def test_waves_keep_coarse_structures(colours):
    made, _ = pixels(5, side=16, colours=colours)
    form = images.Form(16, 16, grey=colours == 1)
    whole = Waves(form, 31)
    assert np.array_equal(whole.pixels(whole.vectors(made)), made)
    some = Waves(form, 10)
    assert some.vectors(made).shape == (5, 55 * colours)
    assert np.linalg.norm(some.vectors(np.full((1, 16, 16, colours), 255, np.uint8))) == pytest.approx(some.longest)
