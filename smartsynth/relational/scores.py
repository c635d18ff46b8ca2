"""Values of a relational evaluation: each beside the same measure of real tables against other real tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartsynth.facts import Score


@dataclass(frozen=True, slots=True)
class TableScores:
    """One table.

    Args:
        table: Its name.
        real, synthetic: Rows.
        kept: Whether it is public knowledge and stays as it is.
        scores: `columns` (mean distance of a column), `pairs` (mean distance of a pair of columns) and `detection` (of rows with their
            parents and children joined on).
        unique: Share of primary keys that no earlier row has; None without a primary key.
        copied: Cells that hold real keys of columns that are made anew: such columns themselves, and others that hold texts; None if there are
            none.
    """

    table: str
    real: int
    synthetic: int
    kept: bool
    scores: tuple[Score, ...] = ()
    unique: float | None = None
    copied: int | None = None


@dataclass(frozen=True, slots=True)
class LinkScores:
    """One foreign key.

    Args:
        link: As `orders.customer_id → customers.id`.
        main: Whether children are made family after family along it.
        integrity: Share of keys that are not missing and name a row that is there.
        missing: Share of missing keys, real and synthetic.
        mean: Children of a parent, real and synthetic.
        ranges: Numbers of children, as `0`, `1–4`, `5 or more`.
        shares: Share of parents with so many children, real and synthetic.
        scores: `cardinality` (distance of the numbers of children), `parents` (mean distance of a pair of columns, one of the child and
            one of the parent) and `siblings` (mean distance of a column and the same column of the next child).
    """

    link: str
    main: bool
    integrity: float
    missing: tuple[float, float]
    mean: tuple[float, float]
    ranges: tuple[str, ...]
    shares: tuple[tuple[float, ...], tuple[float, ...]]
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True)
class RelationalEvaluation:
    """Several synthetic tables beside the real ones.

    Args:
        scores: Means over tables and keys: the headline.
        tables, links: Each of them.
        verdict: What the scores say, in sentences.
        limits: What they do not say.
        rows: Rows of the training, synthetic and held-out tables together.
        seconds: That it took.
    """

    scores: tuple[Score, ...]
    tables: tuple[TableScores, ...]
    links: tuple[LinkScores, ...]
    verdict: tuple[str, ...]
    limits: tuple[str, ...]
    rows: Mapping[str, int]
    seconds: float

    @property
    def integrity(self) -> float:
        """Share of all foreign keys that name a row that is there, and of primary keys that are unique; the lowest of them."""
        found = [link.integrity for link in self.links] + [t.unique for t in self.tables if t.unique is not None]
        return min(found, default=1.0)

    def score(self, key: str) -> Score:
        """A headline score by its key."""
        return next(score for score in self.scores if score.key == key)
