"""Drops synthetic rows that lie too near to a real person, and hides which ones it dropped.

    PrivacyFilter.fit(train, holdout)     how near real rows are to each other: the yardstick
      .keep(rows)                         which rows may be released, and why the others may not
      .summary()                          how many were dropped, and why
    filtered(stream, n, filter)           n rows of a generator's endless stream that may be released, and their Release
    replay(stream, release)               the same rows again, without the real data

A row is dropped if

1. copy: it equals a real row that fewer than k people share. What k or more share is nobody's secret.
2. too close: it singles out one real row: it is nearer to it than real rows are to each other (privacy/yardstick.py).
3. decoy: it was drawn from the rows that passed and that no crowd shares; `decoys` of them for each row under 1 and 2.

Why training and holdout rows are treated alike: a filter that avoided only the training rows would make the synthetic
rows lie farther from them than from the holdout. That difference would hide a leak from every test that compares the
two, and would itself tell who was in the training data. So both are the real rows that nobody may come too near to,
and each measures how near real rows naturally are: the limits come from every real row's distance to the others. This
uses all rows, needs no further split, and works in the same way without a holdout, on the training rows alone.

Why decoys: whoever has the model, the seed and the released rows can make the stream again and see which rows are
missing. Without decoys each missing row would say: somebody real is here. With four decoys it says so with a chance of
one in five. The draw is a keyed pseudo-random function of the row's values. Its key is a hash of the real rows; it is
never stored and cannot be computed from the seed. It depends neither on the seed nor on the place in the stream, so
that a combination of values that is dropped once is dropped again: who compares many runs, or looks for combinations
that never appear, finds the decoys still mixed with the others. In a Release both are one list.

This is a safeguard, not a proof. A row is taken for a person: somebody with k near-identical rows passes for a crowd.
For differential privacy the filter must be off, because it looks at the real rows again (Ganev & De Cristofaro 2023).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from smartsynth.config import PrivacyConfig
from smartsynth.errors import ConfigError, ModelFormatError, NotFittedError, PrivacyError
from smartsynth.facts import FilterSummary
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.privacy.neighbours import MixedDistance, Neighbours, matches
from smartsynth.privacy.yardstick import TOO_CLOSE, is_copy, measured, too_close
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

Stream = Callable[[int, int], pd.DataFrame]
"""Rows `start` to `start + n` of a generator's stream: `stream(start, n)`; of a time series, entities with all their rows."""
Take = Callable[[pd.DataFrame, "NDArray[np.int64]"], pd.DataFrame]
"""Some records of a stream's rows, by their places."""

YARDSTICK_ROWS = 20_000
"""Real rows that the limits are measured on; a hundred of them are in the tail that sets the limits."""
MOST_REMOVED = 0.5
MOST_EXPECTED = 1 / 3
"""Fewer decoys are drawn where chance alone would make the filter remove more than this."""
DECOY_BLOCK = 1024
"""Decoys come from the same block of the stream, so that they do not depend on how many rows are made."""
_MOST_ROWS_PER_STEP = 8 * BLOCK_ROWS


class Reason(IntEnum):
    """Why a row was kept or dropped."""

    KEPT = 0
    COPY = 1
    TOO_CLOSE = 2
    DECOY = 3


