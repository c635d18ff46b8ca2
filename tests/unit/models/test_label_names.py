"""Judging texts by the names of their labels, without a real text."""

import pytest

from smartsynth.metrics.embedding import has_minilm
from smartsynth.models.label_names import LabelNames

pytestmark = pytest.mark.skipif(not has_minilm(), reason="no sentence model")
NAMES = [
    "card_arrival",
    "exchange_rate",
    "lost_phone",
    "top_up_by_cheque",
    "change_pin",
    "terminate_account",
    "age_limit",
    "apple_pay",
]
ABOUT = {
    "card_arrival": "I am still waiting for my card, when will it come?",
    "exchange_rate": "How do you convert dollars to pounds?",
    "change_pin": "Where can I choose a new PIN?",
    "age_limit": "How old do I have to be to open an account?",
}


def test_texts_are_found_to_be_about_the_label_that_they_are_about():
    judge = LabelNames.of(NAMES)
    texts = list(ABOUT.values())
    assert all(judge.fits(texts, list(ABOUT)))
    assert not any(judge.fits(texts, ["exchange_rate", "lost_phone", "top_up_by_cheque", "lost_phone"]))
    assert judge.fits(["anything"], ["no label of these"]) == [True]
    assert LabelNames.restore(judge.to_json(), {}).fits(texts, list(ABOUT)) == [True] * 4


@pytest.mark.parametrize("names", [NAMES[:7], [f"A{i}" for i in range(20)], [str(i) for i in range(20)]])
def test_few_names_and_codes_say_nothing(names):
    assert LabelNames.of(names) is None
