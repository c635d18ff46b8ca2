"""Synthetic rows as data sets of Hugging Face's `datasets`. The other way: `synthesize` takes a `datasets.Dataset` as it is.

to_hf     a `datasets.Dataset`, or a `DatasetDict` with a part for testing
write_hf  a folder of Parquet files and a card, which `datasets.load_dataset` reads and the Hub shows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from smartsynth import export, hf_export, ingest, resampling
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.report.cards import data_card, is_of_a_run
from smartsynth.resampling import Resampled
from smartsynth.result import Result


def to_hf(source: Any, *, test: Any = None, features: Any = None) -> Any:
    """Rows as a `datasets.Dataset`; with `test` as a `DatasetDict` of `train` and `test`.

    Args:
        source: A result, what `resample` gives, the folder of a saved run, or anything that `read` takes.
        test: A share of the rows, such as 0.2, or a table of its own, such as real rows that nothing was learnt from.
        features: `datasets.Features` that the rows shall have, such as those of the real data set, so that its classes have
            the same numbers; those of `test` if that is a `datasets.Dataset`.

    Raises:
        MissingExtraError: `datasets` is not installed.
        ConfigError: `test` is not a share, or leaves nothing.
        DataError: The rows do not fit the features.
    """
    rows = _rows(source)[0]
    if test is None:
        return hf_export.to_hugging_face(rows, features=features)
    if not isinstance(test, int | float):
        if features is None:
            features = getattr(test, "features", None)
        apart = ingest.read(test)
        if features is None:
            features = hf_export.to_hugging_face(_together(rows, apart)).features
        return _dict(rows, apart, features)
    train, rest = _divided(rows, float(test))
    return _dict(train, rest, features or hf_export.to_hugging_face(rows).features)


def write_hf(source: Any, folder: str | Path, *, test: float | None = None, features: Any = None) -> list[Path]:
    """Write the folder of a data set, all rows of which are synthetic: Parquet files, the card and the manifest.

    Args:
        source: As `to_hf` takes it.
        folder: Where to; an older folder of ours is replaced.
        test: Share of the rows of the split `test`.
        features: As `to_hf` takes them.

    Raises:
        ConfigError: The folder holds something else, or `test` is a table: real rows are not written beside synthetic ones.
    """
    if test is not None and not isinstance(test, int | float):
        raise ConfigError(
            f"test is a {type(test).__name__}, and its rows would be written beside synthetic ones. Give a share, such as test=0.2."
        )
    rows, manifest = _rows(source)
    made = to_hf(rows, test=test, features=features)
    splits = {"train": made} if test is None else dict(made)
    card = data_card(manifest, rows.schema) if manifest is not None and is_of_a_run(manifest) else None
    return export.write_folder(Path(folder), hf_export.files(splits, manifest, card), ours="data")


def _rows(source: Any) -> tuple[Dataset, Mapping[str, Any] | None]:
    """The rows, and the manifest of their run if there is one."""
    if isinstance(source, str | Path) and (Path(source) / "model.json").is_file():
        source = resampling.resample(source)
    if isinstance(source, Result | Resampled):
        return source.synthetic, source.manifest
    return ingest.read(source), None


def _together(rows: Dataset, apart: Dataset) -> Dataset:
    """Both tables in one, whose classes are those of both."""
    import pandas as pd

    shared = [name for name in rows.schema.names if name in apart.schema]
    both = pd.concat([rows.frame[shared].astype(object), apart.frame[shared].astype(object)], ignore_index=True)
    return replace(rows, frame=both, schema=rows.schema.without(*(set(rows.schema.names) - set(shared))))


def _divided(rows: Dataset, share: float) -> tuple[Dataset, Dataset]:
    """The first rows and the last ones; an entity's rows stay together."""
    entity = rows.schema.entity
    names = rows.frame.index.to_series() if entity is None else rows.frame[entity.name]
    order = names.unique()
    kept = len(order) - round(share * len(order))
    if not 0 < share < 1 or not 0 < kept < len(order):
        raise ConfigError(f"test={share:g} must be a share between 0 and 1 that leaves rows on both sides.")
    first = names.isin(order[:kept]).to_numpy()
    parts = (rows.frame[first], rows.frame[~first])
    train, test = (rows.with_frame(part.reset_index(drop=True)) for part in parts)
    return train, test


def _dict(train: Dataset, test: Dataset, features: Any) -> Any:
    import datasets

    made = {
        name: hf_export.to_hugging_face(rows, features=features, split=name)
        for name, rows in (("train", train), ("test", test))
    }
    return datasets.DatasetDict(made)
