"""Profile + machine → which generator, and why. Rules read capabilities, never names."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from smartsynth.errors import ConfigError
from smartsynth.facts import Choice, Machine, Profile
from smartsynth.formats import span
from smartsynth.schema import Modality

BUDGET_SECONDS = 1_800.0
"""Generators that would take longer to fit come after those that do not."""
BEYOND = 0.02
"""What a row beyond a generator's `cost_rows` costs, over one before."""
_EXTRAS = {
    "sdv": ("sdv", "ctgan"),
    "torch": ("torch",),
    "text": ("torch", "transformers", "peft"),
    "image": ("torch", "diffusers"),
    "pipeline": ("torch", "diffusers", "transformers", "peft"),
    "profile": ("data_profiling",),
    "hf": ("huggingface_hub", "datasets"),
    "mlflow": ("mlflow",),
    "imblearn": ("imblearn",),
    "dp": ("opendp", "dp_accounting"),
    "dpsgd": ("torch", "opacus", "opendp", "dp_accounting"),
    "dpimage": ("torch", "diffusers", "opacus", "opendp", "dp_accounting"),
    "dppipeline": ("torch", "diffusers", "transformers", "peft", "opendp", "dp_accounting"),
    "dptext": ("torch", "transformers", "peft", "opacus", "opendp", "dp_accounting"),
    "templates": ("mimesis",),
}


class Capable(Protocol):
    """What the selector reads of a generator class."""

    name: ClassVar[str]
    summary: ClassVar[str]
    modality: ClassVar[Modality]
    dp: ClassVar[bool]
    cost: ClassVar[float]
    compiles: ClassVar[bool]
    cost_rows: ClassVar[int]
    cost_columns: ClassVar[float]
    cost_per_sample: ClassVar[float]
    effort: ClassVar[Mapping[str, int]]
    quality: ClassVar[float]
    min_rows: ClassVar[int]
    windowed: ClassVar[bool]
    extra: ClassVar[str | None]

    @classmethod
    def lacks(cls) -> str | None: ...


