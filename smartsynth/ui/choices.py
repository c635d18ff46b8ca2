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
    """The generators for this kind of data."""
    found = {name: registry.generator_class(name) for name in registry.generators()}
    return {name: cls for name, cls in found.items() if cls.modality is profile.schema.modality}


def is_installed(cls: type[Generator]) -> bool:
    """Whether the optional package a generator needs is here."""
    return cls.extra is None or cls.extra in machine().extras


def recommended(profile: Profile, *, dp: bool) -> Choice:
    """The generator to use and why; ConfigError if none fits these data."""
    return selector.choose(profile, machine(), generators(profile), dp=dp)


def privacy_modes() -> tuple[Mode, ...]:
    """Off, the distance filter, and differential privacy once a generator and the settings offer it."""
    modes = [
        Mode("filter", "Distance filter", FILTER, {"filter": True}),
        Mode("off", "Off", "Rows leave as the model makes them. Copies and near copies of real rows may be among them.", {"filter": False}),
    ]  # fmt: skip
    classes = [registry.generator_class(name) for name in registry.generators()]
    if "epsilon" in PrivacyConfig.model_fields and any(cls.dp for cls in classes):
        modes.append(Mode("dp", "Differential privacy", DP, {"filter": False, "epsilon": 1.0}))
    return tuple(modes)


FILTER = (
    "Rows that copy a rare real row, or lie nearer to one than real rows lie to each other, are dropped, with decoys "
    "so that nobody can tell which. A safeguard, not a proof."
)
DP = (
    "The model is learnt from noisy counts, so that no single person's row can change what comes out by more than a bounded "
    "factor. No filter looks at the real rows."
)
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
