"""Folders and archives of images → Dataset: an image a row, with its label and what a table beside the images says of it.

    folder/cat/1.png, folder/dog/2.jpg          a column `label` of the names of the folders
    folder/metadata.csv, folder/1.png …         the columns of the table, found by the names of the files in it
    folder/train/…, folder/test/…               folders of that name split data, and are no labels

Nothing is unpacked to the disk. Links are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from smartsynth import images
from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError, Problem
from smartsynth.ingest import records, text
from smartsynth.ingest.files import MAX_RATIO, checked_members, is_hidden, opened
from smartsynth.ingest.frames import PixelCount, dataset

IMAGE, LABEL = "image", "label"
"""Names of the columns of images and of their folders."""
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout"}
TABLES = ("metadata.csv", "metadata.jsonl", "labels.csv", "labels.jsonl", "index.csv", "manifest.csv")
FILE_NAMES = ("file_name", "filename", "file", "image", "path", "image_path", "image_file")
WORKBOOK = "xl/workbook.xml"
"""Is in every Excel file, which may hold pictures too."""
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a folder or an archive, by its path there."""

    path: PurePosixPath
    content: bytes


def read_folder(folder: Path, limits: Limits) -> Dataset:
    """The images of a folder and of the folders in it.

    Raises:
        DataError: There are none, or some cannot be read; all of them are listed.
    """
    return _gathered(_walked(folder, limits), limits, name=folder.name or str(folder), format="folder")


def read_archive(content: bytes, limits: Limits, *, name: str) -> Dataset:
    """The images of a zip.

    Raises:
        DataError: Some cannot be read, or it unpacks to more than the limits allow.
    """
    return _gathered(_unpacked(content, limits, name), limits, name=name, format="zip")


def holds_pictures(content: bytes) -> bool:
    """Whether a zip has an image in it."""
    try:
        with opened(content, "") as archive:
            names = archive.namelist()
            return WORKBOOK not in names and any(_is_image(PurePosixPath(member)) for member in names)
    except DataError:
        return False


def is_gallery(folder: Path) -> bool:
    """Whether a folder holds images and no Parquet file."""
    found = {path.suffix.lower() for path in _files(folder)}
    return not found & {".parquet", ".pq"} and bool(found & set(images.SUFFIXES))


def _is_image(path: PurePosixPath) -> bool:
    return path.suffix.lower() in images.SUFFIXES and not is_hidden(str(path))


def _files(folder: Path) -> Iterator[Path]:
    """All files in a folder and its folders; one that is gone meanwhile is none."""
    return (Path(home) / name for home, _, names in os.walk(folder) for name in names)


def _walked(folder: Path, limits: Limits) -> Iterator[_File]:
    total = 0
    for path in sorted(_files(folder)):
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_symlink() or not path.is_file() or not _is_wanted(inside):
            continue
        try:
            total += path.stat().st_size
            _check_total(total, limits, folder.name)
            yield _File(inside, path.read_bytes())
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _unpacked(content: bytes, limits: Limits, name: str) -> Iterator[_File]:
    with opened(content, name) as archive:
        members = [m for m in checked_members(archive, name) if _is_wanted(PurePosixPath(m.filename))]
        most = min(limits.max_bytes, MAX_RATIO * len(content) + 1_000_000)
        _check_total(sum(member.file_size for member in members), limits, name, most)
        for member in sorted(members, key=lambda m: m.filename):
            with archive.open(member) as stream:
                found = stream.read(member.file_size + 1)
            if len(found) > member.file_size:
                raise DataError(f"{name}: {member.filename} is larger than the archive says. Pack it again.")
            yield _File(PurePosixPath(member.filename), found)


def _is_wanted(path: PurePosixPath) -> bool:
    return _is_image(path) or (path.name.lower() in TABLES and not is_hidden(str(path)))


def _check_total(size: int, limits: Limits, name: str, most: int | None = None) -> None:
    most = limits.max_bytes if most is None else most
    if size > most:
        raise DataError(f"{name} holds more than {most:,} bytes. Raise limits.max_bytes or take fewer images.")


