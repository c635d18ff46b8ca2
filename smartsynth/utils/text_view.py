"""What there is to see of texts: topics, a map, and synthetic texts. No real text is ever shown."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Cloud, TextSample, TextView, Topic
from smartsynth.metrics.text import words_of
from smartsynth.schema import Schema
from smartsynth.utils.sequence_views import cloud_of
from smartsynth.utils.text_sample import Side

SAMPLES, SHOWN = 12, 600
"""Synthetic texts that are shown, and so many letters of each."""
TOPICS, TOPIC_WORDS = 12, 5
SHORT_WORD = 3


def view(t: Side, s: Side, h: Side, schema: Schema, *, k: int, seed: int) -> TextView:
    """The pictures of training, synthetic and unseen texts.

    Args:
        t: Training texts.
        s: Synthetic texts.
        h: Unseen texts.
        schema: Their columns.
        k: A word or a place of the map that fewer real texts have is left out.
        seed: Of topics, and of which synthetic texts are shown.
    """
    rng = np.random.default_rng([seed, 0x71E3])
    return TextView(_samples(s, schema, rng), _topics(t, s, h, k, seed), _map(t, s, h, k, rng))


def _samples(s: Side, schema: Schema, rng: np.random.Generator) -> tuple[TextSample, ...]:
    """Some synthetic texts with their labels."""
    label = schema.target or next(
        (c for c in schema if c.is_modelled and c.kind.value in ("categorical", "boolean")), None
    )
    found = []
    for i in np.sort(rng.permutation(len(s))[:SAMPLES]):
        about = "" if label is None else str(s.frame[label.name].iloc[int(i)])
        text = s.texts[i]
        found.append(TextSample(about, text if len(text) <= SHOWN else f"{text[:SHOWN]} …"))
    return tuple(found)


def _topics(t: Side, s: Side, h: Side, k: int, seed: int) -> tuple[Topic, ...]:
    """Clusters of training texts by their points, the words that set them apart, and how often each sample has them."""
    from sklearn.cluster import KMeans

    n = int(np.clip(len(t) // (4 * k), 0, TOPICS))
    if n < 2:
        return ()
    model = KMeans(n, random_state=seed, n_init=3).fit(t.points.astype(np.float64))
    places = [model.predict(side.points.astype(np.float64)) for side in (t, s, h)]
    names = _names(t.texts, places[0], n, k)
    shares = [np.bincount(place, minlength=n) / max(len(place), 1) for place in places]
    order = np.argsort(-shares[0], kind="stable")
    return tuple(Topic(names[i], *(float(share[i]) for share in shares)) for i in order if names[i])


def _names(texts: list[str], place: NDArray[np.int64], n: int, k: int) -> list[str]:
    """The words of each topic that are most frequent there against elsewhere, of those that at least `k` of its texts hold."""
    inside: list[Counter[str]] = [Counter() for _ in range(n)]
    for text, i in zip(texts, place, strict=True):
        inside[i].update({word for word in words_of(text) if len(word) > SHORT_WORD and word.isalpha()})
    everywhere: Counter[str] = sum(inside, Counter())
    found = []
    for i, counts in enumerate(inside):
        size = max(int((place == i).sum()), 1)
        kept = [(c / size * np.log((c / size) / (everywhere[w] / len(texts))), w) for w, c in counts.items() if c >= k]
        found.append(", ".join(word for _, word in sorted(kept, reverse=True)[:TOPIC_WORDS]))
    return found


def _map(t: Side, s: Side, h: Side, k: int, rng: np.random.Generator) -> Cloud | None:
    return cloud_of(t.points, s.points, h.points, k, rng)
