"""Table ⇄ columns of numbers and category codes: reversible, exact dtypes back. Shared by all table generators.

    numeric, datetime, duration   float64 in a natural unit (days, seconds …), NaN for a missing cell
    categorical, boolean          int32 codes; one for missing cells, one for all rare values together
    identifier, text, constant    not encoded: made anew when decoding (surrogates.py)

What an encoder keeps: levels that at least `min_count` rows hold with their frequencies, and softened bounds (the mean
of the `min_count` outermost cells). No row, no rare level, no exact extreme.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import DataError, Problem
from smartsynth.models.storage import from_float, natural_unit, restore, to_float
from smartsynth.models.surrogates import (
    Formats,
    Surrogate,
    cells,
    formats_of,
    surrogate_from_json,
    surrogate_of,
    surrogate_to_json,
)
from smartsynth.schema import Column, Kind, Schema


@dataclass(frozen=True, slots=True)
class NumberCodec:
    """A column of numbers, dates or durations.

    Args:
        column: The schema's column.
        unit: Dates and durations: nanoseconds of one step of the grid; 1 for numbers.
        low, high: Softened bounds; nothing outside them is decoded. `low` above `high`: so few cells are known that
            nothing was learnt, and every cell is missing.
        nullable: Whether cells were missing.
    """

    column: Column
    unit: int
    low: float
    high: float
    nullable: bool
    is_categorical: bool = False
    n_levels: int = 0
    draws: bool = False

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def decimals(self) -> int | None:
        return self.column.decimals if self.column.kind is Kind.NUMERIC else 0

    @classmethod
    def fit(cls, column: Column, series: pd.Series[Any], min_count: int) -> Self:
        unit = natural_unit(column, series)
        values = to_float(column, series, unit)
        known = np.sort(values[~np.isnan(values)])
        if len(known) < min(min_count, len(values)):
            return cls(column, unit, 1.0, 0.0, True)
        outer = min(min_count, len(known))
        low, high = (float(known[:outer].mean()), float(known[-outer:].mean())) if outer else (0.0, 0.0)
        codec = cls(column, unit, low, high, bool(np.isnan(values).any()))
        if codec.decimals is None:
            return codec
        # Rounded inwards, so that the bounds lie on the grid and no cell outside them can be decoded.
        step = 10.0**codec.decimals
        low, high = np.ceil(low * step - 1e-6) / step, np.floor(high * step + 1e-6) / step
        return cls(column, unit, float(low), float(max(high, low)), codec.nullable)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        if self.low > self.high:
            return np.full(len(series), np.nan)
        return to_float(self.column, series, self.unit)

    def knows(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Which cells hold a number."""
        return ~np.isnan(self.encode(series))

    def decode(self, values: NDArray[Any], rng: np.random.Generator) -> pd.Series[Any]:
        numbers = np.asarray(values, dtype=np.float64)
        numbers = np.full(len(numbers), np.nan) if self.low > self.high else np.clip(numbers, self.low, self.high)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        return from_float(self.column, numbers, self.unit)

    def to_json(self) -> dict[str, Any]:
        return {"unit": self.unit, "low": self.low, "high": self.high, "nullable": self.nullable}


