"""What private evolution promises: real texts only vote, the votes are noisy and accounted for, and what they want comes to be written."""

import json
import random

import numpy as np
import pandas as pd
import pytest
from chat_server import chat_server

for needed in ("openai", "opendp", "dp_accounting", "torch", "transformers"):
    pytest.importorskip(needed)

from smartsynth import synthesize  # noqa: E402
from smartsynth.errors import ConfigError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.metrics.embedding import has_minilm  # noqa: E402
from smartsynth.models.evolution import chosen, votes  # noqa: E402
from smartsynth.models.evolve_generator import EvolveGenerator  # noqa: E402
from smartsynth.models.text_prompts import ANOTHER  # noqa: E402
from smartsynth.privacy.ledger import Touch  # noqa: E402
from smartsynth.privacy.noise import Noise  # noqa: E402
from smartsynth.schema import Kind  # noqa: E402

pytestmark = pytest.mark.skipif(not has_minilm(), reason="the sentence model is not installed")
TOPICS = {
    "cooking": ["boil the pasta with salt", "bake bread in a hot oven", "fry an onion in butter", "stir the soup slowly"],
    "football": ["the striker scored a late goal", "our goalkeeper saved a penalty", "the referee showed a red card", "the match went to extra time"],
    "astronomy": ["the telescope saw a distant galaxy", "a comet passed near the sun", "the moon hid the bright planet", "stars are born in cold clouds"],
}  # fmt: skip


def writer(request):
    """Writes about any topic; asked for something like a text, about that one's."""
    draw, user = random.Random(request["seed"]), request["messages"][1]["content"]
    topic = draw.choice(list(TOPICS))
    if ANOTHER in user:
        topic = next(name for name, texts in TOPICS.items() if any(text in user for text in texts))
    return json.dumps({"text": f"{draw.choice(TOPICS[topic])}, they said {draw.randrange(10_000)} times"})


@pytest.fixture(scope="module")
def server():
    with chat_server() as (server, url):
        server.url, server.answer = url, writer
        yield server


@pytest.fixture(scope="module")
def real():
    """Texts about football alone, each with a word that nobody writes."""
    rng = np.random.default_rng(0)
    texts = [
        f"{rng.choice(TOPICS['football'])} in the {rng.choice(['first', 'second'])} half, zanzibar {i}"
        for i in range(200)
    ]
    return pd.DataFrame({"text": texts, "paid": rng.normal(50, 9, 200).round(2)})


def options(server, **more):
    return {"endpoint": server.url, "model": "small", "epsilon": 8.0, "population": 40, "rounds": 3} | more


@pytest.fixture(scope="module")
def model(server, real):
    return EvolveGenerator(**options(server)).fit(real, schema=infer_schema(real))


def about(texts):
    return [next(name for name, known in TOPICS.items() if any(one in text for one in known)) for text in texts]


def test_what_is_written_becomes_what_real_texts_are_about(model):
    """A model that writes about anything, a third of it football, writes about football after the votes."""
    made = model.sample(40, seed=1)
    assert about(made["text"]).count("football") > 34
    assert made["paid"].between(-50, 150).all()
    pd.testing.assert_frame_equal(model.sample(5, seed=1), made.head(5))


def test_no_real_text_is_ever_sent_or_kept(server, model, real, tmp_path):
    sent = json.dumps([request["messages"] for request in server.asked])
    assert "zanzibar" not in sent
    folder = model.save(tmp_path / "model")
    assert b"zanzibar" not in b"".join(file.read_bytes() for file in folder.iterdir())
    again = EvolveGenerator.load(folder)
    pd.testing.assert_frame_equal(again.sample(6, seed=2), model.sample(6, seed=2))
    assert again.ledger_ == model.ledger_


def test_every_round_is_in_the_ledger_and_all_add_up(model):
    votes = [entry for entry in model.ledger_.entries if entry.stage == "votes"]
    assert len(votes) == 3
    assert len({entry.mu for entry in votes}) == 1
    assert {entry.touch for entry in model.ledger_.entries} == {Touch.MEASURED, Touch.PUBLIC}
    assert 7.0 < model.ledger_.spent() <= 8.0


