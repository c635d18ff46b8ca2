"""A real data set in memory: its frame, its schema, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smartsynth.schema import Schema
from smartsynth.sketches import Whole

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Source:
    """Where a data set came from and how it was written, so that the output can be written the same way.

    Args:
        name: File name without folders, or `stdin`, or `memory`.
        format: `csv`, `txt`, `json`, `jsonl`, `parquet`, `excel` or `memory`.
        backend: What the caller handed in and expects back: `pandas`, `polars`, `arrow` or `datasets`.
        encoding, delimiter, quotechar, decimal, line_end: Of a text file.
        notes: What was noticed and changed while reading, in sentences for the user.
        shape: Of JSON: `rows`, `messages`, `sharegpt` or `squad` (ingest/conversations.py).
    """

    name: str = "memory"
    format: str = "memory"
    backend: str = "pandas"
    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str = '"'
    decimal: str = "."
    notes: tuple[str, ...] = ()
    shape: str = "rows"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Real (or synthetic) rows with their schema. The frame is never changed in place.

    Where they are a draw of more rows than were to be read, `whole` says what all of them look like.
    """

    frame: pd.DataFrame
    schema: Schema
    source: Source = Source()
    whole: Whole | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def with_frame(self, frame: pd.DataFrame) -> Dataset:
        """The same schema and source around other rows."""
        return replace(self, frame=frame)
