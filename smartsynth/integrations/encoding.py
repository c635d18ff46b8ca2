"""A table ⇄ arrays that networks take, with what it needs to read them back.

    numbers   float32   numbers, dates and durations, scaled to mean 0 and deviation 1 if asked; then whether cells are missing
    codes     int64     place of a category among its values; what is missing or not among them has the place after the last
    image     bytes     the column of images (images.py), of one form
    target    float32 or int64, of the column to predict

Identifiers, texts and constants are left out, since there is nothing in them for a network to learn; `left_out` names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import as_column
from smartsynth.errors import ConfigError, DataError, Problem, did_you_mean
from smartsynth.images import Form, brought, common_form
from smartsynth.models.storage import from_float, natural_unit, to_float
from smartsynth.schema import Column, Kind, Schema

ERROR, KEEP, FLAG = "error", "keep", "flag"
MISSING = (ERROR, KEEP, FLAG)
NO_CLASS = -100
"""A target that is missing or unknown: what PyTorch's losses ignore."""
MOST_SIDE = 4096
_CLASSES = (Kind.CATEGORICAL, Kind.BOOLEAN)
_NUMBERS = (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION)


@dataclass(frozen=True, slots=True)
class Number:
    """A column as floats: (cell in units - centre) / width.

    Args:
        column: The column.
        unit: Nanoseconds of one step of dates and durations; 1 for numbers.
        centre, width: What is taken off, and what it is divided by.
        flagged: Whether a column of its own says which cells are missing.
    """

    column: Column
    unit: int
    centre: float
    width: float
    flagged: bool

    def encoded(self, cells: pd.Series[Any]) -> NDArray[np.float64]:
        return (to_float(self.column, cells, self.unit) - self.centre) / self.width

    def decoded(self, values: NDArray[Any]) -> pd.Series[Any]:
        cells = np.asarray(values, np.float64) * self.width + self.centre
        decimals = self.column.decimals
        return from_float(self.column, cells if decimals is None else np.round(cells, decimals), self.unit)


@dataclass(frozen=True, slots=True)
class Category:
    """A column as places among its values."""

    column: Column
    values: tuple[str | int | float | bool, ...]

    @property
    def size(self) -> int:
        """How many codes there are, with the one of what is missing or unknown."""
        return len(self.values) + 1

    def encoded(self, cells: pd.Series[Any]) -> NDArray[np.int64]:
        places = {value: i for i, value in enumerate(self.values)}
        codes, distinct = pd.factorize(cells.astype(object))
        found = np.array([*(places.get(_plain(value), len(places)) for value in distinct), len(places)], np.int64)
        return found[codes]  # code -1, of what is missing, is the last one

    def decoded(self, codes: NDArray[Any]) -> pd.Series[Any]:
        values = np.array([*self.values, None], dtype=object)
        places = np.asarray(codes, np.int64)
        known = (places >= 0) & (places < len(self.values))
        return as_column(pd.Series(values[np.where(known, places, len(self.values))], dtype=object), self.column)


