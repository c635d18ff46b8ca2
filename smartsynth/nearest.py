"""Synthetic images beside the training images that are nearest to them, on a page of its own that is written only when asked for.

The page holds real images: for the owner of the data, who wants to see what a score calls near. Only its owner's account can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smartsynth import image_export, ingest, records
from smartsynth.config import RunConfig
from smartsynth.inference import refine_schema
from smartsynth.pipeline import settled
from smartsynth.privacy.audit import about, audited
from smartsynth.progress import Progress, Stages
from smartsynth.result import write_nearest
from smartsynth.utils.image_nearest import nearest_pairs


@audited("nearest images")
def nearest_images(
    real: Any,
    synthetic: Any,
    path: str | Path,
    *,
    holdout: Any = None,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Path:
    """Write an HTML page of the synthetic images nearest to training images, each beside it: it holds real images, so do not share it.

    Beside them stand, as a yardstick, unseen real images that are nearest to training images.

    Args:
        real: The real rows that the synthetic ones were made from, as for `evaluate`.
        synthetic: The synthetic rows.
        path: The page; only the account that runs this can read it.
        holdout: Real rows that the generator never saw. Without them a part of `real` takes their place.
        config: Settings, or a YAML file of them.
        progress: Called with the share done; may raise `Cancelled`.
        settings: Fields of RunConfig, such as `seed=1`.

    Raises:
        ConfigError: There are no images.
        DataError: The tables do not have the same columns, or one of them has no image.
    """
    run = settled(config, settings)
    stages = Stages(progress, {"Read": 10, "Compare": 90})
    with stages("Read"):
        train = ingest.read(real, limits=run.limits)
        made = ingest.read(synthetic, limits=run.limits)
        unseen = None if holdout is None else ingest.read(holdout, limits=run.limits)
        about(train.frame)
        schema = records.arranged(train.frame, run.corrected(refine_schema(train.frame, train.schema)), run)
        image_export.check_some(schema, "nearest_images")
        kept, held, schema = records.divided(
            train.frame, None if unseen is None else unseen.frame, schema, run, seed=run.seed or 0
        )
        rows, _ = records.comparable(made.frame, schema, run)
    with stages("Compare") as report:
        found = nearest_pairs(
            kept, rows, held, schema, has_holdout=unseen is not None, framing=records.framing_of(run), seed=run.seed or 0,
            progress=report,
        )  # fmt: skip
    return write_nearest(path, found, name=train.source.name)
