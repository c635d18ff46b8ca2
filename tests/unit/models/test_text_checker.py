"""A classifier that knows what a text is about, and that it keeps no word."""

import numpy as np
from tiny_language import queries

from smartsynth.models.text_checker import TextChecker


def test_it_knows_the_label_of_unseen_texts_and_how_often():
    real, other = queries(400), queries(100, seed=1)
    checker = TextChecker.fit(list(real["text"]), list(real["about"]), min_count=5, seed=0)
    assert checker.agreement > 0.95
    assert np.mean(np.array(checker.label(list(other["text"]))) == other["about"]) > 0.95
    again = TextChecker.restore(checker.to_json(), checker.arrays())
    assert again.label(list(other["text"])) == checker.label(list(other["text"]))


def test_labels_that_texts_do_not_tell_are_not_checked():
    real = queries(300)
    labels = np.random.default_rng(0).choice(["a", "b", "c"], 300)
    assert TextChecker.fit(list(real["text"]), list(labels), min_count=5, seed=0) is None
    assert TextChecker.fit(list(real["text"]), ["same"] * 300, min_count=5, seed=0) is None


def test_rare_labels_and_rare_words_are_not_in_it():
    real = queries(300)
    texts, labels = [*real["text"], "Zyzzyva is lost"], [*real["about"], "Xerxes"]
    checker = TextChecker.fit(texts, labels, min_count=5, seed=0)
    assert "Xerxes" not in checker.labels
    plain = TextChecker.fit(list(real["text"]), list(real["about"]), min_count=5, seed=0)
    assert np.array_equal(checker.kept, plain.kept)