@dataclass(frozen=True, slots=True)
class Picture:
    """A column of images, and the form that all are brought to."""

    column: Column
    form: Form


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which columns became which arrays, and how to read them back.

    Args:
        numbers: Columns of the array `numbers`, in its order.
        categories: Columns of the array `codes`, in its order.
        image: Column of images, if there is one.
        target: Column of the array `target`, if one was named.
        missing: What is done about missing cells: `error` refuses them; `keep` leaves NaN among numbers; `flag` puts 0
            there, which is the mean where they are scaled, and a column of 0 and 1 after the numbers. With both, categories
            that are missing have a code of their own, and targets are NaN or NO_CLASS.
        left_out: Columns that are in no array.
    """

    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]
    image: Picture | None
    target: Number | Category | None
    missing: str
    left_out: tuple[str, ...]

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, schema: Schema, *, target: str | None = None, scale: bool = True, missing: str = ERROR
    ) -> Self:
        """The encoding of a table.

        Args:
            frame: Its rows.
            schema: Its columns.
            target: Column to predict; the schema's target if not given.
            scale: Whether numbers get mean 0 and deviation 1, but for the target.
            missing: `error`, `keep` or `flag`.

        Raises:
            ConfigError: The target is not a column of numbers or categories, or nothing is left to learn from.
        """
        if missing not in MISSING:
            raise ConfigError(
                f"missing={missing!r} must be one of {', '.join(MISSING)}.{did_you_mean(missing, MISSING)}"
            )
        wanted = schema[target] if target is not None else schema.target
        if wanted is not None and wanted.kind not in (*_NUMBERS, *_CLASSES):
            raise ConfigError(
                f"target={wanted.name!r} is of the kind {wanted.kind.value!r}. Name a column of numbers, dates, durations or categories."
            )
        rest = [column for column in schema if column != wanted]
        numbers = tuple(
            _number(column, frame[column.name], scale, missing == FLAG) for column in rest if column.kind in _NUMBERS
        )
        categories = tuple(_category(column, frame[column.name]) for column in rest if column.kind in _CLASSES)
        image = next((_picture(column, frame[column.name]) for column in rest if column.kind is Kind.IMAGE), None)
        if not numbers and not categories and image is None:
            raise ConfigError(
                "No column but the target holds numbers, categories or images: there is nothing to learn from."
            )
        columns = [one.column for one in numbers] + [one.column for one in categories]
        used = {column.name for column in (columns if image is None else [*columns, image.column])}
        made = None if wanted is None else _part(wanted, frame[wanted.name])
        left_out = tuple(column.name for column in rest if column.name not in used)
        return cls(numbers, categories, image, made, missing, left_out)

    @property
    def number_names(self) -> tuple[str, ...]:
        """Names of the columns of `numbers`, with those that say what is missing."""
        flags = [f"{one.column.name} is missing" for one in self.numbers if one.flagged]
        return (*(one.column.name for one in self.numbers), *flags)

    @property
    def category_sizes(self) -> dict[str, int]:
        """How many codes each column of `codes` has, as embeddings need to know."""
        return {one.column.name: one.size for one in self.categories}

    @property
    def classes(self) -> tuple[str | int | float | bool, ...] | None:
        """What the codes of the target stand for; None if it is a number, or there is none."""
        return self.target.values if isinstance(self.target, Category) else None

    def encode(self, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
        """The arrays of rows, those of images being cells; an array that would have no column is not there.

        Raises:
            DataError: A cell is missing where `missing` does not allow for it.
        """
        self._check_complete(frame)
        found: dict[str, NDArray[Any]] = {}
        if self.numbers:
            values = [one.encoded(frame[one.column.name]) for one in self.numbers]
            flags = [np.isnan(cells) for one, cells in zip(self.numbers, values, strict=True) if one.flagged]
            if self.missing == FLAG:
                values = [np.nan_to_num(cells, nan=0.0) for cells in values]
            found["numbers"] = np.column_stack([*values, *flags]).astype(np.float32)
        if self.categories:
            codes = [one.encoded(frame[one.column.name]) for one in self.categories]
            found["codes"] = np.column_stack(codes)
        if self.image is not None:
            cells = brought(list(frame[self.image.column.name]), self.image.form, "crop")
            found["image"] = np.array([*cells, None], dtype=object)[:-1]
        if isinstance(self.target, Category):
            places = self.target.encoded(frame[self.target.column.name])
            found["target"] = np.where(places == len(self.target.values), NO_CLASS, places)
        elif self.target is not None:
            found["target"] = self.target.encoded(frame[self.target.column.name]).astype(np.float32)
        return found

    def decode(self, arrays: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that arrays came from, without the columns that were left out.

        Categories are exact; numbers are so to float32's seven digits and rounded to their column's decimals. What is missing
        among flagged numbers, and codes beyond the last, are missing cells again.
        """
        columns: dict[str, Any] = {}
        if self.numbers:
            values = np.array(arrays["numbers"], np.float64)
            flags = iter(range(len(self.numbers), values.shape[1]))
            for i, one in enumerate(self.numbers):
                cells = np.where(values[:, next(flags)] > 0.5, np.nan, values[:, i]) if one.flagged else values[:, i]
                columns[one.column.name] = one.decoded(cells)
        for i, category in enumerate(self.categories):
            columns[category.column.name] = category.decoded(np.asarray(arrays["codes"])[:, i])
        if self.image is not None:
            columns[self.image.column.name] = pd.Series(list(arrays["image"]), dtype=object)
        if self.target is not None:
            columns[self.target.column.name] = self.target.decoded(np.asarray(arrays["target"]))
        return pd.DataFrame(columns)

    def to_json(self) -> dict[str, Any]:
        """The encoding as plain JSON, to be kept beside a network that was trained with it."""
        return {
            "numbers": [asdict(one) for one in self.numbers],
            "categories": [asdict(one) for one in self.categories],
            "image": None
            if self.image is None
            else {"column": asdict(self.image.column), "form": str(self.image.form)},
            "target": None if self.target is None else asdict(self.target),
            "missing": self.missing,
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        image = value["image"]
        return cls(
            tuple(map(_from_json, value["numbers"])),
            tuple(map(_from_json, value["categories"])),
            None if image is None else Picture(Column.from_json(image["column"]), Form.of(image["form"])),
            None if value["target"] is None else _from_json(value["target"]),
            value["missing"],
            tuple(value["left_out"]),
        )

    def _check_complete(self, frame: pd.DataFrame) -> None:
        """DataError that names the columns with missing cells, of images and of what nothing is done about."""
        strict: tuple[str, ...] = () if self.image is None else (self.image.column.name,)
        if self.missing == ERROR:
            parts = (*self.numbers, *self.categories, *([] if self.target is None else [self.target]))
            strict += tuple(one.column.name for one in parts)
        elif self.missing == FLAG:
            strict += tuple(one.column.name for one in self.numbers if not one.flagged)
        counts = {name: int(frame[name].isna().sum()) for name in strict}
        fix = 'Give missing="keep" or missing="flag", or fill or drop these rows.'
        problems = [
            Problem(f"{count:,} of {len(frame):,} cells are missing.", column=name, fix=fix)
            for name, count in counts.items()
            if count
        ]
        if problems:
            raise DataError(problems)


def _part(column: Column, cells: pd.Series[Any]) -> Number | Category:
    """The encoding of a target, whose numbers are not scaled."""
    return _category(column, cells) if column.kind in _CLASSES else _number(column, cells, False, False)


def _number(column: Column, cells: pd.Series[Any], scale: bool, flag: bool) -> Number:
    unit = natural_unit(column, cells)
    values = to_float(column, cells, unit)
    known = values[~np.isnan(values)]
    flagged = flag and (column.nullable or len(known) < len(values))
    if not scale or not len(known):
        return Number(column, unit, 0.0, 1.0, flagged)
    return Number(column, unit, float(known.mean()), float(known.std()) or 1.0, flagged)


def _category(column: Column, cells: pd.Series[Any]) -> Category:
    values = {_plain(value) for value in cells.dropna().unique()}
    return Category(column, tuple(sorted(values, key=lambda value: (isinstance(value, str), value))))


def _picture(column: Column, cells: pd.Series[Any]) -> Picture:
    return Picture(column, common_form(list(cells.dropna()), side=None, most=MOST_SIDE))


def _plain(value: Any) -> str | int | float | bool:
    """A category as JSON has it."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool) else str(value)


def _from_json(value: Mapping[str, Any]) -> Any:
    column = Column.from_json(value["column"])
    if "values" in value:
        return Category(column, tuple(value["values"]))
    return Number(column, **{name: value[name] for name in ("unit", "centre", "width", "flagged")})
