"""What the generator of images promises: it learns what a row's image shows, repeats itself, is kept, and holds no image."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import KINDS, frame, pixels

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from smartsynth import images  # noqa: E402
from smartsynth.errors import Cancelled, ConfigError, DataError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.metrics.image_classifier import predictions  # noqa: E402
from smartsynth.models.diffusion_generator import DiffusionGenerator  # noqa: E402
from smartsynth.models.image_codes import RowCodes  # noqa: E402
from smartsynth.registry import create, load  # noqa: E402
from smartsynth.schema import Kind  # noqa: E402

SMALL = {"width": 16, "batch_size": 32, "steps": 4}


@pytest.fixture(scope="module")
def real():
    rows = frame(240)
    return rows.assign(light=[float(images.pixels_of(cell).mean()) for cell in rows["image"]])


@pytest.fixture(scope="module")
def learnt(real):
    return DiffusionGenerator(**SMALL, epochs=80, learning_rate=3e-3).fit(real, seed=1)


def test_pictures_show_what_their_rows_say(learnt):
    made = learnt.sample(120, seed=3)
    known, kinds = pixels(300, seed=9)
    found = predictions(known, codes(kinds), images.stacked(made["image"].tolist()), 3, seed=0)
    assert (found.argmax(1) == codes(made["label"])).mean() > 0.85


def codes(kinds):
    return np.array([KINDS.index(kind) for kind in kinds])


def test_a_condition_is_seen_in_the_pictures(learnt):
    made = learnt.sample(40, where={"label": "cross"}, seed=3)
    assert set(made["label"]) == {"cross"}
    assert made.attrs["effective_rows"] > 1


def test_rows_do_not_depend_on_how_they_are_asked_for(learnt):
    whole = learnt.sample(200, seed=7)
    parts = [learnt.sample(70, seed=7), learnt.sample(130, seed=7, start=70)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert not learnt.sample(20, seed=8).equals(whole.head(20))


def test_a_saved_model_paints_the_same_and_holds_no_picture(learnt, real, tmp_path):
    learnt.save(tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"model.json", "arrays.npz", "weights.safetensors"}
    pd.testing.assert_frame_equal(load(tmp_path / "model").sample(30, seed=5), learnt.sample(30, seed=5))
    from safetensors.numpy import load_file

    with np.load(tmp_path / "model" / "arrays.npz") as arrays:
        kept = [*arrays.values(), *load_file(tmp_path / "model" / "weights.safetensors").values()]
    flat = np.concatenate([np.ravel(one).astype(float) for one in kept if one.dtype.kind in "fiu"])
    for cell in real["image"][:20]:
        assert not holds(flat, images.pixels_of(cell).ravel().astype(float))
    assert holds(
        np.r_[0.0, images.pixels_of(real["image"][0]).ravel() / 127.5 - 1, 3.0],
        images.pixels_of(real["image"][0]).ravel(),
    )


def holds(numbers, wanted):
    """Whether numbers stand in a row anywhere, however scaled and shifted: by the signs of their differences."""
    signs = lambda x: np.sign(np.diff(np.asarray(x, float))).astype(np.int8).tobytes()  # noqa: E731
    return signs(wanted) in signs(numbers)


def test_the_same_seed_learns_the_same(real):
    one, two = (DiffusionGenerator(**SMALL, epochs=1).fit(real, seed=4).sample(5, seed=0) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_few_pictures_are_learnt_longer():
    assert DiffusionGenerator()._training_steps(100) == 300
    assert DiffusionGenerator()._training_steps(8_000) == 1_250
    assert DiffusionGenerator(epochs=2)._training_steps(640) == 10


def test_pictures_alone_are_enough():
    alone = frame(60)[["image"]]
    made = DiffusionGenerator(**SMALL, epochs=1).fit(alone, seed=0).sample(10, seed=0)
    assert list(made.columns) == ["image"]
    assert images.form_of(made["image"][0]) == images.Form(16, 16, grey=True)


def test_columns_that_are_made_anew_come_too():
    rows = frame(60)[["image"]].assign(pid=[f"P{i:05d}" for i in range(60)], site="A")
    made = DiffusionGenerator(**SMALL, epochs=1).fit(rows, seed=0).sample(10, seed=0)
    assert list(made.columns) == ["image", "pid", "site"]
    assert set(made["site"]) == {"A"}
    assert not set(made["pid"]) & set(rows["pid"])


def test_missing_pictures_are_as_frequent_as_they_were():
    rows = frame(200)
    rows.loc[rows.index % 4 == 0, "image"] = None
    made = DiffusionGenerator(**SMALL, epochs=1).fit(rows, seed=0).sample(400, seed=0)
    assert made["image"].isna().mean() == pytest.approx(0.25, abs=0.08)
    assert list(made.columns) == ["image", "label"]


@pytest.mark.parametrize(
    ("size", "colours", "options"), [((20, 28), 3, {}), ((12, 12), 1, {}), ((40, 40), 1, {"side": 24})]
)
def test_any_size_and_colour(size, colours, options):
    rng = np.random.default_rng(0)
    pixels_of = rng.integers(0, 256, (40, *size, colours), dtype=np.uint8)
    rows = pd.DataFrame({"photo": images.unstacked(pixels_of), "kind": rng.choice(["a", "b"], 40)})
    made = DiffusionGenerator(**SMALL, epochs=1, **options).fit(rows, seed=0).sample(3, seed=0)
    side = options.get("side")
    want = images.Form(side or size[1], side or size[0], grey=colours == 1)
    assert images.form_of(made["photo"][0]) == want


def test_training_goes_on_where_it_was_stopped(real, tmp_path):
    from smartsynth.models import training

    class Folder:
        def find(self, name):
            return path if (path := tmp_path / name).exists() else None

        def keep(self, name, write, *, replace=False):
            import shutil

            shutil.rmtree(tmp_path / name, ignore_errors=True)
            write(tmp_path / name)

    def stop(share, note=""):
        if share > 0.6:
            raise Cancelled

    wanted = DiffusionGenerator(**SMALL, epochs=12).fit(real, seed=4).sample(5, seed=0)
    model = DiffusionGenerator(**SMALL, epochs=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(training.train.__kwdefaults__, "every", 0.0)
        with pytest.raises(Cancelled):
            model.fit(real, seed=4, progress=stop, checkpoints=Folder())
    assert not model.is_fitted
    assert (tmp_path / "training").exists()
    model.fit(real, seed=4, checkpoints=Folder())
    pd.testing.assert_frame_equal(model.sample(5, seed=0), wanted)


def test_guidance_of_one_is_as_learnt(learnt):
    """With nothing beyond what was learnt, no second look is taken; with more, the images change."""
    stronger = load_with(learnt, guidance=3.0)
    assert not learnt.sample(5, seed=0).equals(stronger.sample(5, seed=0))


def load_with(model, **options):
    from copy import copy

    return copy(model).set_params(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "epochs=0"), ({"width": 20}, "multiple of 16"), ({"steps": 0}, "steps=0"), ({"side": 2}, "side=2"),
        ({"framing": "tile"}, "crop, pad, stretch"), ({"guidance": -1}, "guidance=-1"), ({"patch": 0}, "patch=0"),
    ],
)  # fmt: skip
def test_wrong_options_are_named(options, said):
    with pytest.raises(ConfigError, match=said):
        create("diffusion", **options).fit(frame(40))


def test_one_column_of_pictures_is_needed():
    rows = frame(40)
    with pytest.raises(DataError, match=r"there are 2 \(image, other\)"):
        DiffusionGenerator().fit(rows.assign(other=rows["image"]))
    with pytest.raises(DataError, match="none"):
        DiffusionGenerator().fit(pd.DataFrame({"a": np.arange(40.0)}))
    rows.loc[5:, "image"] = None
    with pytest.raises(DataError, match="holds 5 images"):
        DiffusionGenerator().fit(rows)


def test_codes_keep_no_rare_value_and_no_extreme():
    rows = pd.DataFrame({
        "kind": ["a"] * 60 + ["b"] * 37 + ["only one"] * 3, "size": [*np.random.default_rng(0).normal(50, 5, 99), 987654.25],
        "day": pd.date_range("2020-01-01", periods=100), "well": [True, False] * 50,
    })  # fmt: skip
    rows.loc[3, ["kind", "size"]] = None
    schema = infer_schema(rows)
    codes = RowCodes.fit(rows, schema, min_count=5)
    again = RowCodes.restore(codes.to_json())
    assert "only one" not in str(codes.to_json())
    assert "987654" not in str(codes.to_json())
    made = again(rows)
    assert made.shape == (100, codes.size) == (100, 2 + 2 + 2 + 2)
    assert np.array_equal(made, codes(rows))
    assert np.isfinite(made).all()
    assert made[99, 2] == 3.0
    assert list(made[3, :4]) == [0, 0, 0, 1]
    assert [c.kind for c in codes.columns] == [Kind.CATEGORICAL, Kind.NUMERIC, Kind.DATETIME, Kind.BOOLEAN]