class PrivacyFilter:
    """Decides which synthetic rows may be released. Holds real rows in memory and is never saved."""

    block: ClassVar[int] = DECOY_BLOCK
    """Rows that are looked at together."""

    def __init__(self, config: PrivacyConfig | None = None) -> None:
        self.config = config or PrivacyConfig()

    def fit(
        self,
        train: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Learn where the real rows are and how near they are to each other.

        Args:
            train: Rows that a generator learnt from.
            holdout: Rows that it did not learn from; protected in the same way.
            schema: Kinds of the columns.
            seed: Picks the rows that the yardstick is measured on, where there are many.
            progress: Called with the share done; may raise `Cancelled`.
        """
        began = time.perf_counter()
        names = list(schema.names)
        real = train[names] if holdout is None else pd.concat([train[names], holdout[names]], ignore_index=True)
        self._distance = self._distances(real, schema)
        self._keys = self._distance.keys(real)
        self._train_keys = self._keys[: len(train)]
        rows = self._distance.encode(real)
        self._neighbours = Neighbours(rows, k=self.config.k + 1)
        sample = np.random.default_rng([seed, 0xF117]).permutation(len(rows))[:YARDSTICK_ROWS]
        # A row's own distance, 0, comes first; the others are the distances to other real rows.
        distances, _ = self._neighbours.nearest(rows[sample], self.config.k + 1, progress=progress)
        in_train, in_all = self._shared(self._keys[sample])
        copies = is_copy(in_train - (sample < len(train)), in_all - 1, self.config.k)
        self.yardstick = measured(distances[:, 1:], copies, in_all - 1)
        self.decoys = min(self.config.decoys, affordable_decoys(self.yardstick.coincidence))
        self._secret = hashlib.blake2b(np.sort(self._keys).tobytes(), person=b"smartsynth-decoy").digest()
        self._counts = np.zeros(len(Reason), np.int64)
        self._seconds = time.perf_counter() - began
        (progress or silent)(1.0, "Measured how near real rows are to each other")
        return self

    def keep(
        self, rows: pd.DataFrame, *, start: int = 0, progress: Progress | None = None
    ) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """Which rows may be released, and the Reason for each.

        Args:
            rows: Synthetic rows `start` to `start + len(rows)` of a stream.
            start: Their place in the stream; a multiple of DECOY_BLOCK if the stream is looked at in parts.
            progress: Called with the share done; may raise `Cancelled`.
        """
        reasons = self._judge(rows, start, progress)
        self._count(reasons)
        return reasons == Reason.KEPT, reasons

    def summary(self) -> FilterSummary:
        """What the filter looked at and dropped since it was fitted."""
        self._check_fitted()
        return FilterSummary(
            checked=int(self._counts.sum()),
            exact_copies=int(self._counts[Reason.COPY]),
            too_close=int(self._counts[Reason.TOO_CLOSE]),
            decoys=int(self._counts[Reason.DECOY]),
            threshold=self.yardstick.threshold,
            threshold_source=self._source(),
            seconds=self._seconds,
            notes=tuple(self._notes()),
        )

    def _distances(self, real: pd.DataFrame, schema: Schema) -> MixedDistance:
        """What says how far apart records are, and which are the same."""
        return MixedDistance.fit(real, schema)

    def _judge(self, rows: pd.DataFrame, start: int, progress: Progress | None) -> NDArray[np.int8]:
        self._check_fitted()
        began = time.perf_counter()
        reasons = np.zeros(len(rows), np.int8)
        if self._distance.columns:
            keys = self._distance.keys(rows)
            in_train, in_all = self._shared(keys)
            reasons[is_copy(in_train, in_all, self.config.k)] = Reason.COPY
            new = np.flatnonzero(in_all == 0)
            encoded = self._distance.encode(rows.iloc[new])
            distances, _ = self._neighbours.nearest(encoded, self.config.k, progress=progress)
            reasons[new[too_close(distances, self.yardstick)]] = Reason.TOO_CLOSE
            reasons[self._drawn(keys, reasons, in_all == 0, start)] = Reason.DECOY
        self._seconds += time.perf_counter() - began
        return reasons

    def _shared(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of training rows, and of all real rows, that are equal to each row."""
        return matches(keys, self._train_keys), matches(keys, self._keys)

    def _drawn(
        self, keys: NDArray[np.uint64], reasons: NDArray[np.int8], is_new: NDArray[np.bool_], start: int
    ) -> NDArray[np.int64]:
        """The decoys: in each block the new rows whose keyed hash is lowest, `decoys` for each row dropped there."""
        block = (start + np.arange(len(keys))) // self.block - start // self.block
        wanted = self.decoys * np.bincount(block, reasons != Reason.KEPT, minlength=1).astype(np.int64)
        ordinary = np.flatnonzero((reasons == Reason.KEPT) & is_new & (wanted[block] > 0))
        lots = np.fromiter((self._lot(key) for key in keys[ordinary].tolist()), np.uint64, len(ordinary))
        order = np.lexsort((ordinary, lots, block[ordinary]))
        ordinary = ordinary[order]
        first = np.searchsorted(block[ordinary], np.arange(len(wanted)))
        place = np.arange(len(ordinary)) - first[block[ordinary]]
        drawn: NDArray[np.int64] = ordinary[place < wanted[block[ordinary]]]
        return drawn

    def _lot(self, key: int) -> int:
        digest = hashlib.blake2b(key.to_bytes(8, "little"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest, "little")

    def _count(self, reasons: NDArray[np.int8]) -> None:
        self._counts += np.bincount(reasons, minlength=len(Reason))

    def _check_enough_left(self, looked_at: NDArray[np.int64]) -> None:
        """PrivacyError if more than half was removed; `looked_at` counts the rows by Reason."""
        kept, copies, close, decoys = looked_at.tolist()
        checked = int(looked_at.sum())
        if kept >= (1 - MOST_REMOVED) * checked:
            return
        raise PrivacyError(
            f"The privacy filter removed {checked - kept:,} of {checked:,} rows, more than half: {copies:,} copies of "
            f"real rows, {close:,} too close to one, {decoys:,} decoys. {self.yardstick.coincidence:.1%} of real rows "
            "equal a rare other one by chance. If the share of copies is much larger, the generator repeats its "
            "training data: use more rows or another generator. If not, the table has few distinct rows: drop columns "
            "that are not needed, set privacy.decoys=0, or set privacy.filter=false if such rows reveal nobody."
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "_secret"):
            raise NotFittedError("The privacy filter")

    def _source(self) -> str:
        yardstick, k = self.yardstick, self.config.k
        return (
            f"Set so that {TOO_CLOSE:.1%} of {yardstick.rows:,} real rows, training and holdout alike, single out "
            f"another real row: it lies nearer than this and fewer than {k} real rows do, or it lies at less than "
            f"{yardstick.ratio:.2g} of the distance to the {k}th nearest."
        )

    def _notes(self) -> list[str]:
        notes = []
        if not self._distance.columns:
            notes.append("No column is learnt from the data, so no row can be near a real one: nothing was removed.")
        if self.yardstick.coincidence >= TOO_CLOSE:
            notes.append(
                f"{self.yardstick.coincidence:.1%} of real rows equal another real row that fewer than {self.config.k} "
                "share: the table has few distinct rows, or repeats records. Synthetic rows then do the same without "
                "any copying. They were removed all the same, so rare combinations are rarer than in the real data."
            )
        if self.decoys < self.config.decoys:
            notes.append(
                f"{self.decoys} instead of {self.config.decoys} decoys per removed row: with more, even a perfect "
                f"generator would have lost over {MOST_EXPECTED:.0%} of its rows."
            )
        return notes


@dataclass(frozen=True, slots=True)
class Release:
    """Which rows of a generator's stream were released: all up to the last one but those at the skipped positions.

    Args:
        seed: Seed of the stream.
        rows: Number of rows released.
        skipped: Positions in the stream, ascending. Copies, rows too close and decoys are not told apart.

    >>> Release.from_json(Release(1, 3, (2,)).to_json())
    Release(seed=1, rows=3, skipped=(2,))
    """

    seed: int
    rows: int
    skipped: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"seed": self.seed, "rows": self.rows, "skipped": list(self.skipped)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        try:
            release = cls(int(value["seed"]), int(value["rows"]), tuple(int(at) for at in value["skipped"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFormatError("The release of this saved run is damaged. Save the run again.") from error
        if (
            list(release.skipped) != sorted(set(release.skipped))
            or release.rows < 1
            or min(release.skipped, default=0) < 0
        ):
            raise ModelFormatError("The release of this saved run lists impossible positions. Save the run again.")
        return release


def _rows(rows: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
    return rows.iloc[places]


def filtered(
    stream: Stream,
    n: int,
    privacy_filter: PrivacyFilter | None,
    *,
    seed: int,
    take: Take = _rows,
    block: int = DECOY_BLOCK,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, Release]:
    """The first n rows of a stream that may be released, and the record of which they are.

    Args:
        stream: Rows `start` to `start + n` of the stream: `stream(start, n)`.
        n: Number of rows wanted. Fewer are the first of more.
        privacy_filter: Fitted; None releases every row.
        seed: Seed of the stream, for the record.
        take: Takes some records; of a time series `Generator.taken`.
        block: Records that the generator makes at once; it is asked for whole blocks.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        PrivacyError: The filter removed more than half of the rows.
    """
    parts: list[pd.DataFrame] = []
    skipped: list[int] = []
    looked_at = np.zeros(len(Reason), np.int64)
    position = found = 0
    while found < n:
        size = _step(n - found, position, found, block)
        report = part(progress, found / n, min((found + size) / n, 1.0))
        rows = stream(position, size)
        report(0.5, "Checking rows")
        reasons = np.zeros(size, np.int8)
        if privacy_filter is not None:
            reasons = privacy_filter._judge(rows, position, part(report, 0.5, 1.0))
            looked_at += np.bincount(reasons, minlength=len(Reason))
            privacy_filter._check_enough_left(looked_at)
        released = np.flatnonzero(reasons == Reason.KEPT)[: n - found]
        if found + len(released) == n:
            reasons = reasons[: released[-1] + 1]
        if privacy_filter is not None:
            privacy_filter._count(reasons)
        skipped += (position + np.flatnonzero(reasons != Reason.KEPT)).tolist()
        parts.append(take(rows, released))
        position, found = position + size, found + len(released)
    (progress or silent)(1.0, "Checked")
    return _joined(parts), Release(seed, n, tuple(skipped))


def replay(
    stream: Stream,
    release: Release,
    n: int | None = None,
    *,
    take: Take = _rows,
    block: int = DECOY_BLOCK,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The first n rows of a release, made again from the stream of the same model and seed.

    Rows beyond `release.rows` follow in the order of the stream. No filter ever looked at them, and the caller should
    say so.
    """
    n = release.rows if n is None else n
    if n < 1:
        raise ConfigError(f"n={n} must be at least 1.")
    skipped = np.asarray(release.skipped, np.int64)
    parts: list[pd.DataFrame] = []
    position = found = 0
    while found < n:
        size = _step(n - found, position, found, block)
        rows = stream(position, size)
        released = np.flatnonzero(~np.isin(position + np.arange(size), skipped))[: n - found]
        parts.append(take(rows, released))
        position, found = position + size, found + len(released)
        (progress or silent)(found / n, "Sampling")
    return _joined(parts)


def _step(missing: int, position: int, found: int, block: int) -> int:
    """How many rows to look at next: whole blocks, with room for as many removals as there were up to now."""
    rate = found / position if found else 0.97
    size = math.ceil(missing / rate)
    block = min(block, DECOY_BLOCK) if size < BLOCK_ROWS else block
    return min(math.ceil(size / block) * block, _MOST_ROWS_PER_STEP)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [rows for rows in parts if len(rows)]
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0].reset_index(drop=True)


def affordable_decoys(coincidence: float) -> int:
    """Decoys per removed row that keep the removals which chance alone causes under MOST_EXPECTED."""
    return max(math.floor(MOST_EXPECTED / (coincidence + TOO_CLOSE)) - 1, 0)
