"""What the CTGAN generator promises beyond the contract that all generators keep."""

import builtins
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import Cancelled, ConfigError, MissingExtraError, ModelFormatError
from smartsynth.models import ctgan_generator
from smartsynth.models.ctgan_generator import CTGANGenerator


def table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    side = rng.random(n) < 0.5
    frame = pd.DataFrame(
        {
            "salary": np.where(side, rng.normal(30_000, 900, n), rng.normal(90_000, 900, n)).round(3),
            "score": np.where(rng.random(n) < 0.25, np.nan, rng.normal(0, 1, n)),
            "state": np.where(side, "Ohio", "Utah").astype(object),
            "grade": rng.choice(["a", "b", "c"], n, p=[0.7, 0.2, 0.1]),
        }
    )
    frame.loc[3, "state"] = "Zyzzyva"
    frame.loc[5, "salary"] = 987_654.321
    return frame


@pytest.fixture(scope="module")
def training():
    pytest.importorskip("sdv")
    return {"batch_size": 100}


@pytest.fixture(scope="module")
def model(training):
    return CTGANGenerator(epochs=3, **training).fit(table(), seed=1)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("ctgan") / "model")


def arrays(folder):
    from safetensors.numpy import load_file

    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files} | load_file(folder / "weights.safetensors")


def test_training_learns_the_two_groups(training):
    """Salary follows the state after some epochs, and fewer than half of the scores are missing.

    A network after one epoch leaves half of them out; the rarer level of a column stays too frequent for long,
    because the condition vectors are drawn by log-frequency.
    """
    model = CTGANGenerator(epochs=120, generator_lr=1e-3, discriminator_lr=1e-3, generator_dim=[64], **training)
    made = model.fit(table(600), seed=0).sample(2000, seed=0)
    groups = made.groupby("state")["salary"].median()
    assert groups["Utah"] - groups["Ohio"] > 20_000
    assert 0.1 < made["score"].isna().mean() < 0.48


def test_names_that_sdv_would_recognise_stay_what_they_are(model):
    """A column called state holds the states of the data, not others made up by SDV."""
    assert set(model.sample(500, seed=0)["state"]) <= {"Ohio", "Utah"}


def test_the_folder_holds_the_network_modes_and_frequencies_only(folder):
    """Three files, and every array has a known purpose."""
    assert sorted(path.name for path in folder.iterdir()) == ["arrays.npz", "model.json", "weights.safetensors"]
    allowed = {"condition", "codes", "means", "stds", "weight", "bias"}
    assert {name.rpartition(".")[2] for name in arrays(folder)} <= allowed


def test_no_row_numbers_are_kept(folder):
    """CTGAN's sampler lists the rows of every category; nothing here is as long as the table or a category."""
    real = table()
    sizes = {len(real), *real["state"].value_counts(), *real["grade"].value_counts(), *real.isna().sum()} - {0, 1}
    for name, array in arrays(folder).items():
        assert not sizes & set(array.shape), name
        assert array.dtype.kind == "f" or len(array) <= 4, name


def test_no_training_row_and_no_rare_value_is_in_the_folder(folder):
    """Attack with the training table at hand: none of its lone values is in a file or an array."""
    real = table()
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    text = (folder / "model.json").read_text()
    stored = np.concatenate([array.ravel().astype(float) for array in arrays(folder).values()])
    assert b"Zyzzyva" not in raw
    for value in (*real["salary"], *real["score"].dropna()):
        assert repr(float(value)) not in text
        assert np.float64(value).tobytes() not in raw
        assert not np.isclose(stored, value, rtol=1e-9, atol=0).any()


def test_modes_never_sit_on_a_lone_value(training):
    """One far cell in the middle of nowhere pulls no mode onto itself."""
    values = np.r_[np.linspace(0, 1, 200), 50.123456, np.linspace(99, 100, 200)]
    model = CTGANGenerator(epochs=1, **training).fit(pd.DataFrame({"x": values}), seed=0)
    assert np.abs(model._spans[0].means - 50.123456).min() > 0.01


def test_sampling_needs_neither_sdv_nor_torch(folder):
    """A loaded model runs on NumPy alone."""
    code = (
        f"import sys; from smartsynth import registry; registry.load({str(folder)!r}).sample(5, seed=0); "
        "print({'sdv', 'ctgan', 'rdt', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_without_sdv_the_error_says_what_to_install(monkeypatch):
    """The command is in the message, and nothing is half-fitted."""
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] in ("sdv", "ctgan"):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    generator = CTGANGenerator()
    with pytest.raises(MissingExtraError, match=r"pip install 'smartsynth\[sdv\]'"):
        generator.fit(table())
    assert not generator.is_fitted


