"""The exhaustive page of fg-data-profiling (the successor of pandas-profiling), behind the extra `profile`.

The pipeline never uses it. Unlike our own profile it shows single values and extremes: it is for the owner of the data.

The package writes names of columns into its page as they are, markup and all, and the page needs scripts of its own, so that no policy could
tell foreign ones apart. So signs that markup is made of are replaced by others that look like them before the package sees them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from smartsynth import atomic
from smartsynth.dataset import Dataset
from smartsynth.errors import MissingExtraError


def write_exploration(dataset: Dataset, path: str | Path) -> Path:
    """Write fg-data-profiling's report of the real rows, an HTML page that stays with the owner of the data.

    Raises:
        MissingExtraError: fg-data-profiling is not installed.
    """
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from data_profiling import ProfileReport
    except ImportError:
        raise MissingExtraError("The exhaustive page", "profile") from None
    path = Path(path)
    with warnings.catch_warnings():
        # The package warns about pandas' and matplotlib's own changes; nothing of it concerns the user.
        warnings.simplefilter("ignore")
        title = _plain(f"Exploration of {dataset.source.name}")
        page = ProfileReport(
            harmless(dataset.frame), title=title, minimal=len(dataset) > 20_000, progress_bar=False
        ).to_html()
    return atomic.write_file(path, page, mode=0o600)


_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "ˋ"})


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with names and texts that no markup comes of; different names stay different."""
    names: list[str] = []
    for name in map(str, frame.columns):
        plain, number = _plain(name), 1
        while plain in names:
            number += 1
            plain = f"{_plain(name)} ({number})"
        names.append(plain)
    return frame.apply(_without_markup).set_axis(names, axis=1)


def _without_markup(column: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
        return column.map(lambda cell: _plain(cell) if isinstance(cell, str) else cell)
    return column


def _plain(text: str) -> str:
    return text.translate(_LOOKALIKES)
