"""What the text generator promises: control codes count, records come back whole, nothing of a single person is in a saved model."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_language import TINY, TOWNS, queries

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from smartsynth.errors import Cancelled, ConfigError, DataError, ModelFormatError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.models import language_model, text_generator  # noqa: E402
from smartsynth.models.gpt2_generator import GPT2Generator  # noqa: E402
from smartsynth.schema import Role  # noqa: E402

QUICK = {"base": "scratch", "epochs": 25, "batch_tokens": 1024, "learning_rate": 1e-2, "tries": 2}


@pytest.fixture(autouse=True, scope="module")
def tiny():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_model, "SCRATCH_SIZE", TINY)
        yield


def schema_of(frame):
    schema = infer_schema(frame)
    return schema.with_column("about", role=Role.TARGET) if "about" in schema else schema


@pytest.fixture(scope="module")
def real():
    return queries(400)


@pytest.fixture(scope="module")
def model(real):
    return GPT2Generator(**QUICK).fit(real, schema=schema_of(real), seed=1)


@pytest.fixture(scope="module")
def made(model):
    return model.sample(128, seed=2)


def test_rows_have_the_columns_and_dtypes_of_the_data(made, real):
    assert list(made.columns) == list(real.columns)
    assert dict(made.dtypes) == dict(real.dtypes)
    assert made["text"].str.len().gt(3).all()
    assert made["about"].value_counts(normalize=True)["card"] == pytest.approx(0.5, abs=0.12)


def test_texts_are_about_their_label(made):
    """Words that one label alone has stand in its texts and not in others'."""
    for label, word in (("card", "card"), ("transfer", "transfer"), ("rate", "rate|percent")):
        inside = made["text"].str.contains(word)
        assert inside[made["about"] == label].mean() > 0.5 > 0.3 > inside[made["about"] != label].mean()


def test_lengths_are_as_they_are(made, real):
    words = [frame["text"].str.split().str.len() for frame in (made, real)]
    assert words[0].mean() == pytest.approx(words[1].mean(), abs=1.5)


def test_rows_do_not_depend_on_how_many_are_asked_for(model, made):
    pd.testing.assert_frame_equal(model.sample(20, seed=2, start=70), made.iloc[70:90].reset_index(drop=True))
    assert not model.sample(64, seed=3).equals(made.head(64))


def test_conditions_are_kept_and_texts_cannot_be_asked_for(model):
    some = model.sample(20, where={"about": "rate"}, seed=1)
    assert set(some["about"]) == {"rate"}
    assert some.attrs["effective_rows"] > 1
    with pytest.raises(ConfigError, match="column 'text' is of the kind 'text'"):
        model.sample(5, where={"text": "hello"}, seed=1)


def test_a_saved_model_writes_the_same(model, made, tmp_path):
    again = GPT2Generator.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(64, seed=2), made.head(64))


def test_nothing_of_a_single_person_is_saved(tmp_path):
    """A rare label, a name that one text has many times, a number: in no file of the model, whatever its encoding."""
    real = pd.concat(
        [queries(200), pd.DataFrame({"text": ["Zyzzyva quixotic 7731998 " * 6], "about": ["Xerxes"]})],
        ignore_index=True,
    )
    folder = GPT2Generator(**QUICK | {"epochs": 1}).fit(real, schema=schema_of(real), seed=1).save(tmp_path / "model")
    for file in folder.iterdir():
        content = file.read_bytes()
        for secret in ("Zyzzyva", "quixotic", "7731998", "Xerxes"):
            assert secret.encode() not in content
            assert secret.lower().encode() not in content
    arrays = np.load(folder / "arrays.npz")
    assert all(len(arrays[name]) != len(real) for name in arrays.files if arrays[name].ndim)


def test_adapters_of_another_base_are_refused(real, tmp_path, monkeypatch):
    """A model with adapters is small, needs its base, and does not take another one for it."""
    pytest.importorskip("peft")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    base = language_model.LanguageModel.open("scratch", list(real["text"]), seed=5)
    for part in (base.network, base.tokenizer):
        part.save_pretrained(tmp_path / "base")
    model = GPT2Generator(**QUICK | {"base": str(tmp_path / "base"), "epochs": 1, "rank": 2})
    model.fit(real, schema=schema_of(real), seed=1)
    folder = model.save(tmp_path / "model")
    assert (folder / "weights.safetensors").stat().st_size < 0.5 * (
        tmp_path / "base" / "model.safetensors"
    ).stat().st_size
    pd.testing.assert_frame_equal(GPT2Generator.load(folder).sample(8, seed=1), model.sample(8, seed=1))
    language_model.LanguageModel.open("scratch", list(real["text"]), seed=6).network.save_pretrained(tmp_path / "base")
    with pytest.raises(ModelFormatError, match="another version of"):
        GPT2Generator.load(folder).sample(8, seed=1)


def conversations(n=120):
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(n):
        turns = [{"role": "user", "content": f"Where is my card from {rng.choice(['Rome', 'Oslo'])}?"},
                 {"role": "assistant", "content": "It comes in five days."}]  # fmt: skip
        if rng.random() < 0.5:
            turns += [
                {"role": "user", "content": "Thank you very much."},
                {"role": "assistant", "content": "You are welcome."},
            ]
        rows.append(json.dumps(turns))
    return pd.DataFrame({"messages": rows, "stars": rng.integers(1, 6, n)})


def test_conversations_come_back_as_conversations():
    real = conversations()
    made = (
        GPT2Generator(**QUICK | {"epochs": 2, "tries": 1}).fit(real, schema=schema_of(real), seed=1).sample(64, seed=1)
    )
    turns = [json.loads(cell) for cell in made["messages"]]
    assert {tuple(turn["role"] for turn in one) for one in turns} == {
        ("user", "assistant"),
        ("user", "assistant") * 1 + ("user", "assistant"),
    }
    assert all(isinstance(turn["content"], str) for one in turns for turn in one)
    assert made["stars"].between(1, 5).all()


