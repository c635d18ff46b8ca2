"""What the profile says of text columns."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_language import queries

from smartsynth.facts import TextProfile, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.schema import Kind
from smartsynth.text_words import facts_of, heading
from smartsynth.utils.text_profiler import languages, text_profiles


def test_lengths_words_twins_and_identifiers_are_counted():
    rng = np.random.default_rng(0)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st")]
    texts = [" ".join(rng.choice(words, 12)) for _ in range(180)]
    texts += texts[:20]
    texts[:10] = [f"{text} write to a{i}.b@example.org" for i, text in enumerate(texts[:10])]
    (found,) = text_profiles(frame := pd.DataFrame({"note": texts}), infer_schema(frame))
    assert (found.name, found.texts, found.form) == ("note", 200, "text")
    assert found.words["q50"] == 12
    assert 180 < found.vocabulary <= 215
    assert found.repeated == pytest.approx(10 / 200)
    assert 10 / 200 <= found.near <= 20 / 200
    assert found.identifiers == {"e-mail addresses": pytest.approx(10 / 200)}
    said = dict(facts_of(found))
    assert said["Words"].startswith("median 12")
    assert "e-mail addresses, in 5%" in said["Identifiers inside"]
    assert from_json(TextProfile, to_json(found)) == found


def test_languages_are_told_apart():
    pytest.importorskip("py3langid")
    english = ["Where is the card that I ordered two weeks ago?", "I would like to know how to close my account."] * 30
    german = ["Wo ist die Karte, die ich vor zwei Wochen bestellt habe?"] * 20
    assert languages([*english, *german]) == {"en": pytest.approx(0.75, abs=0.01), "de": pytest.approx(0.25, abs=0.01)}


def test_turns_of_conversations_are_counted():
    turns = [{"role": "user", "content": "Where is my card?"}, {"role": "assistant", "content": "It comes soon."}]
    frame = pd.DataFrame({"messages": [json.dumps(turns * (1 + i % 2)) for i in range(40)]})
    (found,) = text_profiles(frame, infer_schema(frame))
    assert (found.form, found.parts["q05"], found.parts["q95"]) == ("messages", 2, 4)
    assert heading(found) == "Texts of ‘messages’: 40 conversations"
    assert dict(facts_of(found))["Turns"].startswith("median")


def test_columns_of_few_texts_and_other_columns_are_left_out():
    frame = queries(50).assign(rare=["just one text that is long enough"] + [None] * 49)
    schema = infer_schema(frame).with_column("rare", kind=Kind.TEXT)
    assert [one.name for one in text_profiles(frame, schema)] == ["text"]
