"""What private diffusion of images promises: no person changes a step by more than is said, and every look stands in the ledger."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import KINDS, frame, pixels

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")
pytest.importorskip("opacus")
torch = pytest.importorskip("torch")

from smartsynth import images  # noqa: E402
from smartsynth.errors import ConfigError, DataError  # noqa: E402
from smartsynth.images import Form  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.models.dp_sgd import Persons  # noqa: E402
from smartsynth.models.dpdiffusion_generator import DPDiffusionGenerator  # noqa: E402
from smartsynth.models.image_network import Shape, build, to_floats, weights_of  # noqa: E402
from smartsynth.models.image_training import losses  # noqa: E402
from smartsynth.models.private_image_training import PrivateImageTraining, PrivatePlan  # noqa: E402
from smartsynth.privacy.ledger import Touch  # noqa: E402
from smartsynth.privacy.noise import FloatNoise  # noqa: E402
from smartsynth.registry import create, load  # noqa: E402

SMALL = {"width": 16, "batch_size": 64, "private_steps": 4, "copies": 2, "steps": 4, "begin_epochs": 8, "delta": 1e-6}


class Silent(FloatNoise):
    def normal(self, n, sigma):
        return np.zeros(n)


@pytest.fixture(scope="module")
def real():
    return frame(400)


@pytest.fixture(scope="module")
def schema(real):
    return infer_schema(real).with_target("label")


@pytest.fixture(scope="module")
def learnt(real, schema):
    return DPDiffusionGenerator(**SMALL, epsilon=20, frequencies=16).fit(real, schema=schema)


def training(n, *, clip, copies):
    made, _ = pixels(n)
    shape = Shape.of(Form(16, 16, grey=True), 3, width=16, layers=1, patch=None)
    rows = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    plan = PrivatePlan(1, n, copies, 1e-3, clip, 1.0)
    persons = Persons(None, n, rate=1.0, noise=FloatNoise())
    start = weights_of(build(shape, 0))
    return PrivateImageTraining(shape, start, to_floats(made, shape), rows, persons, plan, Silent())


@pytest.mark.parametrize("clip", [0.05, 1e6])
def test_a_step_is_the_sum_of_each_persons_clipped_mean_gradient(clip):
    """Against plain gradients of each person alone, whose network sees nobody else."""
    t, copies, n = training(5, clip=clip, copies=3), 3, 5
    people = np.arange(n)
    found = t.gradient.clipped(t._parts(people, 0))
    t.gradient.close()
    wanted = [torch.zeros_like(p) for p in t.gradient.parameters]
    some = torch.from_numpy(np.repeat(people, copies))
    drawn = [torch.cat(parts) for parts in zip(*(t._chance(row, 0) for row in range(n)), strict=True)]
    each = losses(t.network, t.pictures[some], t.rows[some], *drawn).reshape(n, copies).mean(1)
    for one in each:
        gradient = torch.autograd.grad(one, t.gradient.parameters, retain_graph=True)
        norm = torch.stack([g.norm() for g in gradient]).norm()
        for total, g in zip(wanted, gradient, strict=True):
            total += g * min(clip / float(norm), 1.0)
    size = torch.stack([g.norm() for g in wanted]).norm()
    off = torch.stack([(f - g).norm() for f, g in zip(found, wanted, strict=True)]).norm()
    assert float(off) < 0.03 * float(size)


def length(gradient):
    return float(torch.stack([g.norm() for g in gradient]).norm())


def test_one_person_changes_a_step_by_at_most_the_clipping_norm():
    """Whoever is taken out, the first of a step as the last: the noises of others do not hang on who is there."""
    t, everybody = training(6, clip=0.1, copies=2), np.arange(6)
    whole = t.gradient.clipped(t._parts(everybody, 0))
    for person in range(6):
        without = t.gradient.clipped(t._parts(np.delete(everybody, person), 0))
        changed = length([a - b for a, b in zip(whole, without, strict=True)])
        assert 0.05 < changed <= 0.1 * 1.02
    nobody = t.gradient.clipped(t._parts(everybody[:0], 0))
    assert all(float(g.abs().max()) == 0 for g in nobody)


def test_noises_are_secret_and_new_in_each_step():
    one, two = training(2, clip=0.1, copies=2), training(2, clip=0.1, copies=2)
    assert not torch.equal(one._chance(0, 0)[0], two._chance(0, 0)[0])
    assert not torch.equal(one._chance(0, 0)[0], one._chance(0, 1)[0])
    assert not torch.equal(one._chance(0, 0)[0], one._chance(1, 0)[0])


def test_images_show_what_their_rows_say(learnt):
    from sklearn.neighbors import KNeighborsClassifier

    made = learnt.sample(256, seed=0)
    known, kinds = pixels(200, seed=9)
    judge = KNeighborsClassifier(5).fit(images.stacked(made["image"].tolist()).reshape(256, -1), made["label"])
    assert judge.score(known.reshape(200, -1), kinds) > 0.6
    assert set(made["label"]) == set(KINDS)


def test_rows_do_not_depend_on_how_they_are_asked_for(learnt):
    whole = learnt.sample(150, seed=7)
    parts = [learnt.sample(40, seed=7), learnt.sample(110, seed=7, start=40)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_a_saved_model_paints_the_same(learnt, tmp_path):
    learnt.save(tmp_path / "model")
    again = load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(20, seed=5), learnt.sample(20, seed=5))
    assert again.ledger_ == learnt.ledger_


def test_every_look_is_in_the_ledger(learnt):
    ledger = learnt.ledger_
    assert ledger.is_private
    assert 0.9 * 20 < ledger.spent() <= 20
    said = [entry for entry in ledger.entries if entry.touch is Touch.MEASURED]
    assert sum("images" in entry.reads for entry in said) == 5
    steps = said[-1]
    assert (steps.reads, steps.steps) == ("gradients of the network that paints", 4)
    assert steps.rate == pytest.approx(64 / 400, rel=0.2)


def test_missing_images_and_persons_with_several_rows(real):
    rows = real.assign(person=[f"p{i // 2}" for i in range(len(real))])
    rows.loc[rows.index % 4 == 0, "image"] = None
    model = DPDiffusionGenerator(**{**SMALL, "private_steps": 1}, epsilon=20, unit="person", max_rows_per_unit=2)
    made = model.fit(rows, schema=infer_schema(rows).with_column("person", kind="identifier")).sample(400, seed=0)
    assert made["image"].isna().mean() == pytest.approx(0.25, abs=0.1)
    assert model.ledger_.unit == "one person with at most 2 rows"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"private_steps": 0}, "private_steps=0"), ({"width": 20}, "multiple of 16"), ({"copies": 0}, "copies=0"),
        ({"clip": -1.0}, "clip=-1"), ({"epsilon": 0.0}, "epsilon=0"),
    ],
)  # fmt: skip
def test_wrong_options_are_named(options, said):
    with pytest.raises(ConfigError, match=said):
        create("dpdiffusion", **options).fit(frame(40))


def test_no_image_at_all_is_said_as_far_as_counts_tell(real, schema, monkeypatch):
    from smartsynth.models.dpmoments_generator import DPMomentsGenerator

    monkeypatch.setattr(DPMomentsGenerator, "sample", lambda self, n, **options: real.head(9).assign(image=None))
    with pytest.raises(DataError, match="'dpdiffusion': hardly any row has an image"):
        DPDiffusionGenerator(**SMALL, epsilon=20).fit(real, schema=schema)


def test_a_column_of_images_is_needed():
    with pytest.raises(DataError, match="'dpdiffusion' paints one column of images, and there are 0"):
        DPDiffusionGenerator().fit(pd.DataFrame({"a": np.arange(50.0)}))
