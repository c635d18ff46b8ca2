"""Synthetic rows for a strategy, made by a generator that has learnt given real rows and no others.

learn      all given rows, with their target
of_class   a generator that samples under conditions draws the rows of each class p(x | class) on their own;
of any other, rows of the class are picked out of those that it makes anyway
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from smartsynth import registry
from smartsynth.augmentation.strategy import Strategy
from smartsynth.errors import DataError
from smartsynth.formats import count
from smartsynth.metrics.rows import as_text
from smartsynth.models.ruled_generator import RuledGenerator, keeping
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Schema

if TYPE_CHECKING:
    from smartsynth.models.base import Generator

MOST_SCANNED_PER_ROW, FEWEST_SCANNED, SCAN_ROWS = 1_000, 200_000, 8_192


class Makes(Protocol):
    """Learns real rows and makes others, by some strategy."""

    @property
    def schema(self) -> Schema: ...

    @property
    def target(self) -> str: ...

    @property
    def strategy(self) -> Strategy: ...

    def make(self, real: pd.DataFrame, *, seed: int, progress: Progress | None = None) -> pd.DataFrame: ...


@dataclass(frozen=True, slots=True)
class Maker:
    """Learns real rows and makes those that a strategy asks for.

    Args:
        schema: Of the real rows.
        target: Column that the strategy is about.
        strategy: How many rows of which class.
        generator: Name of the generator.
        options: Its options.
        k: A class that fewer rows have is not learnt, and gets no rows.
        rules: What every made row keeps (constraints.py).
        beside: Real rows that made ones will stand beside, besides those learnt from: no key comes twice.
    """

    schema: Schema
    target: str
    strategy: Strategy
    generator: str
    options: Mapping[str, Any] = field(default_factory=dict)
    k: int = 5
    rules: tuple[Any, ...] = ()
    beside: pd.DataFrame | None = None

    def make(self, real: pd.DataFrame, *, seed: int, progress: Progress | None = None) -> pd.DataFrame:
        """The rows to add to these real ones, those of one class after the other; none if the strategy asks for none.

        Raises:
            DataError: Too few rows to learn from, or of a class that shall get rows.
        """
        known = real[real[self.target].notna()]
        asked = self._asked(known)
        if not asked and self.strategy.needs_classes:
            return known.head(0)
        model = keeping(registry.create(self.generator, **self.options), self.rules, k=self.k)
        model.fit(known, schema=self.schema, seed=seed, progress=part(progress, 0.0, 0.8))
        if isinstance(model, RuledGenerator):
            model.apart_from(known if self.beside is None else self.beside)
        report = part(progress, 0.8, 1.0)
        if not self.strategy.needs_classes:
            return self._plain(model.sample(self.strategy.grown(len(known)), seed=seed, progress=report))
        values = {str(text): cell for text, cell in zip(as_text(known[self.target]), known[self.target], strict=True)}
        made, start = [], 0
        for i, (name, n) in enumerate(asked.items()):
            share = part(report, i / len(asked), (i + 1) / len(asked))
            made.append(of_class(model, self.target, values[name], n, seed=seed, start=start, progress=share))
            start += -(-n // model.block) * model.block  # keys count the rows of the stream: no two classes share one
        return self._plain(pd.concat(made, ignore_index=True))

    def _asked(self, known: pd.DataFrame) -> dict[str, int]:
        """Rows to make of each class."""
        if not self.strategy.needs_classes:
            return {}
        counts = {str(name): int(n) for name, n in as_text(known[self.target]).value_counts(sort=False).items()}
        asked = self.strategy.added(dict(sorted(counts.items())))
        rare = [name for name in asked if counts[name] < self.k]
        if rare:  # their names are rare values and stay unsaid
            raise DataError(
                f"{count(len(rare))} of {count(len(counts))} classes of the target {self.target!r} have fewer than "
                f"{self.k} rows to learn from. Merge them with others, or leave these rows out."
            )
        return asked

    def _plain(self, rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.reset_index(drop=True)
        rows.attrs = {}
        return rows


def of_class(
    model: Generator, target: str, value: Any, n: int, *, seed: int, start: int = 0, progress: Progress | None = None
) -> pd.DataFrame:
    """`n` rows whose target has a value, from a place of the generator's stream on.

    Raises:
        DataError: The generator cannot sample under conditions, and hardly ever makes such a row, or no more that differ as rules say.
    """
    keyed = model if isinstance(model, RuledGenerator) and model.has_keys else None
    if keyed is not None and model.conditional:
        rows = keyed.distinct(n, where={target: value}, seed=seed, start=start, progress=progress)
        keyed.apart_from(rows)
        return rows
    if model.conditional:
        return model.sample(n, where={target: value}, seed=seed, start=start, progress=progress)
    name = as_text(pd.Series([value])).iloc[0]
    most, found, scanned, made = max(FEWEST_SCANNED, MOST_SCANNED_PER_ROW * n), 0, 0, []
    stream, is_over = model.sample if keyed is None else keyed.available, False
    while found < n:
        if scanned >= most or is_over:
            raise DataError(
                f"The generator {model.name!r} made a class of {target!r} only {count(found)} times in {count(scanned)} rows, and "
                f"{count(n)} such rows are wanted. Use a generator that samples under conditions, such as forest."
            )
        rows = stream(SCAN_ROWS, seed=seed, start=scanned)
        is_over = len(rows) < SCAN_ROWS
        rows = rows[(as_text(rows[target]) == name).to_numpy()]
        made.append(rows)
        found, scanned = found + len(rows), scanned + SCAN_ROWS
        (progress or silent)(min(found / n, 1.0), "Picking rows of a class")
    whole: pd.DataFrame = pd.concat(made, ignore_index=True)
    return whole.head(n)