def machine() -> Machine:
    """The machine this runs on; looks without importing anything heavy."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = 0.0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    extras = {extra for extra, modules in _EXTRAS.items() if all(map(importlib.util.find_spec, modules))}
    return Machine(cores, memory, shutil.which("nvidia-smi") is not None, frozenset(extras), _is_compiled())


COMPILING = 120.0
"""Rough seconds that the first fit on a machine compiles for: on two cores the first fit of 4,454 rows took 125 s, the next 4 s."""


def _is_compiled() -> bool:
    """Whether numba keeps machine code of the trees that is as new as their source, in this installation or its cache folder."""
    source = Path(__file__).parent / "models" / "count_trees.py"
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        places = [Path(given)]
    else:
        own = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "numba"
        places = [source.parent / "__pycache__", own]
    stamp = source.stat().st_mtime
    return any(index.stat().st_mtime >= stamp for place in places for index in place.rglob("count_trees.*.nbi"))


def seconds(generator: type[Capable], profile: Profile, on: Machine, options: Mapping[str, Any] | None = None) -> float:
    """Rough seconds to fit: the class's cost, grown with the rows, the columns and the effort that `options` ask for.

    Where each column is learnt from all others, one takes longer the more there are: `cost_columns` is above 1.
    """
    effort = 1.0
    for option, usual in generator.effort.items():
        asked = (options or {}).get(option, usual)
        if isinstance(asked, int | float) and asked > 0:  # anything else is refused by the generator itself
            effort *= asked / usual
    rows = min(profile.rows, generator.cost_rows) + BEYOND * max(profile.rows - generator.cost_rows, 0)
    size = (rows + 5_000) / 15_000 * max(_columns(profile) / 10, 0.1) ** generator.cost_columns
    return float(generator.cost * effort * size / _speed(on))


def run_seconds(
    generator: type[Capable],
    profile: Profile,
    on: Machine,
    rows: int,
    *,
    filtered: bool,
    evaluated: bool,
    options: Mapping[str, Any] | None = None,
    max_rows: int = 20_000,
) -> Mapping[str, float]:
    """Rough seconds of each long stage of a run.

    Args:
        generator: The generator's class.
        profile: What the data look like.
        on: The machine.
        rows: Rows to make.
        filtered: Whether the privacy filter looks at them.
        evaluated: Whether they are scored.
        options: The generator's options.
        max_rows: `evaluate.max_rows`.

    Returns:
        Seconds by stage: "Fit", "Sample and filter", "Evaluate". The factors fit what two idle cores took for tables of
        3,000 to 100,000 rows and 4 to 60 columns, each within a factor of two.
    """
    columns = max(_columns(profile), 1)
    made, real, compared = rows / 10_000, profile.rows / 10_000, min(rows, profile.rows, max_rows) / 10_000
    speed = _speed(on)
    sample = generator.cost_per_sample * made * (columns / 10) ** 1.5
    check = 0.4 + (0.4 + 0.05 * columns) * (made + real) / 2 if filtered else 0.0
    evaluate = (0.14 * compared + 0.28 * (made + real)) * columns if evaluated else 0.0
    first = COMPILING if generator.compiles and not on.is_compiled else 0.0
    return {
        "Fit": seconds(generator, profile, on, options) + first,
        "Sample and filter": (sample + check) / speed,
        "Evaluate": evaluate / speed,
    }


def _columns(profile: Profile) -> int:
    return sum(column.is_modelled for column in profile.schema)


def _speed(on: Machine) -> float:
    """How much faster than one core: the stages are not parallel throughout."""
    return float(min(on.cores, 4) ** 0.5)


def choose(profile: Profile, on: Machine, candidates: Mapping[str, type[Capable]], *, dp: bool = False) -> Choice:
    """The best generator that this table and this machine allow, with reasons.

    Args:
        profile: What the data look like.
        on: The machine.
        candidates: Generator classes by name.
        dp: Only generators that can be differentially private.

    Raises:
        ConfigError: No candidate fits; the message says why each does not.
    """
    refused = {name: why for name, cls in candidates.items() if (why := refusal(cls, profile, on, dp=dp))}
    left = {name: cls for name, cls in candidates.items() if name not in refused}
    if not left:
        why_not = "; ".join(f"{name}: {why}" for name, why in refused.items())
        raise ConfigError(f"No generator fits these data. {why_not}")
    estimates = {name: seconds(cls, profile, on) for name, cls in left.items()}
    plain = [name for name in left if dp or not left[name].dp] or list(left)  # nobody gets noise who did not ask for it
    affordable = [name for name in plain if estimates[name] <= BUDGET_SECONDS]
    best = max(affordable, key=lambda name: left[name].quality) if affordable else min(plain, key=estimates.__getitem__)
    columns = sum(column.is_modelled for column in profile.schema)
    reasons = [
        left[best].summary,
        f"{profile.rows:,} rows and {columns} modelled columns take about {span(estimates[best])} to learn on {on.cores} cores.",
    ]
    if left[best].compiles and not on.is_compiled:
        reasons.append(
            f"This is the first run here: it compiles its inner loops before, about {span(COMPILING)} more, and later runs do not."
        )
    for name, cls in left.items():
        if name == best:
            continue
        if cls.quality > left[best].quality:
            refused[name] = f"would take about {span(estimates[name])}, more than {span(BUDGET_SECONDS)}"
        else:
            refused[name] = (
                f"in benchmarks a classifier told what it makes from real data in {_told(cls)} of 100 pairs, against {_told(left[best])} for "
                f"{best}; 50 is a guess"
            )
    return Choice(best, tuple(reasons), tuple(refused.items()))


def _told(cls: type[Capable]) -> int:
    """In how many of 100 pairs of a real and a synthetic record a classifier names the synthetic one; see `Generator.quality`."""
    return round(100 * (1 - cls.quality / 2))


def refusal(cls: type[Capable], profile: Profile, on: Machine, *, dp: bool = False) -> str | None:
    """Why a generator cannot be used for these data on this machine; None if it can."""
    if cls.modality is not profile.schema.modality:
        return f"makes {cls.modality.value} data, not {profile.schema.modality.value}"
    if profile.schema.modality is Modality.TIMESERIES and cls.windowed is not (profile.schema.entity is None):
        return (
            "makes windows of one length, and entities have histories of their own lengths"
            if cls.windowed
            else ("makes histories of entities, and a plain series names none")
        )
    if dp and not cls.dp:
        return "cannot be differentially private"
    if cls.extra is not None and cls.extra not in on.extras:
        return f"needs pip install 'smartsynth[{cls.extra}]'"
    if (lacking := cls.lacks()) is not None:
        return lacking
    if profile.rows < cls.min_rows:
        return f"needs at least {cls.min_rows} rows; there are {profile.rows}"
    return None
