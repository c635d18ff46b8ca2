"""What the library offers for the data at hand. Everything is read from the registry and the settings tree."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from smartsynth import registry, selector
from smartsynth.config import PrivacyConfig
from smartsynth.facts import Choice, Machine, Profile
from smartsynth.models.base import Generator
from smartsynth.schema import Modality


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to protect people: its name, what it means, and the settings that switch it on."""

    key: str
    title: str
    meaning: str
    settings: Mapping[str, object]


@functools.cache
def machine() -> Machine:
    """The machine that the app runs on."""
    return selector.machine()


def generators(profile: Profile) -> dict[str, type[Generator]]:
    """The generators for this kind of data: tables, histories of entities, or windows of a plain series."""
    schema = profile.schema
    found = {name: registry.generator_class(name) for name in registry.generators()}
    fitting = {name: cls for name, cls in found.items() if cls.modality is schema.modality}
    if schema.modality is not Modality.TIMESERIES:
        return fitting
    return {name: cls for name, cls in fitting.items() if cls.windowed is (schema.entity is None)}


def is_installed(cls: type[Generator]) -> bool:
    """Whether the optional package a generator needs is here."""
    return cls.extra is None or cls.extra in machine().extras


def recommended(profile: Profile, *, dp: bool) -> Choice:
    """The generator to use and why; ConfigError if none fits these data."""
    return selector.choose(profile, machine(), generators(profile), dp=dp)


def privacy_modes(profile: Profile) -> tuple[Mode, ...]:
    """The distance filter, off, and differential privacy if a generator for these data and the settings offer it."""
    what = kind_of_record(profile)
    modes = [
        Mode("filter", "Distance filter", FILTER[what], {"filter": True}),
        Mode("off", "Off", OFF[what], {"filter": False}),
    ]
    if "epsilon" in PrivacyConfig.model_fields and any(cls.dp for cls in generators(profile).values()):
        modes.append(Mode("dp", "Differential privacy", DP[what], {"filter": False, "epsilon": 1.0}))
    return tuple(modes)


def kind_of_record(profile: Profile) -> str:
    """What is learnt and made as a whole: `rows` of a table, `entities` with their rows, or `windows` of a plain series."""
    return profile.schema.records


FILTER = {
    "rows": "Rows that copy a rare real row, or lie nearer to one than real rows lie to each other, are dropped, with decoys "
    "so that nobody can tell which. A safeguard, not a proof.",
    "entities": "Histories that copy a real one, or lie nearer to one than real ones lie to each other, are dropped as a whole, with "
    "decoys so that nobody can tell which. A safeguard, not a proof.",
    "windows": "Windows that lie nearer to a stretch of the real series than stretches of other times do are dropped, with decoys so "
    "that nobody can tell which. A safeguard, not a proof.",
}
OFF = {
    "rows": "Rows leave as the model makes them. Copies and near copies of real rows may be among them.",
    "entities": "Histories leave as the model makes them. Copies and near copies of real ones may be among them.",
    "windows": "Windows leave as the model makes them. Copies and near copies of real stretches may be among them.",
}
DP = {
    "rows": "The model is learnt from noisy counts, so that no single person's row can change what comes out by more than a bounded "
    "factor. No filter looks at the real rows.",
    "entities": "The model is learnt with noise, so that no single entity, with all its rows, can change what comes out by more than a "
    "bounded factor. No filter looks at the real rows.",
}
EPSILONS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


def meaning_of_epsilon(epsilon: float) -> str:
    """What a privacy budget promises, in one sentence.

    >>> meaning_of_epsilon(1.0)
    'With ε = 1, whether a person is in the data changes the odds of anything an attacker may conclude by a factor of at most 2.7.'
    """
    factor = math.exp(epsilon)
    shown = f"{factor:.1f}" if factor < 100 else f"{factor:,.0f}"
    return (
        f"With ε = {epsilon:g}, whether a person is in the data changes the odds of anything an attacker may conclude by "
        f"a factor of at most {shown}."
    )


def seconds(profile: Profile, generator: str, *, rows: int, filtered: bool, evaluated: bool) -> float:
    """Rough seconds that a run will take on this machine."""
    found = selector.run_seconds(
        registry.generator_class(generator), profile, machine(), rows, filtered=filtered, evaluated=evaluated
    )
    return sum(found.values())
