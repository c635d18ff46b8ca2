"""Measures of texts: known values, and the order that they must keep."""

import numpy as np
import pytest

from smartsynth.metrics import text as measures
from smartsynth.metrics.embedding import MiniLM, Words, has_minilm
from smartsynth.metrics.minhash import NearTexts, near_share, signatures
from smartsynth.metrics.ngram_model import END, OTHER, WordModel, vocabulary_of

SOME = [f"please tell me how card number {i} of mine can be used abroad in country {i * i}" for i in range(300)]


def clouds(shift=0.0, spread=1.0, n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 16)).astype(np.float32), (shift + spread * rng.normal(size=(n, 16))).astype(np.float32)


def test_mauve_is_one_for_one_crowd_and_falls_with_distance_and_with_lost_variety():
    same, apart, narrow = (measures.mauve(*clouds(*how), seed=0) for how in ((), (0.5,), (0.0, 0.5)))
    assert same > 0.93
    assert apart < 0.5 * same
    assert narrow < 0.8 * same


def test_the_frechet_distance_is_that_of_the_formula():
    """Of normal clouds: the squared distance of the means, and of the spreads."""
    assert measures.frechet(*clouds(0.5)) == pytest.approx(16 * 0.25, rel=0.1)
    assert measures.frechet(*clouds(0.0, 0.5)) == pytest.approx(16 * 0.25, rel=0.1)


def test_repeated_texts_are_less_distinct_and_repeat_each_other():
    varied = [
        "one bird sings loud today",
        "my car needs four tyres",
        "please bring cold milk home",
        "their house stands uphill alone",
    ] * 1
    assert measures.distinct(["a b a b"], 2) == pytest.approx(2 / 3)
    assert measures.distinct(SOME, 2) < measures.distinct(varied, 2) == 1.0
    assert measures.self_bleu(varied, seed=0) < 0.3 < 0.6 < measures.self_bleu(SOME, seed=0)
    assert measures.self_bleu(["the very same words again"] * 5, seed=0) == pytest.approx(1.0)


def test_words_and_topics_that_differ_are_told():
    assert measures.vocabulary_divergence(SOME, SOME) == 0
    assert measures.vocabulary_divergence(["a b"], ["c d"]) == pytest.approx(1.0)
    one, two = clouds(3.0)
    both, half = np.concatenate([one, two]), np.concatenate([one, two[:500]])
    assert measures.topic_divergence(both, half, seed=0) > 10 * measures.topic_divergence(both, both, seed=0)


def test_a_run_of_words_is_found_wherever_it_stands():
    known = ["nobody saw the red fox that jumped over my lazy dog in the garden yesterday"]
    copied = "They said The red fox, that jumped over my lazy dog; was clever"
    assert measures.overlap([copied, "something else entirely is said here by me today"], known, 8) == (0.5, 9)
    assert measures.overlap([copied], known, 10) == (0.0, 0)


def test_messages_are_judged_by_shorter_runs_than_documents():
    assert (measures.run_length(SOME), measures.run_length([" ".join(SOME[:5])])) == (8, 13)


def test_texts_that_are_nearly_the_same_are_found_and_others_are_not():
    near = NearTexts(
        ["Please tell me where my new card is, I asked a week ago", "The weather was fine all week at the coast"]
    )
    which, share = near.nearest(
        ["please tell me where my new card is. I asked a week ago!", "The weather was bad all year in the hills"]
    )
    assert which.tolist() == [0, -1]
    assert share[0] > 0.9
    assert near_share(SOME[:20], SOME) == 1.0
    assert np.isnan(near_share([], SOME))


def test_the_share_in_common_is_that_of_the_sets():
    """Texts that share half of their runs of letters agree in half of their hashes."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 9)) for _ in range(400)]
    one, two = " ".join(words[:300]), " ".join(words[100:])
    shares = [(signatures([one])[0] == signatures([other])[0]).mean() for other in (one, two, " ".join(words[300:]))]
    assert shares == pytest.approx([1.0, 0.5, 0.0], abs=0.13)


def test_a_word_model_shares_out_one_and_knows_its_own_texts_best():
    model = WordModel(SOME, vocabulary_of(SOME))
    assert sum(model.probability("please", "tell", word) for word in [*model.vocabulary, OTHER, END]) == pytest.approx(
        1.0
    )
    assert (
        model.perplexity(SOME[:20])
        < 5
        < model.perplexity(["abroad used be can mine of number card how me tell please"])
    )


@pytest.mark.parametrize(
    "embed",
    [Words(SOME), pytest.param(MiniLM(), marks=pytest.mark.skipif(not has_minilm(), reason="no sentence model"))],
)
def test_points_of_like_texts_are_near(embed):
    points = embed(
        [
            "where is my new card",
            "my new card, where is it",
            "the weather in spring is mild",
            "",
            "where is my new card",
        ]
    )
    assert np.isfinite(points).all()
    np.testing.assert_allclose(points[0], points[4], atol=1e-5)
    assert points[0] @ points[1] > points[0] @ points[2] + 0.2
