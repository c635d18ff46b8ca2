"""Measures of texts: how like real ones they are as a crowd, how varied, and what of real ones stands in them word for word.

Pure functions of texts, or of points that stand for them (embedding.py). Words are runs of letters and digits, in small letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
MAUVE_SCALE = 5.0
"""What divergences are multiplied by in MAUVE's curve."""
MIXTURES = np.linspace(1e-6, 1 - 1e-6, 25)
SHORT = 8
LONG = 13
"""Words of a run that counts as copied: of short messages, and of longer texts."""
SHORT_TEXT = 40
"""Texts of a median under so many words are short."""


def words_of(text: str) -> list[str]:
    """The words of a text.

    >>> words_of("It's 5 o'clock, ma'am!")
    ["it's", '5', "o'clock", "ma'am"]
    """
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def mauve(real: Points, made: Points, *, seed: int) -> float:
    """How close two clouds of points are, from 0 to 1, by the area under a curve of divergences.

    Both are put into one set of clusters, a tenth as many as the smaller has points, at most 500; the area is that under the points
    (exp(-c·KL(Q|R)), exp(-c·KL(P|R))) of all mixtures R of the two histograms P and Q.

    Pillutla et al. (2021), "MAUVE: Measuring the Gap Between Neural Text and Human Text using Divergence Frontiers". The features
    are other ones than there, so that values compare only with the yardstick beside them.
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA

    n = min(len(real), len(made))
    rng = np.random.default_rng([seed, 0x3A0E])
    real, made = (points[rng.permutation(len(points))[:n]] for points in (real, made))
    both = np.concatenate([real, made]).astype(np.float64)
    reduced = PCA(0.9, random_state=seed, svd_solver="full").fit_transform(both) if both.shape[1] > 2 else both
    k = int(np.clip(n // 10, 2, 500))
    place = MiniBatchKMeans(k, random_state=seed, n_init=3, batch_size=2048).fit_predict(reduced)
    p, q = (np.bincount(some, minlength=k) / n for some in (place[:n], place[n:]))
    ends = [(0.0, 1.0), (1.0, 0.0)]
    for share in MIXTURES:
        mixed = share * p + (1 - share) * q
        ends.append((np.exp(-MAUVE_SCALE * _kl(q, mixed)), np.exp(-MAUVE_SCALE * _kl(p, mixed))))
    curve = np.array(sorted(ends, key=lambda end: (end[0], -end[1])))
    return float(np.trapezoid(curve[:, 1], curve[:, 0]))


def _kl(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / q[some])))


def frechet(real: Points, made: Points) -> float:
    """Fréchet distance of two clouds taken for normal ones: |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½); 0 is best.

    Heusel et al. (2017), with points of texts in place of those of images.
    """
    a, b = real.astype(np.float64), made.astype(np.float64)
    one, two = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    values = np.linalg.eigvals(one @ two)
    root = np.sqrt(np.maximum(values.real, 0)).sum()
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(one) + np.trace(two) - 2 * root)


def distinct(texts: Sequence[str], n: int) -> float:
    """Share of runs of `n` words that are different ones (Li et al. 2016); it falls with the number of texts.

    >>> distinct(["a b a b"], 2)
    0.6666666666666666
    """
    runs = [run for text in texts for run in ngrams(words_of(text), n)]
    return len(set(runs)) / len(runs) if runs else float("nan")


def self_bleu(texts: Sequence[str], *, seed: int, judged: int = 200, others: int = 1_000) -> float:
    """Mean BLEU-4 of texts against the others: how much they repeat each other, from 0 to 1 (Zhu et al. 2018, "Texygen").

    Counts of runs of words are clipped by their highest count in one other text; runs that none has count as a half.
    """
    rng = np.random.default_rng([seed, 0x5B1E])
    kept = [words_of(texts[i]) for i in rng.permutation(len(texts))[: others + 1]]
    highest = [_most_and_second(kept, n) for n in range(1, 5)]
    found = []
    for i, words in enumerate(kept[:judged]):
        if len(words) < 4:
            continue
        logs = []
        for n, best in enumerate(highest, 1):
            mine = Counter(ngrams(words, n))
            hits = sum(min(count, best[run][1] if best[run][2] == i else best[run][0]) for run, count in mine.items())
            logs.append(np.log(max(hits, 0.5) / sum(mine.values())))
        found.append(np.exp(np.mean(logs)))
    return float(np.mean(found)) if found else float("nan")


def _most_and_second(texts: Sequence[Sequence[str]], n: int) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Highest count of a run in one text, the next highest, and whose the highest is."""
    best: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for i, words in enumerate(texts):
        for run, count in Counter(ngrams(words, n)).items():
            first, second, owner = best.get(run, (0, 0, -1))
            best[run] = (count, first, i) if count > first else (first, max(second, count), owner)
    return best


def ngrams(words: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    """All runs of `n` words."""
    return zip(*(words[i:] for i in range(n)), strict=False)


def vocabulary_divergence(real: Sequence[str], made: Sequence[str]) -> float:
    """Jensen-Shannon divergence of how often words are used, in bits: 0 to 1."""
    counts = [Counter(word for text in texts for word in words_of(text)) for texts in (real, made)]
    names = sorted(set(counts[0]) | set(counts[1]))
    return jensen_shannon_bits(*(np.array([count[name] for name in names], float) for count in counts))


def topic_divergence(real: Points, made: Points, *, seed: int, topics: int = 20) -> float:
    """Jensen-Shannon divergence of how often topics, clusters of real texts, occur, in bits: 0 to 1."""
    from sklearn.cluster import KMeans

    k = int(np.clip(len(real) // 20, 2, topics))
    model = KMeans(k, random_state=seed, n_init=3).fit(real.astype(np.float64))
    return jensen_shannon_bits(
        *(np.bincount(model.predict(p.astype(np.float64)), minlength=k).astype(float) for p in (real, made))
    )


def jensen_shannon_bits(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence of two counts of the same things, in bits: 0 to 1."""
    if not p.sum() or not q.sum():
        return float("nan")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float((_kl(p, middle) + _kl(q, middle)) / (2 * np.log(2)))


class Overlap(NamedTuple):
    """What stands word for word in other texts.

    texts      share of the texts with a run of so many words that some other text has
    longest    words of the longest such run
    """

    texts: float
    longest: int


def run_length(texts: Sequence[str]) -> int:
    """Words of a run that counts as copied from texts like these."""
    median = float(np.median([len(words_of(text)) for text in texts])) if len(texts) else 0.0
    return SHORT if median < SHORT_TEXT else LONG


def overlap(texts: Sequence[str], known: Sequence[str], n: int) -> Overlap:
    """How much of `texts` stands word for word in `known`, in runs of at least `n` words."""
    places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    listed = [words_of(text) for text in known]
    for i, words in enumerate(listed):
        for at, run in enumerate(ngrams(words, n)):
            places.setdefault(run, []).append((i, at))
    hit, longest = 0, 0
    for text in texts:
        words = words_of(text)
        found = 0
        for at, run in enumerate(ngrams(words, n)):
            for i, there in places.get(run, ())[:20]:
                length = n
                while (
                    at + length < len(words)
                    and there + length < len(listed[i])
                    and words[at + length] == listed[i][there + length]
                ):
                    length += 1
                found = max(found, length)
        hit += found > 0
        longest = max(longest, found)
    return Overlap(hit / max(len(texts), 1), longest)
