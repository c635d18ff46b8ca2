"""What fine-tuned pipelines promise: prompts of rows, adapters alone are kept, and only on the weights that they belong to."""

import numpy as np
import pandas as pd
import pytest
from tiny_pictures import frame, pixels

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")

from tiny_pipeline import written  # noqa: E402

from smartsynth import images  # noqa: E402
from smartsynth.errors import Cancelled, ConfigError, DataError, ModelFormatError  # noqa: E402
from smartsynth.models.image_pipeline import ImagePipeline  # noqa: E402
from smartsynth.models.pipeline_training import PipelineTraining, Plan  # noqa: E402
from smartsynth.models.stablediffusion_generator import StableDiffusionGenerator  # noqa: E402
from smartsynth.registry import create, load  # noqa: E402

SMALL = {"epochs": 1, "batch_size": 16, "steps": 3, "rank": 2}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(written(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def real():
    return frame(60)


@pytest.fixture(scope="module")
def learnt(real, base):
    return StableDiffusionGenerator(**SMALL, base=base, prompt="a {label}").fit(real, seed=1)


def test_rows_have_images_of_the_real_ones_form(learnt, real):
    made = learnt.sample(20, seed=3)
    assert list(made.columns) == list(real.columns)
    assert images.form_of(made["image"][0]) == images.Form(16, 16, grey=True)
    assert len(set(made["image"])) == 20


def test_rows_do_not_depend_on_how_they_are_asked_for(learnt):
    whole = learnt.sample(24, seed=7)
    parts = [learnt.sample(10, seed=7), learnt.sample(14, seed=7, start=10)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_a_condition_is_told_in_the_prompt(learnt):
    """The same noise under another prompt is another image."""
    cross, lying = (learnt.sample(4, where={"label": kind}, seed=3) for kind in ("cross", "lying"))
    assert set(cross["label"]) == {"cross"}
    assert not set(cross["image"]) & set(lying["image"])


def test_a_saved_model_holds_adapters_alone(learnt, tmp_path):
    from safetensors.numpy import load_file

    learnt.save(tmp_path / "model")
    pd.testing.assert_frame_equal(load(tmp_path / "model").sample(5, seed=5), learnt.sample(5, seed=5))
    kept = load_file(tmp_path / "model" / "weights.safetensors")
    assert kept
    assert all("lora_" in name for name in kept)
    assert any(np.abs(value).max() > 0 for name, value in kept.items() if "lora_B" in name)


def test_adapters_are_not_put_on_other_weights(learnt, tmp_path, base):
    other = written(tmp_path / "other", seed=1)
    learnt.save(tmp_path / "model")
    moved = load(tmp_path / "model")
    moved._origin = type(moved._origin)(str(other), moved._origin.digest)
    with pytest.raises(ModelFormatError, match="another version"):
        moved.sample(2, seed=0)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_adapters_learn_the_images(tmp_path, prediction):
    """The loss on the same images, times and noise falls, and only adapters change."""
    pipeline = ImagePipeline.open(str(written(tmp_path, prediction=prediction)))
    made, _ = pixels(8, side=32, colours=3)
    training = PipelineTraining(pipeline, made, ["a"] * 8, Plan(4, 40, 8, 1e-2), 0)
    frozen = {name: p.clone() for name, p in training.network.named_parameters() if not p.requires_grad}
    losses = [training.epoch(number)["loss"] for number in range(training.epochs)]
    assert np.mean(losses[-3:]) < 0.97 * np.mean(losses[:2])
    named = dict(training.network.named_parameters())
    assert all(torch.equal(p, named[name]) for name, p in frozen.items())


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_who_says_what_the_pipeline_was_made_to_say_has_no_loss(tmp_path, prediction):
    """With the clean latents at hand, the noise follows from the mixture, and the velocity from both (Salimans & Ho 2022)."""
    from types import SimpleNamespace

    pipeline = ImagePipeline.open(str(written(tmp_path, prediction=prediction)))
    training = PipelineTraining(pipeline, pixels(1, side=32, colours=3)[0], ["a"], Plan(2, 5, 1, 1e-9), 0)
    training.spreads = training.spreads * 0
    shares = training.schedule.alphas_cumprod

    def knows(mixed, times, encoder_hidden_states):
        share = shares[times][:, None, None, None]
        noise = (mixed - share.sqrt() * training.means) / (1 - share).sqrt()
        said = share.sqrt() * noise - (1 - share).sqrt() * training.means if prediction == "v_prediction" else noise
        return SimpleNamespace(sample=said + 0 * training.parameters[0].sum())

    training.network = knows
    assert training._step(0) < 1e-4


def test_a_tenth_of_the_prompts_goes_untold(tmp_path):
    pipeline = ImagePipeline.open(str(written(tmp_path)))
    training = PipelineTraining(pipeline, pixels(64, side=16, colours=3)[0], ["a"] * 64, Plan(2, 5, 64, 1e-9), 0)
    told, codes = [], pipeline.codes
    pipeline.codes = lambda prompts: told.extend(prompts) or codes(prompts)
    for step in range(10):
        training._step(step)
    assert set(told) == {"", "a"}
    assert np.mean([prompt == "" for prompt in told]) == pytest.approx(0.1, abs=0.04)


def test_training_goes_on_where_it_was_stopped(real, base, tmp_path, monkeypatch):
    import shutil

    from smartsynth.models import training

    class Folder:
        def find(self, name):
            return path if (path := tmp_path / name).exists() else None

        def keep(self, name, write, *, replace=False):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
            write(tmp_path / name)

    def stop(share, note=""):
        if share > 0.6:
            raise Cancelled

    options = {**SMALL, "epochs": 2, "base": base}
    wanted = StableDiffusionGenerator(**options).fit(real, seed=4).sample(3, seed=0)
    monkeypatch.setitem(training.train.__kwdefaults__, "every", 0.0)
    model = StableDiffusionGenerator(**options)
    with pytest.raises(Cancelled):
        model.fit(real, seed=4, progress=stop, checkpoints=Folder())
    assert (tmp_path / "training").exists()
    model.fit(real, seed=4, checkpoints=Folder())
    pd.testing.assert_frame_equal(model.sample(3, seed=0), wanted)


def test_colours_missing_images_and_sides(base):
    made, kinds = pixels(60, side=16, colours=3)
    rows = pd.DataFrame({"photo": images.unstacked(made), "kind": kinds})
    rows.loc[rows.index % 4 == 0, "photo"] = None
    found = StableDiffusionGenerator(**SMALL, base=base, side=12, resolution=16).fit(rows, seed=0).sample(60, seed=0)
    assert 0.05 < found["photo"].isna().mean() < 0.5
    assert images.form_of(found["photo"].dropna().iloc[0]) == images.Form(12, 12, grey=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prompt": "a {colour}"}, "names {colour}.*Allowed are label"), ({"prompt": None}, "prompt=None"), ({"side": 2}, "side=2"),
        ({"resolution": 0}, "resolution=0"), ({"steps": 999}, "steps=999"), ({"epochs": 0}, "epochs=0"), ({"rank": 0}, "rank=0"),
        ({"base": ""}, "base=''"), ({"framing": "tile"}, "crop, pad, stretch"), ({"avoid": None}, "avoid=None"),
    ],
)  # fmt: skip
def test_wrong_options_are_named(options, said, base):
    with pytest.raises(ConfigError, match=said):
        create("stablediffusion", **{"base": base, **options}).fit(frame(40))


def test_what_is_no_pipeline_of_the_kind_is_refused(tmp_path, base, monkeypatch):
    import json
    from pathlib import Path

    with pytest.raises(ConfigError, match="no such pipeline is within reach"):
        ImagePipeline.open(str(tmp_path / "nothing"))
    index = Path(base) / "model_index.json"
    other = tmp_path / "other"
    other.mkdir()
    (other / "model_index.json").write_text(
        json.dumps({**json.loads(index.read_text()), "_class_name": "FluxPipeline"})
    )
    with pytest.raises(ConfigError, match="is a FluxPipeline"):
        ImagePipeline.open(str(other))
    own = {**json.loads(index.read_text()), "unet": ["their_module", "Net"]}
    (other / "model_index.json").write_text(json.dumps(own))
    with pytest.raises(ConfigError, match="unet would be run by code of its own"):
        ImagePipeline.open(str(other))
    with pytest.raises(ConfigError, match="predicts 'sample'"):
        ImagePipeline.open(str(written(tmp_path / "strange", prediction="sample")))
    with pytest.raises(DataError, match="there are 0"):
        StableDiffusionGenerator(base=base).fit(pd.DataFrame({"a": np.arange(50.0)}))


def test_images_that_are_not_square_keep_their_shape(base):
    form = ImagePipeline.open(base).size(images.Form(40, 20, grey=True), None)
    assert form == images.Form(32, 16, grey=False)


def test_it_is_chosen_only_where_its_weights_are(real, monkeypatch):
    from smartsynth.facts import Machine
    from smartsynth.models import image_pipeline
    from smartsynth.pipeline import profile
    from smartsynth.selector import refusal

    everything, found = Machine(64, 256.0, gpu=True, extras=frozenset({"image", "pipeline"})), profile(real)
    monkeypatch.setattr(image_pipeline, "is_copied", lambda name, file: file != "model_index.json")
    assert "this machine has no copy" in refusal(StableDiffusionGenerator, found, everything)
    monkeypatch.setattr(image_pipeline, "is_copied", lambda name, file: True)
    assert refusal(StableDiffusionGenerator, found, everything) is None


@pytest.mark.parametrize("said", [{"algorithm_type": "sde-dpmsolver++"}, {"timestep_spacing": "leading"}])
def test_the_same_noise_becomes_the_same_image_whatever_the_schedule_says(tmp_path, said):
    pipeline = ImagePipeline.open(str(written(tmp_path)))
    pipeline.pipe.scheduler.register_to_config(**said)
    codes, size = pipeline.codes(["a"]), images.Form(32, 16, grey=False)

    def painted():
        return pipeline.paint(
            codes, codes, [np.random.default_rng(0)], size=size, steps=200, guidance=2.0, report=lambda share: None
        )

    one, two = painted(), painted()
    assert one.shape == (1, 16, 32, 3)
    assert one.std() > 0
    assert np.array_equal(one, two)


def test_a_digest_is_of_all_weights_and_of_the_schedule(base):
    from smartsynth.models.pretrained import digest

    pipeline = ImagePipeline.open(base)
    network = pipeline.pipe.unet
    one = digest(network)
    assert digest(network, told={"schedule": "other"}) != one
    with torch.no_grad():
        network.conv_in.weight[5, 2, 1, 1] += 1
    assert digest(network) != one


def test_pickled_weights_are_never_opened(tmp_path, base):
    import shutil
    from pathlib import Path

    copy = tmp_path / "copy"
    shutil.copytree(base, copy)
    safe = Path(copy) / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, safe.with_suffix(".bin"))
    safe.unlink()
    with pytest.raises(ConfigError, match="no such pipeline is within reach"):
        ImagePipeline.open(str(copy))
