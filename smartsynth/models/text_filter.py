"""The privacy filter for texts: what repeats a real one is not released.

A row is dropped if one of its texts

1. copies: it is a real text, or shares a run of 13 words with one (of 8 where texts are short), or holds a number, an address or a name
   of a file or an account that only real texts hold; unless `k` or more real rows do: what many say is nobody's secret
2. is too close: it shares four fifths of its letters, in runs of five, with a real text
3. is a twin: the same holds of a text that was released before it

or if it was drawn as a decoy, as rows of tables are (privacy_filter.py), where everything is said about why there are decoys and why
training and holdout rows are treated alike. Columns besides the texts are judged as rows of a table, if there are several.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import PrivacyError
from smartsynth.facts import FilterSummary
from smartsynth.formats import percent
from smartsynth.metrics.minhash import NEAR, NearTexts
from smartsynth.metrics.text import ngrams, run_length, words_of
from smartsynth.models.privacy_filter import MOST_REMOVED, PrivacyFilter, Reason, affordable_decoys
from smartsynth.models.text_generator import WRITE_BLOCK
from smartsynth.progress import Progress, silent
from smartsynth.schema import Kind, Schema
from smartsynth.texts import flat

YARDSTICK_TEXTS = 2_000
ROW_COLUMNS = 3
"""Modelled columns from which on the rest of a row is judged as a row of a table."""
_TELLING = re.compile(r"\S*@\S+|(?:https?://|www\.)\S+|\b(?=(?:\w*\d){4})[\w./:-]{4,}\b")
"""Addresses, links, and words with four digits or more."""


class TextFilter(PrivacyFilter):
    """Decides which texts may be released. Holds real texts in memory and is never saved."""

    block: ClassVar[int] = WRITE_BLOCK

    def fit(
        self,
        train: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Learn what real texts say word for word, and how much unseen ones share with them; see `PrivacyFilter.fit`."""
        began = time.perf_counter()
        self._texts = [c for c in schema if c.kind is Kind.TEXT]
        real = train if holdout is None else pd.concat([train, holdout], ignore_index=True)
        rest = Schema(tuple(c for c in schema if c.is_modelled))
        self._table = None
        if len(rest) >= ROW_COLUMNS:
            self._table = PrivacyFilter(self.config).fit(train, holdout, rest, seed=seed)
        self._known = [_Known([*self._flat(real, c.name)], self.config.k) for c in self._texts]
        (progress or silent)(0.7, "Looked at the real texts")
        self.expected = self._by_chance(train, holdout, seed)
        self.decoys = min(self.config.decoys, affordable_decoys(self.expected))
        joined = "\x00".join(sorted(text for c in self._texts for text in self._flat(real, c.name)))
        self._secret = hashlib.blake2b(joined.encode(), person=b"smartsynth-decoy").digest()
        self._released: list[NearTexts] = [NearTexts([]) for _ in self._texts]
        self._counts = np.zeros(len(Reason), np.int64)
        self._seconds = time.perf_counter() - began
        (progress or silent)(1.0, "Measured what real texts share")
        return self

    def summary(self) -> FilterSummary:
        """What the filter looked at and dropped since it was fitted."""
        n = " and ".join(sorted({str(known.run) for known in self._known}))
        return FilterSummary(
            checked=int(self._counts.sum()), exact_copies=int(self._counts[Reason.COPY]), too_close=int(self._counts[Reason.TOO_CLOSE]),
            decoys=int(self._counts[Reason.DECOY]), threshold=NEAR,
            threshold_source=(
                f"A text repeats a real one if both have a run of {n} words, or a telling number or address, that fewer than "
                f"{self.config.k} real rows have, or if they share {percent(NEAR)} of their letters in runs of five."
            ),
            seconds=self._seconds,
            notes=(f"{percent(self.expected)} of unseen real rows repeat a training row in this sense, by chance.",),
        )  # fmt: skip

    def _judge(self, rows: pd.DataFrame, start: int, progress: Progress | None) -> NDArray[np.int8]:
        began = time.perf_counter()
        reasons = np.zeros(len(rows), np.int8)
        if self._table is not None:
            reasons = self._table._judge(rows, start, None)
            reasons[reasons == Reason.DECOY] = Reason.KEPT
        texts = [list(self._flat(rows, c.name, gaps=True)) for c in self._texts]
        for known, some in zip(self._known, texts, strict=True):
            found = known.reasons(some)
            reasons = np.where(reasons == Reason.KEPT, found, reasons).astype(np.int8)
        reasons[self._twins(texts) & (reasons == Reason.KEPT)] = Reason.TOO_CLOSE
        keys = np.array([_key("\x00".join(row)) for row in zip(*texts, strict=True)], np.uint64)
        reasons[self._drawn(keys, reasons, np.ones(len(rows), bool), start)] = Reason.DECOY
        for near, some in zip(self._released, texts, strict=True):
            near.add([text for text, reason in zip(some, reasons, strict=True) if reason == Reason.KEPT])
        self._seconds += time.perf_counter() - began
        return reasons

    def _twins(self, texts: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """Rows whose texts are all nearly the same as those of one released row, or of a row before them."""
        alike = []
        for near, some in zip(self._released, texts, strict=True):
            before = near.nearest(some)[0] >= 0
            own = NearTexts([])
            for i, text in enumerate(some):
                before[i] = before[i] or bool(own.nearest([text])[0][0] >= 0)
                own.add([text])
            alike.append(before)
        return np.asarray(np.logical_and.reduce(alike), np.bool_)

    def _flat(self, frame: pd.DataFrame, name: str, *, gaps: bool = False) -> Iterable[str]:
        column = next(c for c in self._texts if c.name == name)
        for cell in frame[name]:
            if not pd.isna(cell):
                yield flat(column, str(cell))
            elif gaps:
                yield ""

    def _by_chance(self, train: pd.DataFrame, holdout: pd.DataFrame | None, seed: int) -> float:
        """Share of unseen real rows that repeat a training row."""
        rng = np.random.default_rng([seed, 0x7EF])
        if holdout is None:
            order = rng.permutation(len(train))
            train, holdout = train.iloc[order[len(order) // 5 :]], train.iloc[order[: len(order) // 5]]
        some = holdout.iloc[rng.permutation(len(holdout))[:YARDSTICK_TEXTS]]
        hit = np.zeros(len(some), bool)
        for column in self._texts:
            known = _Known([*self._flat(train, column.name)], self.config.k)
            hit |= known.reasons(list(self._flat(some, column.name, gaps=True))) != Reason.KEPT
        return float(hit.mean()) if len(some) else 0.0

    def _check_enough_left(self, looked_at: NDArray[np.int64]) -> None:
        kept, checked = int(looked_at[Reason.KEPT]), int(looked_at.sum())
        if kept < (1 - MOST_REMOVED) * checked:
            raise PrivacyError(
                f"The privacy filter removed {checked - kept:,} of {checked:,} rows, more than half: "
                f"{int(looked_at[Reason.COPY]):,} repeat a real text, {int(looked_at[Reason.TOO_CLOSE]):,} are nearly the same as a real "
                f"one or as each other, {int(looked_at[Reason.DECOY]):,} were drawn as decoys; of unseen real rows {percent(self.expected)} "
                "repeat another by chance. Learn for fewer epochs, write more freely (temperature), or set privacy.filter=false if "
                "the texts are no secret."
            )


class _Known:
    """What the real texts of a column say word for word.

    Args:
        texts: The real ones.
        k: What so many of them have in common is nobody's.
    """

    def __init__(self, texts: Sequence[str], k: int) -> None:
        self.run = run_length(texts)
        self._rare = _rare((self._pieces(text) for text in texts), k)
        counts = Counter(_plain(text) for text in texts)
        alone = [text for text in dict.fromkeys(texts) if counts[_plain(text)] < k]
        self._near = NearTexts(alone)

    def _pieces(self, text: str) -> set[int]:
        """Hashes of the whole text, of its runs of words, and of its telling words."""
        found = {_key(" ".join(run)) for run in ngrams(words_of(text), self.run)}
        return found | {_key(_plain(text))} | {_key(word.lower()) for word in _TELLING.findall(text)}

    def reasons(self, texts: Sequence[str]) -> NDArray[np.int8]:
        """Why each text may not be released."""
        reasons = np.zeros(len(texts), np.int8)
        reasons[self._near.nearest(texts)[0] >= 0] = Reason.TOO_CLOSE
        reasons[[bool(self._pieces(text) & self._rare) for text in texts]] = Reason.COPY
        reasons[[not words_of(text) for text in texts]] = Reason.KEPT
        return reasons


def _rare(pieces: Iterable[set[int]], k: int) -> set[int]:
    """Pieces that fewer than `k` texts have."""
    counts: Counter[int] = Counter()
    for some in pieces:
        counts.update(some)
    return {piece for piece, count in counts.items() if count < k}


def _plain(text: str) -> str:
    return " ".join(words_of(text))


def _key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")
