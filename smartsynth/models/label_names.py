"""What a text is about, by the names of the labels alone: no real text is read, so that no budget pays for it.

A text may pass for one about its label if few other names are nearer to it in the space of a public sentence model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics.embedding import MiniLM, has_minilm

FEWEST = 8
"""Labels from which on their names are asked: of few, a wrong guess does more harm than none."""
NEAREST = 1 / 16
"""Share of the names that may be the nearest ones."""
SPELT = 0.9
"""Share of the names that have to be words."""


@dataclass(frozen=True)
class LabelNames:
    """Judges texts by the names of their labels.

    Args:
        labels: As they are told in control codes.
    """

    labels: tuple[str, ...]

    @classmethod
    def of(cls, labels: Sequence[str]) -> LabelNames | None:
        """The judge by these names; None if they are few or no words, or if the sentence model is not installed."""
        names = sorted(set(labels))
        words = [bool(re.search(r"[^\W\d_]{3}", name)) for name in names]
        if len(names) < FEWEST or np.mean(words) < SPELT or not has_minilm():
            return None
        return cls(tuple(names))

    def fits(self, texts: Sequence[str], labels: Sequence[str]) -> list[bool]:
        """Whether few names are nearer to each text than that of its label."""
        if not has_minilm():
            return [True] * len(texts)
        near = MiniLM()(texts) @ self._points.T
        most = max(math.ceil(NEAREST * len(self.labels)), 2)
        place = {name: i for i, name in enumerate(self.labels)}
        return [
            label not in place or int((row > row[place[label]]).sum()) < most
            for row, label in zip(near, labels, strict=True)
        ]

    @cached_property
    def _points(self) -> NDArray[np.float32]:
        return MiniLM()([" ".join(re.sub(r"_+", " ", name).split()) for name in self.labels])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Nothing: its points are those of the names."""
        return {}

    def to_json(self) -> dict[str, Any]:
        return {"labels": list(self.labels)}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LabelNames:
        """The judge that `to_json` came from."""
        return cls(tuple(values["labels"]))
