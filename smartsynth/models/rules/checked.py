"""What a rule allows whose columns another step makes: read off real rows, and only held against the rows that are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.constraints import Rule
from smartsynth.models.rules.groups import GroupStep
from smartsynth.models.rules.places import PlaceStep
from smartsynth.models.rules.step import Step
from smartsynth.schema import Schema

_KINDS: Mapping[str, type[GroupStep] | type[PlaceStep]] = {"group": GroupStep, "places": PlaceStep}


@dataclass(frozen=True, slots=True)
class CheckedStep(Step):
    """Combinations or places that change nothing.

    Args:
        allowed: The step that would make them.
    """

    allowed: GroupStep | PlaceStep

    @property
    def writes(self) -> tuple[str, ...]:
        """No column."""
        return ()

    def makes(self, rule: Rule) -> bool:
        """That no rule holds because of it."""
        return False

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table as it is."""
        return rows, schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table as it is."""
        return rows

    def to_json(self) -> dict[str, Any]:
        kind = next(name for name, kind in _KINDS.items() if isinstance(self.allowed, kind))
        return {"allowed": {"kind": kind, **self.allowed.to_json()}}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        allowed = dict(value["allowed"])
        return cls(_KINDS[allowed.pop("kind")].restore(allowed))
