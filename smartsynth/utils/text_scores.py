"""Scores of texts beside the same measure of real ones: where they lie, how they are worded, and what can be learnt from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import number
from smartsynth.metrics import text as measures
from smartsynth.metrics.detection import auc
from smartsynth.metrics.embedding import Points
from smartsynth.metrics.marginals import ks_distance
from smartsynth.metrics.ngram_model import WordModel, vocabulary_of
from smartsynth.privacy.intervals import auc_interval
from smartsynth.schema import Column
from smartsynth.utils import label_scores
from smartsynth.utils.label_scores import Judge
from smartsynth.utils.text_sample import Side, equal_sizes

FOLDS = 5
MOST_JUDGED = 2_000
"""Texts of each side whose wording is compared."""


def crowd(t: Side, s: Side, h: Side, how: str, *, seed: int) -> list[Score]:
    """Whether texts, as points, lie where unseen real ones do."""
    t, s, h = equal_sizes((t, s, h), np.random.default_rng([seed, 0xC40D]))
    n = len(h)
    value, best = (detection(one, h, seed=seed) for one in (s, t))
    sentence = f"A classifier of {how} and of lengths tells synthetic from unseen texts with AUC {number(value)}; training from unseen ones with {number(best)}."
    found = [
        Score("text_detection_auc", "Detection AUC of texts", Family.FIDELITY, value, Better.LOWER, sentence, best,
              auc_interval(value, n, n), headline=True)
    ]  # fmt: skip
    value, best = (measures.mauve(h.points, one.points, seed=seed) for one in (s, t))
    sentence = f"The crowds of synthetic and unseen texts overlap by {number(value)} of 1, those of training and unseen ones by {number(best)} (MAUVE, by {how})."
    found.append(Score("mauve", "MAUVE", Family.FIDELITY, value, Better.HIGHER, sentence, best, headline=True))
    value, best = (measures.frechet(h.points, one.points) for one in (s, t))
    sentence = f"Means and spreads of synthetic and unseen texts lie {number(value)} apart, those of training and unseen ones {number(best)}."
    found.append(
        Score("frechet_text", "Fréchet distance of texts", Family.FIDELITY, value, Better.LOWER, sentence, best)
    )
    value, best = (measures.topic_divergence(h.points, one.points, seed=seed) for one in (s, t))
    sentence = f"Topics of synthetic texts are as frequent as those of unseen ones up to {number(value)} bits; those of training texts up to {number(best)}."
    found.append(Score("topic_divergence", "Topic divergence", Family.FIDELITY, value, Better.LOWER, sentence, best))
    return found


def detection(one: Side, two: Side, *, seed: int) -> float:
    """Cross-validated AUC of telling texts apart by their points and their lengths (logistic regression)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.concatenate([_features(one), _features(two)])
    y = np.repeat([1, 0], [len(one), len(two)])
    folds = StratifiedKFold(min(FOLDS, len(two)), shuffle=True, random_state=seed)
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    score = cross_val_predict(judge, X, y, cv=folds, method="decision_function")
    return auc(y == 1, score)


def _features(side: Side) -> NDArray[np.float64]:
    shape = [
        [len(text), len(text.split()), sum(map(text.count, ".,?!")), sum(map(str.isupper, text))] for text in side.texts
    ]
    return np.asarray(np.c_[side.points, np.log1p(np.array(shape, float))])


def wording(t: Side, s: Side, h: Side, *, seed: int) -> list[Score]:
    """How long texts are, how varied, what words they use, and how well they foretell unseen ones."""
    rng = np.random.default_rng([seed, 0x3017])
    t, s, h = (side.take(np.arange(min(len(side), MOST_JUDGED))) for side in equal_sizes((t, s, h), rng))
    lengths = [np.array([float(len(text.split())) for text in side.texts]) for side in (t, s, h)]
    found = [
        _low("length_ks", "Lengths", ks_distance(lengths[1], lengths[2]), ks_distance(lengths[0], lengths[2]),
             "The distributions of words per text differ by {0} (KS); between real samples by {1}."),
        _low("vocabulary_divergence", "Vocabulary divergence", measures.vocabulary_divergence(h.texts, s.texts),
             measures.vocabulary_divergence(h.texts, t.texts),
             "Words are as frequent as in unseen texts up to {0} bits; in training texts up to {1}."),
    ]  # fmt: skip
    for n in (1, 2, 3):
        value, best = (measures.distinct(side.texts, n) for side in (s, t))
        what = "words" if n == 1 else f"runs of {n} words"
        found.append(
            _near(
                f"distinct_{n}",
                f"Distinct-{n}",
                value,
                best,
                f"{{0}} of the {what} are different ones; of as many real texts {{1}}.",
            )
        )
    value, best = (measures.self_bleu(side.texts, seed=seed) for side in (s, t))
    found.append(_near("self_bleu", "Self-BLEU", value, best, "Texts repeat each other by {0} of 1; real ones by {1}."))
    known = vocabulary_of([*t.texts, *h.texts])
    value, best = (WordModel(side.texts, known).perplexity(h.texts) for side in (s, t))
    found.append(
        _low("text_perplexity", "Perplexity of unseen texts", value, best,
             "A small model of words that learnt from synthetic texts finds {0} words equally likely next in unseen ones; one that "
             "learnt from as many real texts {1}.")
    )  # fmt: skip
    return found


def _low(key: str, name: str, value: float, best: float, sentence: str) -> Score:
    return Score(key, name, Family.FIDELITY, value, Better.LOWER, sentence.format(number(value), number(best)), best)


def _near(key: str, name: str, value: float, best: float, sentence: str) -> Score:
    return Score(key, name, Family.FIDELITY, value, Better.NEARER, sentence.format(number(value), number(best)), best)


def utility(
    t: Side, s: Side, h: Side, label: Column | None, how: str, *, seed: int
) -> tuple[list[Score], list[UtilityRow]]:
    """A classifier of the label that learnt from synthetic texts, and one that learnt from real ones, on unseen texts."""

    def predict(learnt: Side, codes: NDArray[np.int64], others: Side, n: int) -> NDArray[np.float64]:
        return predictions(learnt.points, codes, others.points, n)

    judge = Judge("Classifier of texts", f"A classifier of {how}", "texts", "text", predict)
    return label_scores.utility(t, s, h, label, judge, seed=seed)


def predictions(points: Points, codes: NDArray[np.int64], others: Points, n: int) -> NDArray[np.float64]:
    """Probabilities of each of `n` labels for other points, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=200).fit(points, codes)
    out = np.zeros((len(others), n))
    out[:, model.classes_] = model.predict_proba(others)
    return out
