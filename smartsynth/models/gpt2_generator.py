"""Texts by a language model that was fine-tuned on real ones, under control codes from a table of what else the rows say.

    table      all columns but the texts, and how long each text is, by forests (forest_generator.py)
    model      a causal language model (language_model.py) learns the texts of a row given the rest of it (text_training.py)
    sample     text_generator.py, and a look at whether texts are about their label

A free text column of a table is learnt in the same way, given its row. What a text may not share with real ones is looked at when
texts are released (text_filter.py), where the real texts are at hand; a saved model holds none of them.

Radford et al. (2019), "Language Models are Unsupervised Multitask Learners"; Keskar et al. (2019), "CTRL", for control codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from smartsynth.models.adapters import merge
from smartsynth.models.base import Generator
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.language_model import SCRATCH, LanguageModel, resolved
from smartsynth.models.options import not_between, not_whole
from smartsynth.models.text_generator import told_rows
from smartsynth.models.text_layout import example
from smartsynth.models.text_rows import TextRows
from smartsynth.models.text_training import FULL, LORA, Plan, TextTraining
from smartsynth.models.training import Checkpoints, train
from smartsynth.models.tuned_generator import TunedGenerator
from smartsynth.progress import Progress, part
from smartsynth.schema import Kind, Schema
from smartsynth.texts import flat


class GPT2Generator(TunedGenerator):
    """A fine-tuned causal language model under control codes.

    Args:
        base: Model that learning starts from: `auto`, `gpt2`, another one of the hub, a folder, `smollm2` or `scratch`
            (language_model.py).
        method: `lora` learns adapters beside the weights, `full` all weights; `scratch` is always learnt in full.
        rank: Of the adapters.
        epochs: Passes over the texts; may be a fraction.
        batch_tokens: Tokens of a training step.
        learning_rate: Highest rate.
        most_tokens: Tokens of a row at most; what comes after them is not learnt.
        temperature: Above 1 writes more freely, 0 always takes the likeliest word.
        top_p: Words are drawn from the likeliest ones that hold this share together.
        tries: How often a text that is not whole, or not about its label, is written at most.
        check_labels: Whether a classifier of real texts is asked if texts are about their label.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "gpt2"
    summary: ClassVar[str] = (
        "A fine-tuned language model (GPT-2, SmolLM2, any of the hub) under control codes, for texts."
    )
    cost: ClassVar[float] = 400.0
    cost_rows: ClassVar[int] = 8_000
    effort: ClassVar[Mapping[str, int]] = {"epochs": 1}
    quality: ClassVar[float] = 0.8
    conditional: ClassVar[bool] = True
    extra: ClassVar[str | None] = "text"
    resumes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        base: str = "auto",
        method: str = LORA,
        rank: int = 16,
        epochs: float = 1.0,
        batch_tokens: int = 512,
        learning_rate: float = 1e-3,
        most_tokens: int = 512,
        temperature: float = 1.0,
        top_p: float = 0.95,
        tries: int = 4,
        check_labels: bool = True,
        min_count: int = 5,
    ) -> None:
        self.base = base
        self.method = method
        self.rank = rank
        self.epochs = epochs
        self.batch_tokens = batch_tokens
        self.learning_rate = learning_rate
        self.most_tokens = most_tokens
        self.temperature = temperature
        self.top_p = top_p
        self.tries = tries
        self.check_labels = check_labels
        self.min_count = min_count

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._check_options(schema)
        name, seed = resolved(self.base), int(rng.integers(2**31))
        progress(0.0, f"Opening the language model {name}")
        model = LanguageModel.open(name, _all_texts(data, schema), seed=seed, min_count=self.min_count)
        self._rows = TextRows.fit(data, schema, lambda text: len(model.ids(text)), min_count=self.min_count)
        table, columns = self._rows.table(data, schema)
        self._table = self._empty_table().fit(table, schema=columns, seed=seed, progress=part(progress, 0.02, 0.08))
        self._checker = self._label_checker(data, self.min_count, seed) if self.check_labels else None
        progress(0.1, "Learning the texts")
        most = min(self.most_tokens, model.length)
        examples = [example(model, self._rows.layout, row, most=most) for row in told_rows(data)]
        method = FULL if name == SCRATCH else self.method
        plan = Plan(method, self.rank, float(self.epochs), self.batch_tokens, float(self.learning_rate))
        training = TextTraining(model, examples, plan, seed)
        train(training, part(progress, 0.1, 0.99), checkpoints)
        self._weights = training.weights()
        self._words = self._config = None
        if method == LORA:
            merge(model.network, self._weights)
        else:
            self._words, self._config = model.words(), model.network.config.to_dict()
        self._model: LanguageModel | None = model.ready()
        self._base = model.base

    def _empty_table(self) -> Generator:
        return ForestGenerator(min_count=self.min_count)

    def _check_options(self, schema: Schema) -> None:
        wrong = not_whole(self, ("batch_tokens", "min_count")) + not_between(
            self, {"epochs": 1_000, "learning_rate": 1}
        )
        if self.method not in (LORA, FULL):
            wrong.append(f"method={self.method!r} must be {LORA!r} or {FULL!r}.")
        self._check_writing(schema, wrong)


def _all_texts(data: pd.DataFrame, schema: Schema) -> list[str]:
    """Every text of the data, for a tokenizer."""
    return [flat(c, str(cell)) for c in schema if c.kind is Kind.TEXT for cell in data[c.name].dropna()]
