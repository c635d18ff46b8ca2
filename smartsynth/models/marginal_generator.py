"""Differentially private tables: select, measure, generate.

    domain     what values each column can have, and how often            dp_domain.py
    select     noisy distances of the model from the real counts          marginal_selection.py
    measure    noisy tables of counts of the columns chosen together      privacy/noise.py
    generate   the distribution that fits them best, as a junction tree   marginal_fit.py, junction_tree.py

Select and measure are repeated: first pairs of columns against the columns on their own, then pairs and triples against
the model so far. After the last table was measured the real rows are never looked at again, so everything that is done
with the model (sampling any number of rows, saving, conditions) costs no privacy.

The idea of fitting a graphical model to noisy marginals is McKenna, Miklau & Sheldon's (2021, MST; 2022, AIM). Here all
candidates are scored at once by distances with Gaussian noise, and everything spent is Gaussian, so that the account is
exact (privacy/accountant.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.models.base import State
from smartsynth.models.coding import Coding, under
from smartsynth.models.junction_tree import Clique, JunctionTree, sample_codes
from smartsynth.models.marginal_fit import Fitted, Measured, fitted
from smartsynth.models.marginal_selection import chosen, counted, distance, shares
from smartsynth.models.private import PrivateGenerator
from smartsynth.privacy.ledger import Budget, Ledger
from smartsynth.privacy.noise import Noise
from smartsynth.progress import Progress, part
from smartsynth.schema import Role, Schema

DOMAIN, SELECT = 0.45, 0.05
"""Shares of the budget for the columns on their own and for choosing tables; the rest measures the tables."""
FIRST = 0.6
"""Share of the measuring that goes to pairs before the first model; the rest to ROUNDS of pairs and triples."""
ROUNDS = 2
MOST_CELLS = 200_000
MOST_TRIPLES = 600
SKETCH = 200_000
"""Rows drawn from the model to know its counts of any table."""
WEIGHT = 2.0
"""How much more a table with the target counts when tables are chosen."""


class MarginalGenerator(PrivateGenerator):
    """Differentially private tables from noisy counts of columns, pairs and triples.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        structure: `cliques` measures every pair and triple that helps; `tree` only a tree of pairs (as MST does).
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random; the noise grows with it.
    """

    name: ClassVar[str] = "marginal"
    summary: ClassVar[str] = (
        "Noisy counts of columns, pairs and triples within a budget of differential privacy, and the model they fit."
    )
    cost: ClassVar[float] = 8.0
    cost_rows: ClassVar[int] = 100_000
    cost_columns: ClassVar[float] = 1.7
    cost_per_sample: ClassVar[float] = 0.03
    quality: ClassVar[float] = 0.1
    min_rows: ClassVar[int] = 20
    extra: ClassVar[str | None] = "dp"

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        structure: str = "cliques",
        unit: str | None = None,
        max_rows_per_unit: int = 1,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.structure = structure
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit

    noise: Noise = Noise()
    """The door through which counts leave; a test puts a recorder in its place."""

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        rows, budget = self._within_budget(data, schema)
        self.learn_within(budget, rows, schema, progress)
        self.ledger_ = self._account(budget)

    def learn_within(self, budget: Budget, rows: pd.DataFrame, schema: Schema, progress: Progress) -> None:
        """Learn rows, of which no person has more than allowed, with all of a budget that another mechanism has a part of."""
        domain = self._domain(rows, schema, budget, DOMAIN, progress)
        self._coding, self.rows_ = domain.coding, domain.rows
        sizes = domain.sizes
        if len(sizes) == 0:
            self._model = None
        else:
            codes = domain.coding.codes(rows)
            target = [i for i, c in enumerate(domain.coding.codecs) if c.column.role is Role.TARGET]
            search = _Search(
                codes, sizes, domain.rows, budget, self.noise, sensitivity=self.max_rows_per_unit,
                weight=dict.fromkeys(target, WEIGHT), tree=self.structure == "tree",
            )  # fmt: skip
            self._model = search.run(domain.measured(), part(progress, 0.1, 1.0))
        self.schema_ = schema

    def _check_options(self, schema: Schema) -> None:
        self._check_budget(schema)
        if self.structure not in ("cliques", "tree"):
            raise ConfigError(f"structure={self.structure!r} must be 'cliques' or 'tree'.")

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        if self._model is None:
            return self._coding.encoder.decode([], rng, start=start, n=n)
        codes = sample_codes(self._model.tree, self._model.probabilities, n, rng)
        progress(0.5, "Drawn")
        values = self._coding.values(codes.astype(np.uint16), [rng], n)
        return self._coding.encoder.decode(values, rng, start=start, n=n)

    def _state(self) -> State:
        arrays = self._coding.arrays()
        values: dict[str, Any] = {
            "coding": self._coding.to_json(), "rows": self.rows_, "ledger": self.ledger_.to_json(), "cliques": None,
        }  # fmt: skip
        if self._model is not None:
            tree = self._model.tree
            values["cliques"], values["sizes"] = [list(clique) for clique in tree.cliques], list(tree.sizes)
            arrays |= {f"clique{i}": table for i, table in enumerate(self._model.probabilities)}
        return State(values, arrays)

    def _restore(self, state: State) -> None:
        self._coding = Coding.restore(state.values["coding"], under(state.arrays, ""))
        self.rows_ = float(state.values["rows"])
        self.ledger_ = Ledger.from_json(state.values["ledger"])
        self._model = None
        if state.values["cliques"] is not None:
            tree = JunctionTree([tuple(c) for c in state.values["cliques"]], state.values["sizes"])
            tables = [state.arrays[f"clique{i}"] for i in range(len(tree.cliques))]
            self._model = Fitted(tree, [], tables)


class _Search:
    """Rounds of choosing tables, measuring them and fitting a model."""

    def __init__(
        self, codes: NDArray[Any], sizes: Sequence[int], rows: float, budget: Budget, noise: Noise, *,
        sensitivity: int, weight: Mapping[int, float], tree: bool,
    ) -> None:  # fmt: skip
        self.codes, self.sizes, self.rows = codes, tuple(sizes), rows
        self.budget, self.noise, self.sensitivity = budget, noise, sensitivity
        self.weight, self.tree = weight, tree

    def run(self, measured: list[Measured], progress: Progress) -> Fitted:
        """The model after all rounds."""
        model = fitted(measured, self.sizes, self.rows)
        left = 1 - DOMAIN - SELECT
        plan = [(SELECT, left)] if self.tree else [(SELECT / 2, left * FIRST), *[(SELECT / 2 / ROUNDS, left * (1 - FIRST) / ROUNDS)] * ROUNDS]  # fmt: skip
        for turn, (select, measure) in enumerate(plan):
            report = part(progress, turn / len(plan), (turn + 1) / len(plan))
            found = self._measure(model, measured, self._candidates(model, turn), select, measure)
            if not found:
                continue
            measured = [*measured, *found]
            model = fitted(
                measured, self.sizes, self.rows, start=model, tick=lambda share, r=report: r(share, "Fitting the model")  # type: ignore[misc]
            )  # fmt: skip
        return model

    def _candidates(self, model: Fitted, turn: int) -> list[Clique]:
        """Pairs at first; then also triples, those that the model has room for before others if there are many."""
        n = len(self.sizes)
        pairs: list[Clique] = list(itertools.combinations(range(n), 2))
        if turn == 0:
            return pairs
        triples: list[Clique] = list(itertools.combinations(range(n), 3)) if n <= 15 else sorted(
            {t for clique in model.tree.cliques for t in itertools.combinations(clique, 3)}
        )  # fmt: skip
        return pairs + triples[:MOST_TRIPLES]

    def _measure(
        self, model: Fitted, known: Sequence[Measured], candidates: list[Clique], select: float, measure: float
    ) -> list[Measured]:
        """Noisy tables of the candidates that are worth their noise."""
        if not candidates:
            return []
        distances = self._distances(model, candidates, self.budget.share(select))
        mu = self.budget.share(measure)
        taken = (
            self._spanning(distances) if self.tree
            else chosen(
                distances, self.sizes, known=[m.columns for m in known], mu=mu, sensitivity=self.sensitivity,
                most_cells=MOST_CELLS, least=0.0, weight=self.weight,
            )
        )  # fmt: skip
        if not taken:
            return []
        found = []
        for columns, share in zip(taken, shares(taken, self.sizes), strict=True):
            sigma = self.sensitivity / (mu * float(share) ** 0.5)
            counts = counted(self.codes, columns, self.sizes)
            noisy = self.noise.gaussian(counts, sigma=sigma, sensitivity=self.sensitivity, what=f"table {columns}")
            found.append(Measured(columns, noisy, sigma))
        what = f"counts of {len(taken)} tables of up to {max(map(len, taken))} columns"
        self.budget.spend("measure", what, "discrete Gaussian noise, more for smaller tables", mu)
        return found

    def _distances(self, model: Fitted, candidates: list[Clique], mu: float) -> dict[Clique, float]:
        """Noisy distance of the model from the real counts, for each candidate."""
        sketch = sample_codes(model.tree, model.probabilities, SKETCH, np.random.default_rng(0))
        scale = self.rows / SKETCH
        real = np.array([
            distance(counted(self.codes, c, self.sizes), counted(sketch, c, self.sizes) * scale) for c in candidates
        ])  # fmt: skip
        sensitivity = self.sensitivity * len(candidates) ** 0.5
        sigma = sensitivity / mu
        what = f"distances of the model from {len(candidates)} tables"
        self.budget.spend("select", what, f"discrete Gaussian noise, standard deviation {sigma:.4g} rows", mu)
        noisy = self.noise.gaussian(real, sigma=sigma, sensitivity=sensitivity, what=what)
        return dict(zip(candidates, noisy.tolist(), strict=True))

    def _spanning(self, distances: Mapping[Clique, float]) -> list[Clique]:
        """The tree of pairs with the largest distances (Kruskal 1956)."""
        group = list(range(len(self.sizes)))
        taken: list[Clique] = []
        for pair in sorted(distances, key=lambda c: (-distances[c], c)):
            a, b = (group[c] for c in pair)
            if a != b:
                taken.append(pair)
                group = [a if g == b else g for g in group]
        return taken
