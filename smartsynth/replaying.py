"""A run made again from its manifest and the same data, and whether the same rows came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartsynth import pipeline
from smartsynth.progress import Progress
from smartsynth.recipe import Recipe
from smartsynth.report.compliance import manifest_of
from smartsynth.result import Result

UNEXPLAINED = (
    "Versions, settings and numbers of rows are the same. So other real rows were given than then, or the generator asks something "
    "that answers differently, or this processor rounds differently."
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a run that was made again.

    Args:
        result: The run.
        identical: Whether its synthetic rows are those of then, cell by cell.
        differences: What is not as it was then, in words; there may be some though the rows are identical.
    """

    result: Result
    identical: bool
    differences: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        told = f"{len(self.result.synthetic):,} rows (SHA-256 {self.result.manifest['rows_sha256'][:16]}…)"
        if self.identical:
            return f"Identical: the {told} are those of the first run."
        return f"Not identical: the {told} differ from those of the first run. {'; '.join(self.differences) or UNEXPLAINED}"


def recipe_of(run: str | Path | Mapping[str, Any]) -> Recipe:
    """The recipe of a run: of its manifest, of the folder that it was saved to, or of a file that it wrote.

    Raises:
        ModelFormatError: There is no manifest, or it lacks something.
        ConfigError: No seed makes such a run again.
    """
    return Recipe.of(run if isinstance(run, Mapping) else manifest_of(run))


def replay(
    run: str | Path | Mapping[str, Any],
    data: Any,
    *,
    holdout: Any = None,
    checks: Sequence[Callable[..., Any]] = (),
    progress: Progress | None = None,
) -> Replay:
    """Make a run again: the same settings, seed and generator on the same data give the same rows.

    Args:
        run: Manifest of the run, or the folder that it was saved to, or a file that it wrote.
        data: The real data of then, as for `synthesize`.
        holdout: The rows that were given to be kept aside, if some were.
        checks: The functions that rows had to pass, if there were some.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: These are not the data of then; the message says what differs.
        ConfigError: No seed makes such a run again (a budget of differential privacy, a race), or a holdout is missing.
        ModelFormatError: There is no manifest, or it lacks something.
    """
    recipe = recipe_of(run)
    recipe.check_holdout(holdout is not None)
    result = pipeline.synthesize(
        data, config=recipe.config, holdout=holdout, checks=checks, recipe=recipe, progress=progress
    )
    return Replay(result, result.manifest["rows_sha256"] == recipe.sha256, recipe.differences(result.manifest))