def test_votes_are_released_with_the_noise_that_was_paid_for(server, real):
    class Recorder(Noise):
        def __init__(self):
            self.seen = []

        def gaussian(self, counts, *, sigma, sensitivity, what):
            self.seen.append((np.asarray(counts).copy(), sigma, sensitivity, what))
            return super().gaussian(counts, sigma=sigma, sensitivity=sensitivity, what=what)

    generator = EvolveGenerator(**options(server))
    generator.noise = recorder = Recorder()
    generator.fit(real, schema=infer_schema(real))
    votes = [one for one in recorder.seen if one[3].startswith("votes")]
    [mu] = {entry.mu for entry in generator.ledger_.entries if entry.stage == "votes"}
    for counts, sigma, sensitivity, _ in votes:
        assert counts.sum() == len(real)
        assert (sigma, sensitivity) == (pytest.approx(1 / mu), 1)


def test_a_row_changes_one_vote():
    rng = np.random.default_rng(0)
    real, made = (rng.normal(size=(n, 8)).astype(np.float32) for n in (30, 12))
    kinds, theirs = (np.array(list("abc"), object)[rng.integers(0, 3, n)] for n in (30, 12))
    whole = votes(real, kinds, made, theirs)
    for i in range(30):
        less = votes(np.delete(real, i, 0), np.delete(kinds, i), made, theirs)
        assert np.abs(whole - less).sum() == 1
    strange = votes(real, np.full(30, "z", object), made, theirs)
    assert strange.sum() == 30


def test_a_person_with_more_rows_is_hidden_by_more_noise(server, real):
    """Two rows of a person are two votes, and the noise is twice as wide."""
    rows = real.assign(who=np.repeat([f"p{i}" for i in range(100)], 2))
    schema = infer_schema(rows).with_column("who", kind=Kind.IDENTIFIER)
    model = EvolveGenerator(**options(server), unit="who", max_rows_per_unit=2).fit(rows, schema=schema)
    one, two = (
        next(
            float(e.mechanism.split("deviation ")[1].split()[0]) * e.mu
            for e in some.ledger_.entries
            if e.stage == "votes"
        )
        for some in (EvolveGenerator(**options(server)).fit(real, schema=infer_schema(real)), model)
    )
    assert (one, two) == (pytest.approx(1, rel=1e-3), pytest.approx(2, rel=1e-3))


def test_dates_among_the_codes_are_kept(server, real, tmp_path):
    rows = real.assign(day=pd.date_range("2024-01-01", periods=len(real), freq="D"))
    model = EvolveGenerator(**options(server)).fit(rows, schema=infer_schema(rows))
    again = EvolveGenerator.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(4, seed=2), model.sample(4, seed=2))


def test_each_attempt_that_asked_an_endpoint_is_paid_for():
    assert EvolveGenerator(endpoint="http://localhost:1/v1").tells_while_fitting
    assert not EvolveGenerator().tells_while_fitting


def test_those_with_most_votes_stay_in_each_kind():
    weights, kinds = np.array([5.0, 1.0, 4.0, 0.0, 9.0]), np.array(list("aabbb"), object)
    assert sorted(chosen(weights, kinds, 0.5, np.random.default_rng(0))) == [0, 2, 4]


def test_what_cannot_be_done_is_refused(server, real):
    with pytest.raises(ConfigError, match="rounds=0"):
        EvolveGenerator(**options(server, rounds=0)).fit(real, schema=infer_schema(real))
    with chat_server() as (other, url):
        other.answer = lambda _: "no"
        with pytest.raises(ConfigError, match="did not come back as asked"):
            EvolveGenerator(**options(server, endpoint=url, tries=1, population=4)).fit(real, schema=infer_schema(real))


def test_a_run_makes_the_claim(server, real):
    run = synthesize(
        real, text=["text"], rows=30, seed=1, evaluate={"enabled": False}, privacy={"epsilon": 8.0, "public_schema": True},
        generator={"name": "evolve", "options": {k: v for k, v in options(server).items() if k != "epsilon"}},
    )  # fmt: skip
    assert run.ledger.statement().startswith("Differentially private with ε = 8")
    assert run.filter is None