def _gathered(files: Iterator[_File], limits: Limits, *, name: str, format: str) -> Dataset:
    """The data set of files: each image is decoded once, and forgotten but for its pixels."""
    paths: list[PurePosixPath] = []
    cells: list[bytes] = []
    tables: list[_File] = []
    left: list[images.Left] = []
    problems: list[Problem] = []
    pixels = PixelCount(limits, name)
    for file in files:
        if not _is_image(file.path):
            tables.append(file)
            continue
        if len(cells) + len(problems) >= limits.max_rows:
            raise DataError(f"{name} holds more than {limits.max_rows:,} images. Raise limits.max_rows or take fewer.")
        pixels.add(file.content)
        try:
            cell, behind = images.read(file.content, str(file.path))
        except DataError as error:
            problems += error.problems
            continue
        paths.append(file.path)
        cells.append(cell)
        left.append(behind)
    if problems:
        more = [Problem(f"{len(problems) - MOST_PROBLEMS:,} more images cannot be read.")]
        raise DataError(problems[:MOST_PROBLEMS] + (more if len(problems) > MOST_PROBLEMS else []))
    if not cells:
        raise DataError(f"{name} holds no images. Allowed are {', '.join(images.SUFFIXES)}.")
    frame = pd.DataFrame({IMAGE: pd.Series(cells, dtype=object)})
    notes = [*_left_behind(left)]
    if tables:
        frame, named = _with_tables(frame, paths, tables, limits)
        if len(named) < len(cells):
            where = ", ".join(str(table.path) for table in tables)
            notes.append(f"{len(cells) - len(named):,} images are not named in {where} and are left out.")
    elif (labels := _folders(paths)) is not None:
        frame[LABEL] = labels
        if missing := labels.count(None):
            notes.append(f"{missing:,} images stand beside the folders of the others and have no label.")
    return dataset(frame, Source(name=name, format=format, notes=tuple(notes)), limits, has_cells=True)


def _left_behind(left: list[images.Left]) -> Iterator[str]:
    """Sentences about what is not kept."""
    for what, name in (
        ("exif", "EXIF data (cameras, times, descriptions)"),
        ("position", "a GPS position in their EXIF data"),
        ("frames", "several frames, of which the first is used"),
        ("transparency", "transparent parts, which are white now"),
        ("deep", "sixteen bits, of which the upper eight are kept"),
    ):
        count = sum(getattr(one, what) for one in left)
        if count:
            kept = "" if what in ("frames", "transparency", "deep") else "; none of it is kept"
            yield f"{count:,} of {len(left):,} images have {name}{kept}."


def _folders(paths: list[PurePosixPath]) -> list[str | None] | None:
    """The name of the folder that each image stands in, below those that all share and those that split the data."""
    parents = [[part for part in path.parts[:-1] if part.lower() not in SPLITS] for path in paths]
    while all(parents) and len({parts[0] for parts in parents}) == 1:
        parents = [parts[1:] for parts in parents]
    return ["/".join(parts) or None for parts in parents] if any(parents) else None


def _with_tables(
    frame: pd.DataFrame, paths: list[PurePosixPath], files: list[_File], limits: Limits
) -> tuple[pd.DataFrame, set[int]]:
    """The images that tables name, each those below its own folder, with their other columns; and which they are."""
    made = [_with_table(frame, paths, file, limits) for file in files]
    return pd.concat([rows for rows, _ in made], ignore_index=True), set().union(*(named for _, named in made))


def _with_table(
    frame: pd.DataFrame, paths: list[PurePosixPath], file: _File, limits: Limits
) -> tuple[pd.DataFrame, set[int]]:
    """The images that a table names, with its other columns; and which they are."""
    if file.path.suffix.lower() == ".csv":
        table = text.read_csv(file.content, limits, name=file.path.name, delimiter=None).frame
    else:
        table = records.read_json(file.content, limits, name=file.path.name, lines=True).frame
    key = next((name for name in FILE_NAMES if name in table.columns), None)
    if key is None:
        raise DataError(
            f"{file.path}: no column names the images. Call it {FILE_NAMES[0]} (or {', '.join(FILE_NAMES[1:])}); the columns are "
            f"{', '.join(map(str, table.columns))}."
        )
    place = {
        str(path.relative_to(file.path.parent)): i
        for i, path in enumerate(paths)
        if path.is_relative_to(file.path.parent)
    }
    names = [None if pd.isna(cell) else str(PurePosixPath(str(cell))) for cell in table[key]]
    absent = [name for name in names if name is not None and name not in place]
    if absent:
        shown = ", ".join(absent[:5])
        raise DataError(
            f"{file.path} names {len(absent):,} images that are not there, such as {shown}. Write their paths beside {file.path.name}."
        )
    cells = [None if name is None else frame[IMAGE].iloc[place[name]] for name in names]
    rows = pd.DataFrame({IMAGE: pd.Series(cells, dtype=object)})
    rest = table.drop(columns=key).reset_index(drop=True)
    if IMAGE in rest.columns:
        raise DataError(f"{file.path}: a column is called {IMAGE!r}, which is the name of the images. Rename it.")
    return pd.concat([rows, rest], axis=1), {place[name] for name in names if name is not None}
