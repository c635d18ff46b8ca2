"""What the private text generator promises: no person changes a step beyond the clipping norm, and every look stands in the ledger."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_language import base_folder, queries

torch = pytest.importorskip("torch")
for needed in ("transformers", "peft", "opacus", "opendp", "dp_accounting"):
    pytest.importorskip(needed)

from smartsynth import synthesize  # noqa: E402
from smartsynth.errors import ConfigError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.models import half_precision  # noqa: E402
from smartsynth.models.dp_sgd import Persons  # noqa: E402
from smartsynth.models.dpgpt2_generator import DPGPT2Generator  # noqa: E402
from smartsynth.models.language_model import LanguageModel  # noqa: E402
from smartsynth.models.private_text_training import PrivatePlan, PrivateTextTraining  # noqa: E402
from smartsynth.models.text_layout import Layout, example  # noqa: E402
from smartsynth.models.text_training import mean_loss  # noqa: E402
from smartsynth.privacy.ledger import Touch  # noqa: E402
from smartsynth.privacy.noise import FloatNoise  # noqa: E402
from smartsynth.schema import JSON_OBJECT, Kind  # noqa: E402


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """Weights that none of the private rows had a part in."""
    return base_folder(tmp_path_factory.mktemp("base"), queries(200, seed=9)["text"])


@pytest.fixture(scope="module")
def real():
    return queries(300)


@pytest.fixture(scope="module")
def schema(real):
    return infer_schema(real).with_target("about")


@pytest.fixture(scope="module")
def model(public, real, schema):
    return DPGPT2Generator(base=public, epsilon=6.0, steps=4, batch_size=40).fit(real, schema=schema)


class Quiet(FloatNoise):
    """No noise, so that what it would hide can be seen."""

    def normal(self, n, sigma):
        return np.zeros(n)


def training(public, schema, rows, *, clip, rate=1.0):
    language = LanguageModel.open(public)
    layout = Layout.of(schema)
    examples = [example(language, layout, row, most=64) for row in rows.to_dict("records")]
    plan = PrivatePlan(4, 10, 1.0, 1e-3, clip, 1.0)
    persons = Persons(None, len(rows), rate=rate, noise=FloatNoise())
    made = PrivateTextTraining(language, examples, persons, plan, Quiet(), 3)
    with torch.no_grad():  # adapters begin at nothing, where half of their gradients are nought
        torch.manual_seed(0)
        for parameter in made.parameters:
            parameter.add_(0.1 * torch.randn_like(parameter))
    for module in language.network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return language, examples, made


def test_the_sum_of_gradients_is_that_of_the_rows_losses(public, schema, real, monkeypatch):
    """With a clipping norm that nobody reaches, a step is plain gradient descent on the sum of the rows' mean losses."""
    monkeypatch.setattr(half_precision, "multiplies_halves", lambda: False)
    language, examples, made = training(public, schema, real.head(7), clip=1e6)
    summed = made.gradient.clipped(made._parts(np.arange(7)))
    made.gradient.close()
    for parameter in made.parameters:
        parameter.grad = None
    sum(mean_loss(language, [one], "cpu") for one in examples).backward()
    for found, parameter in zip(summed, made.parameters, strict=True):
        torch.testing.assert_close(found, parameter.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("clip", [0.05, 0.5])
def test_no_person_changes_a_step_by_more_than_the_norm(public, schema, real, clip):
    """However strange the row: the sum with it and without it differ by at most `clip`."""
    strange = pd.concat(
        [real.head(5), pd.DataFrame({"text": ["zz QQ 99 \u2603 " * 8], "about": ["rate"]})], ignore_index=True
    )
    _, _, made = training(public, schema, strange, clip=clip)
    whole, less = (made.gradient.clipped(made._parts(np.arange(n))) for n in (6, 5))
    moved = torch.cat([(one - two).flatten() for one, two in zip(whole, less, strict=True)]).norm()
    assert 0.5 * clip < moved <= clip * 1.001


def test_a_step_on_nobody_is_noise_alone(public, schema, real):
    _, _, made = training(public, schema, real.head(5), clip=0.1, rate=1e-12)
    assert all((gradient == 0).all() for gradient in made.gradient.clipped(made._parts(np.arange(0))))


def test_rows_come_back_with_columns_and_dtypes(model, real):
    made = model.sample(70, seed=2)
    assert dict(made.dtypes) == dict(real.dtypes)
    assert set(made["about"]) <= {"card", "transfer", "rate"}
    pd.testing.assert_frame_equal(model.sample(6, seed=2, start=64), made.iloc[64:70].reset_index(drop=True))


def test_the_ledger_knows_every_look_and_adds_up(model):
    """The table and the steps are measured, nothing is open, and all together is what was asked for."""
    entries = model.ledger_.entries
    assert {entry.stage for entry in entries if entry.touch is Touch.MEASURED} == {"table", "fit"}
    assert model.ledger_.is_private
    assert 5.9 < model.ledger_.spent() <= 6.0
    steps = [entry for entry in entries if entry.steps > 1]
    assert [(entry.reads, entry.steps) for entry in steps] == [("gradients of the language model", 4)]


def test_noise_is_as_wide_as_the_ledger_says(public, real, schema):
    """Each step asks for as many numbers as there are weights, of the deviation that the account needs."""

    class Recorder(FloatNoise):
        def __init__(self):
            self.asked = []

        def normal(self, n, sigma):
            self.asked.append((n, sigma))
            return super().normal(n, sigma)

    generator = DPGPT2Generator(base=public, epsilon=6.0, steps=3, batch_size=40, clip=0.2, rank=2)
    generator.gradient_noise = recorder = Recorder()
    generator.fit(real, schema=schema)
    mu = next(entry.mu for entry in generator.ledger_.entries if entry.steps > 1)
    weights = sum(weight.size for weight in generator._weights.values())
    assert sum(n for n, _ in recorder.asked) == 3 * weights
    assert [sigma for _, sigma in recorder.asked] == pytest.approx([0.2 / mu] * len(recorder.asked))


def test_a_saved_model_writes_the_same(model, tmp_path):
    again = DPGPT2Generator.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(8, seed=1), model.sample(8, seed=1))
    assert (again.ledger_, again.rows_) == (model.ledger_, model.rows_)