@dataclass(frozen=True, slots=True)
class LevelCodec:
    """A column of categories or truth values.

    Codes: 0 … the kept levels, then (if there are any) one for all rare values, then one for missing cells.

    Args:
        column: The schema's column.
        levels: Values that at least `min_count` rows hold, in the order of their codes; as JSON values.
        reader: Name of the type that the values have, if JSON has none for it: `Timestamp`, `Interval` …
        counts: Rows of each kept level.
        rare: Rows that hold a rare value.
        nullable: Whether cells were missing.
        substitute: Makes values for the rare code of a code-like column; None draws a kept level by frequency.
        ordered: Category dtype: whether its categories are ordered; None for any other dtype.
    """

    column: Column
    levels: tuple[Any, ...]
    counts: tuple[int, ...]
    rare: int
    nullable: bool
    substitute: Formats | None
    ordered: bool | None = None
    reader: str | None = None
    is_categorical: bool = True
    decimals: int | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def n_levels(self) -> int:
        return len(self.levels) + int(self.rare > 0) + int(self.nullable)

    @property
    def draws(self) -> bool:
        """Whether decoding draws random numbers: for cells that stand for any rare value."""
        return self.rare > 0

    @property
    def values(self) -> list[Any]:
        """The levels as cells of the column."""
        return list(self.levels) if self.reader is None else [READERS[self.reader](level) for level in self.levels]

    @classmethod
    def fit(cls, column: Column, series: pd.Series[Any], min_count: int, rng: np.random.Generator) -> Self:
        known = series.dropna()
        counts = tally(known)
        kept = counts[counts >= min_count]
        ordered = None
        if isinstance(series.dtype, pd.CategoricalDtype):
            ordered = bool(series.dtype.ordered)
            order = np.argsort(series.dtype.categories.get_indexer(kept.index), kind="stable").tolist()
        else:
            order = sorted(range(len(kept)), key=lambda i: (str(type(kept.index[i])), kept.index[i]))
        reader = reader_of([kept.index[i] for i in order])
        levels = tuple(plain_level(kept.index[i]) for i in order)
        rare = len(known) - int(kept.sum())
        substitute = None
        if rare and rare * 2 >= len(known) and column.kind is not Kind.BOOLEAN:
            texts = [str(cell) for cell in counts.index[counts < min_count]]
            number = bool(pd.api.types.is_numeric_dtype(known.dtype))
            substitute = formats_of(texts, min_count=min_count, rng=rng, number=number)
        nullable = len(known) < len(series)
        return cls(column, levels, tuple(int(kept.iloc[i]) for i in order), rare, nullable, substitute, ordered, reader)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.int32]:
        codes = pd.Index(self.values, dtype=object).get_indexer(pd.Index(series.astype(object), dtype=object))
        unknown = codes < 0
        codes[unknown] = len(self.levels) if self.rare else 0
        missing = series.isna().to_numpy()
        if missing.any() and self.nullable:
            codes[missing] = self.n_levels - 1
        return np.asarray(codes, dtype=np.int32)

    def knows(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Which cells hold a kept level."""
        cells = pd.Index(series.astype(object), dtype=object)
        return np.asarray(pd.Index(self.values, dtype=object).get_indexer(cells) >= 0)

    def decode(self, values: NDArray[Any], rng: np.random.Generator) -> pd.Series[Any]:
        codes = np.asarray(values, dtype=np.int64)
        out = np.empty(len(codes), dtype=object)
        is_kept = codes < len(self.levels)
        levels = np.empty(len(self.levels), dtype=object)
        levels[:] = self.values
        out[is_kept] = levels[codes[is_kept]]
        is_rare = (codes == len(self.levels)) if self.rare else np.zeros(len(codes), dtype=bool)
        out[is_rare] = self._substitutes(int(is_rare.sum()), levels, rng)
        if self.ordered is not None:
            categories = [*self.values, *(self.substitute.make(self._n_substitutes, 0, rng) if self.substitute else ())]
            known = pd.Index(categories, dtype=object if self.reader == "Interval" else None).unique()
            return pd.Series(pd.Categorical(out, categories=known, ordered=self.ordered))
        return restore(self.column, out)

    @property
    def _n_substitutes(self) -> int:
        """As many different values as there may have been, so that some repeat like real rare ones."""
        return max(self.rare // 2, 1)

    def _substitutes(self, n: int, levels: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        if self.substitute is not None:
            places = rng.integers(0, self._n_substitutes, n)
            made = np.empty(n, dtype=object)
            made[:] = [self.substitute.make(1, int(place), rng)[0] for place in places]
            return made
        if len(levels) == 0:
            return np.full(n, None, dtype=object)
        p = np.asarray(self.counts, dtype=float)
        if p.sum() == 0:  # noise can leave no level with a count
            p = np.ones_like(p)
        return np.asarray(rng.choice(levels, n, p=p / p.sum()))

    def to_json(self) -> dict[str, Any]:
        return {
            "levels": list(self.levels),
            "counts": list(self.counts),
            "rare": self.rare,
            "nullable": self.nullable,
            "ordered": self.ordered,
            "reader": self.reader,
            "substitute": None if self.substitute is None else surrogate_to_json(self.substitute),
        }


Codec = NumberCodec | LevelCodec


class TableEncoder:
    """Encodes the modelled columns of a table and makes whole tables out of codes.

    Args:
        schema: The table's schema.
        codecs: One per modelled column, in schema order.
        surrogates: For every other column: what makes its cells, and the share of them that is missing.
    """

    def __init__(
        self, schema: Schema, codecs: Sequence[Codec], surrogates: Mapping[str, tuple[Surrogate, float]]
    ) -> None:
        self.schema = schema
        self.codecs = tuple(codecs)
        self.surrogates = dict(surrogates)

    @classmethod
    def fit(
        cls,
        data: pd.DataFrame,
        schema: Schema,
        *,
        min_count: int = 5,
        rng: np.random.Generator,
        holders: NDArray[np.int64] | None = None,
    ) -> Self:
        """The encoder of a table.

        Args:
            data: Real rows.
            schema: Their columns.
            min_count: A value held by fewer rows is not kept.
            rng: Picks what stands for rare values.
            holders: Whose each row is: a value is then as rare as the number of those who hold it.

        Raises:
            DataError: Cells that are not what the schema says; every such column at once.
        """
        codecs: list[Codec] = []
        surrogates: dict[str, tuple[Surrogate, float]] = {}
        problems = []
        for column in schema:
            series = data[column.name]
            try:
                if holders is not None and column.is_modelled:
                    series = series[once(series, holders)]
                if not column.is_modelled:
                    made = surrogate_of(column, series.dropna(), min_count=min_count, rng=rng)
                    surrogates[column.name] = made, float(series.isna().mean())
                elif column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
                    codecs.append(LevelCodec.fit(column, series, min_count, rng))
                else:
                    codecs.append(NumberCodec.fit(column, series, min_count))
            except (TypeError, ValueError) as error:
                what = f"its cells cannot be read as {column.kind.value} ({type(error).__name__})."
                problems.append(Problem(what, column=column.name, fix="Correct the column's kind."))
        if problems:
            raise DataError(problems)
        return cls(schema, codecs, surrogates)

    def encode(self, data: pd.DataFrame) -> list[NDArray[Any]]:
        """One array per codec: float64 with NaN, or int32 codes."""
        return [codec.encode(data[codec.name]) for codec in self.codecs]

    def decode(
        self,
        columns: Sequence[NDArray[Any]],
        rng: np.random.Generator,
        *,
        start: int = 0,
        n: int | None = None,
        complete: bool = False,
    ) -> pd.DataFrame:
        """The table of encoded columns, all of the schema's columns in their order and dtypes.

        Args:
            columns: One array per codec.
            rng: Draws what codes leave open.
            start: Place of the first row in the whole stream; identifiers count it.
            n: Number of rows; needed only when no column is modelled.
            complete: Whether no cell of an unmodelled column is left missing.
        """
        n = len(columns[0]) if columns else n or 0
        return self.decode_blocks(columns, [rng], starts=[start], n=n, complete=complete)

    def decode_blocks(
        self,
        columns: Sequence[NDArray[Any]],
        rngs: Sequence[np.random.Generator],
        *,
        starts: Sequence[int],
        n: int,
        complete: bool = False,
    ) -> pd.DataFrame:
        """`decode` of several blocks of `n` rows each, put below each other; block k draws from `rngs[k]` alone."""
        decoded: dict[str, pd.Series[Any]] = {}
        for codec, values in zip(self.codecs, columns, strict=True):
            if not codec.draws:
                decoded[codec.name] = codec.decode(values, rngs[0])
                continue
            parts = [codec.decode(values[k * n : (k + 1) * n], rng) for k, rng in enumerate(rngs)]
            decoded[codec.name] = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        for column in self.schema:
            if column.name in self.surrogates:
                surrogate, share = self.surrogates[column.name]
                missing = 0.0 if complete else share
                made = [
                    cells(surrogate.make(n, start, rng), rng.random(n) < missing)
                    for start, rng in zip(starts, rngs, strict=True)
                ]
                decoded[column.name] = restore(column, np.concatenate(made))
        return pd.DataFrame({name: decoded[name] for name in self.schema.names})

    def fill(self, known: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
        """`known` with the cells of `made` where it has none, in the dtypes of the schema."""
        return pd.DataFrame({c.name: filled(c, known[c.name], made[c.name]) for c in self.schema})

    def to_json(self) -> dict[str, Any]:
        """The encoder as plain JSON types."""
        return {
            "schema": self.schema.to_json(),
            "codecs": {codec.name: codec.to_json() for codec in self.codecs},
            "surrogates": {
                name: {"missing": missing, **surrogate_to_json(made)}
                for name, (made, missing) in self.surrogates.items()
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The encoder that `to_json` came from."""
        schema = Schema.from_json(value["schema"])
        codecs = [_codec(schema[name], parts) for name, parts in value["codecs"].items()]
        surrogates = {
            name: (surrogate_from_json({k: v for k, v in parts.items() if k != "missing"}), parts["missing"])
            for name, parts in value["surrogates"].items()
        }
        return cls(schema, codecs, surrogates)


def _codec(column: Column, parts: Mapping[str, Any]) -> Codec:
    if "levels" not in parts:
        return NumberCodec(column, parts["unit"], parts["low"], parts["high"], parts["nullable"])
    substitute: Any = parts["substitute"] and surrogate_from_json(parts["substitute"])
    levels, counts = tuple(parts["levels"]), tuple(parts["counts"])
    return LevelCodec(
        column, levels, counts, parts["rare"], parts["nullable"], substitute, parts["ordered"], parts.get("reader")
    )


def filled(column: Column, known: pd.Series[Any], made: pd.Series[Any]) -> pd.Series[Any]:
    """The cells of `known`, those of `made` where it has none."""
    both = known.astype(object).where(known.notna(), made.astype(object))
    if isinstance(made.dtype, pd.CategoricalDtype):
        levels = [
            *made.dtype.categories,
            *(known.dtype.categories if isinstance(known.dtype, pd.CategoricalDtype) else ()),
        ]
        categories = pd.Index(levels).unique()
        return pd.Series(pd.Categorical(both, categories=categories, ordered=bool(made.dtype.ordered)))
    dtype: Any = made.dtype
    return both.astype(dtype) if column.dtype not in ("date", "time", "decimal", "object") else both


def once(values: pd.Series[Any] | NDArray[Any], holders: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are the first of their holder with their value.

    >>> once(np.array([1, 1, 2, 1]), np.array([0, 0, 0, 1])).tolist()
    [True, False, True, True]
    """
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    return ~pd.DataFrame({"holder": holders, "code": codes}).duplicated().to_numpy()


def plain_level(value: Any) -> Any:
    """A level as a JSON value."""
    plain: Callable[[], Any] | None = getattr(value, "item", None)
    value = plain() if plain is not None else value
    return value if isinstance(value, str | int | float | bool) else str(value)


def tally(known: pd.Series[Any]) -> pd.Series[int]:
    """How often each cell occurs, in the order of appearance; the cells stay the objects that they are."""
    codes, found = pd.factorize(known.astype(object).to_numpy(dtype=object))
    return pd.Series(np.bincount(codes, minlength=len(found)), index=pd.Index(found, dtype=object))


def reader_of(levels: Sequence[Any]) -> str | None:
    """The type of levels that are no JSON values; they must all be of one.

    Raises:
        TypeError: They are not, or nobody can read them back.
    """
    kinds = {None if plain_level(level) == level else type(level).__name__ for level in levels}
    if len(kinds) > 1 or not kinds <= {None, *READERS}:
        names = ", ".join(sorted(type(level).__name__ for level in levels))
        raise TypeError(f"cells of the types {names}")
    return kinds.pop() if kinds else None


def _interval(text: str) -> pd.Interval[Any]:
    """The interval that was written as `(0.5, 2.0]`."""
    low, _, high = text[1:-1].partition(", ")
    closed: Any = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}[text[0] + text[-1]]
    ends: list[Any] = []
    for end in (low, high):
        try:
            ends.append(float(end) if "." in end or "e" in end or "n" in end else int(end))
        except ValueError:
            ends.append(pd.Timestamp(end))
    return pd.Interval(ends[0], ends[1], closed=closed)


READERS: dict[str, Callable[[str], Any]] = {
    "Timestamp": pd.Timestamp,
    "Timedelta": pd.Timedelta,
    "Interval": _interval,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
    "Decimal": Decimal,
}
"""How levels that are no JSON values are read back from text."""
