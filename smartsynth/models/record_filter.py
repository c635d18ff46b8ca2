"""The privacy filter for time series: whole entities are released or dropped, never single rows.

    RecordFilter    entities as rows of a record table (sequences.py), judged as the privacy filter judges rows
    WindowFilter    windows of one plain series: nearer to a real window than real ones of other times are

A record table does not hold every cell of an entity, so two entities that agree in all of it count as copies although their rows
may differ. That errs on the safe side.
"""

from __future__ import annotations

import time
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from smartsynth.errors import PrivacyError
from smartsynth.facts import FilterSummary
from smartsynth.models.privacy_filter import MOST_REMOVED, PrivacyFilter, Reason
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.privacy.yardstick import TOO_CLOSE
from smartsynth.progress import Progress, silent
from smartsynth.schema import Schema
from smartsynth.sequences import TIMES, Panel, record_table, windows_of

MOST_WINDOWS = 50_000
LEAST_SPREAD = 1e-12


class RecordFilter(PrivacyFilter):
    """Decides which synthetic entities may be released. Holds real entities in memory and is never saved."""

    def fit(
        self,
        train: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Learn where the real entities are and how near they are to each other; see `PrivacyFilter.fit`."""
        self._rows = schema
        table, columns = record_table(Panel.of(train, schema))
        self._columns = columns
        other = None if holdout is None else self._table(holdout)
        return super().fit(table, other, columns, seed=seed, progress=progress)

    def _judge(self, rows: pd.DataFrame, start: int, progress: Progress | None) -> NDArray[np.int8]:
        return super()._judge(self._table(rows), start, progress)

    def _table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """One row per entity, with the columns of the training table."""
        return record_table(Panel.of(rows, self._rows), self._columns)[0]


class WindowFilter(PrivacyFilter):
    """Decides which windows of a plain series may be released. Holds real windows in memory and is never saved.

    A series is of nobody in particular, so there are no decoys: a window is dropped if it lies nearer to a training window, at any
    offset, than TOO_CLOSE of the real windows that were kept aside do.
    """

    def fit(
        self,
        train: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Learn where the training windows are, and how near windows of other times lie to them."""
        self._rows = schema
        self._numbers = [c for c in schema.channels if c.kind in TIMES]
        known = np.ma.masked_invalid(self._cells(train))
        self._centre = known.mean(axis=0).filled(0.0)
        self._spread = np.maximum(known.std(axis=0).filled(1.0), LEAST_SPREAD)
        self.length, self._limit = 0, 0.0
        self._train, self._holdout = train, holdout
        self._rng = np.random.default_rng([seed, 0xF117])
        self._counts = np.zeros(len(Reason), np.int64)
        self._seconds = 0.0
        (progress or silent)(1.0, "Looked at the real windows")
        return self

    def summary(self) -> FilterSummary:
        """What the filter looked at and dropped since it was fitted."""
        return FilterSummary(
            checked=int(self._counts.sum()), exact_copies=int(self._counts[Reason.COPY]),
            too_close=int(self._counts[Reason.TOO_CLOSE]), decoys=0, threshold=self._limit,
            threshold_source=(
                f"Set so that {TOO_CLOSE:.1%} of the windows that were kept aside lie nearer to a training window, in standard "
                "deviations of the channels."
            ),
            seconds=self._seconds,
        )  # fmt: skip

    def _judge(self, rows: pd.DataFrame, start: int, progress: Progress | None) -> NDArray[np.int8]:
        began, panel = time.perf_counter(), Panel.of(rows, self._rows)
        reasons = np.zeros(len(panel), np.int8)
        if not self._numbers:
            return reasons
        if not self.length:
            self._measure(int(panel.lengths[0]))
        distance = self._tree.query(self._windows(panel))[0]
        reasons[distance < self._limit] = Reason.TOO_CLOSE
        reasons[distance == 0] = Reason.COPY
        self._seconds += time.perf_counter() - began
        return reasons

    def _measure(self, length: int) -> None:
        """The training windows of this length, and how near to them others lie."""
        self.length = length
        known = self._windows(Panel.of(self._train, self._rows))
        self._tree = cKDTree(known[self._rng.permutation(len(known))[:MOST_WINDOWS]])
        if self._holdout is not None and len(fresh := self._windows(Panel.of(self._holdout, self._rows))):
            self._limit = float(np.quantile(self._tree.query(fresh)[0], TOO_CLOSE))

    def _windows(self, panel: Panel) -> NDArray[np.float64]:
        starts = windows_of(panel, self.length)
        cells = np.nan_to_num((self._cells(panel.frame) - self._centre) / self._spread)
        return np.asarray(
            cells[starts[:, None] + np.arange(self.length)].reshape(len(starts), self.length * cells.shape[1])
        )

    def _cells(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        return np.array([to_numbers(frame[c.name], c) for c in self._numbers], np.float64).reshape(-1, len(frame)).T

    def _check_enough_left(self, looked_at: NDArray[np.int64]) -> None:
        kept, checked = int(looked_at[Reason.KEPT]), int(looked_at.sum())
        if kept < (1 - MOST_REMOVED) * checked:
            raise PrivacyError(
                f"The privacy filter removed {checked - kept:,} of {checked:,} windows, more than half, because they lie nearer to "
                "the series than other times of it do: the generator repeats what it learnt. Use a longer series or another "
                "generator, or set privacy.filter=false if the series is no secret."
            )