@pytest.mark.parametrize(
    "option",
    [
        {"epochs": 0},
        {"epochs": 2.0},
        {"batch_size": "big"},
        {"batch_size": 505},
        {"batch_size": 100, "pac": 7},
        {"pac": 0},
        {"embedding_dim": True},
        {"generator_dim": []},
        {"generator_dim": 256},
        {"discriminator_dim": (256, -1)},
        {"generator_lr": 0},
        {"discriminator_lr": "fast"},
        {"min_count": 0},
    ],
    ids=str,
)
def test_wrong_options_are_named(option):
    """Before anything is trained."""
    with pytest.raises(ConfigError, match=next(iter(option))):
        CTGANGenerator(**option).fit(table())


def test_all_wrong_options_are_named_at_once():
    with pytest.raises(ConfigError, match=r"epochs=0.*pac='x'.*generator_lr=-1"):
        CTGANGenerator(epochs=0, pac="x", generator_lr=-1).fit(table())


def test_every_epoch_is_reported(training):
    messages = []
    CTGANGenerator(epochs=4, **training).fit(table(), progress=lambda fraction, message="": messages.append(message))
    epochs = [m for m in messages if m.startswith("Epoch")]
    assert epochs == [f"Epoch {i} of 4" for i in range(1, 5)]
    assert all(set(epoch.figures) == {"generator loss", "discriminator loss"} for epoch in epochs)
    assert np.isfinite([list(epoch.figures.values()) for epoch in epochs]).all()
    assert len({epoch.figures["generator loss"] for epoch in epochs}) == 4


def test_training_can_be_stopped_and_leaves_the_library_as_it_was(training):
    """Cancelling in the second epoch puts the random states back."""
    import torch

    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()

    def stop(fraction, message=""):
        if message == "Epoch 2 of 9":
            raise Cancelled("stop")

    generator = CTGANGenerator(epochs=9, **training)
    with pytest.raises(Cancelled):
        generator.fit(table(), progress=stop)
    assert not generator.is_fitted
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()
    assert not ctgan_generator._TRAINING.locked()


def test_fits_in_several_threads_do_not_mix(training):
    """Each reports to its own callback and makes the rows that it makes alone."""
    alone = CTGANGenerator(epochs=1, **training).fit(table(), seed=5).sample(20, seed=0)
    made = {}

    def work(key):
        made[key] = CTGANGenerator(epochs=1, **training).fit(table(), seed=5).sample(20, seed=0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for frame in made.values():
        pd.testing.assert_frame_equal(frame, alone)


def test_nothing_is_trained_when_all_columns_are_made_anew(monkeypatch):
    """A table of identifiers needs no network."""
    monkeypatch.setattr(ctgan_generator, "_train", None)
    keys = pd.DataFrame({"order_id": [f"K{i:06d}" for i in range(80)]})
    assert CTGANGenerator().fit(keys).sample(30, seed=0)["order_id"].is_unique


def test_weights_of_another_network_are_refused(model, folder, tmp_path):
    """Lost and foreign weights are ModelFormatError."""
    import shutil

    from safetensors.numpy import save_file

    broken = shutil.copytree(folder, tmp_path / "model")
    (broken / "weights.safetensors").unlink()
    with pytest.raises(ModelFormatError):
        CTGANGenerator.load(broken)
    save_file({name: array[:1] for name, array in model._weights.items()}, broken / "weights.safetensors")
    with pytest.raises(ModelFormatError):
        CTGANGenerator.load(broken)
    (broken / "weights.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelFormatError):
        CTGANGenerator.load(broken)


def test_latent_noise_blurs_rows_and_promises_nothing(folder):
    """The same weights and seed make other rows; the ledger calls it what it is."""
    from smartsynth import guarantee
    from smartsynth.config import RunConfig

    plain, noisy = CTGANGenerator.load(folder), CTGANGenerator.load(folder)
    noisy.set_params(latent_noise=0.5)
    assert not plain.sample(100, seed=0).equals(noisy.sample(100, seed=0))
    assert plain.sample(100, seed=0).equals(CTGANGenerator.load(folder).sample(100, seed=0))
    run = RunConfig.build({"generator": {"name": "ctgan", "options": {"latent_noise": 0.5}}})
    told = guarantee.ledger(noisy, run, None)
    assert "latent noise, which is not private" in {entry.mechanism for entry in told.entries}
    assert not told.is_private
    with pytest.raises(ConfigError, match="latent_noise=-1 must be a number from 0 to 10"):
        CTGANGenerator(latent_noise=-1).fit(table())
