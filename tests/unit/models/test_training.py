"""A training that was stopped ends as one that was not, and CTGAN's is SDV's own."""

import shutil

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import Cancelled, ConfigError
from smartsynth.models import training
from smartsynth.models.ctgan_generator import CTGANGenerator
from smartsynth.models.ctgan_training import CTGANTraining

torch = pytest.importorskip("torch")
pytest.importorskip("ctgan")

OPTIONS = {
    "epochs": 4, "batch_size": 100, "pac": 10, "embedding_dim": 16, "generator_dim": (32, 32),
    "discriminator_dim": (32, 32), "generator_lr": 2e-4, "discriminator_lr": 2e-4,
}  # fmt: skip


class Folders:
    """Checkpoints in a folder."""

    def __init__(self, root):
        self.root = root

    def find(self, name):
        return self.root / name if (self.root / name).is_dir() else None

    def keep(self, name, write, *, replace=False):
        shutil.rmtree(self.root / name, ignore_errors=True)
        write(self.root / name)


def numbers_and_categories(n=400, *, categories=True):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"c0": rng.normal(0, 1, n), "c1": rng.exponential(2, n)})
    if categories:
        frame["c2"] = rng.choice(["0", "1", "2"], n, p=[0.7, 0.2, 0.1]).astype(object)
        frame["c3"] = rng.choice(["0", "1"], n).astype(object)
    return frame


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("categories", [True, False])
def test_the_loop_is_the_one_of_sdv(categories):
    """The same seed gives the weights that the package's own `fit` gives, to the last bit."""
    from ctgan import CTGAN

    table = numbers_and_categories(categories=categories)
    np.random.seed(7)
    torch.manual_seed(7)
    theirs = CTGAN(**{**OPTIONS, "epochs": 2}, enable_gpu=False)
    theirs.fit(table, [name for name in table if table[name].dtype == object])
    ours = CTGANTraining(table, {**OPTIONS, "epochs": 2}, 7)
    training.train(ours, lambda share, message="": None)
    assert same(theirs._generator, ours.generator)


@pytest.mark.parametrize("after", [1, 3])
def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path, after):
    """From the newest checkpoint, without doing an epoch again that is in it."""
    table = numbers_and_categories()
    whole = CTGANTraining(table, OPTIONS, 3)
    training.train(whole, lambda share, message="": None)

    def stop(share, message=""):
        if message == f"Epoch {after} of 4":
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        training.train(CTGANTraining(table, OPTIONS, 3), stop, Folders(tmp_path), every=0.0)
    seen = []
    again = CTGANTraining(table, OPTIONS, 3)
    training.train(again, lambda share, message="": seen.append(str(message)), Folders(tmp_path), every=0.0)
    assert seen[0] == f"Training goes on after epoch {after}"
    assert seen[1:] == [f"Epoch {number} of 4" for number in range(after + 1, 5)]
    assert same(whole.generator, again.generator)


def test_a_generator_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    """`fit` with the same data, options and seed makes the model that an unbroken one makes."""
    monkeypatch.setitem(training.train.__kwdefaults__, "every", 0.0)
    frame = numbers_and_categories().rename(columns={"c0": "height", "c1": "income", "c2": "state", "c3": "sex"})
    options = {"epochs": 3, "batch_size": 100, "generator_dim": [32], "discriminator_dim": [32]}
    whole = CTGANGenerator(**options).fit(frame, seed=5).sample(50, seed=1)

    def stop(share, message=""):
        if message == "Epoch 2 of 3":
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        CTGANGenerator(**options).fit(frame, seed=5, progress=stop, checkpoints=Folders(tmp_path))
    seen = []
    model = CTGANGenerator(**options)
    model.fit(
        frame, seed=5, progress=lambda share, message="": seen.append(str(message)), checkpoints=Folders(tmp_path)
    )
    assert "Epoch 3 of 3" in seen
    assert "Epoch 2 of 3" not in seen
    pd.testing.assert_frame_equal(model.sample(50, seed=1), whole)


def test_a_checkpoint_holds_no_row(tmp_path):
    """Neither a cell nor the encoded rows, of whatever length."""
    table = numbers_and_categories(1_237)
    training.train(CTGANTraining(table, OPTIONS, 3), lambda share, message="": None, Folders(tmp_path), every=0.0)
    record = training.from_bytes((tmp_path / "training" / "training.pt").read_bytes())
    shapes = [value.shape for value in tensors(record)]
    assert len(shapes) > 20
    assert not [shape for shape in shapes if 1_237 in shape]


def tensors(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors(one)


def test_workers_are_counted():
    with pytest.raises(ConfigError, match="workers"):
        CTGANGenerator(workers=0).fit(numbers_and_categories())