def bridges(n=80, *, unanswered=0):
    """Paragraphs with a question each; some ask for what is not there."""
    rng, rows = np.random.default_rng(0), []
    for i in range(n):
        year = int(rng.integers(1800, 1999))
        context = f"The bridge of {rng.choice(['Rome', 'Oslo'])} was built in {year}; it is made of stone."
        qa = {
            "id": str(i),
            "question": "When was it built?",
            "answers": [{"text": str(year), "answer_start": context.index(str(year))}],
        }
        if i < unanswered:
            qa = {"id": str(i), "question": "Who built it?", "answers": [], "is_impossible": True}
        rows.append({"context": context, "qas": json.dumps([qa])})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("unanswered", [0, 40])
def test_every_answer_stands_in_its_context(unanswered):
    """Of a model that has learnt next to nothing; questions stay without an answer only where some real ones do."""
    real = bridges(unanswered=unanswered)
    model = GPT2Generator(**QUICK | {"epochs": 3, "tries": 1}).fit(real, schema=schema_of(real), seed=1)
    made = model.sample(64, seed=1)
    without = 0
    for row in made.itertuples():
        for qa in json.loads(row.qas):
            assert isinstance(qa["question"], str)
            without += not qa["answers"]
            for answer in qa["answers"]:
                at = answer["answer_start"]
                assert answer["text"] and row.context[at : at + len(answer["text"])] == answer["text"]
    assert (without > 0) is (unanswered > 0)


def test_objects_in_json_keep_their_names_and_types():
    rng = np.random.default_rng(0)
    cells = [json.dumps({"mood": str(rng.choice(["good", "bad"])), "slept": int(rng.integers(4, 9)), "note": f"Walked to {rng.choice(TOWNS)} today"})
             for _ in range(120)]  # fmt: skip
    real = pd.DataFrame({"diary": cells})
    made = (
        GPT2Generator(**QUICK | {"epochs": 1, "tries": 1}).fit(real, schema=schema_of(real), seed=1).sample(64, seed=1)
    )
    whole = [text for text in made["diary"] if text.endswith("}")]
    assert len(whole) > 32
    for text in whole:
        row = json.loads(text)
        assert row["mood"] in ("good", "bad")
        assert isinstance(row["slept"], int)
        assert isinstance(row["note"], str)


def test_missing_texts_are_missing_as_often():
    real = queries(200)
    real.loc[::4, "text"] = None
    made = (
        GPT2Generator(**QUICK | {"epochs": 1, "tries": 1}).fit(real, schema=schema_of(real), seed=1).sample(128, seed=1)
    )
    assert made["text"].isna().mean() == pytest.approx(0.25, abs=0.12)


def test_training_goes_on_from_its_checkpoint(real, tmp_path):
    """Stopped half way and gone on with, it ends with the same weights."""

    class Kept:
        def __init__(self):
            self.folder = None

        def find(self, name):
            return self.folder

        def keep(self, name, write, replace=False):
            self.folder = tmp_path / f"kept{len(list(tmp_path.iterdir()))}"
            write(self.folder)

    def stop(share, note):
        if share > 0.6:
            raise Cancelled

    kept, schema, options = Kept(), schema_of(real), QUICK | {"epochs": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartsynth.models.training.CHECKPOINT_SECONDS", 0.0)
        patch.setattr("smartsynth.models.gpt2_generator.train", eager)
        with pytest.raises(Cancelled):
            GPT2Generator(**options).fit(real, schema=schema, seed=1, progress=stop, checkpoints=kept)
        assert kept.folder is not None
        went_on = GPT2Generator(**options).fit(real, schema=schema, seed=1, checkpoints=kept)
    straight = GPT2Generator(**options).fit(real, schema=schema, seed=1)
    for name, weight in straight._weights.items():
        np.testing.assert_allclose(went_on._weights[name], weight, atol=1e-5)


def eager(training, progress, checkpoints=None):
    from smartsynth.models.training import train

    train(training, progress, checkpoints, every=0.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"rank": 0}, "rank=0"), ({"method": "prefix"}, "method='prefix' must be 'lora' or 'full'"), ({"temperature": -1}, "temperature=-1"),
     ({"top_p": 0}, "top_p=0"), ({"epochs": 0}, "epochs=0"), ({"most_tokens": 3}, "most_tokens=3"), ({"base": ""}, "base=''")],
)  # fmt: skip
def test_every_wrong_option_is_named(real, options, says):
    with pytest.raises(ConfigError, match=says.replace("(", r"\(")):
        GPT2Generator(**QUICK | options).fit(real, schema=schema_of(real))


def test_a_table_without_texts_is_refused():
    with pytest.raises(DataError, match="No column holds texts"):
        GPT2Generator(**QUICK).fit(pd.DataFrame({"x": range(50), "y": [0.5, 1.5] * 25}))


def test_records_longer_than_the_model_can_read_are_shortened_at_a_part(monkeypatch):
    """Of a conversation without end as many turns are written as there is room for, and each of them is whole."""
    monkeypatch.setattr(text_generator, "WRITE_BLOCK", 6)
    rows = conversations(60)
    long = [json.dumps(json.loads(cell) * 12) for cell in rows["messages"]]
    model = GPT2Generator(**QUICK | {"epochs": 2, "most_tokens": 96}).fit(rows.assign(messages=long), seed=1)
    for cell in model.sample(6, seed=1)["messages"]:
        turns = json.loads(cell)
        assert 1 <= len(turns) < 24
        assert all(turn["content"] for turn in turns[:-1])
