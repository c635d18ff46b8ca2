"""Data sets of Hugging Face in and out: classes, images, conversations, splits, folders that load again."""

import json

import datasets
import numpy as np
import pandas as pd
import pytest
import yaml

import smartsynth as ss
from smartsynth import images, ingest
from smartsynth.config import Limits
from smartsynth.errors import ConfigError, DataError
from smartsynth.integrations.hf import to_hf, write_hf
from smartsynth.schema import Kind

RNG = np.random.default_rng(2)
N = 200
FRAME = pd.DataFrame({
    "age": RNG.integers(18, 90, N),
    "income": np.where(RNG.random(N) < 0.1, np.nan, RNG.gamma(3, 1000, N).round(2)),
    "town": np.where(RNG.random(N) < 0.1, None, RNG.choice(["north", "south", "west"], N)),
    "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 300, N), unit="D"),
    "owns": RNG.random(N) < 0.4,
    "paid": np.where(RNG.random(N) < 0.3, "no", "yes"),
})  # fmt: skip
CHAT = [
    {"id": i, "messages": [{"role": "user", "content": f"How do I set option {i} of the tool?"},
                           {"role": "assistant", "content": f"Write it as option={i}."}]}
    for i in range(30)
]  # fmt: skip
SHARED = [
    {"conversations": [{"from": "human", "value": f"Tell me about town {i}"}, {"from": "gpt", "value": "It is small."}]}
    for i in range(30)
]


@pytest.fixture(autouse=True)
def quiet():
    datasets.disable_progress_bars()


@pytest.fixture(scope="module")
def real():
    datasets.disable_progress_bars()
    made = datasets.Dataset.from_pandas(FRAME, preserve_index=False)
    return made.cast_column("paid", datasets.ClassLabel(names=["yes", "no", "never"]))


def test_columns_become_what_they_are():
    made = to_hf(FRAME)
    assert made.features == datasets.Features({
        "age": datasets.Value("int64"), "income": datasets.Value("float64"),
        "town": datasets.ClassLabel(names=["north", "south", "west"]), "day": datasets.Value("timestamp[ns]"),
        "owns": datasets.Value("bool"), "paid": datasets.ClassLabel(names=["no", "yes"]),
    })  # fmt: skip
    again = made.to_pandas()
    assert again["age"].equals(FRAME["age"]) and again["day"].equals(FRAME["day"])
    names = made.features["town"].names
    assert [None if pd.isna(code) else names[int(code)] for code in again["town"]] == FRAME["town"].tolist()
    assert made.split == "train"


def test_a_data_set_is_read_like_any_table(real):
    read = ingest.read(real.select(range(10, 110)))
    assert read.source.backend == "datasets"
    assert read.schema["paid"].kind is Kind.CATEGORICAL
    assert read.frame["paid"].tolist() == FRAME["paid"][10:110].tolist()
    assert read.frame["town"].isna().tolist() == FRAME["town"][10:110].isna().tolist()
    assert read.frame["income"].equals(FRAME["income"][10:110].reset_index(drop=True))


def test_a_run_takes_a_data_set_and_gives_one_back(real):
    result = ss.synthesize(real, generator="copula", seed=1, rows=50, evaluate={"enabled": False})
    assert isinstance(result.data, datasets.Dataset) and len(result.data) == 50
    assert set(result.data.features["paid"].names) == {"no", "yes"}
    made = to_hf(result, features=real.features)
    assert made.features["paid"] == real.features["paid"]
    assert made["paid"][:] == [["yes", "no"].index(value) for value in result.synthetic.frame["paid"]]


def test_splits_have_the_features_of_the_real_rows(real):
    made = to_hf(FRAME, test=real)
    assert made["train"].features == made["test"].features == real.features
    assert made["test"]["paid"][:] == real["paid"][:]


def test_splits_of_tables_have_the_classes_of_both():
    made = to_hf(FRAME[FRAME["town"] != "north"], test=FRAME[FRAME["town"] != "west"])
    assert made["train"].features == made["test"].features
    assert made["test"].features["town"].names == ["north", "south", "west"]


def test_a_share_of_the_rows_is_kept_apart():
    made = to_hf(FRAME, test=0.25)
    assert (len(made["train"]), len(made["test"])) == (150, 50)
    assert made["train"]["age"][:] + made["test"]["age"][:] == FRAME["age"].tolist()
    for share in (1.5, -0.1, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match=rf"test={share:g} must be a share"):
            to_hf(FRAME, test=share)


