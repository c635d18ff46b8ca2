"""The manifest: what was done, so that it can be judged and repeated. It travels with every exported file.

It holds nothing that changes from one run to the next with the same seed (no clock, no timings), so the files of two
equal runs are equal to the byte; and nothing of the real rows but their number, their schema and its hash.
recipe.py makes a run again from it.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from smartsynth._version import __version__
from smartsynth.config import RunConfig
from smartsynth.facts import (
    Attack,
    Battery,
    Choice,
    Evaluation,
    FilterSummary,
    Identifier,
    Recoding,
    RuleFact,
    Score,
    to_json,
)
from smartsynth.privacy.ledger import Ledger
from smartsynth.schema import Schema

# What the rows depend on besides the data, the settings and the seed.
PACKAGES = (
    "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "lightgbm", "numba", "torch", "transformers", "diffusers", "opacus",
    "sdv", "ctgan", "opendp", "dp-accounting",
)  # fmt: skip

OF_NO_REAL_ROW = ("rule", "is_made", "made_broken", "made", "rejected", "looked_at")
"""What is told of a rule within a budget: what was asked for, and what synthetic rows say."""


def manifest(
    *,
    config: RunConfig,
    schema: Schema,
    choice: Choice | None,
    rows: Mapping[str, int],
    held_out: str,
    filter_summary: FilterSummary | None,
    evaluation: Evaluation | None,
    ledger: Ledger,
    real_schema: Schema | None = None,
    sha256: str | None = None,
    recoding: Recoding | None = None,
    identifiers: Sequence[Identifier] = (),
    rules: Sequence[RuleFact] = (),
) -> dict[str, Any]:
    """Everything about a run that another person needs, as plain JSON.

    Args:
        config: The settings, with the seed that was used.
        schema: Schema of the real data.
        choice: The generator and why; None if the synthetic data came from elsewhere.
        rows: Numbers of rows: `real`, `train`, `holdout`, `synthetic`.
        held_out: Where the holdout came from: `given` or `split`.
        filter_summary: None if the privacy filter was off.
        evaluation: None if nothing was measured.
        ledger: What looked at the real rows. Where a budget of differential privacy was asked for, the manifest leaves out
            all that was measured without noise: numbers of real rows, reasons, scores.
        real_schema: Columns of the real data as they were read, before any treatment; left out within a budget.
        sha256: Of the synthetic rows; see `export.digest`.
        recoding: What made the synthetic rows k-anonymous; None if that was not asked for.
        identifiers: Columns that say who somebody is, and what was done about them. Within a budget of differential privacy
            only what was asked for.
        rules: What every row keeps; within a budget without anything that real rows say of it.
    """
    if not math.isnan(ledger.epsilon):
        rows, evaluation, identifiers = {"synthetic": rows["synthetic"]}, None, ()
        choice = None if choice is None else Choice(choice.generator, ())
        real_schema = None
    return {
        **here(),
        "generator": None if choice is None else choice.generator,
        "reasons": [] if choice is None else list(choice.reasons),
        "seed": config.seed,
        "config": config.model_dump(mode="json"),
        "data": {
            "fingerprint": fingerprint(schema, rows.get("real")),
            "columns": len(schema),
            **rows,
            "held_out": held_out,
            **({} if real_schema is None else {"schema": columns_of(real_schema)}),
        },
        "rows_sha256": sha256,
        "filter": None if filter_summary is None else _without_clock(to_json(filter_summary)),
        "identifiers": [_identifier(one) for one in identifiers],
        "recoding": None if recoding is None else to_json(recoding),
        "rules": [_rule(one, private=not math.isnan(ledger.epsilon)) for one in rules],
        "privacy": {"statement": ledger.statement(), **ledger.to_json()},
        "target": None if evaluation is None else evaluation.target,
        "attacks": None if evaluation is None or evaluation.battery is None else _attacks(evaluation.battery),
        "scores": [] if evaluation is None else [_score(score) for score in evaluation.scores],
    }


def columns_of(schema: Schema) -> list[dict[str, str]]:
    """Name, kind and dtype of each column: what must be the same for a run to be made again, and no value."""
    return [{"name": column.name, "kind": column.kind.value, "dtype": column.dtype} for column in schema]


def here() -> dict[str, Any]:
    """What runs are made with here: versions, and the kind of machine."""
    return {
        "smartsynth": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": _installed(),
    }


def environment(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What a run was made with, by name."""
    own = {name: str(manifest[name]) for name in ("smartsynth", "python", "platform") if name in manifest}
    return {**own, **manifest.get("packages", {})}


def fingerprint(schema: Schema, rows: int | None) -> str:
    """Names a data set without its rows: a hash of rows could confirm that somebody is among them.

    Without their number too if that is None.
    """
    text = json.dumps({"schema": schema.to_json(), "rows": rows}, sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _installed() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _without_clock(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "seconds"}


def _identifier(one: Identifier) -> dict[str, Any]:
    return {
        **to_json(one),
        **{
            name: _rounded(getattr(one, name))
            for name in ("came_back", "of_others")
            if math.isfinite(getattr(one, name))
        },
    }


def _rule(one: RuleFact, *, private: bool) -> dict[str, Any]:
    return {name: value for name, value in to_json(one).items() if not private or name in OF_NO_REAL_ROW}


def _attacks(battery: Battery) -> dict[str, Any]:
    """The verdict of the attacks, and how small a leak they would have seen."""
    smallest = _rounded(battery.smallest) if math.isfinite(battery.smallest) else None
    strongest: dict[str, Attack] = {}
    for attack in battery.attacks:
        strongest.setdefault(attack.key, attack)
    return {
        "outcome": battery.outcome.value,
        "made": len(battery.attacks),
        "smallest_leak_seen": smallest,
        "strongest": [
            to_json({
                "key": a.key, "name": a.name, "advantage": _rounded(a.advantage), "interval": _rounded(a.interval),
                "outcome": a.outcome,
            })
            for a in strongest.values()
        ],
    }  # fmt: skip


def _score(score: Score) -> dict[str, Any]:
    # Six digits: the last bits of a float depend on the number of threads.
    rounded = {name: _rounded(getattr(score, name)) for name in ("value", "reference", "interval")}
    return to_json({"key": score.key, "family": score.family, "better": score.better, **rounded})  # type: ignore[no-any-return]


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_rounded(item) for item in value)
    return None if value is None else float(f"{value:.6g}")
