"""Balancing: rows whose values of one column are equally frequent.

A generator that samples under conditions makes the rows of each value on their own (`taking_turns`). With any other they
are taken out of the rows that it makes anyway (`balanced`):

    stream     b1 b0 b0 b1 b0 b0 …      rows of the generator, b its value of the balanced column
    balanced   b0 b1 b0 b1 b0 b1 …      row i has value i mod k, and is the (i div k)-th such row of the stream

Nothing is changed about a row, so what the generator learnt about each value stays as it is: only the mix is another.
The balanced stream depends on the stream alone, so a saved run makes its rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.formats import percent
from smartsynth.metrics.rows import as_text
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.schema import Kind, Schema

Stream = Callable[[int, int], pd.DataFrame]
MOST_VALUES = 20
STEP_ROWS = 8192
MOST_SCANNED_PER_ROW = 1_000
FEWEST_SCANNED = 200_000


@dataclass(frozen=True, slots=True)
class Balance:
    """Which values of which column are made equally often.

    >>> Balance.from_json(Balance("paid", ("no", "yes")).to_json())
    Balance(column='paid', values=('no', 'yes'))
    """

    column: str
    values: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "values": list(self.values)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(str(value["column"]), tuple(map(str, value["values"])))


def balance_of(frame: pd.DataFrame, schema: Schema, column: str, *, k: int) -> Balance:
    """The balance of a column: its values that at least `k` rows have, as text, sorted.

    Raises:
        ConfigError: There is no such column, its values cannot be counted, or fewer than two are frequent enough.
    """
    known = schema[column]
    if known.kind in (Kind.IDENTIFIER, Kind.TEXT, Kind.DATETIME, Kind.DURATION):
        raise ConfigError(
            f"balance={column!r} is a column of the kind {known.kind.value!r}. Name one with few values, such as a class."
        )
    counts = as_text(frame[column]).value_counts()
    if len(counts) > MOST_VALUES:
        raise ConfigError(
            f"balance={column!r} has {len(counts)} different values; at most {MOST_VALUES} can be made equally often. "
            "Name a column with few values, such as a class."
        )
    found = sorted(str(value) for value in counts[counts >= k].index)
    if len(found) < 2:
        raise ConfigError(
            f"balance={column!r} has {len(found)} value that at least {k} rows share; two are needed to balance them."
        )
    return Balance(column, tuple(found))


def taking_turns(stream_of: Callable[[str], Stream], balance: Balance, block: int = BLOCK_ROWS) -> Stream:
    """Rows in which the values of a column take turns, row i being the (i div k)-th of the stream of value i mod k.

    The values' streams take turns block by block too, so that what counts the rows of a stream, as identifiers do, never comes twice.

    Args:
        stream_of: The rows of each value, `start` to `start + n`: `stream_of(value)(start, n)`.
        balance: The column and its values.
        block: Rows that are made together.
    """
    k = len(balance.values)
    streams = [_block_by_block(_every(k, i, stream_of(value), block), block) for i, value in enumerate(balance.values)]

    def rows(start: int, n: int) -> pd.DataFrame:
        first = [_turns(start, k, i) for i in range(k)]
        counts = [_turns(start + n, k, i) - first[i] for i in range(k)]
        made = [stream(at, many) for stream, at, many in zip(streams, first, counts, strict=True) if many]
        turns = [
            (np.arange(at, at + many) * k + i) for i, (at, many) in enumerate(zip(first, counts, strict=True)) if many
        ]
        order = np.argsort(np.concatenate(turns), kind="stable")
        return pd.concat(made, ignore_index=True).iloc[order].reset_index(drop=True)

    return rows


def _every(k: int, i: int, stream: Stream, block: int) -> Stream:
    """Of a stream only every k-th block, from block i on."""

    def rows(start: int, n: int) -> pd.DataFrame:
        made = [stream((b * k + i) * block, block) for b in range(start // block, (start + n) // block)]
        return pd.concat(made, ignore_index=True)

    return rows


def _block_by_block(stream: Stream, block: int) -> Stream:
    """The same stream, read in whole blocks, of which the last one is kept: parts of it may be asked for in turn."""
    kept: dict[int, pd.DataFrame] = {}

    def rows(start: int, n: int) -> pd.DataFrame:
        first, end = start // block, -(-(start + n) // block)
        blocks = {k: kept[k] for k in range(first, end) if k in kept}
        new = next((k for k in range(first, end) if k not in blocks), end)
        if new < end:
            made = stream(new * block, (end - new) * block)
            blocks |= {k: made.iloc[(k - new) * block : (k - new + 1) * block] for k in range(new, end)}
        kept.clear()
        kept[end - 1] = blocks[end - 1]
        whole = pd.concat([blocks[k] for k in range(first, end)], ignore_index=True)
        return whole.iloc[start - first * block :].head(n)

    return rows


def balanced(stream: Stream, balance: Balance) -> Stream:
    """The stream's rows in an order in which the values of a column take turns.

    Args:
        stream: Rows `start` to `start + n`: `stream(start, n)`; fewer where it ends.
        balance: The column and its values.

    Raises:
        ConfigError: While rows are asked for: the stream hardly ever has one of the values, or ends before there are enough.
    """
    return _Balanced(stream, balance)


class _Balanced:
    """Reads the stream forward and hands its rows out by value; asked for earlier rows, it starts over.

    Rows of frequent values that were read on the way to a rare one are kept until it is their turn.
    """

    def __init__(self, stream: Stream, balance: Balance) -> None:
        self._stream, self._column, self._values = stream, balance.column, balance.values
        self._start_over()

    def _start_over(self) -> None:
        self._scanned, self._has_ended = 0, False
        self._given = 0  # rows of the balanced stream that were handed out and are forgotten
        self._seen = np.zeros(len(self._values), np.int64)
        self._kept: list[pd.DataFrame] = []
        self._ranks: list[NDArray[np.int64]] = []  # place of each kept row in the balanced stream

    def __call__(self, start: int, n: int) -> pd.DataFrame:
        if start < self._given:
            self._start_over()
        most = max(FEWEST_SCANNED, MOST_SCANNED_PER_ROW * (start + n))
        wanted = np.array([_turns(start + n, len(self._values), i) for i in range(len(self._values))])
        while (self._seen < wanted).any():
            if self._scanned >= most:
                raise ConfigError(self._too_rare(wanted))
            if self._has_ended:
                raise ConfigError(self._too_few(start + n))
            self._read(STEP_ROWS)
        rows, ranks = pd.concat(self._kept, ignore_index=True), np.concatenate(self._ranks)
        order = np.argsort(ranks, kind="stable")
        order = order[(ranks[order] >= start) & (ranks[order] < start + n)]
        self._forget(rows, ranks, start)
        return rows.iloc[order].reset_index(drop=True)

    def _read(self, n: int) -> None:
        rows = self._stream(self._scanned, n)
        self._has_ended, n = len(rows) < n, len(rows)
        self._scanned += n
        texts = as_text(rows[self._column]).to_numpy()
        ranks = np.full(n, -1, np.int64)
        for i, value in enumerate(self._values):
            mine = np.flatnonzero(texts == value)
            ranks[mine] = (self._seen[i] + np.arange(len(mine))) * len(self._values) + i
            self._seen[i] += len(mine)
        # A frequent value runs ahead of a rare one; of what lies too far ahead nothing is kept but the count.
        self._kept.append(rows[ranks >= 0])
        self._ranks.append(ranks[ranks >= 0])

    def _forget(self, rows: pd.DataFrame, ranks: NDArray[np.int64], start: int) -> None:
        """Keep only the rows from `start` on."""
        ahead = ranks >= start
        self._kept, self._ranks, self._given = [rows[ahead]], [ranks[ahead]], start

    def _too_few(self, n: int) -> str:
        most = len(self._values) * int(self._seen.min())
        return (
            f"balance={self._column!r}: {n:,} rows are asked for, and the rules let {self._scanned:,} rows differ, of which {most:,} can "
            "take turns. Ask for fewer rows, or leave balance or the rule out."
        )

    def _too_rare(self, wanted: NDArray[np.int64]) -> str:
        worst = int(np.argmin(self._seen / np.maximum(wanted, 1)))
        share = percent(float(self._seen[worst]) / self._scanned)
        return (
            f"balance={self._column!r}: only {share} of the {self._scanned:,} rows made so far have the value "
            f"{self._values[worst]!r}, too few to make it as often as the others. Ask for fewer rows, or leave balance out."
        )


def _turns(n: int, k: int, i: int) -> int:
    """How often value i of k comes up in the first n rows.

    >>> [_turns(5, 2, i) for i in range(2)]
    [3, 2]
    """
    return (n - i + k - 1) // k
