"""Texts by a model that is only asked: no weight is learnt, the prompt says what to write and shows a few records.

    table      all columns but the texts, and how long each text is, by forests (forest_generator.py)
    ask        for each row of it a request (text_prompts.py) to an endpoint or a local model (chat.py)
    check      text_generator.py: what is not whole, is a twin or is not about its label is asked for again

A few real records are shown in each request if `shots` says so. They leave this machine only if `share_examples` allows it, and are never
saved: a model that was loaded again asks without showing any. What comes back may repeat them, which the privacy filter looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.models.asking_generator import LOCAL, AskingGenerator
from smartsynth.models.base import Generator, State
from smartsynth.models.chat import Request, Usage, estimate, is_here
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.options import not_whole
from smartsynth.models.text_generator import told_rows
from smartsynth.models.text_prompts import TextPrompts
from smartsynth.models.text_rows import TextRows, Texts
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema
from smartsynth.texts import words_in

SIMILAR = 200
"""Real records among which those to be shown are chosen, for each value of the first control code."""


class PromptGenerator(AskingGenerator):
    """Texts by prompts alone.

    Args:
        prompt: What the data set is, in your words; tells the model what to write.
        endpoint: Address of an endpoint of the OpenAI protocol; None asks a model of this machine. Its key is read from
            SMARTSYNTH_ENDPOINT_KEY (for OpenAI's own also OPENAI_API_KEY).
        model: Its name there; or, without an endpoint, an instruct model as `base` of `gpt2`.
        shots: Real records that are shown in each request.
        share_examples: Whether real records may be sent to another machine.
        most_tokens: Tokens of an answer at most.
        temperature: Above 1 writes more freely, 0 always takes the likeliest word.
        top_p: Words are drawn from the likeliest ones that hold this share together.
        tries: How often a text that is not whole, or not about its label, is asked for at most.
        check_labels: Whether a classifier of real texts is asked if texts are about their label.
        workers: Requests at the same time.
        per_minute: Most requests a minute.
        retries: How often a request that failed is sent again; an endpoint says how long to wait.
        price_read: Of a million tokens that the endpoint reads, to know what it costs.
        price_written: Of a million tokens that it writes.
        most_cost: No request is sent that could go beyond it.
        cache: Folder in which answers are kept, before any filter, so that nothing is asked for twice. A model that was loaded keeps none:
            whoever saved it named the folder.
        min_count: A value held by fewer rows is never stored.
    """

    name: ClassVar[str] = "prompt"
    summary: ClassVar[str] = (
        "Any model that follows instructions, here or behind an endpoint, asked with a few records shown; for texts."
    )
    cost: ClassVar[float] = 5.0
    quality: ClassVar[float] = 0.0
    conditional: ClassVar[bool] = True

    def __init__(
        self,
        *,
        prompt: str = "",
        endpoint: str | None = None,
        model: str = LOCAL,
        shots: int = 5,
        share_examples: bool = False,
        most_tokens: int = 1_024,
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
        min_count: int = 5,
    ) -> None:
        self.prompt = prompt
        self.endpoint = endpoint
        self.model = model
        self.shots = shots
        self.share_examples = share_examples
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
        self.min_count = min_count

    @property
    def repeats(self) -> bool:
        return self.endpoint is None and self.keeps_all

    @property
    def keeps_all(self) -> bool:
        return not self.shots

    def estimate(self, n: int, *, seed: int = 0) -> Usage:
        """About what `n` rows will take, if each is asked for once: requests, tokens, and money at the given prices.

        Raises:
            NotFittedError: Before `fit`.
        """
        self._check_fitted()
        some = told_rows(self._table.sample(min(n, 64), seed=seed))
        rngs = [np.random.default_rng([seed, i]) for i in range(len(some))]
        requests = self._requests(TextPrompts(self._rows, self.prompt), some, rngs)
        about = estimate(requests, float(np.mean([r.most_tokens for r in requests])) / 4, self._prices)
        times = n / len(some)
        return Usage(n, 0, round(about.read * times), round(about.written * times), about.cost * times)

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        seed = int(rng.integers(2**31))
        self._rows = TextRows.fit(data, schema, _tokens, min_count=self.min_count)
        table, columns = self._rows.table(data, schema)
        self._table = self._empty_table().fit(table, schema=columns, seed=seed, progress=part(progress, 0.0, 0.9))
        self._checker = self._label_checker(data, self.min_count, seed) if self.check_labels else None
        self._examples = self._drawn(data, rng) if self.shots else {}
        self._chat = None

    def _drawn(self, data: pd.DataFrame, rng: np.random.Generator) -> dict[str, list[Mapping[str, Any]]]:
        """Some real records by the value of the first control code."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for i in rng.permutation(len(data)).tolist():
            row = {str(name): cell for name, cell in data.iloc[i].items()}
            mine = found.setdefault(self._kind(row), [])
            if len(mine) < SIMILAR:
                mine.append(row)
        return found

    def _write(
        self, rows: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator], progress: Progress
    ) -> list[Texts]:
        if self._examples:
            self._check_sharing()  # options may have changed since the fit
        prompts = TextPrompts(self._rows, self.prompt)
        return self._answered(prompts, rows, self._requests(prompts, rows, rngs), progress)

    def _requests(
        self, prompts: TextPrompts, rows: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator]
    ) -> list[Request]:
        made = []
        for row, rng in zip(rows, rngs, strict=True):
            seed = int(rng.integers(2**31))
            made.append(prompts.request(row, self._shown(row, rng), most_tokens=self.most_tokens, seed=seed))
        return made

    def _shown(self, row: Mapping[str, Any], rng: np.random.Generator) -> list[Mapping[str, Any]]:
        """Records to show for a row: of its kind, if there are any."""
        if not self._examples:
            return []
        mine = self._examples.get(self._kind(row)) or [one for some in self._examples.values() for one in some]
        return [mine[i] for i in rng.permutation(len(mine))[: self.shots].tolist()]

    def _empty_table(self) -> Generator:
        return ForestGenerator(min_count=self.min_count)

    def _check_options(self, schema: Schema) -> None:
        wrong = not_whole(self, ("min_count",))
        if isinstance(self.shots, bool) or not isinstance(self.shots, int) or self.shots < 0:
            wrong.append(f"shots={self.shots!r} must be a whole number of at least 0.")
        self._check_asking(schema, wrong)
        self._check_sharing()

    def _check_sharing(self) -> None:
        """ConfigError if records would be sent to another machine without leave."""
        if self.endpoint is not None and self.shots and not self.share_examples and not is_here(self.endpoint):
            raise ConfigError(
                f"endpoint={self.endpoint!r} is on another machine, and shots={self.shots} would send real records there. Set shots=0, "
                "or share_examples=true if they may leave this machine."
            )

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self._examples = {}


def _tokens(text: str) -> int:
    """Tokens of a text, about: whose model will write it is not known here."""
    return max(round(1.5 * words_in(text)), 1)