def test_the_rows_of_an_entity_stay_together():
    rows = ingest.read(FRAME.assign(who=np.repeat(np.arange(50), 4)))
    rows = type(rows)(rows.frame, rows.schema.with_column("who", role=ss.Role.ENTITY), rows.source)
    made = to_hf(rows, test=0.2)
    assert len(made["test"]) == 40
    assert set(made["train"]["who"][:]).isdisjoint(made["test"]["who"][:])


def test_classes_that_the_features_do_not_name_are_refused(real):
    features = datasets.Features(real.features | {"paid": datasets.ClassLabel(names=["yes"])})
    with pytest.raises(DataError, match="'paid' have classes that the features do not name"):
        to_hf(FRAME, features=features)


@pytest.mark.parametrize("rows", [CHAT, SHARED], ids=["messages", "sharegpt"])
def test_conversations_are_lists_of_turns_both_ways(rows):
    read = ingest.read(datasets.Dataset.from_list(rows))
    assert (read.schema["messages"].kind, read.schema["messages"].semantic) == (Kind.TEXT, "messages")
    assert to_hf(read).to_list() == rows


def test_conversations_in_parquet_are_read_too(tmp_path):
    uneven = [*CHAT, {"id": 30, "messages": [{"role": "user", "content": "Hello?", "weight": 1}]}]
    datasets.Dataset.from_list(uneven).to_parquet(tmp_path / "chat.parquet")
    read = ingest.read(tmp_path / "chat.parquet")
    assert read.source.shape == "messages"
    assert [json.loads(cell) for cell in read.frame["messages"]] == [row["messages"] for row in uneven]


def test_a_turn_without_text_is_refused():
    broken = [*CHAT[:2], {"id": 2, "messages": [{"role": "user", "content": None}]}]
    with pytest.raises(DataError, match="column 'messages': holds a turn that is no text"):
        ingest.read(datasets.Dataset.from_list(broken))


def test_images_are_images_both_ways(tmp_path):
    cells = images.unstacked(RNG.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8))
    made = to_hf(pd.DataFrame({"picture": cells, "kind": ["a", "b"] * 3}))
    assert made.features["picture"] == datasets.Image()
    assert made[0]["picture"].size == (8, 8)
    assert ingest.read(made).frame["picture"].tolist() == cells
    (tmp_path / "one.png").write_bytes(cells[0])
    by_path = datasets.Dataset.from_dict({"picture": [str(tmp_path / "one.png")] * 2, "n": [1, 2]})
    assert ingest.read(by_path.cast_column("picture", datasets.Image())).frame["picture"].tolist() == [cells[0]] * 2


def test_a_folder_loads_again_with_features_and_card(tmp_path, real):
    result = ss.synthesize(FRAME, generator="copula", seed=1, rows=100, evaluate={"enabled": False})
    result.save(tmp_path / "run")
    paths = write_hf(tmp_path / "run", tmp_path / "set", test=0.2, features=real.features)
    assert [path.name for path in paths] == [
        "README.md", "test-00000-of-00001.parquet", "train-00000-of-00001.parquet", "manifest.json"
    ]  # fmt: skip
    again = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert (len(again["train"]), len(again["test"])) == (80, 20)
    assert again["train"].features == to_hf(result, features=real.features).features
    card = (tmp_path / "set" / "README.md").read_text("utf-8")
    head = yaml.safe_load(card.split("---")[1])
    assert head["tags"] == ["synthetic", "smartsynth"]
    assert [split["num_examples"] for split in head["dataset_info"]["splits"]] == [80, 20]
    assert json.loads((tmp_path / "set" / "manifest.json").read_text("utf-8"))["generator"] == "copula"
    write_hf(result, tmp_path / "set")  # an older folder of ours is replaced
    assert not (tmp_path / "set" / "data" / "test-00000-of-00001.parquet").exists()


def test_real_rows_are_not_written_beside_synthetic_ones(tmp_path):
    with pytest.raises(ConfigError, match="test is a DataFrame"):
        write_hf(FRAME, tmp_path / "set", test=FRAME)
    assert not (tmp_path / "set").exists()


def test_splits_and_streams_are_refused_with_what_to_give(real):
    with pytest.raises(DataError, match=r"has splits. Give one of them, such as data\[…\] of 'train', 'test'"):
        ingest.read(datasets.DatasetDict(train=real, test=real))
    with pytest.raises(DataError, match="of a stream take rows"):
        ingest.read(real.to_iterable_dataset())
    with pytest.raises(DataError, match="200 rows; at most 100"):
        ingest.read(real, limits=Limits(max_rows=100))
