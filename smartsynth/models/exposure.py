"""What a generator of texts remembers: secrets are planted, and its model is asked how well it knows them.

A canary is a sentence that ends in digits drawn by chance. A coin decides whether it is learnt from. Its exposure is

    log2 (number of secrets of the same form) - log2 (rank of the canary by the model's probability)

among a sample of secrets that were never there (Carlini et al. 2019, "The Secret Sharer"). A canary that was not learnt has an exposure
of 1 / ln 2 = 1.44 bits on average, which is the yardstick: those that the coin left out have it. The coins are also guessed from the
probabilities, which gives a lower bound of ε (canaries.py). Whoever has the synthetic texts alone knows less than this attack does; what
they can see is whether the digits of a canary stand in one of them.

It measures the generator and its settings on these data, in a run of its own whose texts are thrown away.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import DataError
from smartsynth.models.tuned_generator import TunedGenerator
from smartsynth.privacy.canaries import bound
from smartsynth.schema import Column, Kind, Schema
from smartsynth.texts import has_parts

CANARIES = 40
OTHERS = 1_000
"""Secrets of the same form that were never learnt; a canary that the model knows better than all of them has about 10 bits."""
DIGITS = 8
SENTENCE = "the secret code of my account is {}"
ASKED = 500


@dataclass(frozen=True, slots=True)
class Exposure:
    """How well planted secrets are known.

    Args:
        learnt: Mean exposure of the canaries that were learnt from, in bits.
        unseen: The same of those that were not: the yardstick.
        highest: The largest one of a learnt canary.
        most: What can be seen at most.
        written: Learnt canaries whose digits stand in a synthetic text.
        canaries: Canaries that were learnt from.
        epsilon: Lower bound of ε for one row at 95 % confidence, by guessing which canaries were learnt from; 0 if nothing was found, NaN
            if each was planted several times.
    """

    learnt: float
    unseen: float
    highest: float
    most: float
    written: int
    canaries: int
    epsilon: float

    def sentence(self) -> str:
        """The finding in words."""
        return (
            f"{self.canaries} planted secrets are exposed by {self.learnt:.2f} bits on average, unseen ones by {self.unseen:.2f} (at most "
            f"{self.most:.1f} could be seen); {self.written} stand in synthetic texts{'' if math.isnan(self.epsilon) else f'; ε is at least {self.epsilon:.2g}'}."
        )


def exposure(
    fit: Callable[[pd.DataFrame], TunedGenerator], train: pd.DataFrame, schema: Schema, *, seed: int, n: int = CANARIES, times: int = 1, asked: int = ASKED,
) -> Exposure:  # fmt: skip
    """Plant secrets, learn, and look how well they are known.

    Args:
        fit: Learns rows and returns the generator.
        train: Real rows.
        schema: Their columns; the canaries stand in the first text column.
        seed: Decides the secrets and the coins.
        n: Canaries, about half of which are learnt from.
        asked: Synthetic rows that are searched for the secrets.
        times: How often each of these is planted; with differential privacy for one row a secret is protected once.

    Raises:
        DataError: No column holds plain texts.
    """
    rng = np.random.default_rng([seed, 0x5EC7])
    column = _plain(schema)
    form = train.iloc[[int(rng.integers(len(train)))]]
    secrets = _secrets(n + OTHERS, rng)
    rows = _rows(form, column, secrets)
    inside = rng.random(n) < 0.5
    planted = pd.concat([train, *[rows[:n][inside]] * times], ignore_index=True)
    model = fit(planted.iloc[rng.permutation(len(planted))].reset_index(drop=True))
    known = model.log_probabilities(rows)
    bits = exposures(known[:n], known[n:])
    made = "\n".join(model.sample(asked, seed=seed)[column.name].dropna().astype(str)) if asked else ""
    digits = re.sub(r"[^0-9\n]", "", made)
    written = sum(secret in digits for secret, is_in in zip(secrets, inside, strict=False) if is_in)
    return Exposure(
        float(bits[inside].mean()), float(bits[~inside].mean()), float(bits[inside].max()), float(np.log2(OTHERS + 1)), written,
        int(inside.sum()), bound(-known[:n], inside) if times == 1 else math.nan,
    )  # fmt: skip


def exposures(canaries: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits by which each canary is exposed among other secrets.

    Args:
        canaries: Log probabilities of secrets that may have been learnt.
        others: Those of secrets that were not.

    >>> exposures(np.array([-1.0, -9.0]), np.array([-3.0, -4.0, -5.0])).tolist()
    [2.0, 0.0]
    """
    rank = 1 + (others[None, :] > canaries[:, None]).sum(axis=1)
    return np.asarray(np.log2(len(others) + 1) - np.log2(rank))


def _plain(schema: Schema) -> Column:
    for column in schema:
        if column.kind is Kind.TEXT and not has_parts(column) and column.semantic is None:
            return column
    raise DataError("Secrets are planted in a column of plain texts, and there is none.")


def _secrets(n: int, rng: np.random.Generator) -> list[str]:
    """Different secrets."""
    found: dict[str, None] = {}
    while len(found) < n:
        found["".join(rng.choice(list("0123456789"), DIGITS))] = None
    return list(found)


def _rows(form: pd.DataFrame, column: Column, secrets: list[str]) -> pd.DataFrame:
    """A row for each secret, all else as in `form`."""
    rows = pd.concat([form] * len(secrets), ignore_index=True)
    spelt = [SENTENCE.format(" ".join(re.findall("..", secret))) for secret in secrets]
    return with_columns(rows, {column.name: pd.Series(spelt, dtype=rows[column.name].dtype)})
