"""Making a table k-anonymous, l-diverse and t-close on its quasi-identifiers.

The rows are cut in two, again and again, along the quasi-identifier that varies most among them, as long as both parts
hold at least k rows and are as diverse and as close to the table as is asked (Mondrian, LeFevre, DeWitt & Ramakrishnan
2006). Numbers and dates are cut at their median, categories into the most frequent one and the others. The rows of a part
that is cut no further get the same quasi-identifiers: the middle number or date, the category if it is one, else `other`
(missing where the column holds no text). So every row stays, and only as much detail goes as a part needs.

It looks at the rows that it is given and at nothing else: on synthetic rows it costs no privacy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.facts import Recoding
from smartsynth.privacy.anonymity import classes, closeness, distinct
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Kind, Schema

OTHER = "other"
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a table.

    Args:
        k: Fewest rows of a class of equal quasi-identifiers.
        quasi_identifiers: The columns that make classes.
        sensitive: Columns that a class must not give away.
        l: Fewest distinct values of each sensitive column in a class; 1 asks for nothing.
        t: Most distance of a sensitive column's distribution in a class from that in the table; 1 asks for nothing.
    """

    k: int
    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    l: int = 1  # noqa: E741  (its name in the literature)
    t: float = 1.0


def recoded(frame: pd.DataFrame, schema: Schema, wanted: Wanted) -> tuple[pd.DataFrame, Recoding]:
    """The table, k-anonymous and as diverse as wanted, and what that took.

    Raises:
        ConfigError: There is no quasi-identifier, or diversity is asked for without a sensitive column.
        PrivacyError: The whole table as one class is not what was asked for.
    """
    _check(wanted)
    cells = [_Cells.of(frame[name], schema, name) for name in wanted.quasi_identifiers]
    secrets = [_Secret.of(frame[name]) for name in wanted.sensitive]
    whole = np.arange(len(frame))
    if not _allowed(whole, wanted, secrets):
        raise PrivacyError(
            f"privacy.k_anonymity={wanted.k}: even {len(frame)} rows that share all quasi-identifiers are not what is asked "
            "for. Ask for less, or make more rows."
        )
    made: dict[str, pd.Series[Any]] = {}
    parts = _parts(whole, cells, secrets, wanted)
    changed = []
    for one in cells:
        made[one.name] = one.shared(frame[one.name], parts)
        share = float((_text(made[one.name]) != _text(frame[one.name])).mean())
        if share:
            changed.append((one.name, share))
    out = with_columns(frame, made)
    return out, _summary(out, wanted, dict(changed))


def _check(wanted: Wanted) -> None:
    if not wanted.quasi_identifiers:
        raise ConfigError(
            f"privacy.k_anonymity={wanted.k} needs quasi-identifiers, and none was recognised. Name them in "
            "privacy.quasi_identifiers."
        )
    if (wanted.l > 1 or wanted.t < 1) and not wanted.sensitive:
        raise ConfigError(
            "privacy.l_diversity and privacy.t_closeness need a sensitive column, and none was recognised. Give one the role "
            "with columns.NAME.role=sensitive."
        )


def _text(cells: pd.Series[Any]) -> pd.Series[Any]:
    return cells.astype(object).where(cells.notna(), None).map(str)


