"""PyTorch data sets: items, batches, streams that repeat nothing, workers that share them out."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from torch.utils.data import DataLoader

import smartsynth as ss
from smartsynth import images
from smartsynth.errors import ConfigError, DataError
from smartsynth.integrations.torch import StreamDataset, TableDataset, flat
from smartsynth.schema import Modality

RNG = np.random.default_rng(1)


@pytest.fixture(scope="module")
def real():
    age = RNG.integers(18, 90, 400)
    return pd.DataFrame({
        "age": age,
        "income": (age * 100 + RNG.normal(0, 500, 400)).round(2),
        "town": RNG.choice(["north", "south", "west"], 400),
        "paid": np.where(RNG.random(400) < 0.3, "no", "yes"),
    })  # fmt: skip


@pytest.fixture(scope="module")
def result(real):
    return ss.synthesize(real, target="paid", generator="copula", seed=1, rows=300, evaluate={"enabled": False})


@pytest.fixture(scope="module")
def run(result, tmp_path_factory):
    return result.save(tmp_path_factory.mktemp("runs") / "run")


def rows_of(stream, loader, batches):
    return pd.concat([stream.decode(batch) for batch in itertools.islice(loader, batches)], ignore_index=True)


def test_a_table_is_a_data_set_by_number(result):
    table = TableDataset(result)
    assert len(table) == 300
    assert {name: tuple(values.shape) for name, values in table[0].items()} == {
        "numbers": (2,),
        "codes": (1,),
        "target": (),
    }
    assert table[-1]["target"] == table[299]["target"]
    with pytest.raises(IndexError, match="index=300"):
        table[300]


def test_batches_of_workers_are_read_back(result):
    table = TableDataset(result)
    loader = DataLoader(table, batch_size=64, num_workers=2)
    batches = list(loader)
    again = pd.concat([table.decode(batch) for batch in batches], ignore_index=True)
    assert again["town"].equals(result.data["town"]) and again["age"].equals(result.data["age"])
    assert flat(batches[0], table.encoding).shape == (64, 2 + 4)


def test_a_stream_begins_with_the_released_rows_and_goes_on_without_repeating_any(result, run):
    stream = StreamDataset(run)
    assert stream.checked == 300
    made = rows_of(stream, stream.loader(500), 20)
    expected = ss.resample(run, 10_000).synthetic.frame
    assert made[:300]["town"].equals(result.data["town"])
    assert made["age"].equals(expected["age"])
    assert not made.duplicated().any()
    again = rows_of(stream, stream.loader(250), 4)
    assert again.equals(made[:1000])


def test_two_workers_make_each_row_once(run):
    stream = StreamDataset(run, rows=9000)
    alone, shared = (rows_of(stream, stream.loader(512, workers), None) for workers in (0, 2))
    names = list(alone.columns)
    assert len(shared) == len(alone) == 9000
    assert shared.sort_values(names, ignore_index=True).equals(alone.sort_values(names, ignore_index=True))
    assert not shared.equals(alone)


def test_a_forked_worker_says_what_to_do(run):
    stream = StreamDataset(run)
    stream._process += 1  # as a forked worker finds it
    with pytest.raises(ConfigError, match="multiprocessing_context='spawn'"):
        next(iter(stream))


def test_processes_share_a_stream_out(run):
    whole = StreamDataset(run, rows=9000)
    parts = [StreamDataset(run, rows=9000, encoding=whole.encoding, turn=i, of=3) for i in range(3)]
    ages = [[int(one["numbers"][0] * 1e6) for one in part] for part in parts]
    assert sorted(itertools.chain(*ages)) == sorted(int(one["numbers"][0] * 1e6) for one in whole)
    assert all(ages)


def test_epochs_are_of_other_rows(run):
    stream = StreamDataset(run, rows=5000)
    first = rows_of(stream, stream.loader(1000), None)
    stream.set_epoch(1)
    second = rows_of(stream, stream.loader(1000), None)
    expected = ss.resample(run, 10_000).synthetic.frame
    assert second["age"].equals(expected["age"][5000:].reset_index(drop=True))
    assert not pd.concat([first, second]).duplicated().any()
    with pytest.raises(ConfigError, match="the stream has no epochs"):
        StreamDataset(run, encoding=stream.encoding).set_epoch(1)


def test_another_seed_is_another_stream_that_nothing_checked(result, run):
    stream = StreamDataset(run, seed=7)
    assert stream.checked == 0
    assert rows_of(stream, stream.loader(300), 1)["age"].equals(ss.resample(run, 300, seed=7).synthetic.frame["age"])
    same = StreamDataset(result, seed=7)
    assert rows_of(same, same.loader(300), 1).equals(rows_of(stream, stream.loader(300), 1))


def test_a_fitted_generator_streams_too(real):
    model = ss.create("copula").fit(real, seed=1)
    stream = StreamDataset(model, seed=3, target="income", scale=False)
    made = rows_of(stream, stream.loader(100), 2)
    assert made["age"].equals(model.sample(200, seed=3)["age"])


def test_a_stream_is_pickled_without_its_model(run, result):
    stream = StreamDataset(run)
    assert len(pickle.dumps(stream)) < 5_000
    again = pickle.loads(pickle.dumps(stream))  # noqa: S301 - our own
    assert rows_of(again, again.loader(100), 1).equals(rows_of(stream, stream.loader(100), 1))


@pytest.mark.parametrize(
    ("settings", "names"),
    [({"rows": 0}, "rows=0"), ({"turn": 2, "of": 2}, "turn=2, of=2"), ({"where": ["age>=60"]}, "under conditions")],
)
def test_wrong_settings_are_named(run, settings, names):
    with pytest.raises(ConfigError, match=names):
        next(iter(StreamDataset(run, **settings)))


def test_rows_of_a_stream_keep_rules(real, tmp_path):
    doubled = real.assign(total=real["age"] * 2)
    ruled = ss.synthesize(
        doubled, generator="copula", seed=1, rows=100, rules=["total == age * 2"], evaluate={"enabled": False}
    )
    stream = StreamDataset(ruled.save(tmp_path / "run"), scale=False)
    made = rows_of(stream, stream.loader(1000), 5)
    assert (made["total"] == made["age"] * 2).all()
    assert not made.duplicated().any()


def test_rows_that_there_are_make_no_stream(real):
    with pytest.raises(ConfigError, match="A DataFrame makes no fresh rows"):
        StreamDataset(real)


def test_what_looks_at_all_rows_together_cannot_stream(real):
    private = ss.synthesize(
        real, generator="copula", seed=1, rows=300, evaluate={"enabled": False}, privacy={"k_anonymity": 3, "quasi_identifiers": ["age"]}
    )  # fmt: skip
    with pytest.raises(ConfigError, match="k_anonymity=3"):
        StreamDataset(private)


def test_time_series_are_referred_to_tables(real):
    model = ss.create("copula").fit(real, seed=1)
    model.schema_ = replace(model.schema_, modality=Modality.TIMESERIES)
    with pytest.raises(ConfigError, match="time series, whose rows do not stand alone"):
        StreamDataset(model)


def test_images_are_colours_by_height_by_width():
    pixels = RNG.integers(0, 256, (8, 6, 5, 3)).astype(np.uint8)
    frame = pd.DataFrame({"picture": images.unstacked(pixels), "kind": ["a", "b"] * 4})
    table = TableDataset(frame, target="kind")
    batch = next(iter(DataLoader(table, batch_size=8)))
    assert batch["image"].shape == (8, 3, 6, 5)
    assert float(batch["image"].min()) >= 0 and float(batch["image"].max()) <= 1
    assert batch["target"].tolist() == [0, 1] * 4
    assert table.decode(batch)["picture"].tolist() == frame["picture"].tolist()
    grey = TableDataset(pd.DataFrame({"picture": images.unstacked(pixels[..., :1]), "kind": ["a", "b"] * 4}))
    assert grey[0]["image"].shape == (1, 6, 5)
    with pytest.raises(ConfigError, match="only images"):
        flat(batch, table.encoding)
    with pytest.raises(DataError, match="'picture': 1 of 8 cells are missing"):
        TableDataset(frame.assign(picture=[None, *frame["picture"][1:]]), missing="keep")
