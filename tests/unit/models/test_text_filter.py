"""What repeats a real text is not released, what many say may be, and what is missing tells nothing."""

import numpy as np
import pandas as pd
import pytest
from tiny_language import queries

pytest.importorskip("torch")

from smartsynth.config import PrivacyConfig
from smartsynth.errors import PrivacyError
from smartsynth.inference import infer_schema
from smartsynth.models.privacy_filter import Reason, filtered
from smartsynth.models.text_filter import TextFilter

OWN = "I was robbed near the old fountain in front of my office last Tuesday night"


def stories(n=200, seed=0):
    """Texts of words in any order, so that none is like another."""
    rng = np.random.default_rng(seed)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("", "n", "r", "st")]
    return pd.DataFrame({"text": [" ".join(rng.choice(words, 14)) for _ in range(n)]})


@pytest.fixture(scope="module")
def real():
    common = pd.DataFrame({"text": ["Please send me a new card as soon as you can"] * 8})
    mine = pd.DataFrame(
        {"text": [OWN, "My number is 0171-5558123 or so, call me", "Write to ann.onym@example.org about it"]}
    )
    return pd.concat([stories(), common, mine], ignore_index=True)


def judge(real, texts, **config):
    settings = {"decoys": 0, **config}
    gate = TextFilter(PrivacyConfig(**settings)).fit(real, stories(80, seed=9), infer_schema(real))
    kept, reasons = gate.keep(pd.DataFrame({"text": texts}))
    return gate, kept, reasons


def test_what_repeats_one_real_text_goes_and_what_many_say_stays(real):
    _, kept, reasons = judge(
        real,
        [OWN, f"Hello. {OWN}! Please help me with that", OWN.replace("Tuesday", "Monday"), "Please send me a new card as soon as you can",
         "Reach me under 0171-5558123 at any time", "My mail is ann.onym@example.org", *stories(4, seed=5)["text"]],
    )  # fmt: skip
    assert kept.tolist() == [False, False, False, True, False, False, True, True, True, True]
    assert reasons[0] == reasons[1] == reasons[4] == reasons[5] == Reason.COPY


def test_twins_of_released_texts_go(real):
    one, two = stories(2, seed=5)["text"]
    gate, kept, _ = judge(real, [one, f"{one}!", two])
    assert kept.tolist() == [True, False, True]
    assert gate.keep(pd.DataFrame({"text": [two, *stories(1, seed=6)["text"]]}))[0].tolist() == [False, True]


def test_decoys_hide_what_was_dropped(real):
    texts = [OWN, *stories(60, seed=5)["text"]]
    gate, _, reasons = judge(real, texts, decoys=4)
    assert (reasons == Reason.DECOY).sum() == 4
    assert gate.summary().decoys == 4
    again = judge(real, texts, decoys=4)[2]
    assert (again == reasons).all()


def test_the_summary_says_what_unseen_texts_do(real):
    gate, _, _ = judge(real, [OWN])
    said = gate.summary()
    assert (said.checked, said.exact_copies) == (1, 1)
    assert "run of 8 words" in said.threshold_source
    assert said.notes[0].startswith("0% of unseen real rows")


def test_a_generator_that_repeats_is_stopped(real):
    gate = TextFilter(PrivacyConfig(decoys=0)).fit(real, None, infer_schema(real))
    with pytest.raises(PrivacyError, match=r"repeat a real text.*temperature"):
        filtered(
            lambda start, n: real.iloc[np.arange(start, start + n) % 200][["text"]].reset_index(drop=True),
            100,
            gate,
            seed=0,
            block=64,
        )


def test_the_rest_of_a_row_is_judged_as_a_row_of_a_table():
    """A written text does not hide that age, sex and income are those of one person."""
    rng = np.random.default_rng(0)
    n = 300
    real = queries(n).assign(
        age=rng.integers(18, 90, n), income=rng.lognormal(10, 1, n).round(), sex=rng.choice(["f", "m"], n)
    )
    gate = TextFilter(PrivacyConfig(decoys=0)).fit(real, None, infer_schema(real))
    copied = real.head(5).assign(text=list(stories(5, seed=5)["text"]))
    assert not gate.keep(copied)[0].any()
