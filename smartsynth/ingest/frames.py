"""A pandas frame → Dataset: names, limits, and how each column is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from pandas.api.types import pandas_dtype

from smartsynth import images
from smartsynth.columns import with_columns
from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError, EmptyTableError, Problem
from smartsynth.formats import plain
from smartsynth.inference import infer_schema
from smartsynth.ingest.characters import readable
from smartsynth.ingest.hints import hints_of
from smartsynth.schema import Column, Schema

MOST_PROBLEMS = 20
MOST_NOTES = 50


def check_shape(rows: int, columns: int, limits: Limits, name: str) -> None:
    """Refuse a table that is too large or empty, before it is decoded."""
    problems = []
    if rows > limits.max_rows:
        problems.append(
            Problem(f"{name} has {rows:,} rows; at most {limits.max_rows:,} are read.", fix="Take a sample.")
        )
    if columns > limits.max_columns:
        most = f"at most {limits.max_columns:,} are read."
        problems.append(
            Problem(f"{name} has {columns:,} columns; {most}", fix="Drop some, or raise limits.max_columns.")
        )
    if columns == 0:
        problems.append(Problem(f"{name} has no columns."))
    if problems:
        raise DataError(problems)


class PixelCount:
    """Pixels of the images of a data set, counted before each is decoded: a small file can hold very many.

    Args:
        limits: How many there may be.
        name: Of the data set, for the message.
    """

    def __init__(self, limits: Limits, name: str) -> None:
        self._most, self._name, self._seen = limits.max_pixels, name, 0

    @property
    def are_too_many(self) -> bool:
        return self._seen > self._most

    def add(self, content: bytes) -> None:
        """Count an image file; DataError if all together are too many. One that is too large by itself is never decoded."""
        width, height = images.size_of(content)
        self._seen += width * height if width * height <= images.MOST_PIXELS else 0
        if self.are_too_many:
            raise DataError(
                f"{self._name} holds images of more than {self._most:,} pixels together. Make them smaller, take fewer, or raise "
                "limits.max_pixels."
            )


def dataset(
    frame: pd.DataFrame,
    source: Source,
    limits: Limits,
    stored: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    has_cells: bool = False,
) -> Dataset:
    """The data set of a frame.

    Args:
        frame: Rows; column names of any kind become text.
        source: Where it came from.
        limits: How large it may be.
        has_cells: Whether its images are cells already, so that none is decoded again.
        stored: By column name, what is known about how it was written: `decimals`, `format`, `missing`.
    """
    check_shape(len(frame), frame.shape[1], limits, source.name)
    frame = named(frame, source.name)
    if len(frame) == 0:
        raise EmptyTableError(f"{source.name} has a header but no rows.")
    frame = frame if has_cells else _with_pictures(frame, PixelCount(limits, source.name))
    frame, cleaned = readable(frame)
    frame, moved = _in_named_zones(frame)
    schema = infer_schema(frame)
    columns = tuple(_stored(column, (stored or {}).get(column.name, {})) for column in schema)
    notes = [*source.notes, *cleaned, *moved, *hints_of(frame)]
    if len(notes) > MOST_NOTES:
        notes = [*notes[:MOST_NOTES], f"{len(notes) - MOST_NOTES:,} more columns are not as they look."]
    return Dataset(frame, Schema(columns), replace(source, notes=tuple(notes)))


def _in_named_zones(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The frame with times in UTC where their zone has no name that a dtype can be written with; and sentences about them."""
    moved: dict[str, pd.Series[Any]] = {}
    for name, cells in frame.items():
        if isinstance(cells.dtype, pd.DatetimeTZDtype) and not _is_written(cells.dtype):
            moved[str(name)] = cells.dt.tz_convert("UTC")
    notes = [f"Column {plain(name, 40)!r}: its time zone has no name, so its times are given in UTC." for name in moved]
    return (with_columns(frame, moved) if moved else frame), notes


def _is_written(dtype: pd.DatetimeTZDtype) -> bool:
    try:
        return bool(pandas_dtype(str(dtype)) == dtype)
    except (TypeError, KeyError, ValueError):
        return False


def _with_pictures(frame: pd.DataFrame, pixels: PixelCount) -> pd.DataFrame:
    """The frame with columns of images as cells (images.py): of bytes of files, Hugging Face's dicts, arrays, or Pillow's images."""
    found: dict[str, pd.Series[Any]] = {}
    problems: list[Problem] = []
    for name, cells in frame.items():
        first = next((cell for cell in cells if not _is_missing(cell)), None) if cells.dtype == object else None
        if not _holds_image(first):
            continue
        made: list[bytes | None] = []
        for i, cell in enumerate(cells):
            try:
                made.append(None if _is_missing(cell) else _read(cell, f"The image in row {i + 1:,}", pixels))
            except DataError as error:
                if pixels.are_too_many:
                    raise
                problems += [Problem(str(error), column=str(name))]
        found[str(name)] = pd.Series(made, dtype=object, index=frame.index) if not problems else cells
    if problems:
        raise DataError(problems[:MOST_PROBLEMS])
    return with_columns(frame, found) if found else frame


def _is_missing(cell: Any) -> bool:
    """Whether there is nothing in a cell, of whatever kind."""
    return cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell)


def _holds_image(cell: object) -> bool:
    try:
        return images.is_image(images.content_of(cell))
    except DataError:
        return True  # an image of a kind that cannot be read, which is said of its row


def _read(cell: object, name: str, pixels: PixelCount) -> bytes:
    try:
        content = images.content_of(cell)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    if content is None:
        raise DataError(
            f"{name} is no image: {type(cell).__name__}. Give the bytes of its file, an array or a Pillow image."
        )
    pixels.add(content)
    return images.read(content, name)[0]


def _stored(column: Column, facts: Mapping[str, Any]) -> Column:
    return replace(column, **facts)


def named(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with unique text names and a fresh index; never changes its input."""
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(f"{name} has several header rows. Join them to one name per column.")
    names = [str(column) for column in frame.columns]
    twice = sorted({column for column in names if names.count(column) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError([Problem("this name is used more than once.", column=n, fix="Rename one.") for n in twice])
    result = frame.reset_index(drop=True)
    result.columns = pd.Index(names)
    return result
