"""What generators that ask a model for their texts have in common: whom they ask, on what terms, and what they say if it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from smartsynth.errors import SmartSynthError
from smartsynth.models.base import State
from smartsynth.models.chat import Chat, Endpoint, Local, Request, Terms, Usage, check_address, check_vouched_for
from smartsynth.models.options import not_between, not_whole
from smartsynth.models.text_generator import TextGenerator
from smartsynth.models.text_prompts import TextPrompts
from smartsynth.models.text_rows import Texts
from smartsynth.models.text_sampling import Style
from smartsynth.progress import Progress
from smartsynth.schema import Kind, Schema

LOCAL = "smollm2"


class AskingGenerator(TextGenerator):
    """Texts of a model that follows instructions, here or behind an endpoint."""

    extra: ClassVar[str | None] = "text"
    cost_per_sample: ClassVar[float] = 10_000.0

    prompt: str
    endpoint: str | None
    model: str
    workers: int
    per_minute: float | None
    retries: int
    price_read: float
    price_written: float
    most_cost: float | None
    cache: str | None

    _chat: Chat | None = None

    @property
    def usage(self) -> Usage:
        """What was asked since the model was fitted or loaded."""
        return Usage() if self._chat is None else self._chat.usage

    def _answered(
        self, prompts: TextPrompts, rows: Sequence[Mapping[str, Any]], requests: Sequence[Request], progress: Progress
    ) -> list[Texts]:
        """The texts that come back for rows of the table, one request each."""
        answers = self._asked_chat().answer(requests, progress)
        return [prompts.read(row, answer) for row, answer in zip(rows, answers, strict=True)]

    def _written(self, rows: pd.DataFrame, seed: int, block: int, progress: Progress) -> pd.DataFrame:
        made = super()._written(rows, seed, block, progress)
        empty = sum(int((made[c.name] == "").sum()) for c in self._rows.layout.texts)
        if empty:
            who = f"endpoint={self.endpoint!r}" if self.endpoint else f"model={self.model!r}"
            raise SmartSynthError(
                f"{who}: {empty:,} texts of {len(made):,} rows did not come back as asked after {self.tries} tries. Raise tries or "
                "most_tokens, or use a model that follows instructions better."
            )
        return made

    @property
    def _kind_name(self) -> str | None:
        """The column whose values tell which records are alike: the first control code, if that is a category."""
        first = next(iter(self._rows.layout.codes), None)
        return first.name if first is not None and first.kind in (Kind.CATEGORICAL, Kind.BOOLEAN) else None

    def _kind(self, row: Mapping[str, Any]) -> str:
        """Its value in a row."""
        return "" if self._kind_name is None or pd.isna(row[self._kind_name]) else str(row[self._kind_name])

    @property
    def _prices(self) -> tuple[float, float]:
        return float(self.price_read), float(self.price_written)

    def _asked_chat(self) -> Chat:
        if self._chat is None:
            if self.endpoint is None:
                self._chat = Local(self.model, Style(float(self.temperature), float(self.top_p)))
            else:
                if self.is_loaded:
                    check_vouched_for(self.endpoint)
                terms = Terms(
                    float(self.temperature), float(self.top_p), self.workers, self.per_minute, self.retries, self._prices,
                    self.most_cost, None if self.is_loaded else self.cache,
                )  # fmt: skip
                self._chat = Endpoint(self.endpoint, self.model, terms)
        return self._chat

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self._chat, self.is_loaded = None, True

    def _check_asking(self, schema: Schema, wrong: list[str]) -> None:
        """Refuse options that nobody can be asked with, and those that a subclass found wrong.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There are no texts.
        """
        wrong = [*wrong, *not_whole(self, ("workers",))]
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            wrong.append(f"retries={self.retries!r} must be a whole number of at least 0.")
        for name in ("per_minute", "most_cost"):
            if getattr(self, name) is not None:
                wrong += not_between(self, {name: 1e9})
        for name in ("price_read", "price_written"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or value < 0:
                wrong.append(f"{name}={value!r} must be a number of at least 0.")
        if not isinstance(self.prompt, str):
            wrong.append(f"prompt={self.prompt!r} must be a text.")
        self._check_writing(schema, wrong)
        if self.endpoint is not None:
            check_address(self.endpoint)
