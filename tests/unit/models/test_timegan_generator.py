"""TimeGAN: the published losses and phases, and what every saved model promises."""

import builtins
import shutil

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import Cancelled, ConfigError, DataError, MissingExtraError, ModelFormatError
from smartsynth.inference import infer_schema
from smartsynth.models import recurrent, timegan_training
from smartsynth.models.timegan_generator import TimeGANGenerator, made
from smartsynth.models.timegan_training import (
    MAKERS,
    Plan,
    TimeGANTraining,
    moments,
    networks,
    reconstruction,
    supervision,
    told,
)
from smartsynth.models.training import from_bytes, train
from smartsynth.progress import silent
from smartsynth.schema import WINDOW
from smartsynth.sequences import Panel, marked, with_window

torch = pytest.importorskip("torch")

SMALL = {"hidden_dim": 8, "layers": 1, "pretraining": 4, "steps": 4, "batch_size": 32}
PLAN = Plan(hidden_dim=6, layers=2, steps=(4, 4, 8), batch_size=16, gamma=1.0, rate=1e-3)


@pytest.fixture(scope="module", autouse=True)
def short_epochs():
    """Four steps are an epoch, so that all phases pass in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timegan_training, "STEPS_PER_EPOCH", 4)
        patch.setattr(timegan_training, "JUDGE_STEPS", 10)
        yield


def visits(n=60, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 9, n)
    rows, owner = int(lengths.sum()), np.repeat(np.arange(n), lengths)
    day = np.concatenate([np.cumsum(rng.integers(1, 9, k)) for k in lengths])
    frame = pd.DataFrame(
        {
            "who": np.array([f"P-{1000 + 7 * i}" for i in range(n)], object)[owner],
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D"),
            "sex": np.array(["f", "m"], object)[rng.integers(0, 2, n)][owner],
            "pulse": rng.normal(70, 10, rows).round(2),
            "dose": np.where(rng.random(rows) < 0.3, np.nan, rng.integers(1, 5, rows) / 2),
            "fever": rng.random(rows) < 0.4,
        }
    )
    return frame, marked(frame, infer_schema(frame), entity="who", time="when")


def sines(n=400, length=12, seed=0):
    """Windows of two sines, each entity with a phase of its own; they move together."""
    rng = np.random.default_rng(seed)
    at = np.arange(length) / length * 2 * np.pi
    x = np.sin(at + rng.uniform(0, 2 * np.pi, (n, 1)))
    frame = pd.DataFrame({"who": np.repeat(np.arange(n), length), "a": x.ravel(), "b": (0.5 * x + 2).ravel()})
    return frame, marked(frame, infer_schema(frame), entity="who", time=None)


def batch(seed=0, n=40, length=7, channels=3):
    rng = np.random.default_rng(seed)
    values, lengths = rng.random((n, length, channels), dtype=np.float32), rng.integers(2, length + 1, n)
    values *= (np.arange(length) < lengths[:, None])[..., None]
    return values, lengths


@pytest.fixture(scope="module")
def model():
    frame, schema = visits()
    return TimeGANGenerator(**SMALL).fit(frame, schema=schema, seed=1)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("timegan") / "model")


class Folders:
    """Checkpoints in a folder."""

    def __init__(self, root):
        self.root = root

    def find(self, name):
        return self.root / name if (self.root / name).is_dir() else None

    def keep(self, name, write, *, replace=False):
        shutil.rmtree(self.root / name, ignore_errors=True)
        write(self.root / name)


def test_losses_are_the_published_ones():
    """Where all series are whole: each formula of the reference code, computed by hand on (batch, length, channels)."""
    rng = np.random.default_rng(0)
    x, y = rng.random((5, 4, 3)), rng.random((5, 4, 3))
    logits, whole = rng.normal(size=(5, 4, 1)), torch.ones(4, 5)
    a, b, s = (torch.from_numpy(v.swapaxes(0, 1).copy()) for v in (x, y, logits))
    p = 1 / (1 + np.exp(-logits))
    deviations = [np.sqrt(v.var(axis=0) + 1e-6) for v in (x, y)]
    assert np.isclose(reconstruction(a, b, whole), 10 * np.sqrt(((x - y) ** 2).mean()))
    assert np.isclose(supervision(a, b, whole), ((x[:, 1:] - y[:, :-1]) ** 2).mean())
    assert np.isclose(told(s, 1.0, whole), -np.log(p).mean())
    assert np.isclose(told(s, 0.0, whole), -np.log(1 - p).mean())
    by_hand = np.abs(deviations[0] - deviations[1]).mean() + np.abs(x.mean(axis=0) - y.mean(axis=0)).mean()
    assert np.isclose(moments(a, b, whole), by_hand)


def test_losses_do_not_see_what_lies_behind_the_end():
    values, lengths = batch()
    mask = torch.from_numpy((np.arange(7) < lengths[:, None]).astype(np.float32).T.copy())
    values = values.swapaxes(0, 1)
    other = values + np.random.default_rng(1).random(values.shape, dtype=np.float32)
    dirty = np.where(mask.numpy()[..., None] > 0, other, 99.0).astype(np.float32)
    x, clean, soiled = (torch.from_numpy(v.copy()) for v in (values, other, dirty))
    for loss in (reconstruction, supervision, moments):
        assert torch.isclose(loss(x, clean, mask), loss(x, soiled, mask), rtol=1e-4)
    says = clean[..., :1]
    assert torch.isclose(told(says, 1.0, mask), told(soiled[..., :1], 1.0, mask), rtol=1e-4)


def test_five_networks_with_the_published_shapes():
    """Codes are between 0 and 1, the supervisor has a layer less, the discriminator answers every row."""
    nets = networks(channels=5, width=8, layers=3)
    assert set(nets) == {"embedder", "recovery", "generator", "supervisor", "discriminator"}
    x = torch.rand(7, 2, 5)
    codes = nets["embedder"](x)
    assert codes.shape == nets["generator"](x).shape == nets["supervisor"](codes).shape == (7, 2, 8)
    assert nets["recovery"](codes).shape == (7, 2, 5)
    assert nets["discriminator"](codes).shape == (7, 2, 1)
    assert (codes.min() > 0) and (codes.max() < 1)
    layers = {name: net.memory.num_layers for name, net in nets.items()}
    assert layers == {"embedder": 3, "recovery": 3, "generator": 3, "supervisor": 2, "discriminator": 3}


def test_the_phases_follow_each_other():
    """Each learns its own networks and leaves the others as they are."""
    training = TimeGANTraining(*batch(), PLAN, 0)

    def changed(number):
        before = {name: value.clone() for name, value in training.networks.state_dict().items()}
        losses = training.epoch(number)
        after = training.networks.state_dict()
        moved = {name.partition(".")[0] for name in after if not torch.equal(before[name], after[name])}
        return set(losses), moved

    assert training.epochs == 4
    assert changed(0) == ({"reconstruction"}, {"embedder", "recovery"})
    assert changed(1) == ({"supervision"}, {"supervisor"})
    assert changed(2) == ({"generator", "embedding", "discriminator"}, set(training.networks))


def test_a_discriminator_that_is_ahead_waits(monkeypatch):
    """It learns only while its loss is above the bound."""
    monkeypatch.setattr(timegan_training, "DISCRIMINATOR_REST", 99.0)
    training = TimeGANTraining(*batch(), PLAN, 0)
    before = [weight.clone() for weight in training.networks["discriminator"].parameters()]
    training.epoch(2)
    after = training.networks["discriminator"].parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_compiled_memory_and_its_gradient_are_those_of_torch(layers):
    cell = torch.nn.GRU(3, 5, layers)
    x, pull = torch.randn(9, 4, 3, requires_grad=True), torch.randn(9, 4, 5)
    weights = dict(cell.named_parameters())
    theirs, ours = cell(x)[0], recurrent.memory(x, weights, layers)
    assert torch.allclose(ours, theirs, atol=1e-5)
    asked = [x, *weights.values()]
    slopes = [torch.autograd.grad((memories * pull).sum(), asked) for memories in (theirs, ours)]
    for one, other in zip(*slopes, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_numpy_makes_what_torch_makes():
    nets = networks(channels=4, width=6, layers=2)
    with torch.no_grad():
        for weight in nets.parameters():
            weight.add_(torch.rand_like(weight) * 0.3)
        series = noise = torch.rand(9, 5, 4)
        for net in (nets[name] for name in ("generator", "supervisor", "recovery")):
            series = torch.sigmoid(net.answer(net.memory(series)[0]))
    weights = {name: value.numpy() for name, value in nets.state_dict().items()}
    expected = series.transpose(0, 1).numpy()
    assert np.allclose(made(weights, noise.transpose(0, 1).numpy()), expected, atol=1e-5)


@pytest.mark.parametrize("stop", [1, 2, 3], ids=["supervision", "competition", "comparison"])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path, stop):
    """Weights are equal to the last bit, whichever phase the process died in."""
    whole = TimeGANTraining(*batch(), PLAN, 7)
    train(whole, silent)

    def die(share, message=""):
        if message == f"Epoch {stop + 1} of 4":
            raise Cancelled("dead")

    with pytest.raises(Cancelled):
        train(TimeGANTraining(*batch(), PLAN, 7), die, Folders(tmp_path), every=0.0)
    assert from_bytes((tmp_path / "training" / "training.pt").read_bytes())["epochs"] == stop + 1
    again = TimeGANTraining(*batch(), PLAN, 1)
    train(again, silent, Folders(tmp_path), every=0.0)
    assert all(np.array_equal(weight, again.weights()[name]) for name, weight in whole.weights().items())


def test_training_draws_from_nothing_global():
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    training = TimeGANTraining(*batch(), PLAN, 0)
    train(training, silent)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()


def test_of_several_averages_the_least_told_one_is_kept(monkeypatch):
    training = TimeGANTraining(*batch(), PLAN, 0)
    found = iter([0.5, 0.2, 0.3])
    monkeypatch.setattr(TimeGANTraining, "_separation", lambda self, *given: next(found))
    averages = []
    for _ in range(3):
        training._steps(training._compete)
        training._compare()
        averages.append(training._average["generator.answer.weight"].numpy().copy())
    assert np.array_equal(training.weights()["generator.answer.weight"], averages[1])


def test_a_discriminator_separates_only_what_differs(monkeypatch):
    """The yardstick of that choice: near 0 nats for draws of the same series, near log 2 for others."""
    monkeypatch.setattr(timegan_training, "JUDGE_STEPS", 150)
    training = TimeGANTraining(*batch(n=60), PLAN, 0)
    whole = torch.ones(7, 600)
    one, other = torch.rand(7, 600, 3), torch.rand(7, 600, 3)
    assert abs(training._separation(one, other, whole)) < 0.15
    assert training._separation(one, other * 0.2, whole) > 0.5


def test_entities_keep_their_statics_and_their_lengths_vary(model):
    frame, _ = visits()
    drawn = model.sample(200, seed=0)
    assert drawn.dtypes.equals(frame.dtypes)
    assert list(drawn.columns) == list(frame.columns)
    assert drawn["who"].nunique() == 200
    assert not set(drawn["who"]) & set(frame["who"])
    assert (drawn.groupby("who")["sex"].nunique() == 1).all()
    counts = drawn.groupby("who").size()
    assert counts.between(2, 8).all()
    assert abs(counts.mean() - 5) < 0.7
    gaps = drawn.groupby("who")["when"].diff().dropna()
    assert gaps.min() >= pd.Timedelta(days=1)
    assert (drawn["when"] == drawn["when"].dt.normalize()).all()


def test_a_plain_series_becomes_windows():
    frame = pd.DataFrame({"t": pd.date_range("2020-01-01", periods=120, freq="h"), "x": np.sin(np.arange(120) / 5)})
    schema = with_window(marked(frame, infer_schema(frame), entity=None, time="t"))
    frame = frame.assign(**{WINDOW: np.repeat([0, 1], 60)})[list(schema.names)]
    made = TimeGANGenerator(window=10, **SMALL).fit(frame, schema=schema).sample(7, seed=0)
    assert made[WINDOW].tolist() == np.repeat(np.arange(7), 10).tolist()
    assert (made.groupby(WINDOW)["t"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert made["t"].between(frame["t"].min(), frame["t"].max() + pd.Timedelta(hours=10)).all()


def test_a_record_is_the_same_however_many_are_asked_for(model):
    whole = Panel.of(model.sample(8, seed=3), model.schema_)
    some = Panel.of(model.sample(5, seed=3, start=3), model.schema_)
    pd.testing.assert_frame_equal(whole.take(np.arange(3, 8)).frame, some.frame)


def test_names_do_not_come_again_in_another_block(model):
    assert not set(model.sample(3, seed=0)["who"]) & set(model.sample(3, seed=0, start=1024)["who"])


def test_a_saved_model_makes_the_same_rows_without_torch(model, folder, monkeypatch):
    expected = model.sample(6, seed=2)
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == "torch":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    pd.testing.assert_frame_equal(TimeGANGenerator.load(folder).sample(6, seed=2), expected)
    frame, schema = visits()
    with pytest.raises(MissingExtraError, match=r"pip install 'smartsynth\[torch\]'"):
        TimeGANGenerator(**SMALL).fit(frame, schema=schema)


def test_the_same_seed_gives_the_same_model(model):
    frame, schema = visits()
    again = TimeGANGenerator(**SMALL).fit(frame, schema=schema, seed=1)
    other = TimeGANGenerator(**SMALL).fit(frame, schema=schema, seed=2)
    pd.testing.assert_frame_equal(again.sample(5, seed=0), model.sample(5, seed=0))
    assert not other.sample(5, seed=0).equals(model.sample(5, seed=0))


def test_no_series_is_in_a_saved_model(folder):
    """Attack with the training table at hand: no two neighbouring cells of it lie beside each other in any array."""
    from safetensors.numpy import load_file

    frame, _ = visits()
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files} | load_file(folder / "weights.safetensors")
    assert {name.partition(".")[0] for name in arrays} == {*MAKERS, "matrix", "lengths"}
    assert not {len(frame), frame["who"].nunique()} & {size for array in arrays.values() for size in array.shape}
    for value in frame["pulse"].loc[lambda cells: cells != cells.round(1)]:
        assert repr(float(value)).encode() not in raw
    low, high = frame["pulse"].min(), frame["pulse"].max()
    for values in (frame["pulse"].to_numpy(), ((frame["pulse"] - low) / (high - low)).to_numpy()):
        pairs = np.c_[values[:-1], values[1:]]
        for array in arrays.values():
            flat = array.ravel().astype(float)
            stored = np.c_[flat[:-1], flat[1:]] if len(flat) > 1 else np.zeros((1, 2))
            assert not (np.abs(stored[:, None] - pairs[None]).max(axis=2) < 1e-6).any()


def test_cancelling_leaves_nothing():
    frame, schema = visits()

    def stop(share, message=""):
        if message == "Epoch 2 of 3":
            raise Cancelled("stop")

    generator = TimeGANGenerator(**SMALL)
    with pytest.raises(Cancelled):
        generator.fit(frame, schema=schema, progress=stop)
    assert not generator.is_fitted
    assert "_weights" not in vars(generator)


def test_every_epoch_is_reported_with_its_losses():
    frame, schema = visits()
    notes = []
    TimeGANGenerator(**SMALL).fit(frame, schema=schema, progress=lambda share, message="": notes.append(message))
    epochs = [note for note in notes if note.startswith("Epoch")]
    assert [set(note.figures) for note in epochs] == [
        {"reconstruction"}, {"supervision"}, {"generator", "embedding", "discriminator"},
    ]  # fmt: skip


@pytest.mark.slow
def test_sines_are_learnt(monkeypatch):
    """Channels hang together, every phase occurs, and neighbouring rows are as far apart as in the data."""
    monkeypatch.setattr(timegan_training, "STEPS_PER_EPOCH", 50)
    frame, schema = sines()
    options = {"hidden_dim": 16, "pretraining": 400, "steps": 1_000, "batch_size": 64, "learning_rate": 3e-3}
    drawn = TimeGANGenerator(window=12, **options).fit(frame, schema=schema).sample(400, seed=0)
    a, b = (drawn[name].to_numpy().reshape(400, 12) for name in "ab")
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98
    assert np.allclose(a.mean(axis=0), 0, atol=0.25)
    real = np.abs(np.diff(frame["a"].to_numpy().reshape(400, 12), axis=1)).mean()
    assert 0.6 < np.abs(np.diff(a, axis=1)).mean() / real < 1.4


def test_the_first_phases_learn_what_they_are_for():
    """Series come back from their codes, and the supervisor knows more of the next code than the last one says."""
    at = np.arange(12) / 2 + np.random.default_rng(0).uniform(0, 6, (200, 1))
    x = (np.stack([np.sin(at), np.cos(at)], axis=2) / 2 + 0.5).astype(np.float32)
    plan = Plan(hidden_dim=12, layers=1, steps=(300, 150, 4), batch_size=32, gamma=1.0, rate=5e-3)
    training = TimeGANTraining(x, np.full(200, 12), plan, 0)
    for number in range(training.epochs - 1):
        training.epoch(number)
    nets = training.networks
    with torch.no_grad():
        codes = nets["embedder"](torch.from_numpy(x.swapaxes(0, 1).copy()))
        back, following = nets["recovery"](codes), nets["supervisor"](codes)
    assert np.sqrt(((back.numpy().swapaxes(0, 1) - x) ** 2).mean()) < 0.1 * x.std()
    missed, steps = (codes[1:] - following[:-1])[2:], (codes[1:] - codes[:-1])[2:]
    assert (missed**2).mean() < 0.3 * (steps**2).mean()


def test_nothing_is_trained_where_all_columns_are_made_anew(monkeypatch):
    monkeypatch.setattr("smartsynth.models.timegan_generator.TimeGANTraining", None)
    frame = pd.DataFrame({"who": np.repeat([f"A{i:04}" for i in range(30)], 3), "always": 7})
    schema = marked(frame, infer_schema(frame), entity="who", time=None)
    drawn = TimeGANGenerator().fit(frame, schema=schema).sample(4, seed=0)
    assert drawn["always"].tolist() == [7] * 12
    assert drawn["who"].nunique() == 4


@pytest.mark.parametrize(
    "option",
    [
        {"window": 1}, {"window": "long"}, {"window": 9999}, {"hidden_dim": 0}, {"layers": 1.5}, {"pretraining": 0}, {"steps": -1},
        {"batch_size": True}, {"gamma": 0}, {"learning_rate": "fast"}, {"min_count": 0}, {"mixed_precision": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_options_are_named(option):
    frame, schema = visits(30)
    with pytest.raises(ConfigError, match=f"{next(iter(option))}="):
        TimeGANGenerator(**option).fit(frame, schema=schema)


def test_too_few_windows_are_refused():
    frame, schema = sines(2, 12)
    with pytest.raises(DataError, match="There are 14 windows of 6 rows"):
        TimeGANGenerator(window=6).fit(frame, schema=schema)


def test_entities_that_are_too_long_for_a_whole_are_refused():
    frame, schema = sines(20, 600)
    with pytest.raises(DataError, match=r"more than 512 rows.*window=512"):
        TimeGANGenerator(window=None).fit(frame, schema=schema)


def test_weights_of_another_network_are_refused(folder, tmp_path):
    from safetensors.numpy import load_file, save_file

    broken = shutil.copytree(folder, tmp_path / "model")
    weights = load_file(broken / "weights.safetensors")
    weights["recovery.answer.weight"] = weights["recovery.answer.weight"][:1]
    save_file(weights, broken / "weights.safetensors")
    with pytest.raises(ModelFormatError):
        TimeGANGenerator.load(broken)
    (broken / "weights.safetensors").unlink()
    with pytest.raises(ModelFormatError):
        TimeGANGenerator.load(broken)