@dataclass(frozen=True, slots=True)
class _Cells:
    """A quasi-identifier: a number for each row (a rank of a category), and how far apart they are."""

    name: str
    values: NDArray[np.float64]
    spread: float
    is_ordered: bool

    @classmethod
    def of(cls, series: pd.Series[Any], schema: Schema, name: str) -> _Cells:
        column = schema[name]
        if column.kind in (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION):
            values = to_numbers(series, column)
            known = values[np.isfinite(values)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            values = np.where(
                np.isfinite(values), values, low - 0.5 * (high - low) - 1
            )  # missing cells are a value of their own
            return cls(name, values, high - low or 1.0, True)
        codes = pd.factorize(series, use_na_sentinel=False)[0].astype(float)
        return cls(name, codes, float(len(np.unique(codes))), False)

    def width(self, rows: Rows) -> float:
        """How much the rows vary, 0 to 1."""
        values = self.values[rows]
        return float(np.ptp(values)) / self.spread if self.is_ordered else (len(np.unique(values)) - 1) / self.spread

    def cut(self, rows: Rows) -> tuple[Rows, Rows]:
        """Two parts, of which one is empty where all values are the same."""
        values = self.values[rows]
        if self.is_ordered:
            middle = np.median(values)
            below = values < middle if (values < middle).sum() > (values > middle).sum() else values <= middle
        else:
            codes, counts = np.unique(values, return_counts=True)
            below = values == codes[np.argmax(counts)]
        return rows[below], rows[~below]

    def shared(self, series: pd.Series[Any], parts: list[Rows]) -> pd.Series[Any]:
        """One value for each part: the lower of its middle ones, or `other`."""
        source = np.empty(len(series), np.int64)
        mixed = np.zeros(len(series), bool)
        for rows in parts:
            order = rows[np.argsort(self.values[rows], kind="stable")]
            source[rows] = order[(len(order) - 1) // 2]
            mixed[rows] = not self.is_ordered and self.values[order[0]] != self.values[order[-1]]
        made: pd.Series[Any] = series.iloc[source].set_axis(series.index)
        return _pooled(made, mixed) if mixed.any() else made


def _pooled(cells: pd.Series[Any], mixed: NDArray[np.bool_]) -> pd.Series[Any]:
    kind = str(cells.dtype.kind)
    if all(isinstance(value, str) for value in cells.dropna().unique()):
        if isinstance(cells.dtype, pd.CategoricalDtype) and OTHER not in cells.cat.categories:
            cells = cells.cat.add_categories([OTHER])
        return cells.mask(mixed, OTHER)
    roomy: Any = {"b": "boolean", "i": "Int64", "u": "Int64"}.get(kind, cells.dtype)
    return cells.astype(roomy).mask(mixed)


@dataclass(frozen=True, slots=True)
class _Secret:
    """A sensitive column: a code for each row, how often each occurs in the table, whether codes have an order."""

    codes: NDArray[np.int64]
    shares: NDArray[np.float64]
    is_ordered: bool

    @classmethod
    def of(cls, series: pd.Series[Any]) -> _Secret:
        is_ordered = pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_datetime64_any_dtype(series.dtype)
        if is_ordered:
            codes = pd.factorize(series.rank(method="dense").fillna(0), sort=True)[0].astype(np.int64)
        else:
            codes = pd.factorize(series, use_na_sentinel=False)[0].astype(np.int64)
        return cls(codes, np.bincount(codes) / max(len(codes), 1), is_ordered)

    def allows(self, rows: Rows, wanted: Wanted) -> bool:
        held = np.bincount(self.codes[rows], minlength=len(self.shares))
        if (held > 0).sum() < wanted.l:
            return False
        gap = held / len(rows) - self.shares
        if self.is_ordered:
            return bool(np.abs(np.cumsum(gap)).sum() / max(len(gap) - 1, 1) <= wanted.t)
        return bool(np.abs(gap).sum() / 2 <= wanted.t)


def _allowed(rows: Rows, wanted: Wanted, secrets: list[_Secret]) -> bool:
    return len(rows) >= wanted.k and all(secret.allows(rows, wanted) for secret in secrets)


def _parts(whole: Rows, cells: list[_Cells], secrets: list[_Secret], wanted: Wanted) -> list[Rows]:
    """Parts that cannot be cut further."""
    waiting, done = [whole], []
    while waiting:
        rows = waiting.pop()
        for one in sorted(cells, key=lambda one: -one.width(rows)):
            halves = one.cut(rows)
            if all(_allowed(half, wanted, secrets) for half in halves):
                waiting += halves
                break
        else:
            done.append(rows)
    return done


def _summary(frame: pd.DataFrame, wanted: Wanted, changed: dict[str, float]) -> Recoding:
    of = classes(frame, wanted.quasi_identifiers)
    return Recoding(
        quasi_identifiers=wanted.quasi_identifiers,
        k=int(np.bincount(of).min()),
        classes=int(of.max()) + 1,
        diversity={name: int(distinct(of, frame[name]).min()) for name in wanted.sensitive},
        closeness={name: float(closeness(of, frame[name]).max()) for name in wanted.sensitive},
        changed=changed,
        rows=len(frame),
    )