def test_conversations_are_written_without_reading_who_speaks(public):
    turns = [
        [{"role": "user", "content": f"Where is my card number {i}?"}, {"role": "assistant", "content": "It comes soon."}]
        for i in range(60)
    ]  # fmt: skip
    rows = pd.DataFrame({"messages": [json.dumps(turn) for turn in turns], "stars": np.arange(60) % 5})
    generator = DPGPT2Generator(base=public, epsilon=20.0, steps=2, batch_size=20, most_tokens=64)
    schema = infer_schema(rows)
    assert generator.threshold_share(schema) > 0
    made = generator.fit(rows, schema=schema).sample(5, seed=1)
    for cell in made["messages"].dropna():
        assert all(set(turn) == {"role", "content"} for turn in json.loads(cell))


def test_a_persons_rows_are_bounded(public):
    rows = queries(300).assign(who=np.repeat([f"p{i}" for i in range(100)], 3))
    schema = infer_schema(rows).with_column("who", kind=Kind.IDENTIFIER)
    generator = DPGPT2Generator(base=public, epsilon=6.0, unit="who", max_rows_per_unit=2, steps=2, batch_size=20)
    made = generator.fit(rows, schema=schema).sample(4, seed=1)
    assert "who" in generator.ledger_.unit and len(made) == 4
    assert generator.rows_ < 260


def test_what_cannot_be_private_is_refused(public, real, schema):
    with pytest.raises(ConfigError, match="without public weights"):
        DPGPT2Generator(base="scratch").fit(real, schema=schema)
    rows = pd.DataFrame({"record": [json.dumps({"a": i, "b": "x"}) for i in range(40)]})
    objects = infer_schema(rows).with_column("record", kind=Kind.TEXT, semantic=JSON_OBJECT)
    with pytest.raises(ConfigError, match=r"columns\.record"):
        DPGPT2Generator(base=public).fit(rows, schema=objects)
    with pytest.raises(ConfigError, match=r"steps=0"):
        DPGPT2Generator(base=public, steps=0).fit(real, schema=schema)


def test_a_run_within_a_budget_says_what_it_kept(public, real):
    """The whole way: chosen because of the budget, no filter, and a ledger that makes the claim."""
    run = synthesize(
        real, target="about", text=["text"], rows=30, seed=1,
        generator={"name": "dpgpt2", "options": {"base": public, "steps": 2, "batch_size": 40}},
        privacy={"epsilon": 6.0, "public_schema": True},
    )  # fmt: skip
    assert run.filter is None
    assert len(run.synthetic.frame) == 30
    assert run.ledger.statement().startswith("Differentially private with ε = 6")
