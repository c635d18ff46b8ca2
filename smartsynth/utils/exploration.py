"""The exhaustive page of fg-data-profiling (the successor of pandas-profiling), behind the extra `profile`.

The pipeline never uses it. Unlike our own profile it shows single values and extremes: it is for the owner of the data.
"""

from __future__ import annotations

from pathlib import Path

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
        title = f"Exploration of {dataset.source.name}"
        page = ProfileReport(dataset.frame, title=title, minimal=len(dataset) > 20_000, progress_bar=False).to_html()
    return atomic.write_file(path, page, mode=0o600)
