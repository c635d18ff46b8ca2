"""Text columns → TextProfile: language, lengths, vocabulary, repeated texts, identifiers inside. Nothing that fewer than five texts hold."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.facts import TextProfile
from smartsynth.metrics.minhash import NearTexts
from smartsynth.metrics.text import words_of
from smartsynth.privacy.identifiers import HIPAA_CLASSES
from smartsynth.privacy.texts import inside
from smartsynth.schema import JSON_OBJECT, Column, Kind, Schema
from smartsynth.texts import flat, has_parts, parts_of

MOST_TEXTS, MOST_READ = 20_000, 2_000
"""Texts that are counted, and those of them whose language and near twins are looked for."""
MIN_TEXTS = 5
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
LANGUAGES = 3


def text_profiles(frame: pd.DataFrame, schema: Schema) -> tuple[TextProfile, ...]:
    """Every text column that has enough texts."""
    found = (text_profile(column, frame[column.name]) for column in schema if column.kind is Kind.TEXT)
    return tuple(one for one in found if one is not None)


def text_profile(column: Column, cells: pd.Series[Any]) -> TextProfile | None:
    """One text column; None if it has fewer than five texts."""
    known = cells.dropna()
    rng = np.random.default_rng(0)
    known = known.iloc[np.sort(rng.permutation(len(known))[:MOST_TEXTS])]
    texts = [flat(column, str(cell)) for cell in known]
    if len(texts) < MIN_TEXTS:
        return None
    words = [words_of(text) for text in texts]
    holders = Counter(word for some in words for word in set(some))
    lengths = np.array([len(some) for some in words])
    read = [texts[i] for i in rng.permutation(len(texts))[:MOST_READ]]
    letters, share = inside(read)
    parts = [len(parts_of(column, str(cell))) for cell in known] if has_parts(column) else []
    return TextProfile(
        name=column.name,
        texts=len(texts),
        form=str(column.semantic) if has_parts(column) or column.semantic == JSON_OBJECT else "text",
        words={name: float(np.quantile(lengths, at)) for name, at in QUANTILES.items()},
        parts={name: float(np.quantile(parts, at)) for name, at in QUANTILES.items()} if parts else {},
        vocabulary=len(holders),
        common=sum(count >= MIN_TEXTS for count in holders.values()),
        repeated=float(1 - len(set(map(tuple, words))) / len(words)),
        near=_near(read),
        languages=languages(read),
        identifiers={HIPAA_CLASSES[letter]: share for letter in letters},
    )


def _near(texts: Sequence[str]) -> float:
    """Share of texts that are nearly the same as one before them."""
    known, hits = NearTexts([]), 0
    for text in texts:
        hits += int(known.nearest([text])[0][0] >= 0)
        known.add([text])
    return hits / len(texts)


def languages(texts: Sequence[str]) -> dict[str, float] | None:
    """Shares of the commonest languages by their ISO 639 codes; None if `py3langid` is not installed.

    Lui & Baldwin (2012), "langid.py".
    """
    if importlib.util.find_spec("py3langid") is None:
        return None
    import py3langid

    counts = Counter(str(py3langid.classify(text)[0]) for text in texts if words_of(text))
    total = max(counts.total(), 1)
    return {code: n / total for code, n in counts.most_common(LANGUAGES) if n >= MIN_TEXTS and n / total >= 0.01}
