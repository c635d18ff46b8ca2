"""Who could be found by what is commonly known about people: k-anonymity, l-diversity, and matches with real people.

Quasi-identifiers are columns that together can name a person although none does alone (age, sex, postcode). Rows with
the same quasi-identifiers form a class.

    k_anonymity(frame, names)                            size of the smallest class and how many rows are alone
    reidentification(train, synthetic, holdout, names)   synthetic rows that point at one real person

k of a synthetic table says little about real people: a synthetic row that is alone need not be like anybody. What
counts is whether it has the quasi-identifiers of exactly one training row, and whether that happens more often than
it does to rows that were never trained on: the holdout is the yardstick.

Numbers are compared exactly, dates by day, text as it is; missing is a value like any other.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from smartsynth.errors import ConfigError, DataError, Problem
from smartsynth.privacy.intervals import wilson
from smartsynth.schema import Role, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Anonymity:
    """How well the rows of one table hide among each other.

    Args:
        quasi_identifiers: The columns that were looked at.
        rows, classes: Numbers of rows and of classes.
        k: Size of the smallest class: the table is k-anonymous (Sweeney 2002).
        unique: Share of the rows that are alone in their class.
        wanted, below: The k that was asked for, and the share of the rows in classes smaller than that.
        diversity: For each sensitive column, the fewest distinct values in one class: the table is l-diverse
            (Machanavajjhala et al. 2007, distinct l-diversity).
    """

    quasi_identifiers: tuple[str, ...]
    rows: int
    classes: int
    k: int
    unique: float
    wanted: int
    below: float
    diversity: Mapping[str, int] = field(default_factory=dict)

    @property
    def diversity_sentences(self) -> list[str]:
        """For people: how few different values of each sensitive column the rows of a class have."""
        return [
            f"Every class has at least {least} {'value' if least == 1 else 'different values'} of {name}."
            for name, least in self.diversity.items()
        ]


@dataclass(frozen=True, slots=True)
class Reidentification:
    """How many rows have the quasi-identifiers of exactly one training row.

    Args:
        quasi_identifiers: The columns that were looked at.
        unique: Share of the training rows that are alone in their class: the people who could be found.
        matched: Number of synthetic rows that match one of them.
        share, interval: The same as a share of the synthetic rows, with its 95 % interval (Wilson 1927).
        reference, reference_interval: The share of the holdout rows that match one of them; NaN without a holdout.
    """

    quasi_identifiers: tuple[str, ...]
    unique: float
    matched: int
    share: float
    interval: tuple[float, float]
    reference: float
    reference_interval: tuple[float, float]


def default_quasi_identifiers(schema: Schema) -> tuple[str, ...]:
    """The columns whose role in the schema is quasi-identifier."""
    return tuple(column.name for column in schema if column.role is Role.QUASI_IDENTIFIER)


def sensitive_columns(schema: Schema) -> tuple[str, ...]:
    """The columns whose role in the schema is sensitive."""
    return tuple(column.name for column in schema if column.role is Role.SENSITIVE)


def k_anonymity(
    frame: pd.DataFrame, quasi_identifiers: Sequence[str], *, wanted: int = 5, sensitive: Sequence[str] = ()
) -> Anonymity:
    """How well the rows of a table hide among rows with the same quasi-identifiers.

    >>> people = pd.DataFrame({"age": [30, 30, 41], "ill": ["yes", "no", "no"]})
    >>> result = k_anonymity(people, ["age"], wanted=2, sensitive=["ill"])
    >>> result.k, round(result.unique, 2), result.diversity
    (1, 0.33, {'ill': 1})
    """
    of = classes(frame, quasi_identifiers)
    sizes = np.bincount(of)
    size_of_row = sizes[of]
    diversity = {}
    for name in sensitive:
        diversity[name] = int(distinct(of, frame[name]).min()) if len(of) else 0
    return Anonymity(
        quasi_identifiers=tuple(quasi_identifiers),
        rows=len(frame),
        classes=len(sizes),
        k=int(sizes.min()) if len(sizes) else 0,
        unique=_share(size_of_row == 1),
        wanted=wanted,
        below=_share(size_of_row < wanted),
        diversity=diversity,
    )


def classes(frame: pd.DataFrame, quasi_identifiers: Sequence[str]) -> NDArray[np.int64]:
    """The class of each row; rows with the same quasi-identifiers are in the same one."""
    return _classes([frame], quasi_identifiers)[0]


def distinct(of: NDArray[np.int64], cells: pd.Series) -> NDArray[np.int64]:
    """For each class, the number of distinct values among its cells (distinct l-diversity)."""
    (values,) = _classes([cells.to_frame("cells")], ["cells"])
    pairs = pd.DataFrame({"class": of, "value": values}).drop_duplicates()
    return np.bincount(pairs["class"], minlength=int(of.max()) + 1 if len(of) else 0)


def closeness(of: NDArray[np.int64], cells: pd.Series) -> NDArray[np.float64]:
    """For each class, how far the distribution of its cells is from that of all (t-closeness, Li et al. 2007).

    The earth mover's distance: of numbers and dates over their ranks, of categories the total variation distance. A
    missing cell is a category of its own, before all numbers.

    >>> closeness(np.array([0, 0, 1, 1]), pd.Series(["a", "a", "a", "b"])).tolist()
    [0.25, 0.25]
    """
    ordered = types.is_numeric_dtype(cells.dtype) or types.is_datetime64_any_dtype(cells.dtype)
    levels = pd.factorize(cells.astype(object).where(cells.notna(), None), sort=False, use_na_sentinel=False)[0]
    if ordered:
        levels = pd.factorize(cells.rank(method="dense").fillna(0), sort=True)[0]
    table = np.zeros((int(of.max()) + 1 if len(of) else 0, int(levels.max()) + 1 if len(levels) else 0))
    np.add.at(table, (of, levels), 1.0)
    whole = table.sum(axis=0) / max(table.sum(), 1)
    gap = table / np.maximum(table.sum(axis=1, keepdims=True), 1) - whole
    if ordered:
        return np.asarray(np.abs(np.cumsum(gap, axis=1)).sum(axis=1) / max(table.shape[1] - 1, 1))
    return np.asarray(np.abs(gap).sum(axis=1) / 2)


def telling_columns(frame: pd.DataFrame, schema: Schema, *, most: int = 5, enough: float = 0.8) -> tuple[str, ...]:
    """Columns that together single out most rows, the most telling first: proposals for quasi-identifiers.

    One after the other the column is taken that leaves the most rows alone in their class, until `enough` of them are.
    """
    names = [column.name for column in schema if column.is_modelled and column.role is not Role.TARGET]
    taken: list[str] = []
    while names and len(taken) < most:
        alone = {name: float((class_sizes(frame, [*taken, name]) == 1).mean()) for name in names}
        best = max(names, key=alone.__getitem__)
        taken.append(best)
        names.remove(best)
        if alone[best] >= enough:
            break
    return tuple(taken)


def class_sizes(frame: pd.DataFrame, quasi_identifiers: Sequence[str]) -> NDArray[np.int64]:
    """For each row, the number of rows with the same quasi-identifiers, itself included."""
    of = classes(frame, quasi_identifiers)
    return np.bincount(of)[of]


def reidentification(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, quasi_identifiers: Sequence[str]
) -> Reidentification:
    """How many synthetic rows have the quasi-identifiers of exactly one training row, and how many holdout rows do."""
    frames = [train, synthetic] if holdout is None else [train, synthetic, holdout]
    of_train, *others = _classes(frames, quasi_identifiers)
    n_classes = 1 + max((int(codes.max()) for codes in (of_train, *others) if len(codes)), default=0)
    is_unique = np.bincount(of_train, minlength=n_classes) == 1
    hits = [is_unique[codes] for codes in others]
    shares = [(_share(hit), wilson(int(hit.sum()), len(hit))) for hit in hits]
    if holdout is None:
        shares.append((math.nan, (math.nan, math.nan)))
    return Reidentification(
        quasi_identifiers=tuple(quasi_identifiers),
        unique=_share(is_unique[of_train]),
        matched=int(hits[0].sum()),
        share=shares[0][0],
        interval=shares[0][1],
        reference=shares[1][0],
        reference_interval=shares[1][1],
    )


def _classes(frames: Sequence[pd.DataFrame], names: Sequence[str]) -> list[NDArray[np.int64]]:
    """The class of each row of each frame; equal numbers mean equal cells in all the named columns."""
    if not names:
        raise ConfigError("quasi_identifiers=() is empty. Name at least one column.")
    lost = [name for name in names if any(name not in frame.columns for frame in frames)]
    if lost:
        raise DataError([Problem("is a quasi-identifier but not in the data.", column=name) for name in lost])
    codes = np.zeros(sum(map(len, frames)), np.int64)
    for name in names:
        cells = pd.concat([_comparable(frame[name]) for frame in frames], ignore_index=True)
        levels, distinct = pd.factorize(cells)
        codes = pd.factorize(codes * (len(distinct) + 1) + levels + 1)[0].astype(np.int64)
    return np.split(codes, np.cumsum([len(frame) for frame in frames])[:-1])


def _comparable(cells: pd.Series) -> pd.Series:
    """Cells that are equal if and only if they count as equal: dates lose their time of day."""
    if types.is_datetime64_any_dtype(cells.dtype):
        days: pd.Series = cells.dt.date
        return days
    if types.is_numeric_dtype(cells.dtype) and not types.is_extension_array_dtype(cells.dtype):
        return cells
    comparable: pd.Series = cells.astype(object).map(_day, na_action="ignore")
    return comparable


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else math.nan
